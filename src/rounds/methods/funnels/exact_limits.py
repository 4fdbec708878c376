"""Exact limits of a funnel: interpolated quantiles of a binomial or Poisson count.

A count is a whole number, so its quantiles jump as a unit grows and the drawn limits
would be saw-toothed. Spiegelhalter's interpolation between two neighbouring counts
makes them smooth and gives them the tail that was asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy
from scipy.special import betainc, pdtr

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "binomial_limits",
    "binomial_tails",
    "checked_level",
    "poisson_limits",
    "poisson_tails",
]


def binomial_limits(
    totals: ArrayLike, target: float, level: float = 0.998
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give exact limits of a proportion around a target, interpolated.

    Parameters
    ----------
    totals : array_like of int, shape (n,)
        Trials, each a whole number of at least 1.
    target : float
        A proportion in (0, 1).
    level : float
        Coverage of the limits under chance, between 0 and 1.

    Returns
    -------
    lower, upper : ndarray of float, shape (n,)
        Proportions in [0, 1].

    Raises
    ------
    ValueError
        If a total is not a whole number of at least 1, or target or level is not
        strictly between 0 and 1.

    Notes
    -----
    With r the smallest count whose distribution function F reaches p, the limit is
    (r − α)/n, where α = (F(r) − p)/(F(r) − F(r − 1)). The count r itself lies above the
    upper limit though more than the tail is at least as large; whoever calls a unit an
    outlier also asks for its exact tail (`binomial_tails`).

    References
    ----------
    .. [1] Spiegelhalter DJ. Funnel plots for comparing institutional performance.
       Statistics in Medicine 2005;24:1185-1202, appendix A.1.1 (as the R package
       funnelR and the Stata command funnelcompar implement it). doi:10.1002/sim.1970.

    Examples
    --------
    >>> lower, upper = binomial_limits([215], 0.0739, 0.998)
    >>> round(float(lower[0]), 4), round(float(upper[0]), 4)
    (0.0226, 0.1322)
    """
    n = np.atleast_1d(np.asarray(totals, dtype=float))
    if not (np.isfinite(n).all() and (n >= 1).all() and (n == np.floor(n)).all()):
        raise ValueError("each total is a whole number of at least 1")
    if not 0 < target < 1:
        raise ValueError(f"the target lies strictly between 0 and 1, not {target}")
    tail = (1 - checked_level(level)) / 2

    def below(count: NDArray[np.float64]) -> NDArray[np.float64]:
        # The distribution function as an incomplete beta function: bdtr wants integers.
        inside = np.clip(count, 0.0, n - 1)
        f = betainc(n - inside, inside + 1, 1 - target)
        return np.where(count < 0, 0.0, np.where(count >= n, 1.0, f))

    ends = [
        _interpolated(scipy.stats.binom.ppf(p, n, target), below, p)
        for p in (tail, 1 - tail)
    ]
    return np.clip(ends[0] / n, 0.0, 1.0), np.clip(ends[1] / n, 0.0, 1.0)


def poisson_limits(
    expected: ArrayLike, level: float = 0.998
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give exact limits of observed over expected around 1, interpolated.

    Parameters
    ----------
    expected : array_like of float, shape (n,)
        Expected counts, each above 0.
    level : float
        Coverage of the limits under chance, between 0 and 1.

    Returns
    -------
    lower, upper : ndarray of float, shape (n,)
        Ratios, at least 0; the limits of a rate are these times its target.

    Raises
    ------
    ValueError
        If an expected count is not above 0, or the level not between 0 and 1.

    Notes
    -----
    They are the quantiles of a Poisson count with that mean, interpolated as
    `binomial_limits`. FunnelPlotR draws the limits of the mean of a count equal to the
    expectation instead (quantiles of a chi-squared distribution), which lie somewhat
    higher and ask more of small units.

    References
    ----------
    .. [1] As `binomial_limits`.

    Examples
    --------
    >>> lower, upper = poisson_limits([20.0], 0.95)
    >>> round(float(lower[0]), 3), round(float(upper[0]), 3)
    (0.56, 1.437)
    """
    e = np.atleast_1d(np.asarray(expected, dtype=float))
    if not (np.isfinite(e).all() and (e > 0).all()):
        raise ValueError("each expected count is a finite number above 0")
    tail = (1 - checked_level(level)) / 2

    def below(count: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(count < 0, 0.0, pdtr(np.maximum(count, 0.0), e))

    lower, upper = (
        _interpolated(scipy.stats.poisson.ppf(p, e), below, p) for p in (tail, 1 - tail)
    )
    return np.maximum(lower / e, 0.0), upper / e


def binomial_tails(
    successes: ArrayLike, totals: ArrayLike, target: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the probability of as few, and of as many, events under chance.

    Parameters
    ----------
    successes, totals : array_like of int, shape (n,)
        Events and trials.
    target : float
        A proportion in (0, 1).

    Returns
    -------
    few, many : ndarray of float, shape (n,)
        P(X ≤ x) and P(X ≥ x).

    Examples
    --------
    >>> few, many = binomial_tails([0], [2], 0.5)
    >>> float(few[0]), float(many[0])
    (0.25, 1.0)
    """
    x, n = np.asarray(successes, dtype=float), np.asarray(totals, dtype=float)
    few, many = (
        scipy.stats.binom.cdf(x, n, target),
        scipy.stats.binom.sf(x - 1, n, target),
    )
    return np.asarray(few, dtype=float), np.asarray(many, dtype=float)


def poisson_tails(
    events: ArrayLike, expected: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the probability of as few, and of as many, events under chance.

    Parameters
    ----------
    events : array_like of int, shape (n,)
        Counts.
    expected : array_like of float, shape (n,)
        Their means, above 0.

    Returns
    -------
    few, many : ndarray of float, shape (n,)
        P(X ≤ x) and P(X ≥ x).

    Examples
    --------
    >>> few, many = poisson_tails([0], [1.0])
    >>> round(float(few[0]), 4), float(many[0])
    (0.3679, 1.0)
    """
    x, e = np.asarray(events, dtype=float), np.asarray(expected, dtype=float)
    few, many = scipy.stats.poisson.cdf(x, e), scipy.stats.poisson.sf(x - 1, e)
    return np.asarray(few, dtype=float), np.asarray(many, dtype=float)


def checked_level(level: float) -> float:
    """Give the level back if it is one.

    Raises
    ------
    ValueError
        If it is not strictly between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"level is a number between 0 and 1, not {level}")
    return float(level)


def _interpolated(
    count: NDArray[Any], below: Callable[..., Any], p: float
) -> NDArray[np.float64]:
    """Move from the quantile towards the count before it, by what F has too much."""
    r = np.asarray(count, dtype=float)
    high, low = below(r), below(r - 1)
    return np.asarray(r - (high - p) / (high - low), dtype=float)
