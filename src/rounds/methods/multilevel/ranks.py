"""Ranks with their uncertainty: where a unit may stand, not where it happened to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Ranks", "ranks"]


@dataclass(frozen=True, kw_only=True)
class Ranks:
    """Ranks over posterior draws; equal values share the smaller rank."""

    rank: NDArray[np.int64]
    """Shape (n_units,): by the median of a unit's draws."""
    mean: NDArray[np.float64]
    """Shape (n_units,): posterior mean rank, from 1 to n_units."""
    lower: NDArray[np.int64]
    upper: NDArray[np.int64]
    """Shape (n_units,): the central interval of the rank; it holds `rank`."""
    first: NDArray[np.float64]
    """Shape (n_units,): probability to have rank 1, alone or with others."""
    top: NDArray[np.float64]
    """Shape (n_units,): probability to be among the best share of units."""
    bottom: NDArray[np.float64]
    """Shape (n_units,): probability to be among the worst share of units."""
    share: float
    level: float


def ranks(
    draws: ArrayLike,
    *,
    more_is_better: bool = True,
    share: float = 0.25,
    level: float = 0.95,
) -> Ranks:
    """Rank units in each draw of their true values, and say how the ranks spread.

    Parameters
    ----------
    draws : array_like of float, shape (n_draws, n_units)
        From the posterior of the true values, as `rounds.methods.opportunity` gives it:
        all units of one draw belong together. A unit is whatever is ranked.
    more_is_better : bool
        Whether rank 1 is the largest value or the smallest.
    share : float
        Share of units that counts as best, or worst, in (0, 1); rounded up.
    level : float
        Of the intervals, in (0, 1).

    Returns
    -------
    Ranks
        Expected ranks are shrunken towards the middle, as far as the data tell little.

    Raises
    ------
    ValueError
        If there are no draws of at least two units, a value is not finite, or the share
        or level is impossible.

    References
    ----------
    .. [1] Goldstein H, Spiegelhalter DJ. League tables and their limitations. Journal
       of the Royal Statistical Society A 1996;159:385-443 (abstract): intervals of
       ranks.

    Examples
    --------
    >>> found = ranks([[0.9, 0.5, 0.1], [0.8, 0.2, 0.3]])
    >>> found.mean.tolist(), found.top.tolist()
    ([1.0, 2.5, 2.5], [1.0, 0.0, 0.0])
    """
    given = np.asarray(draws, dtype=float)
    if given.ndim != 2 or not given.shape[0] or given.shape[1] < 2:
        raise ValueError(f"draws of at least two units are needed, not {given.shape}")
    if not np.isfinite(given).all():
        raise ValueError("each draw is a finite number")
    if not (0 < share < 1 and 0 < level < 1):
        raise ValueError(f"share {share} and level {level} lie between 0 and 1")
    signed = -given if more_is_better else given
    place = scipy.stats.rankdata(signed, method="min", axis=1)
    few = int(np.ceil(share * given.shape[1]))
    low, high = np.quantile(
        place, [(1 - level) / 2, (1 + level) / 2], axis=0, method="inverted_cdf"
    )
    middle = np.median(signed, axis=0)
    backwards = scipy.stats.rankdata(-signed, method="min", axis=1)
    rank = scipy.stats.rankdata(middle, method="min").astype(np.int64)
    return Ranks(
        rank=rank,
        mean=place.mean(axis=0),
        # Among units that are often equal, a median's rank may lie beyond the draws'.
        lower=np.minimum(low.astype(np.int64), rank),
        upper=np.maximum(high.astype(np.int64), rank),
        first=(place == 1).mean(axis=0),
        top=(place <= few).mean(axis=0),
        bottom=(backwards <= few).mean(axis=0),
        share=share,
        level=level,
    )
