"""Is a trial feasible, in a project: read, ask each design, tell what the gate lets.

What is counted passes the gate as `rounds measure run` does: all, by site, by month.
Variances, power and weeks are of models, as an evaluation publishes them; where the
gate withholds the whole count nothing else is said either.
"""

import datetime as dt
from collections.abc import Callable

from rounds.conduct.costing import protocol_now
from rounds.conduct.desk import Desk
from rounds.conduct.feasibility_told import (
    Counts,
    FeasibilityTold,
    count_through,
    put_together,
)
from rounds.conduct.gate import Gate
from rounds.conduct.plan import ChangePlan
from rounds.conduct.strata import clinic_strata
from rounds.datamart import AnyDatamart
from rounds.loop.evaluation.feasibility import (
    Asked,
    feasibility,
    insist_askable,
    read_past,
    stream_begins,
    stretch,
)
from rounds.methods.estimands.scales import distance, from_additive, no_effect
from rounds.nouns import (
    DataError,
    Measure,
    NotEstimable,
    Protocol,
)

__all__ = ["run_feasibility"]

Progress = Callable[[str], None]
_HIDDEN = (
    "What would be enrolled, or how many have the outcome, may not be told: too few, "
    "or too close to what was told before."
)


def run_feasibility(
    desk: Desk,
    gate: Gate,
    plan: ChangePlan,
    *,
    effect: float | None = None,
    weeks: int | None = None,
    wanted: float = 0.8,
    trials: int = 400,
    seed: int = 1,
    progress: Progress,
) -> FeasibilityTold | NotEstimable:
    """Say what each design could tell here, from the project's own data.

    Parameters
    ----------
    desk : Desk
    gate : Gate
        Of who asks.
    plan : ChangePlan
        The change to be, as turn.yaml says it.
    effect : float, optional
        To be found, on the summary's own scale; the protocol's least worthwhile one,
        on its better side, if not given. Where a margin is to be held, the true one;
        none, if not given.
    weeks : int, optional
        Of enrolment; the plan's, if not given.
    wanted, trials, seed
        As `Asked` has them.

    Returns
    -------
    FeasibilityTold or NotEstimable
        The latter where the data cannot answer the primary measure, or too few would
        be enrolled for their count to be told.

    Raises
    ------
    DefinitionError
        If no problem or measure is there, or what is asked cannot be.
    DataError
        If the data have no day, or too few before go-live are followed up.
    """
    protocol = protocol_now(desk, plan)
    measures = _measures(desk, protocol)
    if effect is None:
        effect = _usual_effect(protocol)
    asked, without = Asked(effect, wanted, trials, seed), desk.practice.opt_outs()
    with desk.datamart() as mart:
        progress("reading who would have been enrolled")
        primary = measures[str(protocol.primary.measure)]
        held = dict(zip(("first", "last"), _days(mart), strict=True))
        first = stream_begins(mart, primary, **held, without=without)
        if isinstance(first, NotEstimable):
            return first
        found = stretch(
            protocol.go_live,
            weeks or plan.protocol.weeks,
            protocol.follow_up_days,
            **held | {"first": first},
        )
        past = read_past(
            mart,
            protocol,
            found,
            measures=measures,
            first=first,
            stratify=clinic_strata,
            without=without,
        )
        if isinstance(past, NotEstimable):
            return past
        insist_askable(past, protocol, asked)
        counts = Counts.of(
            count_through(desk, gate, mart), protocol, measures, found, first
        )
    told = counts.sites
    if isinstance(told, NotEstimable) or told.overall.value is None:
        return NotEstimable(reason=_HIDDEN)
    answered = feasibility(past, plan.design, protocol, asked, progress=progress)
    return put_together(
        told,
        counts,
        answered,
        title=primary.title,
        plan=plan,
        past=past,
        protocol=protocol,
        asked=asked,
        masked=desk.practice.is_masked(desk.now()),
    )


def _days(mart: AnyDatamart) -> tuple[dt.date, dt.date]:
    status = mart.status()
    if status.first_date is None or status.last_date is None:
        raise DataError(
            "The datamart holds no event with a date.",
            code="no-days",
            remedies=("Load encounters, conditions and observations too.",),
        )
    return status.first_date, status.last_date


def _measures(desk: Desk, protocol: Protocol) -> dict[str, Measure]:
    ends = protocol.endpoints
    return {str(one.measure): desk.measure(one.estimand.name) for one in ends}


def _usual_effect(protocol: Protocol) -> float:
    """Give the least worthwhile effect, on its better side; of a margin, none."""
    scale = protocol.primary.estimand.summary_measure
    if protocol.primary.hypothesis != "superiority":
        return no_effect(scale)
    side = 1 if protocol.primary.better == "higher" else -1
    size = distance(scale, protocol.decision_rule.least_worthwhile)
    return from_additive(scale, side * size)
