"""Kaplan and Meier's curve, its median, and the mean time up to a horizon (RMST)."""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from rounds.methods.survival.survival_times import checked_times

__all__ = ["Contrast", "Curve", "Rmst", "compare_rmst", "kaplan_meier", "rmst"]

Floats = NDArray[np.float64]

_LEAST = 2
"""Clusters of an arm: one alone has no spread."""


@dataclass(frozen=True, eq=False)
class Curve:
    """Who is still without the event, at each time at which somebody has it."""

    times: Floats
    survival: Floats
    at_risk: NDArray[np.intp]
    events: NDArray[np.intp]
    se_log: Floats
    """Greenwood's, of the logarithm of `survival`; infinite where it is nought."""
    median: float | None
    """None where fewer than half have the event while they are seen."""
    median_lower: float | None
    median_upper: float | None
    last: float
    """The last time at which anybody is seen."""


@dataclass(frozen=True)
class Rmst:
    """A mean time without the event, up to a horizon."""

    value: float
    se: float
    """Greenwood's; of clusters, the jackknife's."""
    n: int
    n_clusters: int | None


@dataclass(frozen=True)
class Contrast:
    """Two arms' mean times compared."""

    estimate: float
    lower: float
    upper: float
    p_value: float
    se: float
    """Of the difference, or of the logarithm of the ratio."""
    df: float | None
    """Of t; None where the interval is a normal one."""
    arms: tuple[Rmst, Rmst]
    """The one that is compared with first."""
    horizon: float


def kaplan_meier(time: ArrayLike, event: ArrayLike, *, level: float = 0.95) -> Curve:
    """Estimate the curve and its median.

    Parameters
    ----------
    time : array of float, shape (n_persons,)
        Until the event, or until the person was last seen.
    event : array, shape (n_persons,)
        1 where the time ends with the event, 0 where it was cut short.
    level : float
        Of the median's interval, in (0, 1); where the curve's log interval crosses
        one half, as R's `survfit` has it.

    Returns
    -------
    Curve

    Raises
    ------
    ValueError
        If times or events cannot be such, or the level is not within (0, 1).

    Examples
    --------
    >>> curve = kaplan_meier([1, 2, 3, 4], [1, 0, 1, 1])
    >>> [round(float(s), 3) for s in curve.survival], curve.median
    ([0.75, 0.375, 0.0], 3.0)
    """
    t, d = checked_times(time, event)
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; expected a number between 0 and 1")
    times, events = np.unique(t[d], return_counts=True)
    at_risk = len(t) - np.searchsorted(np.sort(t), times, side="left")
    survival: Floats = np.cumprod(1 - events / at_risk, dtype=np.float64)
    with np.errstate(divide="ignore"):
        se_log = np.sqrt(np.cumsum(events / (at_risk * (at_risk - events))))
    z = float(scipy.stats.norm.ppf((1 + level) / 2))
    with np.errstate(invalid="ignore"):
        above = np.where(survival > 0, np.minimum(1, survival * np.exp(z * se_log)), 1)
        below = np.where(survival > 0, survival * np.exp(-z * se_log), 0)
    return Curve(
        times=times,
        survival=survival,
        at_risk=at_risk,
        events=events,
        se_log=se_log,
        median=_half(times, survival),
        median_lower=_half(times, below),
        median_upper=_half(times, above),
        last=float(t.max()),
    )


def _half(times: Floats, curve: Floats) -> float | None:
    """Give when a curve reaches one half: the middle of a step that is on it."""
    reached = np.flatnonzero(curve <= 0.5 + 1e-12)
    if not len(reached):
        return None
    first = int(reached[0])
    if abs(curve[first] - 0.5) <= 1e-12 and first + 1 < len(times):
        return float((times[first] + times[first + 1]) / 2)
    return float(times[first])


def rmst(
    time: ArrayLike,
    event: ArrayLike,
    horizon: float,
    clusters: ArrayLike | None = None,
) -> Rmst:
    """Give the mean time without the event up to a horizon: the curve's area.

    Parameters
    ----------
    time, event : array, shape (n_persons,)
        As of `kaplan_meier`.
    horizon : float
        Above 0, and not after the last time at which anybody is seen.
    clusters : array, shape (n_persons,), optional
        Whose persons may be alike; the variance is then the jackknife's, that leaves
        out one cluster at a time.

    Returns
    -------
    Rmst

    Raises
    ------
    ValueError
        If times or events cannot be such, the horizon is beyond what was seen (as
        without a cluster), or there is one cluster.

    References
    ----------
    Klein JP, Moeschberger ML (2003). Survival analysis, 2nd ed., section 4.5; as R's
    `summary(survfit(…), rmean = horizon)`, with which the tests compare.

    Examples
    --------
    >>> found = rmst([1, 2, 3, 4], [1, 0, 1, 1], 4)
    >>> round(found.value, 4), round(found.se, 4)
    (2.875, 0.6027)
    """
    t, d = checked_times(time, event)
    value, greenwood = _area(t, d, horizon)
    if clusters is None:
        return Rmst(value, greenwood, len(t), None)
    labels = np.asarray(clusters)
    if labels.shape != t.shape:
        raise ValueError(f"clusters has shape {labels.shape}, expected {t.shape}")
    names = np.unique(labels)
    if len(names) < _LEAST:
        raise ValueError("there is only one cluster; at least two are needed")
    left = np.array(
        [_area(t[labels != one], d[labels != one], horizon)[0] for one in names]
    )
    se = float(np.sqrt((len(names) - 1) * left.var()))
    return Rmst(value, se, len(t), len(names))


def _area(t: Floats, d: NDArray[np.bool_], horizon: float) -> tuple[float, float]:
    if not 0 < horizon <= t.max():
        raise ValueError(
            f"the horizon {horizon:g} is not between 0 and the last time at which "
            "anybody is seen (of each arm, and with any cluster left out)"
        )
    curve = kaplan_meier(t, d)
    within = curve.times < horizon
    edges = np.concatenate([[0.0], curve.times[within], [horizon]])
    pieces = np.diff(edges) * np.concatenate([[1.0], curve.survival[within]])
    ahead = np.cumsum(pieces[::-1])[::-1][1:]
    events, at_risk = curve.events[within], curve.at_risk[within]
    some = at_risk > events  # nobody is left to have any time ahead, else
    of_each = ahead[some] ** 2 * events[some] / (at_risk * (at_risk - events))[some]
    return float(pieces.sum()), float(np.sqrt(of_each.sum()))


def compare_rmst(
    time: ArrayLike,
    event: ArrayLike,
    active: ArrayLike,
    horizon: float | None = None,
    clusters: ArrayLike | None = None,
    *,
    ratio: bool = False,
    level: float = 0.95,
) -> Contrast:
    """Compare two arms' mean times without the event up to a horizon.

    Parameters
    ----------
    time, event : array, shape (n_persons,)
        As of `kaplan_meier`.
    active : array of bool, shape (n_persons,)
        Whether in the arm that is compared; else in the one that is compared with.
    horizon : float, optional
        Without, the last time at which both arms have somebody who is seen (with
        clusters: whichever cluster is left out), rounded down to two digits: the time
        itself is one person's.
    clusters : array, shape (n_persons,), optional
        What was randomised, if not persons; each is in one arm.
    ratio : bool
        Whether the ratio is asked for; else the difference.
    level : float
        Of the interval, in (0, 1).

    Returns
    -------
    Contrast
        A normal interval, with clusters one of t with two fewer degrees of freedom
        than there are clusters; of a ratio, on its logarithm.

    Raises
    ------
    ValueError
        As `rmst`; and where an arm is empty or its times have no spread.

    References
    ----------
    Uno H et al. (2014). Moving beyond the hazard ratio in quantifying the
    between-group difference in survival analysis. Journal of Clinical Oncology
    32:2380-2385 (difference and ratio, as R's survRM2 has them).
    """
    t, d = checked_times(time, event)
    second = np.asarray(active, dtype=bool)
    if second.shape != t.shape or second.all() or not second.any():
        raise ValueError("each person is in one of two arms, and neither is empty")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; expected a number between 0 and 1")
    groups = None if clusters is None else np.asarray(clusters)
    arms = (~second, second)
    if horizon is None:
        horizon = _rounded_down(
            min(
                _seen_until(t[arm], None if groups is None else groups[arm])
                for arm in arms
            )
        )
    one, other = (
        rmst(t[arm], d[arm], horizon, None if groups is None else groups[arm])
        for arm in arms
    )
    if not (one.se > 0 and other.se > 0):
        raise ValueError(
            "an arm has no event before the horizon, or no spread of times"
        )
    df = None
    if one.n_clusters is not None and other.n_clusters is not None:
        df = float(one.n_clusters + other.n_clusters - 2)
    if ratio:
        value = float(np.log(other.value / one.value))
        se = float(np.hypot(one.se / one.value, other.se / other.value))
    else:
        value, se = other.value - one.value, float(np.hypot(one.se, other.se))
    law = scipy.stats.norm() if df is None else scipy.stats.t(df)
    half = float(law.ppf((1 + level) / 2)) * se
    found = np.array([value, value - half, value + half])
    estimate, lower, upper = (np.exp(found) if ratio else found).tolist()
    p_value = float(2 * law.sf(abs(value / se)))
    return Contrast(estimate, lower, upper, p_value, se, df, (one, other), horizon)


def _rounded_down(time: float) -> float:
    """Leave two digits of a time, so that it is nobody's own."""
    if not time > 0:
        return time
    unit = 10.0 ** (np.floor(np.log10(time)) - 1)
    return float(np.floor(time / unit + 1e-9) * unit)


def _seen_until(t: Floats, clusters: NDArray[np.generic] | None) -> float:
    """Give the last time at which anybody is seen, whichever cluster is left out."""
    if clusters is None:
        return float(t.max())
    last = np.sort([t[clusters == one].max() for one in np.unique(clusters)])
    return float(last[-_LEAST]) if len(last) >= _LEAST else float(last[-1])
