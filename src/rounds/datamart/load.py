"""From a folder of FHIR or OMOP files to a datamart: all of it, or nothing changed."""

import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import duckdb

from rounds.datamart import problems
from rounds.datamart.cdm import create_tables
from rounds.datamart.concepts import FIRST_LOCAL
from rounds.datamart.datamart import Datamart
from rounds.datamart.fhir_paths import text
from rounds.datamart.load_report import LoadReport
from rounds.datamart.mapping import cdm_tables, mapping_version
from rounds.datamart.periods import describe_source
from rounds.datamart.source_files import SourceFile, list_files, snapshot_of
from rounds.datamart.sources import SOURCES, Loaded, Source
from rounds.nouns.errors import DataError, RoundsError, SourceError

__all__ = ["Progress", "load"]

Progress: TypeAlias = Callable[[str, int, float], None]
"""Told what is being done, resources read so far, and resources a second."""


def load(
    source: Path,
    into: Path,
    *,
    progress: Progress | None = None,
    threads: int | None = None,
) -> LoadReport:
    """Make the datamart at `into` from the files at `source`.

    The datamart is built beside its place and moved there in one step, so a load that
    fails leaves what was there before. What was there is replaced; only its vocabulary
    (concepts that are not local) is taken over when the source has none.

    Parameters
    ----------
    source : Path
        A folder of FHIR R4 NDJSON (plain or gzip) or Bundles, or of OMOP CDM 5.3 or 5.4
        CSV or parquet files, or a DuckDB file with OMOP tables.
    into : Path
        Where the DuckDB file of the datamart stands, or will.
    progress : callable, optional
        Told after each file and step: what, resources so far, resources a second.
    threads : int, optional
        Threads for the engine; by default as many as there are cores.

    Returns
    -------
    LoadReport
        Each resource or row once: read = mapped + set aside.

    Raises
    ------
    SourceError
        If the source is missing or cannot be read, or the disk is full.
    DataError
        If the source is empty, or nothing in it is recognised.
    """
    source, into = Path(source), Path(into)
    files = list_files(source)
    plugin = _source_for(source, files)
    vocabulary = _vocabulary(into)
    snapshot = snapshot_of(files, plugin.shape, vocabulary)
    former = _former(into)
    if former is not None and former.snapshot == snapshot:
        return former
    building = into.with_name(f".{into.name}.{secrets.token_hex(4)}.building")
    try:
        into.parent.mkdir(parents=True, exist_ok=True)
        report = _Build(source, files, plugin, snapshot, building, threads, progress)(
            into if vocabulary else None
        )
        _put_in_place(building, into)
    except (duckdb.Error, OSError) as error:
        raise _translated(error, into) from None
    finally:
        _clear(building)
    return report


def _source_for(source: Path, files: Sequence[SourceFile]) -> Source:
    for plugin in SOURCES:
        if plugin.recognises(files):
            return plugin
    remedies = (
        "FHIR: give a folder with .ndjson, .ndjson.gz or .json files.",
        "OMOP: give a folder with person.csv or person.parquet and the other tables.",
    )
    if not files:
        raise DataError(
            f"The folder {source} is empty.",
            code="source-empty",
            why="There is nothing to load.",
            remedies=remedies,
        )
    raise DataError(
        f"Nothing in {source} is recognised as FHIR or OMOP ({len(files)} files).",
        code="source-not-recognised",
        why="The files are told by their extensions and, for OMOP, their names.",
        remedies=remedies,
    )


def _insist_on_persons(source: Path, report: LoadReport) -> None:
    if report.persons:
        return
    places = [f"{each.examples[0]}: {each.reason}" for each in report.reasons[:5]]
    raise DataError(
        f"No person could be loaded from {source}: {report.read} read, "
        f"{report.set_aside} set aside. {'; '.join(places)}".strip(),
        code="no-persons",
        why="A datamart without persons answers no question.",
        remedies=(
            "FHIR: put the Patient resources into the same folder.",
            "OMOP: check that the person table has person_id and year_of_birth.",
            *(each.remedy for each in report.reasons[:1]),
        ),
    )


def _former(into: Path) -> LoadReport | None:
    if not into.exists():
        return None
    with Datamart.open(into) as datamart:
        kept = datamart.load_report()
    return LoadReport.from_dict(kept.as_dict(), unchanged=True)


def _vocabulary(into: Path) -> str:
    """Give a fingerprint of the vocabulary in the former datamart; empty for none."""
    if not into.exists():
        return ""
    with Datamart.open(into) as datamart:
        return datamart.vocabulary_fingerprint()


class _Build:
    """One datamart being made in a file of its own."""

    def __init__(
        self,
        source: Path,
        files: Sequence[SourceFile],
        plugin: Source,
        snapshot: str,
        path: Path,
        threads: int | None,
        progress: Progress | None,
    ) -> None:
        self._source, self._files, self._plugin = source, files, plugin
        self._snapshot, self._path, self._threads = snapshot, path, threads
        self._progress = progress
        self._started = time.monotonic()

    def __call__(self, former: Path | None) -> LoadReport:
        """Build it whole, and give its report."""
        config: dict[str, str | int] = {
            "temp_directory": str(self._path.with_suffix(".spill"))
        }
        if self._threads:
            config["threads"] = self._threads
        connection = duckdb.connect(str(self._path), config=config)
        try:
            connection.begin()  # one commit instead of one for each table
            create_tables(connection)
            problems.prepare(connection)
            connection.commit()
            if former is not None:
                _take_vocabulary(connection, former)
            loaded = self._plugin.fill(connection, self._files, self._tell)
            describe_source(connection, self._plugin.shape)
            report = self._account(connection, loaded)
            _insist_on_persons(self._source, report)
            self._keep(connection, report)
            connection.commit()
            connection.execute("CHECKPOINT")
        finally:
            connection.close()
        return report

    def _tell(self, what: str, n: int) -> None:
        if self._progress is not None:
            seconds = max(time.monotonic() - self._started, 1e-9)
            self._progress(what, n, n / seconds)

    def _account(
        self, connection: duckdb.DuckDBPyConnection, loaded: Loaded
    ) -> LoadReport:
        entries, files = loaded.entries, self._files
        problems.settle_lines(
            connection, files, entries=entries, header_lines=loaded.header_lines
        )
        by_type = problems.type_counts(connection)
        for kind, count in by_type.items():
            assert count.read == count.mapped + count.set_aside, f"{kind}: {count}"
        rows = {
            table: connection.execute(f'SELECT count(*) FROM "{table}"').fetchall()[0][
                0
            ]
            for table in cdm_tables()
        }
        found = [
            problems.reasons(connection, files, set_aside=aside, loaded=loaded)
            for aside in (True, False)
        ]
        return LoadReport(
            shape=self._plugin.shape,
            snapshot=self._snapshot,
            persons=rows["person"],
            by_type=by_type,
            reasons=found[0],
            remarks=found[1],
            rows=rows,
        )

    def _keep(self, connection: duckdb.DuckDBPyConnection, report: LoadReport) -> None:
        connection.execute(
            "CREATE TABLE rounds_source_file "
            "(file_number INTEGER, name VARCHAR, sha256 VARCHAR, bytes BIGINT)"
        )
        rows = [(f.number, f.name, f.sha256, f.size) for f in self._files]
        connection.executemany(
            "INSERT INTO rounds_source_file VALUES (?, ?, ?, ?)", rows
        )
        connection.execute(
            "CREATE TABLE rounds_snapshot AS SELECT ? AS snapshot, ? AS shape, "
            "? AS loaded_from, ? AS mapping_version, ? AS report",
            [
                report.snapshot,
                report.shape,
                str(self._source.absolute()),
                mapping_version(),
                json.dumps(report.as_dict()),
            ],
        )


def _take_vocabulary(connection: duckdb.DuckDBPyConnection, former: Path) -> None:
    connection.execute(f"ATTACH {text(str(former))} AS former (READ_ONLY)")
    connection.execute(
        "INSERT INTO concept SELECT * FROM former.concept "
        f"WHERE concept_id < {FIRST_LOCAL} ORDER BY concept_id"
    )
    connection.execute("DETACH former")


def _put_in_place(building: Path, into: Path) -> None:
    with building.open("rb") as stream:
        os.fsync(stream.fileno())
    building.replace(into)
    folder = os.open(into.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _clear(building: Path) -> None:
    building.unlink(missing_ok=True)
    building.with_name(f"{building.name}.wal").unlink(missing_ok=True)
    shutil.rmtree(building.with_suffix(".spill"), ignore_errors=True)


def _translated(error: duckdb.Error | OSError, into: Path) -> RoundsError:
    """Say what an engine's or the system's error means, without its own words.

    The engine's words may quote a line of the input, which may hold a person's data.
    """
    words = str(error).lower()
    kept = f"The datamart at {into} is as it was before."
    if any(sign in words for sign in ("no space", "file too large", "could not write")):
        return SourceError(
            f"The disk is full: the datamart could not be written beside {into}.",
            code="disk-full",
            why=kept,
            remedies=(
                "Free some space; a load needs about the size of its input.",
                "Put the project on another disk.",
            ),
        )
    if isinstance(error, PermissionError) or "permission denied" in words:
        return SourceError(
            f"Permission denied beside {into}, or in the source.",
            code="not-permitted",
            why=kept,
            remedies=(
                "Ask for write permission there, and read permission on the source.",
            ),
        )
    return SourceError(
        f"The load stopped: {type(error).__name__}.",
        code="load-failed",
        why=kept,
        remedies=(
            "Check that the files are whole, and load again.",
            "Load one file at a time to find the one that fails.",
        ),
    )
