"""Read the columns asked for; refuse the whole file where one cell is wrong."""

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rounds.datamart.spreadsheet.cells import Cells, Kind, is_datum, typed
from rounds.datamart.spreadsheet.files import Table, read_csv, read_parquet
from rounds.nouns.errors import DataError, DefinitionError

__all__ = ["Kind", "Spreadsheet", "read_spreadsheet"]

_SHOWN = 5


@dataclass(frozen=True, eq=False, repr=False)
class Spreadsheet:
    """Columns of a file, equally long, in the order of its rows."""

    name: str
    """The file's name, without its folder."""
    columns: Mapping[str, NDArray[Any]]
    """By name: `number` as float64, `count` as int64 (float64 where cells may be
    empty), `text` as str objects, `date` and `period` as datetime64[D]; a `period` that
    is numbered rather than dated as float64. An empty cell, where it is allowed, is
    NaN, NaT or None."""
    labels: Mapping[str, NDArray[Any]]
    """Of each `period` column, what was written."""
    lines: NDArray[np.int64]
    """The line of the file on which each row begins; of parquet, the row, from 1."""

    @property
    def n_rows(self) -> int:
        """How many rows there are."""
        return len(self.lines)


def read_spreadsheet(
    path: Path, wanted: Mapping[str, Kind], *, optional: Collection[str] = ()
) -> Spreadsheet:
    """Read columns of a CSV or parquet file.

    CSV is UTF-8 (with or without a byte-order mark), divided by commas, semicolons,
    tabs or bars, with a header. Empty cells may also be written NA, N/A, NaN, NULL or
    a full stop.

    Parameters
    ----------
    path : Path
        A file whose name ends in .csv, .tsv, .txt or .parquet.
    wanted : mapping of str to Kind
        The name of each column, and what stands in it: `number` (finite), `count`
        (whole, not negative), `text`, `date` (YYYY-MM-DD), or `period` (a day,
        YYYY-MM, YYYY-Qn, YYYY-Wnn or a year; or numbers in order).
    optional : collection of str
        Columns whose cells may be empty; in others, an empty cell is an error.

    Returns
    -------
    Spreadsheet

    Raises
    ------
    DataError
        If the file cannot be read, has no rows, or a cell is not what it should be.
        Lines are named, never what stands in a cell, which may be a person's.
    DefinitionError
        If it has no such column.
    """
    table = _read(path)
    names = _places(table, path.name, wanted)
    if not table.rows:
        raise DataError(
            f"{path.name} has a header and no rows.",
            code="spreadsheet-empty",
            remedies=("Save the sheet with its rows.",),
        )
    found = {
        name: typed([row[at] for row in table.rows], wanted[name])
        for name, at in names.items()
    }
    faults = [
        fault
        for name, cells in found.items()
        for fault in _faults(name, cells, table.lines, may_be_empty=name in optional)
    ]
    if faults:
        raise DataError(
            f"{path.name}: {'; '.join(faults)}.",
            code="spreadsheet-cell",
            why="Without these cells, a number would be of other rows than asked.",
            remedies=(
                "Correct these cells.",
                "Take out the rows that are not to be counted.",
            ),
        )
    return Spreadsheet(
        name=path.name,
        columns={
            name: cells.filled(whole=wanted[name] == "count")
            for name, cells in found.items()
        },
        labels={
            name: np.array([row[at] for row in table.rows], dtype=object)
            for name, at in names.items()
            if wanted[name] == "period"
        },
        lines=np.array(table.lines, dtype=np.int64),
    )


def _read(path: Path) -> Table:
    ending = path.suffix.lower()
    if not path.is_file():
        raise DataError(
            f"There is no file {path}.",
            code="spreadsheet-not-found",
            remedies=("Check the path.",),
        )
    if ending == ".parquet":
        return read_parquet(path)
    if ending in {".csv", ".tsv", ".txt"}:
        return read_csv(path)
    raise DataError(
        f"{path.name} is not a CSV or parquet file by its name.",
        code="spreadsheet-shape",
        remedies=("Save the sheet as CSV (UTF-8), with one header line.",),
    )


def _places(table: Table, name: str, wanted: Mapping[str, Kind]) -> dict[str, int]:
    """Find each column; say all that are not there at once."""
    absent = [column for column in wanted if column not in table.header]
    twice = [column for column in wanted if table.header.count(column) > 1]
    if not absent and not twice:
        return {column: table.header.index(column) for column in wanted}
    said = [f'there is no column "{one}"' for one in absent]
    said += [f'two columns are called "{one}"' for one in twice]
    remedies = []
    if any(is_datum(cell) for cell in table.header):
        # Without a header, the first line may be a person's: it is not repeated.
        remedies.append("Give the file a first line that names its columns.")
    else:
        for one in absent:
            near = difflib.get_close_matches(one, table.header, 1, 0.6)
            remedies += [f'Did you mean "{each}"?' for each in near]
        remedies.append("Its columns are: " + ", ".join(table.header) + ".")
    raise DefinitionError(
        f"{name}: " + "; ".join(said) + f", among its {len(table.header)}.",
        code="spreadsheet-column",
        remedies=tuple(remedies[-3:]),
    )


def _faults(
    name: str, cells: Cells, lines: list[int], *, may_be_empty: bool
) -> Iterator[str]:
    """Say what is wrong with a column, and on which lines; not what stands there."""
    for wrong, what in (
        (cells.wrong, f"should hold {cells.asked}, and does not"),
        (cells.negative, "is below zero"),
        (cells.empty & (not may_be_empty), "is empty"),
    ):
        at = np.flatnonzero(wrong)
        if at.size:
            shown = ", ".join(str(lines[i]) for i in at[:_SHOWN])
            more = f" and {at.size - _SHOWN} more" if at.size > _SHOWN else ""
            plural = "s" if at.size > 1 else ""
            yield f'"{name}" {what} on line{plural} {shown}{more}'
