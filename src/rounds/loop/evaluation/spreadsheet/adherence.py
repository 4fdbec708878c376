"""What was received, and not only allocated: complier-average and per-protocol."""

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.spreadsheet.question import Fit, Question
from rounds.loop.evaluation.spreadsheet.trial import Trial
from rounds.methods.clusters.least_squares import cluster_ols
from rounds.methods.estimands.complier_average import complier_average

__all__ = ["compliers", "per_protocol"]

Floats = NDArray[np.float64]

_WEAK = 10.0
"""An F of the first stage below which estimates are known to be skewed (Staiger and
Stock 1997); Anderson and Rubin's interval holds all the same."""


def compliers(trial: Trial, X: Floats, question: Question) -> Fit:
    """Give the effect among those who received it because of their arm.

    Parameters
    ----------
    trial, X, question
        As of `summarise`.

    Raises
    ------
    ValueError
        As `complier_average`.
    """
    known = trial.observed
    clusters = None if trial.clusters is None else trial.clusters[known]
    found = complier_average(
        trial.outcome[known],
        trial.roles["received"][known],
        X,
        clusters,
        level=question.level,
    )
    f = found.first_stage_f
    notes = [
        (
            f"{found.first_stage:.1%} of persons received it because of their arm: the "
            "effect is theirs, and of no others."
        )
    ]
    if f is not None and f < _WEAK:
        notes.append(
            f"The arm changes little of what was received (F = {f:.1f}, below "
            f"{_WEAK:g}): the estimate is skewed, the interval is not."
        )
    return Fit(
        found.estimate,
        found.lower,
        found.upper,
        found.p_value,
        found.df,
        lead=_received(trial),
        details={
            "first_stage": found.first_stage,
            "first_stage_f": f,
            "se_two_stage": found.se,
        },
        notes=tuple(notes),
    )


def per_protocol(trial: Trial, X: Floats, question: Question) -> Fit:
    """Compare those who did as their arm says, which is no randomised comparison.

    Parameters
    ----------
    trial, X, question
        As of `summarise`.

    Raises
    ------
    ValueError
        If an arm has too few of them, or as `cluster_ols`.
    """
    known = trial.observed
    did = (trial.roles["received"] == trial.active)[known]
    clusters = None if trial.clusters is None else trial.clusters[known][did]
    units = np.arange(int(did.sum())) if clusters is None else clusters
    for arm, label in zip((0, 1), trial.labels, strict=True):
        if len(np.unique(units[X[did, 0] == arm])) < 2:
            unit = "persons" if clusters is None else "clusters"
            raise ValueError(
                f"fewer than two {unit} in the arm {label!r} have anybody who did as "
                "it says"
            )
    found = cluster_ols(
        trial.outcome[known][did], X[did], clusters, level=question.level
    )
    n_out = int((~did).sum())
    note = (
        f"{n_out} of {len(did)} persons did not do as their arm says and are left out: "
        "who is left was chosen after the allocation, so the arms need not be alike. "
        "--summary complier-average keeps the comparison that was randomised."
    )
    values = (found.estimate, found.lower, found.upper, found.p_value, found.df)
    return Fit(
        *values,
        se=found.se,
        lead=_received(trial),
        details={"n_as_allocated": int(did.sum())},
        notes=(note,),
    )


def _received(trial: Trial) -> str:
    shares = []
    for arm in (trial.active, ~trial.active):
        some = trial.roles["received"][trial.observed & arm]
        shares.append(f"{some.mean():.1%}")
    return (
        f"In the arm {trial.labels[1]!r} {shares[0]} received it, in "
        f"{trial.labels[0]!r} {shares[1]}"
    )
