"""Cohorts that are compiled together: what is made once, and for how long it stays."""

import datetime as dt
import re
from contextlib import closing

import pyarrow as pa
import pytest

from rounds.datamart.cohorts import compile_together
from stories.cohort_cdm import made
from stories.cohort_engines import PLACES, alone, duckdb_with, together, with_history
from stories.cohort_families import CODES, EXITS, MEASURED, NEW, SEEN, family

MADE = re.compile(r"CREATE TEMP TABLE made_\d+")


@pytest.fixture(scope="module")
def engine():
    with duckdb_with() as connection:
        yield connection


def compiled(expressions):
    return compile_together(expressions, "duckdb", places=PLACES)


def n_made(expressions):
    return sum(
        bool(MADE.match(one)) for each in compiled(expressions).each for one in each
    )


def with_end(expression, **more):
    return {**expression, **more}


def test_a_family_of_cohorts_has_the_rows_of_each_alone(engine):
    chosen = family()[::3]
    rows = alone(engine, chosen)
    assert len({row[0] for row in rows[0]}) > 20, "most of them have somebody"
    assert together(engine, chosen) == rows


def test_cohorts_that_differ_in_their_end_are_one_until_then():
    one = family()[-2]
    other = with_end(one, EndStrategy=EXITS[1])
    attrition = 1  # which one of them alone would not make, but count as it is written
    assert n_made([one, other]) == n_made([one]) + attrition
    elsewhere = with_end(other, PrimaryCriteria=family()[0]["PrimaryCriteria"])
    assert n_made([one, elsewhere]) > n_made([one, other])


def test_a_rule_is_asked_once_wherever_it_stands():
    """Two cohorts with the same entry: the rules are the same ones in another order."""
    one = with_end(family()[0], InclusionRules=[MEASURED, NEW, SEEN])
    other = with_end(one, InclusionRules=[SEEN, MEASURED, NEW])
    sought = "slice_measurement|MEASUREMENT m"
    both = compiled([one, other])
    asked = [s for each in both.each for s in each if re.search(sought, s)]
    assert len(asked) == 1


def test_what_is_made_is_dropped_after_the_last_that_reads_it(engine):
    chosen = family()[:40]
    written = compiled(chosen)
    left = []
    with closing(engine.cursor()) as cursor:
        for group in (written.before, *written.each, written.after):
            for statement in group:
                cursor.execute(statement)
            cursor.execute("SELECT count(*) FROM duckdb_tables() WHERE temporary")
            left.append(cursor.fetchone()[0])
    assert left[-1] == 0
    assert max(left) < sum(len(MADE.findall(s)) for e in written.each for s in e) / 2


def test_a_slice_is_made_of_a_table_that_many_criteria_read():
    few = [{**family()[0], "InclusionRules": [MEASURED]}]
    many = [
        {
            **few[0],
            "PrimaryCriteria": {
                **few[0]["PrimaryCriteria"],
                "CriteriaList": [
                    {
                        "ConditionOccurrence": {
                            "CodesetId": CODES["condition"],
                            "Age": {"Op": "gte", "Value": 10 * n},
                        }
                    }
                ],
            },
        }
        for n in range(9)
    ]
    assert not [one for one in compiled(few).before if "slice_" in one]
    (slice_,) = [one for one in compiled(many).before if "slice_" in one]
    assert "slice_condition_occurrence" in slice_


def backwards(tables):
    """Let every third exposure to a drug end before it begins, some on one day."""
    table = tables["drug_exposure"]
    start = table["drug_exposure_start_date"].to_pylist()
    start = [dt.date(2016, 1, 1) if n % 5 == 0 else one for n, one in enumerate(start)]
    end = [
        one + dt.timedelta(days=-20 if n % 3 == 0 else n % 40)
        for n, one in enumerate(start)
    ]
    for name, days in (("start", start), ("end", end)):
        place = table.column_names.index(f"drug_exposure_{name}_date")
        table = table.set_column(
            place, f"drug_exposure_{name}_date", pa.array(days, pa.date32())
        )
    return {**tables, "drug_exposure": table}


@pytest.fixture(scope="module")
def bad_data():
    with duckdb_with(backwards(with_history(made()))) as connection:
        yield connection


@pytest.mark.parametrize("pad", [-40, 0, 30])
def test_periods_that_end_before_they_begin_are_joined_as_circe_does(bad_data, pad):
    eras = [
        {"DrugCodesetId": CODES["drug"], "GapDays": gap, "Offset": offset}
        for gap, offset in ((0, 0), (30, 0), (10, -15), (0, -40), (10, -15))
    ]
    chosen = [
        {
            **family()[40],
            "EndStrategy": {"CustomEra": era},
            "CollapseSettings": {"CollapseType": "ERA", "EraPad": pad},
        }
        for era in eras
    ]
    chosen.append({**chosen[0], "ExpressionLimit": {"Type": "Last"}})
    rows = alone(bad_data, chosen)
    assert len(rows[0]) > 100
    assert together(bad_data, chosen) == rows
