"""What is computed without days of the calendar is what days would have given."""

import copy
import datetime as dt

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rounds.datamart.deidentify import refuse_calendar, refuse_measure
from rounds.datamart.measures.running import run_measure
from rounds.datamart.rows import measure_rows
from rounds.definitions import check
from rounds.nouns import Age, Measure, MeasureResult, NotEstimable, Period
from stories import measure_graphs as graphs
from stories.graph_clauses import COHORT
from stories.measures import HandMade, cohort_query

YEARS = Period(start=dt.date(2025, 1, 1), end=dt.date(2025, 12, 31))
EVER = Period(start=dt.date(1990, 1, 1), end=dt.date(2060, 12, 31))
MIDDLE = dt.date(2025, 2, 15)


def spread(rows):
    """Move days apart, so that they fall into several years."""

    def apart(_, moment):
        time = moment.time() if isinstance(moment, dt.datetime) else None
        day = moment.date() if time is not None else moment
        moved = MIDDLE + 12 * (day - MIDDLE)
        return moved if time is None else dt.datetime.combine(moved, time)

    return _each_day(rows, apart)


def to_years(rows):
    made = _each_day(rows, lambda _, day: day.replace(month=1, day=1))
    for person in made["person"]:
        person |= {"month_of_birth": None, "day_of_birth": None}
    return made


def shifted(rows, offsets):
    made = _each_day(
        rows, lambda row, day: day + dt.timedelta(days=offsets[row["person_id"]])
    )
    for person in made["person"]:
        if person["month_of_birth"] and person["day_of_birth"]:
            born = dt.date(
                person["year_of_birth"],
                person["month_of_birth"],
                person["day_of_birth"],
            )
            born += dt.timedelta(days=offsets[person["person_id"]])
            person |= {
                "year_of_birth": born.year,
                "month_of_birth": born.month,
                "day_of_birth": born.day,
            }
    return made


def _each_day(rows, move):
    made = copy.deepcopy(rows)
    for table in made.values():
        for row in table:
            for name, value in row.items():
                if isinstance(value, dt.date):
                    row[name] = move(row, value)
    return made


def snapped(plain, kind, own="index"):
    """Bring a measure nearer to what can be asked: whole years, or the index day."""
    if isinstance(plain, list | tuple):
        return [snapped(one, kind, own) for one in plain]
    if not isinstance(plain, dict):
        return plain
    made = {
        name: snapped(value, kind, "event" if name == "near" else own)
        for name, value in plain.items()
    }
    if "window" in made:
        for side, anchor in (("start", "period_start"), ("end", "period_end")):
            point = made["window"].get(side)
            if point:
                years = 12 * (point["days"] % 3 - 1)
                made["window"][side] = (
                    {"at": anchor, "months": years}
                    if kind == "year"
                    else {"at": own, "days": point["days"]}
                )
        if kind == "year":
            made["match"] = "starts_in"
    if made.get("op") == "years":
        made["at"] = {"at": "period_end" if kind == "year" else "index"}
    if made.get("op") == "age":
        made["at"] = "period_end" if kind == "year" else "index"
        made["to_years"] = min(made["to_years"] or 89, 89)
    if "pick" in made and kind == "year":
        made["day"] = None
    return made


def run(rows, measure, period, kind):
    mart = HandMade(rows)
    mart.calendar = kind
    cohorts = {COHORT: cohort_query([])}
    return run_measure(mart, measure, period, by="sex", cohorts=cohorts)


def same(exact, blurred):
    """Compare two results; both may have nobody in the denominator."""
    if isinstance(exact, NotEstimable):
        assert exact == blurred
        return
    assert blurred.populations == exact.populations
    assert blurred.overall == exact.overall
    assert blurred.by == exact.by


@settings(max_examples=30, deadline=None)
@given(rows=graphs.tables(), measure=graphs.measures(), tamed=st.booleans())
def test_a_year_gives_what_days_give_or_says_that_it_cannot(rows, measure, tamed):
    if tamed:
        plain = snapped(measure.model_dump(mode="json"), "year")
        if plain["basis"] != "person":
            return
        measure = Measure.model_validate(plain)
    assume(not check(measure))
    rows = spread(rows)
    exact = run(rows, measure, YEARS, "day")
    blurred = run(to_years(rows), measure, YEARS, "year")
    if (
        isinstance(blurred, NotEstimable)
        and "dates are known to the year" in blurred.reason
    ):
        return
    same(exact, blurred)


@settings(max_examples=30, deadline=None)
@given(
    rows=graphs.tables(),
    measure=graphs.measures(),
    tamed=st.booleans(),
    drawn=st.lists(
        st.sampled_from([-365, -200, -1, 1, 90, 365]), min_size=3, max_size=3
    ),
)
def test_shifted_days_give_what_days_give_or_say_that_they_cannot(
    rows, measure, tamed, drawn
):
    if tamed:
        plain = snapped(measure.model_dump(mode="json"), "shifted")
        if plain["basis"] == "person":
            return
        measure = Measure.model_validate(plain)
    assume(not check(measure))
    exact = run(rows, measure, EVER, "day")
    blurred = run(
        shifted(rows, dict(enumerate(drawn, start=1))), measure, EVER, "shifted"
    )
    if isinstance(blurred, NotEstimable) and "dates are shifted" in blurred.reason:
        return
    same(exact, blurred)


OUTPATIENT = {"domain": "visit", "visit_classes": ["outpatient"]}
EMERGENCY = {"domain": "visit", "visit_classes": ["emergency"]}
COUNTABLE = {
    "year": {
        "basis": "person",
        "initial_population": {
            "op": "age", "at": "period_end", "from_years": 18, "to_years": 85,
        },
        "numerator": {
            "op": "exists",
            "at_least": 2,
            "events": OUTPATIENT
            | {"window": {"start": {"at": "period_start"}, "end": {"at": "period_end"}}},
        },
    },
    "shifted": {
        "basis": "visit",
        "index": "first",
        "initial_population": {"op": "index_visit", "classes": ["outpatient"]},
        "numerator": {
            "op": "exists",
            "events": EMERGENCY
            | {
                "window": {
                    "start": {"at": "index", "days": 1},
                    "end": {"at": "index", "days": 30},
                }
            },
        },
    },
}  # fmt: skip
VISITS = """
    person | day        | class
    -------+------------+----------
         1 | 2025-03-01 | outpatient
         1 | 2025-03-20 | emergency
         1 | 2025-12-30 | outpatient
         2 | 2025-01-01 | outpatient
         2 | 2026-01-01 | outpatient
         2 | 2025-02-02 | emergency
         3 | 2024-12-31 | outpatient
"""
PEOPLE = "person|born\n-\n1|1960-12-31\n2|1950-01-01\n3|2007-06-01"


@pytest.mark.parametrize("kind", ["year", "shifted"])
def test_what_needs_no_days_is_computed(kind):
    """The properties above would hold of a rule that refuses everything, too."""
    plain = COUNTABLE[kind] | {
        "name": "made-up", "title": "Made up", "type": "process",
        "improvement_notation": "increase",
    }  # fmt: skip
    measure = Measure.model_validate(plain)
    rows = graphs.Tables(people=PEOPLE, visits=VISITS).rows
    period = YEARS if kind == "year" else EVER
    blurred = (
        to_years(rows) if kind == "year" else shifted(rows, {1: 9, 2: -300, 3: 77})
    )
    exact, found = (
        run(rows, measure, period, "day"),
        run(blurred, measure, period, kind),
    )
    assert isinstance(found, MeasureResult)
    assert exact.overall.denominator == 3
    assert exact.overall.numerator == 1
    same(exact, found)
    assert any("over 89" in said for said in found.limitations)


@pytest.mark.parametrize(
    ("kind", "because"), [("year", "known to the year"), ("shifted", "are shifted")]
)
def test_what_asks_for_days_says_so(kind, because):
    """A month, a day within a year, a period of the calendar."""
    plain = COUNTABLE["year"] | {
        "name": "made-up", "title": "Made up", "type": "process",
        "improvement_notation": "increase",
    }  # fmt: skip
    measure = Measure.model_validate(plain)
    mart = HandMade(graphs.Tables(people=PEOPLE, visits=VISITS).rows)
    mart.calendar = kind
    months = Period(start=dt.date(2025, 1, 1), end=dt.date(2025, 6, 30))
    refused = [
        run_measure(mart, measure, months),
        measure_rows(mart, measure, months),
        refuse_measure(kind, measure, YEARS, by="month"),
        refuse_calendar(kind, "Visits by month"),
    ]
    for result in refused:
        assert isinstance(result, NotEstimable)
        assert because in result.reason
    assert refuse_calendar("day", "Visits by month") is None
    old = measure.model_copy(
        update={"initial_population": Age(op="age", at="period_end", from_years=95)}
    )
    assert "an age over 89" in refuse_measure(kind, old, YEARS).reason
