"""Risks standardised over covariates: a logistic model, then everybody in each arm.

The difference or ratio is a marginal one, of two risks of the same people: the model's
covariates make it more precise and leave what it means as it is.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from rounds.methods.clusters.design_matrix import checked_design
from rounds.methods.clusters.sandwich import fay_graubard, sum_by_cluster

__all__ = ["StandardisedRisk", "Target", "standardised_risk"]

Floats = NDArray[np.float64]
Target = Literal["persons", "clusters"]

_MOST_STEPS = 60
_FARTHEST = 30.0
"""On the scale of a logit: beyond it, somebody's chance is 0 or 1."""


@dataclass(frozen=True)
class StandardisedRisk:
    """Two standardised risks, compared."""

    estimate: float
    lower: float
    upper: float
    p_value: float
    se: float
    """Of the difference, or of the logarithm of the ratio (or odds ratio)."""
    df: float
    risks: tuple[float, float]
    """Had nobody been exposed, had everybody."""
    n: int
    n_clusters: int


def standardised_risk(
    outcome: ArrayLike,
    design: ArrayLike,
    clusters: ArrayLike | None = None,
    *,
    target: Target = "persons",
    ratio: bool = False,
    odds: bool = False,
    corrected: bool = True,
    level: float = 0.95,
) -> StandardisedRisk:
    """Compare what a logistic model expects, had everybody been exposed or nobody.

    Parameters
    ----------
    outcome : array of float, shape (n_persons,)
        0 or 1.
    design : array of float, shape (n_persons, p)
        Exposure (0 or 1) first; a constant column is yours to include.
    clusters : array, shape (n_persons,), optional
        What was randomised, if not persons.
    target : {"persons", "clusters"}
        Whose average it is: each person counts alike, or each cluster does (its
        persons weigh one over their number). Where the effect goes with a cluster's
        size the two differ.
    ratio : bool
        Whether the ratio is asked for; else the difference.
    odds : bool
        Whether the odds ratio of the two risks is asked for: a marginal one, whatever
        the covariates.
    corrected : bool
        Whether the scores are corrected for few clusters (Fay and Graubard).
    level : float
        Of the interval, in (0, 1).

    Returns
    -------
    StandardisedRisk
        By the influence function, which counts the persons themselves as sampled;
        summed by cluster. The interval is one of t with clusters (or persons) less
        columns; of a ratio, on its logarithm.

    Raises
    ------
    ValueError
        If shapes differ, a number is not finite, outcomes or exposure are not 0 and 1,
        columns repeat each other or tell the outcome perfectly, there are not more
        clusters than columns, or `target` names clusters where there are none.

    References
    ----------
    Ye T, Bannick M, Yi Y, Shao J (2023). Robust variance estimation for covariate-
    adjusted unconditional treatment effect in randomized clinical trials with binary
    outcomes. Statistical Theory and Related Fields 7:159-163, DOI
    10.1080/24754269.2023.2205802 (its abstract); the influence function written out
    as in Tsiatis AA (2006), Semiparametric theory and missing data, chapter 3.
    Kahan BC, Li F, Copas AJ, Harhay MO (2023). Estimands in cluster-randomized trials:
    choosing analyses that answer the right question. International Journal of
    Epidemiology 52:107-118 (persons' and clusters' averages).

    Examples
    --------
    >>> arm = [0, 0, 0, 0, 1, 1, 1, 1]
    >>> X = [[a, 1] for a in arm]
    >>> found = standardised_risk([0, 0, 0, 1, 0, 1, 1, 1], X)
    >>> round(found.estimate, 6), [round(r, 6) for r in found.risks]
    (0.5, [0.25, 0.75])
    """
    y, X = checked_design(outcome, design, 0, level)
    _insist_on_binary(y, X)
    w = _weights(clusters, len(y), target)
    groups = np.arange(len(y)) if clusters is None else np.asarray(clusters)
    beta, bread = _logistic(y, X, w)
    fitted = expit(X @ beta)
    scores = sum_by_cluster(X * (w * (y - fitted))[:, None], groups)
    if len(scores) <= X.shape[1]:
        raise ValueError(
            f"{len(scores)} clusters cannot carry {X.shape[1]} columns: more clusters "
            "than columns are needed"
        )
    if corrected:
        spread = (w * fitted * (1 - fitted))[:, None, None]
        shares = sum_by_cluster(spread * X[:, :, None] * X[:, None, :], groups)
        scores = fay_graubard(scores, shares, bread)
    risks, influences = [], []
    for exposed in (0.0, 1.0):
        at = np.column_stack([np.full(len(y), exposed), X[:, 1:]])
        each = expit(at @ beta)
        risk = float(w @ each / w.sum())
        slope = (w * each * (1 - each)) @ at / w.sum()
        own = sum_by_cluster(w * (each - risk) / w.sum(), groups)
        risks.append(risk)
        influences.append(own + scores @ bread @ slope)
    value, influence = _contrast(risks, influences, ratio=ratio, odds=odds)
    se, df = float(np.sqrt(influence @ influence)), float(len(scores) - X.shape[1])
    if not se > 1e-9:
        raise ValueError(
            "the variance cannot be estimated: the outcome does not vary between units "
            "of an arm"
        )
    half = float(scipy.stats.t.ppf((1 + level) / 2, df)) * se
    found = np.array([value, value - half, value + half])
    estimate, lower, upper = (np.exp(found) if ratio or odds else found).tolist()
    return StandardisedRisk(
        estimate=estimate,
        lower=lower,
        upper=upper,
        p_value=float(2 * scipy.stats.t.sf(abs(value / se), df)),
        se=se,
        df=df,
        risks=(risks[0], risks[1]),
        n=len(y),
        n_clusters=len(scores),
    )


def _contrast(
    risks: list[float], influences: list[Floats], *, ratio: bool, odds: bool
) -> tuple[float, Floats]:
    """Compare two risks where effects add, with what each cluster moves it by."""
    (off, on), (by_off, by_on) = risks, influences
    if odds:
        value = float(np.log(on / (1 - on)) - np.log(off / (1 - off)))
        return value, by_on / (on * (1 - on)) - by_off / (off * (1 - off))
    if ratio:
        return float(np.log(on / off)), by_on / on - by_off / off
    return on - off, by_on - by_off


def _insist_on_binary(y: Floats, X: Floats) -> None:
    for values, name in ((y, "outcomes"), (X[:, 0], "exposures")):
        if not np.isin(values, (0, 1)).all():
            raise ValueError(f"{name} are 0 or 1")
        if values.min() == values.max():
            raise ValueError(f"all {name} are the same; there is nothing to compare")
    if np.linalg.matrix_rank(X) < X.shape[1]:
        raise ValueError("a column of the design repeats the others")


def _weights(clusters: ArrayLike | None, n: int, target: Target) -> Floats:
    if target == "persons":
        return np.ones(n)
    if clusters is None:
        raise ValueError("an average of clusters needs clusters")
    _, codes, sizes = np.unique(
        np.asarray(clusters), return_inverse=True, return_counts=True
    )
    return np.asarray(n / len(sizes) / sizes[codes], dtype=float)


def _logistic(y: Floats, X: Floats, w: Floats) -> tuple[Floats, Floats]:
    """Give the coefficients, and the inverse of the information."""
    beta = np.zeros(X.shape[1])
    for _ in range(_MOST_STEPS):
        fitted = expit(X @ beta)
        information = X.T @ (X * (w * fitted * (1 - fitted))[:, None])
        step = np.linalg.solve(information, X.T @ (w * (y - fitted)))
        beta += step
        if np.abs(X @ beta).max() > _FARTHEST:
            raise ValueError(
                "the model has no solution: a column, or several together, tell the "
                "outcome perfectly"
            )
        if np.abs(step).max() <= 1e-10 * max(1.0, np.abs(beta).max()):
            fitted = expit(X @ beta)
            spread = (w * fitted * (1 - fitted))[:, None]
            return beta, np.linalg.inv(X.T @ (X * spread)).astype(float)
    raise ValueError("the model does not settle; try fewer covariates")
