"""A snapshot as a database: its parts attached, and one view a CDM table over them.

A reader sees the names that one DuckDB file with the CDM would have. What it sees was
whole before it began to read, and stays, whatever is loaded meanwhile.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import duckdb

from rounds.datamart.cdm import create_tables, key_of
from rounds.datamart.fhir.paths import text
from rounds.datamart.mapping import cdm_tables
from rounds.datamart.store import failures
from rounds.datamart.store.areas import (
    AREA_OBSERVATION,
    OWN_OBSERVATION,
    has_areas,
    make_area_views,
)
from rounds.datamart.store.concept_view import concept_relation, local_code_relation
from rounds.datamart.store.manifest import Part, Snapshot
from rounds.datamart.store.relations import relation
from rounds.datamart.store.visible import visible_rows
from rounds.datamart.vocabulary.tables import (
    attach_vocabulary as attach_empty_vocabulary,
)

__all__ = [
    "Files",
    "PartGoneError",
    "attach",
    "attach_parts",
    "attach_vocabulary",
    "columns_of",
]

_REFERRED = ("person", "visit_occurrence", "care_site", "provider", "location")
"""Tables whose rows' resources are written down, since others refer to them."""
_ACCOUNTS = (
    "rounds_resource",
    "rounds_load_issue",
    "rounds_source_file",
)


class Files(Protocol):
    """Where the files of a datamart stand."""

    path: Path

    def part_path(self, file: str) -> Path:
        """Give the place of a part's file."""

    def vocabulary_path(self, vocabulary: str) -> Path | None:
        """Give the place of a vocabulary's file; None where there is none."""


class PartGoneError(Exception):
    """A part's file is not there: removed since the manifest was read, or lost."""


def attach(
    connection: duckdb.DuckDBPyConnection, files: Files, snapshot: Snapshot
) -> None:
    """Attach a snapshot's parts and vocabulary, and make a view of each table.

    Raises
    ------
    PartGoneError
        If a file is missing.
    DataError
        If a file is not as it was written.
    """
    attach_parts(connection, files, snapshot.parts)
    attach_vocabulary(connection, files, snapshot.vocabulary)
    _make_views(connection, snapshot)


def attach_parts(
    connection: duckdb.DuckDBPyConnection, files: Files, parts: Sequence[Part]
) -> None:
    """Attach parts for reading, each under its alias."""
    for part in parts:
        path = files.part_path(part.file)
        _attach(connection, files, path, part.alias, part.bytes)


def attach_vocabulary(
    connection: duckdb.DuckDBPyConnection, files: Files, vocabulary: str
) -> None:
    """Attach the vocabulary in force as `vocabulary`; an empty one if there is none."""
    path = files.vocabulary_path(vocabulary)
    if path is not None:
        _attach(connection, files, path, "vocabulary", None)
        return
    attach_empty_vocabulary(connection, None)


def columns_of(
    connection: duckdb.DuckDBPyConnection, aliases: Sequence[str]
) -> dict[str, dict[str, set[str]]]:
    """Give what each attached file holds: alias → table → its columns."""
    found: dict[str, dict[str, set[str]]] = {alias: {} for alias in aliases}
    rows = connection.execute(
        "SELECT database_name, table_name, list(column_name) FROM duckdb_columns() "
        "WHERE NOT internal GROUP BY ALL"
    ).fetchall()
    for alias, table, columns in rows:
        if alias in found:
            found[alias][table] = set(columns)
    return found


def _tables_of(
    connection: duckdb.DuckDBPyConnection, aliases: Sequence[str]
) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {alias: set() for alias in aliases}
    rows = connection.execute(
        "SELECT database_name, table_name FROM duckdb_tables() WHERE NOT internal"
    ).fetchall()
    for alias, table in rows:
        if alias in found:
            found[alias].add(table)
    return found


def _attach(
    connection: duckdb.DuckDBPyConnection,
    files: Files,
    path: Path,
    alias: str,
    size: int | None,
) -> None:
    try:
        found = path.stat().st_size
    except FileNotFoundError:
        raise PartGoneError(path.name) from None
    if size is not None and found != size:
        said = f"{path.name} has {found} bytes, not {size}"
        raise failures.damaged(files.path, said)
    try:
        connection.execute(f"ATTACH {text(str(path))} AS {alias} (READ_ONLY)")
    except duckdb.Error:
        if not path.exists():
            raise PartGoneError(path.name) from None
        said = f"{path.name} cannot be read as a database"
        raise failures.damaged(files.path, said) from None


def _make_views(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot) -> None:
    if not snapshot.sources:
        create_tables(connection)
    aliases = [part.alias for part in snapshot.parts]
    held = _tables_of(connection, [*aliases, "vocabulary"])
    _view(connection, "concept", concept_relation(held, aliases))
    _view(connection, "rounds_local_code", local_code_relation(held, aliases))
    for table in sorted(held["vocabulary"] - {"concept"}):
        _view(connection, table, f'vocabulary."{table}"')
    for table in cdm_tables():
        if table != "concept" and snapshot.sources:
            given = [relation(source, table) for source in snapshot.sources]
            joined = table == "observation" and has_areas(snapshot)
            _view(connection, OWN_OBSERVATION if joined else table, _union(given))
    if has_areas(snapshot):
        make_area_views(connection, snapshot)
        _view(connection, "observation", _union([OWN_OBSERVATION, AREA_OBSERVATION]))
    opt_outs = [
        visible_rows("rounds_opt_out", here)
        for source in snapshot.sources
        if (here := [part.alias for part in source.parts])
        and all("rounds_opt_out" in held[alias] for alias in here)
    ]
    if opt_outs:
        _view(connection, "rounds_opt_out", _union(opt_outs))
    for table in _ACCOUNTS:
        given = [f'"{each}"."{table}"' for each in aliases if table in held[each]]
        if given:
            relation_of = _resources if table == "rounds_resource" else _union
            _view(connection, table, relation_of(given))


def _resources(relations: Sequence[str]) -> str:
    """Write the resources whose rows are seen; a part may speak of hidden ones."""
    whole = _union(relations)
    if len(relations) == 1:
        return whole
    seen = " UNION ALL ".join(
        f"SELECT '{table}' AS table_name, \"{key_of(table)}\" AS row_id FROM {table}"
        for table in _REFERRED
    )
    names = ", ".join(f"'{table}'" for table in _REFERRED)
    return (
        f"(SELECT DISTINCT * FROM {whole} AS one WHERE table_name NOT IN ({names}) OR "
        f"(table_name, row_id) IN (SELECT (table_name, row_id) FROM ({seen})))"
    )


def _view(connection: duckdb.DuckDBPyConnection, name: str, relation: str) -> None:
    connection.execute(f'CREATE VIEW "{name}" AS SELECT * FROM {relation}')


def _union(relations: Sequence[str]) -> str:
    if len(relations) == 1:
        return relations[0]
    return f"({' UNION ALL '.join(f'SELECT * FROM {each}' for each in relations)})"
