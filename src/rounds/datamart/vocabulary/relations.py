"""The concept tables that an OMOP source brings, typed, in a file of their own."""

from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb

from rounds.datamart.fhir.paths import text
from rounds.datamart.vocabulary.tables import OHDSI_TABLES, columns_of, create_tables

__all__ = ["load_relations"]

_ABSENT = {
    "valid_start_date": "DATE '1970-01-01'",
    "valid_end_date": "DATE '2099-12-31'",
    "concept_class_id": "'Undefined'",
    "domain_id": "'Metadata'",
    "concept_name": "CAST(concept_code AS VARCHAR)",
    "source_concept_id": "0",
    "target_vocabulary_id": "'None'",
    "min_levels_of_separation": "0",
    "max_levels_of_separation": "0",
    "language_concept_id": "0",
}
"""What stands where an extract says nothing: what OMOP writes for "not known"."""


def load_relations(
    connection: duckdb.DuckDBPyConnection,
    relations: Mapping[str, str],
    into: Path,
    tell: Callable[[str, int], None],
) -> None:
    """Write the relations, typed, into a new file that the connection then lets go.

    A row without a key of its table, or with one that is none of its type, is left.

    Parameters
    ----------
    connection : DuckDBPyConnection
        On which the relations can be read.
    relations : mapping of str to str
        OHDSI table → a relation for a FROM. Columns may be missing.
    into : Path
        The file to make.
    tell : callable
        Told what has been read, and how many rows so far.
    """
    connection.execute(f"ATTACH {text(str(into))} AS brought_vocabulary")
    n_rows = 0
    try:
        create_tables(connection, "brought_vocabulary")
        for table in OHDSI_TABLES:
            if table in relations:
                n_rows += _insert(connection, table, relations[table])
                tell(f"reading {table}", n_rows)
    finally:
        connection.execute("DETACH brought_vocabulary")


def _insert(connection: duckdb.DuckDBPyConnection, table: str, relation: str) -> int:
    described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    there = {name.lower(): name for name, *_ in described}
    values, needed = [], []
    for row in columns_of(table):
        name, kind = row["column"], row["type"]
        value = f"CAST(NULL AS {kind})"
        if name in there:
            value = _typed(f'"{there[name]}"', kind)
        if row["required"] == "yes" and name in _ABSENT:
            value = f"coalesce({value}, {_ABSENT[name]})"
        elif row["required"] == "yes":
            needed.append(f"{name} IS NOT NULL")
        values.append(f"{value} AS {name}")
    written = connection.execute(
        f"INSERT INTO brought_vocabulary.{table} SELECT * FROM (SELECT "
        f"{', '.join(values)} FROM {relation}) WHERE {' AND '.join(needed)}"
    ).fetchall()[0][0]
    assert isinstance(written, int)
    return written


def _typed(quoted: str, kind: str) -> str:
    if kind == "VARCHAR":
        return f"nullif(CAST({quoted} AS VARCHAR), '')"
    if kind == "DATE":  # an extract may hold Athena's 20991231
        return (
            f"coalesce(TRY_CAST({quoted} AS DATE), "
            f"CAST(try_strptime(CAST({quoted} AS VARCHAR), '%Y%m%d') AS DATE))"
        )
    return f"TRY_CAST({quoted} AS {kind})"
