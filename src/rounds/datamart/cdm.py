"""The OMOP CDM 5.4 tables of the datamart, made and filled by column name."""

from collections.abc import Mapping

import duckdb

from rounds.datamart.mapping import cdm_columns, cdm_tables

__all__ = ["EVENT_TABLES", "create_tables", "insert", "key_of"]

EVENT_TABLES: dict[str, tuple[str, str]] = {
    "visit_occurrence": ("visit", "visit_start_date"),
    "condition_occurrence": ("condition", "condition_start_date"),
    "measurement": ("measurement", "measurement_date"),
    "observation": ("observation", "observation_date"),
    "procedure_occurrence": ("procedure", "procedure_date"),
    "drug_exposure": ("drug", "drug_exposure_start_date"),
    "device_exposure": ("device", "device_exposure_start_date"),
    "specimen": ("specimen", "specimen_date"),
}
"""Of each event table: what its concept columns begin with, and its date."""


def create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Create every CDM table, empty and typed, but `concept`, the vocabulary's."""
    made = []
    for table in cdm_tables():
        if table == "concept":
            continue
        columns = ", ".join(
            f'"{row["column"]}" {row["type"]}' for row in cdm_columns(table)
        )
        made.append(f'CREATE TABLE "{table}" ({columns})')
    connection.execute(";".join(made))


def key_of(table: str) -> str:
    """Give the column that a row cannot be without: its key, or its person."""
    keys = [row for row in cdm_columns(table) if row["primary_key"] == "yes"]
    return (keys or list(cdm_columns(table)))[0]["column"]


def insert(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    values: Mapping[str, str],
    source: str,
) -> None:
    """Fill a table from expressions by column name; the rest are 0 or NULL.

    OMOP asks for concept id 0 where a required concept is not known.
    """
    columns = {row["column"]: row for row in cdm_columns(table)}
    unknown = set(values) - set(columns)
    assert not unknown, f"{table} has no column {sorted(unknown)}"
    written = dict(values)
    for name, row in columns.items():
        if row["required"] == "yes" and name.endswith("_concept_id"):
            written.setdefault(name, "0")
    names = ", ".join(f'"{name}"' for name in written)
    selected = ", ".join(written.values())
    connection.execute(
        f'INSERT INTO "{table}" ({names}) SELECT {selected} FROM {source}'
    )
