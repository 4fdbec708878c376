"""`rounds evaluation feasibility`: what a trial could tell here, from its past."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rounds.cli.feasible_designs import design_lines
from rounds.cli.output import Progress, number, show, table, utc_now

if TYPE_CHECKING:
    from rounds.conduct import FeasibilityTold
    from rounds.loop.evaluation.feasibility import Interval
    from rounds.nouns import NotEstimable, UnitResult

__all__ = ["feasibility_"]


def feasibility_(
    *,
    effect: float | None = None,
    weeks: int | None = None,
    power: float = 0.8,
    simulate: int = 400,
    seed: int = 1,
    project: Path = Path(),
    json: bool = False,
) -> None:
    """Say whether a trial is feasible here: who would come, and what it could tell.

    From the project's own data before go-live, for the change that turn.yaml plans:
    how many would be enrolled, the outcome without the change, how alike a clinic's
    patients are; and of every design the smallest difference it finds, its power by
    formula and by trials made of the site's own patients, and the weeks to an answer.

    Parameters
    ----------
    effect
        The effect that is to be found, on the scale of turn.yaml's summary measure:
        0.05 for five points, 1.25 for a quarter more of a ratio; the least worthwhile
        one of turn.yaml, if not given. Where turn.yaml asks for non-inferiority or
        equivalence, what is true: no effect, if not given.
    weeks
        Of enrolment; those of turn.yaml, if not given.
    power
        The power that is wanted.
    simulate
        Trials to make of each design, beside the formula; 0 for none.
    seed
        Of allocations and made trials.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.conduct import Desk, Gate, Plan, Project, run_feasibility
    from rounds.nouns import NotEstimable
    from rounds.nouns.errors import DefinitionError

    if weeks is not None and not 1 <= weeks <= _MOST_WEEKS:
        raise DefinitionError(
            "--weeks does not fit.",
            code="feasibility-asked",
            remedies=(f"Mind that --weeks is from 1 to {_MOST_WEEKS}.",),
        )
    opened = Project.open(project)
    plan = Plan.load(opened.plan_path)
    part = plan.need("change")
    with (
        Gate.open(opened, now=utc_now) as gate,
        Desk.open(opened, now=utc_now, by=plan.problem.owner) as desk,
    ):
        told = run_feasibility(
            desk,
            gate,
            part,
            effect=effect,
            weeks=weeks,
            wanted=power,
            trials=simulate,
            seed=seed,
            progress=Progress(),
        )
    if isinstance(told, NotEstimable):
        show({"not_estimable": told.reason}, [number(told)], as_json=json)
        return
    show(_numbers(told), _lines(told), as_json=json)


_MOST_WEEKS = 520
"""As a protocol's."""


def _numbers(told: "FeasibilityTold") -> dict[str, Any]:
    """Give the JSON object: every count as the gate tells it, and no other."""
    found = told.found
    return {
        "measure": told.measure,
        "population": told.population,
        "asked": vars(told.asked),
        "stretch": {
            **vars(told.stretch),
            "same_season": told.stretch.same_season,
            "longest": told.stretch.longest,
            "baseline_weeks": told.baseline_weeks,
        },
        "follow_up_weeks": told.follow_up_weeks,
        "summary_measure": told.question.estimand.summary_measure,
        "hypothesis": told.question.hypothesis,
        "units": told.units,
        "enrolled": told.enrolled,
        "eligible_per_month": told.per_month,
        "by_month": told.months,
        "by_clinic": told.clinics,
        "clinics": found.clinics,
        "size_variation": told.variation,
        "growth": _part(told.growth),
        "outcome": {k: _part(v) for k, v in vars(told.outcome).items()},
        "designs": [
            {
                **vars(one),
                "made": _parts(one.made),
                "interaction": _parts(one.interaction),
            }
            for one in found.designs
        ],
        "balancing": [_part(one) for one in told.harms],
        "limitations": told.limitations,
    }


def _part(value: Any) -> Any:
    from rounds.nouns import NotEstimable

    known = value is None or isinstance(value, float | int | str | NotEstimable)
    return value if known else vars(value)


def _parts(value: Any) -> Any:
    """Give a part, and its parts, as plain objects; None where it is not there."""
    if value is None:
        return None
    return {
        name: one if isinstance(one, float | int | None) else vars(one)
        for name, one in vars(value).items()
    }


def _lines(told: "FeasibilityTold") -> list[str]:
    stretch, found = told.stretch, told.found
    points = told.outcome.is_share
    lines = [
        told.measure,
        (
            f"  go-live {stretch.go_live}, {stretch.weeks} weeks; for them stands "
            f"{stretch.planned.start} to {stretch.planned.end}"
        ),
        "",
        "Who would be enrolled",
        (
            f"  in all           about {told.enrolled:,}{_once(told)}: "
            f"{told.per_month:,.0f} a month on average"
        ),
        f"  from month to month  {_months(told.months)}",
        f"  against a year before  {_ratio(told.growth)}",
        (
            f"  clinics          {found.clinics}, sizes vary by "
            f"{_said(told.variation, '{:.2f}')} (coefficient of variation)"
        ),
        *_table_of_clinics(told.clinics),
        "",
        "The outcome, as things are",
        *_outcome(told, points=points),
        "",
        *design_lines(told),
    ]
    lines += _harms(told)
    if told.limitations:
        lines += ["", *(f"  * {said}" for said in told.limitations)]
    return lines


def _once(told: "FeasibilityTold") -> str:
    return " visits" if told.units == "visits" else ", each patient once"


def _months(months: "tuple[UnitResult, ...] | NotEstimable") -> str:
    from rounds.nouns import NotEstimable

    if isinstance(months, NotEstimable):
        return number(months)
    return ", ".join(
        f"{one.unit} {'withheld' if one.denominator is None else one.denominator}"
        for one in months
    )


def _table_of_clinics(clinics: "tuple[UnitResult, ...]") -> list[str]:
    rows = (
        (one.unit, "withheld" if one.denominator is None else f"{one.denominator:,}")
        for one in clinics
    )
    return [f"    {line}" for line in table(("clinic", "enrolled"), rows)]


def _outcome(told: "FeasibilityTold", *, points: bool) -> list[str]:
    seen = told.outcome
    factor, unit = (100, "%") if points else (1, "")
    return [
        f"  {'rate' if points else 'mean':<17}{_span(seen.value, factor, unit)}",
        f"  known of         {seen.observed:.0%} of those enrolled",
        f"  ICC              {_span(seen.icc, 1, '', digits=3)}",
        (
            f"  from {seen.period_weeks} weeks to the next  a clinic's level keeps a "
            f"correlation of {_span(seen.autocorrelation, 1, '', digits=2)}"
        ),
        f"  with the rate before  {_span(seen.with_baseline, 1, '', digits=2)}",
    ]


def _harms(told: "FeasibilityTold") -> list[str]:
    from rounds.nouns import NotEstimable

    lines = [""] if told.harms else []
    for one in told.harms:
        if isinstance(one, NotEstimable):
            lines.append(f"Balancing: {number(one)}")
        else:
            lines.append(
                f"Balancing, {one.name}: now {one.value:.3g}; where nobody is harmed, "
                f"a harm of {one.margin:.3g} is excluded with a chance of "
                f"{one.power:.1%}."
            )
    return lines


def _ratio(value: "Interval | NotEstimable") -> str:
    from rounds.nouns import NotEstimable

    if isinstance(value, NotEstimable):
        return number(value)
    said = f"{value.value - 1:+.0%} ({value.lower - 1:+.0%} to {value.upper - 1:+.0%})"
    if value.lower <= 1 <= value.upper:
        return f"{said}: no trend beyond chance"
    return f"{said}: the stream is changing, so expect another number than that above"


def _span(
    value: "Interval | float | NotEstimable",
    factor: float,
    unit: str,
    digits: int = 1,
) -> str:
    from rounds.nouns import NotEstimable

    if isinstance(value, NotEstimable):
        return number(value)
    if isinstance(value, float):
        return f"{factor * value:.{digits}f}{unit}"
    one, low, high = (
        f"{factor * x:.{digits}f}" for x in (value.value, value.lower, value.upper)
    )
    return f"{one}{unit} (95% interval {low} to {high})"


def _said(value: "float | NotEstimable", written: str) -> str:
    from rounds.nouns import NotEstimable

    return number(value) if isinstance(value, NotEstimable) else written.format(value)
