"""Does a case-mix model expect what happens, and does it tell high risk from low?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy
from scipy.special import expit, logit, ndtri

from rounds.methods.case_mix.regression import fit_regression
from rounds.methods.proportion import wilson

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Calibration",
    "CalibrationGroup",
    "Discrimination",
    "c_statistic",
    "calibration",
    "flexible_calibration",
]


@dataclass(frozen=True, kw_only=True)
class CalibrationGroup:
    """Rows of similar predicted risk."""

    n: int
    expected: float
    """Mean predicted risk, in [0, 1]."""
    observed: float
    lower: float
    upper: float
    """Proportion that had the event, with its Wilson interval."""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """How expected and observed risks agree, overall and along the scale."""

    observed_to_expected: float
    in_the_large: float
    """Intercept with predicted log odds as an offset; 0 where the mean fits."""
    in_the_large_se: float
    slope: float
    """Of the predicted log odds; 1 where the spread fits, less where it is too wide."""
    slope_se: float
    brier: float
    """Mean squared error of the predicted risks."""
    groups: tuple[CalibrationGroup, ...]
    """Tenths of predicted risk, rising; ties stay together."""


@dataclass(frozen=True, kw_only=True)
class Discrimination:
    """The probability that an event has the higher risk of two rows, one without."""

    value: float
    lower: float
    upper: float
    se: float


def calibration(
    events: ArrayLike, risks: ArrayLike, *, n_groups: int = 10, level: float = 0.95
) -> Calibration:
    """Compare predicted risks with what happened.

    Parameters
    ----------
    events : array_like of int, shape (n,)
        0 or 1.
    risks : array_like of float, shape (n,)
        Predicted, strictly between 0 and 1.
    n_groups : int
        How many groups of predicted risk, at least 2.
    level : float
        Of the groups' intervals.

    Returns
    -------
    Calibration
        In the large, slope, Brier score and groups.

    Raises
    ------
    ValueError
        If shapes differ, events are not 0 or 1 or all alike, a risk is not strictly
        between 0 and 1, or all risks are equal.

    References
    ----------
    .. [1] Van Calster B, McLernon DJ, van Smeden M, et al. Calibration: the Achilles
       heel of predictive analytics. BMC Medicine 2019;17:230: mean, weak and moderate
       calibration.

    Examples
    --------
    >>> found = calibration([0, 1, 0, 1], [0.2, 0.4, 0.6, 0.8], n_groups=2)
    >>> found.observed_to_expected, round(found.brier, 3)
    (1.0, 0.2)
    """
    y, p = _checked(events, risks)
    if n_groups < 2:
        raise ValueError(f"groups are counted from two on, not {n_groups}")
    log_odds = logit(p)
    intercept, se = _offset_intercept(y, log_odds)
    slope = fit_regression(
        "logistic", y, log_odds[:, None], names=["predicted log odds"]
    )
    edges = np.unique(np.quantile(p, np.linspace(0, 1, n_groups + 1)[1:-1]))
    group = np.searchsorted(edges, p, side="left")
    size = np.bincount(group)
    some = size > 0
    total = size[some]
    observed, lower, upper = wilson(np.bincount(group, weights=y)[some], total, level)
    expected = np.bincount(group, weights=p)[some] / total
    return Calibration(
        observed_to_expected=float(y.sum() / p.sum()),
        in_the_large=intercept,
        in_the_large_se=se,
        slope=float(slope.coefficients[1]),
        slope_se=float(slope.se[1]),
        brier=float(np.mean((y - p) ** 2)),
        groups=tuple(
            CalibrationGroup(
                n=int(total[i]),
                expected=float(expected[i]),
                observed=float(observed[i]),
                lower=float(lower[i]),
                upper=float(upper[i]),
            )
            for i in range(total.size)
        ),
    )


def flexible_calibration(
    events: ArrayLike, risks: ArrayLike, at: ArrayLike
) -> NDArray[np.float64]:
    """Give the smooth curve of what happens against what is predicted.

    Parameters
    ----------
    events, risks : array_like, shape (n,)
        As `calibration`.
    at : array_like of float, shape (m,)
        Predicted risks at which to read the curve.

    Returns
    -------
    ndarray of float, shape (m,)
        Recalibrated risks: a logistic regression on a restricted cubic spline of the
        predicted log odds, with knots at the quantiles 0.1, 0.5 and 0.9.

    Raises
    ------
    ValueError
        As `calibration`, or if the three knots are not apart.

    References
    ----------
    .. [1] Van Calster et al. as in `calibration`; Harrell FE, Regression modeling
       strategies, section 2.4.5: the restricted cubic spline basis.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> p = rng.uniform(0.05, 0.95, 4000)
    >>> curve = flexible_calibration(rng.binomial(1, p), p, [0.3])
    >>> bool(abs(curve[0] - 0.3) < 0.05)
    True
    """
    y, p = _checked(events, risks)
    log_odds = logit(p)
    knots = np.quantile(log_odds, [0.1, 0.5, 0.9])
    if not (np.diff(knots) > 0).all():
        raise ValueError("predicted risks are too few or too alike for a curve")
    fit = fit_regression("logistic", y, _spline(log_odds, knots))
    points = logit(np.clip(np.asarray(at, dtype=float), 1e-12, 1 - 1e-12))
    return fit.predict(_spline(np.atleast_1d(points), knots))


def c_statistic(
    events: ArrayLike, risks: ArrayLike, level: float = 0.95
) -> Discrimination:
    """Give the c statistic (area under the ROC curve) with its interval.

    Parameters
    ----------
    events : array_like of int, shape (n,)
        0 or 1, both present.
    risks : array_like of float, shape (n,)
        Predicted risks or any score that rises with them.
    level : float
        Confidence level.

    Returns
    -------
    Discrimination
        With DeLong's standard error; the interval is normal on the log-odds scale, so
        that it stays within 0 and 1.

    Raises
    ------
    ValueError
        If shapes differ, events are not 0 or 1, either outcome has fewer than two rows,
        or the level is impossible.

    References
    ----------
    .. [1] DeLong ER, DeLong DM, Clarke-Pearson DL. Comparing the areas under two or
       more correlated receiver operating characteristic curves. Biometrics 1988;
       44:837-845; by mid-ranks as Sun and Xu, IEEE Signal Processing Letters 2014.

    Examples
    --------
    >>> found = c_statistic([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> found.value
    0.75
    """
    y, score = np.asarray(events, dtype=float), np.asarray(risks, dtype=float)
    if y.shape != score.shape or y.ndim != 1 or not np.isfinite(score).all():
        raise ValueError("each event has one finite score")
    if not np.isin(y, (0.0, 1.0)).all():
        raise ValueError("events are 0 or 1")
    ill, well = score[y == 1], score[y == 0]
    if min(ill.size, well.size) < 2:
        raise ValueError("two rows with the event, and two without, are the least")
    if not 0 < level < 1:
        raise ValueError(f"level is a number between 0 and 1, not {level}")
    ranks = scipy.stats.rankdata(np.concatenate([ill, well]))
    value = (ranks[: ill.size].sum() / ill.size - (ill.size + 1) / 2) / well.size
    above = (ranks[: ill.size] - scipy.stats.rankdata(ill)) / well.size
    below = 1 - (ranks[ill.size :] - scipy.stats.rankdata(well)) / ill.size
    variance = above.var(ddof=1) / ill.size + below.var(ddof=1) / well.size
    se = float(np.sqrt(variance))
    if not 0 < value < 1:
        # Perfectly apart: the interval is that of the rarer outcome, all of it right.
        few = min(ill.size, well.size)
        _, low, high = wilson([few * round(value)], [few], level)
        return Discrimination(value=value, lower=low[0], upper=high[0], se=se)
    half = float(ndtri((1 + level) / 2)) * se / (value * (1 - value))
    return Discrimination(
        value=float(value),
        lower=float(expit(logit(value) - half)),
        upper=float(expit(logit(value) + half)),
        se=se,
    )


def _checked(
    events: ArrayLike, risks: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    y, p = np.asarray(events, dtype=float), np.asarray(risks, dtype=float)
    if y.shape != p.shape or y.ndim != 1:
        raise ValueError(f"{y.size} events for {p.size} predicted risks")
    if not np.isin(y, (0.0, 1.0)).all() or y.all() or not y.any():
        raise ValueError("events are 0 or 1, and not all alike")
    if not ((p > 0) & (p < 1)).all():
        raise ValueError("each predicted risk lies strictly between 0 and 1")
    return y, p


def _offset_intercept(
    y: NDArray[np.float64], log_odds: NDArray[np.float64]
) -> tuple[float, float]:
    at = 0.0
    for _ in range(100):
        mu = expit(at + log_odds)
        information = float((mu * (1 - mu)).sum())
        step = float(np.clip((y - mu).sum() / information, -2.0, 2.0))
        at += step
        if abs(step) < 1e-12:
            break
    return at, float(information**-0.5)


def _spline(x: NDArray[np.float64], knots: NDArray[np.float64]) -> NDArray[np.float64]:
    first, middle, last = knots

    def cubed(at: float) -> NDArray[np.float64]:
        return np.asarray(np.maximum(x - at, 0.0) ** 3, dtype=float)

    bend = (
        cubed(first)
        - cubed(middle) * (last - first) / (last - middle)
        + cubed(last) * (middle - first) / (last - middle)
    )
    return np.column_stack([x, bend / (last - first) ** 2])
