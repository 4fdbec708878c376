"""The effect of being allocated to the reminder, on one endpoint."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.designs import design_of
from rounds.loop.evaluation.designs.design import Fit
from rounds.loop.evaluation.participants import Participants
from rounds.methods.cluster import cluster_ols
from rounds.nouns import (
    ArmSummary,
    DefinitionError,
    Endpoint,
    Estimate,
    NotEstimable,
    Protocol,
    age_band,
)

__all__ = [
    "Effect",
    "arm_summaries",
    "check_covariates",
    "covariate_columns",
    "effect",
    "fit",
    "scale_of",
]

Columns = Callable[[Participants], list[NDArray[np.float64]]]


@dataclass(frozen=True)
class Effect:
    """An estimate, and the fit it was read from."""

    estimate: Estimate | NotEstimable
    fit: Fit | None = None


def _levels(values: NDArray[Any]) -> list[NDArray[np.float64]]:
    return [(values == level).astype(float) for level in np.unique(values)[1:]]


def _where_known(values: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Give one column, or none where nobody's value is known."""
    return [] if np.isnan(values).all() else [values]


COVARIATES: dict[str, Columns] = {
    "stratum": lambda people: _levels(people.stratum),
    "baseline_rate": lambda people: _where_known(people.baseline_rate),
    "size": lambda people: _where_known(people.clinic_size),
    "clinic": lambda people: _levels(people.clinic),
    "age": lambda people: [people.age],
    "age_band": lambda people: _levels(
        np.array([age_band(age) for age in people.age.tolist()], dtype=str)
    ),
    "sex": lambda people: _levels(people.sex),
    "svi_quartile": lambda people: _levels(people.svi_quartile),
}
"""What a protocol can adjust for, each measured before time zero."""


def check_covariates(protocol: Protocol) -> None:
    """Refuse covariates that nobody knows how to measure.

    Raises
    ------
    DefinitionError
        If the protocol names one that is not in `COVARIATES`.
    """
    unknown = [name for name in protocol.covariates if name not in COVARIATES]
    if unknown:
        raise DefinitionError(
            f"Protocol.covariates names {', '.join(map(repr, unknown))}.",
            code="unknown-covariate",
            why="An analysis adjusts only for what is measured before time zero.",
            remedies=(f"Choose among {', '.join(sorted(COVARIATES))}.",),
        )


def covariate_columns(
    people: Participants, names: tuple[str, ...]
) -> list[NDArray[np.float64]]:
    """Give the columns of some covariates, each of shape (n_participants,)."""
    return [column for name in names for column in COVARIATES[name](people)]


def scale_of(
    endpoint: Endpoint,
) -> Literal["mean_difference", "risk_difference"]:
    """Give the scale on which an endpoint's effect is estimated."""
    continuous = endpoint.estimand.summary_measure == "mean_difference"
    return "mean_difference" if continuous else "risk_difference"


def fit(
    people: Participants,
    protocol: Protocol,
    *,
    extra: tuple[NDArray[np.float64], ...] = (),
    column: int = 0,
) -> Fit:
    """Fit the protocol's model to those whose outcome is known.

    Parameters
    ----------
    extra : tuple of array, shape (n_participants,)
        Further columns, placed after the arm's; `column` counts the arm as 0.

    Raises
    ------
    ValueError
        As `cluster_ols` and `linear_mixed`.
    """
    covariates = covariate_columns(people, protocol.covariates)
    columns = [people.active.astype(float), *extra, np.ones(len(people)), *covariates]
    design = design_of(protocol)
    if design.fit is not None:
        return design.fit(people, columns, column=column, level=protocol.level)
    known = people.observed
    clusters = design.clusters(people)
    return cluster_ols(
        people.outcome[known],
        np.column_stack(columns)[known],
        None if clusters is None else clusters[known],
        column=column,
        level=protocol.level,
    )


def effect(
    people: Participants, protocol: Protocol, endpoint: Endpoint, *, unit: str = "1"
) -> Effect:
    """Estimate one endpoint's effect, active minus silent, as the protocol says.

    Parameters
    ----------
    unit : str
        UCUM unit of a mean difference.

    Returns
    -------
    Effect
        A risk difference or mean difference with the design's interval (its `method`
        says which); `NotEstimable` where the data cannot give one.
    """
    if endpoint.estimand.summary_measure == "risk_ratio":
        return Effect(NotEstimable(reason="this design estimates differences only"))
    known = people.active[people.observed]
    if not 0 < known.sum() < len(known):
        return Effect(NotEstimable(reason="an arm has nobody whose outcome is known"))
    try:
        fitted = fit(people, protocol)
    except ValueError as error:
        return Effect(NotEstimable(reason=str(error)))
    scale = scale_of(endpoint)
    estimate = Estimate(
        value=fitted.estimate,
        lower=fitted.lower,
        upper=fitted.upper,
        level=protocol.level,
        scale=scale,
        unit=unit if scale == "mean_difference" and unit else "1",
        n=fitted.n,
        estimand=endpoint.estimand.name,
        method=design_of(protocol).method,
    )
    return Effect(estimate, fitted)


def arm_summaries(
    people: Participants, endpoint: Endpoint, *, sealed: bool
) -> tuple[ArmSummary, ...]:
    """Give each arm's denominator and crude outcome; no outcome while sealed."""
    continuous = scale_of(endpoint) == "mean_difference"
    summaries = []
    for arm, member in (("active", people.active), ("silent", ~people.active)):
        known = member & people.observed
        n, total = int(known.sum()), float(people.outcome[known].sum())
        shown = n > 0 and not sealed
        summaries.append(
            ArmSummary(
                arm=arm,
                n_units=len(np.unique(people.unit[member])),
                n=n,
                numerator=round(total) if shown and not continuous else None,
                value=total / n if shown else None,
                persons=_persons(people, known, shown and not continuous),
            )
        )
    return tuple(summaries)


def _persons(
    people: Participants, known: NDArray[np.bool_], told: bool
) -> tuple[int, int | None] | None:
    """Count those whose visits these are, and, if told, those with the outcome."""
    if not people.are_visits:
        return None
    met = known & (people.outcome == 1)
    whose = [len(np.unique(people.person[rows])) for rows in (known, met)]
    return whose[0], whose[1] if told else None
