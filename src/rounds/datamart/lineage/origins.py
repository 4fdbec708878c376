"""From a count to its persons; from a row to the resource, file and line it is of."""

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np

from rounds.datamart.areas.lineage import area_standings
from rounds.datamart.datamart import Datamart
from rounds.datamart.fhir.lineage import resource_of
from rounds.datamart.given.source_files import reopen, true_lines
from rounds.datamart.lineage.tables import standings
from rounds.datamart.mapping import cdm_tables
from rounds.datamart.measures.counts import labels_of
from rounds.datamart.rows import measure_rows
from rounds.datamart.store import FileInForce, SourceInForce
from rounds.datamart.store.areas import AREAS
from rounds.nouns import DataError, DefinitionError, Measure, NotEstimable, Period

__all__ = ["POPULATIONS", "Place", "Subjects", "origins", "write_subjects"]

POPULATIONS: Final = ("initial_population", "denominator", "numerator")


@dataclass(frozen=True)
class Place:
    """Where what a row says was read."""

    source: str
    file: str
    """Its path within the folder it was loaded from."""
    folder: str
    sha256: str
    line: int | None
    """In the file as it was loaded; None where it is not known: the file is gone or
    has changed, or is not made of lines."""
    row: int | None = None
    """Of OMOP and CSV: its place among the file's rows, from 1, without a header; None
    where it is not known."""
    resource_type: str | None = None
    """Of FHIR."""
    resource_id: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Subjects:
    """What was written of those who are counted."""

    subjects: int
    persons: int
    path: Path


def origins(datamart: Datamart, table: str, row_id: int) -> tuple[Place, ...]:
    """Find where a row came from.

    Parameters
    ----------
    datamart : Datamart
        Open.
    table : str
        An OMOP table.
    row_id : int
        The row's primary key; of `death` and `observation_period` of FHIR, the person.

    Returns
    -------
    tuple of Place
        Of FHIR, each resource. Of an observation that an area makes, the line of the
        area's table. Of OMOP and CSV, each row that is found in a file by its
        key, which reads the file once; where none is found (the file is gone, or the
        row was derived from others), each file that gave the table.

    Raises
    ------
    DefinitionError
        If there is no such table.
    """
    if table not in cdm_tables():
        raise DefinitionError(
            f"There is no OMOP table {table!r}.",
            code="unknown-table",
            remedies=(f"Use one of: {', '.join(cdm_tables())}.",),
        )
    found: list[Place] = []
    for source in datamart.sources:
        if source.shape == "fhir":
            found += _of_fhir(datamart, source, table, row_id)
        elif source.shape == AREAS:
            found += _of_areas(datamart, source, table, row_id)
        elif datamart.holds(source, table, row_id):
            found += _of_tables(source, table, row_id)
    return tuple(found)


def _of_tables(source: SourceInForce, table: str, row_id: int) -> list[Place]:
    files = {each.number: each for each in source.files}
    found = [
        replace(_place(source, files[one.file_number], one.line), row=one.row)
        for one in standings(source, table, row_id)
    ]
    if found:
        return found
    named = [each for each in source.files if _table_of(each.name) == table]
    return [_place(source, each, None) for each in named or source.files]


def _of_areas(
    datamart: Datamart, source: SourceInForce, table: str, row_id: int
) -> Iterator[Place]:
    if table != "observation":
        return
    files = {each.number: each for each in source.files}
    connection = datamart._connection  # noqa: SLF001 -- of this room
    for one in area_standings(connection, source, row_id):
        place = _place(source, files[one.file_number], one.line)
        yield replace(place, row=one.row)


def _of_fhir(
    datamart: Datamart, source: SourceInForce, table: str, row_id: int
) -> Iterator[Place]:
    files = {each.number: each for each in source.files}
    connection = datamart._connection  # noqa: SLF001 -- of this room
    aliases = [part.alias for part in source.parts]
    for origin in resource_of(connection, table, row_id, aliases):
        file = files[origin.file_number]
        line = _line(file, origin.record)
        yield _place(source, file, line, origin.resource_type, origin.resource_id)


def _table_of(name: str) -> str:
    path = PurePosixPath(name.lower())
    stem = path.name.split(".")[0]
    return stem if stem in cdm_tables() else path.parent.name


def _line(file: FileInForce, record: int) -> int | None:
    """Give the line of a record, if the file is still as it was."""
    there = reopen(file.number, file.name, Path(file.path), file.sha256)
    if there is None or there.extension == ".json":
        return None
    return true_lines(there, [record]).get(record)


def _place(
    source: SourceInForce,
    file: FileInForce,
    line: int | None,
    resource_type: str | None = None,
    resource_id: str | None = None,
) -> Place:
    return Place(
        source=source.name,
        file=file.name,
        folder=str(Path(file.path.removesuffix(file.name))),
        sha256=file.sha256,
        line=line,
        resource_type=resource_type,
        resource_id=resource_id,
    )


def write_subjects(
    datamart: Datamart,
    measure: Measure,
    period: Period,
    out: Path,
    *,
    population: str = "denominator",
    by: str | None = None,
    unit: str | None = None,
    without: frozenset[str] = frozenset(),
) -> Subjects | NotEstimable:
    """Write who is in a count: one line a subject, to a file that only you can read.

    Parameters
    ----------
    out : Path
        A CSV file that is not there yet: person_id, index_date, denominator,
        numerator, value. `rounds data where person ID` leads on to their files.
    population : str
        `initial_population`, `denominator` or `numerator`.
    by, unit : str, optional
        A characteristic, and the one value of it that is wanted.

    Raises
    ------
    DefinitionError
        If there is no such population.
    DataError
        If the file is there already, or cannot be written.
    """
    if population not in POPULATIONS:
        raise DefinitionError(
            f"There is no population {population!r} here.",
            code="unknown-population",
            remedies=(f"Use one of: {', '.join(POPULATIONS)}.",),
        )
    rows = measure_rows(datamart, measure, period, without=without)
    if isinstance(rows, NotEstimable):
        return rows
    chosen = np.ones(len(rows), dtype=bool)
    if population != "initial_population":
        chosen &= getattr(rows, population)
    if by is not None:
        chosen &= labels_of(rows, by) == unit
    columns = ("person_id", "index_date", "denominator", "numerator", "value")
    picked: list[list[Any]] = [getattr(rows, name)[chosen].tolist() for name in columns]
    try:
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(zip(*picked, strict=True))
    except OSError:
        raise DataError(
            f"{out} cannot be written, or is there already.",
            code="subjects-not-written",
            remedies=("Name a file that is not there yet, in a folder of yours.",),
        ) from None
    return Subjects(int(chosen.sum()), len(set(picked[0])), out)
