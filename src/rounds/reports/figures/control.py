"""The figure of a control chart: within a page, or standing alone."""

from typing import Literal

from rounds.nouns import ChartPoint, ControlChart, NotEstimable
from rounds.reports.charts import (
    NARROW,
    WIDE,
    Control,
    ControlPoint,
    Unit,
    at_two_widths,
    control_chart,
    standing_alone,
)
from rounds.reports.charts.control_signs import Flag, VariationSign

__all__ = ["chart_picture", "control_of", "month_chart", "unit_of"]

_CENTRES = {"g": "Median", "t": "Centre", "s": "Centre"}
"""Charts whose centre line is not a mean of what is plotted."""
Improvement = Literal["increase", "decrease"]


def month_chart(
    chart: ControlChart | NotEstimable | None, *, name: str, higher: bool
) -> str | None:
    """Draw a control chart; None where fewer than two subgroups may be shown."""
    if chart is None or isinstance(chart, NotEstimable):
        return None
    if sum(p.value is not None and not p.suppressed for p in chart.points) < 2:
        return None
    improvement: Improvement = "increase" if higher else "decrease"
    plot = control_of(chart, name=name, improvement=chart.improvement or improvement)
    return at_two_widths(control_chart, plot)


def chart_picture(chart: ControlChart, *, phone: bool = False, style: str) -> str:
    """Draw a control chart as a file of its own, with its title and its legend.

    Parameters
    ----------
    chart : ControlChart
        What is drawn.
    phone : bool
        Whether it is drawn for a telephone.
    style : str
        The style sheet of the pages.

    Returns
    -------
    str
        An SVG document.
    """
    plot = control_of(chart, name="control", heading=True)
    return standing_alone(control_chart(plot, NARROW if phone else WIDE), style)


def control_of(
    chart: ControlChart,
    *,
    name: str,
    improvement: Improvement | None = None,
    heading: bool = False,
) -> Control:
    """Give the plain numbers of a control chart.

    Parameters
    ----------
    chart : ControlChart
        The noun.
    name : str
        Of the drawing, unlike any other on its page.
    improvement : {"increase", "decrease"}, optional
        Which way is better, where the chart does not say it.
    heading : bool
        Whether title and legend are part of the drawing.
    """
    better = chart.improvement or improvement
    labels = [point.label for point in chart.points]
    return Control(
        name=name,
        title=chart.title,
        centre=chart.centre_line,
        unit=unit_of(chart),
        target=chart.target,
        points=tuple(_subgroup(p, chart.centre_line, better) for p in chart.points),
        phases=tuple(
            (labels.index(phase.start), phase.reason)
            for phase in chart.phases[1:]
            if phase.start in labels
        ),
        centre_name=_CENTRES.get(chart.chart, "Mean"),
        stepped=chart.season is not None,
        variation=_sign(chart),
        assurance=chart.assurance,
        heading=heading,
    )


def unit_of(chart: ControlChart) -> Unit:
    """Say how a chart's values are written."""
    of_shares = chart.chart == "ewma" and chart.points[0].denominator is not None
    return "percent" if of_shares or chart.chart in ("p", "p_prime") else "number"


def _subgroup(
    point: ChartPoint, centre: float | None, better: Improvement | None
) -> ControlPoint:
    if point.suppressed:
        return ControlPoint(label=point.label, value=None)
    flag: Flag = "none"
    middle = point.centre_line if point.centre_line is not None else centre
    if point.signal != "none" and point.value is not None and middle is not None:
        high = (
            point.value > middle
            if point.direction is None
            else point.direction == "high"
        )
        if better is None:
            flag = "high" if high else "low"
        else:
            flag = "better" if high == (better == "increase") else "worse"
    return ControlPoint(
        label=point.label,
        value=point.value,
        lower=point.lower,
        upper=point.upper,
        centre=point.centre_line,
        flag=flag,
        beyond=point.signal == "beyond_limits",
    )


def _is_high(chart: ControlChart) -> bool:
    """Say whether the latest subgroup signals high values, or lies high."""
    last = chart.points[-1]
    if last.direction is not None:
        return last.direction == "high"
    centre = last.centre_line if last.centre_line is not None else chart.centre_line
    return last.value is None or centre is None or last.value > centre


def _sign(chart: ControlChart) -> VariationSign | None:
    """Give the icon of the latest subgroup, with whether values are high or low."""
    kind = chart.variation
    if kind is None or kind == "common_cause":
        return kind
    if kind == "neutral" or chart.improvement is None:
        return "neutral_high" if _is_high(chart) else "neutral_low"
    rises = (kind == "improvement") == (chart.improvement == "increase")
    if kind == "improvement":
        return "improvement_high" if rises else "improvement_low"
    return "concern_high" if rises else "concern_low"
