"""Runs about a line and crossings of it: Anhøj's rules."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import scipy

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Runs", "runs", "sides"]


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


def runs(values: ArrayLike, centre_line: ArrayLike) -> Runs:
    """Count runs about a line and its crossings, and say what is unusual.

    Points on the line are passed over. A longest run above round(log2(n)) + 3 or fewer
    crossings than the 5th percentile of a binomial (n − 1, 0.5) are signals.

    Parameters
    ----------
    values : array_like of float, shape (n,)
        Points in order of time.
    centre_line : array_like of float, shape () or (n,)
        In the unit of the values.

    Returns
    -------
    Runs
        Counts and limits.

    References
    ----------
    .. [1] Anhøj J, Olesen AV. Run charts revisited: a simulation study of run chart
       rules for detection of non-random variation in health care processes. PLoS ONE
       2014;9:e113825; the limits as in `runs.analysis` of qicharts2 0.8.1.

    Examples
    --------
    >>> runs([1, 1, 1, 1, 1, 1, 1, 3, 3, 3], 2).longest_run
    7
    """
    x = np.asarray(values, dtype=float)
    side = sides(x, np.asarray(centre_line, dtype=float))
    useful = np.flatnonzero(side)
    n = useful.size
    inside = np.zeros(x.size, dtype=bool)
    limit, fewest = _limits(n)
    if n == 0:
        return Runs(
            n_useful=0,
            longest_run=0,
            longest_run_limit=limit,
            n_crossings=0,
            n_crossings_limit=fewest,
            in_long_run=inside,
        )
    above = side[useful] > 0
    starts = np.r_[0, np.flatnonzero(above[1:] != above[:-1]) + 1]
    lengths = np.diff(np.r_[starts, n])
    inside[useful[np.repeat(lengths > limit, lengths)]] = True
    return Runs(
        n_useful=n,
        longest_run=int(lengths.max()),
        longest_run_limit=limit,
        n_crossings=int(starts.size - 1),
        n_crossings_limit=fewest,
        in_long_run=inside,
    )


def sides(values: NDArray[np.float64], line: NDArray[np.float64]) -> NDArray[np.int8]:
    """Say on which side of a line each value lies; rounding is no side.

    A constant proportion of 0.3 has a pooled proportion of 0.30000000000000004: to
    call all its points low would make a signal of nothing.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        Points.
    line : ndarray of float, shape (n,) or ()
        In the unit of the values.

    Returns
    -------
    ndarray of int8, shape (n,)
        1 above, -1 below, 0 on the line, to 1 part in 10¹⁰ of either.
    """
    gap = values - line
    room = 1e-10 * np.maximum(np.abs(values), np.abs(line))
    return ((gap > room).astype(np.int8) - (gap < -room)).astype(np.int8)


@lru_cache(maxsize=4096)
def _limits(n: int) -> tuple[int, int]:
    """Give the longest usual run and the fewest usual crossings of n points."""
    if n == 0:
        return 3, 0
    fewest = int(scipy.stats.binom.ppf(0.05, n - 1, 0.5)) if n > 1 else 0
    return round(float(np.log2(n))) + 3, fewest
