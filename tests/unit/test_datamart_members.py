"""Who is in each count is who was counted."""

import datetime as dt

import pytest

from rounds.conduct import Gate, Project
from rounds.datamart import members_of, run_measure
from rounds.definitions import builtin_measures
from stories.clinics import PERIOD, clinics

MEASURE = builtin_measures()["blood-pressure-control"]
AT = dt.datetime(2025, 2, 3, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def datamart():
    return clinics(n_clinics=4, size=60)


@pytest.mark.parametrize("by", [None, "care_site", "sex", "month"])
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
