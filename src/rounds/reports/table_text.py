"""Tables as CSV: what the tables of several nouns are written with."""

import csv
import io
from collections.abc import Iterable, Sequence

from rounds.nouns import Estimate, NotEstimable, UnitResult
from rounds.nouns.spreadsheet_cells import as_cells

__all__ = ["ENDS", "UNIT", "csv_text", "estimate_numbers", "unit_numbers"]

ENDS = ("", "_lower", "_upper")
"""How the names of an estimate's three columns end."""
UNIT = ("denominator", "numerator", "value", "lower", "upper", "suppressed")
"""The columns of a unit."""


def unit_numbers(unit: UnitResult) -> list[object]:
    """Give what stands in a unit's columns, in the order of `UNIT`."""
    return [getattr(unit, name) for name in UNIT]


def estimate_numbers(
    told: Estimate | NotEstimable | None,
) -> tuple[float | None, ...]:
    """Give value, lower and upper; None for each where nothing is told."""
    return told.numbers if isinstance(told, Estimate) else (None, None, None)


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    r"""Write rows as CSV, text guarded against what a spreadsheet takes for a formula.

    Examples
    --------
    >>> csv_text(("site", "n"), [("A", 12), ("B", None)])
    'site,n\r\nA,12\r\nB,\r\n'
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(as_cells(header))
    writer.writerows(as_cells(row) for row in rows)
    return stream.getvalue()
