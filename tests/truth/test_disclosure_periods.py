"""What is left out of a table of periods cannot be had from all the other numbers."""

import datetime as dt
from itertools import permutations

import numpy as np
import pytest

from rounds.conduct import Gate, Project, each_period, measure_over
from rounds.datamart import members_of, run_measure
from rounds.definitions import builtin_measures
from rounds.definitions.reference import evaluate
from rounds.ledger import safe_measure_result
from rounds.nouns import MeasureResult
from stories.clinics import PERIOD, clinics

MEASURE = builtin_measures()["blood-pressure-control"]
AT = dt.datetime(2025, 2, 3, 9, 0, tzinfo=dt.UTC)
PEOPLE = 3 * 480
ASKED = (
    ("month", 1, "care_site"),
    ("quarter", 1, "care_site"),
    ("year", 1, "care_site"),
)
"""Months, the quarters that hold them, and the year that holds these."""
ROLLING = (
    ("month", 3, "care_site"),
    ("month", 2, None),
    ("month", 1, "care_site"),
    ("quarter", 2, "care_site"),
)
"""Stretches that overlap in all ways."""


@pytest.fixture(scope="module")
def datamart():
    return clinics(n_clinics=3, size=480, seed=7, centre=0.9)


def rows_of(datamart, told, by):
    """Give each told sum as a row over persons, and each small count that is hidden."""
    members = members_of(datamart, MEASURE, told.period, by=by)
    units = {"overall": told.overall} | {f"unit {one.unit}": one for one in told.by}
    shown, hidden = [], []
    for name, sums in members.items():
        each = [indicator(one) for one in sums]
        if name.startswith("population "):
            if told.populations[name.removeprefix("population ")] is not None:
                shown += each
            continue
        counted, met = each
        if not units[name].suppressed:
            shown += [counted, met]
        parts = (counted, met, counted - met)
        hidden += [part for part in parts if 1 <= part.sum() <= 10]
    return shown, hidden


def tables_of(datamart):
    """Give the datamart's tables as rows in memory."""
    ask = datamart._connection.execute
    found = {}
    for (name,) in ask("SELECT table_name FROM information_schema.tables").fetchall():
        cursor = ask(f"SELECT * FROM {name}")
        columns = [one[0] for one in cursor.description]
        found[name] = [
            dict(zip(columns, row, strict=True)) for row in cursor.fetchall()
        ]
    return found


@pytest.mark.parametrize("asked", [("year", 1), ("quarter", 2), ("month", 3)])
def test_the_persons_of_a_sum_are_those_whom_the_reference_engine_counts(
    datamart, asked
):
    """What is solved for below rests on who is in each sum. The engine that is the
    judge of measures is asked for the same, of the first and the last period."""
    every, rolling = asked
    periods = list(each_period(PERIOD, every, rolling=rolling))
    tables = tables_of(datamart)
    site = {
        row["person_id"]: f"clinic-{row['care_site_id'] - 1:02d}"
        for row in tables["visit_occurrence"]
    }
    for period in {periods[0], periods[-1]}:
        rows = [one for one in evaluate(MEASURE, tables, period) if one.denominator]
        members = members_of(datamart, MEASURE, period, by="care_site")
        for name in ["overall", *(f"unit {unit}" for unit in set(site.values()))]:
            here = [r for r in rows if name in {"overall", f"unit {site[r.person_id]}"}]
            counted, met = members[name]
            assert set(counted.keys.astype(int)) == {r.person_id for r in here}
            assert set(met.keys.astype(int)) == {
                r.person_id for r in here if r.numerator
            }


def indicator(one):
    row = np.zeros(PEOPLE + 1)
    row[one.keys.astype(int)] = 1
    return row


def given_back(told, hidden):
    """Count the hidden sums that are a combination of told ones."""
    told = np.array(told)
    rank = np.linalg.matrix_rank(told)
    basis = np.linalg.svd(told, full_matrices=False)[2][:rank]
    rest = [one - basis.T @ (basis @ one) for one in hidden]
    return sum(np.linalg.norm(one) < 1e-6 for one in rest)


def everything(datamart, asked, tell):
    """Ask one table after another; give all that was told, and all that is hidden."""
    told, hidden = [], []
    for every, rolling, by in asked:
        for one in tell(each_period(PERIOD, every, rolling=rolling), by):
            if isinstance(one, MeasureResult):
                some, others = rows_of(datamart, one, by)
                told, hidden = told + some, hidden + others
    return told, hidden


@pytest.mark.parametrize("asked", [*permutations(ASKED), ROLLING], ids=str)
def test_no_small_count_of_a_period_comes_back(datamart, tmp_path, asked):
    """One person asks for every table, in any order, and solves for the counts."""
    project = Project.init(tmp_path / "h", source=None)
    with Gate.open(project, now=lambda: AT, asker="ana") as ana:
        told, hidden = everything(
            datamart,
            asked,
            lambda periods, by: measure_over(ana, datamart, MEASURE, periods, by=by),
        )
    assert len(told) > 20
    assert len(hidden) > 5
    assert given_back(told, hidden) == 0


def test_without_the_comparison_of_periods_many_come_back(datamart):
    """Each period by itself hides what is small; the tables together do not."""

    def each_by_itself(periods, by):
        for one in periods:
            yield safe_measure_result(run_measure(datamart, MEASURE, one, by=by))

    told, hidden = everything(datamart, ASKED, each_by_itself)
    assert given_back(told, hidden) > 1
