"""The funnel: units against limits that widen as their denominators shrink.

The limits come from `rounds.methods.funnels.funnel`, which names their source.
"""

from dataclasses import dataclass
from typing import Literal

from rounds.reports.charts.canvas import (
    WIDE,
    Canvas,
    Scale,
    Unit,
    digits_for,
    label,
    ticks,
)
from rounds.reports.charts.funnel_legend import MARKS, Entry, draw_entries, entry_rows

__all__ = ["Funnel", "FunnelLimits", "FunnelPoint", "funnel"]


@dataclass(frozen=True, kw_only=True)
class FunnelPoint:
    """One unit."""

    label: str
    denominator: float
    """Its size: patients, time at risk, or expected events."""
    value: float
    flag: Literal["none", "better", "worse", "outside"] = "none"
    """Whether it lies outside the outermost limits; "outside" where nobody has said
    which side is better."""


@dataclass(frozen=True, kw_only=True)
class FunnelLimits:
    """The limits at one denominator, one for each of the funnel's levels."""

    denominator: float
    lower: tuple[float, ...]
    upper: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Funnel:
    """What the funnel shows; suppressed units are not among the points."""

    name: str = "funnel"
    title: str
    points: tuple[FunnelPoint, ...]
    limits: tuple[FunnelLimits, ...]
    """By rising denominator."""
    centre: float
    levels: tuple[float, ...] = (0.95, 0.998)
    """Coverage of the limits, rising; one or two."""
    n_suppressed: int = 0
    denominator: str = "Patients in the denominator"
    unit: Unit = "percent"
    centre_name: str = "Mean"
    legend: bool = False
    """Whether marks and limits are explained below, for a picture that stands alone."""


def funnel(plot: Funnel, width: float = WIDE) -> str:
    """Draw units as dots, those outside the limits as other shapes.

    A square is better, a diamond worse, a triangle outside where nobody has said which
    side is better.

    Parameters
    ----------
    plot : Funnel
        Values in the funnel's unit: proportions in [0, 1], rates, or ratios.
    width : float
        Of the drawing, in its own units.

    Returns
    -------
    str
        One SVG element.
    """
    small = width < WIDE
    height = 300 if small else 380
    rows = _legend(plot, width - 28) if plot.legend else []
    canvas = Canvas(width, height + 20 * len(rows) + (4 if rows else 0))
    low, high = _range(plot)
    marked = ticks(low, high)
    digits = digits_for(marked, plot.unit)
    names = [label(tick, plot.unit, digits) for tick in marked]
    left = max(44, 14 + 7 * max(len(name) for name in names))
    # In the margin stands the centre's name, in bold, whatever the typeface.
    right = width - (14 if small else max(96, 20 + 8.4 * len(_centre(plot))))
    top, bottom = 24 if small else 14, height - 46.0
    most = max([p.denominator for p in plot.points] or [10]) * 1.06
    x = Scale(0, most, left, right)
    y = Scale(low, high, bottom, top)
    _bands(canvas, plot, x, y)
    for tick, words in zip(marked, names, strict=True):
        canvas.line(left, y(tick), right, y(tick), "grid")
        canvas.text(left - 8, y(tick) + 4, words, "muted", "end")
    _sizes(canvas, x, most, bottom, small=small)
    across = (left + right) / 2
    canvas.text(across, bottom + 38, plot.denominator, "muted", "middle")
    canvas.line(left, y(plot.centre), right, y(plot.centre), "centre-line")
    if small:
        levels = " and ".join(_percent(level) for level in plot.levels)
        words = f"{_centre(plot)}; limits {levels}"
        canvas.text(right, top - 10, words, "muted", "end")
    else:
        _names_of_limits(canvas, plot, y, right)
    _points(canvas, plot, x, y, most_labels=3 if small else 8)
    draw_entries(canvas, 14, height + 14, rows)
    return canvas.svg(name=plot.name, title=plot.title, description=_said(plot))


def _legend(plot: Funnel, room: float) -> list[list[Entry]]:
    limits = [
        (f"l{css}", f"{_percent(level)} limits")
        for css, level in zip(_styles(plot), plot.levels, strict=True)
    ]
    return entry_rows([point.flag for point in plot.points], limits, room)


def _styles(plot: Funnel) -> tuple[str, ...]:
    return ("95", "998")[-len(plot.levels) :]


def _sizes(
    canvas: Canvas, x: Scale, most: float, bottom: float, *, small: bool
) -> None:
    marked = ticks(0, most, 4 if small else 6)
    digits = digits_for(marked, "number")
    for tick in marked:
        words = label(tick, "number", digits)
        # The last name may not reach beyond the paper.
        place = min(x(tick), canvas.width - 3.5 * len(words))
        canvas.text(place, bottom + 18, words, "muted", "middle")


def _percent(level: float) -> str:
    return f"{level * 100:.4g}%"


def _centre(plot: Funnel) -> str:
    digits = 1 if plot.unit == "percent" else 2
    return f"{plot.centre_name} {label(plot.centre, plot.unit, digits)}"


def _range(plot: Funnel) -> tuple[float, float]:
    """Give room to every point, and to the limits except at the smallest units."""
    sizes = sorted(p.denominator for p in plot.points)
    quarter = sizes[len(sizes) // 4] if sizes else 0
    seen = [at for at in plot.limits if at.denominator >= quarter] or plot.limits
    values = [plot.centre, *(p.value for p in plot.points)]
    values += [at.lower[-1] for at in seen] + [at.upper[-1] for at in seen]
    pad = max((max(values) - min(values)) * 0.04, 0.01 * plot.centre)
    high = max(values) + pad
    return max(min(values) - pad, 0.0), min(
        high, 1.0
    ) if plot.unit == "percent" else high


def _bands(canvas: Canvas, plot: Funnel, x: Scale, y: Scale) -> None:
    for i, css in reversed(list(enumerate(_styles(plot)))):
        below = [(x(at.denominator), y(at.lower[i])) for at in plot.limits]
        above = [(x(at.denominator), y(at.upper[i])) for at in plot.limits]
        canvas.area(above + below[::-1], f"band b{css}")
        for line in (above, below):
            # A limit beyond the paper is not drawn along its edge.
            canvas.through(
                [p for p in line if y.stop < p[1] < y.start], f"limit l{css}"
            )


def _names_of_limits(canvas: Canvas, plot: Funnel, y: Scale, right: float) -> None:
    last = plot.limits[-1]
    canvas.text(right + 8, y(plot.centre) + 4, _centre(plot), "strong")
    for ends, step, more in ((last.upper, -15, " limit"), (last.lower, 15, "")):
        placed = y(plot.centre)
        for end, level in zip(ends, plot.levels, strict=True):
            # Names keep a line's distance from each other, outwards from the centre.
            placed = (min if step < 0 else max)(y(end), placed + step)
            canvas.text(right + 8, placed + 4, _percent(level) + more, "muted")


def _points(canvas: Canvas, plot: Funnel, x: Scale, y: Scale, most_labels: int) -> None:
    for point in plot.points:
        if point.flag == "none":
            canvas.mark(x(point.denominator), y(point.value), "dot", "common")
    flagged = [p for p in plot.points if p.flag != "none"]
    flagged.sort(key=lambda p: (-abs(p.value - plot.centre), p.label))
    taken: list[Place] = []
    for point in flagged:
        at = x(point.denominator), y(point.value)
        canvas.mark(*at, *MARKS[point.flag], 4.5)
        if len(taken) >= most_labels or not point.label:
            continue
        words = _elided(point.label, 22)
        place = _beside(x, at, words, taken)
        if place is not None:
            taken.append(place)
            canvas.text(place.x, place.y + 4, words, "strong halo", place.anchor)


@dataclass(frozen=True)
class Place:
    """Where a label stands, and how far it reaches."""

    x: float
    y: float
    anchor: str
    start: float
    stop: float


def _elided(words: str, length: int) -> str:
    """Take out the middle of a long name: the ends tell names of one series apart."""
    if len(words) <= length:
        return words
    half = (length - 1) // 2
    return f"{words[:half].rstrip()}…{words[-half:].lstrip()}"


def _beside(
    x: Scale, at: tuple[float, float], words: str, taken: list[Place]
) -> Place | None:
    """Find room for a label to the right of its mark, or to the left; or none."""
    reach = 8.0 * len(words)
    for side, anchor in ((10, "start"), (-10, "end")):
        here = at[0] + side
        ends = (here, here + reach) if side > 0 else (here - reach, here)
        if ends[0] < x.start or ends[1] > x.stop:
            continue
        if any(
            abs(at[1] - one.y) < 15 and ends[0] < one.stop and one.start < ends[1]
            for one in taken
        ):
            continue
        return Place(here, at[1], anchor, *ends)
    return None


def _said(plot: Funnel) -> str:
    outer = _percent(plot.levels[-1])
    counted = {
        name: sum(p.flag == name for p in plot.points)
        for name in ("better", "worse", "outside")
    }
    if counted["outside"] or not (counted["better"] or counted["worse"]):
        told = f"{counted['outside']}" if counted["outside"] else "none"
    else:
        told = f"{counted['better']} better, {counted['worse']} worse"
    words = (
        f"{len(plot.points)} units around a {plot.centre_name.lower()} of "
        f"{_centre(plot).removeprefix(plot.centre_name + ' ')}; outside the {outer} "
        f"limits: {told}."
    )
    if plot.n_suppressed:
        words += f" {plot.n_suppressed} units are left out as suppressed."
    return words
