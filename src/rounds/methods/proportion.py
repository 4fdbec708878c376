"""Intervals for one proportion and for the difference of two independent ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["counts", "newcombe", "wilson"]


def wilson(
    successes: ArrayLike, totals: ArrayLike, level: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Give each proportion with its Wilson score interval, not continuity-corrected.

    Parameters
    ----------
    successes : array_like of int, shape (n,)
        Events, between 0 and `totals`.
    totals : array_like of int, shape (n,)
        Trials, each at least 1.
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    value, lower, upper : ndarray of float, shape (n,)
        Proportions in [0, 1].

    Raises
    ------
    ValueError
        If a total is below 1, successes are not between 0 and their total, or the
        level is not between 0 and 1.

    References
    ----------
    .. [1] (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n), the method "wilson"
       of scipy.stats' `BinomTestResult.proportion_ci`, which names Wilson EB 1927.

    Examples
    --------
    >>> value, lower, upper = wilson([8], [10])
    >>> [round(float(bound), 4) for bound in (value[0], lower[0], upper[0])]
    [0.8, 0.4902, 0.9433]
    """
    x, n = counts(successes, totals)
    z = _quantile(level)
    p = x / n
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    # The bounds are exactly 0 and 1 at the ends; rounding must not move them.
    lower = np.where(x == 0, 0.0, np.clip(centre - half, 0.0, p))
    upper = np.where(x == n, 1.0, np.clip(centre + half, p, 1.0))
    return p, lower, upper


def newcombe(
    successes: tuple[float, float], totals: tuple[float, float], level: float = 0.95
) -> tuple[float, float, float]:
    """Give the difference of two proportions, second minus first, with its interval.

    Newcombe's hybrid score interval (his method 10), made of two Wilson intervals.

    Parameters
    ----------
    successes, totals : pair of int
        Events and trials in the first and in the second group.
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    value, lower, upper : float
        On the risk-difference scale, in [-1, 1].

    Raises
    ------
    ValueError
        As `wilson`.

    References
    ----------
    .. [1] Newcombe RG. Interval estimation for the difference between independent
       proportions: comparison of eleven methods. Statistics in Medicine 1998;
       17:873-890 (abstract); the formula as in `Newcombe_hybrid_score_CI_2x2` of
       the R package contingencytables.

    Examples
    --------
    >>> [round(bound, 4) for bound in newcombe((48, 56), (80, 70))]
    [0.2, 0.0524, 0.3339]
    """
    p, lower, upper = wilson(successes, totals, level)
    value = float(p[1] - p[0])
    below = float(np.hypot(p[1] - lower[1], upper[0] - p[0]))
    above = float(np.hypot(upper[1] - p[1], p[0] - lower[0]))
    return value, value - below, value + above


def _quantile(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"level is a number between 0 and 1, not {level}")
    return float(ndtri((1 + level) / 2))


def counts(
    successes: ArrayLike, totals: ArrayLike
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Give both as checked arrays of float.

    Parameters
    ----------
    successes, totals : array_like of int, shape (n,)
        Events and trials.

    Returns
    -------
    successes, totals : ndarray of float, shape (n,)
        The same numbers.

    Raises
    ------
    ValueError
        If the shapes differ, a total is below 1 or not finite, or successes are not
        between 0 and their total.
    """
    x = np.atleast_1d(np.asarray(successes, dtype=float))
    n = np.atleast_1d(np.asarray(totals, dtype=float))
    if x.shape != n.shape:
        raise ValueError(f"{x.size} successes for {n.size} totals")
    if not (np.isfinite(n).all() and np.isfinite(x).all() and (n >= 1).all()):
        raise ValueError("each total is a finite number of at least 1")
    if ((x < 0) | (x > n)).any():
        raise ValueError("successes lie between 0 and their total")
    return x, n
