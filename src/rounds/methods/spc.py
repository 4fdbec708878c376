"""Shewhart charts (p, p′, XmR) and the signals of special causes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import binom

from rounds.methods.proportion import counts

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Chart", "Runs", "p_chart", "p_prime_chart", "runs", "xmr_chart"]

_D2 = 1.128  # expected range of two standard normal values
_SCREEN = 3.267  # upper limit of a moving range of two, in mean moving ranges


@dataclass(frozen=True, kw_only=True)
class Runs:
    """Whether runs about the centre line are unusually long or crossings few."""

    n_useful: int
    """Points that do not lie on the centre line."""
    longest_run: int
    longest_run_limit: int
    """A longest run above this is a signal."""
    n_crossings: int
    n_crossings_limit: int
    """Fewer crossings than this are a signal."""
    in_long_run: NDArray[np.bool_]
    """Shape (n,): whether the point is part of a run longer than the limit."""

    @property
    def is_signal(self) -> bool:
        """Whether either rule says that something has changed."""
        return (
            self.longest_run > self.longest_run_limit
            or self.n_crossings < self.n_crossings_limit
        )


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A control chart's lines and what they flag."""

    value: NDArray[np.float64]
    """Shape (n,): what is plotted."""
    centre_line: float
    lower: NDArray[np.float64]
    """Shape (n,): lower control limit."""
    upper: NDArray[np.float64]
    """Shape (n,): upper control limit."""
    beyond: NDArray[np.bool_]
    """Shape (n,): whether the point lies outside its limits."""
    runs: Runs
    sigma_z: float = 1.0
    """Of a p′ chart: limits are this many times as wide as those of the p chart."""


def p_chart(
    successes: ArrayLike, totals: ArrayLike, baseline: ArrayLike | None = None
) -> Chart:
    """Chart proportions with binomial three-sigma limits.

    Parameters
    ----------
    successes, totals : array_like of int, shape (n,)
        Events and trials of each subgroup, in order of time.
    baseline : array_like of bool, shape (n,), optional
        Which subgroups the centre line is computed from; all where not given.

    Returns
    -------
    Chart
        Proportions in [0, 1]; limits are cut at 0 and 1.

    Raises
    ------
    ValueError
        If counts are impossible or the baseline names no subgroup.

    References
    ----------
    .. [1] Anhøj J. qicharts2: quality improvement charts, vignette (CRAN).

    Examples
    --------
    >>> chart = p_chart([5, 6, 4, 20], [50, 50, 50, 50], [True, True, True, False])
    >>> chart.beyond.tolist()
    [False, False, False, True]
    """
    x, n = counts(successes, totals)
    used = _baseline(baseline, n.size)
    centre = float(x[used].sum() / n[used].sum())
    return _proportions(x / n, n, centre, 1.0)


def p_prime_chart(
    successes: ArrayLike,
    totals: ArrayLike,
    baseline: ArrayLike | None = None,
    *,
    screen: bool = True,
) -> Chart:
    """Chart proportions with Laney's limits, for subgroups so large that all vary.

    The binomial limits are multiplied by sigma_z, the mean moving range of the
    z-scores over 1.128. It may be below 1 (under-dispersion), as Laney has it.

    Parameters
    ----------
    successes, totals : array_like of int, shape (n,)
        Events and trials of each subgroup, in order of time; at least two.
    baseline : array_like of bool, shape (n,), optional
        Which subgroups centre line and sigma_z are computed from.
    screen : bool
        Whether moving ranges above 3.267 times their mean are left out, once, as
        qicharts2 does.

    Returns
    -------
    Chart
        Proportions in [0, 1]; limits are cut at 0 and 1.

    Raises
    ------
    ValueError
        As `p_chart`; or if fewer than two subgroups form the baseline; or if all
        successes are 0 or all equal their totals.

    References
    ----------
    .. [1] Laney DB. Improved control charts for attributes. Quality Engineering
       2002;14:531-537, as given in Minitab's "Methods and formulas for Laney P'
       Chart".
    """
    x, n = counts(successes, totals)
    used = _baseline(baseline, n.size)
    centre = float(x[used].sum() / n[used].sum())
    if used.sum() < 2 or not 0 < centre < 1:
        raise ValueError("a p′ chart needs two subgroups that are not all 0 or all 1")
    z = (x / n - centre) / np.sqrt(centre * (1 - centre) / n)
    sigma_z = _mean_moving_range(z[used], screen=screen) / _D2
    return _proportions(x / n, n, centre, sigma_z)


def xmr_chart(
    values: ArrayLike, baseline: ArrayLike | None = None, *, screen: bool = True
) -> Chart:
    """Chart individual values with limits of 2.66 mean moving ranges.

    Parameters
    ----------
    values : array_like of float, shape (n,)
        One value for each point of time, in order; at least two.
    baseline : array_like of bool, shape (n,), optional
        Which points the lines are computed from.
    screen : bool
        As `p_prime_chart`.

    Returns
    -------
    Chart
        In the unit of the values.

    Raises
    ------
    ValueError
        If fewer than two points form the baseline.

    References
    ----------
    .. [1] Anhøj J. qicharts2: quality improvement charts, vignette (CRAN).

    Examples
    --------
    >>> chart = xmr_chart([1.0, 2.0, 1.0, 2.0])
    >>> round(chart.centre_line, 2), round(float(chart.upper[0]), 2)
    (1.5, 4.16)
    """
    x = np.asarray(values, dtype=float)
    used = _baseline(baseline, x.size)
    if used.sum() < 2:
        raise ValueError("an XmR chart needs at least two points")
    centre = float(x[used].mean())
    half = 3 / _D2 * _mean_moving_range(x[used], screen=screen)
    lower, upper = np.full(x.size, centre - half), np.full(x.size, centre + half)
    return _chart(x, centre, lower, upper, 1.0)


def runs(values: ArrayLike, centre_line: float) -> Runs:
    """Count runs about a line and its crossings, and say what is unusual.

    Points on the line are passed over. A longest run above round(log2(n) + 3) or fewer
    crossings than the 5th percentile of a binomial (n − 1, 0.5) are signals.

    Parameters
    ----------
    values : array_like of float, shape (n,)
        Points in order of time.
    centre_line : float
        In the unit of the values.

    Returns
    -------
    Runs
        Counts and limits.

    References
    ----------
    .. [1] Anhøj J. qicharts2: quality improvement charts, vignette (CRAN).

    Examples
    --------
    >>> runs([1, 1, 1, 1, 1, 1, 1, 3, 3, 3], 2).longest_run
    7
    """
    x = np.asarray(values, dtype=float)
    useful = np.flatnonzero(x != centre_line)
    n = useful.size
    inside = np.zeros(x.size, dtype=bool)
    if n == 0:
        return Runs(
            n_useful=0,
            longest_run=0,
            longest_run_limit=3,
            n_crossings=0,
            n_crossings_limit=0,
            in_long_run=inside,
        )
    above = x[useful] > centre_line
    starts = np.flatnonzero(np.r_[True, above[1:] != above[:-1]])
    lengths = np.diff(np.r_[starts, n])
    limit = round(float(np.log2(n)) + 3)
    inside[useful[np.repeat(lengths > limit, lengths)]] = True
    return Runs(
        n_useful=n,
        longest_run=int(lengths.max()),
        longest_run_limit=limit,
        n_crossings=int(starts.size - 1),
        n_crossings_limit=int(binom.ppf(0.05, n - 1, 0.5)) if n > 1 else 0,
        in_long_run=inside,
    )


def _proportions(
    p: NDArray[np.float64], n: NDArray[np.float64], centre: float, sigma_z: float
) -> Chart:
    half = 3 * sigma_z * np.sqrt(centre * (1 - centre) / n)
    lower, upper = np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)
    return _chart(p, centre, lower, upper, sigma_z)


def _chart(
    value: NDArray[np.float64],
    centre: float,
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
    sigma_z: float,
) -> Chart:
    return Chart(
        value=value,
        centre_line=centre,
        lower=lower,
        upper=upper,
        beyond=(value < lower) | (value > upper),
        runs=runs(value, centre),
        sigma_z=sigma_z,
    )


def _baseline(baseline: ArrayLike | None, n: int) -> NDArray[np.bool_]:
    used = np.ones(n, bool) if baseline is None else np.asarray(baseline, dtype=bool)
    if used.shape != (n,) or not used.any():
        raise ValueError(f"the baseline names at least one of the {n} points")
    return used


def _mean_moving_range(x: NDArray[np.float64], *, screen: bool) -> float:
    ranges = np.abs(np.diff(x))
    if screen:
        ranges = ranges[ranges <= _SCREEN * ranges.mean()]
    return float(ranges.mean())
