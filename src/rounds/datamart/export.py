"""The way out: a datamart's rows as OMOP CDM 5.4, one file a table, whole or not."""

import os
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import duckdb

from rounds.datamart.fhir.paths import text
from rounds.datamart.mapping import cdm_columns
from rounds.datamart.omop.tables import is_concept, row_order, row_tables
from rounds.datamart.vocabulary.concepts import FIRST_LOCAL
from rounds.nouns.errors import DataError, DefinitionError, SourceError

__all__ = ["FORMATS", "Exported", "export_omop"]

Format = Literal["parquet", "csv"]
FORMATS: Final = ("parquet", "csv")
_OPTIONS: Final = {
    "parquet": "FORMAT parquet, COMPRESSION zstd",
    "csv": "FORMAT csv, HEADER true, DELIMITER ',', QUOTE '\"', ESCAPE '\"'",
}


@dataclass(frozen=True)
class Exported:
    """What was written, counted."""

    folder: Path
    snapshot: str
    rows: dict[str, int]
    """Rows of each table that was written."""


def export_omop(
    datamart: Any,
    into: Path,
    *,
    form: str = "parquet",
    tables: Sequence[str] | None = None,
) -> Exported:
    """Write a datamart's tables, with the concepts that they use, into a new folder.

    The folder appears once it is whole. It holds persons: only its owner may read it.

    Parameters
    ----------
    datamart : Datamart
        Open; what is written is one snapshot.
    into : Path
        The folder to make.
    form : str
        `parquet` or `csv`.
    tables : sequence of str, optional
        CDM tables; by default all that have rows, and `person`.

    Returns
    -------
    Exported
        How many rows were written into each table.

    Raises
    ------
    DefinitionError
        If the format or a table is not known.
    DataError
        If there is something at `into` already, or the datamart cannot be read.
    SourceError
        If the disk is full, or the folder cannot be written.
    """
    wanted = _wanted(form, tables)
    into = Path(into)
    if into.exists() or into.is_symlink():
        raise DataError(
            f"There is something at {into} already.",
            code="export-in-the-way",
            why="Rows of two exports in one folder would be loaded as one.",
            remedies=("Name a folder that is not there yet.",),
        )
    making = into.with_name(f".{into.name}.{secrets.token_hex(4)}.making")
    try:
        into.parent.mkdir(parents=True, exist_ok=True)
        making.mkdir(mode=0o700)
        with datamart._connection.cursor() as cursor:  # noqa: SLF001 -- of this room
            rows = _write(cursor, making, form, wanted, every=tables is not None)
        _settle(making)
        making.rename(into)
        _sync(into.parent)
    except duckdb.Error as error:
        raise _failed(error, into) from None
    except OSError as error:
        raise _failed(error, into) from None
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return Exported(into, datamart.snapshot, rows)


def _wanted(form: str, tables: Sequence[str] | None) -> tuple[str, ...]:
    known = (*row_tables(), "concept")
    if form not in FORMATS:
        raise DefinitionError(
            f"There is no format {form!r}.",
            code="unknown-format",
            remedies=(f"Use one of: {', '.join(FORMATS)}.",),
        )
    unknown = [table for table in tables or () if table not in known]
    if unknown:
        raise DefinitionError(
            f"These are not tables of the datamart: {', '.join(unknown)}.",
            code="unknown-table",
            remedies=(f"Use some of: {', '.join(known)}.",),
        )
    return known if tables is None else tuple(dict.fromkeys(tables))


def _write(
    cursor: duckdb.DuckDBPyConnection,
    folder: Path,
    form: str,
    tables: Sequence[str],
    *,
    every: bool,
) -> dict[str, int]:
    """Write each table; leave out empty ones, unless they were asked for."""
    rows: dict[str, int] = {}
    for table in tables:
        query, order = f'"{table}"', row_order(table)
        if table == "concept":
            query, order = f"({_used_concepts(tables)})", "concept_id"
        n = cursor.execute(f"SELECT count(*) FROM {query}").fetchall()[0][0]
        if not (n or every or table == "person"):
            continue
        path = folder / f"{table}.{form}"
        columns = ", ".join(f'"{row["column"]}"' for row in cdm_columns(table))
        written = cursor.execute(
            f"COPY (SELECT {columns} FROM {query} ORDER BY {order}) "
            f"TO {text(str(path))} ({_OPTIONS[form]})"
        ).fetchall()[0][0]
        if written != n:
            raise SourceError(
                f"{table} was written with {written} rows of {n}.",
                code="export-not-written",
                why="An extract that lacks rows gives wrong rates.",
                remedies=("Report this as a bug; nothing has been left behind.",),
            )
        rows[table] = n
    return rows


def _used_concepts(tables: Sequence[str]) -> str:
    """Write a query of the concepts that stand in any row, and of every local one."""
    parts = [
        f'SELECT DISTINCT "{row["column"]}" AS concept_id FROM "{table}"'
        for table in tables
        if table != "concept"
        for row in cdm_columns(table)
        if is_concept(row["column"])
    ]
    local = f"SELECT * FROM concept WHERE concept_id >= {FIRST_LOCAL}"
    if not parts:
        return local
    return (
        "SELECT * FROM concept SEMI JOIN "
        f"({' UNION '.join(parts)}) USING (concept_id) WHERE "
        f"concept_id < {FIRST_LOCAL} UNION ALL {local}"
    )


def _settle(folder: Path) -> None:
    for path in folder.iterdir():
        path.chmod(0o600)
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
    _sync(folder)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _failed(error: Exception, into: Path) -> SourceError | DataError:
    """Say why nothing was written; the engine's own words may hold a row's value."""
    words = str(error).lower()
    if "no space" in words or "could not write" in words or "file too large" in words:
        why = "The disk is full."
        remedies: tuple[str, ...] = (
            "Free some space.",
            "Name a folder on another disk.",
        )
    elif isinstance(error, PermissionError) or "permission denied" in words:
        why = "Permission was denied."
        remedies = ("Ask for write permission there.",)
    else:
        why = f"{type(error).__name__}."
        remedies = ("Run `rounds data status` to see whether the datamart is whole.",)
    return SourceError(
        f"The rows could not be written to {into}: {why}",
        code="export-not-written",
        why="Nothing has been left behind.",
        remedies=remedies,
    )
