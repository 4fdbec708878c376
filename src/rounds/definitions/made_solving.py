"""From a goal to rows: what must be there, or must not, for a leaf to come out so."""

import datetime as dt
from typing import Any, Final

from rounds.definitions.code_systems import visit_concepts
from rounds.definitions.made_goals import Goal
from rounds.definitions.made_rows import NotMade, Patient, inside, outside
from rounds.definitions.reference_criteria import SEXES
from rounds.nouns import (
    Age,
    Compare,
    DaysBetween,
    Events,
    Exists,
    InCohort,
    IndexProcedure,
    IndexVisit,
    LastDayWithAll,
    Measure,
    NewCode,
    Number,
    Point,
    Reading,
    Score,
    Sex,
    Term,
    Years,
)

__all__ = ["finish", "index_of", "solve"]

_CLASSES: Final = ("outpatient", "emergency", "inpatient", "telehealth", "home")
_OLDEST: Final = 110


def index_of(patient: Patient, measure: Measure, goals: tuple[Goal, ...]) -> None:
    """Give a patient the index that the goals ask for."""
    if measure.basis == "person":
        return
    chance, period = patient.chance, patient.period
    counted = period.start + dt.timedelta(
        days=chance.choice([0, period.n_days // 2, period.n_days - 1])
    )
    days = dt.timedelta(days=chance.choice([0, 1, 3]) if _may_last(goals) else 0)
    days = _asked_length(goals, patient, days)
    start = counted if measure.index_day == "start" else counted - days
    end = start + days
    times = {
        "start_time": dt.datetime.combine(start, dt.time(9)),
        "end_time": dt.datetime.combine(end, dt.time(15)),
    }
    known = [goal for goal in goals if isinstance(goal.node, IndexVisit)]
    kind = _class(known, patient)
    visit = patient.visit(kind, start, end)
    row = patient.rows["visit_occurrence"][-1]
    row |= {
        "visit_start_datetime": times["start_time"],
        "visit_end_datetime": times["end_time"],
    }
    for goal in known:
        place = getattr(goal.node, "discharged_to", None)
        if place and goal.how == "holds":
            row["discharged_to_concept_id"] = patient.code(place)
    patient.index = {"start": start, "end": end, "visit": visit, **times}
    if measure.basis == "procedure":
        done = patient.add(
            "procedure_occurrence",
            {
                "procedure_date": start,
                "procedure_end_date": end,
                "visit_occurrence_id": visit,
                "procedure_concept_id": 0,
            },
        )
        for goal in goals:
            if isinstance(goal.node, IndexProcedure) and goal.how == "holds":
                done["procedure_concept_id"] = patient.code(goal.node.concept_set)


def _may_last(goals: tuple[Goal, ...]) -> bool:
    """Whether nothing says that the index is a visit of one day."""
    return any(
        isinstance(goal.node, IndexVisit)
        and goal.how == "holds"
        and "inpatient" in goal.node.classes
        for goal in goals
    )


def _asked_length(
    goals: tuple[Goal, ...], patient: Patient, days: dt.timedelta
) -> dt.timedelta:
    """Give how long the index lasts, where a goal asks."""
    for goal in goals:
        node = goal.node
        if not isinstance(node, Compare) or not isinstance(node.reading, DaysBetween):
            continue
        start, end = node.reading.start, node.reading.end
        if (start.at, end.at) == ("index", "index_end"):
            draw = inside if goal.how == "holds" else outside
            asked = draw(node.range, patient.chance) - end.days + start.days
            return dt.timedelta(days=max(0, round(asked)))
    return days


def _class(goals: list[Goal], patient: Patient) -> str:
    allowed = list(_CLASSES)
    for goal in goals:
        assert isinstance(goal.node, IndexVisit), "only these were chosen"
        classes = goal.node.classes
        if goal.how == "holds" and classes:
            allowed = [one for one in allowed if one in classes]
        elif classes and goal.node.discharged_to is None:
            barred = visit_concepts(classes)
            allowed = [one for one in allowed if not visit_concepts([one]) & barred]
    if not allowed:
        raise NotMade
    return patient.chance.choice(allowed)


def solve(patient: Patient, goal: Goal) -> None:
    """Add to a patient what a goal needs.

    Raises
    ------
    NotMade
        If what was drawn so far does not allow it.
    """
    node, holds = goal.node, goal.how == "holds"
    if isinstance(node, Age):
        low = 0 if node.from_years is None else node.from_years
        high = _OLDEST if node.to_years is None else node.to_years
        _aged(patient, node.point, low, high, within=holds)
    elif isinstance(node, Sex):
        _sexed(patient, SEXES[node.of], holds=holds)
    elif isinstance(node, Exists):
        n = node.at_least if holds else patient.chance.choice([0, node.at_least - 1])
        _several(patient, node.events, n, apart=node.count == "days")
    elif (isinstance(node, InCohort) and holds) or (
        isinstance(node, NewCode) and holds
    ):
        patient.place(node.events)
    elif isinstance(node, Compare):
        _compare(patient, node, goal.how)


def _several(patient: Patient, events: Events, n: int, *, apart: bool) -> None:
    days: set[dt.date] = set()
    for _ in range(n):
        placed = patient.place(events)
        if apart and placed["start"] in days:
            raise NotMade
        days.add(placed["start"])


def _aged(patient: Patient, point: Point, low: int, high: int, *, within: bool) -> None:
    """Narrow the days of birth to those that give an age on a day."""
    day = patient.day(point)
    first = _years_before(day, high + 1) + dt.timedelta(days=1)
    last = _years_before(day, low)
    if not within:
        young = (last + dt.timedelta(days=1), last + dt.timedelta(days=700))
        old = (first - dt.timedelta(days=700), first - dt.timedelta(days=1))
        options = ([young] if low else []) + ([old] if high < _OLDEST else [])
        if not options:
            raise NotMade
        first, last = patient.chance.choice(options)
    patient.born = (max(first, patient.born[0]), min(last, patient.born[1]))
    if patient.born[0] > patient.born[1]:
        raise NotMade


def _years_before(day: dt.date, years: int) -> dt.date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # the 29th of February
        return day.replace(year=day.year - years, day=28)


def _sexed(patient: Patient, sex: int, *, holds: bool) -> None:
    if holds and (sex in patient.not_sexes or patient.sex not in {None, sex}):
        raise NotMade
    if not holds and patient.sex == sex:
        raise NotMade
    if holds:
        patient.sex = sex
    else:
        patient.not_sexes.add(sex)


def _compare(patient: Patient, node: Compare, how: str) -> None:
    if how == "missing":
        return
    draw = inside if how == "holds" else outside
    _number(patient, node.reading, draw(node.range, patient.chance))


def _number(patient: Patient, node: Number, wanted: float) -> None:
    """Make a number come out so, as far as one step can."""
    if isinstance(node, Years):
        years = round(wanted)
        _aged(patient, node.at, years, years, within=True)
    elif isinstance(node, DaysBetween):
        patient.day(node.start)
        patient.day(node.end)
    elif isinstance(node, Score):
        for term in node.terms:
            _term(patient, term)
    elif node.pick in {"count", "days"}:
        _several(patient, node.events, round(wanted), apart=node.pick == "days")
    elif node.day is not None:
        _on_one_day(patient, node, node.day, wanted)
    else:
        patient.place(node.events, value=wanted)


def _term(patient: Patient, term: Term) -> None:
    """Let a term of a score fall either way: a score is found by trying."""
    if term.when is not None:
        if not hasattr(term.when, "of") and patient.chance.random() < 0.5:
            solve(patient, Goal(term.when, "holds"))
    else:
        assert term.number is not None, "a term has a criterion or a number"
        _number(patient, term.number, patient.chance.choice([0, 1, 20, 60, 150]))


def _on_one_day(
    patient: Patient, node: Reading, day: LastDayWithAll, wanted: float
) -> None:
    """Place the events of a day on the same day, whoever asks for it first."""
    if day not in patient.days:
        patient.days[day] = patient.place(day.events[0])["start"]
    for events in day.events:
        patient.place(events, on=patient.days[day])
    patient.place(node.events, value=wanted, on=patient.days[day])


def finish(patient: Patient) -> dict[str, Any]:
    """Give the person's own row."""
    chance = patient.chance
    first, last = patient.born
    first = max(first, dt.date(1930, 1, 1)) if last >= dt.date(1930, 1, 1) else first
    last = min(last, max(first, patient.period.start - dt.timedelta(days=1)))
    born = first + dt.timedelta(
        days=chance.choice([0, (last - first).days // 2, (last - first).days])
    )
    sexes = [one for one in SEXES.values() if one not in patient.not_sexes]
    sex = patient.sex if patient.sex is not None else chance.choice([*sexes, 0][:2])
    return {
        "person_id": patient.key,
        "person_source_value": f"made-up-{patient.key}",
        "gender_concept_id": sex,
        "year_of_birth": born.year,
        "month_of_birth": born.month,
        "day_of_birth": born.day,
    }
