"""What is looked at beside the estimate where arms change over time.

- By time since the switch (stepped wedge): the main model takes the effect to be the
  same from the first day on. Where it grows or fades the main estimate is not its
  average over time, and can even have the other sign; this look does not assume so.
- Least squares with period and clinic effects, CR2 standard errors: from within clinics
  alone, with no model of how clinics vary.
- The schedules that could have been drawn: a permutation test, which needs no model.

References
----------
Kenny A, Voldal EC, Xia F, Heagerty PJ, Hughes JP (2022). Analysis of stepped wedge
cluster randomized trials in the presence of a time-varying treatment effect. Statistics
in Medicine 41:4311-4339 (its abstract: estimates under a constant effect can be
misleading and have the other sign; exposure-time models are safer).
"""

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.arms.schedules import table_of
from rounds.loop.evaluation.designs import design_of
from rounds.loop.evaluation.designs.design import Fit
from rounds.loop.evaluation.designs.scheduled import period_columns
from rounds.loop.evaluation.estimates.effects import covariate_columns, scale_of
from rounds.loop.evaluation.participants import Allocation, Participants
from rounds.methods.clusters.least_squares import cluster_ols
from rounds.methods.clusters.permutation import permutation
from rounds.nouns import (
    Estimate,
    ExposureTimeEffect,
    NotEstimable,
    Protocol,
    Schedule,
    ScheduleResult,
)

__all__ = ["schedule_result"]

FEWEST = 11
"""Participants that a time since the switch needs; fewer could not be shown anyway."""
DRAWS = 5_000


def schedule_result(
    people: Participants, protocol: Protocol, allocation: Allocation, sealed: str | None
) -> ScheduleResult | None:
    """Look at the primary effect in other ways; nothing is looked at while sealed.

    Returns
    -------
    ScheduleResult or None
        None where arms run in parallel.
    """
    schedule = protocol.schedule
    if schedule is None:
        return None
    if sealed is not None:
        return ScheduleResult(kind=schedule.kind, note=f"sealed: {sealed}")
    times: tuple[ExposureTimeEffect, ...] = ()
    average: Estimate | NotEstimable | None = None
    if schedule.kind == "stepped_wedge":
        times, average = _by_exposure_time(people, protocol, schedule)
    p_value, looked_at, note = _permuted(people, protocol, schedule, allocation)
    return ScheduleResult(
        kind=schedule.kind,
        by_exposure_time=times,
        time_average=average,
        within_clinics=_within_clinics(people, protocol),
        permutation_p=p_value,
        n_permutations=looked_at,
        note=note,
    )


def _since_switch(people: Participants, schedule: Schedule) -> NDArray[np.intp]:
    """Give periods since the switch, the first with the card being 1; 0 before it."""
    assert people.period is not None
    assert people.sequence is not None
    active, _ = table_of(schedule)
    first = active.argmax(axis=1)
    since = people.period - first[people.sequence] + 1
    return np.where(people.active, since, 0)


def _by_exposure_time(
    people: Participants, protocol: Protocol, schedule: Schedule
) -> tuple[tuple[ExposureTimeEffect, ...], Estimate | NotEstimable]:
    """Estimate the effect at each time since the switch, and their plain average.

    With D_s for each time s and A for their sum, Σ δ_s D_s is
    Δ A + Σ_{s<S} (δ_s − Δ)(D_s − D_S), where Δ is the average of the δ_s.
    """
    since = _since_switch(people, schedule)
    times = np.unique(since[people.observed & (since > 0)])
    few = [s for s in times if ((since == s) & people.observed).sum() < FEWEST]
    if not len(times) or few:
        short = NotEstimable(
            reason=f"fewer than {FEWEST} people at some time since the switch"
        )
        return (), short
    each = [(since == s).astype(float) for s in times]
    found = tuple(
        ExposureTimeEffect(
            periods_since=int(s), estimate=_asked(people, protocol, each, place)
        )
        for place, s in enumerate(times)
    )
    apart = [one - each[-1] for one in each[:-1]]
    active = np.asarray(sum(each), dtype=float)
    return found, _asked(people, protocol, [active, *apart], 0)


def _asked(
    people: Participants,
    protocol: Protocol,
    arms: list[NDArray[np.float64]],
    column: int,
) -> Estimate | NotEstimable:
    """Fit the design's model with these columns in place of the arm's."""
    design = design_of(protocol)
    assert design.fit is not None
    covariates = covariate_columns(people, protocol.covariates)
    columns = [*arms, np.ones(len(people)), *covariates]
    try:
        found = design.fit(people, columns, column=column, level=protocol.level)
    except ValueError as error:
        return NotEstimable(reason=str(error))
    return _estimate(found, protocol, design.method)


def _within_clinics(
    people: Participants, protocol: Protocol
) -> Estimate | NotEstimable:
    known = people.observed
    clinics = np.unique(people.clinic[known])[1:]
    columns = [
        people.active.astype(float),
        np.ones(len(people)),
        *period_columns(people),
        *((people.clinic == name).astype(float) for name in clinics),
        *covariate_columns(people, protocol.covariates),
    ]
    try:
        found = cluster_ols(
            people.outcome[known],
            np.column_stack(columns)[known],
            people.clinic[known],
            level=protocol.level,
        )
    except ValueError as error:
        return NotEstimable(reason=str(error))
    method = "least squares with period and clinic effects, CR2 and Satterthwaite"
    return _estimate(found, protocol, method)


def _estimate(found: Fit, protocol: Protocol, method: str) -> Estimate:
    return Estimate(
        value=found.estimate,
        lower=found.lower,
        upper=found.upper,
        level=protocol.level,
        scale=scale_of(protocol.primary),
        n=found.n,
        estimand=protocol.primary.estimand.name,
        method=method,
    )


def _permuted(
    people: Participants, protocol: Protocol, schedule: Schedule, allocation: Allocation
) -> tuple[float | None, int | None, str]:
    """Test against the schedules that could have been drawn.

    They are drawn from the frozen protocol's hash, so that anyone finds the same.
    """
    if schedule.not_enrolling:
        return None, None, "no permutation test: who enrols goes with the sequence."
    assert people.period is not None
    assert people.sequence is not None
    known = people.observed
    names, codes = np.unique(people.clinic[known], return_inverse=True)
    active, _ = table_of(schedule)
    order = {name: i for i, name in enumerate(schedule.names)}
    rows = active[[order[allocation[str(name)][0]] for name in names]]
    others = tuple(name for name in protocol.covariates if name != "stratum")
    columns = [column[known] for column in covariate_columns(people, others)]
    try:
        found = permutation(
            people.outcome[known],
            codes,
            rows,
            periods=people.period[known],
            adjust=np.column_stack(columns) if columns else None,
            strata=[allocation[str(name)][1] for name in names],
            rng=np.random.default_rng(int(protocol.content_hash()[:16], 16)),
            draws=DRAWS,
            level=protocol.level,
        )
    except ValueError as error:
        return None, None, f"no permutation test: {error}."
    return found.p_value, found.n_allocations, ""
