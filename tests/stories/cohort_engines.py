"""The small random CDM in engines, and cohorts run on it."""

import datetime as dt
import json
from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow as pa

from rounds.datamart.cohorts import (
    compile_cohort,
    compile_together,
    tables_for_results,
)
from stories.cohort_cdm import made

DEFINITIONS = Path(__file__).parent / "cohorts"
PLACES = {
    "cdm": "cdm",
    "vocabulary": "cdm",
    "cohort": "cohort",
    "attrition": "cohort_attrition",
}
REGION = 4330424
ROWS = "SELECT * FROM cohort ORDER BY 1, 2, 3, 4"
STEPS = "SELECT * FROM cohort_attrition ORDER BY 1, 2, 3, 4"


def definitions():
    """Read the definitions: file's stem → expression."""
    files = sorted(DEFINITIONS.glob("*.json"))
    return {path.stem: json.loads(path.read_text("utf-8")) for path in files}


def with_history(tables):
    """Add where persons have lived, as a CDM later than 5.4 keeps it."""
    persons = tables["person"]["person_id"].to_pylist()
    history = pa.table(
        {
            "location_history_id": pa.array(persons, pa.int64()),
            "location_id": pa.array([1 + one % 3 for one in persons], pa.int64()),
            "entity_id": pa.array(persons, pa.int64()),
            "domain_id": pa.array(["PERSON"] * len(persons)),
            "start_date": pa.array([dt.date(2016, 1, 1)] * len(persons)),
            "end_date": pa.array(
                [None if one % 2 else dt.date(2018, 1, 1) for one in persons],
                pa.date32(),
            ),
        }
    )
    region = pa.array([REGION, None, None], pa.int64())
    location = tables["location"].append_column("region_concept_id", region)
    concept = tables["concept"]
    names = concept.column_names
    more = concept.slice(0, 1).set_column(
        names.index("concept_id"), "concept_id", pa.array([REGION], pa.int64())
    )
    concept = pa.concat_tables([concept, more])
    return {
        **tables,
        "location": location,
        "location_history": history,
        "concept": concept,
    }


def duckdb_with(tables=None):
    """Open a DuckDB with the CDM in it and empty tables for the results."""
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("CREATE SCHEMA cdm")
    for name, table in (tables or with_history(made())).items():
        connection.register("given", table)
        connection.execute(f"CREATE TABLE cdm.{name} AS FROM given")
        connection.unregister("given")
    for statement in tables_for_results("duckdb", PLACES):
        connection.execute(statement)
    return connection


def alone(connection, expressions, compiled=compile_cohort):
    """Run each by itself; give rows and attrition of all."""
    with closing(connection.cursor()) as cursor:
        cursor.execute("DELETE FROM cohort")
        cursor.execute("DELETE FROM cohort_attrition")
        for n, expression in enumerate(expressions, 1):
            for statement in compiled(expression, "duckdb", cohort_id=n):
                cursor.execute(statement)
        return found(cursor)


def together(connection, expressions):
    """Run all so that they share what they read; give rows and attrition."""
    with closing(connection.cursor()) as cursor:
        cursor.execute("DELETE FROM cohort")
        cursor.execute("DELETE FROM cohort_attrition")
        made = compile_together(expressions, "duckdb", places=PLACES)
        for group in (made.before, *made.each, made.after):
            for statement in group:
                cursor.execute(statement)
        return found(cursor)


def found(cursor):
    cursor.execute(ROWS)
    rows = cursor.fetchall()
    cursor.execute(STEPS)
    return rows, cursor.fetchall()
