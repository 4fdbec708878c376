"""From a folder of FHIR or OMOP files to a datamart: all of it, or nothing changed."""

import os
import secrets
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import duckdb

from rounds.datamart.build import Build, Progress
from rounds.datamart.datamart import Datamart
from rounds.datamart.load_failures import translated
from rounds.datamart.load_report import LoadReport
from rounds.datamart.source_files import SourceFile, list_files, snapshot_of
from rounds.datamart.sources import SOURCES, Source
from rounds.nouns.errors import DataError

__all__ = ["Progress", "load"]


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
        If the source is empty, nothing in it is recognised, it has no persons, or what
        stands at `into` is no datamart.
    """
    started = time.monotonic()
    source, into = Path(source), Path(into)
    files = list_files(source)
    plugin = _source_for(source, files)
    vocabulary = _vocabulary(into)
    snapshot = snapshot_of(files, plugin.shape, vocabulary)
    former = _former(into)
    if former is not None and former.snapshot == snapshot:
        return former
    building = into.with_name(f".{into.name}.{secrets.token_hex(4)}.building")
    build = Build(
        source=source,
        files=files,
        plugin=plugin,
        snapshot=snapshot,
        path=building,
        threads=threads,
        progress=progress,
        started=started,
    )
    try:
        # A clone of a project has no private folder: what is made is its owner's.
        into.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        report = build.run(into if vocabulary else None)
        _put_in_place(building, into)
    except (duckdb.Error, OSError) as error:
        raise translated(error, into) from None
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


def _opened(into: Path) -> Datamart:
    """Open what is to be replaced; refuse to replace what is no datamart."""
    try:
        return Datamart.open(into)
    except DataError:
        raise DataError(
            f"What stands at {into} is not a datamart, or cannot be opened.",
            code="not-a-datamart",
            why="A load replaces a datamart, and would destroy anything else.",
            remedies=(
                "Give the path of a datamart, or of a file that is not there yet.",
                "If it is a broken datamart, remove it and load again.",
                "Close it first, if this process has it open for writing.",
            ),
        ) from None


def _former(into: Path) -> LoadReport | None:
    if not into.exists():
        return None
    with _opened(into) as datamart:
        kept = datamart.load_report()
    return LoadReport.from_dict(kept.as_dict(), unchanged=True)


def _vocabulary(into: Path) -> str:
    """Give a fingerprint of the vocabulary in the former datamart; empty for none."""
    if not into.exists():
        return ""
    with _opened(into) as datamart:
        return datamart.vocabulary_fingerprint()


def _put_in_place(building: Path, into: Path) -> None:
    with building.open("rb") as stream:
        os.fsync(stream.fileno())
    building.chmod(0o600)  # rows about people
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
