"""From an observation that an area makes of a person to the line of the table."""

from pathlib import Path
from typing import Any

from rounds.datamart.given.source_files import reopen
from rounds.datamart.lineage.tables import Standing, line_of
from rounds.datamart.store import SourceInForce
from rounds.datamart.store.areas import area_row_id

__all__ = ["area_standings"]


def area_standings(
    connection: Any, source: SourceInForce, row_id: int
) -> tuple[Standing, ...]:
    """Find the line of an area table from which an observation is.

    Parameters
    ----------
    connection : DuckDBPyConnection
        On which the snapshot is attached.
    source : SourceInForce
        Of shape `areas`.
    row_id : int
        The observation's id.

    Returns
    -------
    tuple of Standing
        Empty where the source's tables do not say it. The line is None where the file
        is gone, has changed, or is in an archive.
    """
    alias = source.parts[0].alias
    found = connection.execute(
        "SELECT a.file_number, a.record FROM rounds_area_of_person AS one "
        f'JOIN "{alias}".rounds_area AS a ON a.kind = one.kind AND a.area = one.area '
        "AND a.vintage = one.vintage AND a.measure = one.measure "
        f"WHERE {area_row_id('one')} = ? ORDER BY ALL",
        [row_id],
    ).fetchall()
    return tuple(
        Standing(number, row, _line(connection, source, number, row))
        for number, row in found
    )


def _line(connection: Any, source: SourceInForce, number: int, row: int) -> int | None:
    (file,) = [each for each in source.files if each.number == number]
    there = reopen(number, file.name, Path(file.path), file.sha256)
    if there is None:
        return None
    broken = connection.execute(
        f'SELECT line FROM "{source.parts[0].alias}".rounds_load_issue '
        "WHERE file_number = ? AND reason = 'line that is not CSV'",
        [number],
    ).fetchall()
    return line_of(there, row, [line for (line,) in broken])
