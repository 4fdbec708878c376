"""CSV and parquet files as a header and rows of text."""

import csv
import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rounds.nouns.errors import DataError

__all__ = ["Table", "read_csv", "read_parquet"]

_LONGEST = 1 << 20
_BLANK = ""


@dataclass(frozen=True, repr=False)
class Table:
    """What a file holds, as text without blanks around it."""

    header: list[str]
    rows: list[list[str]]
    lines: list[int]


def read_csv(path: Path) -> Table:
    """Read a CSV file whole; refuse it where a line has too few or too many cells."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline(_LONGEST)
            delimiter = max(",;\t|", key=first.count)
            file.seek(0)
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            header = [cell.strip() for cell in next(reader, [])]
            rows, lines, ragged = _rows(reader, len(header))
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path.name} is not written in UTF-8.",
            code="spreadsheet-encoding",
            why="Its names would be read wrongly.",
            remedies=("Save it as CSV UTF-8.",),
        ) from error
    except csv.Error as error:
        raise _broken(path, f"it is not CSV after line {reader.line_num}") from error
    if not any(header):
        raise DataError(
            f"{path.name} is empty, or its first line is.",
            code="spreadsheet-empty",
            remedies=("Begin with a line that names the columns.",),
        )
    if ragged:
        shown = ", ".join(str(line) for line in ragged[:5])
        raise _broken(
            path,
            f"{len(ragged)} lines do not have {len(header)} cells as the first has, "
            f"beginning with line {shown}",
        )
    return Table(header, rows, lines)


def _rows(reader: Any, width: int) -> tuple[list[list[str]], list[int], list[int]]:
    rows, lines, ragged = [], [], []
    after = reader.line_num
    for cells in reader:
        line, after = after + 1, reader.line_num
        if not any(cell.strip() for cell in cells):
            continue  # An empty line, as spreadsheets leave at the end.
        if len(cells) != width:
            ragged.append(line)
        else:
            rows.append([cell.strip() for cell in cells])
            lines.append(line)
    return rows, lines, ragged


def _broken(path: Path, what: str) -> DataError:
    return DataError(
        f"{path.name}: {what}.",
        code="spreadsheet-broken",
        why="Cells would be read under the wrong column.",
        remedies=(
            "Put cells that hold the divider or a line break in double quotes.",
            "Save the sheet as CSV again.",
        ),
    )


def read_parquet(path: Path) -> Table:
    """Read a parquet file of plain columns."""
    try:
        table = pq.read_table(path, memory_map=False)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(
            f"{path.name} cannot be read as parquet.",
            code="spreadsheet-broken",
            remedies=("Write it again.",),
        ) from error
    columns = [[_text(cell) for cell in each.to_pylist()] for each in table.columns]
    rows = [list(row) for row in zip(*columns, strict=True)]
    return Table(list(table.column_names), rows, list(range(1, table.num_rows + 1)))


def _text(cell: object) -> str:
    if cell is None:
        return _BLANK
    if isinstance(cell, bool):
        return str(int(cell))
    if isinstance(cell, float):
        return _BLANK if cell != cell else repr(cell)  # noqa: PLR0124 - NaN is empty
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date().isoformat()
    if isinstance(cell, (str, int, Decimal, dt.date)):
        return str(cell).strip()
    return repr(type(cell))  # A list or a struct, which is no kind of cell.
