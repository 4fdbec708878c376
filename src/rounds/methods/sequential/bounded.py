"""Intervals that hold at every look, exactly: proportions, and means within 0 and 1.

No number of persons has to be large. Persons must be independent, or come with the same
mean whatever was seen before them. Where they come in clusters, a cluster that is
complete is one observation: the mean of its persons, which `bounded_mean_sequence`
takes, and what is bounded is then the mean over clusters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betaln, xlog1py, xlogy

from rounds.methods.sequential.always_valid import mixture_rho

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "bounded_mean_sequence",
    "proportion_difference_sequence",
    "proportion_log_evidence",
    "proportion_sequence",
]

_HALVINGS = 50


def proportion_log_evidence(
    events: ArrayLike,
    totals: ArrayLike,
    null: ArrayLike,
    *,
    alpha: float,
    tightest: float,
) -> NDArray[np.float64]:
    """Give the logarithm of the evidence against one proportion, at each look.

    Parameters
    ----------
    events, totals : array_like of float
        Events and persons up to each look, whole numbers.
    null : array_like of float
        The proportion, in (0, 1).
    alpha, tightest : float
        As in `proportion_sequence`.

    Returns
    -------
    ndarray of float
        Of a martingale that starts at 1: if the proportion is the true one, it ever
        reaches 1/α with probability α at most, whatever the number of persons.

    Raises
    ------
    ValueError
        If a number is out of its range.

    References
    ----------
    The beta-binomial mixture of Howard, Ramdas, McAuliffe and Sekhon, as their confseq
    implements it for `bernoulli_confidence_interval`: the likelihood of the events
    under a beta law around the proportion, against that under the proportion.

    Examples
    --------
    >>> found = proportion_log_evidence([30, 45], [100, 100], 0.3, alpha=0.05,
    ...                                 tightest=100)
    >>> found.round(1).tolist()
    [-1.2, 3.3]
    """
    x, n = _counted(events, totals)
    p = np.asarray(null, dtype=float)
    if not ((p > 0) & (p < 1)).all():
        raise ValueError(
            "a proportion that is tested lies between 0 and 1, both left out"
        )
    weight = max(mixture_rho(tightest, alpha) - 1, 1e-3)
    a, b = weight * p, weight * (1 - p)
    mixed = betaln(a + x, b + n - x) - betaln(a, b)
    return np.asarray(mixed - xlogy(x, p) - xlog1py(n - x, -p))


def proportion_sequence(
    events: ArrayLike, totals: ArrayLike, *, alpha: float, tightest: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give intervals of a proportion that hold at all looks together, exactly.

    Parameters
    ----------
    events, totals : array_like of float, shape (…, k)
        Events and persons up to each look, whole numbers; the looks are last.
    alpha : float
        Error of all looks together, in (0, 1).
    tightest : float
        The number of persons at which the interval is to be tightest, fixed before any
        data. It changes the width, not the error.

    Returns
    -------
    lower, upper : ndarray of float, shape (…, k)
        In [0, 1], each cut to what all before it hold as well.

    Raises
    ------
    ValueError
        If events are not between 0 and their total, or another number is out of range.

    References
    ----------
    As `proportion_log_evidence`: all proportions against which the evidence is below
    1/α.

    Examples
    --------
    >>> lower, upper = proportion_sequence([700], [1000], alpha=0.05, tightest=100)
    >>> round(float(lower[0]), 3), round(float(upper[0]), 3)
    (0.652, 0.746)
    """
    x, n = _counted(events, totals)
    lower = _lower(x, n, alpha, tightest)
    upper = 1 - _lower(n - x, n, alpha, tightest)
    return np.maximum.accumulate(lower, axis=-1), np.minimum.accumulate(upper, axis=-1)


def proportion_difference_sequence(
    events: ArrayLike, totals: ArrayLike, *, alpha: float, tightest: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give intervals of a difference of two proportions, at all looks, exactly.

    Parameters
    ----------
    events, totals : array_like of float, shape (…, k, 2)
        Events and persons up to each look, in the first and in the second arm.
    alpha : float
        Error of all looks together, in (0, 1).
    tightest : float
        The number of persons in an arm at which its interval is to be tightest.

    Returns
    -------
    lower, upper : ndarray of float, shape (…, k)
        Second minus first, in [-1, 1].

    Raises
    ------
    ValueError
        If the last axis is not of two arms; else as `proportion_sequence`.

    Notes
    -----
    Each arm has an interval of its own with half of the error. That is exact and wide;
    `confidence_sequence` is narrower, and asymptotic.

    Examples
    --------
    >>> lower, upper = proportion_difference_sequence(
    ...     [[300, 500]], [[1000, 1000]], alpha=0.05, tightest=1000)
    >>> lower.round(2).tolist(), upper.round(2).tolist()
    ([0.1], [0.3])
    """
    x, n = _counted(events, totals)
    if x.ndim < 2 or x.shape[-1] != 2:
        raise ValueError(f"counts have shape {x.shape}; expected (…, looks, 2)")
    first, second = (
        proportion_sequence(
            x[..., arm], n[..., arm], alpha=alpha / 2, tightest=tightest
        )
        for arm in (0, 1)
    )
    return second[0] - first[1], second[1] - first[0]


def bounded_mean_sequence(
    values: ArrayLike, *, alpha: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give intervals of a mean of values within 0 and 1, after each value, exactly.

    Parameters
    ----------
    values : array_like of float, shape (…, n)
        In [0, 1], in the order in which they came.
    alpha : float
        Error of all looks together, in (0, 1).

    Returns
    -------
    lower, upper : ndarray of float, shape (…, n)
        In [0, 1], each cut to what all before it hold as well. No law of the values is
        assumed, but that each has the same mean given those before it.

    Raises
    ------
    ValueError
        If a value is not in [0, 1], or alpha not in (0, 1).

    References
    ----------
    Waudby-Smith and Ramdas's empirical-Bernstein sequence with predictable plug-in
    ("Estimating means of bounded random variables by betting"), as their confseq
    implements it in `predmix_empbern_twosided_cs`; here the mean before each value
    begins at ½, as the variance there begins at ¼.

    Examples
    --------
    >>> lower, upper = bounded_mean_sequence([0.4, 0.6] * 500, alpha=0.05)
    >>> round(float(lower[-1]), 2), round(float(upper[-1]), 2)
    (0.49, 0.51)
    """
    x = np.asarray(values, dtype=float)
    if x.ndim < 1 or not ((x >= 0) & (x <= 1)).all():
        raise ValueError("values lie between 0 and 1")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha}; expected between 0 and 1")
    t = np.arange(1, x.shape[-1] + 1)
    mean = (0.5 + np.cumsum(x, axis=-1)) / (t + 1)
    variance = (0.25 + np.cumsum((x - mean) ** 2, axis=-1)) / (t + 1)
    mean, variance = _before(mean, 0.5), _before(variance, 0.25)
    log = np.log(2 / alpha)
    bet = np.minimum(np.sqrt(2 * log / (variance * t * np.log1p(t))), 0.5)
    spread = (x - mean) ** 2 * (-np.log1p(-bet) - bet)
    staked = np.cumsum(bet, axis=-1)
    centre = np.cumsum(bet * x, axis=-1) / staked
    half = (log + np.cumsum(spread, axis=-1)) / staked
    lower, upper = np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)
    return np.maximum.accumulate(lower, axis=-1), np.minimum.accumulate(upper, axis=-1)


def _lower(
    x: NDArray[np.float64], n: NDArray[np.float64], alpha: float, tightest: float
) -> NDArray[np.float64]:
    """Halve towards the smallest proportion that the evidence leaves."""
    low, high = np.zeros(x.shape), np.where(n > 0, x / np.maximum(n, 1), 0.5)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        tested = np.clip(middle, 1e-300, 1 - 1e-16)
        evidence = proportion_log_evidence(x, n, tested, alpha=alpha, tightest=tightest)
        left = evidence < -np.log(alpha)
        low, high = np.where(left, low, middle), np.where(left, middle, high)
    return low


def _before(values: NDArray[np.float64], first: float) -> NDArray[np.float64]:
    """Move everything one place on, so that nothing knows of its own time."""
    moved = np.empty_like(values)
    moved[..., :1], moved[..., 1:] = first, values[..., :-1]
    return moved


def _counted(
    events: ArrayLike, totals: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, n = np.asarray(events, dtype=float), np.asarray(totals, dtype=float)
    if x.shape != n.shape or x.ndim < 1:
        raise ValueError(f"events have shape {x.shape}, totals {n.shape}")
    if not (np.isfinite(n) & (x >= 0) & (x <= n)).all():
        raise ValueError("events lie between 0 and their total")
    return x, n
