"""Graded practice: the loop itself, judged against the world's truth."""

from rounds.school.grade import Grade, Mark, grade
from rounds.school.loop_result import LoopResult
from rounds.school.loops import run_loops
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
