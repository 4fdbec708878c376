"""Generalised estimating equations, with variances made for few clusters.

A cluster enters every formula through its p × p information and its p scores alone:
each correction of its residuals, a function of its leverage, is the same function of a
p × p matrix. A cluster of a hundred thousand persons costs no more than a small one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from rounds.methods.clusters.design_matrix import checked_design

__all__ = ["Correction", "Family", "GeeFit", "Link", "gee"]

Floats = NDArray[np.float64]
Family = Literal["gaussian", "binomial", "poisson"]
Link = Literal["identity", "log", "logit"]
Correction = Literal["none", "kauermann-carroll", "mancl-derouen", "fay-graubard"]

_CANONICAL: dict[Family, Link] = {
    "gaussian": "identity",
    "binomial": "logit",
    "poisson": "log",
}
_MOST_STEPS = 60
_FARTHEST = 30.0
"""On the scale of a logit or a log: beyond it, somebody's chance is 0 or 1."""
_FAY_GRAUBARD_BOUND = 0.75


@dataclass(frozen=True)
class GeeFit:
    """One coefficient of a marginal model, with a cluster-robust interval."""

    estimate: float
    """On the scale of the link: a difference, a log ratio or a log odds ratio."""
    se: float
    df: float
    """Clusters less coefficients."""
    lower: float
    upper: float
    coefficients: Floats
    """Of every column, in the design's order."""
    covariance: Floats
    correlation: float
    """Between two persons of a cluster, as the working model has it."""
    n: int
    n_clusters: int

    @property
    def p_value(self) -> float:
        """Two-sided p-value of no effect."""
        return float(2 * scipy.stats.t.sf(abs(self.estimate / self.se), self.df))


@dataclass(frozen=True)
class _Sums:
    """What a cluster counts for, for all clusters: (g, p, p) and (g, p)."""

    information: Floats
    scores: Floats


def gee(
    outcome: ArrayLike,
    design: ArrayLike,
    clusters: ArrayLike,
    *,
    column: int = 0,
    family: Family = "gaussian",
    link: Link | None = None,
    offset: ArrayLike | None = None,
    exchangeable: bool = True,
    correction: Correction = "fay-graubard",
    level: float = 0.95,
) -> GeeFit:
    """Fit a marginal model; give one coefficient with a small-sample interval.

    Parameters
    ----------
    outcome : array of float, shape (n_persons,)
        The outcome.
    design : array of float, shape (n_persons, n_columns)
        The covariates; a constant column is yours to include.
    clusters : array, shape (n_persons,)
        The cluster of each person.
    column : int
        The column whose coefficient is wanted.
    family : {"gaussian", "binomial", "poisson"}
        How the variance goes with the mean.
    link : {"identity", "log", "logit"}, optional
        Of the mean; without, the family's own. Binomial with "log" gives a risk ratio,
        with "identity" a risk difference.
    offset : array of float, shape (n_persons,), optional
        Added to the linear predictor: of counts, the logarithm of the time at risk.
    exchangeable : bool
        Whether two persons of a cluster are taken to be correlated alike; else not.
    correction : {"none", "kauermann-carroll", "mancl-derouen", "fay-graubard"}
        Of the sandwich variance. With few clusters of unequal size Fay and Graubard's
        keeps its size where Kauermann and Carroll's does not (Li and Redden 2015);
        Mancl and DeRouen's is the most careful.
    level : float
        Of the interval, in (0, 1).

    Returns
    -------
    GeeFit
        The interval is estimate ± t(clusters − columns) × standard error.

    Raises
    ------
    ValueError
        If shapes differ, a number is not finite, an outcome is outside the family's
        range, there are not more clusters than columns, a column repeats others, or
        the equations have no solution (a column tells the outcome perfectly).

    References
    ----------
    Wang M (2015). geesmv: Modified Variance Estimators for Generalized Estimating
    Equations, R package 1.3: the formulae of Kauermann and Carroll (2001), Mancl and
    DeRouen (2001) and Fay and Graubard (2001, bound 0.75), as its source has them.
    https://github.com/cran/geesmv
    Li P, Redden DT (2015). Small sample performance of bias-corrected sandwich
    estimators for cluster-randomized trials with binary outcomes. Statistics in
    Medicine 34:281-296 (its abstract). DOI 10.1002/sim.6344

    Examples
    --------
    >>> y = [0, 1, 1, 1, 0, 0, 1, 0, 0, 1, 0, 1]
    >>> arm = [1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]
    >>> X = [[a, 1] for a in arm]
    >>> fit = gee(y, X, [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6], family="binomial")
    >>> fit.n_clusters, fit.df
    (6, 4.0)
    """
    y, X = checked_design(outcome, design, column, level)
    base = _offset(offset, len(y))
    y, X, base, blocks = _in_clusters(y, X, base, clusters, family)
    bend = _Bend.of(family, link or _CANONICAL[family])
    beta, alpha, sums = _solved(y, X, base, blocks, bend, exchangeable=exchangeable)
    bread = np.linalg.inv(sums.information.sum(axis=0))
    scores = _corrected(sums, bread, correction)
    covariance = bread @ (scores.T @ scores) @ bread
    variance, df = float(covariance[column, column]), float(len(blocks) - X.shape[1])
    # Rounding alone leaves a little variance where there is none.
    size = float(np.abs(y).max()) if not bend.is_curved else 1.0
    if not variance > (1e-9 * size) ** 2 or not np.isfinite(variance):
        raise ValueError(
            "the variance of the coefficient cannot be estimated: the outcome does not "
            "vary within the arms"
        )
    se, estimate = float(np.sqrt(variance)), float(beta[column])
    half = float(scipy.stats.t.ppf((1 + level) / 2, df)) * se
    return GeeFit(
        estimate=estimate,
        se=se,
        df=df,
        lower=estimate - half,
        upper=estimate + half,
        coefficients=beta,
        covariance=covariance,
        correlation=alpha,
        n=len(y),
        n_clusters=len(blocks),
    )


@dataclass(frozen=True)
class _Bend:
    """A family and a link: from the linear predictor to mean, slope and variance."""

    mean: Callable[[Floats], Floats]
    slope: Callable[[Floats], Floats]
    """Of the mean, given the mean."""
    variance: Callable[[Floats], Floats]
    first: Callable[[Floats], Floats]
    """A linear predictor to begin with, of the outcomes drawn towards their mean."""
    is_curved: bool

    @staticmethod
    def of(family: Family, link: Link) -> "_Bend":
        mean, slope, first = _LINKS[link]
        return _Bend(mean, slope, _VARIANCES[family], first, link != "identity")


_LINKS: dict[Link, tuple[Callable[[Floats], Floats], ...]] = {
    "identity": (lambda eta: eta, np.ones_like, lambda mu: mu),
    "log": (lambda eta: np.exp(np.minimum(eta, 700)), lambda mu: mu, np.log),
    "logit": (expit, lambda mu: mu * (1 - mu), lambda mu: np.log(mu / (1 - mu))),
}
_VARIANCES: dict[Family, Callable[[Floats], Floats]] = {
    "gaussian": np.ones_like,
    "binomial": lambda mu: mu * (1 - mu),
    "poisson": lambda mu: mu,
}


def _solved(
    y: Floats,
    X: Floats,
    base: Floats,
    blocks: list[slice],
    bend: _Bend,
    *,
    exchangeable: bool,
) -> tuple[Floats, float, _Sums]:
    """Step until the scores sum to nought, the correlation following the residuals."""
    towards = (y + y.mean()) / 2
    start = bend.first(towards) - base
    beta = np.linalg.lstsq(X, start, rcond=None)[0].astype(float)
    alpha = 0.0
    for _ in range(_MOST_STEPS):
        Z, e = _standardised(y, X, base, beta, bend)
        if exchangeable:
            alpha = _correlation(e, blocks)
        sums = _summed(Z, e, blocks, alpha)
        step = np.linalg.solve(sums.information.sum(axis=0), sums.scores.sum(axis=0))
        beta += step
        if np.abs(step).max() <= 1e-10 * max(1.0, np.abs(beta).max()):
            return beta, alpha, sums
    raise ValueError("the estimating equations do not settle; try fewer covariates")


def _standardised(
    y: Floats, X: Floats, base: Floats, beta: Floats, bend: _Bend
) -> tuple[Floats, Floats]:
    """Give the design and the residuals, each over the standard deviation."""
    eta = X @ beta + base
    if bend.is_curved and np.abs(eta).max() > _FARTHEST:
        raise ValueError(
            "the equations have no solution: a column, or several together, tell the "
            "outcome perfectly"
        )
    mu = bend.mean(eta)
    variance = bend.variance(mu)
    if not (variance > 0).all():
        raise ValueError(
            "the model expects a chance outside 0 to 1; with this link it cannot be "
            "fitted to these data"
        )
    sd = np.sqrt(variance)
    return X * (bend.slope(mu) / sd)[:, None], (y - mu) / sd


def _correlation(e: Floats, blocks: list[slice]) -> float:
    """Give the moment estimate of an exchangeable correlation, as geepack has it.

    One below nought is taken for nought: close to its least it would give the largest
    cluster all the weight, and the equations need not settle.
    """
    sizes = np.array([block.stop - block.start for block in blocks], dtype=float)
    pairs, squares = float((sizes * (sizes - 1) / 2).sum()), float(e @ e)
    if pairs == 0 or squares == 0:
        return 0.0
    sums = np.array([e[block].sum() for block in blocks])
    alpha = (float((sums**2).sum()) - squares) / 2 / pairs / (squares / len(e))
    return float(np.clip(alpha, 0.0, 0.99))


def _summed(Z: Floats, e: Floats, blocks: list[slice], alpha: float) -> _Sums:
    """Sum each cluster, its correlation matrix inverted in closed form."""
    if len(blocks) == len(e):  # of one person each
        return _Sums(Z[:, :, None] * Z[:, None, :], Z * e[:, None])
    information, scores = [], []
    for block in blocks:
        z, r = Z[block], e[block]
        shared = alpha / (1 + (len(r) - 1) * alpha)
        of_z = z.sum(axis=0)
        information.append(z.T @ z - shared * np.outer(of_z, of_z))
        scores.append(z.T @ r - shared * of_z * r.sum())
    return _Sums(np.array(information) / (1 - alpha), np.array(scores) / (1 - alpha))


def _corrected(sums: _Sums, bread: Floats, correction: Correction) -> Floats:
    """Give the scores of each cluster, were its residuals as large as its errors.

    D'V⁻¹ f(H) r = f(A M) D'V⁻¹ r, with H = D M D'V⁻¹ a cluster's leverage, A its
    information and M the inverse of everybody's: so f is of p × p matrices alone.
    """
    A, s = sums.information, sums.scores
    if correction == "none":
        return s
    if correction == "fay-graubard":
        own = np.einsum("gij,ji->gi", A, bread)
        least = 1 - np.minimum(_FAY_GRAUBARD_BOUND, own)
        return np.asarray(s / np.sqrt(least), dtype=float)
    L = np.linalg.cholesky(bread)
    value, vector = np.linalg.eigh(L.T @ A @ L)
    left = 1 - value
    if not (left > 1e-9).all():
        raise ValueError(
            "a column is of one cluster alone: its residuals are nought whatever its "
            "errors were, so the variance cannot be corrected"
        )
    power = -1.0 if correction == "mancl-derouen" else -0.5
    turned = np.einsum("gji,gj->gi", vector, s @ L)
    grown = np.einsum("gij,gj->gi", vector, turned * left**power)
    back = np.linalg.inv(L)
    return np.asarray(grown @ back, dtype=float)


def _offset(offset: ArrayLike | None, n: int) -> Floats:
    if offset is None:
        return np.zeros(n)
    base = np.asarray(offset, dtype=float)
    if base.shape != (n,) or not np.isfinite(base).all():
        raise ValueError(f"an offset is finite, of shape ({n},)")
    return base


def _in_clusters(
    y: Floats, X: Floats, base: Floats, clusters: ArrayLike, family: Family
) -> tuple[Floats, Floats, Floats, list[slice]]:
    """Give the rows sorted by cluster, and where each cluster lies."""
    labels = np.asarray(clusters)
    if labels.shape != y.shape:
        raise ValueError(f"clusters has shape {labels.shape}, expected {y.shape}")
    if family == "binomial" and not ((y >= 0) & (y <= 1)).all():
        raise ValueError("an outcome of the binomial family is between 0 and 1")
    if family == "poisson" and not (y >= 0).all():
        raise ValueError("an outcome of the poisson family is not below 0")
    if y.min() == y.max():
        raise ValueError("every outcome is the same; there is nothing to compare")
    if np.linalg.matrix_rank(X) < X.shape[1]:
        raise ValueError("a column of the design repeats the others")
    _, codes = np.unique(labels, return_inverse=True)
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    ends = [*starts[1:].tolist(), len(y)]
    if len(starts) <= X.shape[1]:
        raise ValueError(
            f"{len(starts)} clusters cannot carry {X.shape[1]} columns: more clusters "
            "than columns are needed"
        )
    blocks = [slice(a, b) for a, b in zip(starts.tolist(), ends, strict=True)]
    return y[order], X[order], base[order], blocks
