"""Why a load failed, and what to do: engine and system errors in a person's words."""

from collections.abc import Mapping
from pathlib import Path

import duckdb

from rounds.datamart.loading.report import LoadReport, TypeCount
from rounds.nouns.errors import DataError, RoundsError, SourceError

__all__ = ["insist_on_mapped", "insist_on_persons", "insist_on_rows", "translated"]


def insist_on_persons(source: str, report: LoadReport) -> None:
    """Refuse a datamart without persons, naming the first places of each reason.

    Raises
    ------
    DataError
        If not one person was loaded.
    """
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
        ),
    )


def insist_on_rows(rows: Mapping[str, int], expected: Mapping[str, int]) -> None:
    """Refuse a part in which a mapped row is missing.

    Parameters
    ----------
    rows : mapping of str to int
        What was counted in the finished tables.
    expected : mapping of str to int
        How many rows the source meant to write into each table.

    Raises
    ------
    SourceError
        If a table holds another number.
    """
    for table, n in expected.items():
        if rows[table] != n:
            raise SourceError(
                f"The load stopped: {table} holds {rows[table]} rows of {n}.",
                code="load-failed",
                why="A datamart that has lost rows gives wrong rates.",
                remedies=("Load again with one thread.", "Report this as a bug."),
            )


def insist_on_mapped(by_type: Mapping[str, TypeCount], rows: Mapping[str, int]) -> None:
    """See that every row counted as mapped is in its table.

    Of OMOP input each type is a table; of FHIR, persons are looked at.

    Raises
    ------
    DataError
        If a table holds fewer.
    """
    least = {name: n.mapped for name, n in by_type.items() if name in rows}
    if "Patient" in by_type:
        least["person"] = by_type["Patient"].mapped
    lost = [name for name, n in least.items() if rows[name] < n]
    if lost:
        raise DataError(
            f"Rows were lost on their way into {', '.join(sorted(lost))}.",
            code="rows-lost",
            why="A datamart that lacks rows silently would answer wrongly.",
            remedies=("Report this fault; the former snapshot has been kept.",),
        )


def translated(error: duckdb.Error | OSError, into: Path) -> RoundsError:
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
    if isinstance(error, duckdb.OutOfMemoryException):
        return SourceError(
            "The load needs more memory than it may have.",
            code="out-of-memory",
            why=f"{kept} A load lets the engine have 1 GB, or 60% of what there is, "
            "and spills what it can to the disk.",
            remedies=(
                "Load the files in several portions: a load of FHIR adds to the last.",
                "Load with one thread, or on a machine with more memory.",
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
