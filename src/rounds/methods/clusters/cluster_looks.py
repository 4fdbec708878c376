"""Least squares in clusters, fitted anew at each of many looks while persons come in.

Each cluster's sums go on from look to look, so that some hundreds of looks cost little
more than one. The numbers are those of `cluster_ols` on whoever was seen until then.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rounds.methods.clusters.cluster_scores import adjusted_scores, satterthwaite
from rounds.methods.clusters.design_matrix import checked_design
from rounds.methods.clusters.least_squares import cluster_ols

__all__ = ["LookFits", "cluster_ols_at_looks"]

Floats = NDArray[np.float64]

_SAFE = 1e-6
"""Of columns of unit length: what the least eigenvalue exceeds where none repeats."""
_VARIES = 1e-8
"""A standard error in the outcome's own size; below, `cluster_ols` is asked itself."""


@dataclass(frozen=True, eq=False)
class LookFits:
    """One coefficient at each look, shape (…, n_looks); NaN where there is none.

    Outcomes, where there are several, are first.
    """

    estimate: Floats
    se: Floats
    """CR2 standard error."""
    df: Floats
    """Satterthwaite degrees of freedom."""


def cluster_ols_at_looks(
    outcome: ArrayLike,
    design: ArrayLike,
    clusters: ArrayLike,
    seen_from: ArrayLike,
    n_looks: int,
    *,
    column: int = 0,
) -> LookFits:
    """Fit y = Xb to those whom each look sees; give one coefficient.

    Parameters
    ----------
    outcome : array of float, shape (n_persons,) or (n_outcomes, n_persons)
        The outcome; of several, known of the same persons, each is fitted by itself.
    design : array of float, shape (n_persons, n_columns)
        The covariates; a constant column is yours to include.
    clusters : array, shape (n_persons,)
        The cluster of each person.
    seen_from : array of int, shape (n_persons,)
        The first look, from 0, that sees a person; `n_looks` or more where none does.
    n_looks : int
        Looks, each of which sees all that the one before it saw.
    column : int
        The column whose coefficient is wanted.

    Returns
    -------
    LookFits
        NaN at a look where `cluster_ols` gives no number.

    Raises
    ------
    ValueError
        As `cluster_ols`, of all persons together; or if `seen_from` has another shape
        or a number below 0.

    Examples
    --------
    >>> y = [1.0, 2.0, 4.0, 4.0, 2.0, 3.0, 5.0, 7.0]
    >>> X = [[a, 1] for a in [0, 0, 1, 1, 0, 0, 1, 1]]
    >>> at = [0, 0, 0, 0, 1, 1, 1, 1]
    >>> found = cluster_ols_at_looks(y, X, [1, 2, 3, 4, 1, 2, 3, 4], at, 2)
    >>> found.estimate.round(3).tolist(), found.df.round(3).tolist()
    ([2.5, 3.0], [2.0, 2.0])
    """
    outcomes = np.asarray(outcome, dtype=float)
    each = np.atleast_2d(outcomes)
    for one in each:
        y, X = checked_design(one, design, column, 0.95)
    at = np.asarray(seen_from)
    if at.shape != y.shape or (at < 0).any():
        raise ValueError(
            f"seen_from has shape {at.shape}, expected {y.shape} and none below 0"
        )
    codes = np.unique(np.asarray(clusters), return_inverse=True)[1]
    length = np.sqrt((X**2).sum(axis=0))
    length = np.where(length > 0, length, 1.0)
    length[column] = 1.0
    estimate, se, df, slow = _quickly(
        each, X / length, codes, at, n_looks, column=column
    )
    for i, look in zip(*np.nonzero(slow), strict=True):
        seen, place = at <= look, (i, look)
        try:
            fit = cluster_ols(each[i, seen], X[seen], codes[seen], column=column)
        except ValueError:
            estimate[place] = se[place] = df[place] = np.nan
            continue
        estimate[place], se[place], df[place] = fit.estimate, fit.se, fit.df
    shape = (*outcomes.shape[:-1], n_looks)
    return LookFits(estimate.reshape(shape), se.reshape(shape), df.reshape(shape))


def _quickly(
    Y: Floats,
    X: Floats,
    codes: NDArray[np.intp],
    at: NDArray[np.intp],
    n_looks: int,
    *,
    column: int,
) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
    """Fit all looks at once, and say which of them are to be fitted one by one."""
    g, k, m = int(codes.max()) + 1, X.shape[1], len(Y)
    seen = at < n_looks
    cell, X, Y = (at * g + codes)[seen], X[seen], Y[:, seen]

    def up_to(values: Floats | None) -> Floats:
        counted = np.bincount(cell, values, minlength=n_looks * g)
        return counted.reshape(n_looks, g).astype(float).cumsum(axis=0)

    S, xy = np.empty((n_looks, g, k, k)), np.empty((m, n_looks, g, k))
    for i in range(k):
        for number, y in enumerate(Y):
            xy[number, ..., i] = up_to(X[:, i] * y)
        for j in range(i + 1):
            S[..., i, j] = S[..., j, i] = up_to(X[:, i] * X[:, j])
    n, squares = up_to(None), np.array([up_to(y**2).sum(axis=1) for y in Y])
    whole = S.sum(axis=1)
    enough = (n.sum(axis=1) > k) & ((n > 0).sum(axis=1) >= 2)
    good = _no_repeats(whole) & enough
    whole[~good] = np.eye(k)
    M = np.linalg.inv(whole)
    beta = (M @ xy.sum(axis=2)[..., None])[..., 0]
    scores = xy - np.einsum("tgij,mtj->mtgi", S, beta)
    S[~good] = 0.0
    adjusted, own, across = adjusted_scores(
        S, M[:, None], M[:, None, :, column], scores
    )
    se = np.sqrt((adjusted**2).sum(axis=2))
    df = np.broadcast_to(satterthwaite(own, across, M), se.shape).copy()
    size = np.sqrt(squares / np.maximum(whole[:, column, column], 1e-300))
    told = good & (se > _VARIES * size) & np.isfinite(df) & (df > 0)
    # Too few persons or clusters, or nothing but noughts: no fit has a number to give.
    never = ~enough | (squares == 0)
    estimate = np.where(never, np.nan, beta[..., column])
    return (
        estimate,
        np.where(never, np.nan, se),
        np.where(never, np.nan, df),
        ~told & ~never,
    )


def _no_repeats(whole: Floats) -> NDArray[np.bool_]:
    length = np.sqrt(np.diagonal(whole, axis1=1, axis2=2))
    length = np.where(length > 0, length, 1.0)
    apart = whole / length[:, :, None] / length[:, None, :]
    return np.asarray(np.linalg.eigvalsh(apart)[:, 0] > _SAFE)
