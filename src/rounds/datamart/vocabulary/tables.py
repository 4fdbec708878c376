"""The tables of a vocabulary: OHDSI's own, and what FHIR's terminology adds to them.

`tables.csv` is the list: column, type, whether it must be filled, and its place in the
order by which the table is sorted.
"""

import csv
from functools import cache
from importlib.resources import files
from pathlib import Path

import duckdb

from rounds.datamart.fhir.paths import text
from rounds.datamart.mapping import Row

__all__ = [
    "OHDSI_TABLES",
    "attach_vocabulary",
    "columns_of",
    "create_tables",
    "order_of",
    "table_names",
]

OHDSI_TABLES = (
    "concept",
    "vocabulary",
    "domain",
    "concept_class",
    "relationship",
    "concept_relationship",
    "concept_ancestor",
    "concept_synonym",
    "drug_strength",
    "source_to_concept_map",
)


@cache
def _all() -> tuple[Row, ...]:
    written = (files(__package__) / "tables.csv").read_text("utf-8")
    return tuple(csv.DictReader(written.splitlines()))


def table_names() -> tuple[str, ...]:
    """Give the names of every table of a vocabulary."""
    return tuple(dict.fromkeys(row["table"] for row in _all()))


def columns_of(table: str) -> tuple[Row, ...]:
    """Give the columns of one table: column, type, required, order."""
    return tuple(row for row in _all() if row["table"] == table)


def order_of(table: str) -> str:
    """Give the columns by which a table is sorted, for an ORDER BY."""
    keys = [row for row in columns_of(table) if row["order"]]
    return ", ".join(row["column"] for row in sorted(keys, key=lambda r: r["order"]))


def create_tables(connection: duckdb.DuckDBPyConnection, database: str = "") -> None:
    """Create every table, empty.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Open for writing.
    database : str, optional
        The alias of an attached database; by default the connection's own.
    """
    prefix = f"{database}." if database else ""
    made = []
    for table in table_names():
        columns = ", ".join(
            f'"{row["column"]}" {row["type"]}'
            + (" NOT NULL" if row["required"] == "yes" else "")
            for row in columns_of(table)
        )
        made.append(f"CREATE TABLE {prefix}{table} ({columns})")
    connection.execute(";".join(made))


def attach_vocabulary(connection: duckdb.DuckDBPyConnection, path: Path | None) -> None:
    """Attach a vocabulary for reading, as the database `vocabulary`.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Of a part that is built, or of a datamart that is read.
    path : Path, optional
        The vocabulary's file. Without one, empty tables stand under the same names, so
        that every query can be asked.
    """
    if path is not None:
        connection.execute(f"ATTACH {text(str(path))} AS vocabulary (READ_ONLY)")
        return
    connection.execute("ATTACH ':memory:' AS vocabulary")
    create_tables(connection, "vocabulary")
