"""A control chart's numbers as the noun that is kept and shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from rounds.methods import spc
from rounds.nouns import ChartPhase, ChartPoint, ControlChart

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rounds.loop.problem.chart_asked import ChartAsked

__all__ = ["noun_of"]

_VARIATION: dict[str, Literal["common_cause", "improvement", "concern", "neutral"]] = {
    "common_cause": "common_cause",
    "improvement_high": "improvement",
    "improvement_low": "improvement",
    "concern_high": "concern",
    "concern_low": "concern",
    "neutral_high": "neutral",
    "neutral_low": "neutral",
}


def noun_of(
    chart: spc.Chart,
    labels: tuple[str, ...],
    sizes: NDArray[Any] | None,
    asked: ChartAsked,
    *,
    note: str,
) -> ControlChart:
    """Write a chart down as a noun.

    Parameters
    ----------
    chart : Chart
        n points.
    labels : tuple of str
        n labels, oldest first.
    sizes : ndarray, shape (n,), optional
        Denominators of a chart of shares or rates.
    asked : ChartAsked
        Rules, target, which way is better, season.
    note : str
        What a subgroup is, and what the chart may not be read as.

    Returns
    -------
    ControlChart
        Every number at full precision.
    """
    signals = spc.RULES[asked.rules](chart)
    last = signals.runs[-1] if signals.runs else None
    prime = chart.kind in {"p_prime", "u_prime"}
    found = spc.variation(chart, signals, asked.improvement)
    assurance = (
        None
        if asked.target is None or chart.kind == "ewma"  # limits of averages
        else spc.assurance(chart, asked.target, asked.improvement)
    )
    return ControlChart(
        title=asked.title,
        chart=chart.kind,
        centre_line=chart.centre_line,
        points=_points(chart, signals, labels, sizes),
        sigma_z=chart.sigma_z if prime else None,
        longest_run=None if last is None else last.longest_run,
        longest_run_limit=None if last is None else last.longest_run_limit,
        n_crossings=None if last is None else last.n_crossings,
        n_crossings_limit=None if last is None else last.n_crossings_limit,
        rules=asked.rules,
        phases=_phases(chart, signals, labels) if len(chart.phases) > 1 else (),
        season=asked.season,
        improvement=asked.improvement,
        target=asked.target,
        variation=_VARIATION[found],
        assurance=assurance,
        note=note,
    )


def _points(
    chart: spc.Chart,
    signals: spc.Signals,
    labels: tuple[str, ...],
    sizes: NDArray[Any] | None,
) -> tuple[ChartPoint, ...]:
    exposed = chart.kind in {"u", "u_prime"}
    whole = chart.kind in {"p", "p_prime", "ewma"}
    points = []
    for i, label in enumerate(labels):
        rule = next((name for name, at in signals.points.items() if at[i]), None)
        direction = int(signals.direction[i])
        centre = float(chart.centre[i])
        points.append(
            ChartPoint(
                label=label,
                denominator=int(sizes[i]) if whole and sizes is not None else None,
                exposure=float(sizes[i]) if exposed and sizes is not None else None,
                value=float(chart.value[i]),
                lower=float(chart.lower[i]),
                upper=float(chart.upper[i]),
                centre_line=None if centre == chart.centre_line else centre,
                signal=rule or "none",
                direction={1: "high", -1: "low"}.get(direction),
            )
        )
    return tuple(points)


def _phases(
    chart: spc.Chart, signals: spc.Signals, labels: tuple[str, ...]
) -> tuple[ChartPhase, ...]:
    prime = chart.kind in {"p_prime", "u_prime"}
    phases = []
    for i, phase in enumerate(chart.phases):
        runs = signals.runs[i] if signals.runs else None
        phases.append(
            ChartPhase(
                start=labels[phase.start],
                reason=phase.reason,
                centre_line=chart.level[i],
                sigma_z=chart.dispersion[i] if prime else None,
                longest_run=None if runs is None else runs.longest_run,
                longest_run_limit=None if runs is None else runs.longest_run_limit,
                n_crossings=None if runs is None else runs.n_crossings,
                n_crossings_limit=None if runs is None else runs.n_crossings_limit,
            )
        )
    return tuple(phases)
