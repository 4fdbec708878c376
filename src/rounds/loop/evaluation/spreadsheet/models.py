"""One number for a trial's effect, by the method that is asked for."""

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.spreadsheet.designs import SHEET_DESIGNS, Method, Scale
from rounds.loop.evaluation.spreadsheet.question import Fit, Question
from rounds.loop.evaluation.spreadsheet.summaries import SUMMARIES, summarise
from rounds.loop.evaluation.spreadsheet.trial import Trial
from rounds.methods.clusters.gee import Family, gee
from rounds.methods.clusters.least_squares import cluster_ols
from rounds.methods.clusters.linear_mixed import linear_mixed
from rounds.methods.clusters.permutation import permutation
from rounds.methods.clusters.robust_mixed import wider_mixed

__all__ = ["METHOD_WORDS", "Fit", "design_matrix", "fit"]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

METHOD_WORDS: dict[Method, str] = {  # as a reader of methods would name them
    "least-squares": (
        "least squares, CR2 standard errors (HC2 without clusters), Satterthwaite "
        "degrees of freedom"
    ),
    "gee": (
        "generalised estimating equations, exchangeable within clusters, Fay and "
        "Graubard's standard errors, clusters less coefficients as degrees of freedom"
    ),
    "mixed": (
        "linear mixed model, restricted maximum likelihood, Kenward and Roger's "
        "standard errors and degrees of freedom"
    ),
    "mixed-wider": (
        "linear mixed model, restricted maximum likelihood, the wider of Kenward and "
        "Roger's interval and CR2's with Satterthwaite degrees of freedom"
    ),
    "permutation": (
        "least squares, judged against the other allocations that could have been"
    ),
    "cox": (
        "Cox regression with Efron's ties; with clusters Lin and Wei's standard errors "
        "as Fay and Graubard correct them, clusters less columns as degrees of freedom"
    ),
    "kaplan-meier": (
        "the areas under Kaplan and Meier's curves, Greenwood's standard errors; with "
        "clusters the jackknife's, clusters less two as degrees of freedom"
    ),
    "rates": (
        "Poisson's estimating equations with time at risk, exchangeable within "
        "clusters, Fay and Graubard's standard errors, clusters (or persons) less "
        "coefficients as degrees of freedom"
    ),
    "standardisation": (
        "a logistic model standardised over everybody's strata and covariates, "
        "influence functions summed by cluster as Fay and Graubard correct them, "
        "clusters (or persons) less coefficients as degrees of freedom"
    ),
    "two-stage": (
        "two-stage least squares with the arm as instrument, CR2 standard errors "
        "(HC2 without clusters), Anderson and Rubin's interval"
    ),
    "as-allocated": (
        "least squares on those who did as their arm says, CR2 standard errors (HC2 "
        "without clusters), Satterthwaite degrees of freedom"
    ),
}


_FAMILIES: dict[Scale, Family] = {
    "difference": "gaussian",
    "risk-ratio": "poisson",
    "odds-ratio": "binomial",
}


def fit(trial: Trial, question: Question) -> Fit:
    """Estimate the effect of being exposed, active less the other arm.

    Parameters
    ----------
    trial : Trial
        Those whose outcome is unknown are left out.
    question : Question
        As `asking` allows it of the trial.

    Raises
    ------
    ValueError
        As the methods: where the data cannot give a number, the reason.
    """
    method, level = question.method, question.level
    known = trial.observed
    X = design_matrix(trial)[known]
    if question.scale in SUMMARIES:
        return summarise(trial, X, question)
    y = trial.outcome[known]
    clusters = None if trial.clusters is None else trial.clusters[known]
    if method == "permutation":
        return _permuted(trial, level=level, seed=question.seed)
    if method == "gee":
        return _marginal(y, X, clusters, question.scale, level=level)
    if method in ("mixed", "mixed-wider"):
        assert clusters is not None
        periods = None if trial.periods is None else trial.periods[known]
        model = linear_mixed if method == "mixed" else wider_mixed
        mixed = model(y, X, clusters, periods, level=level)
        return Fit(
            mixed.estimate,
            mixed.lower,
            mixed.upper,
            mixed.p_value,
            mixed.df,
            mixed.icc,
            se=mixed.se,
        )
    found = cluster_ols(y, X, clusters, level=level)
    values = (found.estimate, found.lower, found.upper, found.p_value, found.df)
    return Fit(*values, se=found.se)


def _marginal(
    y: Floats, X: Floats, clusters: Codes | None, scale: Scale, *, level: float
) -> Fit:
    """Fit a marginal model; a risk ratio by Poisson's with a robust variance."""
    found = gee(
        y,
        X,
        np.arange(len(y)) if clusters is None else clusters,
        family=_FAMILIES[scale],
        exchangeable=clusters is not None,
        level=level,
    )
    values = (found.estimate, found.lower, found.upper)
    if scale != "difference":
        values = (np.exp(values[0]), np.exp(values[1]), np.exp(values[2]))
    one, lower, upper = map(float, values)
    icc = None if clusters is None else found.correlation
    return Fit(one, lower, upper, found.p_value, found.df, icc, se=found.se)


def _permuted(trial: Trial, *, level: float, seed: int) -> Fit:
    assert trial.schedule is not None
    assert trial.clusters is not None
    if np.isnan(trial.schedule).any():
        raise ValueError(
            "a cluster has nobody in some period: what another order of switching "
            "would have shown cannot be told; try --method mixed"
        )
    known = trial.observed
    columns = [values[known] for values in trial.covariates.values()]
    found = permutation(
        trial.outcome[known],
        trial.clusters[known],
        trial.schedule,
        periods=None if trial.periods is None else trial.periods[known],
        adjust=np.column_stack(columns) if columns else None,
        strata=trial.strata,
        rng=np.random.default_rng(seed),
        level=level,
    )
    return Fit(
        found.estimate,
        found.lower,
        found.upper,
        found.p_value,
        n_allocations=found.n_allocations,
    )


def design_matrix(trial: Trial) -> Floats:
    """Give exposure first, a constant, then periods, strata and covariates.

    Parameters
    ----------
    trial : Trial
        Everybody, those whose outcome is unknown too.
    """
    columns: list[Floats] = [trial.active.astype(float), np.ones(len(trial.outcome))]
    if trial.periods is not None:
        columns += _indicators(trial.periods)
    if trial.strata is not None:
        of_person = trial.strata
        whole = not SHEET_DESIGNS[trial.design].within_clusters
        if trial.clusters is not None and whole:
            of_person = trial.strata[trial.clusters]
        columns += _indicators(of_person)
    return np.column_stack([*columns, *trial.covariates.values()])


def _indicators(codes: NDArray[np.intp]) -> list[Floats]:
    return [(codes == code).astype(float) for code in np.unique(codes)[1:]]
