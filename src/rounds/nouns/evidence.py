"""What is known."""

from typing import ClassVar, Literal

from rounds.nouns.base import Noun, Published
from rounds.nouns.estimate import Estimate
from rounds.nouns.not_estimable import NotEstimable
from rounds.nouns.ref import Ref
from rounds.nouns.source import PICO

__all__ = [
    "Certainty",
    "CertaintyDomain",
    "Evidence",
    "MetaAnalysis",
    "NotPooled",
    "Prior",
    "PriorComponent",
    "StudyEffect",
]


class StudyEffect(Noun):
    """One line of a forest plot."""

    label: str
    identifier: str
    """`PMID:…` or `DOI:…`, or the turn it comes from."""
    value: float
    lower: float
    upper: float
    weight: float
    """Share of the pooled estimate, in [0, 1]."""


class MetaAnalysis(Noun):
    """Random-effects pooling of the sources' effects."""

    studies: tuple[StudyEffect, ...]
    pooled: Estimate
    tau2: float
    i2: float
    """Percentage points over 100, in [0, 1]."""
    q: float
    prediction: Estimate | NotEstimable
    method: str


class CertaintyDomain(Noun):
    """One GRADE domain: what the rule proposes, what a reviewer confirms."""

    domain: Literal[
        "risk_of_bias",
        "inconsistency",
        "indirectness",
        "imprecision",
        "publication_bias",
    ]
    proposed: Literal["not_serious", "serious", "very_serious"] | None = None
    """By rule; None where no rule can tell."""
    proposed_because: str = ""
    confirmed: Literal["not_serious", "serious", "very_serious"] | None = None
    reviewer: str | None = None
    reason: str = ""


class Certainty(Noun):
    """GRADE certainty; `not yet rated` until a reviewer has confirmed each domain."""

    starts_at: Literal["high", "low"] = "high"
    """High where all that was pooled was randomised, else low."""
    rating: Literal["high", "moderate", "low", "very low", "not yet rated"]
    domains: tuple[CertaintyDomain, ...]


class PriorComponent(Noun):
    """One normal component of a mixture."""

    weight: float
    mean: float
    sd: float
    role: Literal["informative", "vague"]


class Prior(Noun):
    """A robust mixture prior on the effect's own scale."""

    scale: Literal["risk_difference", "mean_difference", "log_risk_ratio"]
    components: tuple[PriorComponent, ...]


class NotPooled(Noun):
    """A source that is shown and not pooled, and why."""

    source: Ref
    identifier: str
    reason: str


class Evidence(Published):
    """The sources, what they say together, how sure, and the prior they imply."""

    kind: ClassVar[str] = "evidence"
    title: str
    problem: Ref
    question: PICO
    sources: tuple[Ref, ...]
    not_pooled: tuple[NotPooled, ...] = ()
    meta_analysis: MetaAnalysis | NotEstimable
    certainty: Certainty
    prior: Prior | NotEstimable
    limitations: tuple[str, ...] = ()
