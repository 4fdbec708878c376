"""One trip round."""

import datetime as dt
from typing import ClassVar

from rounds.nouns.base import Published
from rounds.nouns.ref import Ref

__all__ = ["Turn"]


class Turn(Published):
    """The Refs of the five steps in order, with the day each was reached."""

    kind: ClassVar[str] = "turn"
    number: int
    problem: Ref
    evidence: Ref
    rollout: Ref
    evaluation: Ref
    decision: Ref
    reached: tuple[tuple[str, dt.date], ...]
    """Step and day: the stamps that measure evidence to practice."""
    after: Ref | None = None
    """The turn before."""
