"""The chance that a change is worth its price, over what an outcome may be worth."""

from dataclasses import dataclass

from rounds.reports.charts.canvas import (
    WIDE,
    Canvas,
    Scale,
    digits_for,
    label,
    ticks,
)

__all__ = ["Acceptability", "AcceptabilityMark", "acceptability"]


@dataclass(frozen=True)
class AcceptabilityMark:
    """At one worth of an outcome."""

    worth: float
    probability: float


@dataclass(frozen=True, kw_only=True)
class Acceptability:
    """What is shown: points in order of their worth."""

    name: str = "acceptability"
    title: str
    points: tuple[AcceptabilityMark, ...]
    stated: float
    """The worth that was stated beforehand."""
    currency: str


def acceptability(plot: Acceptability, width: float = WIDE) -> str:
    """Draw a cost-effectiveness acceptability curve.

    Parameters
    ----------
    plot : Acceptability
        At least two points.
    width : float
        Of the drawing, in its own units.

    Returns
    -------
    str
        One SVG element.
    """
    canvas = Canvas(width, 240)
    left, right, top, bottom = 44, width - 20, 26, canvas.height - 44
    worths = [one.worth for one in plot.points]
    y = Scale(0, 1, bottom, top)
    x = Scale(min(worths), max(worths), left, right)
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        canvas.line(left, y(tick), right, y(tick), "grid")
        canvas.text(left - 6, y(tick) + 4, label(tick, "percent", 0), "muted", "end")
    marked = [t for t in ticks(x.low, x.high) if x.low <= t <= x.high]
    digits = digits_for(marked, "number")
    for tick in marked:
        canvas.text(
            x(tick), bottom + 18, label(tick, "number", digits), "muted", "middle"
        )
    canvas.through([(x(o.worth), y(o.probability)) for o in plot.points], "series")
    if x.low <= plot.stated <= x.high:
        canvas.line(x(plot.stated), bottom, x(plot.stated), top, "limit")
        canvas.text(x(plot.stated) + 5, bottom - 8, "stated", "muted")
    canvas.text(left, top - 10, "Probability that it is worth its price", "muted")
    across = f"Worth of one outcome, {plot.currency}"
    canvas.text(right, canvas.height - 8, across, "muted", "end")
    told = "; ".join(
        f"{one.probability:.0%} at {one.worth:g} {plot.currency}" for one in plot.points
    )
    return canvas.svg(name=plot.name, title=plot.title, description=f"{told}.")
