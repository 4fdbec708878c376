"""Two measures of the same units: one across, the other up, both with intervals."""

from dataclasses import dataclass

from rounds.reports.charts.canvas import (
    WIDE,
    Canvas,
    Scale,
    clipped,
    digits_for,
    label,
    ticks,
)
from rounds.reports.charts.lettering import shortened, width_of

__all__ = ["TwoWay", "TwoWayAxis", "TwoWayPoint", "two_way"]

Interval = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class TwoWayPoint:
    """One unit: value, lower and upper limit of each measure, in [0, 1]."""

    label: str
    across: Interval
    up: Interval


@dataclass(frozen=True, kw_only=True)
class TwoWayAxis:
    """One measure: what it is, where its line is, and which side is better."""

    name: str
    short: str
    """A word or two for the corners."""
    line: float
    line_name: str
    """`Aim`, or `Average`."""
    more_is_better: bool
    interval: tuple[float, float] | None = None
    """Of the line, where it is an estimate; drawn of what is upwards."""


@dataclass(frozen=True, kw_only=True)
class TwoWay:
    """What is shown; suppressed units are not among the points."""

    name: str = "two-way"
    title: str
    points: tuple[TwoWayPoint, ...]
    across: TwoWayAxis
    up: TwoWayAxis
    hidden: tuple[float, ...] = ()
    """Where units stand across of which what is upwards may not be told."""
    hidden_name: str = ""
    """What is said of these, under the picture."""
    n_suppressed: int = 0


def two_way(plot: TwoWay, width: float = WIDE) -> str:
    """Draw each unit where its two values are, with both intervals.

    A square lies on the better side of both lines with both its intervals, a diamond on
    the worse; any other unit is a dot, for its intervals leave its quarter open. A unit
    that may be told across alone is a stroke at the foot.

    Parameters
    ----------
    plot : TwoWay
        Proportions.
    width : float
        Of the drawing, in its own units.

    Returns
    -------
    str
        One SVG element.
    """
    small = width < WIDE
    extra = 18.0 if plot.hidden_name else 0.0
    canvas = Canvas(width, (400 if small else 470) + extra)
    low, high = _range(plot.up, [one.up for one in plot.points])
    marked = ticks(low, high)
    digits = digits_for(marked, "percent")
    words = [label(tick, "percent", digits) for tick in marked]
    left = max(44.0, 14 + max(width_of(one) for one in words))
    right = width - 16
    top, bottom = 76.0, canvas.height - 72 - extra
    # Units that may be told across alone have a strip of their own under the rest.
    y = Scale(low, high, bottom - (18 if plot.hidden else 0), top)
    across = [*(one.across for one in plot.points), *((at,) * 3 for at in plot.hidden)]
    x = Scale(*_range(plot.across, across), left, right)
    if plot.up.interval is not None:
        low_end, high_end = (y(end) for end in plot.up.interval)
        corners = [(left, low_end), (right, low_end), (right, high_end)]
        canvas.area([*corners, (left, high_end)], "band b95")
        for end in (low_end, high_end):
            canvas.line(left, end, right, end, "limit l95")
    for tick, said in zip(marked, words, strict=True):
        canvas.line(left, y(tick), right, y(tick), "grid")
        canvas.text(left - 8, y(tick) + 4, said, "muted", "end")
    _across(canvas, plot, x, bottom, small=small)
    canvas.line(left, y(plot.up.line), right, y(plot.up.line), _css(plot.up)[0])
    at = x(plot.across.line)
    canvas.line(at, top, at, bottom, _css(plot.across)[0])
    _names(canvas, plot, x, top)
    better_up = plot.up.more_is_better
    for row, is_good in ((top - 8, better_up), (bottom + 38, not better_up)):
        _corners(canvas, plot, row, (left, right), up_is_good=is_good)
    for at in plot.hidden:
        canvas.line(x(at), bottom - 1, x(at), bottom - 10, "interval")
    if plot.hidden_name:
        said = shortened(plot.hidden_name, width - 24)
        canvas.text(width - 16, bottom + 80, said, "muted", "end")
    for point in plot.points:
        middle = x(point.across[0]), y(point.up[0])
        ends = x(point.across[1]), x(point.across[2])
        canvas.line(ends[0], middle[1], ends[1], middle[1], "interval thin")
        ends = y(point.up[1]), y(point.up[2])
        canvas.line(middle[0], ends[0], middle[0], ends[1], "interval thin")
    for point in plot.points:
        place = x(point.across[0]), y(point.up[0])
        sides = _side(point.across, plot.across), _side(point.up, plot.up)
        if sides == (1, 1):
            canvas.mark(*place, "square", "improvement", 4.5)
        elif sides == (-1, -1):
            canvas.mark(*place, "diamond", "concern", 4.5)
        else:
            canvas.mark(*place, "dot", "common", 4)
    return canvas.svg(name=plot.name, title=plot.title, description=_said(plot))


def _range(axis: TwoWayAxis, values: list[Interval]) -> tuple[float, float]:
    every = [axis.line, *(end for one in values for end in one), *(axis.interval or ())]
    pad = (max(every) - min(every)) * 0.05 or 0.02
    return max(min(every) - pad, 0.0), min(max(every) + pad, 1.0)


def _across(
    canvas: Canvas, plot: TwoWay, x: Scale, bottom: float, *, small: bool
) -> None:
    marked = ticks(x.low, x.high, 4 if small else 6)
    digits = digits_for(marked, "percent")
    for tick in marked:
        canvas.line(x(tick), bottom, x(tick), bottom + 4, "rule")
        words = label(tick, "percent", digits)
        # The last name may not reach beyond the paper.
        half = width_of(words) / 2
        canvas.text(
            min(x(tick), canvas.width - half - 2), bottom + 18, words, "muted", "middle"
        )
    name = clipped(f"Across: {plot.across.name}", int((canvas.width - 28) / 7.2))
    canvas.text(canvas.width - 16, bottom + 62, name, "muted", "end")


def _names(canvas: Canvas, plot: TwoWay, x: Scale, top: float) -> None:
    """Write what is measured upwards, and the names of both lines."""
    name = clipped(f"Up: {plot.up.name}", int((canvas.width - 28) / 7.2))
    canvas.text(8, 16, name, "muted")
    words = _line_words(plot.across)
    half = width_of(words, bold=True) / 2
    other = f"– {_line_words(plot.up)}"
    room = x.stop - width_of(other, bold=True) - 16
    canvas.text(x.stop, top - 38, other, _css(plot.up)[1], "end")
    place = min(max(x(plot.across.line), x.start + half), room - half)
    canvas.text(place, top - 38, f"| {words}", _css(plot.across)[1], "middle")


def _css(axis: TwoWayAxis) -> tuple[str, str]:
    """Give the classes of an axis' line and of its name."""
    if axis.line_name == "Aim":
        return "aim-line", "aim"
    return "centre-line", "strong"


def _line_words(axis: TwoWayAxis) -> str:
    return f"{axis.line_name} {label(axis.line, 'percent', 1)}"


def _corners(
    canvas: Canvas,
    plot: TwoWay,
    at: float,
    ends: tuple[float, float],
    *,
    up_is_good: bool,
) -> None:
    """Say of one row of quarters what each would mean."""
    for is_left, anchor in ((True, "start"), (False, "end")):
        across_is_good = plot.across.more_is_better != is_left
        good = (across_is_good, up_is_good)
        words = {
            (True, True): "Both better",
            (False, False): "Both worse",
            (True, False): f"{plot.up.short} worse",
            (False, True): f"{plot.across.short} worse",
        }[good]
        canvas.text(ends[0] if is_left else ends[1], at, words, "muted", anchor)


def _side(value: Interval, axis: TwoWayAxis) -> int:
    """Say on which side of its line an interval lies: better, worse, or neither."""
    _, lower, upper = value
    if lower > axis.line:
        return 1 if axis.more_is_better else -1
    if upper < axis.line:
        return -1 if axis.more_is_better else 1
    return 0


def _said(plot: TwoWay) -> str:
    sides = [
        (_side(one.across, plot.across), _side(one.up, plot.up)) for one in plot.points
    ]
    words = (
        f"{len(plot.points)} units; across {plot.across.name}, "
        f"{_line_words(plot.across).lower()}; up {plot.up.name}, "
        f"{_line_words(plot.up).lower()}. Better on both with both intervals: "
        f"{sides.count((1, 1))}; worse on both: {sides.count((-1, -1))}; the others' "
        "intervals leave it open or differ."
    )
    if plot.hidden:
        words += f" {len(plot.hidden)} more are told across alone."
    if plot.n_suppressed:
        words += f" {plot.n_suppressed} units are left out as suppressed."
    return words
