"""Who hears it first."""

import datetime as dt
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from rounds.nouns.adaptation import Adaptation
from rounds.nouns.base import UNTOLD, Noun, Published
from rounds.nouns.factors import Factors
from rounds.nouns.ref import Ref
from rounds.nouns.schedule import Schedule

__all__ = [
    "Allocation",
    "ConstrainedSet",
    "Design",
    "Determination",
    "Rollout",
    "age_band",
]

Allocation = Literal[
    "permuted_blocks",
    "matched_pairs",
    "covariate_constrained",
    "minimisation",
    "response_adaptive",
]
"""How the arm of a unit is drawn."""
_OF_UNIT = {
    "clinic": ("size", "baseline_rate"),
    "patient": ("clinic", "sex", "age_band"),
    "encounter": (),
}
"""What is known of a unit before it is allocated."""
_ONLY = {
    "matched_pairs": "clinic",
    "covariate_constrained": "clinic",
    "minimisation": "patient",
    "response_adaptive": "patient",
}
_INSTEAD = {
    "clinic": "clinics are known at the start: matched_pairs if few, else "
    "covariate_constrained",
    "patient": "patients arrive one by one: minimisation",
    "encounter": "each is drawn at its own call: permuted_blocks, in strata if wished",
}


def age_band(age: float | None) -> str:
    """Give the band of an age in years; `unknown` for None, NaN or below 0."""
    if age is None or not age >= 0:
        return "unknown"
    return "under 45" if age < 45 else "45-64" if age < 65 else "65 and over"


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

    unit: Literal["clinic", "patient", "encounter"]
    """Of encounters, each at which the card is due is allocated on its own."""
    strata: tuple[str, ...] = ()
    """What is stratified by: `size`, `baseline_rate`, …"""
    block_sizes: tuple[int, ...] = (2, 4)
    """Permuted blocks, their sizes drawn at random from these even numbers."""
    allocation: Allocation = Field(
        default="permuted_blocks", exclude_if=lambda one: one == "permuted_blocks"
    )
    """How the arm is drawn; blocks unless another way is named."""
    balanced_on: tuple[str, ...] = Field(default=(), exclude_if=lambda one: not one)
    """What pairs, the constraint or minimisation balance; all that is known of a unit
    if not given: `size` and `baseline_rate` of clinics; `clinic`, `sex` and `age_band`
    of patients."""
    constrained_fraction: float = Field(
        default=0.1, gt=0, le=1, exclude_if=lambda one: one == 0.1
    )
    """Covariate-constrained: the best-balanced part from which one is drawn."""
    biased_coin: float = Field(
        default=0.8, ge=0.5, lt=1, exclude_if=lambda one: one == 0.8
    )
    """Minimisation: the chance of the arm that balances better."""
    schedule: Schedule | None = UNTOLD
    """Where arms change over time: clinics are randomised to its sequences. Without
    one, arms run in parallel."""
    factors: Factors | None = UNTOLD
    """Where two things are tried at once: clinics are randomised to the four cells of
    both. Without them, one is."""
    adaptation: Adaptation | None = UNTOLD
    """Of a response-adaptive allocation: how chances follow what looks see."""

    @model_validator(mode="before")
    @classmethod
    def _with_usual_adaptation(cls, given: Any) -> Any:
        plain = isinstance(given, dict) and "adaptation" not in given
        if plain and given.get("allocation") == "response_adaptive":
            return {**given, "adaptation": {}}
        return given

    @model_validator(mode="after")
    def _even_blocks(self) -> Self:
        if not self.block_sizes or any(s < 2 or s % 2 for s in self.block_sizes):
            raise ValueError("block sizes are even and at least 2, e.g. (2, 4)")
        return self

    @model_validator(mode="after")
    def _schedule_fits(self) -> Self:
        if self.schedule is not None and self.unit != "clinic":
            raise ValueError(f"a {self.schedule.title} randomises clinics")
        if self.schedule is not None and self.allocation != "permuted_blocks":
            raise ValueError(
                f"a {self.schedule.title} deals clinics to its sequences; "
                f"{self.allocation} is for arms in parallel"
            )
        return self

    @model_validator(mode="after")
    def _factors_fit(self) -> Self:
        if self.factors is None:
            return self
        if self.unit != "clinic" or self.allocation != "permuted_blocks":
            raise ValueError(
                "two factors are crossed among clinics that are dealt to four cells, "
                "as yet: unit clinic, allocation permuted_blocks"
            )
        if self.schedule is not None:
            raise ValueError("two factors are crossed in parallel, in no schedule")
        return self

    @model_validator(mode="after")
    def _allocation_fits(self) -> Self:
        if _ONLY.get(self.allocation, self.unit) != self.unit:
            raise ValueError(
                f"{self.allocation} is not for units of {self.unit}: "
                f"{_INSTEAD[self.unit]}"
            )
        unknown = [one for one in self.balanced_on if one not in _OF_UNIT[self.unit]]
        if unknown:
            raise ValueError(
                f"balanced_on names {', '.join(map(repr, unknown))}; of a "
                f"{self.unit} is known: {', '.join(_OF_UNIT[self.unit])}"
            )
        if self.balanced_on and self.allocation == "permuted_blocks":
            raise ValueError(
                "permuted_blocks balance their strata only; for balanced_on: "
                f"{_INSTEAD[self.unit]}"
            )
        return self

    @model_validator(mode="after")
    def _adaptation_fits(self) -> Self:
        adapts = self.allocation == "response_adaptive"
        if adapts != (self.adaptation is not None):
            raise ValueError(
                "adaptation is of the allocation response_adaptive, and of no other"
            )
        if adapts and (self.strata or self.balanced_on):
            raise ValueError(
                "response_adaptive has no strata and balances nothing: its epochs are "
                "its strata"
            )
        return self

    @property
    def in_words(self) -> str:
        """How the arm is drawn, for people to read."""
        if self.factors is not None:
            return "blocks that hold each of the four cells once"
        if self.adaptation is not None:
            return self.adaptation.in_words
        on = ", ".join(self.balances).replace("_", " ")
        return {
            "permuted_blocks": (
                f"permuted blocks of {' or '.join(map(str, self.block_sizes))}"
            ),
            "matched_pairs": f"one of each matched pair (on {on})",
            "covariate_constrained": (
                f"one of the {self.constrained_fraction:.0%} of allocations that "
                f"balance best (on {on})"
            ),
            "minimisation": (
                f"minimisation with a coin of {self.biased_coin:g} (on {on})"
            ),
        }[self.allocation]

    @property
    def balances(self) -> tuple[str, ...]:
        """What the allocation balances, strata aside; it may be nothing."""
        if self.allocation in ("permuted_blocks", "response_adaptive"):
            return ()
        return self.balanced_on or _OF_UNIT[self.unit]

    @property
    def adjusts(self) -> tuple[str, ...]:
        """What the analysis must adjust for, lest its interval be wrong."""
        by_stratum = self.allocation in ("matched_pairs", "response_adaptive")
        return ("stratum",) if by_stratum else self.balances


class ConstrainedSet(Noun):
    """The allocations from which a covariate-constrained one was drawn."""

    candidates: int = Field(ge=1)
    all_listed: bool
    """Whether the candidates are all there are, or as many as were drawn."""
    admitted: int = Field(ge=1)
    highest_score: float = Field(ge=0)
    """The l2 imbalance up to which a candidate was admitted."""
    least_together: float = Field(ge=0, le=1)
    """Of all pairs of units, the smallest share of admitted allocations with both in
    one arm."""
    most_together: float = Field(ge=0, le=1)


class Rollout(Published):
    """The knowledge, the protocol, the design, and a commitment to the seed.

    The seed and its salt stay private until enrolment closes; `seed_commitment` is
    SHA-256 over both, so that anyone can check the allocation afterwards.
    """

    kind: ClassVar[str] = "rollout"
    title: str
    evidence: Ref
    knowledge_object: Ref
    second_knowledge_object: Ref | None = UNTOLD
    """Of the second factor, where the design has two."""
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
    left_out: int = Field(default=0, ge=0, exclude_if=lambda one: one == 0)
    """Clinics without a partner in matched pairs: in no arm, and shown nothing."""
    constrained_set: ConstrainedSet | None = UNTOLD
    seed_commitment: str = Field(pattern=r"^[0-9a-f]{64}$")
