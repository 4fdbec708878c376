"""The funnel: units against limits that widen as their denominators shrink.

The limits come from `rounds.methods.funnel`, which names their source.
"""

from dataclasses import dataclass
from typing import Literal

from rounds.reports.charts.canvas import (
    WIDE,
    Canvas,
    Scale,
    clipped,
    digits_for,
    label,
    ticks,
)

__all__ = ["Funnel", "FunnelLimits", "FunnelPoint", "funnel"]


@dataclass(frozen=True, kw_only=True)
class FunnelPoint:
    """One unit."""

    label: str
    denominator: int
    value: float
    flag: Literal["none", "better", "worse"] = "none"
    """Whether it lies outside the 99.8% limits, and on which side."""


@dataclass(frozen=True, kw_only=True)
class FunnelLimits:
    """The limits at one denominator, proportions in [0, 1]."""

    denominator: float
    lower_998: float
    lower_95: float
    upper_95: float
    upper_998: float


@dataclass(frozen=True, kw_only=True)
class Funnel:
    """What the funnel shows; suppressed units are not among the points."""

    name: str = "funnel"
    title: str
    points: tuple[FunnelPoint, ...]
    limits: tuple[FunnelLimits, ...]
    """By rising denominator."""
    centre: float
    n_suppressed: int = 0
    denominator: str = "Patients in the denominator"


def funnel(plot: Funnel, width: float = WIDE) -> str:
    """Draw units as dots, outliers as a square (better) or a diamond (worse).

    Parameters
    ----------
    plot : Funnel
        Values in [0, 1].
    width : float
        Of the drawing, in its own units.

    Returns
    -------
    str
        One SVG element.
    """
    small = width < WIDE
    canvas = Canvas(width, 300 if small else 380)
    left, right = 44, width - (14 if small else 96)
    top, bottom = 14, canvas.height - 46
    most = max([p.denominator for p in plot.points] or [10]) * 1.06
    x = Scale(0, most, left, right)
    low, high = _range(plot)
    y = Scale(low, high, bottom, top)
    _bands(canvas, plot, x, y)
    marked = ticks(low, high)
    digits = digits_for(marked, "percent")
    for tick in marked:
        canvas.line(left, y(tick), right, y(tick), "grid")
        words = label(tick, "percent", digits)
        canvas.text(left - 8, y(tick) + 4, words, "muted", "end")
    for tick in ticks(0, most, 3 if small else 6):
        canvas.text(x(tick), bottom + 18, label(tick, "count"), "muted", "middle")
    across = (left + right) / 2
    canvas.text(across, bottom + 38, plot.denominator, "muted", "middle")
    canvas.line(left, y(plot.centre), right, y(plot.centre), "centre-line")
    if not small:
        _names_of_limits(canvas, plot, y, right)
    _points(canvas, plot, x, y, most_labels=3 if small else 8)
    return canvas.svg(name=plot.name, title=plot.title, description=_said(plot))


def _range(plot: Funnel) -> tuple[float, float]:
    """Give room to every point, and to the limits except at the smallest units."""
    sizes = sorted(p.denominator for p in plot.points)
    quarter = sizes[len(sizes) // 4] if sizes else 0
    seen = [at for at in plot.limits if at.denominator >= quarter] or plot.limits
    values = [plot.centre, *(p.value for p in plot.points)]
    values += [at.lower_998 for at in seen] + [at.upper_998 for at in seen]
    pad = max((max(values) - min(values)) * 0.04, 0.01)
    return max(min(values) - pad, 0.0), min(max(values) + pad, 1.0)


def _bands(canvas: Canvas, plot: Funnel, x: Scale, y: Scale) -> None:
    for lower, upper, css in (
        ("lower_998", "upper_998", "998"),
        ("lower_95", "upper_95", "95"),
    ):
        below = [(x(at.denominator), y(getattr(at, lower))) for at in plot.limits]
        above = [(x(at.denominator), y(getattr(at, upper))) for at in plot.limits]
        canvas.area(above + below[::-1], f"band b{css}")
        canvas.through(above, f"limit l{css}")
        canvas.through(below, f"limit l{css}")


def _names_of_limits(canvas: Canvas, plot: Funnel, y: Scale, right: float) -> None:
    last = plot.limits[-1]
    names = [
        (y(last.upper_998), "99.8% limit", "muted"),
        (y(last.upper_95), "95% limit", "muted"),
        (y(plot.centre), f"Mean {label(plot.centre, 'percent', 1)}", "strong"),
        (y(last.lower_95), "95%", "muted"),
        (y(last.lower_998), "99.8%", "muted"),
    ]
    middle = names[2][0]
    for place, (at, words, css) in zip((-2, -1, 0, 1, 2), names, strict=True):
        # Names keep a line's distance from each other, outwards from the mean.
        nearest = middle + 15 * place
        placed = min(at, nearest) if place < 0 else max(at, nearest)
        canvas.text(right + 8, placed + 4, words, css)


def _points(canvas: Canvas, plot: Funnel, x: Scale, y: Scale, most_labels: int) -> None:
    for point in plot.points:
        if point.flag == "none":
            canvas.mark(x(point.denominator), y(point.value), "dot", "common")
    flagged = [p for p in plot.points if p.flag != "none"]
    flagged.sort(key=lambda p: (-abs(p.value - plot.centre), p.label))
    taken: list[tuple[float, float]] = []
    for point in flagged:
        at = x(point.denominator), y(point.value)
        if point.flag == "better":
            canvas.mark(*at, "square", "improvement", 4.5)
        else:
            canvas.mark(*at, "diamond", "concern", 4.5)
        crowded = any(abs(at[0] - a) < 110 and abs(at[1] - b) < 14 for a, b in taken)
        if len(taken) < most_labels and not crowded:
            taken.append(at)
            near_edge = at[0] > canvas.width * 0.7
            side, anchor = (-10, "end") if near_edge else (10, "start")
            words = clipped(point.label, 22)
            canvas.text(at[0] + side, at[1] + 4, words, "strong halo", anchor)


def _said(plot: Funnel) -> str:
    better = sum(p.flag == "better" for p in plot.points)
    worse = sum(p.flag == "worse" for p in plot.points)
    words = (
        f"{len(plot.points)} units around a mean of "
        f"{label(plot.centre, 'percent', 1)}; outside the 99.8% limits: "
        f"{better} better, {worse} worse."
    )
    if plot.n_suppressed:
        words += f" {plot.n_suppressed} units are left out as suppressed."
    return words
