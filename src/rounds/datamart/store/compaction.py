"""Increments merged, so that a reader never has many parts to look into.

No row changes: the merged part holds what was seen of those it is made of.
"""

from dataclasses import replace

import duckdb

from rounds.datamart.cdm import EVENT_TABLES
from rounds.datamart.mapping import cdm_tables
from rounds.datamart.store.attach import attach_parts, columns_of
from rounds.datamart.store.concept_view import local_code_relation
from rounds.datamart.store.counting import count_part, count_seen
from rounds.datamart.store.engine import Settings
from rounds.datamart.store.manifest import Part, SourceInForce
from rounds.datamart.store.relations import seen_rows
from rounds.datamart.store.visible import visible_rows, visible_stage
from rounds.datamart.store.writing import Writer
from rounds.nouns.errors import SourceError

__all__ = ["MOST_INCREMENTS", "MOST_OF_BASE", "compacted"]

MOST_INCREMENTS = 8
"""More of them are merged into one.

Of 4 million readings of 200,000 persons, a query over all took at most 1.4 times as
long with 8 increments as with the base alone, and over twice as long with 14.
"""
MOST_OF_BASE = 0.03
"""When increments hold more than this share of the base's rows, all become one base.

Merging all took 1.4 times as long as the first load of the same rows, so it has to be
rare: once for some thirty loads that touch a thousandth of the rows each.
"""

_SETS = frozenset({"concept", "rounds_resource", "touched"})
"""Tables in which a row that several parts hold is one."""


def compacted(
    writer: Writer, source: SourceInForce, settings: Settings
) -> SourceInForce:
    """Merge a source's parts where there are too many, or too much beside the base.

    Raises
    ------
    SourceError
        If a row were lost: then nothing is put in force.
    """
    base, *increments = source.parts
    beside = sum(sum(part.rows.values()) for part in increments)
    if beside > MOST_OF_BASE * sum(base.rows.values()):
        whole = _merged(writer, source, source.parts, settings)
        _insist(whole.rows, source.rows)
        return replace(source, parts=(whole,), places=whole.id)
    if len(increments) > MOST_INCREMENTS:
        merged = _merged(writer, source, tuple(increments), settings)
        places = merged.id if merged.places else source.places
        return replace(source, parts=(base, merged), places=places)
    return source


def _merged(
    writer: Writer,
    source: SourceInForce,
    parts: tuple[Part, ...],
    settings: Settings,
) -> Part:
    number, path = writer.new_part()
    with duckdb.connect(str(path), config=settings) as connection:
        attach_parts(connection, writer, parts)
        aliases = [part.alias for part in parts]
        held = columns_of(connection, aliases)
        is_whole = parts == source.parts
        connection.begin()  # one write to the disk, not one for each table
        for table in sorted({name for alias in aliases for name in held[alias]}):
            if table == "touched" and is_whole:
                continue
            here = [alias for alias in aliases if table in held[alias]]
            relation = _relation(table, parts, source.places, here, held)
            order = _order(table, held[here[0]][table])
            connection.execute(
                f'CREATE TABLE "{table}" AS SELECT * FROM {relation}{order}'
            )
        connection.commit()
        rows = count_part(connection)
        _insist(rows, count_seen(connection, parts, source.places))
        has_places = source.places in {part.id for part in parts}
        touched = 0
        if not is_whole:
            counted = connection.execute("SELECT count(*) FROM touched").fetchall()
            touched = counted[0][0]
        connection.execute("CHECKPOINT")
    return Part(
        id=number,
        bytes=path.stat().st_size,
        rows=rows,
        touched=touched,
        places=has_places,
        place_locations=sum(
            part.place_locations for part in parts if part.id == source.places
        ),
    )


def _relation(
    table: str,
    parts: tuple[Part, ...],
    places: str,
    here: list[str],
    held: dict[str, dict[str, set[str]]],
) -> str:
    """Write what is seen of a table of these parts together."""
    columns = held[here[0]][table]
    if table in cdm_tables() and table != "concept":
        return seen_rows(parts, places, table)
    if table == "rounds_local_code":
        return local_code_relation(held, here)
    if table.startswith("stage_"):
        owner = table.partition("__")[0]
        return visible_stage(table, here, overridden_by=owner)
    if "person_id" in columns and table != "touched":
        return visible_rows(table, here)
    union = " UNION " if table in _SETS else " UNION ALL "
    selects = [f'SELECT * FROM "{alias}"."{table}"' for alias in here]
    return f"({union.join(selects)})"


def _order(table: str, columns: set[str]) -> str:
    if table in EVENT_TABLES:
        return f' ORDER BY person_id, "{EVENT_TABLES[table][1]}", 1'
    if "person_id" in columns:
        return " ORDER BY person_id, 1"
    if table.startswith("stage_"):
        return " ORDER BY key"
    return ""


def _insist(found: dict[str, int], expected: dict[str, int]) -> None:
    """Refuse a merged part in which a row is missing, or there twice."""
    for table, n in expected.items():
        if table in found and table != "cdm_source" and found[table] != n:
            raise SourceError(
                f"The load stopped: merged, {table} holds {found[table]} rows of {n}.",
                code="load-failed",
                why="A datamart that has lost rows gives wrong rates.",
                remedies=("Load again with one thread.", "Report this as a bug."),
            )
