"""An equity analysis as tables of plain text."""

from rounds.nouns import Equity, Meeting, NotEstimable
from rounds.reports.table_text import (
    ENDS,
    UNIT,
    csv_text,
    estimate_numbers,
    unit_numbers,
)

__all__ = ["groups_csv", "indices_csv"]

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
            gap = estimate_numbers(gaps.get(group.unit))
            rows.append([one.characteristic, group.unit, *unit_numbers(group), *gap])
    if isinstance(found.meeting, Meeting):
        name = " · ".join(found.meeting.characteristics)
        rows += [
            [name, cell.unit, *unit_numbers(cell), None, None, None]
            for cell in found.meeting.cells
        ]
    ends = (f"gap{end}" for end in ENDS)
    return csv_text(("characteristic", "group", *UNIT, *ends), rows)


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
    header += [f"{name}{end}" for name in _INDICES for end in ENDS]
    rows = []
    for one in found.inequalities:
        given = [getattr(one, name) for name in _INDICES]
        why = [each.reason for each in given if isinstance(each, NotEstimable)]
        numbers = [number for each in given for number in estimate_numbers(each)]
        said = " ".join(dict.fromkeys(why))
        rows.append([one.characteristic, one.order, one.contrast, *numbers, said])
    return csv_text([*header, "why_not"], rows)
