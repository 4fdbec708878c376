"""One piece of outside knowledge."""

import datetime as dt
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from rounds.nouns.base import Noun, Published

__all__ = ["PICO", "Effect", "RiskOfBias", "Source"]


class PICO(Noun):
    """The question that a source answers."""

    population: str
    intervention: str
    comparator: str
    outcome: str


class Effect(Noun):
    """What a source found, as it printed it."""

    scale: Literal[
        "risk_difference",
        "mean_difference",
        "log_risk_ratio",
        "log_odds_ratio",
        "log_rate_ratio",
        "log_hazard_ratio",
        "rmst_difference",
    ]
    value: float
    lower: float
    upper: float
    level: float = Field(default=0.95, gt=0, lt=1)
    n: int | None = None
    as_printed: str = ""
    """The sentence of the source that these numbers come from."""
    computed: str = ""
    """How they were computed from what is printed; empty where printed as they are."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if not self.lower <= self.value <= self.upper or self.lower == self.upper:
            raise ValueError(
                f"{self.value} with the interval {self.lower} to {self.upper} "
                "is not an estimate inside an interval"
            )
        if self.scale == "risk_difference" and not -1 <= self.lower <= self.upper <= 1:
            raise ValueError(
                f"a risk difference lies between -1 and 1, not {self.lower} to "
                f"{self.upper}; write percentage points as 0.058, not 5.8"
            )
        return self


class RiskOfBias(Noun):
    """A judgement and whose it is."""

    overall: Literal["low", "some_concerns", "high"]
    tool: str = "RoB 2"
    judged_by: str = ""
    reason: str = ""


class Source(Published):
    """A paper or a finished turn, with its identifier, question, effect and bias."""

    kind: ClassVar[str] = "source"
    title: str
    authors: str = ""
    journal: str = ""
    published: dt.date | int | None = None
    """The day, or the year alone."""
    pmid: str | None = None
    doi: str | None = None
    turn: str | None = None
    """The finished turn that it comes from, where it is one of our own."""
    design: Literal[
        "randomised_trial", "non_randomised_study", "systematic_review", "turn"
    ] = "randomised_trial"
    pico: PICO
    effect: Effect | None = None
    risk_of_bias: RiskOfBias | None = None
    retracted: bool = False
    includes: tuple[str, ...] = ()
    """Identifiers (`PMID:…`, `DOI:…`) of sources whose findings this one contains."""

    @model_validator(mode="after")
    def _identified(self) -> Self:
        if not (self.pmid or self.doi or self.turn):
            raise ValueError("a source has a PMID, a DOI, or the turn it comes from")
        if self.pmid and not self.pmid.isdigit():
            raise ValueError(f"{self.pmid!r} is not a PMID, which is digits alone")
        if self.doi and not self.doi.startswith("10."):
            raise ValueError(f"{self.doi!r} is not a DOI, which begins with '10.'")
        return self

    @property
    def identifiers(self) -> tuple[str, ...]:
        """`PMID:…` and `DOI:…` (in lower case), or the turn it comes from."""
        found = []
        if self.pmid:
            found.append(f"PMID:{self.pmid}")
        if self.doi:
            found.append(f"DOI:{self.doi.lower()}")
        return tuple(found) or (f"TURN:{self.turn}",)
