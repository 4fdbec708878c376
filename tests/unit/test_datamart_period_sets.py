"""Sets of periods as numbers: the bit of each period that a value is in."""

import datetime as dt
from dataclasses import replace

import duckdb
import pytest

from rounds.datamart.compiling.period_sets import MOST_PERIODS, PeriodSets
from rounds.datamart.compiling.periods import Periods
from rounds.datamart.measures.counts import count
from rounds.datamart.measures.grouped_counts import counts_each
from rounds.datamart.rows import Asked, fetch_each, prepare
from rounds.definitions import builtin_examples, tables_of
from rounds.nouns import Age, Events, Period, Point, Window
from stories.measure_graphs import BUILTIN
from stories.measures import HandMade

DAY = dt.timedelta(days=1)
MONTHS = tuple(
    Period(start=dt.date(2025, n, 1), end=dt.date(2025, n + 1, 1) - DAY)
    for n in range(1, 9)
)
YEARS = tuple(
    Period(start=one.start.replace(year=2024), end=one.start - DAY) for one in MONTHS
)
SOME = (*MONTHS, *YEARS, MONTHS[2])
SETS = PeriodSets(Periods.of(SOME))
DAYS = [dt.date(2023, 12, 25) + n * DAY for n in range(650)]


def mart_of(name):
    """The example patients of a shipped measure."""
    return HandMade(tables_of(builtin_examples()[name]))


def chosen(sql, rows):
    """Evaluate a set for rows of day, until and birth."""
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE e (n INT, day DATE, until DATE, birth INT)")
        connection.executemany(
            "INSERT INTO e VALUES (?, ?, ?, ?)",
            [(n, *row) for n, row in enumerate(rows)],
        )
        found = connection.execute(f"SELECT {sql} FROM e ORDER BY n").fetchall()
    return [tuple(n for n in range(len(SOME)) if one >> n & 1) for (one,) in found]


def bounds(period):
    first, last = period.start - 10 * DAY, period.end + 5 * DAY
    return first, last


def holds(match, day, until, low, high):
    """What a match means, in the words of the grammar."""
    if match == "starts_in":
        return low <= day <= high
    if match == "ends_in":
        return until is not None and low <= until <= high
    if match == "overlaps":
        return day <= high and (until is None or until >= low)
    return day <= low and (until is None or until >= high)


@pytest.mark.parametrize("match", ["starts_in", "ends_in", "overlaps", "covers"])
def test_an_event_is_in_the_periods_in_whose_window_it_is(match):
    window = Window(
        start=Point(at="period_start", days=-10), end=Point(at="period_end", days=5)
    )
    events = Events(domain="observation_period", match=match, window=window)
    rows = [(day, None, 0) for day in DAYS[::3]]
    rows += [(day, day + length * DAY, 0) for day in DAYS[::7] for length in (0, 40)]
    rows += [(day, day + 400 * DAY, 0) for day in DAYS[::7]]
    expected = [
        tuple(
            n
            for n, period in enumerate(SOME)
            if holds(match, day, until, *bounds(period))
        )
        for day, until, _ in rows
    ]
    assert chosen(SETS.of_event(events, "e"), rows) == expected
    assert len(set(expected)) > 10, "all rows are alike"


@pytest.mark.parametrize(("low", "high"), [(0, 0), (0, 17), (18, 85), (66, None)])
def test_an_age_is_of_the_periods_in_which_it_is_reached(low, high):
    node = Age(op="age", at="period_end", from_years=low, to_years=high)
    born = [
        dt.date(year, month, day)
        for year in (1938, 1939, 1940, 1958, 1959, 2006, 2007, 2008, 2024, 2025)
        for month in range(1, 13)
        for day in (1, 28)
    ]
    rows = [(None, None, int(f"{one:%Y%m%d}")) for one in born]
    years = [
        # As the SQL of one period has it: a quotient that is cut towards zero.
        [int((int(f"{one.end:%Y%m%d}") - birth) / 10000) for one in SOME]
        for *_, birth in rows
    ]
    expected = [
        tuple(
            n
            for n, age in enumerate(ages)
            if low <= age <= (999 if high is None else high)
        )
        for ages in years
    ]
    assert chosen(SETS.of_age(node, "e.birth"), rows) == expected
    assert len(set(expected)) > 2, "all persons are alike"


def test_where_the_day_is_not_known_only_what_is_open_holds():
    window = Window(start=Point(at="period_start"), end=Point(at="period_end"))
    started = Events(domain="observation_period", window=window)
    assert chosen(SETS.of_event(started, "e"), [(None, None, None)]) == [()]
    node = Age(op="age", at="period_end", from_years=0)
    assert chosen(SETS.of_age(node, "e.birth"), [(None, None, None)]) == [()]
    always = Events(domain="observation_period")
    everything = tuple(range(len(SOME)))
    assert chosen(SETS.of_event(always, "e"), [(None, None, None)]) == [everything]


def test_a_window_about_another_event_is_no_step_function_of_days():
    first = Window(start=Point(at="index"))
    events = Events(domain="observation_period", window=first)
    assert SETS.of_event(events, "e") is None
    assert SETS.of_age(Age(op="age", at="index", from_years=1), "e.birth") is None


def test_no_person_is_multiplied_by_the_periods_of_a_shipped_measure():
    """Where a criterion hangs on more than days, it is asked of each period."""
    plain = BUILTIN["blood-pressure-control"]
    twice = plain.initial_population.of[0].model_copy(update={"at_least": 2})
    changed = plain.model_copy(update={"denominator": twice})
    mart = mart_of(plain.name)
    for measure, is_multiplied in ((plain, False), (changed, True)):
        asked = Asked(measure, MONTHS[0], prepare(mart, measure), periods=MONTHS)
        tables = asked.compiled(counted_by=("care_site",))[0].tables
        assert any(one.startswith("subjects_") for one in tables) == is_multiplied


def test_more_periods_than_a_number_has_bits_are_asked_in_parts():
    measure = BUILTIN["blood-pressure-control"]
    mart = mart_of("blood-pressure-control")
    weeks = tuple(
        Period(
            start=dt.date(2025, 1, 1) + n * 5 * DAY,
            end=dt.date(2025, 3, 1) + n * 5 * DAY,
        )
        for n in range(2 * MOST_PERIODS + 3)
    )
    asked = Asked(measure, weeks[0], prepare(mart, measure), by="sex", periods=weeks)
    found = counts_each(mart, asked)
    rows = fetch_each(mart, replace(asked, by=None))
    assert found == [count(measure, one, "sex") for one in rows]
    assert any(one.overall[0] for one in found)
