"""The path of a watched sum to its limit, as coarse as it may be told.

Each box holds months that are told together, and the part of the limit in which the
sum stood at the end of them: that it is a box, and no point, says what is not told.
"""

from dataclasses import dataclass

from rounds.reports.charts.canvas import WIDE, Canvas, Scale, label
from rounds.reports.charts.lettering import width_of

__all__ = ["WatchBox", "WatchPath", "watch_path"]

_ROOM = 0.28
"""Above the limit, for its name and the signal."""


@dataclass(frozen=True, kw_only=True)
class WatchBox:
    """Some months, the last of them named, and where the sum stood after them."""

    label: str
    start: int
    """The first of these months, counted from the first month of all."""
    stop: int
    """The month after the last one."""
    low: float
    """Of the limit, at least; at 1 it signalled."""
    high: float


@dataclass(frozen=True, kw_only=True)
class WatchPath:
    """What is shown: boxes in the order of time."""

    name: str = "path"
    title: str
    boxes: tuple[WatchBox, ...]


def watch_path(plot: WatchPath, width: float = WIDE) -> str:
    """Draw where a sum stood between nought and its limit, and when it signalled.

    Parameters
    ----------
    plot : WatchPath
        At least one box; those at 1 or above are drawn as signals.
    width : float
        Of the drawing, in its own units.

    Returns
    -------
    str
        One SVG element.
    """
    canvas = Canvas(width, 230)
    left, right, top, bottom = 48, width - 16, 14, canvas.height - 42
    y = Scale(0, 1 + _ROOM, bottom, top)
    x = Scale(
        min(box.start for box in plot.boxes),
        max(box.stop for box in plot.boxes),
        left,
        right,
    )
    for tick in (0.0, 0.25, 0.5, 0.75):
        canvas.line(left, y(tick), right, y(tick), "grid")
        words = label(tick, "percent", 0)
        canvas.text(left - 8, y(tick) + 4, words, "muted", "end")
    for box in plot.boxes:
        if box.low < 1:
            low, high = y(box.low), y(box.high)
            start, stop = x(box.start), x(box.stop)
            canvas.area(
                [(start, low), (stop, low), (stop, high), (start, high)], "stay"
            )
    canvas.line(left, y(1), right, y(1), "limit l998")
    canvas.text(left - 8, y(1) + 4, "Limit", "strong", "end")
    for box in plot.boxes:
        if box.low >= 1:
            _signal(canvas, box, x, y(1))
    _months(canvas, plot, x, bottom)
    canvas.text((left + right) / 2, canvas.height - 6, _ACROSS, "muted", "middle")
    return canvas.svg(name=plot.name, title=plot.title, description=_said(plot))


_ACROSS = "Month that a box ends with; height is of the limit"


def _signal(canvas: Canvas, box: WatchBox, x: Scale, at: float) -> None:
    """Mark a signal over its months, named where its words have room on the paper."""
    across = x((box.start + box.stop) / 2)
    canvas.line(x(box.start), at, x(box.stop), at, "interval")
    canvas.mark(across, at, "diamond", "concern", 5)
    words = f"Signal, {box.label}"
    half = width_of(words, bold=True) / 2
    middle = min(max(across, half + 2), canvas.width - half - 2)
    canvas.text(middle, at - 14, words, "strong", "middle")


def _months(canvas: Canvas, plot: WatchPath, x: Scale, bottom: float) -> None:
    """Name months below the ends of their boxes, from the last one back, with room."""
    free = canvas.width
    for box in reversed(plot.boxes):
        half = width_of(box.label) / 2
        middle = min(x((box.start + box.stop) / 2), canvas.width - half - 2)
        if middle + half + 10 <= free:
            canvas.text(middle, bottom + 18, box.label, "muted", "middle")
            free = middle - half


def _said(plot: WatchPath) -> str:
    parts = [
        f"by the end of {box.label} at its limit"
        if box.low >= 1
        else f"by the end of {box.label} {label(box.low, 'percent', 0)} to "
        f"{label(box.high, 'percent', 0)} of its limit"
        for box in plot.boxes
    ]
    return "; ".join(parts) + "."
