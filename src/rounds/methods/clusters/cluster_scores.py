"""The CR2 adjustment of clusters' scores, and Satterthwaite's degrees of freedom.

From cross-products of each cluster alone, for as many fits at once as there are: the
dimensions before the clusters' are those of fits.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["adjusted_scores", "satterthwaite"]

Floats = NDArray[np.float64]

_SINGULAR = 1e-9
"""How near to 1 a leverage is taken to be 1."""
_MANY = 1_000
"""Clusters, of which a matrix of every pair is no longer formed."""


def adjusted_scores(
    S: Floats, M: Floats, c: Floats, scores: Floats
) -> tuple[Floats, Floats, Floats]:
    """Give c'X_g'A_g e_g, c'X_g'A_g²X_g c and X_g'A_gX_g c of every cluster.

    A_g is the symmetric (pseudo-inverse) square root of (I − H_gg)⁻¹, where H_gg is
    X_g M X_g'. With M = LL', Z = X_g L and K = Z'Z = L'S_gL, H_gg is ZZ' and has K's
    eigenvalues h, those of nought apart. So A_g = I + Z f(K) Z', where 1 + h f(h) is
    (1 − h)^(−1/2), or nought where h is 1.

    Parameters
    ----------
    S, M : array of float, shape (…, n_clusters, k, k)
        X_g'X_g, and the inverse of all persons' X'X at the same columns.
    c, scores : array of float, shape (…, n_clusters, k)
        The inverse's column that is asked about, and X_g'e_g: of several outcomes,
        they are first.

    Returns
    -------
    adjusted, own : array of float, shape (…, n_clusters)
        `adjusted` of as many outcomes as there are scores of.
    across : array of float, shape (…, n_clusters, k)

    References
    ----------
    Pustejovsky and Tipton (2018), as `cluster_ols`.
    """
    L = np.linalg.cholesky(M)
    h, U = np.linalg.eigh(L.swapaxes(-1, -2) @ S @ L)
    free = 1 - h > _SINGULAR
    root = np.sqrt(np.where(free, 1 - h, 1.0))
    a = np.where(free, 1 / root, 0.0)
    f = np.where(free, 1 / (root * (1 + root)), -1 / np.where(free, 1.0, h))
    LU = L @ U
    # In the eigenvectors of K: c = LU q.
    q = (np.linalg.solve(L, c[..., None]).swapaxes(-1, -2) @ U)[..., 0, :]
    of_scores = (scores[..., :, None] * LU).sum(axis=-2)
    b = c + (LU @ (f * h * q)[..., None])[..., 0]
    return (
        (q * a * of_scores).sum(axis=-1),
        (h * (a * q) ** 2).sum(axis=-1),
        (S @ b[..., None])[..., 0],
    )


def satterthwaite(own: Floats, across: Floats, M: Floats) -> Floats:
    """Give the degrees of freedom of a sum of clusters' adjusted scores, squared.

    With p_g = (I − H)_g' A_g X_g c, the inner products p_g'p_h are those of
    P = diag(d) − B M B', where d_g = c'X_g'A_g²X_g c and b_g = X_g'A_gX_g c. They are
    (tr P)² / tr P², and tr P² = Σ d² − 2 Σ d_g b_g' M b_g + tr (M B'B)², so that many
    clusters need no P.

    Parameters
    ----------
    own : array of float, shape (…, n_clusters)
        d.
    across : array of float, shape (…, n_clusters, k)
        B.
    M : array of float, shape (…, k, k)
        The inverse of all persons' X'X.

    Returns
    -------
    array of float, shape (…)
        Nought where nothing varies.
    """
    turned = across.swapaxes(-1, -2)
    shared = across @ M
    each = (shared * across).sum(axis=-1)
    trace = (own - each).sum(axis=-1)
    if own.shape[-1] <= _MANY:
        P = -shared @ turned
        diagonal = np.arange(own.shape[-1])
        P[..., diagonal, diagonal] += own
        squares = (P**2).sum(axis=(-1, -2))
    else:
        MQ = M @ (turned @ across)
        squares = (own**2 - 2 * own * each).sum(axis=-1)
        squares = squares + (MQ * MQ.swapaxes(-1, -2)).sum(axis=(-1, -2))
    some = squares > 0
    df = np.where(some, trace**2 / np.where(some, squares, 1.0), 0.0)
    return np.asarray(df, dtype=float)
