"""Where practice falls short."""

import datetime as dt
from typing import ClassVar, Literal

from rounds.nouns.base import Noun, Published
from rounds.nouns.estimate import Estimate
from rounds.nouns.not_estimable import NotEstimable
from rounds.nouns.period import Period
from rounds.nouns.ref import Ref
from rounds.nouns.unit_result import UnitResult

__all__ = ["Aim", "ChartPoint", "ControlChart", "Difference", "Problem", "Variation"]


class Aim(Noun):
    """How much, by when (Model for Improvement)."""

    measure: str
    target: float
    """In the measure's own scale; a probability for a proportion."""
    by: dt.date


class ChartPoint(Noun):
    """One subgroup of a control chart."""

    label: str
    denominator: int | None = None
    value: float | None = None
    lower: float | None = None
    """Lower control limit."""
    upper: float | None = None
    """Upper control limit."""
    signal: Literal["none", "beyond_limits", "shift"] = "none"
    suppressed: bool = False


class ControlChart(Noun):
    """A Shewhart chart, labelled as what it is."""

    title: str
    chart: Literal["p", "p_prime", "i", "u", "u_prime"]
    centre_line: float | None
    points: tuple[ChartPoint, ...]
    sigma_z: float | None = None
    """Of a p′ chart: how many times wider its limits are than chance alone."""
    longest_run: int | None = None
    longest_run_limit: int | None = None
    """A run longer than this is a signal (Anhøj)."""
    n_crossings: int | None = None
    n_crossings_limit: int | None = None
    """Fewer crossings than this are a signal (Anhøj)."""
    note: str = ""
    """What a subgroup is, and what the chart may not be read as."""


class Variation(Noun):
    """How far units differ beyond chance."""

    n_units: int
    target: float
    """Pooled proportion, the funnel's centre."""
    phi: float
    """Over-dispersion ratio; 1 where units differ by chance alone."""
    tau2: float
    """Between-unit variance on the funnel's transformed scale."""
    icc: float | None = None
    """On the latent logistic scale; None where the model gives none."""
    sd: float | None = None
    """Between-unit standard deviation, log odds, of a random-intercept model."""
    median_odds_ratio: float | None = None
    median_odds_ratio_lower: float | None = None
    """Of its 95% profile-likelihood interval; 1 where chance alone would do."""
    median_odds_ratio_upper: float | None = None
    outliers_low: tuple[str, ...] = ()
    """Units below the 99.8% limits with over-dispersion allowed for."""
    outliers_high: tuple[str, ...] = ()


class Difference(Noun):
    """A measure across the groups of one characteristic."""

    characteristic: Literal["sex", "age", "svi_quartile"]
    groups: tuple[UnitResult, ...] = ()
    gap: Estimate | NotEstimable
    """Last group minus first; for SVI, most vulnerable minus least."""


class Problem(Published):
    """A measure, where it varies, how far it is from its aim, and who owns it."""

    kind: ClassVar[str] = "problem"
    title: str
    statement: str = ""
    """The need in plain words, best in a patient's voice."""
    measure: Ref
    period: Period
    units: tuple[UnitResult, ...]
    baseline: Estimate | NotEstimable
    variation: Variation | NotEstimable
    chart: ControlChart | NotEstimable
    differences: tuple[Difference, ...] = ()
    gap_to_best: Estimate | NotEstimable
    """Patients who would be controlled were every unit like the best quarter."""
    aim: Aim
    owner: str
    community: Ref
    after: Ref | None = None
    """The Decision of the turn before, if there was one."""
    limitations: tuple[str, ...] = ()
