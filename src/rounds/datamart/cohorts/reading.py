"""The datamart as Circe reads it: a schema of views, with eras where none are given."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import duckdb

from rounds.datamart.cohorts.dialects import tables_for_results
from rounds.datamart.cohorts.domains import table_of
from rounds.datamart.cohorts.eras import ERAS, era_sql
from rounds.datamart.mapping import cdm_tables
from rounds.datamart.vocabulary import table_names
from rounds.nouns import Cohort
from rounds.nouns.circe import parts

__all__ = ["Reading", "concept_ids", "reading", "tables_of"]

_OPENED: Final = itertools.count(1)


@dataclass(frozen=True)
class Reading:
    """A connection with the CDM in a schema of its own, and tables for the results."""

    cursor: duckdb.DuckDBPyConnection
    places: dict[str, str]
    has_vocabulary: bool
    derived: tuple[str, ...]
    """Era tables that were derived, since no source gave rows."""
    empty: tuple[str, ...]
    """Tables that the cohorts read and that hold no row at all."""
    has_ingredients: bool


@contextmanager
def reading(datamart: Any, cohorts: Sequence[Cohort]) -> Iterator[Reading]:
    """Open the datamart for cohorts; what was made for them goes when it is closed.

    Without a vocabulary Circe would find none of the listed concepts, so each of them
    then stands for itself, with nothing below it.
    """
    schema = f"rounds_cohorts_{next(_OPENED)}"
    places = {
        "cdm": schema,
        "vocabulary": schema,
        "cohort": f"{schema}.cohort",
        "attrition": f"{schema}.cohort_attrition",
    }
    cursor = datamart._connection.cursor()  # noqa: SLF001 - of this room
    try:
        cursor.execute(f"CREATE SCHEMA {schema}")
        try:
            yield _prepared(cursor, places, cohorts)
        finally:
            cursor.execute(f"DROP SCHEMA {schema} CASCADE")
    finally:
        cursor.close()


def tables_of(cohort: Cohort) -> frozenset[str]:
    """Give the tables whose rows decide who is in a cohort."""
    found = (table_of(kind) for kind, _ in parts(cohort.expression))
    return frozenset(table for table in found if table)


def concept_ids(cohorts: Sequence[Cohort]) -> list[int]:
    """Give every concept that the concept sets of some cohorts list."""
    return sorted(
        {
            part["CONCEPT_ID"]
            for cohort in cohorts
            for kind, part in parts(cohort.expression)
            if kind == "Concept"
        }
    )


def _prepared(
    cursor: duckdb.DuckDBPyConnection, places: dict[str, str], cohorts: Sequence[Cohort]
) -> Reading:
    schema = places["cdm"]
    known = _holds(cursor, "concept_ancestor")
    for table in sorted({*cdm_tables(), *table_names()}):
        if known or table not in {"concept", "concept_ancestor"}:
            cursor.execute(f'CREATE VIEW {schema}."{table}" AS FROM main."{table}"')
    if not known:
        _stand_for_themselves(cursor, schema, concept_ids(cohorts))
    read = frozenset[str]().union(*(tables_of(one) for one in cohorts))
    lacking = [table for table in ERAS if table in read and not _holds(cursor, table)]
    class_known = known and bool(
        cursor.execute(
            "SELECT 1 FROM main.concept WHERE concept_class_id = 'Ingredient' LIMIT 1"
        ).fetchall()
    )
    for table in lacking:
        made = era_sql(table, schema, ingredients=class_known)
        cursor.execute(f"DROP VIEW {schema}.{table}")
        cursor.execute(f"CREATE TABLE {schema}.{table} AS {made}")
    for statement in tables_for_results("duckdb", places):
        cursor.execute(statement)
    there = {*cdm_tables()}
    empty = [t for t in sorted(read) if t in there and not _holds(cursor, t, schema)]
    return Reading(cursor, places, known, tuple(lacking), tuple(empty), class_known)


def _holds(cursor: duckdb.DuckDBPyConnection, table: str, schema: str = "main") -> bool:
    return bool(cursor.execute(f'SELECT 1 FROM {schema}."{table}" LIMIT 1').fetchall())


def _stand_for_themselves(
    cursor: duckdb.DuckDBPyConnection, schema: str, listed: list[int]
) -> None:
    cursor.execute(
        f"CREATE TABLE {schema}.concept AS SELECT unnest($1::BIGINT[]) AS concept_id, "
        "NULL::VARCHAR AS invalid_reason, NULL::VARCHAR AS concept_class_id",
        [listed],
    )
    cursor.execute(
        f"CREATE VIEW {schema}.concept_ancestor AS SELECT concept_id AS "
        "ancestor_concept_id, concept_id AS descendant_concept_id "
        f"FROM {schema}.concept"
    )
