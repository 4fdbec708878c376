"""What one source gives of a table, its parts taken together: the relation to read.

Most tables have a person in each row, and a later part hides the persons that it has
touched. Care sites and providers are written whole in one part. Of locations, those of
places are in that part too, and a patient's address, whose id is the person's, goes
with the person. The line of `cdm_source` that Rounds writes itself is made from the
events that are seen.
"""

from collections.abc import Sequence
from functools import cache

from rounds.datamart.cdm import EVENT_TABLES
from rounds.datamart.fhir.paths import text
from rounds.datamart.mapping import cdm_columns, cdm_tables
from rounds.datamart.periods import event_dates
from rounds.datamart.store.manifest import Part, SourceInForce
from rounds.datamart.store.visible import visible_rows

__all__ = [
    "described_source",
    "person_tables",
    "place_tables",
    "relation",
    "seen_rows",
]

_CDM_5_4 = "756265"


@cache
def person_tables() -> tuple[str, ...]:
    """Give the CDM tables whose rows have a person."""
    return tuple(
        table
        for table in cdm_tables()
        if any(row["column"] == "person_id" for row in cdm_columns(table))
    )


@cache
def place_tables() -> tuple[str, ...]:
    """Give the small tables without persons, written whole whenever they change."""
    others = {*person_tables(), "cdm_source", "concept", "location"}
    return tuple(table for table in cdm_tables() if table not in others)


def relation(source: SourceInForce, table: str) -> str:
    """Write what a source gives of a CDM table, for a FROM.

    Parameters
    ----------
    source : SourceInForce
        Its parts are attached under their aliases.
    table : str
        Any but `concept`.
    """
    if table == "cdm_source" and source.adds:
        return _described(source)
    return seen_rows(source.parts, source.places, table)


def seen_rows(parts: Sequence[Part], places: str, table: str) -> str:
    """Write what several parts, the last ones of a source, have of a CDM table.

    Parameters
    ----------
    parts : sequence of Part
        Oldest first.
    places : str
        The id of the part whose care sites, providers and places are in force; it may
        be another than these.
    """
    aliases = [part.alias for part in parts]
    if len(parts) == 1:
        return visible_rows(table, aliases)
    if table in {*place_tables(), "cdm_source"}:
        holding = next((part for part in parts if part.id == places), None)
        if holding is None:
            return f'(SELECT * FROM "{aliases[0]}"."{table}" LIMIT 0)'
        return f'"{holding.alias}"."{table}"'
    if table == "location":
        return _locations(parts, places)
    return visible_rows(table, aliases)


def _locations(parts: Sequence[Part], places: str) -> str:
    """Write the addresses of the persons that are seen, and the places in force."""
    seen = visible_rows("location", [part.alias for part in parts], key="location_id")
    for part in parts:
        if part.places and part.id != places:
            # Its places are no longer in force; its patients' addresses are.
            whole = f'"{part.alias}"."location"'
            addresses = (
                f"(SELECT place.* FROM {whole} AS place SEMI JOIN "
                f'"{part.alias}".person AS who ON who.person_id = place.location_id)'
            )
            seen = seen.replace(whole, addresses)
    return seen


def _described(source: SourceInForce) -> str:
    events = ", ".join(
        f'"{table}" AS (SELECT * FROM {relation(source, table)})'
        for table in EVENT_TABLES
    )
    return f"(WITH {events} {described_source(source.shape)})"


def described_source(shape: str) -> str:
    """Write the SELECT of a `cdm_source` line; its dates are the last event's."""
    known = {
        "cdm_source_name": "'Rounds datamart'",
        "cdm_source_abbreviation": "'rounds'",
        "cdm_holder": "'not stated'",
        "source_description": text(f"made from {shape}"),
        "source_release_date": "last_day",
        "cdm_release_date": "last_day",
        "cdm_version": "'5.4'",
        "cdm_version_concept_id": _CDM_5_4,
    }
    columns = ", ".join(
        f"CAST({known.get(row['column'], 'NULL')} AS {row['type']}) "
        f'AS "{row["column"]}"'
        for row in cdm_columns("cdm_source")
    )
    return (
        f"SELECT {columns} FROM (SELECT max(last_day) AS last_day "
        f"FROM ({event_dates()})) WHERE last_day IS NOT NULL"
    )
