"""The subset of SQL in every dialect: written, parsed again, and what is rewritten."""

import datetime as dt

import pytest
import sqlglot
from hypothesis import HealthCheck, Phase, given, settings
from sqlglot import exp

from rounds.datamart import measure_sql
from rounds.datamart.engines import SUPPORT
from rounds.datamart.engines.dialects import DIALECTS, translated
from rounds.datamart.rows import Asked, prepare
from rounds.definitions import builtin_examples, builtin_measures, check, tables_of
from rounds.definitions.graph import cohorts_of, day_of
from rounds.nouns import Period
from stories.measure_graphs import KNOWN, measures
from stories.measures import HandMade

PERIOD = Period(start=dt.date(2025, 1, 15), end=dt.date(2025, 3, 31))
OTHERS = [one for one in SUPPORT if one.name != "duckdb"]


def is_sound(sql, dialect):
    """Parse what was written, and see that nothing is left that only DuckDB knows."""
    tree = sqlglot.parse_one(sql, read=dialect)
    assert tree.find(exp.Command) is None
    assert not [j for j in tree.find_all(exp.Join) if j.kind in {"SEMI", "ANTI"}]
    if dialect not in {"snowflake", "bigquery", "databricks"}:
        assert tree.find(exp.Qualify) is None
    return tree


@pytest.mark.parametrize("engine", OTHERS, ids=lambda one: one.name)
@pytest.mark.parametrize("name", sorted(builtin_measures()))
def test_every_shipped_measure_is_written_and_parsed_again(name, engine):
    measure = builtin_measures()[name]
    datamart = HandMade(KNOWN.rows)
    forms = (False, True) if measure.basis == "person" and day_of(measure) else (False,)
    for monthly in forms:
        sql = measure_sql(datamart, measure, PERIOD, engine.name, monthly=monthly)
        assert is_sound(sql, engine.dialect).find(exp.CTE) is not None


@given(measure=measures().filter(lambda one: not check(one)))
@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_what_nobody_wrote_is_written_and_parsed_again(measure):
    datamart = HandMade(KNOWN.rows)
    for engine in OTHERS:
        sql = measure_sql(datamart, measure, PERIOD, engine.name)
        is_sound(sql, engine.dialect)
        said = [line for line in sql.splitlines() if line.startswith("-- ")]
        assert len(said) == len(cohorts_of(measure))
        for line, ref in zip(said, cohorts_of(measure), strict=True):
            assert line.endswith(str(ref))
            assert sql.count(line.removeprefix("-- ").partition(":")[0]) == 2


def test_every_dialect_of_an_engine_is_one_of_the_subset():
    assert {one.dialect for one in SUPPORT} == set(DIALECTS)
    for one in SUPPORT:
        assert one.told
        assert one.runs in {"run", "notyet"}


REWRITTEN = {
    "a window that keeps rows": (
        "SELECT a.x AS y FROM t AS a QUALIFY row_number() OVER (ORDER BY y) = 1",
        "postgres",
        "SELECT y FROM (SELECT a.x AS y, ROW_NUMBER() OVER (ORDER BY a.x) AS kept",
    ),
    "rows that have no other": (
        "SELECT t.x FROM m AS t ANTI JOIN (SELECT v FROM w) USING (v)",
        "spark",
        "(SELECT 1 FROM (SELECT v FROM w) AS other_0 WHERE other_0.v = t.v)",
    ),
    "a derived table without a name": (
        "SELECT x FROM (SELECT x FROM t)",
        "postgres",
        "AS q_0",
    ),
    "whole numbers": ("SELECT a // 10 AS b FROM t", "postgres", "CAST(DIV(a, 10) AS"),
    "the first of a month": (
        "SELECT date_trunc('month', day) AS m FROM t",
        "postgres",
        "CAST(DATE_TRUNC('MONTH', CAST(day AS TIMESTAMP)) AS DATE)",
    ),
    "a day later": (
        "SELECT s.index_date + 5 AS d FROM s",
        "trino",
        "DATE_ADD('DAY', 5, s.index_date)",
    ),
    "days between": (
        "SELECT e.until - s.index_date AS n FROM s",
        "spark",
        "DATEDIFF(",
    ),
    "midnight": (
        "SELECT nullif(t.at, date_trunc('day', t.at)) AS time FROM t",
        "spark",
        "DATE_TRUNC('DAY', t.at)",
    ),
    "months later": (
        "SELECT CAST(s.index_date - INTERVAL '3' MONTH AS DATE) AS d FROM s",
        "tsql",
        "DATEADD(MONTH, -3, s.index_date)",
    ),
    "what comes last": ("SELECT x FROM t ORDER BY x", "spark", "ORDER BY x NULLS LAST"),
    "a truth that is selected": (
        "SELECT a AND b AS c, TRUE AS d FROM t",
        "tsql",
        "CASE WHEN a <> 0 AND b <> 0 THEN 1 ELSE 0 END AS c, 1 AS d",
    ),
    "what is not known": (
        "SELECT x FROM t WHERE coalesce(a <> b, TRUE)",
        "tsql",
        "CASE WHEN NOT (a <> b) THEN 0 ELSE 1 END = 1",
    ),
    "a choice of truths": (
        "SELECT x FROM t WHERE CASE WHEN a IS NULL THEN b > 1 ELSE c > 1 END",
        "tsql",
        "ELSE CASE WHEN c > 1 THEN 1 ELSE 0 END END = 1",
    ),
    "pairs among pairs": (
        "SELECT x FROM t WHERE (a, b) IN ((1, 2), (3, 4))",
        "tsql",
        "((a = 1 AND b = 2) OR (a = 3 AND b = 4))",
    ),
}


@pytest.mark.parametrize("case", REWRITTEN, ids=str)
def test_what_a_dialect_lacks_is_rewritten(case):
    sql, dialect, expected = REWRITTEN[case]
    assert expected in translated(sql, dialect)


def test_duckdb_is_given_what_was_written():
    sql = "SELECT x FROM t QUALIFY row_number() OVER (ORDER BY x) = 1"
    assert translated(sql, "duckdb") == sql


def test_what_is_not_of_the_subset_is_a_fault_of_ours():
    with pytest.raises(sqlglot.errors.SqlglotError):
        translated("SELECT FROM WHERE", "postgres")
    with pytest.raises(AssertionError):
        translated("SELECT date_trunc('week', day) AS w FROM t", "postgres")


def test_counts_over_periods_are_written_and_parsed_again():
    """Sets of periods are gathered in every dialect, in one of them bit by bit."""
    name = "blood-pressure-control"
    measure = builtin_measures()[name]
    datamart = HandMade(tables_of(builtin_examples()[name]))
    asked = Asked(measure, PERIOD, prepare(datamart, measure), periods=(PERIOD,) * 3)
    compiled, _ = asked.compiled(counted_by=("care_site", "sex"))
    every = [*compiled.tables.values(), compiled.query]
    for dialect in {one.dialect for one in OTHERS}:
        trees = [is_sound(translated(sql, dialect), dialect) for sql in every]
        gathered = [tree for tree in trees if tree.find(exp.BitwiseOrAgg) is not None]
        assert bool(gathered) == (dialect != "tsql")
