"""Exactly what is asked (ICH E9(R1))."""

from typing import Literal, Self

from pydantic import Field, model_validator

from rounds.nouns.base import Noun
from rounds.nouns.ref import Ref

__all__ = ["Estimand", "IntercurrentEvent", "SummaryMeasure"]

SummaryMeasure = Literal[
    "risk_difference",
    "risk_ratio",
    "odds_ratio",
    "rate_ratio",
    "mean_difference",
    "hazard_ratio",
    "rmst_difference",
]

Strategy = Literal[
    "treatment_policy",
    "hypothetical",
    "composite_variable",
    "while_on_treatment",
    "principal_stratum",
]


class IntercurrentEvent(Noun):
    """Something after time zero that changes the meaning of the variable."""

    event: str
    strategy: Strategy


class Estimand(Noun):
    """The question, attribute by attribute, as ICH E9(R1) lists them."""

    name: str
    population: str
    """Who (TARGET: eligibility criteria)."""
    treatment: str
    comparator: str
    variable: str
    """What is measured on each person, and when (TARGET: outcome)."""
    measure: Ref | None = None
    """The Measure that computes the variable."""
    intercurrent_events: tuple[IntercurrentEvent, ...] = ()
    summary_measure: SummaryMeasure
    """The population-level summary (TARGET: causal contrast)."""
    weighting: Literal["participants", "clusters"] = Field(
        default="participants", exclude_if=lambda whose: whose == "participants"
    )
    """Whose average it is: each participant counts alike, or each cluster does. Where
    the effect goes with a cluster's size, the two are different numbers."""

    @model_validator(mode="after")
    def _arms_differ(self) -> Self:
        if self.treatment == self.comparator:
            raise ValueError(
                f"the comparator is the same as the treatment: {self.treatment!r}; "
                "give the comparator another strategy, e.g. 'no reminder'"
            )
        return self
