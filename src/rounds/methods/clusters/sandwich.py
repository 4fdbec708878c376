"""Scores summed by cluster, and what few clusters ask of their squares."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["fay_graubard", "sum_by_cluster"]

Floats = NDArray[np.float64]

_BOUND = 0.75


def sum_by_cluster(values: Floats, clusters: ArrayLike) -> Floats:
    """Sum persons' contributions.

    Parameters
    ----------
    values : array of float, shape (n_persons, ...)
        One contribution a person.
    clusters : array, shape (n_persons,)
        The cluster of each person.

    Returns
    -------
    array of float, shape (n_clusters, ...)

    Raises
    ------
    ValueError
        If shapes differ, or there is only one cluster.
    """
    labels = np.asarray(clusters)
    if labels.shape != values.shape[:1]:
        raise ValueError(
            f"clusters has shape {labels.shape}, expected {values.shape[:1]}"
        )
    names, codes = np.unique(labels, return_inverse=True)
    if len(names) < 2:
        raise ValueError("there is only one cluster; at least two are needed")
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    summed: Floats = np.add.reduceat(values[order], starts, axis=0)
    return summed


def fay_graubard(scores: Floats, information: Floats, bread: Floats) -> Floats:
    """Enlarge each cluster's scores by what its own weight in the fit took away.

    Parameters
    ----------
    scores : array of float, shape (n_clusters, p)
        Sums of the estimating functions.
    information : array of float, shape (n_clusters, p, p)
        Each cluster's share of the information.
    bread : array of float, shape (p, p)
        The inverse of all clusters' information.

    Returns
    -------
    array of float, shape (n_clusters, p)
        Scores over sqrt(1 − min(0.75, diag(information × bread))).

    References
    ----------
    Fay MP, Graubard BI (2001). Small-sample adjustments for Wald-type tests using
    sandwich estimators. Biometrics 57:1198-1206, as geesmv's source has it (`gee`).
    """
    own = np.einsum("gij,ji->gi", information, bread)
    return np.asarray(scores / np.sqrt(1 - np.minimum(_BOUND, own)), dtype=float)
