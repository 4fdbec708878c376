"""Where practice falls short."""

import datetime as dt
from typing import ClassVar, Literal

from rounds.nouns.base import UNTOLD, Noun, Published
from rounds.nouns.estimate import Estimate
from rounds.nouns.not_estimable import NotEstimable
from rounds.nouns.period import Period
from rounds.nouns.ref import Ref
from rounds.nouns.unit_result import UnitResult

__all__ = [
    "Aim",
    "CaseMix",
    "ChartLines",
    "ChartPhase",
    "ChartPoint",
    "ControlChart",
    "Diagnoses",
    "Difference",
    "ModelFit",
    "Problem",
    "Variation",
]


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
    exposure: float | None = None
    """What events were counted over, of a u or u′ chart: days, visits."""
    value: float | None = None
    lower: float | None = None
    """Lower control limit."""
    upper: float | None = None
    """Upper control limit."""
    centre_line: float | None = None
    """Where it is not the chart's: in an earlier phase, or by season."""
    signal: Literal["none", "beyond_limits", "trend", "near_limits", "shift"] = "none"
    """The first rule that it signals."""
    direction: Literal["high", "low"] | None = None
    """Of the signal: values too high, or rising; too low, or falling."""
    suppressed: bool = False


class ChartLines(Noun):
    """What a control chart, or a stretch of it, is judged by."""

    centre_line: float | None
    """Of the last phase, where there are several."""
    sigma_z: float | None = None
    """Of a p′ or u′ chart: how many times wider its limits are than chance alone."""
    longest_run: int | None = None
    longest_run_limit: int | None = None
    """A run longer than this is a signal (Anhøj)."""
    n_crossings: int | None = None
    n_crossings_limit: int | None = None
    """Fewer crossings than this are a signal (Anhøj)."""


class ChartPhase(ChartLines):
    """A stretch of time whose lines were drawn anew."""

    start: str
    """Label of its first subgroup."""
    reason: str = ""
    """Why lines were drawn anew; empty for the first phase alone."""


class ControlChart(ChartLines):
    """A Shewhart chart, labelled as what it is."""

    title: str
    chart: Literal[
        "xmr", "mr", "p", "p_prime", "u", "u_prime", "c", "g", "t", "xbar", "s", "ewma"
    ]  # fmt: skip
    points: tuple[ChartPoint, ...]
    rules: Literal["anhoj", "nhs"] = "anhoj"
    """Whose signals: Anhøj's, or those of NHS Making Data Count."""
    phases: tuple[ChartPhase, ...] = ()
    """Where lines were drawn anew; empty for one phase."""
    season: Literal["month", "weekday"] | None = None
    """Whether each month of the year, or day of the week, has its own centre line."""
    improvement: Literal["increase", "decrease"] | None = None
    target: float | None = None
    variation: Literal["common_cause", "improvement", "concern", "neutral"] | None = (
        None
    )
    """What the latest subgroup is (NHS Making Data Count)."""
    assurance: Literal["pass", "fail", "hit_or_miss"] | None = None
    """Whether the target lies beyond the latest limits, and on which side."""
    note: str = ""
    """What a subgroup is, and what the chart may not be read as."""


class Variation(Noun):
    """How far units differ beyond chance."""

    n_units: int
    target: float
    """The funnel's centre: mean proportion of the units that are not named below."""
    phi: float
    """Over-dispersion ratio of these units; 1 where they differ by chance alone."""
    tau2: float
    """Variance between these units on the funnel's arcsine square-root scale."""
    icc: float | None = None
    """On the latent logistic scale; None where the model gives none."""
    sd: float | None = None
    """Between-unit standard deviation, log odds, of a random-intercept model."""
    median_odds_ratio: float | None = None
    median_odds_ratio_lower: float | None = None
    """Of its 95% profile-likelihood interval; 1 where chance alone would do."""
    median_odds_ratio_upper: float | None = None
    outliers_low: tuple[str, ...] = ()
    """Units below the 99.8% limits of what the others lead one to expect."""
    outliers_high: tuple[str, ...] = ()


class ModelFit(Noun):
    """How well a case-mix model does on patients that it was not fitted to."""

    c_statistic: Estimate
    calibration_slope: float
    """Of the expected log odds; below 1, the model tells patients apart too eagerly."""
    calibration_error: float
    outliers_low: tuple[str, ...] = ()
    """As in `Variation`, by a model fitted to everybody."""
    outliers_high: tuple[str, ...] = ()


class Diagnoses(Noun):
    """What diagnoses from before the day that counts add to a case-mix model."""

    groups: tuple[str, ...]
    """Of Charlson's 17, those with a coefficient; without any, all are one number."""
    counted_as: Literal["groups", "number"]
    lookback_days: int
    recorded: float | None = None
    """Share of patients who had any diagnosis at all; None if nearly all or none."""
    depth_low: float
    """Groups a patient that sites write down: a tenth of sites fewer, …"""
    depth_high: float
    """… a tenth more."""
    before: ModelFit | None = None
    """Without diagnoses; None where nothing else is adjusted for."""
    after: ModelFit


class CaseMix(Noun):
    """Units compared with what a logistic regression expects of them (see `units`)."""

    adjusted_for: tuple[Literal["age", "sex", "svi_quartile", "diagnoses"], ...]
    c_statistic: Estimate
    """How often the model expects more of one who met the measure than of another."""
    calibration_error: float
    """Mean distance of observed from expected proportions, by tenth of the latter."""
    tau2: float
    """As in `Variation`, after adjustment; so are the outliers."""
    outliers_low: tuple[str, ...] = ()
    outliers_high: tuple[str, ...] = ()
    diagnoses: Diagnoses | NotEstimable | None = UNTOLD
    """None where they were not asked for; the reason where they could not be used."""


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
    case_mix: CaseMix | NotEstimable | None = UNTOLD
    """None where no adjustment was asked for."""
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
