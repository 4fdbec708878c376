"""The words around a control chart: months, lines, and what began when."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from rounds.reports.charts.canvas import Canvas, clipped
from rounds.reports.charts.lettering import apart, width_of

__all__ = [
    "Box",
    "clear_place",
    "draw_months",
    "draw_names",
    "draw_phases",
    "phase_rows",
]

_STEPS = (1, 2, 3, 4, 6, 12, 24, 36, 60, 120, 240, 480)
"""Every how many labels one is written: such that months come round."""
_DAYS = (1, 2, 7, 14, 28, 56, 91, 182, 364, 728)
"""The same where points are days: such that weeks come round."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MONTHS = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Box:
    """Where the chart stands on the paper."""

    left: float
    right: float
    top: float
    bottom: float
    width: float
    """Of the paper."""


@dataclass(frozen=True, kw_only=True)
class _Name:
    start: float
    end: float
    words: str


def draw_names(
    canvas: Canvas,
    names: Sequence[tuple[float, str, str]],
    x: float,
    within: tuple[float, float],
) -> None:
    """Write names beside their lines, moved apart where lines are close."""
    low, high = within
    placed = apart([at for at, _, _ in names], 15, low, high)
    for at, (_, words, css) in zip(placed, names, strict=True):
        canvas.text(x, at + 4, words, css)


def clear_place(
    words: str,
    line: float,
    room: tuple[float, float],
    marks: Sequence[tuple[float, float]],
) -> tuple[float, float] | None:
    """Find where bold words beside a level line lie on no mark, nor on the path.

    Parameters
    ----------
    words : str
        What is to be written.
    line : float
        Where the line runs, down from the top of the paper.
    room : (float, float)
        Between which places across the words have to stand.
    marks : sequence of (float, float)
        Points in order, which a path goes through: across, and down.

    Returns
    -------
    (float, float) or None
        The right end of the words' base line, the last one in the room that is free,
        above the line or below it; None where there is none.
    """
    wide = width_of(words, bold=True)
    end = room[1] - 6
    while end - wide >= room[0] + 6:
        for base in (line - 6, line + 17):
            across, down = (end - wide - 6, end + 6), (base - 15, base + 8)
            if not _is_crossed(marks, across, down):
                return end, base
        end -= 8
    return None


def _is_crossed(
    marks: Sequence[tuple[float, float]],
    across: tuple[float, float],
    down: tuple[float, float],
) -> bool:
    """Say whether a path through marks comes into a box."""
    for (x1, y1), (x2, y2) in pairwise(marks):
        start, stop = max(x1, across[0]), min(x2, across[1])
        if start > stop:
            continue
        slope = (y2 - y1) / (x2 - x1) if x2 > x1 else 0.0
        ends = [y1 + slope * (at - x1) for at in (start, stop)]
        if min(ends) < down[1] and max(ends) > down[0]:
            return True
    return False


def draw_months(
    canvas: Canvas, labels: Sequence[str], middles: Sequence[float], at: float
) -> None:
    """Write every second, third, … label below the points, as room allows."""
    if not labels:
        return
    told = [_period(words) for words in labels]
    wide = max(width_of(clipped(f"{short} {year}".strip(), 16)) for short, year in told)
    slot = (middles[-1] - middles[0]) / max(len(middles) - 1, 1) or wide
    steps = _DAYS if _DAY.fullmatch(labels[0]) else _STEPS
    step = next((s for s in steps if s * slot >= wide + 8), len(labels))
    shown = ""
    for (short, year), middle in list(zip(told, middles, strict=True))[::step]:
        words = clipped(f"{short} {year}".strip() if year != shown else short, 16)
        half = width_of(words) / 2
        if middle + half > canvas.width - 2:
            continue
        canvas.text(max(middle, half + 2), at, words, "muted", "middle")
        shown = year


def phase_rows(
    events: Sequence[tuple[int, str]], box: Box, slot: float, *, clip: int
) -> list[int]:
    """Say in which row above the chart each event's name stands, from 0.

    A name may lie on no other, and no line may rise through a name.
    """
    names = _names(events, box, slot, clip)
    rows: dict[int, int] = {}
    lines = [box.left + slot * index for index, _ in events]
    rightwards = [i for i, name in enumerate(names) if name.start > lines[i]]
    leftwards = [i for i, name in enumerate(names) if name.start <= lines[i]]
    # A name to the right of its line stands above the lines that it passes over.
    for i in [*reversed(rightwards), *leftwards]:
        start, end = names[i].start - 4, names[i].end + 4
        crossed = [rows[k] + 1 for k in rows if start < lines[k] < end]
        row = max(crossed, default=0)
        while any(
            rows[k] == row and start < names[k].end and names[k].start < end
            for k in rows
        ):
            row += 1
        rows[i] = row
    return [rows[i] for i in range(len(events))]


def draw_phases(
    canvas: Canvas,
    events: Sequence[tuple[int, str]],
    box: Box,
    slot: float,
    *,
    clip: int,
) -> None:
    """Draw an upright line where something began, and its name above the chart.

    Parameters
    ----------
    canvas : Canvas
        What is drawn on.
    events : sequence of (int, str)
        Number of the subgroup that something began with, and what it was, in order.
    box : Box
        Where the chart stands.
    slot : float
        Width of one subgroup.
    clip : int
        Letters of a name that are shown.
    """
    rows = phase_rows(events, box, slot, clip=clip)
    names = _names(events, box, slot, clip)
    for (index, _), row, name in zip(events, rows, names, strict=True):
        at = box.left + slot * index
        line = box.top - 8 - 15 * row
        canvas.line(at, line - 8, at, box.bottom, "event-line")
        over = name.start <= at
        anchor, x = ("end", name.end) if over else ("start", name.start)
        canvas.text(x, line, name.words, "event halo", anchor)


def _names(
    events: Sequence[tuple[int, str]], box: Box, slot: float, clip: int
) -> list[_Name]:
    """Say where each name stands: right of its line, left of it, or shortened."""
    found: list[_Name] = []
    edge = box.width - 4
    for index, name in reversed(events):
        at = box.left + slot * index
        words = clipped(name, clip)
        if at + 6 + width_of(words, bold=True) <= edge:
            start = at + 6
        elif at - 6 - width_of(words, bold=True) >= 2:
            # The line of a name that stands left of it may rise through no other.
            start, edge = at - 6 - width_of(words, bold=True), at - 4
        elif edge - at - 6 >= at - 8:
            start, words = at + 6, _shortened(words, edge - at - 6)
        else:
            words = _shortened(words, at - 8)
            start, edge = at - 6 - width_of(words, bold=True), at - 4
        end = start + width_of(words, bold=True)
        found.append(_Name(start=start, end=end, words=words))
    return found[::-1]


def _shortened(words: str, room: float) -> str:
    length = len(words)
    while length > 2 and width_of(clipped(words, length), bold=True) > room:
        length -= 1
    return clipped(words, length)


def _period(words: str) -> tuple[str, str]:
    """Read `2025-03` as March of 2025, `2025-03-14` as its 14th; leave any other."""
    match = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])(?:-(\d{2}))?", words)
    if match is None:
        return words, ""
    month = _MONTHS[int(match[2]) - 1]
    return (f"{int(match[3])} {month}" if match[3] else month), match[1]
