"""Standardised risks, and rates of counts over time at risk."""

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.spreadsheet.question import Fit, Question
from rounds.loop.evaluation.spreadsheet.trial import Trial
from rounds.methods.clusters.gee import gee
from rounds.methods.estimands.standardised_risk import standardised_risk

__all__ = ["rates", "standardised"]

Floats = NDArray[np.float64]


def standardised(trial: Trial, X: Floats, question: Question) -> Fit:
    """Give two risks of the same persons: had all been exposed, or nobody.

    Parameters
    ----------
    trial, X, question
        As of `summarise`.

    Raises
    ------
    ValueError
        As `standardised_risk`.
    """
    known = trial.observed
    found = standardised_risk(
        trial.outcome[known],
        X,
        None if trial.clusters is None else trial.clusters[known],
        target=question.target,
        ratio=question.scale == "standardised-ratio",
        level=question.level,
    )
    notes: tuple[str, ...] = ()
    if trial.clusters is not None:
        other = "persons" if question.target == "clusters" else "clusters"
        note = (
            f"An average of {question.target}: each counts alike. Where the effect "
            f"goes with a cluster's size, that of {other} is another number "
            f"(--target {other})."
        )
        notes = (note,)
    return Fit(
        found.estimate,
        found.lower,
        found.upper,
        found.p_value,
        found.df,
        se=found.se,
        lead=f"With everybody in the arm {trial.labels[1]!r} {found.risks[1]:.1%} of "
        f"{question.target} would have the outcome, in {trial.labels[0]!r} "
        f"{found.risks[0]:.1%}"
        if question.target == "persons"
        else f"With every cluster in the arm {trial.labels[1]!r} its share with the "
        f"outcome would be {found.risks[1]:.1%} on average, in {trial.labels[0]!r} "
        f"{found.risks[0]:.1%}",
        details={"risks": list(found.risks), "target": question.target},
        notes=notes,
    )


def rates(trial: Trial, X: Floats, question: Question) -> Fit:
    """Compare counts over time at risk.

    Parameters
    ----------
    trial, X, question
        As of `summarise`.

    Raises
    ------
    ValueError
        If an arm has no event, or as `gee`.
    """
    known = trial.observed
    y, time = trial.outcome[known], trial.roles["exposure"][known]
    told = []
    for arm, label in zip((~trial.active, trial.active), trial.labels, strict=True):
        some = arm[known]
        if not y[some].any():
            raise ValueError(f"nobody in the arm {label!r} has a count above 0")
        told.append(f"{y[some].sum() / time[some].sum():.3g}")
    is_clustered = trial.clusters is not None
    groups = np.arange(len(y)) if trial.clusters is None else trial.clusters[known]
    is_ratio = question.scale == "rate-ratio"
    found = gee(
        y,
        X if is_ratio else X * time[:, None],
        groups,
        family="poisson",
        link="log" if is_ratio else "identity",
        offset=np.log(time) if is_ratio else None,
        exchangeable=is_clustered,
        level=question.level,
    )
    values = np.array([found.estimate, found.lower, found.upper])
    estimate, lower, upper = (np.exp(values) if is_ratio else values).tolist()
    return Fit(
        estimate,
        lower,
        upper,
        found.p_value,
        found.df,
        found.correlation if is_clustered else None,
        se=found.se,
        lead=f"In the arm {trial.labels[1]!r} the rate is {told[1]} for one unit of "
        f"time, in {trial.labels[0]!r} {told[0]}",
        details={"time_at_risk": float(time.sum()), "n_events": float(y.sum())},
    )
