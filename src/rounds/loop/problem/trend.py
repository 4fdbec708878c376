"""The measure from month to month, on a control chart labelled as what it is."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from rounds.loop.problem.chart_asked import ChartAsked
from rounds.loop.problem.chart_noun import noun_of
from rounds.methods.spc import Chart, p_chart, p_prime_chart, propose_counts
from rounds.nouns import ControlChart, NotEstimable, UnitResult

__all__ = ["chart_of"]

_FEWEST_MONTHS = 10
_NOTE = (
    "Each point is the patients seen in that month, judged by their last eligible "
    "reading in it. It is not the twelve-month measure: windows that overlap share "
    "their patients and would make false signals. A patient seen in several months "
    "is counted in each, so neighbouring points are not quite independent."
)


def chart_of(
    months: Sequence[UnitResult],
    *,
    title: str,
    improvement: Literal["increase", "decrease"] | None = None,
) -> ControlChart | NotEstimable:
    """Draw up a p chart, or a p′ chart where months vary by more than chance.

    Parameters
    ----------
    months : sequence of UnitResult
        Exact counts, in order of time.
    title : str
        What is charted.
    improvement : {"increase", "decrease"}, optional
        Which way is better.

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
    try:
        proposed = propose_counts(x, n)
        chart = p_prime_chart(x, n) if proposed.kind == "p_prime" else p_chart(x, n)
    except ValueError as error:
        return NotEstimable(reason=f"The months give no limits: {error}.")
    return noun_of(
        chart,
        tuple(month.unit for month in some),
        n,
        ChartAsked(title=title, improvement=improvement),
        note=_note(chart),
    )


def _note(chart: Chart) -> str:
    runs = chart.runs
    limits = (
        f"Limits are {chart.sigma_z:.2f} times as wide as chance alone (Laney's p′), "
        "since months vary by more."
        if chart.kind == "p_prime"
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
