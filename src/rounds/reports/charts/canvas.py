"""The paper that every chart is drawn on: elements, scales, marks and labels.

Nothing here has a colour; a class names what a thing is, and `style.css` colours it,
so that light, dark and print are one drawing. Nothing is styled inline either, so that
a chart survives a strict Content-Security-Policy.
"""

import math
from dataclasses import dataclass, field
from html import escape
from typing import Literal

__all__ = [
    "NARROW",
    "WIDE",
    "Canvas",
    "Mark",
    "Scale",
    "Unit",
    "clipped",
    "digits_for",
    "label",
    "ticks",
]

WIDE = 720
"""Width of a drawing for a desk or a sheet of paper, in its own units."""
NARROW = 340
"""Width of a drawing for a telephone; text is never scaled below 8 px."""

Unit = Literal["percent", "points", "number", "count"]
"""How a number is written: a proportion, a difference of proportions, as it is."""
Mark = Literal["dot", "square", "diamond", "triangle", "inverted", "study"]


@dataclass(frozen=True)
class Scale:
    """A straight map from numbers to positions; it never leaves its range."""

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        """Give the position of a value, held within the range."""
        span = self.high - self.low or 1.0
        share = min(max((value - self.low) / span, 0.0), 1.0)
        return self.start + share * (self.stop - self.start)


@dataclass(frozen=True)
class Canvas:
    """Elements in the order in which they are painted."""

    width: float
    height: float
    parts: list[str] = field(default_factory=list)

    def line(self, x1: float, y1: float, x2: float, y2: float, css: str) -> None:
        """Draw a straight line."""
        at = f'x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}"'
        self.parts.append(f'<line class="{css}" {at}/>')

    def path(self, steps: str, css: str) -> None:
        """Draw a path."""
        self.parts.append(f'<path class="{css}" d="{steps}"/>')

    def through(self, points: list[tuple[float, float]], css: str) -> None:
        """Draw a line through points; nothing if there are fewer than two."""
        if len(points) > 1:
            self.path("M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in points), css)

    def area(self, points: list[tuple[float, float]], css: str) -> None:
        """Fill the polygon of these corners; nothing if there are fewer than three."""
        if len(points) > 2:
            outline = "L".join(f"{_n(x)} {_n(y)}" for x, y in points)
            self.path(f"M{outline}Z", css)

    def box(self, x: float, y: float, width: float, height: float, css: str) -> None:
        """Draw a rectangle with soft corners."""
        at = f'x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'
        self.parts.append(f'<rect class="{css}" {at} rx="8"/>')

    def circle(self, x: float, y: float, radius: float, css: str) -> None:
        """Draw a circle."""
        at = f'cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}"'
        self.parts.append(f'<circle class="{css}" {at}/>')

    def text(
        self, x: float, y: float, words: str, css: str = "", anchor: str = "start"
    ) -> None:
        """Write words on a base line."""
        at = f'x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}"'
        name = f' class="{css}"' if css else ""
        self.parts.append(f"<text{name} {at}>{escape(words, quote=False)}</text>")

    def mark(self, x: float, y: float, shape: Mark, css: str, size: float = 4) -> None:
        """Draw a mark whose shape says what its colour says."""
        if shape == "dot":
            self.circle(x, y, size - 0.5, f"mark {css}")
            return
        corners = {
            "square": ((-1, -1), (1, -1), (1, 1), (-1, 1)),
            "study": ((-1, -1), (1, -1), (1, 1), (-1, 1)),
            "diamond": ((0, -1.4), (1.4, 0), (0, 1.4), (-1.4, 0)),
            "triangle": ((0, -1.4), (1.4, 1.1), (-1.4, 1.1)),
            "inverted": ((0, 1.4), (1.4, -1.1), (-1.4, -1.1)),
        }[shape]
        points = [(x + size * dx, y + size * dy) for dx, dy in corners]
        self.area(points, f"mark {css}")

    def svg(self, *, name: str, title: str, description: str) -> str:
        """Close the drawing: one SVG element with its name and its description."""
        width, height = _n(self.width), _n(self.height)
        name = f"{name}-{width}"
        return (
            f'<svg class="plot" viewBox="0 0 {width} {height}" role="img" '
            f'aria-labelledby="{name}-t" aria-describedby="{name}-d" '
            f'width="{width}" height="{height}">'
            f'<title id="{name}-t">{escape(title)}</title>'
            f'<desc id="{name}-d">{escape(description)}</desc>'
            f"{''.join(self.parts)}</svg>"
        )


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Give round numbers within an interval, about so many.

    Examples
    --------
    >>> ticks(0.43, 0.91)
    [0.5, 0.6, 0.7, 0.8, 0.9]
    """
    span = high - low
    if not math.isfinite(span) or span <= 0:
        return [low]
    rough = span / max(about, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(i * step, 10) for i in range(first, last + 1)]


def digits_for(marked: list[float], unit: Unit) -> int:
    """Say how many decimals ticks need, so that none is rounded to another number.

    Examples
    --------
    >>> digits_for([0.6, 0.625, 0.65], "percent"), digits_for([0.6, 0.65], "percent")
    (1, 0)
    """
    times = 100 if unit in ("percent", "points") else 1
    least = min((abs(t) for t in marked if t), default=1.0) * times
    for digits in range(9):
        if all(abs(t * times - round(t * times, digits)) < least / 1e4 for t in marked):
            return digits
    return 9


def label(value: float, unit: Unit, digits: int = 0) -> str:
    """Write a number as it stands on an axis.

    Examples
    --------
    >>> label(0.581, "percent", 1), label(-0.02, "points"), label(1204, "count")
    ('58.1%', '−2', '1,204')
    """
    if unit == "count":
        return f"{value:,.0f}"
    shown = value * 100 if unit in ("percent", "points") else value
    words = f"{shown:,.{digits}f}".replace("-", "−")
    if float(f"{shown:.{digits}f}") == 0:
        words = words.lstrip("−")
    return words + ("%" if unit == "percent" else "")


def clipped(words: str, length: int) -> str:
    """Shorten words to a number of characters, and show that it was done."""
    return words if len(words) <= length else words[: length - 1].rstrip() + "…"


def _n(value: float) -> str:
    text = f"{value:.1f}"
    return text.removesuffix(".0")
