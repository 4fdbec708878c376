"""What may be told of a trial to be: counts as the gate tells them, and the rest.

Variances, power and weeks are of models, as an evaluation publishes them; what would
give back a count that the gate withholds is left out with it.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from rounds.conduct.desk import Desk
from rounds.conduct.gate import Gate
from rounds.conduct.masking import in_order_of_values
from rounds.conduct.plan import ChangePlan
from rounds.datamart import AnyDatamart
from rounds.loop.evaluation.feasibility import (
    Asked,
    Excluded,
    Feasibility,
    Interval,
    Outcome,
    Past,
    Question,
    Stretch,
    growth,
)
from rounds.nouns import (
    DisclosureError,
    Measure,
    MeasureResult,
    NotEstimable,
    Period,
    Protocol,
    UnitResult,
)

__all__ = ["Counts", "FeasibilityTold", "count_through", "put_together"]

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
    units : str
        What is enrolled: `patients`, or `visits` where these are randomised.
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
    asked : Asked
    question : Question
        What is to be shown, and what is true.
    limitations : tuple of str
    """

    measure: str
    population: str
    stretch: Stretch
    baseline_weeks: int
    follow_up_weeks: int
    units: str
    enrolled: int
    clinics: tuple[UnitResult, ...]
    months: tuple[UnitResult, ...] | NotEstimable
    variation: float | NotEstimable
    growth: Interval | NotEstimable
    outcome: Outcome
    harms: tuple[Excluded | NotEstimable, ...]
    found: Feasibility
    asked: Asked
    question: Question
    limitations: tuple[str, ...]

    @property
    def per_month(self) -> float:
        """Enrolled in a month, on average over the trial; fewer from month to month."""
        return self.enrolled / (7 * self.stretch.weeks / (365.25 / 12))


def put_together(
    sites: MeasureResult,
    counts: "Counts",
    answered: Feasibility,
    *,
    title: str,
    plan: ChangePlan,
    past: Past,
    protocol: Protocol,
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
        units="visits" if plan.design.unit == "encounter" else "patients",
        enrolled=sites.overall.denominator or 0,
        clinics=_numbered(sites.by) if masked else sites.by,
        months=counts.months,
        variation=_variation(sites.by),
        growth=_growth(sites, counts.then),
        outcome=_as_told(answered.outcome, sites.overall.value or 0.0),
        harms=_harms_told(answered, counts.balancing),
        found=answered,
        asked=asked,
        question=Question.of(protocol.primary, asked.effect),
        limitations=_limitations(past.stretch, past.baseline_weeks, plan),
    )


Counted = MeasureResult | NotEstimable
Count = Callable[[Measure, Period, str | None], Counted]


@dataclass(frozen=True)
class Counts:
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
    ) -> "Counts":
        """Count for the planned days, and for the same a year earlier.

        Parameters
        ----------
        count : callable
            As `count_through` gives it.
        measures : mapping of Ref as text to Measure
        found : Stretch
        first : date
            Of the data.
        """
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


def count_through(desk: Desk, gate: Gate, mart: AnyDatamart) -> Count:
    """Give what counts through the gate; NotEstimable where nothing may be told."""
    without = desk.practice.opt_outs()

    def count(measure: Measure, period: Period, by: str | None) -> Counted:
        try:
            return gate.measure(mart, measure, period, by=by, without=without)
        except DisclosureError as error:
            return NotEstimable(reason=error.what)

    return count


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
    looks = plan.protocol.looks
    if looks is not None and looks.looks != "safety":
        said.append("Power is of one look, at the end; looks before it cost some.")
    if plan.design.factors is not None:
        said.append(
            "Of two cards, power is that of one while the other does nothing; it holds "
            "of either, for the deal treats them alike."
        )
    return tuple(said)
