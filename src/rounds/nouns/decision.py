"""What now."""

import datetime as dt
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from rounds.nouns.base import UNTOLD, Noun, Published
from rounds.nouns.ref import Ref

__all__ = ["Decision", "FactorDecision", "RuleRate", "Signature"]

Choice = Literal["adopt", "adapt", "abandon", "extend"]


class Signature(Noun):
    """Who signed, when, and whether we know that it was they."""

    name: str = Field(min_length=1)
    role: str = ""
    at: dt.datetime
    authenticated: bool
    """False where the name was only typed."""


class RuleRate(Noun):
    """How often the rule would choose what, were the truth so; adds up to 1.

    A `no_effect` that is adopted is a false adoption; a `worthwhile` one that is not is
    a missed benefit; a `harmful` one that is adopted does harm.
    """

    truth: Literal["no_effect", "worthwhile", "harmful", "at_margin"]
    """No effect and no harm; the least worthwhile effect and no harm; that effect, with
    every harm at its margin. Of non-inferiority and equivalence: worse by the margin
    and no harm; no effect and no harm; no effect, with every harm at its margin."""
    adopt: float
    adapt: float
    abandon: float
    extend: float


class FactorDecision(Noun):
    """What was decided of the second factor of a trial, by the same rule."""

    knowledge_object: Ref
    recommended: Choice
    reasons: tuple[str, ...]
    rates: tuple[RuleRate, ...] = Field(default=(), exclude_if=lambda some: not some)
    """As those of the first, at the precision that this factor's estimates reached."""
    decided: Choice


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
    rates: tuple[RuleRate, ...] = Field(default=(), exclude_if=lambda some: not some)
    """Of this rule at the precision that this trial reached; empty where sealed."""
    decided: Choice
    second: FactorDecision | None = UNTOLD
    """Where two things were tried at once; all else is of the first."""
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
        for one in (self, self.second):
            if one is None or one.decided == one.recommended:
                continue
            if not self.departure_reason.strip():
                raise ValueError(
                    f"the rule recommended {one.recommended}, the decision is "
                    f"{one.decided}: give the reason for departing from it"
                )
        return self
