"""At which level a measure varies, what goes with it, and what balances it."""

from typing import ClassVar, Literal

from rounds.nouns.base import Noun, Published
from rounds.nouns.estimate import Estimate
from rounds.nouns.not_estimable import NotEstimable
from rounds.nouns.period import Period
from rounds.nouns.ref import Ref
from rounds.nouns.unit_result import UnitResult

__all__ = ["LevelVariance", "Standing", "VariancePartition"]


class LevelVariance(Noun):
    """How units of one level differ within the level above, in one model."""

    level: Literal["region", "site", "clinician", "patient"]
    model: Literal["crude", "case_mix", "case_mix_and_site"]
    """Crude; with age and sex; with what sites are like besides."""
    n_units: int | None = None
    share: Estimate | NotEstimable
    """Variance partition coefficient, latent scale."""
    median_odds_ratio: Estimate | NotEstimable | None = None
    explained: Estimate | NotEstimable | None = None
    """Proportional change of the crude model's variance: it describes, no more."""


class Standing(Noun):
    """A site drawn together with the others, all with the same mix of patients."""

    site: UnitResult
    """Its value and interval are shrunken."""
    balancing: UnitResult | None = None
    """The same of the balancing measure."""
    rank: int | None = None
    """1 is best; None where hidden."""
    rank_lower: int | None = None
    rank_upper: int | None = None
    differs: Literal["low", "high", "no"] | None = None
    """At a false discovery rate of 5% among sites."""


class VariancePartition(Published):
    """Where variation lies; what is left is unexplained, and no more is said."""

    kind: ClassVar[str] = "variance-partition"
    title: str
    measure: Ref
    balancing: Ref | None = None
    period: Period
    overall: Estimate | NotEstimable
    balancing_overall: Estimate | NotEstimable | None = None
    levels: tuple[LevelVariance, ...]
    sites: tuple[Standing, ...] = ()
    correlation: Estimate | NotEstimable | None = None
    """Of the sites' effects on the two measures."""
    target: float | None = None
    """Of the measure, where somebody set one."""
    limitations: tuple[str, ...] = ()
