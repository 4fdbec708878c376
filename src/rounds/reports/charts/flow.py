"""The flow of participants, as CONSORT asks for it."""

from dataclasses import dataclass, replace

from rounds.reports.charts.canvas import WIDE, Canvas
from rounds.reports.charts.lettering import shortened, wrapped

__all__ = ["FlowBox", "FlowChart", "flow_chart"]


@dataclass(frozen=True, kw_only=True)
class FlowBox:
    """A heading and the lines under it."""

    title: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FlowChart:
    """What the flow shows, from the top down."""

    name: str = "flow"
    title: str
    assessed: FlowBox
    excluded: FlowBox
    randomised: FlowBox
    arms: tuple[tuple[FlowBox, FlowBox], ...]
    """For each arm: allocated, then analysed."""


_LINE = 19
_GAP = 34


def flow_chart(plot: FlowChart, width: float = WIDE) -> str:
    """Draw boxes and arrows.

    Parameters
    ----------
    plot : FlowChart
        Boxes with their words.
    width : float
        Of the drawing, in its own units.

    Returns
    -------
    str
        One SVG element.

    References
    ----------
    .. [1] CONSORT 2025, item 22a and figure 1.
       https://www.consort-spirit.org/item-22a-randomized
    """
    small = width < WIDE
    said, plot = _said(plot), _fitted(plot, width, small=small)
    first, aside = _height(plot.assessed), _height(plot.excluded)
    second = _height(plot.randomised)
    allocated = max((_height(arm[0]) for arm in plot.arms), default=0)
    analysed = max((_height(arm[1]) for arm in plot.arms), default=0)
    total = first + aside + second + allocated + analysed + 5 * _GAP + 4
    canvas = Canvas(width, total)
    middle = width / 2 if not small else width * 0.3
    wide = _room(width, small=small)
    at = 1.0
    left = middle - wide / 2 if not small else 1
    _box(canvas, plot.assessed, (left, at), wide, first)
    at += first
    below = at + _GAP + aside + _GAP
    _arrow(canvas, middle, at, middle, below)
    side = _side(width, small=small)
    _arrow_right(canvas, middle, at + _GAP + aside / 2, side)
    _box(canvas, plot.excluded, (side, at + _GAP), width - side - 1, aside, start=True)
    at = below
    _box(canvas, plot.randomised, (left, at), wide, second)
    at += second
    _arms(canvas, plot, at, (allocated, analysed), small=small)
    return canvas.svg(name=plot.name, title=plot.title, description=said)


def _arms(
    canvas: Canvas,
    plot: FlowChart,
    at: float,
    heights: tuple[float, float],
    *,
    small: bool,
) -> None:
    wide, gap = _arm(canvas.width, len(plot.arms), small=small)
    trunk, branch = canvas.width / 2, at + _GAP / 2
    canvas.line(trunk, at, trunk, branch, "arrow")
    for i, (allocated, analysed) in enumerate(plot.arms):
        left = 1 + i * (wide + gap)
        centre = left + wide / 2
        canvas.line(trunk, branch, centre, branch, "arrow")
        top = at + 1.5 * _GAP
        _arrow(canvas, centre, branch, centre, top)
        _box(canvas, allocated, (left, top), wide, heights[0])
        last = top + heights[0] + _GAP
        _arrow(canvas, centre, top + heights[0], centre, last)
        _box(canvas, analysed, (left, last), wide, heights[1])


def _room(width: float, *, small: bool) -> float:
    """Give the width of the boxes that everybody passes through."""
    return width - 2 if small else 300


def _side(width: float, *, small: bool) -> float:
    """Give where the box of the excluded begins."""
    return width * 0.3 + 34 if small else width / 2 + 40


def _arm(width: float, n: int, *, small: bool) -> tuple[float, float]:
    """Give the width of an arm's boxes, and the gap between two arms."""
    n = max(n, 1)
    gap = 14 if small and n < 3 else 6 if small else 48 if n < 4 else 16
    return (width - 2 - gap * (n - 1)) / n, gap


def _fitted(plot: FlowChart, width: float, *, small: bool) -> FlowChart:
    """Break lines that are longer than their box is wide."""
    wide = _room(width, small=small) - 8
    arm, _ = _arm(width, len(plot.arms), small=small)
    return replace(
        plot,
        assessed=_within(plot.assessed, wide),
        excluded=_within(plot.excluded, width - _side(width, small=small) - 17),
        randomised=_within(plot.randomised, wide),
        arms=tuple(
            (_within(one, arm - 6), _within(other, arm - 6)) for one, other in plot.arms
        ),
    )


def _within(box: FlowBox, room: float) -> FlowBox:
    lines = (
        shortened(line, room)
        for words in box.lines
        for line in wrapped(words.split(" "), room, between=" ")
    )
    title = shortened(box.title, room, bold=True)
    return FlowBox(title=title, lines=tuple(lines))


def _height(box: FlowBox) -> float:
    return 20 + _LINE * (1 + len(box.lines))


def _box(
    canvas: Canvas,
    box: FlowBox,
    at: tuple[float, float],
    width: float,
    height: float,
    *,
    start: bool = False,
) -> None:
    x, y = at
    canvas.box(x, y, width, height, "box")
    middle, anchor = (x + 12, "start") if start else (x + width / 2, "middle")
    canvas.text(middle, y + 24, box.title, "strong", anchor)
    for i, words in enumerate(box.lines, start=1):
        canvas.text(middle, y + 24 + _LINE * i, words, "", anchor)


def _arrow(canvas: Canvas, x1: float, y1: float, x2: float, y2: float) -> None:
    canvas.line(x1, y1, x2, y2 - 6, "arrow")
    canvas.area([(x2, y2), (x2 - 4, y2 - 7), (x2 + 4, y2 - 7)], "arrow-head")


def _arrow_right(canvas: Canvas, x1: float, y: float, x2: float) -> None:
    canvas.line(x1, y, x2 - 6, y, "arrow")
    canvas.area([(x2, y), (x2 - 7, y - 4), (x2 - 7, y + 4)], "arrow-head")


def _said(plot: FlowChart) -> str:
    boxes = [plot.assessed, plot.excluded, plot.randomised]
    boxes += [box for arm in plot.arms for box in arm]
    return ". ".join(", ".join((box.title, *box.lines)) for box in boxes) + "."
