"""Meta-analysis: studies' effects pooled, and how far they differ."""
