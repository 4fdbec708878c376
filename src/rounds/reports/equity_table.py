"""An equity analysis as tables of plain text."""

import csv
import io
from collections.abc import Iterable, Sequence

from rounds.nouns import Equity, Estimate, Meeting, NotEstimable
from rounds.nouns.spreadsheet_cells import as_cells

__all__ = ["groups_csv", "indices_csv"]

_ENDS = ("", "_lower", "_upper")
_UNIT = ("denominator", "numerator", "value", "lower", "upper", "suppressed")
_INDICES = (
    "not_recorded",
    "slope",
    "relative",
    "concentration",
    "spread",
    "attributable",
)


def groups_csv(found: Equity) -> str:
    """Give each group, and each cell where groups meet, as CSV.

    Parameters
    ----------
    found : Equity
        As it may be told: a suppressed group has its name alone.

    Returns
    -------
    str
        With a header; proportions and gaps in [0, 1]. Cells are drawn together by the
        model, so they stand under the names of the characteristics that meet.
    """
    rows: list[list[object]] = []
    for one in found.inequalities:
        gaps = {each.group: each.gap for each in one.gaps}
        for group in one.groups:
            gap = _numbers(gaps.get(group.unit))
            rows.append([one.characteristic, group.unit, *_unit(group), *gap])
    if isinstance(found.meeting, Meeting):
        name = " · ".join(found.meeting.characteristics)
        rows += [
            [name, cell.unit, *_unit(cell), None, None, None]
            for cell in found.meeting.cells
        ]
    ends = (f"gap{end}" for end in _ENDS)
    return _written(("characteristic", "group", *_UNIT, *ends), rows)


def indices_csv(found: Equity) -> str:
    """Give the indices of each characteristic as CSV; why there is none stands last.

    Parameters
    ----------
    found : Equity
        As it may be told.

    Returns
    -------
    str
        With a header.
    """
    header = ["characteristic", "order", "contrast"]
    header += [f"{name}{end}" for name in _INDICES for end in _ENDS]
    rows = []
    for one in found.inequalities:
        given = [getattr(one, name) for name in _INDICES]
        why = [each.reason for each in given if isinstance(each, NotEstimable)]
        numbers = [number for each in given for number in _numbers(each)]
        said = " ".join(dict.fromkeys(why))
        rows.append([one.characteristic, one.order, one.contrast, *numbers, said])
    return _written([*header, "why_not"], rows)


def _unit(unit: object) -> list[object]:
    return [getattr(unit, name) for name in _UNIT]


def _numbers(told: Estimate | NotEstimable | None) -> tuple[float | None, ...]:
    return told.numbers if isinstance(told, Estimate) else (None, None, None)


def _written(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(as_cells(header))
    writer.writerows(as_cells(row) for row in rows)
    return stream.getvalue()
