"""What now."""

import datetime as dt
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from rounds.nouns.base import Noun, Published
from rounds.nouns.ref import Ref

__all__ = ["Decision", "Signature"]

Choice = Literal["adopt", "adapt", "abandon", "extend"]


class Signature(Noun):
    """Who signed, when, and whether we know that it was they."""

    name: str = Field(min_length=1)
    role: str = ""
    at: dt.datetime
    authenticated: bool
    """False where the name was only typed."""


class Decision(Published):
    """What the rule recommended, what a person decided, and what to ask next."""

    kind: ClassVar[str] = "decision"
    title: str
    evaluation: Ref
    protocol: Ref
    knowledge_object: Ref
    recommended: Choice
    reasons: tuple[str, ...]
    rule: str
    """The rule that was fixed beforehand, in words."""
    decided: Choice
    signed_by: Signature
    departure_reason: str = ""
    """Why the decision is not what the rule recommended."""
    next_question: str = ""
    allocation_seed: str | None = Field(default=None, pattern=r"^[0-9a-f]{128}$")
    """Seed, then salt, in hexadecimal: published once enrolment has closed, so that
    anyone can check them against the Rollout's commitment (SHA-256 of the 64 bytes)
    and replay the allocation. None while units may still be allocated."""

    @model_validator(mode="after")
    def _departure_is_explained(self) -> Self:
        if self.decided != self.recommended and not self.departure_reason.strip():
            raise ValueError(
                f"the rule recommended {self.recommended}, the decision is "
                f"{self.decided}: give the reason for departing from it"
            )
        return self
