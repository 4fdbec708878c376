"""The effect of being allocated to the reminder, on one endpoint."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.designs import design_of
from rounds.loop.evaluation.designs.design import Fit
from rounds.loop.evaluation.estimates.summaries import (
    BY_LEAST_SQUARES,
    OF_SHARES,
    OF_TIMES,
    Asked,
    fit_summary,
)
from rounds.loop.evaluation.participants import Participants
from rounds.methods.clusters.least_squares import cluster_ols
from rounds.methods.estimands.scales import from_additive
from rounds.nouns import (
    ArmSummary,
    DefinitionError,
    Endpoint,
    Estimand,
    Estimate,
    NotEstimable,
    Protocol,
    age_band,
)
from rounds.nouns.estimand import SummaryMeasure

__all__ = [
    "Effect",
    "arm_summaries",
    "check_covariates",
    "covariate_columns",
    "effect",
    "fit",
    "fit_asked",
    "scale_of",
    "unit_of",
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


def scale_of(endpoint: Endpoint) -> SummaryMeasure:
    """Give the scale on which an endpoint's effect is told."""
    return endpoint.estimand.summary_measure


def unit_of(endpoint: Endpoint, unit: str) -> str:
    """Give the unit of an endpoint's effect (UCUM), of whose measure it is `unit`."""
    scale = scale_of(endpoint)
    if scale == "rmst_difference":
        return "d"
    return unit if scale == "mean_difference" and unit else "1"


def fit(
    people: Participants,
    protocol: Protocol,
    *,
    extra: tuple[NDArray[np.float64], ...] = (),
    column: int = 0,
    weighting: str = "participants",
    harm: bool = False,
) -> Fit:
    """Fit the protocol's linear model to those whose outcome is known.

    Parameters
    ----------
    extra : tuple of array, shape (n_participants,)
        Further columns, placed after the arm's; `column` counts the arm as 0.
    weighting : {"participants", "clusters"}
        What counts alike.
    harm : bool
        Whether it is a balancing endpoint's, of which a design may have a model.

    Raises
    ------
    ValueError
        As `cluster_ols` and `linear_mixed`.
    """
    columns = _columns(people, protocol, extra)
    design = design_of(protocol)
    model = (design.fit_of_harm if harm else None) or design.fit
    if model is not None:
        return model(people, columns, column=column, level=protocol.level)
    known = people.observed
    clusters = design.clusters(people)
    y, X = people.outcome[known], np.column_stack(columns)[known]
    if weighting == "clusters":
        # Rows times the root of their weight: least squares then weighs by it.
        root = np.sqrt(_of_one_clinic(people.clinic[known]))
        y, X = y * root, X * root[:, None]
    return cluster_ols(
        y,
        X,
        None if clusters is None else clusters[known],
        column=column,
        level=protocol.level,
    )


def _columns(
    people: Participants, protocol: Protocol, extra: tuple[NDArray[np.float64], ...]
) -> list[NDArray[np.float64]]:
    """Give the arm, what is asked beside it, a constant, and the covariates."""
    covariates = covariate_columns(people, protocol.covariates)
    return [people.active.astype(float), *extra, np.ones(len(people)), *covariates]


def _of_one_clinic(clinic: NDArray[np.str_]) -> NDArray[np.float64]:
    """Give weights that add up to 1 in each clinic, shape (n_participants,)."""
    _, codes, sizes = np.unique(clinic, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / sizes[codes], dtype=float)


def fit_asked(
    people: Participants,
    protocol: Protocol,
    estimand: Estimand,
    *,
    extra: tuple[NDArray[np.float64], ...] = (),
    column: int = 0,
    harm: bool = False,
) -> tuple[Fit, str]:
    """Fit what an estimand asks for, where effects add; say how.

    Parameters
    ----------
    extra, column, harm
        As of `fit`.

    Returns
    -------
    fit : Fit
        Of a ratio, on its logarithm.
    method : str
        Estimator and interval in words.

    Raises
    ------
    ValueError
        Where the data cannot give a number: the reason.
    """
    if estimand.summary_measure in BY_LEAST_SQUARES:
        weighting = estimand.weighting
        found = fit(
            people,
            protocol,
            extra=extra,
            column=column,
            weighting=weighting,
            harm=harm,
        )
        design = design_of(protocol)
        method = (design.method_of_harm if harm else "") or design.method
        if weighting == "clusters":
            method += ", weighted so that each clinic counts alike"
        return found, method
    columns = _columns(people, protocol, extra)
    return fit_summary(Asked(people, protocol, estimand, columns), column)


def effect(
    people: Participants, protocol: Protocol, endpoint: Endpoint, *, unit: str = "1"
) -> Effect:
    """Estimate one endpoint's effect, active against silent, as the protocol says.

    Parameters
    ----------
    unit : str
        UCUM unit of a mean difference.

    Returns
    -------
    Effect
        The summary measure with the design's interval (its `method` says which), and
        the fit where effects add: of a ratio, its logarithm. `NotEstimable` where the
        data cannot give one.
    """
    known = people.active[people.observed]
    if not 0 < known.sum() < len(known):
        return Effect(NotEstimable(reason="an arm has nobody whose outcome is known"))
    try:
        harm = endpoint.role == "balancing"
        fitted, method = fit_asked(people, protocol, endpoint.estimand, harm=harm)
    except (ValueError, np.linalg.LinAlgError) as error:
        return Effect(NotEstimable(reason=str(error)))
    scale = scale_of(endpoint)
    estimate = Estimate(
        value=from_additive(scale, fitted.estimate),
        lower=from_additive(scale, fitted.lower),
        upper=from_additive(scale, fitted.upper),
        level=protocol.level,
        scale=scale,
        unit=unit_of(endpoint, unit),
        n=fitted.n,
        estimand=endpoint.estimand.name,
        method=method,
    )
    return Effect(estimate, fitted)


def arm_summaries(
    people: Participants, endpoint: Endpoint, *, sealed: bool
) -> tuple[ArmSummary, ...]:
    """Give each arm's denominator and crude outcome; no outcome while sealed."""
    scale = scale_of(endpoint)
    summaries = []
    for arm, member in (("active", people.active), ("silent", ~people.active)):
        known = member & people.observed
        n, total = int(known.sum()), float(people.outcome[known].sum())
        time = _time_at_risk(people, known) if scale in OF_TIMES else None
        over = float(n) if time is None else time
        shown = over > 0 and not sealed
        counted = shown and scale != "mean_difference"
        summaries.append(
            ArmSummary(
                arm=arm,
                n_units=len(np.unique(people.unit[member])),
                n=n,
                numerator=round(total) if counted else None,
                value=total / over if shown else None,
                persons=_persons(people, known, shown and scale in OF_SHARES),
                time_at_risk=time,
            )
        )
    return tuple(summaries)


def _time_at_risk(people: Participants, known: NDArray[np.bool_]) -> float:
    return 0.0 if people.time is None else float(people.time[known].sum())


def _persons(
    people: Participants, known: NDArray[np.bool_], told: bool
) -> tuple[int, int | None] | None:
    """Count those whose visits these are, and, if told, those with the outcome."""
    if not people.are_visits:
        return None
    met = known & (people.outcome == 1)
    whose = [len(np.unique(people.person[rows])) for rows in (known, met)]
    return whose[0], whose[1] if told else None
