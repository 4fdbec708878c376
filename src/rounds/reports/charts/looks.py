"""The looks at a trial: the statistic at each, between its bounds."""

from dataclasses import dataclass

from rounds.reports.charts.canvas import (
    WIDE,
    Canvas,
    Mark,
    Scale,
    digits_for,
    label,
    ticks,
)
from rounds.reports.charts.lettering import apart

__all__ = ["LookPoint", "Looks", "looks"]


@dataclass(frozen=True, kw_only=True)
class LookPoint:
    """One look; bounds are None where there is none."""

    fraction: float
    statistic: float
    upper: float | None = None
    lower: float | None = None
    crossed: bool = False


@dataclass(frozen=True, kw_only=True)
class Looks:
    """What is shown: looks in order."""

    name: str = "looks"
    title: str
    points: tuple[LookPoint, ...]
    up: str = "Statistic"
    across: str = "Information, of what is planned"
    upper_name: str = "stop"
    lower_name: str = "futile"


def looks(plot: Looks, width: float = WIDE) -> str:
    """Draw the statistic at each look, with the bounds above and below it.

    Parameters
    ----------
    plot : Looks
        At least one look.
    width : float
        Of the drawing, in its own units.

    Returns
    -------
    str
        One SVG element.
    """
    canvas = Canvas(width, 260)
    left, right, top, bottom = 44, width - 56, 22, canvas.height - 40
    tall = [
        number
        for one in plot.points
        for number in (one.statistic, one.upper, one.lower, 0.0)
        if number is not None
    ]
    y = Scale(min(tall) - 0.3, max(tall) + 0.3, bottom, top)
    x = Scale(0, max(1.0, *(one.fraction for one in plot.points)), left, right)
    marked = ticks(y.low, y.high)
    digits = digits_for(marked, "number")
    for tick in marked:
        canvas.line(left, y(tick), right, y(tick), "grid")
        canvas.text(
            left - 6, y(tick) + 4, label(tick, "number", digits), "muted", "end"
        )
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        canvas.text(x(tick), bottom + 18, label(tick, "percent", 0), "muted", "middle")
    names: list[tuple[float, float, str]] = []
    for side, said in (("upper", plot.upper_name), ("lower", plot.lower_name)):
        edge = [
            (x(one.fraction), y(at))
            for one in plot.points
            if (at := getattr(one, side)) is not None
        ]
        canvas.through(edge, "limit")
        for at in edge:
            canvas.line(at[0] - 5, at[1], at[0] + 5, at[1], "interval")
        if edge:
            names.append((*edge[-1], said))
    places = apart([at for _, at, _ in names], 15, top, bottom)
    for (across, _, said), place in zip(names, places, strict=True):
        canvas.text(across + 8, place + 4, said, "muted")
    canvas.through([(x(o.fraction), y(o.statistic)) for o in plot.points], "series")
    for one in plot.points:
        shape: Mark = "diamond" if one.crossed else "dot"
        canvas.mark(x(one.fraction), y(one.statistic), shape, "pooled")
    canvas.text(left, top - 8, plot.up, "muted")
    canvas.text(right, canvas.height - 6, plot.across, "muted", "end")
    told = "; ".join(
        f"look {k}: {one.statistic:.2f} at {one.fraction:.0%}"
        + (f", bound {one.upper:.2f}" if one.upper is not None else "")
        + (", crossed" if one.crossed else "")
        for k, one in enumerate(plot.points, start=1)
    )
    return canvas.svg(name=plot.name, title=plot.title, description=f"{told}.")
