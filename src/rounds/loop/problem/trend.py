"""The measure from month to month, on a control chart labelled as what it is."""

from collections.abc import Sequence

import numpy as np

from rounds.methods.spc import Chart, p_chart, p_prime_chart
from rounds.nouns import ChartPoint, ControlChart, NotEstimable, UnitResult

__all__ = ["chart_of"]

_FEWEST_MONTHS = 10
_NOTE = (
    "Each point is the patients seen in that month, judged by their last eligible "
    "reading in it. It is not the twelve-month measure: windows that overlap share "
    "their patients and would make false signals. A patient seen in several months "
    "is counted in each, so neighbouring points are not quite independent."
)


def chart_of(
    months: Sequence[UnitResult], *, title: str
) -> ControlChart | NotEstimable:
    """Draw up a p chart, or a p′ chart where months vary by more than chance.

    Parameters
    ----------
    months : sequence of UnitResult
        Exact counts, in order of time.
    title : str
        What is charted.

    Returns
    -------
    ControlChart or NotEstimable
        NotEstimable with fewer than ten months that have patients.
    """
    some = [month for month in months if month.denominator]
    if len(some) < _FEWEST_MONTHS:
        return NotEstimable(
            reason=f"{len(some)} months with patients are too few for a control "
            f"chart; at least {_FEWEST_MONTHS} are needed."
        )
    x = np.array([month.numerator or 0 for month in some], dtype=float)
    n = np.array([month.denominator for month in some], dtype=float)
    if not 0 < x.sum() < n.sum():
        return NotEstimable(
            reason="In every month none, or all, of the patients met the measure."
        )
    plain, wide = p_chart(x, n), p_prime_chart(x, n)
    overdispersed = wide.sigma_z > 1
    chart = wide if overdispersed else plain
    return ControlChart(
        title=title,
        chart="p_prime" if overdispersed else "p",
        centre_line=chart.centre_line,
        points=_points(some, chart),
        sigma_z=wide.sigma_z,
        longest_run=chart.runs.longest_run,
        longest_run_limit=chart.runs.longest_run_limit,
        n_crossings=chart.runs.n_crossings,
        n_crossings_limit=chart.runs.n_crossings_limit,
        note=_note(chart, overdispersed=overdispersed),
    )


def _points(months: Sequence[UnitResult], chart: Chart) -> tuple[ChartPoint, ...]:
    points = []
    for i, month in enumerate(months):
        signal = "none"
        if chart.beyond[i]:
            signal = "beyond_limits"
        elif chart.runs.in_long_run[i]:
            signal = "shift"
        points.append(
            ChartPoint(
                label=month.unit,
                denominator=month.denominator,
                value=float(chart.value[i]),
                lower=float(chart.lower[i]),
                upper=float(chart.upper[i]),
                signal=signal,
            )
        )
    return tuple(points)


def _note(chart: Chart, *, overdispersed: bool) -> str:
    runs = chart.runs
    limits = (
        f"Limits are {chart.sigma_z:.2f} times as wide as chance alone (Laney's p′), "
        "since months vary by more."
        if overdispersed
        else "Limits are three sigma of chance alone."
    )
    verdict = (
        "The run is unusually long or the crossings unusually few: a shift."
        if runs.is_signal
        else "Neither run nor crossings are unusual."
    )
    return (
        f"{_NOTE} {limits} Longest run {runs.longest_run} (signal above "
        f"{runs.longest_run_limit}), crossings {runs.n_crossings} (signal below "
        f"{runs.n_crossings_limit}). {verdict}"
    )
