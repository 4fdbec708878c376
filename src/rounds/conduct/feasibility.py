"""Is a trial feasible, in a project: read, ask each design, tell what the gate lets.

What is counted passes the gate as `rounds measure run` does: all, by site, by month.
Variances, power and weeks are of models, as an evaluation publishes them; where the
gate withholds the whole count nothing else is said either.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from rounds.conduct.costing import protocol_now
from rounds.conduct.desk import Desk
from rounds.conduct.gate import Gate
from rounds.conduct.masking import in_order_of_values
from rounds.conduct.plan import ChangePlan
from rounds.conduct.strata import clinic_strata
from rounds.datamart import AnyDatamart
from rounds.loop.evaluation.feasibility import (
    Asked,
    Excluded,
    Feasibility,
    Interval,
    Outcome,
    Past,
    Stretch,
    feasibility,
    growth,
    insist_askable,
    insist_comparable,
    read_past,
    stream_begins,
    stretch,
)
from rounds.nouns import (
    DataError,
    DisclosureError,
    Measure,
    MeasureResult,
    NotEstimable,
    Period,
    Protocol,
    UnitResult,
)

__all__ = ["FeasibilityTold", "run_feasibility"]

Progress = Callable[[str], None]
_HIDDEN = (
    "What would be enrolled, or how many have the outcome, may not be told: too few, "
    "or too close to what was told before."
)
_NO_YEAR = "the data do not reach back to the same weeks of the year before"


@dataclass(frozen=True)
class FeasibilityTold:
    """What may be told of a trial to be.

    Parameters
    ----------
    measure : str
        The primary measure's title.
    population : str
        Of the protocol to be.
    stretch : Stretch
        The days that stand for the trial.
    baseline_weeks : int
        Known before them.
    follow_up_weeks : int
        After the last is enrolled.
    enrolled : int
        As the gate tells it.
    clinics : tuple of UnitResult
        Enrolled by site, small ones withheld; numbered while a trial runs among them.
    months : tuple of UnitResult or NotEstimable
        Enrolled by month of the stretch; NotEstimable where that, beside the sites,
        would tell of very few people.
    variation : float or NotEstimable
        Coefficient of variation of the sites' sizes.
    growth : Interval or NotEstimable
        Enrolled over those of the same weeks a year earlier.
    outcome : Outcome
    harms : tuple of Excluded or NotEstimable
        Of each balancing endpoint.
    found : Feasibility
        Exact; of it designs are told.
    limitations : tuple of str
    """

    measure: str
    population: str
    stretch: Stretch
    baseline_weeks: int
    follow_up_weeks: int
    enrolled: int
    clinics: tuple[UnitResult, ...]
    months: tuple[UnitResult, ...] | NotEstimable
    variation: float | NotEstimable
    growth: Interval | NotEstimable
    outcome: Outcome
    harms: tuple[Excluded | NotEstimable, ...]
    found: Feasibility
    asked: Asked
    limitations: tuple[str, ...]

    @property
    def per_month(self) -> float:
        """Enrolled in a month, on average over the trial; fewer from month to month."""
        return self.enrolled / (7 * self.stretch.weeks / (365.25 / 12))


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
        To be found; the protocol's least worthwhile one, on its better side, if not
        given.
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
    insist_comparable(plan.design)
    protocol = protocol_now(desk, plan)
    measures = _measures(desk, protocol)
    if effect is None:
        effect = _least_worthwhile(protocol)
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
        counts = _Counts.of(
            _counting(desk, gate, mart), protocol, measures, found, first
        )
    told = counts.sites
    if isinstance(told, NotEstimable) or told.overall.value is None:
        return NotEstimable(reason=_HIDDEN)
    answered = feasibility(past, plan.design, protocol, asked, progress=progress)
    return _told(
        told,
        counts,
        answered,
        title=primary.title,
        plan=plan,
        past=past,
        asked=asked,
        masked=desk.practice.is_masked(desk.now()),
    )


def _told(
    sites: MeasureResult,
    counts: "_Counts",
    answered: Feasibility,
    *,
    title: str,
    plan: ChangePlan,
    past: Past,
    asked: Asked,
    masked: bool,
) -> FeasibilityTold:
    """Put together what the gate tells and what the designs answer."""
    return FeasibilityTold(
        measure=title,
        population=plan.protocol.population,
        stretch=past.stretch,
        baseline_weeks=past.baseline_weeks,
        follow_up_weeks=-(-plan.protocol.follow_up_days // 7),
        enrolled=sites.overall.denominator or 0,
        clinics=_numbered(sites.by) if masked else sites.by,
        months=counts.months,
        variation=_variation(sites.by),
        growth=_growth(sites, counts.then),
        outcome=_as_told(answered.outcome, sites.overall.value or 0.0),
        harms=_harms_told(answered, counts.balancing),
        found=answered,
        asked=asked,
        limitations=_limitations(past.stretch, past.baseline_weeks, plan),
    )


Counted = MeasureResult | NotEstimable
Count = Callable[[Measure, Period, str | None], Counted]


@dataclass(frozen=True)
class _Counts:
    """What the gate tells of who would be enrolled."""

    sites: Counted
    months: tuple[UnitResult, ...] | NotEstimable
    then: Counted
    """In the same weeks a year earlier."""
    balancing: Mapping[str, Counted]

    @classmethod
    def of(
        cls,
        count: Count,
        protocol: Protocol,
        measures: Mapping[str, Measure],
        found: Stretch,
        first: dt.date,
    ) -> "_Counts":
        primary = measures[str(protocol.primary.measure)]
        sites = count(primary, found.planned, "care_site")
        months = count(primary, found.planned, "month")
        reached = found.year_before.start >= first
        return cls(
            sites=sites,
            months=months if isinstance(months, NotEstimable) else months.by,
            then=count(primary, found.year_before, None)
            if reached
            else NotEstimable(reason=_NO_YEAR),
            balancing={
                one.estimand.name: count(
                    measures[str(one.measure)], found.planned, None
                )
                for one in protocol.endpoints
                if one.role == "balancing"
            },
        )


def _growth(now: MeasureResult, then: Counted) -> Interval | NotEstimable:
    if isinstance(then, NotEstimable):
        return then
    if not now.overall.denominator or then.overall.denominator is None:
        return NotEstimable(reason="too few were enrolled then to be told")
    return growth(now.overall.denominator, then.overall.denominator)


def _as_told(outcome: Outcome, value: float) -> Outcome:
    """Put the interval around what the gate tells, so that it gives nothing back."""
    if isinstance(outcome.value, NotEstimable):
        return outcome
    half = outcome.value.upper - outcome.value.value
    return replace(outcome, value=Interval(value, value - half, value + half))


def _harms_told(
    answered: Feasibility, counted: Mapping[str, Counted]
) -> tuple[Excluded | NotEstimable, ...]:
    """Leave out harms of which the gate tells no rate: power would give it back."""
    told: list[Excluded | NotEstimable] = []
    for one in answered.harms:
        if isinstance(one, NotEstimable):
            told.append(one)
            continue
        shown = counted[one.name]
        if isinstance(shown, NotEstimable) or shown.overall.value is None:
            told.append(NotEstimable(reason=f"{one.name}: too few to be told"))
        else:
            told.append(replace(one, value=shown.overall.value))
    return tuple(told)


def _days(mart: AnyDatamart) -> tuple[dt.date, dt.date]:
    status = mart.status()
    if status.first_date is None or status.last_date is None:
        raise DataError(
            "The datamart holds no event with a date.",
            code="no-days",
            remedies=("Load encounters, conditions and observations too.",),
        )
    return status.first_date, status.last_date


def _counting(desk: Desk, gate: Gate, mart: AnyDatamart) -> Count:
    """Give what counts through the gate; NotEstimable where nothing may be told."""
    without = desk.practice.opt_outs()

    def count(measure: Measure, period: Period, by: str | None) -> Counted:
        try:
            return gate.measure(mart, measure, period, by=by, without=without)
        except DisclosureError as error:
            return NotEstimable(reason=error.what)

    return count


def _measures(desk: Desk, protocol: Protocol) -> dict[str, Measure]:
    ends = protocol.endpoints
    return {str(one.measure): desk.measure(one.estimand.name) for one in ends}


def _least_worthwhile(protocol: Protocol) -> float:
    side = 1 if protocol.primary.better == "higher" else -1
    return side * protocol.decision_rule.least_worthwhile


def _numbered(units: tuple[UnitResult, ...]) -> tuple[UnitResult, ...]:
    return tuple(
        unit.model_copy(update={"unit": f"site {n}"})
        for n, unit in enumerate(in_order_of_values(units), start=1)
    )


def _variation(units: tuple[UnitResult, ...]) -> float | NotEstimable:
    """Give the coefficient of variation of sizes that are all told."""
    sizes = [one.denominator for one in units if not one.suppressed]
    if len(sizes) < len(units) or None in sizes:
        return NotEstimable(reason="a site's count is withheld")
    n = np.array(sizes, dtype=float)
    if len(n) < 2 or not n.any():
        return NotEstimable(reason="there are fewer than two sites")
    return float(n.std(ddof=1) / n.mean())


def _limitations(
    found: Stretch, baseline_weeks: int, plan: ChangePlan
) -> tuple[str, ...]:
    """Say what the past cannot stand for."""
    said = []
    if found.weeks < found.asked_weeks:
        said.append(
            f"A trial of {found.asked_weeks} weeks was asked for, and only "
            f"{found.weeks} weeks of the data are followed up before go-live: all that "
            f"is said is of {found.weeks} weeks."
        )
    if not found.same_season:
        said.append(
            "The data do not reach back to the same weeks of a year before, so "
            "another season stands for the trial's."
        )
    if not baseline_weeks:
        said.append(
            "Nothing is known before these days, so nothing is adjusted for a "
            "baseline, and no clinic is matched or balanced."
        )
    elif baseline_weeks < plan.protocol.baseline_weeks:
        said.append(
            f"Before these days {baseline_weeks} weeks are known, not the "
            f"{plan.protocol.baseline_weeks} of the protocol's baseline: what "
            "adjusting saves is understated."
        )
    if plan.protocol.looks is not None:
        said.append("Power is of one look, at the end; looks before it cost some.")
    return tuple(said)
