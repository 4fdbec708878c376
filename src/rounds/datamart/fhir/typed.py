"""Files of one type, read typed and strictly: fast, or refused whole for one line.

Where nobody has to be made unrecognisable, a file goes straight into its stage, and
several files are read at once: the engine unpacks a gzip file on one thread. Otherwise
each is held in an interim table first, which the shield reads as often as it needs to.
"""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import duckdb

from rounds.datamart.fhir.paths import file_text, resources, text
from rounds.datamart.fhir.staging import Staging
from rounds.datamart.given.source_files import SourceFile
from rounds.datamart.mapping import mapping

__all__ = ["USUAL", "TypedFile", "read_options", "read_typed", "type_in_name"]

USUAL = 16 << 20
"""Bytes of a line; the engine reads twice this at a time, on each thread."""
_REFUSALS = (duckdb.InvalidInputException, duckdb.ConversionException)


@dataclass(frozen=True)
class TypedFile:
    """A file whose first line is a resource of a type that its name does not deny."""

    file: SourceFile
    kind: str


def type_in_name(file: SourceFile) -> str | None:
    """Give the resource type that a file's name promises, if it does."""
    stem = re.split(r"[^A-Za-z]", file.path.name, maxsplit=1)[0]
    types = {row["resource"] for row in mapping("fhir_types")}
    return stem if stem in types else None


def read_options(file: SourceFile, longest: int = USUAL) -> str:
    """Write how the engine is to read a file of lines."""
    compression = "gzip" if file.gzipped else "uncompressed"
    return f"compression='{compression}', maximum_object_size={longest}"


def read_typed(
    connection: duckdb.DuckDBPyConnection,
    staging: Staging,
    files: Sequence[TypedFile],
) -> Iterator[tuple[TypedFile, int | duckdb.Error]]:
    """Read files into their stages, the largest first, several at once.

    Yields
    ------
    tuple of (TypedFile, int or duckdb.Error)
        Each file and how many resources it held; or why nothing of it was read: a line
        is not as expected, or what is packed is broken.
    """
    threads = connection.execute("SELECT current_setting('threads')").fetchall()[0][0]
    ordered = sorted(files, key=lambda each: -each.file.size)
    if staging.shield or min(threads, len(files)) < 2:
        for each in ordered:
            yield each, _read(connection, staging, each)
    else:
        yield from _at_once(connection, staging, ordered, threads)
    for kind in {each.kind for each in files} & {*resources()}:
        if not staging.shield:
            staging.number(connection, kind)
        _set_aside_nameless(connection, kind)


def _at_once(
    connection: duckdb.DuckDBPyConnection,
    staging: Staging,
    files: Sequence[TypedFile],
    threads: int,
) -> Iterator[tuple[TypedFile, int | duckdb.Error]]:
    """Read each file with a cursor of its own, as many at once as there are threads."""
    part = connection.execute("SELECT current_database()").fetchall()[0][0]

    def read(each: TypedFile) -> int | duckdb.Error:
        with connection.cursor() as cursor:
            cursor.execute(f'USE "{part}"')
            return _read(cursor, staging, each)

    with ThreadPoolExecutor(max_workers=threads) as pool:
        asked = [pool.submit(read, each) for each in files]
        try:
            for each, answer in zip(files, asked, strict=True):
                yield each, answer.result()
        finally:
            for answer in asked:
                answer.cancel()


def _read(
    connection: duckdb.DuckDBPyConnection, staging: Staging, each: TypedFile
) -> int | duckdb.Error:
    """Read a file whole or not at all."""
    connection.begin()
    try:
        n = _take(connection, staging, each)
    except duckdb.Error as error:
        connection.rollback()
        is_packed = each.file.gzipped and "gzip" in str(error).lower()
        if isinstance(error, _REFUSALS) or is_packed:
            return error
        raise
    connection.commit()
    return n


def _take(
    connection: duckdb.DuckDBPyConnection, staging: Staging, each: TypedFile
) -> int:
    """Stage what a file holds, and count it; of a type without a stage, count it."""
    if each.kind not in resources():
        return _count(connection, each)
    given = _given(staging, each)
    if not staging.shield:
        return staging.insert_as_read(connection, each.kind, given, each.file.number)
    # No row is numbered while it is read: that would be done on one thread.
    connection.execute(f"CREATE OR REPLACE TEMP TABLE given AS {given}")
    placed = (
        f"(SELECT {each.file.number} AS file_number, rowid + 1 AS record, "
        "NULL::VARCHAR AS fault, * FROM given)"
    )
    return staging.insert(connection, each.kind, placed, nameless=True)


def _set_aside_nameless(connection: duckdb.DuckDBPyConnection, kind: str) -> None:
    """Set aside what has no id, which could not be told from its next version."""
    found = connection.execute(
        f"INSERT INTO problem SELECT file_number, record, {text(kind)}, 'no id', true "
        f"FROM stage_{kind} WHERE id IS NULL"
    ).fetchall()
    if found[0][0]:
        connection.execute(f"DELETE FROM stage_{kind} WHERE id IS NULL")


def _given(staging: Staging, each: TypedFile) -> str:
    """Write a file's resources: their ids and flat columns."""
    columns = staging.views.struct_columns(each.kind)
    is_kind = f'"resourceType" IS NOT DISTINCT FROM {text(each.kind)}'
    guarded = f"CASE WHEN {is_kind} THEN id ELSE error('') END AS id"
    chosen = [guarded, *staging.flat(each.kind)]
    return f"SELECT {', '.join(chosen)} FROM {_lines(each.file, columns)}"


def _count(connection: duckdb.DuckDBPyConnection, each: TypedFile) -> int:
    """Count resources of a type that is not mapped; fail at one of another type."""
    is_kind = f'"resourceType" IS NOT DISTINCT FROM {text(each.kind)}'
    counted = connection.execute(
        f"SELECT count(CASE WHEN {is_kind} THEN 1 ELSE error('') END) "
        f"FROM {_lines(each.file, {'resourceType': 'VARCHAR'})}"
    )
    return int(counted.fetchall()[0][0])


def _lines(file: SourceFile, columns: dict[str, str]) -> str:
    listed = ", ".join(f"'{name}': {text(of)}" for name, of in columns.items())
    return (
        f"read_ndjson({file_text(file.path)}, columns={{{listed}}}, "
        f"{read_options(file)})"
    )
