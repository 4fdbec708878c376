"""Data → Knowledge: where does practice vary more than chance, fall short, or drift?

Takes the Decision of the turn before (the first turn takes nothing), gives a Problem.
"""

from rounds.loop.problem.opportunities import list_opportunities
from rounds.loop.problem.step import run
from rounds.nouns import Decision as TAKES  # noqa: N814 (the house's names)
from rounds.nouns import Problem as GIVES  # noqa: N814

__all__ = ["GIVES", "TAKES", "list_opportunities", "run"]
