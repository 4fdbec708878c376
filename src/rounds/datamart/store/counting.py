"""How many rows of each table are seen, kept exact by difference.

A load counts the rows that it hides and those that it adds, never the whole again.
"""

from collections.abc import Sequence

import duckdb

from rounds.datamart.cdm import EVENT_TABLES
from rounds.datamart.mapping import cdm_tables
from rounds.datamart.store.manifest import Part, SourceInForce
from rounds.datamart.store.relations import person_tables, place_tables, seen_rows
from rounds.datamart.store.visible import visible_rows

__all__ = ["count_part", "count_seen", "described_rows", "rows_after"]


def count_part(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Count the rows of each CDM table of the part that is being made.

    `concept` is left out: what is seen of it is not the sum of what the parts hold.
    """
    tables = [table for table in cdm_tables() if table != "concept"]
    return _count(connection, {table: f'"{table}"' for table in tables})


def count_seen(
    connection: duckdb.DuckDBPyConnection, parts: Sequence[Part], places: str
) -> dict[str, int]:
    """Count the rows of each CDM table that are seen of some attached parts."""
    tables = (*person_tables(), *place_tables(), "location")
    return _count(
        connection, {table: seen_rows(parts, places, table) for table in tables}
    )


def rows_after(
    connection: duckdb.DuckDBPyConnection, before: SourceInForce, new: Part
) -> dict[str, int]:
    """Count what is seen of a source when a part has come to those before it.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Open on the new part, with those before attached.
    before : SourceInForce
        The source without it.
    new : Part
        With its own rows counted.
    """
    aliases = [part.alias for part in before.parts]
    relations = {
        table: f"{visible_rows(table, aliases)} AS old SEMI JOIN touched "
        "ON touched.person_id = old.person_id"
        for table in person_tables()
    }
    relations["location"] = (
        f"{visible_rows('location', aliases, key='location_id')} AS old "
        "SEMI JOIN touched ON touched.person_id = old.location_id"
    )
    hidden = _count(connection, relations)
    rows = {
        table: before.rows[table] - hidden[table] + new.rows[table] for table in hidden
    }
    replaced = next(part for part in before.parts if part.id == before.places)
    if new.places:
        rows["location"] -= replaced.place_locations
    for table in place_tables():
        rows[table] = new.rows[table] if new.places else before.rows[table]
    return rows | described_rows(rows)


def described_rows(rows: dict[str, int]) -> dict[str, int]:
    """Count the line of `cdm_source` that Rounds writes: one, if there is any event."""
    return {"cdm_source": int(any(rows[table] for table in EVENT_TABLES))}


def _count(
    connection: duckdb.DuckDBPyConnection, relations: dict[str, str]
) -> dict[str, int]:
    counts = " UNION ALL ".join(
        f"SELECT '{table}', count(*) FROM {relation}"
        for table, relation in relations.items()
    )
    found = dict(connection.execute(counts).fetchall())
    return {table: found[table] for table in relations}
