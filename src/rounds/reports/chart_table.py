"""A control chart as a table: for people, and as CSV at full precision."""

import csv
import io

from rounds.nouns import ControlChart
from rounds.nouns.spreadsheet_cells import as_cells
from rounds.reports.chart_words import value_words

__all__ = ["chart_csv", "chart_rows"]

SIGNALS = {
    "none": "",
    "beyond_limits": "beyond a limit",
    "trend": "trend",
    "near_limits": "near a limit",
    "shift": "shift",
}

_COLUMNS = (
    "label", "value", "denominator", "exposure", "lower", "centre_line", "upper",
    "target", "signal", "direction", "phase",
)  # fmt: skip


def chart_rows(chart: ControlChart) -> list[tuple[str, ...]]:
    """Give the table that people read: a header, and a row for each subgroup.

    Parameters
    ----------
    chart : ControlChart
        What is told.

    Returns
    -------
    list of tuple of str
        Subgroup, value, size where there is one, limits, centre line, signal.
    """
    sized = any(
        p.denominator is not None or p.exposure is not None for p in chart.points
    )
    header = ["when", "value", *(["of"] if sized else [])]
    rows = [(*header, "lower", "centre", "upper", "signal")]
    for point in chart.points:
        centre = (
            point.centre_line if point.centre_line is not None else chart.centre_line
        )
        size = point.denominator if point.denominator is not None else point.exposure
        words = [point.label, value_words(chart, point.value)]
        if sized:
            words.append("–" if size is None else f"{size:,g}")
        lines = (point.lower, centre, point.upper)
        words += [value_words(chart, number) for number in lines]
        signal = SIGNALS[point.signal]
        if point.direction is not None:
            signal += f" ({point.direction})"
        rows.append((*words, signal))
    return rows


def chart_csv(chart: ControlChart) -> str:
    """Write every number that the picture shows, at full precision.

    Parameters
    ----------
    chart : ControlChart
        What is written.

    Returns
    -------
    str
        CSV (RFC 4180) with a header; an empty cell where there is no number.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    phase = 1
    starts = {each.start for each in chart.phases[1:]}
    for point in chart.points:
        if point.label in starts:
            starts.remove(point.label)
            phase += 1
        centre = (
            point.centre_line if point.centre_line is not None else chart.centre_line
        )
        row = [
            point.label, point.value, point.denominator, point.exposure, point.lower,
            centre, point.upper, chart.target, point.signal, point.direction, phase,
        ]  # fmt: skip
        cells = as_cells(row)
        writer.writerow(["" if cell is None else _exact(cell) for cell in cells])
    return text.getvalue()


def _exact(cell: object) -> str:
    return repr(cell) if isinstance(cell, float) else str(cell)
