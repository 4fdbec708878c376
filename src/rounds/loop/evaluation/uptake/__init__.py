"""Whom the change reached, who took it up, what was done for nothing."""
