"""The control chart: subgroups in time, their centre line and their limits."""

import math
from dataclasses import dataclass, field
from itertools import pairwise

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
from rounds.reports.charts.control_labels import (
    Box,
    clear_place,
    draw_months,
    draw_names,
    draw_phases,
    phase_rows,
)
from rounds.reports.charts.control_signs import (
    LEGEND,
    AssuranceSign,
    Entry,
    Flag,
    VariationSign,
    draw_flag,
    draw_legend,
    draw_signs,
    legend_rows,
    signs_height,
)
from rounds.reports.charts.lettering import width_of, wrapped

__all__ = ["Control", "ControlPoint", "control_chart"]

_TITLE = 12 / 16 / 1.1
"""What a title's words take, in those of a label."""


@dataclass(frozen=True, kw_only=True)
class ControlPoint:
    """One subgroup; None where it is suppressed or was empty."""

    label: str
    value: float | None
    lower: float | None = None
    upper: float | None = None
    centre: float | None = None
    """Where it is not the chart's: in an earlier phase, or by season."""
    flag: Flag = "none"
    beyond: bool = False
    """Whether it lies beyond a limit, which a ring around its mark says."""


@dataclass(frozen=True, kw_only=True)
class Control:
    """What the control chart shows."""

    name: str = "control"
    title: str
    points: tuple[ControlPoint, ...]
    centre: float | None
    unit: Unit = "percent"
    target: float | None = None
    events: tuple[tuple[int, str], ...] = ()
    """Something that began with the subgroup of this number, and its name."""
    phases: tuple[tuple[int, str], ...] = ()
    """Subgroups with which lines begin anew, and why."""
    centre_name: str = "Mean"
    """What the centre line is: the mean, the median, …"""
    stepped: bool = False
    """Whether the centre line moves from subgroup to subgroup, as with seasons."""
    variation: VariationSign | None = None
    assurance: AssuranceSign | None = None
    heading: bool = False
    """Whether title and legend are drawn too, for a picture that stands alone."""


@dataclass(frozen=True)
class _Frame:
    """Where things stand on the paper."""

    canvas: Canvas
    left: float
    right: float
    top: float
    bottom: float
    slot: float
    middles: list[float]
    y: Scale
    small: bool
    below: list[str] = field(default_factory=list)
    legend: list[list[Entry]] = field(default_factory=list)

    @property
    def box(self) -> Box:
        """Where the chart stands."""
        return Box(
            left=self.left,
            right=self.right,
            top=self.top,
            bottom=self.bottom,
            width=self.canvas.width,
        )


def control_chart(plot: Control, width: float = WIDE) -> str:
    """Draw subgroups as dots, special causes as squares, diamonds and triangles.

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
    frame = _frame(plot, width)
    canvas, left, right, y = frame.canvas, frame.left, frame.right, frame.y
    if plot.heading:
        for row, words in enumerate(_title_lines(plot, width - left - 8)):
            canvas.text(left, 22 + 19 * row, words, "title")
    signs = (plot.variation, plot.assurance)
    if signs != (None, None):
        draw_signs(
            canvas, left, _titled(plot, width - left - 8) + 13, signs, width - left - 8
        )
    _limits(frame, plot)
    marked = ticks(y.low, y.high)
    digits = digits_for(marked, plot.unit)
    for tick in marked:
        canvas.line(left, y(tick), right, y(tick), "grid")
        canvas.text(
            left - 8, y(tick) + 4, label(tick, plot.unit, digits), "muted", "end"
        )
    labels = [point.label for point in plot.points]
    draw_months(canvas, labels, frame.middles, frame.bottom + 20)
    _centres(frame, plot)
    if plot.target is not None:
        canvas.line(left, y(plot.target), right, y(plot.target), "aim-line")
    names = [(y(at), words, css) for at, words, css in _line_names(plot)]
    if frame.small:
        for row, line in enumerate(frame.below):
            canvas.text(left, frame.bottom + 40 + 17 * row, line, "muted")
    else:
        draw_names(canvas, names, right + 8, (frame.top, frame.bottom))
    draw_phases(
        canvas, _events(plot), frame.box, frame.slot, clip=22 if frame.small else 34
    )
    _points(frame, plot)
    if not frame.small:
        _earlier_centres(frame, plot)
    if frame.legend:
        at = frame.bottom + 42 + 17 * len(frame.below)
        draw_legend(canvas, left, at, frame.legend)
    return canvas.svg(name=plot.name, title=plot.title, description=_said(plot))


def _frame(plot: Control, width: float) -> _Frame:
    """Measure what stands around the chart, and leave room for it."""
    small = width < WIDE
    low, high = _range(plot)
    marked = ticks(low, high)
    tick_digits = digits_for(marked, plot.unit)
    left = 14 + max(
        [width_of(label(t, plot.unit, tick_digits)) for t in marked] or [30.0]
    )
    left = max(left, 44.0)
    names = _line_names(plot)
    room = max([width_of(words, bold=True) for _, words, _ in names] or [0.0]) + 16
    right = width - 14 if small else width - max(96.0, room)
    n = max(len(plot.points), 1)
    slot = (right - left) / n
    box = Box(left=left, right=right, top=0, bottom=0, width=width)
    rows = phase_rows(_events(plot), box, slot, clip=22 if small else 34)
    signs = signs_height((plot.variation, plot.assurance), width - left - 8)
    top = (
        _titled(plot, width - left - 8) + signs + 12 + 15 * (max(rows, default=-1) + 1)
    )
    bottom = top + (170 if small else 254)
    below = wrapped([w for _, w, _ in names], right - left) if small else []
    shown = {p.flag for p in plot.points if p.value is not None}
    used: list[Flag] = [flag for flag in LEGEND if flag in shown]
    ringed = any(p.beyond for p in plot.points)
    legend = (
        legend_rows(used, ringed=ringed, room=width - left - 8) if plot.heading else []
    )
    height = bottom + 30 + 17 * len(below) + (20 * len(legend) + 4 if legend else 0)
    return _Frame(
        canvas=Canvas(width, height),
        left=left,
        right=right,
        top=top,
        bottom=bottom,
        slot=slot,
        middles=[left + slot * (i + 0.5) for i in range(len(plot.points))],
        y=Scale(low, high, bottom, top),
        small=small,
        below=below,
        legend=legend,
    )


def _events(plot: Control) -> list[tuple[int, str]]:
    return sorted([*plot.phases, *plot.events])


def _title_lines(plot: Control, room: float) -> list[str]:
    lines = wrapped(plot.title.split(), room * _TITLE, between=" ")
    return [clipped(line, max(int(room / 9), 4)) for line in lines]


def _titled(plot: Control, room: float) -> float:
    """Give the height that the title takes."""
    return 16 + 19 * len(_title_lines(plot, room)) if plot.heading else 2.0


def _range(plot: Control) -> tuple[float, float]:
    values = [v for p in plot.points for v in (p.value, p.lower, p.upper)]
    seen = [v for v in [*values, plot.centre, plot.target] if v is not None]
    seen = seen or [0.0, 1.0]
    pad = (max(seen) - min(seen)) * 0.05 or abs(max(seen)) * 0.05 or 0.05
    low, high = min(seen) - pad, max(seen) + pad
    if plot.unit == "percent":
        low, high = max(low, 0.0), min(high, 1.0)
    elif min(seen) >= 0:
        low = max(low, 0.0)
    return low, high


def _digits(plot: Control) -> int:
    """Say how many decimals tell the lines apart."""
    if plot.unit in ("percent", "points"):
        return 1
    low, high = _range(plot)
    return min(max(2 - math.floor(math.log10(max(high - low, 1e-12))), 0), 9)


def _last_limits(plot: Control) -> tuple[float, float] | None:
    last = next((p for p in reversed(plot.points) if p.upper is not None), None)
    if last is None or last.upper is None or last.lower is None:
        return None
    return last.lower, last.upper


def _line_names(plot: Control) -> list[tuple[float, str, str]]:
    """Give where the latest lines lie, their words, and the class of these."""
    limits, digits = _last_limits(plot), _digits(plot)
    wanted = [
        (limits and limits[1], "Upper", "muted"),
        (plot.centre, "Overall" if plot.stepped else plot.centre_name, "strong"),
        (limits and limits[0], "Lower", "muted"),
        (plot.target, "Target", "aim"),
    ]
    return [
        (at, f"{name} {label(at, plot.unit, digits)}", css)
        for at, name, css in wanted
        if at is not None
    ]


def _limits(frame: _Frame, plot: Control) -> None:
    """Draw the band between the limits, broken where there are none or a phase ends."""
    starts = {start for start, _ in plot.phases}
    upper: list[tuple[float, float]] = []
    lower: list[tuple[float, float]] = []
    runs: list[tuple[list[tuple[float, float]], list[tuple[float, float]]]] = []
    for i, (point, middle) in enumerate(zip(plot.points, frame.middles, strict=True)):
        if i in starts or point.lower is None or point.upper is None:
            runs.append((upper, lower))
            upper, lower = [], []
        if point.lower is None or point.upper is None:
            continue
        for edge in (middle - frame.slot / 2, middle + frame.slot / 2):
            upper.append((edge, frame.y(point.upper)))
            lower.append((edge, frame.y(point.lower)))
    for above, below in [*runs, (upper, lower)]:
        frame.canvas.area(above + below[::-1], "band b998")
        frame.canvas.through(above, "limit l998")
        frame.canvas.through(below, "limit l998")


def _centres(frame: _Frame, plot: Control) -> None:
    """Draw the centre line, in pieces where phases or seasons move it."""
    starts = {start for start, _ in plot.phases}
    run: list[tuple[float, float]] = []
    for i, (point, middle) in enumerate(zip(plot.points, frame.middles, strict=True)):
        at = point.centre if point.centre is not None else plot.centre
        if at is None:
            return
        if i in starts:
            frame.canvas.through(run, "centre-path")
            run = []
        for edge in (middle - frame.slot / 2, middle + frame.slot / 2):
            run.append((edge, frame.y(at)))
    if starts or plot.stepped:
        frame.canvas.through(run, "centre-path")
    elif plot.centre is not None:
        y = frame.y(plot.centre)
        frame.canvas.line(frame.left, y, frame.right, y, "centre-line")


def _earlier_centres(frame: _Frame, plot: Control) -> None:
    """Name the centre line of each earlier phase where the words lie on no point."""
    if plot.stepped:
        return
    starts = [0, *(start for start, _ in plot.phases)]
    for start, end in pairwise(starts):
        at = plot.points[start].centre
        at = plot.centre if at is None else at
        if at is None:
            continue
        words = f"{plot.centre_name} {label(at, plot.unit, _digits(plot))}"
        room = (frame.left + frame.slot * start, frame.left + frame.slot * end)
        place = clear_place(words, frame.y(at), room, _marks(frame, plot))
        if place is not None:
            frame.canvas.text(*place, words, "strong halo", "end")


def _marks(frame: _Frame, plot: Control) -> list[tuple[float, float]]:
    return [
        (middle, frame.y(point.value))
        for point, middle in zip(plot.points, frame.middles, strict=True)
        if point.value is not None
    ]


def _points(frame: _Frame, plot: Control) -> None:
    starts = {start for start, _ in plot.phases}
    run: list[tuple[float, float]] = []
    for i, (point, middle) in enumerate(zip(plot.points, frame.middles, strict=True)):
        if point.value is None or i in starts:
            frame.canvas.through(run, "series")
            run = []
        if point.value is not None:
            run.append((middle, frame.y(point.value)))
    frame.canvas.through(run, "series")
    for point, middle in zip(plot.points, frame.middles, strict=True):
        if point.value is None:
            continue
        draw_flag(
            frame.canvas, middle, frame.y(point.value), point.flag, ringed=point.beyond
        )


def _said(plot: Control) -> str:
    shown = [p for p in plot.points if p.value is not None]
    better = sum(p.flag == "better" for p in shown)
    worse = sum(p.flag == "worse" for p in shown)
    neither = sum(p.flag in ("high", "low") for p in shown)
    centre = (
        ""
        if plot.centre is None
        else f" around {label(plot.centre, plot.unit, _digits(plot))}"
    )
    words = f"{len(shown)} subgroups{centre}; special causes: "
    words += f"{neither}." if neither else f"{better} better, {worse} worse."
    if len(shown) < len(plot.points):
        words += f" {len(plot.points) - len(shown)} subgroups are not shown."
    for start, reason in plot.phases:
        words += f" Lines begin anew with {plot.points[start].label}: {reason}."
    return words
