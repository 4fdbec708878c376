"""After adoption: does the gain hold?"""

import datetime as dt

import numpy as np

from rounds.datamart import AnyDatamart
from rounds.datamart.measures.running import run_measure
from rounds.methods.spc import p_chart, p_prime_chart, runs
from rounds.nouns import (
    ChartPoint,
    ControlChart,
    Measure,
    NotEstimable,
    Period,
    UnitResult,
)

__all__ = ["chart_months", "watch"]

FEWEST_MONTHS = 3
"""Months after the change that the centre line rests on."""
LARGE = 1_000
"""Subgroups beyond which binomial limits are narrower than months really vary."""


def watch(
    datamart: AnyDatamart,
    measure: Measure,
    period: Period,
    *,
    since: dt.date,
    without: frozenset[str] = frozenset(),
) -> ControlChart | NotEstimable:
    """Chart a measure by month, and ask whether what came with a change lasts.

    Parameters
    ----------
    measure : Measure
        A proportion.
    period : Period
        What is charted; it begins before the change so that both levels are seen.
    since : date
        When the change was in force everywhere.

    Returns
    -------
    ControlChart or NotEstimable
        Not estimable without four whole months after the change: three for the line,
        and one to hold against it.

    Raises
    ------
    DataError
        As `run_measure`.
    """
    result = run_measure(datamart, measure, period, by="month", without=without)
    if isinstance(result, NotEstimable):
        return result
    return chart_months(result.by, since=since, title=f"{measure.title}, by month")


def chart_months(
    months: tuple[UnitResult, ...], *, since: dt.date, title: str
) -> ControlChart | NotEstimable:
    """Chart exact monthly counts around the level of the first months after a change.

    Parameters
    ----------
    months : tuple of UnitResult
        Units are `YYYY-MM`, in any order, with exact counts.
    since : date
        When the change was in force; the centre line comes from the first half (at
        least three) of the whole months after it.
    """
    months = tuple(
        sorted((m for m in months if m.denominator), key=lambda month: month.unit)
    )
    first = (since.replace(day=1) if since.day == 1 else _next_month(since)).isoformat()
    after = np.array([month.unit >= first[:7] for month in months], dtype=bool)
    if after.sum() < FEWEST_MONTHS + 1:
        return NotEstimable(
            reason=f"fewer than {FEWEST_MONTHS + 1} whole months since {since}"
        )
    held = max(FEWEST_MONTHS, int(after.sum()) // 2)
    base = after & (np.cumsum(after) <= held)
    hits = np.array([month.numerator or 0 for month in months])
    sizes = np.array([month.denominator or 0 for month in months])
    large = bool(np.median(sizes) > LARGE) and 0 < hits[base].sum() < sizes[base].sum()
    # Laney's limits may come out narrower than chance; a watch must not cry wolf.
    chart = p_chart(hits, sizes, base)
    kind = "p"
    if large:
        wider = p_prime_chart(hits, sizes, base)
        if wider.sigma_z > 1:
            chart, kind = wider, "p_prime"
    pattern = runs(chart.value[after], chart.centre_line)
    shifted = np.zeros(len(after), dtype=bool)
    shifted[after] = pattern.in_long_run
    low = int((after & (chart.value < chart.lower)).sum())
    high = int((after & (chart.value > chart.upper)).sum())
    points = tuple(
        ChartPoint(
            label=month.unit,
            denominator=int(sizes[i]),
            value=float(chart.value[i]),
            lower=float(chart.lower[i]),
            upper=float(chart.upper[i]),
            signal=_signal(bool(chart.beyond[i]), bool(shifted[i]))
            if after[i]
            else "none",
        )
        for i, month in enumerate(months)
    )
    return ControlChart(
        title=title,
        chart=kind,
        centre_line=chart.centre_line,
        points=points,
        sigma_z=chart.sigma_z if kind == "p_prime" else None,
        longest_run=pattern.longest_run,
        longest_run_limit=pattern.longest_run_limit,
        n_crossings=pattern.n_crossings,
        n_crossings_limit=pattern.n_crossings_limit,
        note=(
            f"A subgroup is a month; the centre line is the level of the first {held} "
            f"whole months after {since}. {low} later month(s) fell below the "
            f"limits and {high} rose above. Months before the change are shown for "
            "comparison and give no signal. A chart shows whether "
            "the level holds, not what made it."
        ),
    )


def _next_month(day: dt.date) -> dt.date:
    return (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def _signal(beyond: bool, shift: bool) -> str:
    return "beyond_limits" if beyond else "shift" if shift else "none"
