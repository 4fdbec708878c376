"""What the past says of the outcome: how often, how alike in a clinic, how steady."""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from rounds.loop.evaluation.participants import Participants
from rounds.methods.clusters.least_squares import cluster_ols
from rounds.methods.clusters.linear_mixed import linear_mixed
from rounds.methods.multilevel.icc import anova_icc, anova_icc_interval
from rounds.nouns import NotEstimable

__all__ = [
    "Interval",
    "Outcome",
    "autocorrelation",
    "correlation_with_baseline",
    "describe",
    "growth",
    "half_width",
]

_FEWEST_CLINICS = 4
_PERIOD_WEEKS, _FEWEST_PERIOD_WEEKS = 13, 4


@dataclass(frozen=True)
class Interval:
    """A number with its interval of 95%."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Outcome:
    """What a design needs to know of the primary outcome.

    Parameters
    ----------
    is_share : bool
        Whether it is 0 or 1 for each person.
    value : Interval or NotEstimable
        The share with the outcome, or its mean, without exposure; least squares on a
        constant, with CR2 standard errors by clinic.
    sd : float or NotEstimable
        Of persons.
    observed : float
        The share of those enrolled whose outcome is known, to the nearest hundredth.
    icc : Interval or NotEstimable
        Correlation of two persons of one clinic.
    autocorrelation : Interval, float or NotEstimable
        Correlation of a clinic's level in two periods; without an interval where no
        clinics were drawn anew.
    period_weeks : int
        Of such a period.
    with_baseline : Interval or NotEstimable
        Correlation, over clinics, of the outcome with the rate before.
    """

    is_share: bool
    value: Interval | NotEstimable
    sd: float | NotEstimable
    observed: float
    icc: Interval | NotEstimable
    autocorrelation: Interval | float | NotEstimable
    period_weeks: int
    with_baseline: Interval | NotEstimable


def describe(
    enrolled: Participants,
    people: Participants,
    weeks: int,
    *,
    is_share: bool,
    rng: np.random.Generator | None = None,
    draws: int = 0,
) -> Outcome:
    """Describe the outcome of those who would have been enrolled.

    Parameters
    ----------
    enrolled : Participants
        In the planned weeks; of them are the value and how many are known.
    people : Participants
        Everybody silent.
    weeks : int
        Of the stretch that they are of.
    is_share : bool
        Whether the outcome is 0 or 1.
    rng, draws
        As `autocorrelation` takes them.
    """
    known = people.where(people.observed)
    length = min(_PERIOD_WEEKS, weeks // 2)
    return Outcome(
        is_share=is_share,
        value=_value(enrolled.where(enrolled.observed)),
        sd=float(known.outcome.std(ddof=1))
        if len(known) > 1 and np.ptp(known.outcome) > 0
        else NotEstimable(reason="the outcome does not vary"),
        observed=round(float(enrolled.observed.mean()), 2) if len(enrolled) else 0.0,
        icc=_icc(known),
        autocorrelation=autocorrelation(known, length, rng=rng, draws=draws),
        period_weeks=length,
        with_baseline=correlation_with_baseline(known),
    )


def _value(known: Participants) -> Interval | NotEstimable:
    if len(known) < 2:
        return NotEstimable(reason="nobody's outcome is known")
    mean = float(known.outcome.mean())
    half = half_width(known)
    if isinstance(half, NotEstimable):
        return half
    return Interval(mean, mean - half, mean + half)


def half_width(known: Participants) -> float | NotEstimable:
    """Give half the width of the 95% interval of the mean outcome, by clinic."""
    try:
        fit = cluster_ols(known.outcome, np.ones((len(known), 1)), known.clinic)
    except ValueError as error:
        return NotEstimable(reason=str(error))
    return (fit.upper - fit.lower) / 2


def _icc(known: Participants) -> Interval | NotEstimable:
    alike = np.zeros(len(known))
    try:
        value = anova_icc(known.outcome, known.clinic, alike)
        lower, upper = anova_icc_interval(known.outcome, known.clinic, alike)
    except ValueError as error:
        return NotEstimable(reason=str(error))
    return Interval(value, lower, upper)


def autocorrelation(
    known: Participants,
    period_weeks: int,
    *,
    rng: np.random.Generator | None = None,
    draws: int = 0,
) -> Interval | float | NotEstimable:
    """Give the correlation of a clinic's level in two periods.

    Restricted maximum likelihood, with a level of each period.

    Parameters
    ----------
    known : Participants
        With known outcomes.
    period_weeks : int
        The length of a period; what is left of the stretch makes no period.
    rng, draws
        For an interval: clinics are drawn anew so many times, with replacement, and the
        percentiles of what each draw gives are taken. With the clinics that sites have
        it is wide. Without, the number alone.
    """
    if period_weeks < _FEWEST_PERIOD_WEEKS or not len(known):
        return NotEstimable(
            reason=f"the data hold less than two periods of {_FEWEST_PERIOD_WEEKS} "
            "weeks"
        )
    day = (known.index_date - known.index_date.min()).astype(int)
    period = day // (7 * period_weeks)
    if period.max() > 1 and (day.max() + 1) % (7 * period_weeks):
        whole = period < period.max()
        known, period = known.where(whole), period[whole]
    codes = np.unique(known.clinic, return_inverse=True)[1]
    try:
        value = _kept(known.outcome, codes, period)
    except ValueError as error:
        return NotEstimable(reason=str(error))
    if value is None:
        return NotEstimable(reason="clinics do not differ by more than chance")
    if rng is None or draws < 1:
        return value
    members = [np.flatnonzero(codes == k) for k in range(int(codes.max()) + 1)]
    found = []
    for _ in range(draws):
        chosen = [members[k] for k in rng.integers(len(members), size=len(members))]
        rows = np.concatenate(chosen)
        anew = np.repeat(np.arange(len(chosen)), [len(one) for one in chosen])
        try:
            one = _kept(known.outcome[rows], anew, period[rows])
        except ValueError:
            continue  # a draw of clinics that tell nothing
        found += [] if one is None else [one]
    if len(found) < draws / 2:
        return value
    lower, upper = np.quantile(found, [0.025, 0.975])
    return Interval(value, float(lower), float(upper))


def _kept(
    outcome: NDArray[np.float64],
    clinic: NDArray[np.intp],
    period: NDArray[np.intp],
) -> float | None:
    """Fit the model; None where clinics do not differ."""
    columns = [(period == t).astype(float) for t in np.unique(period)]
    if len(columns) < 2:
        raise ValueError("all are enrolled in one period")
    fitted = linear_mixed(outcome, np.column_stack(columns), clinic, period)
    return fitted.autocorrelation


def correlation_with_baseline(known: Participants) -> Interval | NotEstimable:
    """Correlate clinics' outcomes with their rates before; by Fisher's z."""
    if not len(known) or np.isnan(known.baseline_rate).all():
        return NotEstimable(reason="no rate is known from before the stretch")
    clinics, codes = np.unique(known.clinic, return_inverse=True)
    if len(clinics) < _FEWEST_CLINICS:
        return NotEstimable(
            reason=f"{len(clinics)} clinic(s) are too few for a correlation"
        )
    n = np.bincount(codes).astype(float)
    now = np.bincount(codes, weights=known.outcome) / n
    before = np.bincount(codes, weights=known.baseline_rate) / n
    r = _weighted_correlation(now, before, n)
    if not np.isfinite(r):
        return NotEstimable(reason="the clinics' rates do not vary")
    r = float(np.clip(r, -1 + 1e-12, 1 - 1e-12))
    half = scipy.stats.norm.isf(0.025) / np.sqrt(max(len(clinics) - 3, 1))
    z = np.arctanh(r)
    return Interval(r, float(np.tanh(z - half)), float(np.tanh(z + half)))


def _weighted_correlation(
    x: NDArray[np.float64], y: NDArray[np.float64], weight: NDArray[np.float64]
) -> float:
    share = weight / weight.sum()
    x, y = x - share @ x, y - share @ y
    size = np.sqrt((share @ x**2) * (share @ y**2))
    return float(share @ (x * y) / size) if size > 1e-12 else float("nan")


def growth(now: int, then: int | None) -> Interval | NotEstimable:
    """Compare the enrolled with those of the year before.

    Returns
    -------
    Interval or NotEstimable
        Their ratio, with the interval of two Poisson counts on the log scale.
    """
    if then is None:
        return NotEstimable(
            reason="the data do not reach back to the same weeks of the year before"
        )
    if not now or not then:
        return NotEstimable(reason="in one of the two years nobody was enrolled")
    half = scipy.stats.norm.isf(0.025) * np.sqrt(1 / now + 1 / then)
    ratio = now / then
    return Interval(ratio, float(ratio * np.exp(-half)), float(ratio * np.exp(half)))
