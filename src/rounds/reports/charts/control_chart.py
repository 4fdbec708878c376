"""The control chart: subgroups in time, their centre line and their limits."""

import re
from dataclasses import dataclass
from typing import Literal

from rounds.reports.charts.canvas import (
    WIDE,
    Canvas,
    Scale,
    Unit,
    clipped,
    digits_for,
    label,
    ticks,
)

__all__ = ["Control", "ControlPoint", "control_chart"]


@dataclass(frozen=True, kw_only=True)
class ControlPoint:
    """One subgroup; None where it is suppressed or was empty."""

    label: str
    value: float | None
    lower: float | None = None
    upper: float | None = None
    flag: Literal["none", "better", "worse"] = "none"


@dataclass(frozen=True, kw_only=True)
class Control:
    """What the control chart shows."""

    name: str = "control"
    title: str
    points: tuple[ControlPoint, ...]
    centre: float | None
    unit: Unit = "percent"
    events: tuple[tuple[int, str], ...] = ()
    """Something that began with the subgroup of this number, and its name."""


def control_chart(plot: Control, width: float = WIDE) -> str:
    """Draw subgroups as dots, special causes as squares and diamonds.

    Parameters
    ----------
    plot : Control
        Subgroups in time, oldest first.
    width : float
        Of the drawing, in its own units.

    Returns
    -------
    str
        One SVG element.
    """
    small = width < WIDE
    canvas = Canvas(width, 240 if small else 320)
    left, right = 44, width - (14 if small else 96)
    top, bottom = 26, canvas.height - 30
    low, high = _range(plot)
    y = Scale(low, high, bottom, top)
    slot = (right - left) / max(len(plot.points), 1)
    middles = [left + slot * (i + 0.5) for i in range(len(plot.points))]
    _limits(canvas, plot, middles, slot, y)
    marked = ticks(low, high)
    digits = digits_for(marked, plot.unit)
    for tick in marked:
        canvas.line(left, y(tick), right, y(tick), "grid")
        words = label(tick, plot.unit, digits)
        canvas.text(left - 8, y(tick) + 4, words, "muted", "end")
    _months(canvas, plot, middles, bottom + 20, 52 if small else 58)
    if plot.centre is not None:
        canvas.line(left, y(plot.centre), right, y(plot.centre), "centre-line")
        if not small:
            words = f"Mean {label(plot.centre, plot.unit, 1)}"
            canvas.text(right + 8, y(plot.centre) + 4, words, "strong")
            _names_of_limits(canvas, plot, y, right)
    for index, name in plot.events:
        at = left + slot * index
        canvas.line(at, top - 8, at, bottom, "event-line")
        over = at > width * 0.6
        anchor, side = ("end", -6) if over else ("start", 6)
        canvas.text(at + side, top - 8, clipped(name, 30), "event halo", anchor)
    _points(canvas, plot, middles, y)
    return canvas.svg(name=plot.name, title=plot.title, description=_said(plot))


def _range(plot: Control) -> tuple[float, float]:
    values = [v for p in plot.points for v in (p.value, p.lower, p.upper)]
    seen = [v for v in [*values, plot.centre] if v is not None] or [0.0, 1.0]
    pad = (max(seen) - min(seen)) * 0.05 or 0.05
    low, high = min(seen) - pad, max(seen) + pad
    if plot.unit == "percent":
        low, high = max(low, 0.0), min(high, 1.0)
    return low, high


def _limits(
    canvas: Canvas, plot: Control, middles: list[float], slot: float, y: Scale
) -> None:
    upper: list[tuple[float, float]] = []
    lower: list[tuple[float, float]] = []
    runs: list[tuple[list[tuple[float, float]], list[tuple[float, float]]]] = []
    for point, middle in zip(plot.points, middles, strict=True):
        if point.lower is None or point.upper is None:
            runs.append((upper, lower))
            upper, lower = [], []
            continue
        for edge in (middle - slot / 2, middle + slot / 2):
            upper.append((edge, y(point.upper)))
            lower.append((edge, y(point.lower)))
    for above, below in [*runs, (upper, lower)]:
        canvas.area(above + below[::-1], "band b998")
        canvas.through(above, "limit l998")
        canvas.through(below, "limit l998")


def _names_of_limits(canvas: Canvas, plot: Control, y: Scale, right: float) -> None:
    last = next((p for p in reversed(plot.points) if p.upper is not None), None)
    if last is None or last.upper is None or last.lower is None or plot.centre is None:
        return
    middle = y(plot.centre)
    above = min(y(last.upper), middle - 16)
    below = max(y(last.lower), middle + 16)
    upper = f"Upper {label(last.upper, plot.unit, 1)}"
    lower = f"Lower {label(last.lower, plot.unit, 1)}"
    canvas.text(right + 8, above + 4, upper, "muted")
    canvas.text(right + 8, below + 4, lower, "muted")


def _points(canvas: Canvas, plot: Control, middles: list[float], y: Scale) -> None:
    run: list[tuple[float, float]] = []
    for point, middle in zip(plot.points, middles, strict=True):
        if point.value is None:
            canvas.through(run, "series")
            run = []
        else:
            run.append((middle, y(point.value)))
    canvas.through(run, "series")
    for point, middle in zip(plot.points, middles, strict=True):
        if point.value is None:
            continue
        if point.flag == "better":
            canvas.mark(middle, y(point.value), "square", "improvement", 4.2)
        elif point.flag == "worse":
            canvas.mark(middle, y(point.value), "diamond", "concern", 4.2)
        else:
            canvas.mark(middle, y(point.value), "dot", "common")


def _months(
    canvas: Canvas, plot: Control, middles: list[float], at: float, room: float
) -> None:
    last, year = -1e9, ""
    for point, middle in zip(plot.points, middles, strict=True):
        words, this_year = _month(point.label)
        if middle - last < room or middle > canvas.width - 18:
            continue
        if this_year != year:
            words, year = f"{words} {this_year}".strip(), this_year
        anchor = "start" if middle < 60 else "middle"
        canvas.text(
            middle - (14 if anchor == "start" else 0), at, words, "muted", anchor
        )
        last = middle


_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()  # noqa: SIM905


def _month(words: str) -> tuple[str, str]:
    """Read `2025-03` as March of 2025; leave any other label as it is."""
    match = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", words)
    if match is None:
        return words, ""
    return _MONTHS[int(match[2]) - 1], match[1]


def _said(plot: Control) -> str:
    shown = [p for p in plot.points if p.value is not None]
    better = sum(p.flag == "better" for p in shown)
    worse = sum(p.flag == "worse" for p in shown)
    centre = (
        "" if plot.centre is None else f" around {label(plot.centre, plot.unit, 1)}"
    )
    words = f"{len(shown)} subgroups{centre}; special causes: {better} better, "
    words += f"{worse} worse."
    if len(shown) < len(plot.points):
        words += f" {len(plot.points) - len(shown)} subgroups are not shown."
    return words
