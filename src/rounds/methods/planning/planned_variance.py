"""The variance that an effect would have, of a design matrix that is known beforehand.

`trial_power` knows schedules and sizes; here the whole design matrix counts, with
strata, pairs and baseline rates among its columns, by least squares or by generalised
least squares. Variances are taken for known.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rounds.methods.clusters.design_matrix import without_repeats
from rounds.methods.planning.trial_power import Spread

__all__ = ["generalised_variance", "least_squares_variance"]

Floats = NDArray[np.float64]


def least_squares_variance(
    design: ArrayLike,
    clusters: ArrayLike,
    spread: Spread,
    *,
    column: int = 0,
    weights: ArrayLike | None = None,
    persons: ArrayLike | None = None,
    alike: float = 0.0,
) -> float:
    """Give the variance of a least-squares coefficient whose persons come in clusters.

    Parameters
    ----------
    design : array of float, shape (n_persons, n_columns)
        The arm and all that is adjusted for, a constant included. Columns that repeat
        others are left out.
    clusters : array, shape (n_persons,)
        The cluster of each person.
    spread : Spread
        The variances left once the other columns are known; those between clusters and
        between their periods add up.
    column : int
        The column whose coefficient is wanted.
    weights : array of float, shape (n_persons,), optional
        Of weighted least squares; all alike, if not given.
    persons : array, shape (n_persons,), optional
        Whose visit each row is, where rows are visits.
    alike : float
        Correlation of two visits of one person within a cluster, in [0, 1].

    Returns
    -------
    float
        (X'WX)⁻¹ X'WVWX (X'WX)⁻¹, with V of the spread: least squares weigh persons
        alike, and chance does not.

    Raises
    ------
    ValueError
        If shapes differ, the column repeats the others, or the correlation is none.

    References
    ----------
    Liang K-Y, Zeger SL (1986). Longitudinal data analysis using generalized linear
    models. Biometrika 73:13-22 (the sandwich, here with V known). Cited for the idea;
    the algebra is above.

    Examples
    --------
    >>> X = [[arm, 1] for arm in (0, 0, 1, 1)]
    >>> round(least_squares_variance(X, [1, 2, 3, 4], Spread(1.0)), 6)
    1.0
    """
    X, column = without_repeats(design, column)
    if not 0 <= alike <= 1:
        raise ValueError(f"a correlation of visits of {alike} is not from 0 to 1")
    codes = _codes(clusters, len(X))
    weight = np.ones(len(X)) if weights is None else np.asarray(weights, dtype=float)
    weighed = weight[:, None] * X
    M = np.linalg.inv(X.T @ weighed)
    sums = _summed(weighed, codes)
    shared = spread.between_clusters + spread.between_periods
    own = weighed.T @ weighed
    if persons is not None and alike:
        whose = codes * len(X) + _codes(persons, len(X))
        visits = _summed(weighed, np.unique(whose, return_inverse=True)[1])
        own = (1 - alike) * own + alike * visits.T @ visits
    middle = spread.within * own + shared * sums.T @ sums
    return float((M @ middle @ M)[column, column])


def generalised_variance(
    design: ArrayLike,
    clusters: ArrayLike,
    periods: ArrayLike | None,
    spread: Spread,
    *,
    column: int = 0,
) -> float:
    """Give the variance of a coefficient of a linear mixed model.

    Parameters
    ----------
    design, clusters, spread, column
        As `least_squares_variance` takes them; indicators of periods are yours to
        include.
    periods : array, shape (n_persons,), or None
        The period of each person: a cluster's level may differ between them.

    Returns
    -------
    float
        (X'V⁻¹X)⁻¹: of generalised least squares with the variances known, which
        restricted maximum likelihood comes close to with many clusters.

    Raises
    ------
    ValueError
        As `least_squares_variance`; also if the variance within is not above 0.

    References
    ----------
    Hussey MA, Hughes JP (2007). Design and analysis of stepped wedge cluster randomized
    trials. Contemporary Clinical Trials 28:182-191, with any columns in place of the
    periods' own; cells are summed over as `trial_power.effect_variance` does.

    Examples
    --------
    >>> X = [[arm, 1] for arm in (0, 0, 1, 1)]
    >>> spread = Spread(1.0, between_clusters=0.5)
    >>> round(generalised_variance(X, [1, 2, 3, 4], None, spread), 6)
    1.5
    """
    if not spread.within > 0:
        raise ValueError("persons of one cluster and period differ from one another")
    X, column = without_repeats(design, column)
    cluster = _codes(clusters, len(X))
    period = np.zeros(len(X), np.intp) if periods is None else _codes(periods, len(X))
    cells, cell = np.unique(cluster * (period.max() + 1) + period, return_inverse=True)
    of_cluster = cells // (period.max() + 1)
    size = np.bincount(cell).astype(float)
    means = _summed(X, cell) / size[:, None]
    apart = X - means[cell]
    information = apart.T @ apart / spread.within
    # A cluster's cells share one level: its inverse by Sherman and Morrison.
    weight = 1 / (spread.within / size + spread.between_periods)
    information = information + means.T @ (weight[:, None] * means)
    total = np.bincount(of_cluster, weights=weight)
    sums = _summed(weight[:, None] * means, of_cluster)
    lost = spread.between_clusters / (1 + spread.between_clusters * total)
    information = information - sums.T @ (lost[:, None] * sums)
    return float(np.linalg.inv(information)[column, column])


def _codes(labels: ArrayLike, n: int) -> NDArray[np.intp]:
    given = np.asarray(labels)
    if given.shape != (n,):
        raise ValueError(f"labels have shape {given.shape}, expected ({n},)")
    return np.asarray(np.unique(given, return_inverse=True)[1], dtype=np.intp)


def _summed(X: Floats, codes: NDArray[np.intp]) -> Floats:
    """Sum the rows of each code; every code is somebody's."""
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    return np.asarray(np.add.reduceat(X[order], starts), dtype=float)
