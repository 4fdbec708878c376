"""Graded practice: the loop itself, judged against the world's truth."""

from rounds.school.grade import Grade, Mark, grade
from rounds.school.loops import LoopResult, run_loops
from rounds.school.table import LoopTable, summarise

__all__ = [
    "Grade",
    "LoopResult",
    "LoopTable",
    "Mark",
    "grade",
    "run_loops",
    "summarise",
]
