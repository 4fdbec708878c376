"""Data → Knowledge: what is known already, and what would happen if it were changed?

Takes a Problem, gives Evidence.
"""

from rounds.loop.evidence.step import run
from rounds.nouns import Evidence as GIVES  # noqa: N814 (the house's names)
from rounds.nouns import Problem as TAKES  # noqa: N814

__all__ = ["GIVES", "TAKES", "run"]
