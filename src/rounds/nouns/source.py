"""One piece of outside knowledge."""

import datetime as dt
from typing import ClassVar, Literal, Self

from pydantic import model_validator

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

    scale: Literal["risk_difference", "mean_difference", "log_risk_ratio"]
    value: float
    lower: float
    upper: float
    level: float = 0.95
    n: int | None = None


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
    pico: PICO
    effect: Effect | None = None
    risk_of_bias: RiskOfBias | None = None
    retracted: bool = False

    @model_validator(mode="after")
    def _identified(self) -> Self:
        if not (self.pmid or self.doi or self.turn):
            raise ValueError("a source has a PMID, a DOI, or the turn it comes from")
        return self
