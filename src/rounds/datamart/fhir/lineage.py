"""From a row to the resource, file and record it came from, and back.

Nothing is stored for it: a row's id follows from its resource's key and the number of
its part, and can be undone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import duckdb

from rounds.datamart.cdm import EVENT_TABLES
from rounds.datamart.cdm import key_of as key_column
from rounds.datamart.fhir.keys import MOST_TARGETS, key_of, row_id
from rounds.datamart.fhir.parts import parts_of
from rounds.datamart.fhir.paths import text
from rounds.datamart.fhir.targets import place_tables, resources_of
from rounds.datamart.store.visible import visible_stage

__all__ = ["Origin", "Row", "resource_of", "rows_of"]


@dataclass(frozen=True)
class Origin:
    """The resource that a row was made from, and where it stood."""

    resource_type: str
    resource_id: str = field(repr=False)
    file_number: int
    record: int
    """Its place in the file, from 1: a line that is not blank, or an entry."""


@dataclass(frozen=True)
class Row:
    """A row of an OMOP table, by its primary key."""

    table: str
    row_id: int = field(repr=False)


def resource_of(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    number: int,
    aliases: Sequence[str],
) -> tuple[Origin, ...]:
    """Find the resources that a row was made from; none if no part knows it.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The parts of one FHIR source are attached to it.
    table : str
        An OMOP table.
    number : int
        The row's primary key; of `death` and `observation_period`, the person's.
    aliases : sequence of str
        Those parts, oldest first.
    """
    found: list[Origin] = []
    for resource in _types_of(table):
        seen = visible_stage(f"stage_{resource}", aliases)
        made = _ids(f"{int(number)}::BIGINT", _most_parts(connection, resource, seen))
        rows = connection.execute(
            f"SELECT id, file_number, record FROM {seen} AS one WHERE NOT deleted "
            f"AND key IN ({made})"
        ).fetchall()
        found += [Origin(resource, *each) for each in rows]
    return tuple(found)


def rows_of(
    connection: duckdb.DuckDBPyConnection,
    resource_type: str,
    resource_id: str,
    aliases: Sequence[str],
    namespace: str = "",
) -> tuple[Row, ...]:
    """Find the rows that were made from a resource; none if it was set aside.

    Parameters
    ----------
    connection : DuckDBPyConnection
        A datamart: the CDM tables are read by their plain names, and the parts of one
        FHIR source are attached.
    resource_type, resource_id : str
        The resource.
    aliases : sequence of str
        Those parts, oldest first.
    namespace : str
        The source's name, if its keys are salted with it.
    """
    parts = -1
    if resource_type in resources_of("event"):
        seen = visible_stage(f"stage_{resource_type}", aliases)
        parts = _most_parts(connection, resource_type, seen)
    key = key_of(text(f"{resource_type}/{resource_id}"), namespace)
    found = []
    for table in _tables_of(resource_type):
        column = key_column(table)
        found += connection.execute(
            f'SELECT {text(table)}, "{column}" FROM "{table}" '
            f'WHERE "{column}" IN ({_ids(key, parts)}) ORDER BY ALL'
        ).fetchall()
    return tuple(Row(*each) for each in found)


def _tables_of(resource: str) -> tuple[str, ...]:
    if resource in resources_of("person"):
        return ("person", "death", "location", "observation_period")
    if resource in resources_of("visit"):
        return ("visit_occurrence",)
    if resource in place_tables():
        table = place_tables()[resource]
        has_address = table == "care_site"
        return (table, "location") if has_address else (table,)
    if resource in resources_of("event"):
        events = tuple(each for each in EVENT_TABLES if each != "visit_occurrence")
        return (*events, "payer_plan_period")
    return ()


def _types_of(table: str) -> tuple[str, ...]:
    roles = ("person", "place", "visit", "event")
    every = (each for role in roles for each in resources_of(role))
    return tuple(each for each in every if table in _tables_of(each))


def _ids(key: str, parts: int) -> str:
    """Write every id that a row of a resource may have; and back: it is the same."""
    if parts < 0:
        return f"SELECT {key}"
    made = row_id(key, "part", "target")
    return (
        f"SELECT {made} FROM range({parts + 1}) AS p(part), "
        f"range({MOST_TARGETS}) AS t(target)"
    )


def _most_parts(connection: duckdb.DuckDBPyConnection, resource: str, seen: str) -> int:
    """Give the most components of one resource; -1 where rows have its key itself."""
    if resource not in resources_of("event"):
        return -1
    lengths = [f'coalesce(max(len("{part}")), 0)' for part in parts_of(resource)]
    if not lengths:
        return 0
    found = connection.execute(f"SELECT {', '.join(lengths)} FROM {seen} AS one")
    return max(int(n) for n in found.fetchall()[0])
