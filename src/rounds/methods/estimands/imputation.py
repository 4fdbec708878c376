"""Outcomes that are missing, drawn from what a model of the known ones expects.

Persons one by one: a normal or a logistic model, its parameters drawn anew each time.
Persons in clusters: the same with a level of each cluster (normal, or probit by a
latent normal), by a Gibbs sampler: without it, imputed clusters would be too alike,
and the variance too small.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, ndtr, ndtri

__all__ = ["Imputations", "impute"]

Floats = NDArray[np.float64]

_BURN_IN = 300
_THIN = 15
"""Steps of the sampler before the first draw, and between two."""
_LEAST_CLUSTERS = 4
"""With a known outcome: fewer tell nothing of how clusters differ."""
_PRIOR_WEIGHT = 0.5
"""Of an event and a non-event each, spread over the known: so that no chance is 0 or 1
(as R's mice does, after White, Daniel and Royston 2010)."""


@dataclass(frozen=True, eq=False, repr=False)
class Imputations:
    """m draws of what the missing outcomes may have been."""

    missing: NDArray[np.bool_]
    """Shape (n_persons,)."""
    drawn: Floats
    """Of a number, the outcome; of 0 and 1, a latent one that is above 0 where the
    outcome is 1. Shape (m, n_missing)."""
    is_binary: bool

    def completed(self, outcome: ArrayLike, shift: ArrayLike = 0.0) -> Floats:
        """Give m completed outcomes.

        Parameters
        ----------
        outcome : array of float, shape (n_persons,)
            NaN where it is missing.
        shift : float or array of float, shape (n_missing,)
            Added to what was drawn: how much the missing differ from what the known
            would tell of them. Of 0 and 1, on the scale of the model (a log odds for
            persons, a probit in clusters).

        Returns
        -------
        array of float, shape (m, n_persons)
        """
        found = np.tile(np.asarray(outcome, dtype=float), (len(self.drawn), 1))
        values = self.drawn + np.asarray(shift, dtype=float)
        found[:, self.missing] = values > 0 if self.is_binary else values
        return found


def impute(
    outcome: ArrayLike,
    covariates: ArrayLike,
    clusters: ArrayLike | None = None,
    *,
    m: int,
    rng: np.random.Generator,
) -> Imputations:
    """Draw missing outcomes of one arm.

    Parameters
    ----------
    outcome : array of float, shape (n_persons,)
        NaN where it is missing; 0 and 1 throughout, or numbers.
    covariates : array of float, shape (n_persons, p)
        Known of everybody; no constant. Columns that repeat others are left out.
    clusters : array, shape (n_persons,), optional
        Whose persons may be alike.
    m : int
        How many draws.
    rng : Generator
        Where chance comes from.

    Returns
    -------
    Imputations

    Raises
    ------
    ValueError
        If shapes differ, a number is infinite or a covariate missing, too few outcomes
        are known for the covariates, they are all alike, or fewer than 4 clusters
        have any.

    References
    ----------
    Rubin DB (1987). Multiple imputation for nonresponse in surveys, section 5.3; as R's
    mice (`norm`, `logreg`) has it.
    Quartagno M, Carpenter JR (2016). Multiple imputation for IPD meta-analysis:
    allowing for heterogeneity and studies with missing covariates. Statistics in
    Medicine 35:2938-2954 (latent normal variables with random intercepts).
    Gelman A (2006). Prior distributions for variance parameters in hierarchical models.
    Bayesian Analysis 1:515-534 (a uniform prior of the standard deviation).

    Examples
    --------
    >>> y = [1.0, 2.0, np.nan, 2.5, 1.5, np.nan]
    >>> x = [[1], [2], [3], [3], [1], [2]]
    >>> found = impute(y, x, m=3, rng=np.random.default_rng(1))
    >>> found.completed(y).shape
    (3, 6)
    """
    y = np.asarray(outcome, dtype=float)
    given = np.asarray(covariates, dtype=float).reshape(len(y), -1)
    if np.isinf(y).any() or not np.isfinite(given).all():
        raise ValueError("outcomes are finite or missing, and covariates are known")
    if m < 2:
        raise ValueError(f"{m} draws cannot tell how much they differ")
    missing = np.isnan(y)
    known = y[~missing]
    X = _independent_columns(np.column_stack([np.ones(len(y)), given]), ~missing)
    if len(known) <= X.shape[1] + 1:
        raise ValueError(
            f"{len(known)} known outcomes of an arm cannot carry a model of "
            f"{X.shape[1]} columns"
        )
    if known.min() == known.max():
        raise ValueError("the known outcomes of an arm are all the same")
    is_binary = bool(np.isin(known, (0, 1)).all())
    if not missing.any():
        return Imputations(missing, np.zeros((m, 0)), is_binary)
    if clusters is None:
        draw = _logistic if is_binary else _normal
        return Imputations(missing, draw(known, X, missing, m, rng), is_binary)
    labels = np.asarray(clusters)
    if labels.shape != y.shape:
        raise ValueError(f"clusters has shape {labels.shape}, expected {y.shape}")
    codes = np.unique(labels, return_inverse=True)[1]
    n_known = len(np.unique(codes[~missing]))
    if n_known < _LEAST_CLUSTERS:
        raise ValueError(
            f"{n_known} clusters of an arm have a known outcome: to impute, at least "
            f"{_LEAST_CLUSTERS} are needed"
        )
    drawn = _in_clusters(y, X, codes, is_binary=is_binary, m=m, rng=rng)
    return Imputations(missing, drawn, is_binary)


def _independent_columns(X: Floats, known: NDArray[np.bool_]) -> Floats:
    """Standardise, and leave out columns that repeat others among the known."""
    sd = X.std(axis=0)
    scaled = np.where(sd > 0, (X - X.mean(axis=0)) / np.where(sd > 0, sd, 1), 1.0)
    kept = [0]
    for column in range(1, X.shape[1]):
        if sd[column] > 0:
            some = scaled[known][:, [*kept, column]]
            if np.linalg.matrix_rank(some, tol=1e-8 * len(some)) == len(kept) + 1:
                kept.append(column)
    return np.asarray(scaled[:, kept], dtype=float)


def _normal(
    known: Floats,
    X: Floats,
    missing: NDArray[np.bool_],
    m: int,
    rng: np.random.Generator,
) -> Floats:
    """Draw variance, coefficients, then outcomes."""
    Z = X[~missing]
    inverse = np.linalg.inv(Z.T @ Z)
    best = inverse @ (Z.T @ known)
    left = known - Z @ best
    df = len(known) - X.shape[1]
    sd = np.sqrt(left @ left / rng.chisquare(df, m))
    root = np.linalg.cholesky(inverse)
    beta = best + sd[:, None] * (rng.normal(size=(m, X.shape[1])) @ root.T)
    noise = sd[:, None] * rng.normal(size=(m, int(missing.sum())))
    return np.asarray(beta @ X[missing].T + noise, dtype=float)


def _logistic(
    known: Floats,
    X: Floats,
    missing: NDArray[np.bool_],
    m: int,
    rng: np.random.Generator,
) -> Floats:
    """Draw coefficients of a logistic model, then latent logistic outcomes."""
    n = len(known)
    Z = np.vstack([X[~missing]] * 3)
    y = np.concatenate([known, np.ones(n), np.zeros(n)])
    w = np.concatenate([np.ones(n), np.full(2 * n, _PRIOR_WEIGHT / n)])
    beta = np.zeros(X.shape[1])
    for _ in range(100):
        p = expit(Z @ beta)
        information = (Z * (w * p * (1 - p))[:, None]).T @ Z
        step = np.linalg.solve(information, Z.T @ (w * (y - p)))
        largest = float(np.abs(step).max())
        beta += step if largest < 2 else step * (2 / largest)
        if largest < 1e-9:
            break
    root = np.linalg.cholesky(np.linalg.inv(information))
    drawn = beta + rng.normal(size=(m, X.shape[1])) @ root.T
    noise = rng.logistic(size=(m, int(missing.sum())))
    return np.asarray(drawn @ X[missing].T + noise, dtype=float)


@dataclass(frozen=True, eq=False, repr=False)
class _State:
    """Of the sampler: latent outcomes, clusters' levels, variances."""

    z: Floats
    level: Floats
    between: float
    within: float


def _in_clusters(
    y: Floats,
    X: Floats,
    codes: NDArray[np.intp],
    *,
    is_binary: bool,
    m: int,
    rng: np.random.Generator,
) -> Floats:
    """Sample, and keep a draw of the missing every so many steps."""
    missing = np.isnan(y)
    seen = y[~missing]
    n_clusters = int(codes.max()) + 1
    root = np.linalg.cholesky(np.linalg.inv(X[~missing].T @ X[~missing]))
    sd = 1.0 if is_binary else float(seen.std())
    state = _State(
        z=np.where(seen > 0.5, 0.6, -0.6) if is_binary else seen,
        level=np.zeros(n_clusters),
        between=(0.2 * sd) ** 2,
        within=sd**2,
    )
    step = _stepper(X[~missing], codes[~missing], root, n_clusters, rng)
    drawn = np.zeros((m, int(missing.sum())))
    for k in range(_BURN_IN + m * _THIN):
        state, beta = step(state)
        if is_binary:
            mean = X[~missing] @ beta + state.level[codes[~missing]]
            state = replace(state, z=_truncated(mean, seen > 0.5, rng), within=1.0)
        if k >= _BURN_IN and (k - _BURN_IN) % _THIN == _THIN - 1:
            mean = X[missing] @ beta + state.level[codes[missing]]
            noise = np.sqrt(state.within) * rng.normal(size=len(mean))
            drawn[(k - _BURN_IN) // _THIN] = mean + noise
    return drawn


def _stepper(
    X: Floats,
    codes: NDArray[np.intp],
    root: Floats,
    n_clusters: int,
    rng: np.random.Generator,
) -> Callable[[_State], tuple[_State, Floats]]:
    """Give one round of draws: coefficients, levels, variances."""
    counts = np.bincount(codes, minlength=n_clusters)

    def step(state: _State) -> tuple[_State, Floats]:
        left = state.z - state.level[codes]
        best = root @ (root.T @ (X.T @ left))
        noise = root @ rng.normal(size=len(best))
        beta = best + np.sqrt(state.within) * noise
        left = state.z - X @ beta
        sums = np.bincount(codes, weights=left, minlength=n_clusters)
        precision = counts / state.within + 1 / state.between
        level = sums / state.within / precision
        level = level + rng.normal(size=n_clusters) / np.sqrt(precision)
        # A uniform prior of the standard deviation leaves one degree of freedom less.
        between = float((level @ level) / rng.chisquare(n_clusters - 1))
        left = left - level[codes]
        within = float((left @ left) / rng.chisquare(len(left)))
        return _State(state.z, level, max(between, 1e-10), within), beta

    return step


def _truncated(
    mean: Floats, above: NDArray[np.bool_], rng: np.random.Generator
) -> Floats:
    """Draw normals of standard deviation 1, above or below 0."""
    sign = np.where(above, 1.0, -1.0)
    # By the tail that is small, so that nothing is lost far out.
    tail = ndtr(sign * mean) * rng.random(len(mean))
    drawn = -ndtri(np.maximum(tail, 1e-300))
    return np.asarray(mean + sign * drawn, dtype=float)
