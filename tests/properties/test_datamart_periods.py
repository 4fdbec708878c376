"""Several periods in one query: the rows and results of each, whatever the measure."""

import datetime as dt
import json
import os

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rounds.datamart import run_measure, run_measure_over
from rounds.definitions import builtin_examples, check, tables_of
from rounds.definitions.example_patients import ExamplePatient, ExampleRow
from rounds.nouns import DefinitionError, Measure, Period
from stories.agreement import (
    beside_each_other,
    compared_over,
    stays_beside_each_other,
    widened,
)
from stories.engines import ENGINES, opened
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


@pytest.mark.parametrize("name", [one for one in ENGINES if one != "duckdb"])
def test_other_engines_agree_over_several_periods(name):
    @given(
        drawn=st.lists(measures(), min_size=4, max_size=4),
        every=st.lists(tables(), min_size=5, max_size=5),
        those=st.lists(stays(), min_size=5, max_size=5),
        periods=PERIODS,
    )
    @settings(FEW, max_examples=max(2, N_EXAMPLES // 4))
    def agree(drawn, every, those, periods):
        rows, cohorts = beside_each_other(every), stays_beside_each_other(those)
        with engine.datamart(rows) as datamart:
            for measure in drawn:
                if not check(measure):
                    asked = widened(measure)
                    n = compared_over(datamart, asked, rows, periods, cohorts=cohorts)
                    counted.append(n)

    counted = []
    with opened(name) as engine:
        agree()
    print(f"{name}: {len(counted)} measures over several periods, {sum(counted)} rows")
    assert counted, "no measure was sound"


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


@pytest.mark.parametrize("match", ["covers", "overlaps", "ends_in", "starts_in"])
def test_days_that_are_the_same_in_every_period_bound_what_counts(match):
    """Bounds that hang on no period were lost where a stay had to cover them."""
    named = {"essential-hypertension"}
    fixed = {
        "op": "exists",
        "label": "Hypertension, on days that are written down",
        "events": {
            "domain": "condition",
            "concept_set": "essential-hypertension",
            "match": match,
            "window": {"start": {"at": "2025-02-01"}, "end": {"at": "2025-03-01"}},
        },
    }
    plain = BUILTIN["blood-pressure-control"].model_dump(mode="json")
    kept = [one for one in plain["concept_sets"] if one["name"] in named]
    plain |= {"initial_population": fixed, "numerator": fixed, "concept_sets": kept}
    plain |= {"denominator": None, "denominator_exclusion": None}
    measure = Measure.model_validate_json(json.dumps(plain))
    examples = builtin_examples()["blood-pressure-control"]
    ends = ["2025-01-31", "2025-02-01", "2025-02-20", "2025-03-01", "2025-03-02"]
    stays = [
        (start, end)
        for start in ("2025-01-31", "2025-02-01", "2025-02-02", "2025-03-02")
        for end in (*ends, None)
        if end is None or end >= start
    ]
    patients = tuple(
        ExamplePatient(
            name=f"{start} to {end}",
            born=dt.date(1960, 5, 1),
            rows=(ExampleRow(condition="ICD10CM I10", start=start, end=end),),
            expect="outside",
        )
        for start, end in stays
    )
    rows = tables_of(examples.model_copy(update={"patients": patients}))
    periods = months(0, 3)
    n = compared_over(HandMade(rows), measure, rows, periods)
    assert 0 < n < len(patients) * len(periods)


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
