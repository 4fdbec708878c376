"""How a difference of two arms, and its standard error, went from look to look.

What a monitor needs: estimates from all data up to each look. Nothing here allows for
looking; the bounds and intervals of the neighbouring modules do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri, stdtr

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Path", "cluster_path", "mean_path", "proportion_path"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Path:
    """Estimates of one difference from all data up to each look."""

    estimate: NDArray[np.float64]
    """Shape (…, k): second arm minus first; 0 where nothing is known yet."""
    se: NDArray[np.float64]
    """Shape (…, k): its standard error; infinite where nothing is known yet."""
    df: NDArray[np.float64]
    """Shape (…, k): degrees of freedom of the standard error, at least 1."""

    @property
    def information(self) -> NDArray[np.float64]:
        """Shape (…, k): one over the variance."""
        return 1 / self.se**2

    @property
    def statistic(self) -> NDArray[np.float64]:
        """Shape (…, k): estimate over standard error."""
        return self.estimate / self.se

    @property
    def normal_statistic(self) -> NDArray[np.float64]:
        """Shape (…, k): what has the same p-value under a normal law; for bounds.

        It ends at 37, beyond which there are no smaller p-values.
        """
        t = self.statistic
        tail = np.maximum(stdtr(self.df, -np.abs(t)), 1e-300)
        return np.asarray(-np.sign(t) * ndtri(tail))


def proportion_path(events: ArrayLike, totals: ArrayLike) -> Path:
    """Give the difference of two proportions at each look, persons independent.

    Parameters
    ----------
    events, totals : array_like of float, shape (…, k, 2)
        Events and persons up to each look, in the first and in the second arm.

    Returns
    -------
    Path
        The variance in each arm is that of (events + ½) / (persons + 1), so that no
        early look is without one.

    Raises
    ------
    ValueError
        If shapes differ or are not of two arms, or events are not between 0 and their
        total.

    Examples
    --------
    >>> path = proportion_path([[30, 45]], [[100, 100]])
    >>> path.estimate.round(2).tolist(), path.se.round(3).tolist()
    ([0.15], [0.068])
    """
    x, n = _arms(events, totals)
    if not ((x >= 0) & (x <= n)).all():
        raise ValueError("events lie between 0 and their total")
    share = (x + 0.5) / (n + 1)
    size = np.maximum(n, 1)
    return _path(x / size, share * (1 - share) / size, n, known=n > 0)


def mean_path(totals: ArrayLike, sums: ArrayLike, squares: ArrayLike) -> Path:
    """Give the difference of two means at each look, persons independent.

    Parameters
    ----------
    totals : array_like of float, shape (…, k, 2)
        Persons up to each look, in the first and in the second arm.
    sums, squares : array_like of float, shape (…, k, 2)
        Their values, and the squares of their values, added up.

    Returns
    -------
    Path
        Nothing is known until both arms have two persons who differ.

    Raises
    ------
    ValueError
        If shapes differ or are not of two arms, or a number is impossible.

    Examples
    --------
    >>> path = mean_path([[4, 4]], [[4, 12]], [[6, 38]])
    >>> path.estimate.tolist(), path.se.round(3).tolist()
    ([2.0], [0.577])
    """
    total, n = _arms(sums, totals)
    square, _ = _arms(squares, totals)
    size = np.maximum(n, 1)
    left = square - total**2 / size
    if (left < -1e-9 * np.maximum(square, 1)).any():
        raise ValueError("squares add up to less than the sums allow")
    variance = np.maximum(left, 0) / np.maximum(n - 1, 1) / size
    # Rounding alone leaves a little variance where there is none.
    known = (n > 1) & (left > 1e-12 * np.maximum(square, 1e-300))
    return _path(total / size, variance, n, known=known)


def cluster_path(
    totals: ArrayLike, sums: ArrayLike, treated: ArrayLike, *, least: int = 5
) -> Path:
    """Give the difference of two means or proportions at each look, in clusters.

    Parameters
    ----------
    totals, sums : array_like of float, shape (…, k, m)
        Persons of each of m clusters up to each look, and their values (or events)
        added up.
    treated : array_like of bool, shape (m,)
        Which clusters belong to the second arm.
    least : int
        Clusters with somebody that an arm needs before anything is known of it, at
        least 2.

    Returns
    -------
    Path
        All persons of an arm have the same weight; the standard error is that between
        its clusters, and degrees of freedom are clusters less two.

    Raises
    ------
    ValueError
        If shapes differ, an arm can never have enough clusters, or a number is
        impossible.

    Notes
    -----
    Looks have independent increments, as bounds and intervals suppose, where clusters
    grow in proportion to each other, or are complete when they come. Where some are
    early and others late they have them only about, which is a known weakness of such
    estimates [2]_.

    References
    ----------
    .. [1] Zou GY, Donner A, Klar N (2005). Group sequential methods for cluster
       randomization trials with binary outcomes. Clinical Trials (abstract): standard
       methods do well from 10 clusters in each arm. DOI 10.1191/1740774505cn126oa
    .. [2] Shoben AB, Emerson SS (2014). Violations of the independent increment
       assumption when using generalized estimating equation in longitudinal group
       sequential trials. Statistics in Medicine 33:5041-5056 (abstract).

    Examples
    --------
    >>> path = cluster_path([[10, 10, 10, 10]], [[2, 4, 6, 8]], [0, 0, 1, 1], least=2)
    >>> path.estimate.round(2).tolist(), path.se.round(3).tolist(), path.df.tolist()
    ([0.4], [0.141], [2.0])
    """
    n, y = np.asarray(totals, dtype=float), np.asarray(sums, dtype=float)
    second = np.asarray(treated, dtype=bool)
    if n.shape != y.shape or n.ndim < 2 or second.shape != n.shape[-1:]:
        raise ValueError(
            f"totals have shape {n.shape}, sums {y.shape}, arms {second.shape}"
        )
    if not (np.isfinite(n) & np.isfinite(y) & (n >= 0)).all():
        raise ValueError("totals are finite and at least 0, and sums finite")
    if least < 2 or min(second.sum(), (~second).sum()) < least:
        raise ValueError(f"an arm has fewer than {max(least, 2)} clusters")
    means, variances, clusters = zip(
        *(_ratio(n[..., of], y[..., of]) for of in (~second, second)), strict=True
    )
    count = np.stack(clusters, axis=-1)
    variance = np.stack(variances, axis=-1)
    return _path(
        np.stack(means, axis=-1),
        variance,
        count,
        known=(count >= least) & (variance > 0),
    )


def _ratio(
    n: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Give a mean over persons, its variance between clusters, and their number."""
    size = np.maximum(n.sum(axis=-1), 1e-300)
    mean = y.sum(axis=-1) / size
    clusters = (n > 0).sum(axis=-1).astype(float)
    apart = ((y - mean[..., None] * n) ** 2).sum(axis=-1)
    widen = clusters / np.maximum(clusters - 1, 1)
    return mean, widen * apart / size**2, clusters


def _path(
    mean: NDArray[np.float64],
    variance: NDArray[np.float64],
    units: NDArray[np.float64],
    *,
    known: NDArray[np.bool_],
) -> Path:
    both = known.all(axis=-1)
    spread = np.where(both, variance.sum(axis=-1), 1.0)
    return Path(
        estimate=np.where(both, mean[..., 1] - mean[..., 0], 0.0),
        se=np.where(both, np.sqrt(spread), np.inf),
        df=np.maximum(units.sum(axis=-1) - 2, 1.0),
    )


def _arms(
    values: ArrayLike, totals: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, n = np.asarray(values, dtype=float), np.asarray(totals, dtype=float)
    if x.shape != n.shape or x.ndim < 2 or x.shape[-1] != 2:
        raise ValueError(
            f"values have shape {x.shape}, totals {n.shape}; expected (…, looks, 2)"
        )
    if not (np.isfinite(x) & np.isfinite(n) & (n >= 0)).all():
        raise ValueError("values are finite, and totals finite and at least 0")
    return x, n
