"""Standardised rates and ratios: units compared as if their people were alike.

*Indirect*: a unit's events over those it would have at the standard's rates (O/E).
*Direct*: the rate the standard population would have at the unit's own rates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import scipy
from scipy.special import gammaincinv, ndtri

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Standardised", "byar_limits", "direct", "indirect", "poisson_mean_limits"]


@dataclass(frozen=True, kw_only=True)
class Standardised:
    """One value for each unit, with its interval."""

    value: NDArray[np.float64]
    """Shape (n_units,): a rate in events per unit of exposure, or a ratio."""
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]


def poisson_mean_limits(
    events: ArrayLike, level: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the exact limits of the mean of a Poisson count.

    Parameters
    ----------
    events : array_like of float, shape (n,)
        Counts, at least 0.
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    lower, upper : ndarray of float, shape (n,)
        In events.

    Raises
    ------
    ValueError
        If a count is below 0, or the level not between 0 and 1.

    References
    ----------
    .. [1] Garwood F. Fiducial limits for the Poisson distribution. Biometrika 1936;
       28:437-442, as quantiles of gamma distributions with shape O and O + 1.

    Examples
    --------
    >>> lower, upper = poisson_mean_limits([10])
    >>> round(float(lower[0]), 3), round(float(upper[0]), 3)
    (4.795, 18.39)
    """
    o, tail = _events(events, level)
    lower = np.where(o > 0, gammaincinv(np.maximum(o, 1e-300), tail), 0.0)
    return lower, np.asarray(gammaincinv(o + 1, 1 - tail), dtype=float)


def byar_limits(
    events: ArrayLike, level: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give Byar's approximate limits of the mean of a Poisson count.

    Parameters
    ----------
    events : array_like of float, shape (n,)
        Counts, at least 0; from about 10 on it is close to the exact limits.
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    lower, upper : ndarray of float, shape (n,)
        In events.

    Raises
    ------
    ValueError
        As `poisson_mean_limits`.

    References
    ----------
    .. [1] Breslow NE, Day NE. Statistical methods in cancer research, volume II. IARC
       1987, equation 2.13: O(1 − 1/9O − z/3√O)³ and with O + 1 above; as the R package
       PHEindicatormethods documents `byars_lower` and `byars_upper`.

    Examples
    --------
    >>> lower, upper = byar_limits([10])
    >>> round(float(lower[0]), 3), round(float(upper[0]), 3)
    (4.787, 18.391)
    """
    o, tail = _events(events, level)
    z = float(ndtri(1 - tail))
    some = np.maximum(o, 1e-300)
    below = o * np.maximum(1 - 1 / (9 * some) - z / (3 * np.sqrt(some)), 0.0) ** 3
    more = o + 1
    return (
        np.where(o > 0, below, 0.0),
        more * (1 - 1 / (9 * more) + z / (3 * np.sqrt(more))) ** 3,
    )


def indirect(
    events: ArrayLike,
    expected: ArrayLike,
    *,
    standard_rate: float = 1.0,
    interval: Literal["exact", "byar"] = "exact",
    level: float = 0.95,
) -> Standardised:
    """Give observed over expected events (SMR, SIR), or that times a standard rate.

    Parameters
    ----------
    events : array_like of int, shape (n_units,)
        Observed.
    expected : array_like of float, shape (n_units,)
        What a model, or the standard's rates, expect: above 0, taken as known.
    standard_rate : float
        The standard population's crude rate: the ratio times it is the indirectly
        standardised rate. 1 gives the ratio.
    interval : {"exact", "byar"}
        Garwood's or Byar's limits of the observed count.
    level : float
        Confidence level.

    Returns
    -------
    Standardised
        Ratios, or rates.

    Raises
    ------
    ValueError
        If shapes differ, an expectation is not above 0, a count is below 0, or the
        level or interval is impossible.

    Notes
    -----
    Indirectly standardised values of two units rest on different weights: each may be
    compared with the standard, but not one with the other.

    References
    ----------
    .. [1] Breslow and Day as in `byar_limits`, chapter 2.

    Examples
    --------
    >>> found = indirect([10], [8.0])
    >>> [round(float(x[0]), 3) for x in (found.value, found.lower, found.upper)]
    [1.25, 0.599, 2.299]
    """
    e = np.atleast_1d(np.asarray(expected, dtype=float))
    o = np.atleast_1d(np.asarray(events, dtype=float))
    if o.shape != e.shape or not (np.isfinite(e).all() and (e > 0).all()):
        raise ValueError("each unit has one expectation, a finite number above 0")
    if interval not in ("exact", "byar"):
        raise ValueError(f"an interval is exact or byar, not {interval}")
    limits = poisson_mean_limits if interval == "exact" else byar_limits
    lower, upper = limits(o, level)
    times = standard_rate / e
    return Standardised(value=o * times, lower=lower * times, upper=upper * times)


def direct(
    events: ArrayLike,
    exposure: ArrayLike,
    standard: ArrayLike,
    *,
    interval: Literal["dobson", "fay-feuer"] = "dobson",
    level: float = 0.95,
) -> Standardised:
    """Give directly standardised rates: strata weighted as in a standard population.

    Parameters
    ----------
    events, exposure : array_like of float, shape (n_units, n_strata)
        Counts, and persons or time at risk, above 0 in every stratum.
    standard : array_like of float, shape (n_strata,)
        The standard population, in any unit; not all 0.
    interval : {"dobson", "fay-feuer"}
        Exact limits of the total count moved to the weighted sum, or a gamma
        distribution with the weighted sum's mean and variance.
    level : float
        Confidence level.

    Returns
    -------
    Standardised
        Rates per unit of exposure.

    Raises
    ------
    ValueError
        If shapes differ, a stratum holds nobody (its rate is unknown: merge strata), a
        count is below 0, or the standard is impossible.

    References
    ----------
    .. [1] Dobson AJ, Kuulasmaa K, Eberle E, Scherer J. Intervals for weighted
       sums of Poisson parameters. Statistics in Medicine 1991;10:457-462: DSR +
       √(Var DSR / Var O) (limit of O − O), as PHEindicatormethods' `phe_dsr` (which
       takes Byar's limits).
    .. [2] Fay MP, Feuer EJ. Confidence intervals for directly standardized rates.
       Statistics in Medicine 1997;16:791-801, as epitools' `ageadjust.direct`.

    Examples
    --------
    >>> found = direct([[10, 40]], [[1000, 1000]], [3, 1])
    >>> round(float(found.value[0]), 4)
    0.0175
    """
    o, n = np.asarray(events, dtype=float), np.asarray(exposure, dtype=float)
    w = np.asarray(standard, dtype=float)
    if o.ndim != 2 or o.shape != n.shape or w.shape != (o.shape[1],):
        raise ValueError(
            f"events {o.shape}, exposure {n.shape} and standard {w.shape} do not fit"
        )
    if not (np.isfinite(n).all() and (n > 0).all()):
        raise ValueError("a stratum holds nobody, so its rate is unknown: merge strata")
    if not (np.isfinite(w).all() and (w >= 0).all() and w.sum() > 0):
        raise ValueError(
            "the standard population is finite, not below 0, and not empty"
        )
    total, tail = _events(o, level)
    share = w / w.sum()
    value = (total / n) @ share
    variance = (total / n**2) @ share**2
    largest = (share / n).max(axis=1)
    if interval == "dobson":
        return _dobson(value, variance, total.sum(axis=1), largest, level)
    if interval != "fay-feuer":
        raise ValueError(f"an interval is dobson or fay-feuer, not {interval}")
    some = np.maximum(value, 1e-300)
    spread = np.maximum(variance, 1e-300)
    lower = scipy.stats.gamma.ppf(tail, some**2 / spread, scale=spread / some)
    more, wider = value + largest, variance + largest**2
    upper = scipy.stats.gamma.ppf(1 - tail, more**2 / wider, scale=wider / more)
    return Standardised(value=value, lower=np.where(value > 0, lower, 0.0), upper=upper)


def _dobson(
    value: NDArray[np.float64],
    variance: NDArray[np.float64],
    count: NDArray[np.float64],
    largest: NDArray[np.float64],
    level: float,
) -> Standardised:
    low, high = poisson_mean_limits(count, level)
    # Without an event the variance is unknown: the heaviest stratum's weight is used,
    # as Fay and Feuer do, which errs towards a wider interval.
    times = np.where(count > 0, np.sqrt(variance / np.maximum(count, 1.0)), largest)
    return Standardised(
        value=value,
        lower=np.maximum(value + times * (low - count), 0.0),
        upper=value + times * (high - count),
    )


def _events(events: ArrayLike, level: float) -> tuple[NDArray[np.float64], float]:
    o = np.asarray(events, dtype=float)
    if not (np.isfinite(o).all() and (o >= 0).all()):
        raise ValueError("each count of events is a finite number of at least 0")
    if not 0 < level < 1:
        raise ValueError(f"level is a number between 0 and 1, not {level}")
    return o, (1 - level) / 2
