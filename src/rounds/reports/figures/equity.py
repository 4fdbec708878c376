"""The figures of an equity analysis: groups, and cells where groups meet."""

from rounds.nouns import Equity, Estimate, Inequality, Meeting, UnitResult
from rounds.reports.charts import Forest, ForestRow, Unit, label
from rounds.reports.equity_words import characteristic_words

__all__ = ["groups_forest", "meeting_forest"]

_MOST = 40
"""With more cells a picture says nothing."""


def groups_forest(found: Equity, one: Inequality) -> Forest | None:
    """Give the groups of one characteristic; None where fewer than two are told.

    Parameters
    ----------
    found : Equity
        As it may be told.
    one : Inequality
        Of it.
    """
    shown = [_row(group) for group in one.groups]
    if sum(row.kind == "study" for row in shown) < 2:
        return None
    words = characteristic_words(one.characteristic)
    return Forest(
        name=f"groups-{one.characteristic.replace('_', '-')}",
        title=f"{found.title} by {words}",
        rows=tuple(shown),
        unit=_unit(one.groups),
        null=_overall(found),
        axis="The line stands where all patients are",
        column_title="Patients",
        beside_title="95% interval",
    )


def meeting_forest(found: Equity) -> Forest | None:
    """Give the cells, drawn together; None where there are too few, or too many."""
    if not isinstance(found.meeting, Meeting):
        return None
    cells = [cell for cell in found.meeting.cells if cell.value is not None]
    if not 2 <= len(cells) <= _MOST:
        return None
    ordered = sorted(cells, key=lambda cell: (cell.value or 0.0, cell.unit))
    return Forest(
        name="groups-meeting",
        title=f"{found.title} where groups meet",
        rows=tuple(_row(cell, is_sized=False) for cell in ordered),
        unit="percent",
        null=_overall(found),
        axis="Each cell is drawn towards what its groups say one by one",
        beside_title="95% interval",
    )


def _overall(found: Equity) -> float | None:
    return found.overall.value if isinstance(found.overall, Estimate) else None


def _unit(groups: tuple[UnitResult, ...]) -> Unit:
    counted = any(group.numerator is not None for group in groups)
    return "percent" if counted else "number"


def _row(group: UnitResult, *, is_sized: bool = True) -> ForestRow:
    known = None not in (group.value, group.lower, group.upper)
    if group.suppressed or not known:
        why = "withheld" if group.suppressed else "nobody counted"
        return ForestRow(label=group.unit, kind="absent", beside=why)
    assert group.value is not None
    assert group.lower is not None
    assert group.upper is not None
    is_share = not is_sized or group.numerator is not None
    unit: Unit = "percent" if is_share else "number"
    value, lower, upper = (
        label(each, unit, 1) for each in (group.value, group.lower, group.upper)
    )
    size = f"{group.denominator:,}" if is_sized and group.denominator else ""
    return ForestRow(
        label=group.unit,
        value=group.value,
        lower=group.lower,
        upper=group.upper,
        column=size,
        beside=f"{value} ({lower} to {upper})",
    )
