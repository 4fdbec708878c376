"""Who hears it first."""

import datetime as dt
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from rounds.nouns.base import UNTOLD, Noun, Published
from rounds.nouns.ref import Ref
from rounds.nouns.schedule import Schedule

__all__ = ["Design", "Determination", "Rollout"]


class Determination(Noun):
    """Improvement, research or both: who decided, when and why. Not legal advice."""

    outcome: Literal["improvement", "research", "both"]
    decided_by: str = Field(min_length=1)
    on: dt.date
    reason: str = Field(min_length=1)
    review: str = ""
    """The ethics review's identifier, where the outcome asks for one."""

    @model_validator(mode="after")
    def _research_is_reviewed(self) -> Self:
        if self.outcome != "improvement" and not self.review.strip():
            raise ValueError(
                f"a determination of {self.outcome!r} names its ethics review"
            )
        return self


class Design(Noun):
    """How units are given their arm."""

    unit: Literal["clinic", "patient"]
    strata: tuple[str, ...] = ()
    """What is stratified by: `size`, `baseline_rate`, …"""
    block_sizes: tuple[int, ...] = (2, 4)
    """Permuted blocks, their sizes drawn at random from these even numbers."""
    schedule: Schedule | None = UNTOLD
    """Where arms change over time: clinics are randomised to its sequences. Without
    one, arms run in parallel."""

    @model_validator(mode="after")
    def _even_blocks(self) -> Self:
        if not self.block_sizes or any(s < 2 or s % 2 for s in self.block_sizes):
            raise ValueError("block sizes are even and at least 2, e.g. (2, 4)")
        return self

    @model_validator(mode="after")
    def _schedule_is_of_clinics(self) -> Self:
        if self.schedule is not None and self.unit != "clinic":
            raise ValueError(f"a {self.schedule.title} randomises clinics")
        return self


class Rollout(Published):
    """The knowledge, the protocol, the design, and a commitment to the seed.

    The seed and its salt stay private until enrolment closes; `seed_commitment` is
    SHA-256 over both, so that anyone can check the allocation afterwards.
    """

    kind: ClassVar[str] = "rollout"
    title: str
    evidence: Ref
    knowledge_object: Ref
    protocol: Ref
    design: Design
    determination: Determination
    notification: Literal["notice", "opt_out", "consent"]
    """How patients are told, and how they may decline."""
    responsible: str = Field(min_length=1)
    """The person who answers for it and can switch it off."""
    starts: dt.date
    n_units: int | None = None
    """Units allocated at the start; None where units arrive one by one."""
    seed_commitment: str = Field(pattern=r"^[0-9a-f]{64}$")
