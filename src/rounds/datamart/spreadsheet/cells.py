"""Cells of text as numbers, counts, dates and periods, wrong ones marked."""

import datetime as dt
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cells", "Kind", "is_datum", "typed"]

Kind = Literal["number", "count", "text", "date", "period"]

_EMPTY: Final = frozenset({"", "na", "n/a", "nan", "null", "."})
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
_GREATEST: Final = 2**53
"""Beyond it, whole numbers are no longer told apart."""

_ASKED: Final = {
    "number": "a number, with a full stop and no other sign",
    "count": "a whole number",
    "text": "text",
    "date": "a date (YYYY-MM-DD)",
    "period": "periods (YYYY-MM-DD, YYYY-MM, YYYY-Qn, YYYY-Wnn, YYYY, or numbers)",
}


@dataclass(frozen=True, eq=False, repr=False)
class Cells:
    """One column: values, and masks of what is wrong with them."""

    asked: str
    values: NDArray[Any]
    """What could be read; anything where a mask is set."""
    empty: NDArray[np.bool_]
    wrong: NDArray[np.bool_]
    negative: NDArray[np.bool_]

    def filled(self, *, whole: bool) -> NDArray[Any]:
        """Give the values; counts as int64 where no cell is empty."""
        if whole and not self.empty.any():
            return self.values.astype(np.int64)
        return self.values


def is_datum(cell: str) -> bool:
    """Tell whether a cell of a header looks like a value rather than a name."""
    return _number(cell) is not None or _date(cell) is not None


def typed(cells: list[str], kind: Kind) -> Cells:
    """Read a column's cells as one kind."""
    if kind == "text":
        empty = np.array([cell == "" for cell in cells], dtype=bool)
        values = np.array([cell or None for cell in cells], dtype=object)
        never = np.zeros(len(cells), dtype=bool)
        return Cells(_ASKED[kind], values, empty, never, never)
    if kind == "period":
        dated = _read(cells, kind, _period)
        numbered = _read(cells, kind, _number)
        return numbered if dated.wrong.any() and not numbered.wrong.any() else dated
    if kind == "date":
        return _read(cells, kind, _date)
    found = _read(cells, kind, _number if kind == "number" else _whole)
    if kind == "number":
        return found
    negative = np.zeros(len(cells), dtype=bool)
    told = ~(found.empty | found.wrong)
    negative[told] = found.values[told] < 0
    return Cells(found.asked, found.values, found.empty, found.wrong, negative)


def _read(cells: list[str], kind: Kind, read: Callable[[str], Any]) -> Cells:
    empty = np.array([cell.lower() in _EMPTY for cell in cells], dtype=bool)
    read_ = [
        None if bare else read(cell) for cell, bare in zip(cells, empty, strict=True)
    ]
    absent = np.array([value is None for value in read_], dtype=bool)
    dated = kind == "date" or read is _period
    nothing: Any = np.datetime64("NaT") if dated else math.nan
    values = np.array(
        [nothing if value is None else value for value in read_],
        dtype="datetime64[D]" if dated else np.float64,
    )
    never = np.zeros(len(cells), dtype=bool)
    return Cells(_ASKED[kind], values, empty, absent & ~empty, never)


def _number(cell: str) -> float | None:
    if not _NUMBER.fullmatch(cell):
        return None
    value = float(cell)
    return value if math.isfinite(value) else None


def _whole(cell: str) -> float | None:
    value = _number(cell)
    if value is None or value != int(value) or abs(value) >= _GREATEST:
        return None
    return value


def _date(cell: str) -> dt.date | None:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}([ T]00:00(:00(\.0+)?)?)?", cell):
        return None
    try:
        return dt.date.fromisoformat(cell[:10])
    except ValueError:
        return None


def _period(cell: str) -> dt.date | None:
    """Give the first day of a day, week, month, quarter or year."""
    try:
        if found := re.fullmatch(r"(\d{4})-(\d{2})", cell):
            return dt.date(int(found[1]), int(found[2]), 1)
        if found := re.fullmatch(r"(\d{4})-?[Qq]([1-4])", cell):
            return dt.date(int(found[1]), 3 * int(found[2]) - 2, 1)
        if found := re.fullmatch(r"(\d{4})-?W(\d{2})", cell):
            return dt.date.fromisocalendar(int(found[1]), int(found[2]), 1)
        if found := re.fullmatch(r"(19|20|21)\d{2}", cell):
            return dt.date(int(cell), 1, 1)
    except ValueError:
        return None
    return _date(cell)
