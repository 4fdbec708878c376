"""The forest: estimates with their intervals, one under another.

The same drawing serves published studies with their pooled diamond, effects by group,
and estimates beside the truth of a made world.
"""

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
from rounds.reports.charts.lettering import shortened, width_of, wrapped

__all__ = ["Forest", "ForestRow", "forest"]

_LEFT = 276
"""Where intervals begin on a wide drawing; names and the column stand before."""
_LINE = 14
"""Between two lines of a name."""


@dataclass(frozen=True, kw_only=True)
class ForestRow:
    """One line: a heading, an interval, or words where there is no number."""

    label: str
    kind: Literal["heading", "study", "pooled", "prediction", "absent"] = "study"
    value: float = 0.0
    lower: float = 0.0
    upper: float = 0.0
    weight: float | None = None
    """Share of the pooled estimate in [0, 1]; the square's size."""
    beside: str = ""
    """What stands to the right: estimate and interval, or why there is none."""
    column: str = ""
    """A middle column: weight, or denominator."""
    truth: float | None = None
    """The true value, where it is known."""


@dataclass(frozen=True, kw_only=True)
class Forest:
    """What the forest shows."""

    name: str = "forest"
    title: str
    rows: tuple[ForestRow, ...]
    unit: Unit = "points"
    null: float | None = 0.0
    """Where nothing would differ."""
    axis: str = ""
    left: str = ""
    """What a value below `null` favours."""
    right: str = ""
    column_title: str = ""
    beside_title: str = ""


def forest(plot: Forest, width: float = WIDE) -> str:
    """Draw each estimate as a square with its interval, pooled ones as diamonds.

    Parameters
    ----------
    plot : Forest
        Values on one scale.
    width : float
        Of the drawing, in its own units. On a narrow one each row takes two lines.

    Returns
    -------
    str
        One SVG element.
    """
    small = width < WIDE
    names = [_named(row, width) for row in plot.rows]
    heights = [
        _height(row, small) + _LINE * (len(lines) - 1)
        for row, lines in zip(plot.rows, names, strict=True)
    ]
    head = 8 if small else 30
    axis = wrapped(plot.axis.split(" "), width - 4, between=" ") if plot.axis else []
    foot = 44 + (16 + _LINE * (len(axis) - 1) if axis else 0)
    canvas = Canvas(width, head + sum(heights) + foot)
    left, right = (14, width - 14) if small else (_LEFT, width - 164)
    low, high = _range(plot)
    x = Scale(low, high, left, right)
    bottom = head + sum(heights)
    if not small:
        _head(canvas, plot, left)
    marked = ticks(low, high, 4 if small else 5)
    digits = digits_for(marked, plot.unit)
    for tick in marked:
        if not small:
            canvas.line(x(tick), head, x(tick), bottom, "grid")
        words = label(tick, plot.unit, digits)
        canvas.text(x(tick), bottom + 17, words, "muted", "middle")
    canvas.line(left, bottom + 2, right, bottom + 2, "grid")
    null = None if plot.null is None else x(plot.null)
    if null is not None and not small:
        canvas.line(null, head, null, bottom + 2, "null-line")
    at = head
    for row, lines, height in zip(plot.rows, names, heights, strict=True):
        if null is not None and small and row.kind not in ("heading", "absent"):
            # Words stand above the interval: the line keeps to the interval's half.
            canvas.line(null, at + height - 24, null, at + height - 3, "null-line")
        _row(canvas, row, lines, at, x, height=height, small=small)
        at += height
    _foot(canvas, plot, axis, bottom, (left, right))
    return canvas.svg(name=plot.name, title=plot.title, description=_said(plot))


def _height(row: ForestRow, small: bool) -> int:
    if row.kind == "heading":
        return 26
    if row.kind == "absent":
        return 38 if small else 27
    return 44 if small else 27


def _range(plot: Forest) -> tuple[float, float]:
    drawn = [r for r in plot.rows if r.kind not in ("heading", "absent")]
    values = [v for r in drawn for v in (r.lower, r.upper)]
    values += [r.truth for r in drawn if r.truth is not None]
    values += [] if plot.null is None else [plot.null]
    values = values or [-1.0, 1.0]
    pad = (max(values) - min(values)) * 0.06 or 0.01
    return min(values) - pad, max(values) + pad


def _head(canvas: Canvas, plot: Forest, left: float) -> None:
    for x, words in ((left - 16, plot.column_title), (canvas.width, plot.beside_title)):
        if words:
            canvas.text(x, 16, words, "strong", "end")
    canvas.line(0, 26, canvas.width, 26, "rule")


def _named(row: ForestRow, width: float) -> list[str]:
    """Give the name of a row on one line or two, cut off where two do not hold it."""
    if row.kind == "heading":
        return [shortened(row.label, width - 4, bold=True)]
    heavy = row.kind == "pooled"
    room = width - _indent(row) - 10
    # Beside it stands the estimate on a narrow drawing, the column on a wide one.
    if width >= WIDE:
        room += _LEFT - 16 - width - width_of(row.column)
    elif row.kind != "absent":
        room -= width_of(row.beside, bold=heavy)
    if heavy:
        room /= 1.06
    first, *rest = wrapped(row.label.split(" "), room, between=" ")
    lines = [first, " ".join(rest)] if rest else [first]
    return [shortened(line, room) for line in lines]


def _indent(row: ForestRow) -> float:
    return 0 if row.kind in ("heading", "pooled", "prediction") else 12


def _row(
    canvas: Canvas,
    row: ForestRow,
    lines: list[str],
    top: float,
    x: Scale,
    *,
    height: float,
    small: bool,
) -> None:
    middle = top + (height - 14 if small else height / 2)
    line = top + 15 if small else middle + 4
    heavy = row.kind in ("heading", "pooled")
    if row.kind == "heading":
        canvas.text(0, top + 18, lines[0], "strong halo")
        return
    css = ("strong" if heavy else "") + " halo"
    start = line if small else line - _LINE * (len(lines) - 1) / 2
    for place, words in enumerate(lines):
        canvas.text(0 if small else _indent(row), start + _LINE * place, words, css)
    if row.column and not small:
        canvas.text(x.start - 16, line, row.column, "muted", "end")
    if row.kind == "absent":
        if small:
            canvas.text(0, top + height - 7, clipped(row.beside, 52), "muted halo")
        else:
            words = clipped(row.beside, 44)
            canvas.text(canvas.width, line, words, "muted halo", "end")
        return
    canvas.text(
        canvas.width, line, row.beside, "strong halo" if heavy else "halo", "end"
    )
    _interval(canvas, row, middle, x)


def _interval(canvas: Canvas, row: ForestRow, at: float, x: Scale) -> None:
    low, middle, high = x(row.lower), x(row.value), x(row.upper)
    if row.kind == "pooled":
        canvas.area(
            [(low, at), (middle, at - 7), (high, at), (middle, at + 7)], "pooled"
        )
    elif row.kind == "prediction":
        canvas.line(low, at, high, at, "prediction")
        for end in (low, high):
            canvas.line(end, at - 4, end, at + 4, "prediction-end")
    else:
        canvas.line(low, at, high, at, "interval")
        size = 4.5 if row.weight is None else 2.5 + 5 * row.weight**0.5
        canvas.mark(middle, at, "study", "study", size)
    if row.truth is not None:
        canvas.line(x(row.truth), at - 11, x(row.truth), at + 11, "event-line")
        canvas.mark(x(row.truth), at - 10, "triangle", "truth", -4)


def _foot(
    canvas: Canvas,
    plot: Forest,
    axis: list[str],
    bottom: float,
    ends: tuple[float, float],
) -> None:
    left, right = ends
    if plot.left:
        canvas.text(left, bottom + 37, f"← {plot.left}", "muted")
    if plot.right:
        canvas.text(right, bottom + 37, f"{plot.right} →", "muted", "end")
    down = 53 if plot.left or plot.right else 37
    for place, words in enumerate(axis):
        at = bottom + down + _LINE * place
        canvas.text((left + right) / 2, at, words, "muted", "middle")


def _said(plot: Forest) -> str:
    lines = []
    for row in plot.rows:
        if row.kind != "heading":
            truth = ""
            if row.truth is not None:
                truth = f", truth {label(row.truth, plot.unit, 1)}"
            lines.append(f"{row.label}: {row.beside}{truth}")
    return "; ".join(lines) + f". {plot.axis}".rstrip()
