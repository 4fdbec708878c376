"""How many degrees of freedom a schedule of arms leaves, before anybody is enrolled."""

import numpy as np
from numpy.typing import ArrayLike

from rounds.methods.clusters.cluster_scores import adjusted_scores, satterthwaite
from rounds.methods.clusters.robust_mixed import cell_roots
from rounds.methods.planning.trial_power import Spread

__all__ = ["schedule_freedom"]


def schedule_freedom(exposed: ArrayLike, sizes: ArrayLike, spread: Spread) -> float:
    """Give Satterthwaite's degrees of freedom of `robust_mixed` under its own model.

    Parameters
    ----------
    exposed : array of 0 and 1, shape (n_clusters, n_periods)
        Who is exposed when: a stepped wedge, a cross-over.
    sizes : array of float, shape (n_clusters, 1) or (n_clusters, n_periods)
        Persons in each cell.
    spread : Spread
        The variances.

    Returns
    -------
    float
        They go with the schedule, the sizes and the variances alone, for arm and
        periods are the same for all in a cell.

    References
    ----------
    As `satterthwaite`.

    Examples
    --------
    >>> wedge = [[0, 1, 1], [0, 1, 1], [0, 0, 1], [0, 0, 1]]
    >>> round(schedule_freedom(wedge, [[20]] * 4, Spread(1.0, 0.05)), 2)
    2.0
    """
    arms = np.asarray(exposed, dtype=float)
    n = np.broadcast_to(np.asarray(sizes, dtype=float), arms.shape)
    n_clusters, n_periods = arms.shape
    periods = np.broadcast_to(np.eye(n_periods), (n_clusters, n_periods, n_periods))
    X = np.concatenate([arms[:, :, None], periods], axis=2) * np.sqrt(n)[:, :, None]
    X = (
        cell_roots(n, spread.within, spread.between_clusters, spread.between_periods)
        @ X
    )
    S = X.swapaxes(1, 2) @ X
    M = np.linalg.inv(S.sum(axis=0))
    every = np.broadcast_to(M, S.shape)
    of_arm = np.broadcast_to(M[0], S.shape[:2])
    _, own, across = adjusted_scores(S, every, of_arm, np.zeros(S.shape[:2]))
    return float(satterthwaite(own, across, M))
