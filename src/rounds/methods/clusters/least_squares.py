"""Least squares on persons, with a variance that knows they come in clusters.

Nothing larger than one k × k matrix a cluster is ever formed, of the k columns that
are not all nought in it: the CR2 adjustment of cluster g is I + X_g W_g X_g', so
X_g'X_g and X_g'e_g are all that is needed.
"""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from rounds.methods.clusters.cluster_scores import adjusted_scores, satterthwaite
from rounds.methods.clusters.design_matrix import checked_design, without_repeats

__all__ = ["ClusterFit", "cluster_ols"]

Floats = NDArray[np.float64]

_SINGULAR = 1e-9
"""Relative size below which an eigenvalue counts as nought."""


@dataclass(frozen=True)
class ClusterFit:
    """One coefficient of a least-squares fit, with a cluster-robust interval."""

    estimate: float
    se: float
    """CR2 standard error (HC2 where persons are independent)."""
    df: float
    """Satterthwaite degrees of freedom."""
    lower: float
    upper: float
    n: int
    n_clusters: int

    @property
    def p_value(self) -> float:
        """Two-sided p-value of no effect."""
        return float(2 * scipy.stats.t.sf(abs(self.estimate / self.se), self.df))


def cluster_ols(
    outcome: ArrayLike,
    design: ArrayLike,
    clusters: ArrayLike | None,
    *,
    column: int = 0,
    level: float = 0.95,
) -> ClusterFit:
    """Fit y = Xb by least squares; give one coefficient with a CR2 interval.

    Parameters
    ----------
    outcome : array of float, shape (n_persons,)
        The outcome, 0 or 1 for a linear probability model.
    design : array of float, shape (n_persons, n_columns)
        The covariates; a constant column is yours to include. Columns that repeat
        others are dropped, never the one asked about.
    clusters : array, shape (n_persons,), or None
        The cluster of each person. None: persons are independent (HC2, with
        n − rank degrees of freedom).
    column : int
        The column whose coefficient is wanted.
    level : float
        Of the interval, in (0, 1).

    Returns
    -------
    ClusterFit
        The interval is estimate ± t(df) × CR2 standard error; the degrees of freedom
        are Satterthwaite's under an identity working model.

    Raises
    ------
    ValueError
        If shapes differ, a number is not finite, there are fewer than two clusters,
        the coefficient is not identified, or its variance cannot be estimated.

    References
    ----------
    Pustejovsky JE, Tipton E (2018). Small-sample methods for cluster-robust variance
    estimation and hypothesis testing in fixed effects models. Journal of Business &
    Economic Statistics 36:672-683, read as arXiv:1601.01981 (adjustment matrices and
    Satterthwaite approximation). DOI 10.1080/07350015.2016.1247004

    Examples
    --------
    >>> y = [1.0, 2.0, 2.0, 3.0, 4.0, 4.0, 5.0, 7.0]
    >>> arm = [0, 0, 0, 0, 1, 1, 1, 1]
    >>> X = [[a, 1] for a in arm]
    >>> fit = cluster_ols(y, X, [1, 1, 2, 2, 3, 3, 4, 4])
    >>> round(fit.estimate, 3), round(fit.se, 3), round(fit.df, 3)
    (3.0, 1.118, 2.0)
    """
    y, X = checked_design(outcome, design, column, level)
    X, column = _full_rank(X, column)
    if clusters is None:
        estimate, variance, df, n_clusters = _independent(y, X, column)
    else:
        codes = _codes(clusters, len(y))
        estimate, variance, df, n_clusters = _clustered(y, X, codes, column)
    # Rounding alone leaves a little variance where there is none.
    size = np.sqrt((y**2).mean() / max(float((X[:, column] ** 2).mean()), 1e-300))
    if not variance > (1e-10 * size) ** 2 or not np.isfinite(df) or df <= 0:
        raise ValueError(
            "the variance of the coefficient cannot be estimated: the outcome does "
            f"not vary enough over {n_clusters} clusters and {X.shape[1]} columns"
        )
    se = float(np.sqrt(variance))
    half = float(scipy.stats.t.ppf((1 + level) / 2, df)) * se
    return ClusterFit(
        estimate, se, float(df), estimate - half, estimate + half, len(y), n_clusters
    )


def _codes(clusters: ArrayLike, n: int) -> NDArray[np.intp]:
    labels = np.asarray(clusters)
    if labels.shape != (n,):
        raise ValueError(f"clusters has shape {labels.shape}, expected ({n},)")
    names, codes = np.unique(labels, return_inverse=True)
    if len(names) < 2:
        raise ValueError("there is only one cluster; at least two are needed")
    return codes


def _full_rank(X: Floats, column: int) -> tuple[Floats, int]:
    """Scale the columns, and drop those that repeat the ones before them."""
    X, column = without_repeats(X, column)
    length = np.sqrt((X**2).sum(axis=0))
    length = np.where(length > 0, length, 1.0)
    length[column] = 1.0  # its coefficient keeps the scale it was asked on
    return X / length, column


def _clustered(
    y: Floats, X: Floats, codes: NDArray[np.intp], column: int
) -> tuple[float, float, float, int]:
    order = np.argsort(codes, kind="stable")
    X, y = X[order], y[order]
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    own = _own_columns(X, starts)
    n_clusters = len(own)
    # A column of noughts stands where a cluster has fewer columns than another.
    M = np.linalg.inv(X.T @ X).astype(np.float64)
    X = np.column_stack([X, np.zeros(len(X))])
    padded = np.zeros((X.shape[1], X.shape[1]))
    padded[:-1, :-1] = M
    rows = np.diff(np.append(starts, len(y)))
    X_own = X[np.arange(len(y))[:, None], np.repeat(own, rows, axis=0)]
    beta = M @ (X[:, :-1].T @ y)
    residual = y - X[:, :-1] @ beta
    scores = np.add.reduceat(X_own * residual[:, None], starts, axis=0)
    S = _cross_products(X_own, starts)
    M_own = padded[own[:, :, None], own[:, None, :]]
    empty, each = np.nonzero(own == len(M))
    M_own[empty, each, each] = 1.0
    adjusted, d, b = adjusted_scores(S, M_own, padded[own, column], scores)
    B = np.zeros((n_clusters, X.shape[1]))
    B[np.arange(n_clusters)[:, None], own] = b
    variance = float((adjusted**2).sum())
    df = float(satterthwaite(d, B[:, :-1], M))
    return float(beta[column]), variance, df, n_clusters


def _own_columns(X: Floats, starts: NDArray[np.intp]) -> NDArray[np.intp]:
    """Give the columns that are not all nought in a cluster: most dummies are.

    Shape (n_clusters, the most that a cluster has); the number of columns, which is
    no column's place, where a cluster has fewer.
    """
    some = np.add.reduceat(X != 0, starts, axis=0, dtype=np.intp) > 0
    most = max(int(some.sum(axis=1).max()), 1)
    places = np.where(some, np.arange(X.shape[1]), X.shape[1])
    return np.sort(places, axis=1)[:, :most].astype(np.intp)


def _cross_products(X: Floats, starts: NDArray[np.intp]) -> Floats:
    """Give X_g'X_g of every cluster, shape (n_clusters, n_columns, n_columns)."""
    k = X.shape[1]
    if len(starts) < k * (k + 1) / 2:
        ends = np.append(starts[1:], len(X))
        return np.array([X[a:b].T @ X[a:b] for a, b in zip(starts, ends, strict=True)])
    S = np.empty((len(starts), k, k))
    for i in range(k):
        for j in range(i + 1):
            S[:, i, j] = S[:, j, i] = np.add.reduceat(X[:, i] * X[:, j], starts)
    return S


def _independent(y: Floats, X: Floats, column: int) -> tuple[float, float, float, int]:
    M = np.linalg.inv(X.T @ X)
    beta = M @ (X.T @ y)
    XM = X @ M
    leverage = (XM * X).sum(axis=1)
    left = np.where(1 - leverage > _SINGULAR, 1 - leverage, 1.0)
    residual = np.where(1 - leverage > _SINGULAR, y - X @ beta, 0.0)
    variance = float((XM[:, column] ** 2 * residual**2 / left).sum())
    return float(beta[column]), variance, float(len(y) - X.shape[1]), len(y)
