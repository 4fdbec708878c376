"""Rates standardised over covariates: a log-linear model, then everybody in each arm.

The ratio is a marginal one, of two rates of the same persons over the same time at
risk: the model's covariates make it more precise and leave what it means as it is.
"""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from rounds.methods.clusters.design_matrix import checked_design
from rounds.methods.clusters.sandwich import fay_graubard, sum_by_cluster
from rounds.methods.estimands.standardised_risk import Target

__all__ = ["StandardisedRate", "standardised_rate"]

Floats = NDArray[np.float64]

_MOST_STEPS = 60
_FARTHEST = 30.0
"""On the scale of a logarithm: beyond it, a rate is 0 or without bound."""


@dataclass(frozen=True)
class StandardisedRate:
    """Two standardised rates, compared; effects are logarithms of rate ratios."""

    estimate: float
    lower: float
    upper: float
    p_value: float
    se: float
    df: float
    rates: tuple[float, float]
    """Had nobody been exposed, had everybody: events per unit of time at risk."""
    n: int
    n_clusters: int


def standardised_rate(
    events: ArrayLike,
    time: ArrayLike,
    design: ArrayLike,
    clusters: ArrayLike | None = None,
    *,
    target: Target = "persons",
    level: float = 0.95,
) -> StandardisedRate:
    """Compare the rates that a log-linear model expects in everybody, by exposure.

    Parameters
    ----------
    events : array of float, shape (n_persons,)
        Counts, 0 or more.
    time : array of float, shape (n_persons,)
        At risk, above 0.
    design : array of float, shape (n_persons, p)
        Exposure (0 or 1) first; a constant column is yours to include.
    clusters : array, shape (n_persons,), optional
        What was randomised, if not persons.
    target : {"persons", "clusters"}
        Whose average it is: all time at risk counts alike, or all clusters do (the
        time of each weighs one over its sum).
    level : float
        Of the interval, in (0, 1).

    Returns
    -------
    StandardisedRate
        The model's variance is not relied upon: influence functions are summed by
        cluster (or person) as Fay and Graubard correct them, with clusters (or
        persons) less columns as degrees of freedom of t. Counts may vary more than
        Poisson's.

    Raises
    ------
    ValueError
        If shapes differ, a number is not finite, counts are negative, times not above
        0, an arm has no event, columns repeat each other or tell who has none, there
        are not more clusters than columns, or `target` names clusters where there are
        none.

    References
    ----------
    Rosenblum M, van der Laan MJ (2010). Simple, efficient estimators of treatment
    effects in randomized trials using generalized linear models to leverage baseline
    variables. International Journal of Biostatistics 6:13, DOI 10.2202/1557-4679.1138
    (its abstract: Poisson's model misspecified, the marginal log rate ratio still
    estimated consistently). Weights as in Kahan et al. (2023), `standardised_risk`.

    Examples
    --------
    >>> arm = [0, 0, 0, 0, 1, 1, 1, 1]
    >>> X = [[a, 1] for a in arm]
    >>> found = standardised_rate([1, 2, 0, 1, 2, 3, 1, 2], [2.0] * 8, X)
    >>> round(float(np.exp(found.estimate)), 6), [round(r, 6) for r in found.rates]
    (2.0, [0.5, 1.0])
    """
    y, X = checked_design(events, design, 0, level)
    t = np.asarray(time, dtype=float)
    _insist_on_rates(y, t, X)
    groups = np.arange(len(y)) if clusters is None else np.asarray(clusters)
    w = _weights(t, clusters, target)
    beta, bread = _log_linear(y, t, X, w)
    fitted = t * np.exp(X @ beta)
    scores = sum_by_cluster(X * (w * (y - fitted))[:, None], groups)
    if len(scores) <= X.shape[1]:
        raise ValueError(
            f"{len(scores)} clusters cannot carry {X.shape[1]} columns: more clusters "
            "than columns are needed"
        )
    spread = (w * fitted)[:, None, None]
    shares = sum_by_cluster(spread * X[:, :, None] * X[:, None, :], groups)
    scores = fay_graubard(scores, shares, bread)
    total = float((w * t).sum())
    rates, influences = [], []
    for exposed in (0.0, 1.0):
        at = np.column_stack([np.full(len(y), exposed), X[:, 1:]])
        each = np.exp(at @ beta)
        rate = float(w * t @ each / total)
        slope = (w * t * each) @ at / total
        own = sum_by_cluster(w * t * (each - rate) / total, groups)
        rates.append(rate)
        influences.append((own + scores @ bread @ slope) / rate)
    influence = influences[1] - influences[0]
    value, se = float(np.log(rates[1] / rates[0])), float(np.linalg.norm(influence))
    if not se > 1e-9:
        raise ValueError(
            "the variance cannot be estimated: rates do not vary between units of an "
            "arm"
        )
    df = float(len(scores) - X.shape[1])
    half = float(scipy.stats.t.ppf((1 + level) / 2, df)) * se
    return StandardisedRate(
        estimate=value,
        lower=value - half,
        upper=value + half,
        p_value=float(2 * scipy.stats.t.sf(abs(value / se), df)),
        se=se,
        df=df,
        rates=(rates[0], rates[1]),
        n=len(y),
        n_clusters=len(scores),
    )


def _insist_on_rates(y: Floats, t: Floats, X: Floats) -> None:
    if t.shape != y.shape or not np.isfinite(t).all() or not (t > 0).all():
        raise ValueError("each time at risk is a finite number above 0")
    if (y < 0).any():
        raise ValueError("counts are 0 or more")
    exposed = X[:, 0]
    if not np.isin(exposed, (0, 1)).all():
        raise ValueError("exposures are 0 or 1")
    for arm in (exposed == 0, exposed == 1):
        if not arm.any():
            raise ValueError("an arm has nobody; there is nothing to compare")
        if not y[arm].any():
            raise ValueError("an arm has no event; a ratio of rates has no interval")
    if np.linalg.matrix_rank(X) < X.shape[1]:
        raise ValueError("a column of the design repeats the others")


def _weights(t: Floats, clusters: ArrayLike | None, target: Target) -> Floats:
    if target == "persons":
        return np.ones(len(t))
    if clusters is None:
        raise ValueError("an average of clusters needs clusters")
    _, codes = np.unique(np.asarray(clusters), return_inverse=True)
    own = np.bincount(codes, weights=t)
    return np.asarray(t.sum() / len(own) / own[codes], dtype=float)


def _log_linear(y: Floats, t: Floats, X: Floats, w: Floats) -> tuple[Floats, Floats]:
    """Give the coefficients, and the inverse of the information."""
    overall = float(np.log((w @ y) / (w @ t)))
    beta = np.linalg.lstsq(X, np.full(len(y), overall), rcond=None)[0]
    for _ in range(_MOST_STEPS):
        fitted = t * np.exp(X @ beta)
        information = X.T @ (X * (w * fitted)[:, None])
        step = np.linalg.solve(information, X.T @ (w * (y - fitted)))
        beta = beta + step
        if np.abs(X @ beta - overall).max() > _FARTHEST:
            raise ValueError(
                "the model has no solution: a column, or several together, tell who "
                "has no event"
            )
        if np.abs(step).max() <= 1e-10 * max(1.0, np.abs(beta).max()):
            spread = (w * t * np.exp(X @ beta))[:, None]
            return beta, np.linalg.inv(X.T @ (X * spread)).astype(float)
    raise ValueError("the model does not settle; try fewer covariates")
