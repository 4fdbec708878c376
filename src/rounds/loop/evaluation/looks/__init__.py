"""Looks at a running trial: by the plan, recorded, and told to the board alone.

::

    receipt ─▶ gate of looks ─▶ rows up to the day ─▶ judge ─▶ LookRecord
                                  (the final estimator)   │
       everybody: continue or paused ◀── practice ◀───────┴──▶ the board: a packet
"""

from rounds.loop.evaluation.looks.ending import after_looks
from rounds.loop.evaluation.looks.judging import judge
from rounds.loop.evaluation.looks.record import LookRecord, Reading
from rounds.loop.evaluation.looks.schedule import enrolled_until, first_look, look_dates
from rounds.loop.evaluation.looks.step import monitor

__all__ = [
    "LookRecord",
    "Reading",
    "after_looks",
    "enrolled_until",
    "first_look",
    "judge",
    "look_dates",
    "monitor",
]
