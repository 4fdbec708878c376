"""How much more alike persons of one cluster are than persons of two."""

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["anova_icc"]


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
    total = between + (m - 1) * within
    if not total > 0:
        raise ValueError("the outcome does not vary, so no correlation is defined")
    return float((between - within) / total)
