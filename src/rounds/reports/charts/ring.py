"""The ring: the five steps, and where a turn stands."""

import math
from dataclasses import dataclass
from typing import Literal

from rounds.reports.charts.canvas import Canvas

__all__ = ["Ring", "RingStep", "ring"]

State = Literal["done", "current", "ahead"]


@dataclass(frozen=True, kw_only=True)
class RingStep:
    """One of the five steps, and how far it is."""

    label: str
    state: State


@dataclass(frozen=True, kw_only=True)
class Ring:
    """What the ring shows."""

    name: str = "ring"
    title: str
    steps: tuple[RingStep, ...]
    centre: str
    below: str = ""
    """A few words under the centre: a date, a decision."""


def ring(plot: Ring, width: float = 280) -> str:
    """Draw the ring; done, current and ahead differ in fill, stroke and sign.

    Parameters
    ----------
    plot : Ring
        Steps in order, clockwise from the top.
    width : float
        Of the drawing, in its own units; the ring itself keeps its size.

    Returns
    -------
    str
        One SVG element.
    """
    radius, height = 72, 222
    canvas = Canvas(width, height)
    middle = (width / 2, height / 2 - 2)
    n = len(plot.steps)
    angles = [2 * math.pi * i / n - math.pi / 2 for i in range(n)]
    for i, step in enumerate(plot.steps):
        following = plot.steps[(i + 1) % n]
        reached = step.state == "done" and (following.state != "ahead" or i == n - 1)
        gap = 20 / radius
        canvas.path(
            _arc(middle, radius, angles[i] + gap, angles[i] + 2 * math.pi / n - gap),
            "arc on" if reached else "arc",
        )
    for i, (step, angle) in enumerate(zip(plot.steps, angles, strict=True)):
        _step(canvas, step, i + 1, middle=middle, radius=radius, angle=angle)
    canvas.text(*middle, plot.centre, "centre", "middle")
    canvas.text(middle[0], middle[1] + 18, plot.below, "muted", "middle")
    said = ", ".join(f"{step.label}: {_SAID[step.state]}" for step in plot.steps)
    return canvas.svg(name=plot.name, title=plot.title, description=f"{said}.")


_SAID = {"done": "done", "current": "under way", "ahead": "not begun"}


def _step(
    canvas: Canvas,
    step: RingStep,
    number: int,
    *,
    middle: tuple[float, float],
    radius: float,
    angle: float,
) -> None:
    x = middle[0] + radius * math.cos(angle)
    y = middle[1] + radius * math.sin(angle)
    canvas.circle(x, y, 13, f"step {step.state}")
    if step.state == "done":
        canvas.path(f"M{x - 5:.1f} {y:.1f}l3.5 4 6.5 -7.5", "tick")
    else:
        canvas.text(x, y + 4.5, str(number), f"number {step.state}", "middle")
    css = "strong" if step.state == "current" else ""
    across, down = math.cos(angle), math.sin(angle)
    if abs(across) < 0.3:
        canvas.text(x, y - 21, step.label, css, "middle")
    elif down > 0.3:
        canvas.text(x, y + 29, step.label, css, "middle")
    else:
        side = 1 if across > 0 else -1
        at = x + side * 18
        canvas.text(at, y + 4, step.label, css, "start" if side > 0 else "end")


def _arc(middle: tuple[float, float], radius: float, begin: float, end: float) -> str:
    x1, y1 = (
        middle[0] + radius * math.cos(begin),
        middle[1] + radius * math.sin(begin),
    )
    x2, y2 = (middle[0] + radius * math.cos(end), middle[1] + radius * math.sin(end))
    return f"M{x1:.1f} {y1:.1f}A{radius} {radius} 0 0 1 {x2:.1f} {y2:.1f}"
