"""How much more alike persons of one cluster are than persons of two."""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike

__all__ = ["anova_icc", "anova_icc_interval"]


@dataclass(frozen=True)
class _MeanSquares:
    """Of an analysis of variance of clusters within groups."""

    between: float
    within: float
    df_between: int
    df_within: int
    m: float
    """The adjusted mean size of a cluster."""

    def icc(self, ratio: float) -> float:
        """Give the correlation that belongs to a ratio of the mean squares."""
        return (ratio - 1) / (ratio + self.m - 1)


def anova_icc(outcome: ArrayLike, clusters: ArrayLike, groups: ArrayLike) -> float:
    """Give the analysis-of-variance estimate of the intracluster correlation.

    Parameters
    ----------
    outcome : array of float, shape (n_persons,)
        The outcome; 0 or 1 for an event.
    clusters, groups : array, shape (n_persons,)
        The cluster of each person, and the arm; their crossing is the nested cluster.

    Returns
    -------
    float
        (BMS − WMS) / (BMS + (m − 1) WMS), with the mean squares between clusters
        within groups and within clusters, and m the adjusted mean cluster size. At
        most 1; below 0 by chance where clusters do not differ.

    Raises
    ------
    ValueError
        If shapes differ, no group has two clusters, no cluster has two persons, or
        the outcome does not vary.

    References
    ----------
    Donner A (1986), pages 77-79, as documented for `clus.rho.g` of the R package
    fishmethods (rdrr.io/cran/fishmethods/man/clus.rho.g.html).

    Examples
    --------
    >>> anova_icc([1, 1, 0, 0], ["a", "a", "b", "b"], [0, 0, 0, 0])
    1.0
    """
    found = _mean_squares(outcome, clusters, groups)
    total = found.between + (found.m - 1) * found.within
    return float((found.between - found.within) / total)


def anova_icc_interval(
    outcome: ArrayLike,
    clusters: ArrayLike,
    groups: ArrayLike,
    *,
    level: float = 0.95,
) -> tuple[float, float]:
    """Give Searle's interval of the intracluster correlation, of the F distribution.

    Parameters
    ----------
    outcome, clusters, groups
        As `anova_icc` takes them.
    level : float
        Confidence level, in (0, 1).

    Returns
    -------
    lower, upper : float
        Where the ratio of the mean squares, over the F distribution's two quantiles,
        is put in place of the ratio. Exact for normal outcomes in clusters of one
        size; with unequal sizes, or shares, it is an approximation. The lower one may
        be below 0.

    Raises
    ------
    ValueError
        As `anova_icc`; also if no outcome varies within a cluster, or the level is not
        in (0, 1).

    References
    ----------
    Searle SR (1971). Linear Models; the limits that `ICCest` of the R package ICC calls
    THD, after Thomas and Hultquist and Donner, who use them with unequal sizes
    (rdrr.io/rforge/ICC/man/ICCest.html).

    Examples
    --------
    >>> y = [1, 2, 2, 3, 6, 7, 8, 9]
    >>> lower, upper = anova_icc_interval(y, [1, 1, 2, 2, 3, 3, 4, 4], [0] * 8)
    >>> round(lower, 3), round(upper, 3)
    (0.628, 0.997)
    """
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; expected a number between 0 and 1")
    found = _mean_squares(outcome, clusters, groups)
    if not found.within > 0:
        raise ValueError("no outcome varies within a cluster")
    ratio, tail = found.between / found.within, (1 - level) / 2
    between, within = found.df_between, found.df_within
    low = ratio / float(scipy.stats.f.isf(tail, between, within))
    high = ratio * float(scipy.stats.f.isf(tail, within, between))
    return found.icc(low), found.icc(high)


def _mean_squares(
    outcome: ArrayLike, clusters: ArrayLike, groups: ArrayLike
) -> _MeanSquares:
    y = np.asarray(outcome, dtype=float)
    _, cluster = np.unique(np.asarray(clusters), return_inverse=True)
    _, group = np.unique(np.asarray(groups), return_inverse=True)
    if not y.shape == cluster.shape == group.shape or y.ndim != 1:
        raise ValueError(
            f"outcome has shape {y.shape}, clusters {cluster.shape}, "
            f"groups {group.shape}; expected one (n,)"
        )
    pairs, cell = np.unique(
        cluster * (group.max(initial=0) + 1) + group, return_inverse=True
    )
    cell_group = pairs % (group.max(initial=0) + 1)
    size = np.bincount(cell)
    mean = np.bincount(cell, weights=y) / size
    n_group = np.bincount(group)
    group_mean = np.bincount(group, weights=y) / n_group
    df_between = len(pairs) - len(n_group)
    df_within = len(y) - len(pairs)
    if df_between < 1 or df_within < 1:
        raise ValueError(
            f"{len(y)} persons in {len(pairs)} clusters and {len(n_group)} groups: "
            "two clusters in a group and two persons in a cluster are needed"
        )
    between = (size * (mean - group_mean[cell_group]) ** 2).sum() / df_between
    within = ((y - mean[cell]) ** 2).sum() / df_within
    crowd = np.bincount(cell_group, weights=size.astype(float) ** 2) / n_group
    m = (len(y) - crowd.sum()) / df_between
    if not between + (m - 1) * within > 0:
        raise ValueError("the outcome does not vary, so no correlation is defined")
    return _MeanSquares(float(between), float(within), df_between, df_within, float(m))
