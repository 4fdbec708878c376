"""Units side by side, from the lowest to the highest, each with its interval."""

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
from rounds.reports.charts.lettering import width_of

__all__ = ["Caterpillar", "CaterpillarUnit", "caterpillar"]


@dataclass(frozen=True, kw_only=True)
class CaterpillarUnit:
    """One unit with its interval."""

    label: str
    value: float
    lower: float
    upper: float
    flag: Literal["none", "better", "worse"] = "none"


@dataclass(frozen=True, kw_only=True)
class Caterpillar:
    """What is shown; suppressed units are not among them."""

    name: str = "caterpillar"
    title: str
    units: tuple[CaterpillarUnit, ...]
    centre: float | None = None
    centre_name: str = "Mean"
    aim: float | None = None
    n_suppressed: int = 0
    unit: Unit = "percent"
    what: str = "Sites, from the lowest to the highest"


def caterpillar(plot: Caterpillar, width: float = WIDE) -> str:
    """Draw each unit's interval upright, in order of value.

    Parameters
    ----------
    plot : Caterpillar
        Units in any order; they are sorted by value, then by label.
    width : float
        Of the drawing, in its own units.

    Returns
    -------
    str
        One SVG element.
    """
    small = width < WIDE
    canvas = Canvas(width, 240 if small else 300)
    top, bottom = 26 if small else 22, canvas.height - 30
    low, high = _range(plot)
    y = Scale(low, high, bottom, top)
    marked = ticks(low, high)
    digits = digits_for(marked, plot.unit)
    names = [label(tick, plot.unit, digits) for tick in marked]
    left = max(44.0, 12 + max(map(width_of, names)))
    right = width - (14 if small else 96)
    for tick, words in zip(marked, names, strict=True):
        canvas.line(left, y(tick), right, y(tick), "grid")
        canvas.text(left - 8, y(tick) + 4, words, "muted", "end")
    _levels(canvas, plot, y, (left, right), small=small)
    units = sorted(plot.units, key=lambda u: (u.value, u.label))
    slot = (right - left) / max(len(units), 1)
    size = 4.0 if slot > 11 else 3.0
    for i, unit in enumerate(units):
        at = left + slot * (i + 0.5)
        canvas.line(at, y(unit.lower), at, y(unit.upper), "interval thin")
        if unit.flag == "better":
            canvas.mark(at, y(unit.value), "square", "improvement", size)
        elif unit.flag == "worse":
            canvas.mark(at, y(unit.value), "diamond", "concern", size)
        else:
            canvas.mark(at, y(unit.value), "dot", "common", size)
    canvas.text((left + right) / 2, bottom + 20, plot.what, "muted", "middle")
    return canvas.svg(name=plot.name, title=plot.title, description=_said(plot))


def _range(plot: Caterpillar) -> tuple[float, float]:
    values = [v for u in plot.units for v in (u.lower, u.upper)]
    values += [v for v in (plot.centre, plot.aim) if v is not None]
    values = values or [0.0, 1.0]
    pad = (max(values) - min(values)) * 0.04 or 0.02
    low, high = min(values) - pad, max(values) + pad
    return (max(low, 0.0), min(high, 1.0)) if plot.unit == "percent" else (low, high)


def _levels(
    canvas: Canvas,
    plot: Caterpillar,
    y: Scale,
    ends: tuple[float, float],
    *,
    small: bool,
) -> None:
    left, right = ends
    levels = []
    if plot.centre is not None:
        levels.append((plot.centre, plot.centre_name, "centre-line", "strong"))
    if plot.aim is not None:
        levels.append((plot.aim, "Aim", "aim-line", "aim"))
    placed: list[float] = []
    start = left
    for value, name, line, css in sorted(levels, reverse=True):
        canvas.line(left, y(value), right, y(value), line)
        words = f"{name} {label(value, plot.unit, 1)}"
        if small:
            # No margin: names stand above the chart, the sample of a line before each.
            canvas.line(start, 9, start + 16, 9, line)
            canvas.text(start + 21, 13, words, css)
            start += 21 + width_of(words, bold=True) + 14
            continue
        at = y(value)
        if placed and at - placed[-1] < 15:
            at = placed[-1] + 15
        placed.append(at)
        canvas.text(right + 8, at + 4, words, css)


def _said(plot: Caterpillar) -> str:
    words = f"{len(plot.units)} units"
    if plot.units:
        values = [u.value for u in plot.units]
        words += f" from {label(min(values), plot.unit, 1)}"
        words += f" to {label(max(values), plot.unit, 1)}"
    if plot.centre is not None:
        name = plot.centre_name.lower()
        words += f", {name} {label(plot.centre, plot.unit, 1)}"
    if plot.aim is not None:
        words += f", aim {label(plot.aim, plot.unit, 1)}"
    if plot.n_suppressed:
        words += f"; {plot.n_suppressed} units left out as suppressed"
    return words + "."
