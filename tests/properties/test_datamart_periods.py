"""Several periods in one query: the rows and results of each, whatever the measure."""

import datetime as dt
import os

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rounds.datamart import run_measure, run_measure_over
from rounds.definitions import check
from rounds.nouns import DefinitionError, Period
from stories.agreement import (
    beside_each_other,
    compared_over,
    stays_beside_each_other,
    widened,
)
from stories.engines import opened
from stories.measure_graphs import BUILTIN, PERIOD, measures, stays, tables
from stories.measures import HandMade

N_EXAMPLES = int(os.environ.get("ROUNDS_EXAMPLES", "8"))
FEW = settings(
    max_examples=4 * N_EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def month(n):
    return dt.date(PERIOD.start.year + n // 12, n % 12 + 1, 1)


def months(first, n, length=1):
    """So many periods of so many months, each a month after the one before."""
    day = dt.timedelta(days=1)
    return tuple(
        Period(start=month(first + i), end=month(first + i + length) - day)
        for i in range(n)
    )


PERIODS = st.one_of(
    st.builds(months, st.integers(-12, 6), st.integers(1, 24)),
    st.builds(months, st.integers(-12, 6), st.integers(1, 12), st.just(12)),
    st.just((PERIOD, PERIOD)),
)
"""Months beside each other, years that roll, and one period twice."""


def test_one_query_gives_the_rows_of_every_period():
    """Row for row what the reference engine gives of each period by itself."""
    counted = []

    @given(
        measure=measures(),
        every=st.lists(tables(), min_size=5, max_size=5),
        those=st.lists(stays(), min_size=5, max_size=5),
        periods=PERIODS,
    )
    @FEW
    def agree(measure, every, those, periods):
        if check(measure):
            return
        rows, cohorts = beside_each_other(every), stays_beside_each_other(those)
        for one in (measure, widened(measure)):
            mart = HandMade(rows)
            counted.append(compared_over(mart, one, rows, periods, cohorts=cohorts))

    agree()
    # What is drawn hangs on the modules that happen to be loaded (Hypothesis mixes in
    # their constants), so several small databases stand beside each other: even an
    # unlucky draw has persons.
    assert len(counted) > N_EXAMPLES, "hardly any measure was sound"
    assert sum(counted) > 20 * N_EXAMPLES, "hardly anybody was in any measure"


@pytest.mark.parametrize("name", sorted(BUILTIN))
def test_a_shipped_measure_has_the_rows_of_every_period(name):
    @given(rows=tables(), periods=PERIODS)
    @settings(FEW, max_examples=max(1, N_EXAMPLES // 4))
    def agree(rows, periods):
        compared_over(HandMade(rows), BUILTIN[name], rows, periods)

    agree()


def test_postgresql_agrees_over_several_periods():
    @given(
        drawn=st.lists(measures(), min_size=4, max_size=4),
        every=st.lists(tables(), min_size=5, max_size=5),
        those=st.lists(stays(), min_size=5, max_size=5),
        periods=PERIODS,
    )
    @settings(FEW, max_examples=2)
    def agree(drawn, every, those, periods):
        rows, cohorts = beside_each_other(every), stays_beside_each_other(those)
        with engine.datamart(rows) as datamart:
            for measure in drawn:
                if not check(measure):
                    compared_over(
                        datamart, widened(measure), rows, periods, cohorts=cohorts
                    )

    with opened("postgresql") as engine:
        agree()


@pytest.mark.parametrize("name", ["blood-pressure-control", "readmission-30-days"])
@pytest.mark.parametrize("by", [None, "care_site", "sex", "age", "svi_quartile"])
def test_the_results_are_those_of_each_period_alone(name, by):
    """Populations, units and what is not estimable: as if each had been asked."""

    @given(every=st.lists(tables(), min_size=6, max_size=6), periods=PERIODS)
    @settings(FEW, max_examples=2)
    def agree(every, periods):
        mart = HandMade(beside_each_other(every))
        found = run_measure_over(mart, BUILTIN[name], periods, by=by)
        alone = [run_measure(mart, BUILTIN[name], one, by=by) for one in periods]
        assert list(found) == alone

    agree()


def test_persons_are_not_split_by_month_within_several_periods():
    from stories.measure_graphs import KNOWN

    with pytest.raises(DefinitionError) as caught:
        run_measure_over(
            HandMade(KNOWN.rows),
            BUILTIN["blood-pressure-control"],
            months(0, 2),
            by="month",
        )
    assert caught.value.code == "no-monthly-form"
