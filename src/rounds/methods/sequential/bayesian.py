"""Stopping when the posterior probability of an effect is high, without being misled.

A posterior probability means the same however often it is looked at, but a rule that
stops at its first high value stops often where there is no effect. So the threshold is
set at which it does so as seldom as is wanted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from rounds.methods.sequential.boundaries import checked_alpha
from rounds.methods.sequential.exits import as_information, exit_probabilities

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from rounds.methods.sequential.boundaries import Sides

__all__ = [
    "Calibrated",
    "calibrated_threshold",
    "exact_threshold",
    "posterior_bounds",
    "posterior_probability",
]

_BLOCK = 2_000_000
"""Numbers drawn at once."""


@dataclass(frozen=True, kw_only=True)
class Calibrated:
    """A threshold of the posterior probability, found by simulation."""

    threshold: float
    """To stop at, or above."""
    lower: float
    upper: float
    """Where the threshold would be with other random numbers, 95 times in 100."""
    error: float
    """Monte Carlo standard error of the type I error at the threshold."""
    n_trials: int


def posterior_probability(
    statistics: ArrayLike,
    fractions: ArrayLike,
    *,
    prior_mean: float = 0.0,
    prior_sd: float = float("inf"),
) -> NDArray[np.float64]:
    """Give the posterior probability that an effect is above 0, at each look.

    Parameters
    ----------
    statistics : array_like of float, shape (…, k)
        Estimate over standard error at each look.
    fractions : array_like of float, shape (k,)
        Information at each look, as a share of the planned maximum.
    prior_mean, prior_sd : float
        A normal prior of the effect, in units of the standard error at fraction 1. An
        infinite standard deviation is a flat prior.

    Returns
    -------
    ndarray of float, shape (…, k)
        In [0, 1].

    Raises
    ------
    ValueError
        If fractions do not increase, or the prior is impossible.

    Examples
    --------
    A sceptic wants to see more:

    >>> posterior_probability([2.0], [0.5]).round(3).tolist()
    [0.977]
    >>> posterior_probability([2.0], [0.5], prior_sd=1).round(3).tolist()
    [0.876]
    """
    t = as_information(fractions)
    pull, precision = _prior(prior_mean, prior_sd)
    z = np.asarray(statistics, dtype=float)
    return np.asarray(ndtr((z * np.sqrt(t) + pull) / np.sqrt(t + precision)))


def posterior_bounds(
    fractions: ArrayLike,
    threshold: float,
    *,
    prior_mean: float = 0.0,
    prior_sd: float = float("inf"),
) -> NDArray[np.float64]:
    """Give the statistic at which the posterior probability reaches a threshold.

    Parameters
    ----------
    fractions : array_like of float, shape (k,)
        Information at each look, as a share of the planned maximum.
    threshold : float
        In (0, 1).
    prior_mean, prior_sd : float
        As in `posterior_probability`.

    Returns
    -------
    ndarray of float, shape (k,)
        Bounds as those of a group-sequential design; with a flat prior all are the
        same, as Pocock's are.

    Raises
    ------
    ValueError
        If fractions do not increase, or a number is impossible.

    Examples
    --------
    >>> posterior_bounds([0.5, 1], 0.99, prior_sd=1).round(2).tolist()
    [4.03, 3.29]
    """
    t = as_information(fractions)
    if not 0 < threshold < 1:
        raise ValueError(f"threshold is {threshold}; expected between 0 and 1")
    pull, precision = _prior(prior_mean, prior_sd)
    return np.asarray((ndtri(threshold) * np.sqrt(t + precision) - pull) / np.sqrt(t))


def calibrated_threshold(
    fractions: ArrayLike,
    *,
    alpha: float,
    rng: np.random.Generator,
    prior_mean: float = 0.0,
    prior_sd: float = float("inf"),
    sides: Sides = 1,
    n_trials: int = 100_000,
) -> Calibrated:
    """Find the threshold at which a schedule of looks has a wanted type I error.

    Parameters
    ----------
    fractions : array_like of float, shape (k,)
        Information at each look, as a share of the planned maximum.
    alpha : float
        Type I error of all looks and sides together, in (0, 0.5].
    rng : numpy.random.Generator
        For the trials without an effect that are made.
    prior_mean, prior_sd : float
        As in `posterior_probability`.
    sides : {1, 2}
        Whether the trial stops for an effect above 0, or on either side.
    n_trials : int
        How many are made, at least 1,000.

    Returns
    -------
    Calibrated
        For this schedule, prior and error, and no other.

    Raises
    ------
    ValueError
        If fractions do not increase, or a number is out of its range.

    References
    ----------
    Hagar L, Golchi S, Klein MB (2025). Group sequential design with posterior and
    posterior predictive probabilities. arXiv:2504.00856 (abstract): thresholds are set
    by the type I error, commonly by simulation.

    Examples
    --------
    With a flat prior it is Pocock's bound, 2.178 for two looks:

    >>> found = calibrated_threshold([0.5, 1], alpha=0.025,
    ...                              rng=np.random.default_rng(7))
    >>> bool(found.lower < ndtr(2.178) < found.upper)
    True
    """
    t, alpha = as_information(fractions), checked_alpha(alpha, sides)
    if n_trials < 1_000:
        raise ValueError(f"n_trials is {n_trials}; expected at least 1000")
    pull, precision = _prior(prior_mean, prior_sd)
    steps, scale = np.sqrt(np.diff(t, prepend=0.0)), np.sqrt(t + precision)
    highest, block = np.empty(n_trials), max(1, _BLOCK // t.size)
    for start in range(0, n_trials, block):
        size = min(block, n_trials - start)
        score = np.cumsum(rng.standard_normal((size, t.size)) * steps, axis=1)
        height = (score + pull) / scale
        height = np.abs(height) if sides == 2 else height
        highest[start : start + size] = height.max(axis=1)
    error = float(np.sqrt(alpha * (1 - alpha) / n_trials))
    levels = 1 - alpha + 1.96 * error * np.array([-1.0, 0.0, 1.0])
    lower, threshold, upper = ndtr(
        np.quantile(highest, np.clip(levels, 0, 1), method="higher")
    ).tolist()
    return Calibrated(
        threshold=threshold, lower=lower, upper=upper, error=error, n_trials=n_trials
    )


def exact_threshold(
    fractions: ArrayLike,
    *,
    alpha: float,
    prior_mean: float = 0.0,
    prior_sd: float = float("inf"),
) -> float:
    """Solve for the threshold at which a schedule has a wanted type I error.

    As `calibrated_threshold` finds it for one side, with no random numbers: the same
    schedule always gives the same threshold.

    Parameters
    ----------
    fractions : array_like of float, shape (k,)
        Information at each look, as a share of the planned maximum.
    alpha : float
        Type I error of all looks together, in (0, 0.5].
    prior_mean, prior_sd : float
        As in `posterior_probability`.

    Returns
    -------
    float
        Of the posterior probability that the effect is above 0, in (0, 1).

    Raises
    ------
    ValueError
        If fractions do not increase, or a number is out of its range.

    References
    ----------
    As `calibrated_threshold`; the error is that of `exit_probabilities`.

    Examples
    --------
    With a flat prior it is Pocock's bound, 2.178 for two looks:

    >>> round(float(ndtri(exact_threshold([0.5, 1], alpha=0.025))), 3)
    2.178
    """
    t, alpha = as_information(fractions), checked_alpha(alpha, 1)
    pull, precision = _prior(prior_mean, prior_sd)

    def excess(height: float) -> float:
        upper = (height * np.sqrt(t + precision) - pull) / np.sqrt(t)
        return float(exit_probabilities(t, upper=upper).above.sum()) - alpha

    return float(ndtr(brentq(excess, *_heights(t, alpha, pull, precision))))


def _heights(
    t: NDArray[np.float64], alpha: float, pull: float, precision: float
) -> tuple[float, float]:
    """Give heights between which the error passes alpha: one look, and Bonferroni."""
    scale = np.sqrt(t / (t + precision))
    shift = pull / np.sqrt(t + precision)
    one, each = -float(ndtri(alpha)), -float(ndtri(alpha / t.size))
    return float((one * scale + shift).min()) - 1e-6, float(
        (each * scale + shift).max()
    ) + 1e-6


def _prior(mean: float, sd: float) -> tuple[float, float]:
    if not np.isfinite(mean) or not sd > 0:
        raise ValueError("the prior has a finite mean and a deviation above 0")
    precision = float(1 / sd**2)
    return mean * precision, precision
