"""Ratios of totals, what was observed over what was expected, and medians."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy
from scipy.special import gammaincinv, stdtrit

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["median", "observed_to_expected", "ratio_of_totals"]


def ratio_of_totals(
    above: ArrayLike, below: ArrayLike, level: float = 0.95
) -> tuple[float, float | None, float | None]:
    """Give the total of one number over that of another, with an interval.

    The units that were sampled are the rows. The variance is that of the residuals
    above − R × below (the delta method), with n − 1 below, and the quantile of the t
    distribution with n − 1 degrees of freedom.

    Parameters
    ----------
    above, below : array_like of float, shape (n,)
        What each row adds to the two totals; the second total is above 0.
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    value, lower, upper : float
        In units of `above` per unit of `below`; the limits None for a single row.

    Raises
    ------
    ValueError
        If the shapes differ, or the second total is not above 0.

    Examples
    --------
    >>> value, lower, upper = ratio_of_totals([1, 0, 2, 1], [10, 5, 15, 10])
    >>> round(value, 3), round(lower, 4), round(upper, 4)
    (0.1, 0.035, 0.165)
    """
    y, x = np.asarray(above, dtype=float), np.asarray(below, dtype=float)
    if y.shape != x.shape or y.ndim != 1:
        raise ValueError(f"above {y.shape} and below {x.shape} differ in shape")
    total = float(np.sort(x).sum())  # so that no order of rows changes a last digit
    if not total > 0:
        raise ValueError(f"the total below is {total}, and not above 0")
    value = float(np.sort(y).sum()) / total
    n = len(y)
    if n == 1:
        return value, None, None
    squares = np.sort((y - value * x) ** 2)
    error = float(np.sqrt(n / (n - 1) * squares.sum())) / total
    half = float(stdtrit(n - 1, 0.5 + level / 2)) * error
    return value, value - half, value + half


def observed_to_expected(
    observed: int, expected: float, level: float = 0.95
) -> tuple[float, float, float]:
    """Give a count over its expectation, with the exact limits of a Poisson count.

    The expectation is taken as known. Where events are frequent, their number varies
    less than a Poisson count, so the interval is somewhat too wide.

    Parameters
    ----------
    observed : int
        Events, 0 or more.
    expected : float
        What a model expects, above 0.
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    value, lower, upper : float
        1 where as many were observed as expected.

    Raises
    ------
    ValueError
        If the count is below 0, or the expectation not above 0.

    References
    ----------
    .. [1] The limits of a Poisson mean are quantiles of gamma distributions with shape
       O and O + 1: what the tail probabilities of the Poisson distribution are as
       functions of its mean.

    Examples
    --------
    >>> [round(x, 3) for x in observed_to_expected(10, 8.0)]
    [1.25, 0.599, 2.299]
    """
    if observed < 0 or not expected > 0:
        raise ValueError(f"{observed} observed, {expected} expected")
    tail = (1 - level) / 2
    lower = float(gammaincinv(observed, tail)) if observed else 0.0
    upper = float(gammaincinv(observed + 1, 1 - tail))
    return observed / expected, lower / expected, upper / expected


def median(
    values: ArrayLike, level: float = 0.95
) -> tuple[float, float | None, float | None]:
    """Give the median, with an interval between two of the values in their order.

    How many of n values lie below the true median is a binomial number, whatever their
    distribution; the limits are the values that leave at most half of 1 − level on
    either side, so that the level is reached or passed.

    Parameters
    ----------
    values : array_like of float, shape (n,)
        At least one.
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    value, lower, upper : float
        The limits None where there are too few values for the level.

    Raises
    ------
    ValueError
        If there is no value.

    Examples
    --------
    >>> median([1, 2, 3, 4, 5, 6, 7])
    (4.0, 1.0, 7.0)
    >>> median([3, 1])
    (2.0, None, None)
    """
    ordered = np.sort(np.asarray(values, dtype=float))
    n = len(ordered)
    if not n:
        raise ValueError("no value has no median")
    place = int(scipy.stats.binom.ppf((1 - level) / 2, n, 0.5))
    value = float(np.median(ordered))
    if not place:
        return value, None, None
    return value, float(ordered[place - 1]), float(ordered[n - place])
