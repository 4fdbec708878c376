"""What a control chart says, in two sentences that a patient partner understands."""

import math

from rounds.nouns import ChartPoint, ControlChart
from rounds.reports.charts import label
from rounds.reports.figures.control import unit_of

_LATEST = {"ewma": "The average of results up to the latest"}

__all__ = ["chart_sentences", "digits_of", "value_words"]


def chart_sentences(chart: ControlChart) -> tuple[str, str]:
    r"""Say what the latest result is, and what may be expected of the target.

    Parameters
    ----------
    chart : ControlChart
        With at least one subgroup that is shown.

    Returns
    -------
    (str, str)
        The first tells whether the latest result stands out from chance, and how; the
        second what results like these do about the target, or, without one, what a
        chart cannot tell. At most grade 8.

    Examples
    --------
    >>> points = tuple(
    ...     ChartPoint(label=str(i), value=0.5, lower=0.4, upper=0.6) for i in range(12)
    ... )
    >>> chart = ControlChart(title="Control", chart="p", centre_line=0.5, points=points)
    >>> print(*chart_sentences(chart), sep="\n")
    The latest result (50.0%) is in the range that chance would give (40.0% to 60.0%).
    A chart can show that something changed, but not why.
    """
    return _latest(chart), _expected(chart)


def value_words(chart: ControlChart, value: float | None) -> str:
    """Write a value of a chart, with as many digits as tell its lines apart."""
    if value is None:
        return "–"
    return label(value, unit_of(chart), digits_of(chart))


def digits_of(chart: ControlChart) -> int:
    """Say how many decimals a chart's values are written with."""
    if unit_of(chart) == "percent":
        return 1
    ends = [
        v for p in chart.points for v in (p.lower, p.upper, p.value) if v is not None
    ]
    span = max(ends, default=1.0) - min(ends, default=0.0)
    return min(max(2 - math.floor(math.log10(span)), 0), 9) if span > 0 else 2


def _latest(chart: ControlChart) -> str:
    last = next(p for p in reversed(chart.points) if p.value is not None)
    told = value_words(chart, last.value)
    low, high = value_words(chart, last.lower), value_words(chart, last.upper)
    centre = last.centre_line if last.centre_line is not None else chart.centre_line
    middle = value_words(chart, centre)
    verdict = {
        "improvement": "; this is for the better",
        "concern": "; this is a worry",
    }
    end = verdict.get(chart.variation or "", "") + "."
    way = "high" if last.direction == "high" else "low"
    n = _run(chart, last)
    latest = _LATEST.get(chart.chart, "The latest result")
    if last.signal == "beyond_limits":
        return (
            f"{latest} ({told}) is too {way} to be likely by chance alone "
            f"({low} to {high}){end}"
        )
    if last.signal == "shift":
        side = "above" if last.direction == "high" else "below"
        return (
            f"The last {n} results are all {side} the middle line ({middle}), which "
            f"chance alone seldom does{end}"
        )
    if last.signal == "trend":
        moved = "rose" if last.direction == "high" else "fell"
        return (
            f"The last results {moved} one after the other, up to the latest ({told}), "
            f"which chance alone seldom does{end}"
        )
    if last.signal == "near_limits":
        return (
            f"Two of the last three results are close to the {way} end of what chance "
            f"would give ({low} to {high}){end}"
        )
    if chart.variation not in (None, "common_cause"):
        return (
            f"Results cross the middle line ({middle}) less often than chance alone "
            f"would have them, and the latest is {told}{end}"
        )
    earlier = sum(p.signal != "none" for p in chart.points)
    inside = (
        f"{latest} ({told}) is in the range that chance would give ({low} to {high})"
    )
    if not earlier:
        return inside + "."
    were = (
        "1 earlier result stands"
        if earlier == 1
        else f"{earlier} earlier results stand"
    )
    return f"{inside}, but {were} out."


def _run(chart: ControlChart, last: ChartPoint) -> int:
    """Count the results up to the last that lie on its side of the middle."""
    starts = {phase.start for phase in chart.phases}
    n = 0
    for point in reversed(chart.points):
        centre = (
            point.centre_line if point.centre_line is not None else chart.centre_line
        )
        if point.value is None or centre is None or point.value == centre:
            break
        if (point.value > centre) != (last.direction == "high"):
            break
        n += 1
        if point.label in starts:
            break
    return n


def _expected(chart: ControlChart) -> str:
    if chart.target is None or chart.assurance is None:
        return "A chart can show that something changed, but not why."
    target = value_words(chart, chart.target)
    what = {
        "pass": f"nearly always meet the target of {target}.",
        "fail": f"nearly always miss the target of {target}.",
        "hit_or_miss": f"sometimes meet the target of {target}, and sometimes miss it.",
    }[chart.assurance]
    return f"With no change, results would {what}"
