"""Meta-analysis: studies' effects pooled, how far they differ, and what it rests on.

Modules are imported by name, as those of `rounds.methods` are.
"""

__all__: list[str] = []
