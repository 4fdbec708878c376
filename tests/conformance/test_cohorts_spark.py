"""Circe cohorts on a local Spark as it is shipped give the rows of DuckDB: `make test-spark`."""

import os

import pytest

from rounds.datamart.cohorts import compile_cohort, compile_together, tables_for_results
from stories.cohort_cdm import made
from stories.cohort_engines import (
    PLACES,
    ROWS,
    STEPS,
    alone,
    definitions,
    duckdb_with,
    with_history,
)

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(not os.environ.get("ROUNDS_HEAVY"), reason="make test-spark"),
]
CHOSEN = os.environ.get("ROUNDS_COHORT_FILES", "")
"""Beginnings of names of definitions, separated by commas; all if empty."""


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    sql = pytest.importorskip("pyspark.sql")
    home = tmp_path_factory.mktemp("spark")
    session = (
        sql.SparkSession.builder.master("local[1]")
        .config("spark.sql.warehouse.dir", str(home / "warehouse"))
        .config("spark.driver.extraJavaOptions", f"-Dderby.system.home={home}")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.ui.enabled", "false")
        .getOrCreate()
    )
    import pyarrow.parquet as pq

    for schema in ("cdm", "scratch"):
        session.sql(f"CREATE SCHEMA {schema}")
    for name, table in with_history(made()).items():
        path = str(home / f"{name}.parquet")
        pq.write_table(table, path)
        session.read.parquet(path).write.saveAsTable(f"cdm.{name}")
    for statement in tables_for_results("spark", PLACES):
        session.sql(statement)
    yield session
    session.stop()


def rows_of(session, query, *columns):
    """Give rows in the order of DuckDB's columns: Spark puts a partition last."""
    listed = ", ".join(columns)
    return [tuple(row) for row in session.sql(query.replace("*", listed)).collect()]


def each_alone(chosen):
    for n, expression in enumerate(chosen, 1):
        yield from compile_cohort(expression, "spark", cohort_id=n, scratch="scratch")


def all_together(chosen):
    made = compile_together(chosen, "spark", places=PLACES, scratch="scratch")
    for group in (made.before, *made.each, made.after):
        yield from group


@pytest.mark.parametrize("written", [each_alone, all_together])
def test_spark_gives_the_rows_of_duckdb(spark, written):
    chosen = [
        expression
        for name, expression in definitions().items()
        if name.startswith(tuple(CHOSEN.split(",")))
    ]
    with duckdb_with() as engine:
        judged = alone(engine, chosen)
    for table in (PLACES["cohort"], PLACES["attrition"]):
        spark.sql(f"TRUNCATE TABLE {table}")
    for statement in written(chosen):
        spark.sql(statement)
    found = (
        rows_of(
            spark, ROWS, "cohort_definition_id", "subject_id", "cohort_start_date",
            "cohort_end_date",
        ),
        rows_of(
            spark, STEPS, "cohort_definition_id", "person_id", "inclusion_rule_mask",
            "event_count",
        ),
    )  # fmt: skip
    assert found == judged
