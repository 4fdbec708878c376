"""Who is in each count is who was counted."""

import datetime as dt

import numpy as np
import pytest
from scipy.special import stdtrit

from rounds.conduct import Gate, Project
from rounds.datamart import members_of, run_measure
from rounds.definitions import builtin_measures
from stories import grammar
from stories.clinics import PERIOD, clinics
from stories.measures import cohort_query

MEASURE = builtin_measures()["blood-pressure-control"]
AT = dt.datetime(2025, 2, 3, tzinfo=dt.UTC)
YEARS = {"op": "years", "at": {"at": "period_end"}}
WOMEN = {"op": "sex", "of": "female"}
OLDER = {"op": "age", "at": "period_end", "from_years": 65}
MODEL = {
    "op": "score",
    "link": "logit",
    "intercept": -1.5,
    "terms": [{"coefficient": 0.7, "when": OLDER}],
}
RATIO = {
    "scoring": "ratio",
    "numerator": WOMEN,
    "denominator_observation": YEARS,
}
STRATA = [
    {
        "name": "age-group",
        "strata": [{"label": "65 and older", "when": OLDER}],
    }
]
GROWN = {
    "a ratio by sex": (RATIO, "sex"),
    "a ratio beside a model": ({**RATIO, "expected": MODEL}, "care_site"),
    "a proportion beside a model": ({"numerator": WOMEN, "expected": MODEL}, "sex"),
    "a median by stratum": (
        {
            "scoring": "continuous-variable",
            "numerator": None,
            "measure_observation": YEARS,
            "aggregate": "median",
            "stratifiers": STRATA,
        },
        "age-group",
    ),
    "a stratum within sites": (
        {"numerator": WOMEN, "stratifiers": STRATA},
        "care_site,age-group",
    ),
}


def grown(**fields):
    return grammar.measure("{op: age, at: period_end, from_years: 18}", **fields)


@pytest.fixture(scope="module")
def datamart():
    return clinics(n_clinics=4, size=60)


@pytest.mark.parametrize("by", [None, "care_site", "sex", "month", "care_site,month"])
def test_the_people_of_each_line_are_as_many_as_the_line_counts(datamart, by):
    """Of the whole, of each unit and of each population."""
    result = run_measure(datamart, MEASURE, PERIOD, by=by)
    members = members_of(datamart, MEASURE, PERIOD, by=by)
    lines = {"overall": result.overall} | {f"unit {one.unit}": one for one in result.by}
    for name, line in lines.items():
        counted, met = members[name]
        assert (len(counted), len(met)) == (line.denominator, line.numerator)
        assert set(met.keys) <= set(counted.keys)
    for name, n in result.populations.items():
        assert len(members[f"population {name}"][0]) == n
    assert set(lines) == {n for n in members if not n.startswith("population")}


@pytest.mark.parametrize("case", GROWN)
def test_the_sums_of_each_line_are_what_the_line_tells(datamart, case):
    """Counts, totals and expectations; and the interval is made of them as well."""
    fields, by = GROWN[case]
    measure = grown(**fields)
    result = run_measure(datamart, measure, PERIOD, by=by)
    members = members_of(datamart, measure, PERIOD, by=by)
    lines = {"overall": result.overall} | {f"unit {one.unit}": one for one in result.by}
    assert len(lines) > 2
    names = {f"population {name}" for name in result.populations}
    assert set(members) == set(lines) | names
    for name, n in result.populations.items():
        assert members[f"population {name}"][0].total == n
    for name, line in lines.items():
        count, *rest = (one.total for one in members[name])
        assert count == line.denominator
        if line.numerator is not None:
            assert rest[0] == line.numerator
        if line.numerator_total is not None:
            assert rest[1] / 1e3 == pytest.approx(line.numerator_total)
            assert rest[2] / 1e3 == pytest.approx(line.denominator_total)
            assert interval(count, rest[1:6]) == pytest.approx(
                (line.value, line.lower, line.upper)
            )
        if line.expected is not None:
            assert rest[-1] / 1e6 == pytest.approx(line.expected, rel=1e-5)


def interval(n, sums):
    """Give a ratio and its limits from the five sums over its subjects."""
    above, below, squares, products, others = (one / 1e3 for one in sums)
    value = above / below
    left = squares - 2 * value * products + value**2 * others
    half = stdtrit(n - 1, 0.975) * np.sqrt(n / (n - 1) * left) / below
    return value, value - half, value + half


def test_who_opted_out_and_who_is_in_no_cohort_is_in_no_sum(datamart):
    """The persons of the lines are asked for as the result is."""
    measure = grown(
        numerator=WOMEN,
        denominator={"op": "in_cohort", "cohort": grammar.DIABETES.model_dump()},
    )
    days = (PERIOD.start, PERIOD.end)
    columns = ("subject_id", "cohort_start_date", "cohort_end_date")
    stays = [dict(zip(columns, (one, *days), strict=True)) for one in range(1, 121)]
    query = cohort_query(stays)
    asked = {
        "cohorts": {grammar.DIABETES: query},
        "without": frozenset({"p1", "p2", "p200"}),
    }
    result = run_measure(datamart, measure, PERIOD, **asked)
    members = members_of(datamart, measure, PERIOD, **asked)
    counted, _ = members["overall"]
    assert len(counted) == result.overall.denominator > 80
    assert set(counted.keys.tolist()) <= set(range(3, 121))
    whole = members["population initial_population"][0]
    assert not {1, 2, 200} & set(whole.keys.tolist())


def test_a_measure_is_counted_and_released_by_the_gate(datamart, tmp_path):
    """Once and again; and what was shown without the gate is shown with it."""
    project = Project.init(tmp_path / "h", source=None)
    exact = run_measure(datamart, MEASURE, PERIOD, by="care_site")
    with Gate.open(project, now=lambda: AT, asker="ana") as gate:
        first = gate.measure(datamart, MEASURE, PERIOD, by="care_site")
        assert gate.measure(datamart, MEASURE, PERIOD, by="care_site") == first
    assert first.overall == exact.overall
    shown = {one.unit: one for one in first.by if not one.suppressed}
    assert shown
    for one in exact.by:
        assert shown.get(one.unit, one) == one
