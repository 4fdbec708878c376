"""Any series on the control chart that fits it, as a noun."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rounds.loop.problem.chart_asked import ChartAsked
from rounds.loop.problem.chart_checks import (
    NAMES,
    check_columns,
    check_counts,
)
from rounds.loop.problem.chart_noun import noun_of
from rounds.loop.problem.series import Series
from rounds.methods import spc
from rounds.methods.watching.run_length import ewma_arl
from rounds.nouns import ControlChart, NotEstimable
from rounds.nouns.errors import DefinitionError

__all__ = ["Charted", "chart_series"]

FEWEST = 10
"""Subgroups, below which a chart says nothing."""
FEWEST_IN_PHASE = 5
"""Subgroups that the lines of a phase may rest on: fewer give no useful limits."""
TRIAL = 12
"""Subgroups below which lines are trial lines (NHSRplotthedots 0.2.2, vignette
"Number of points required")."""

_TOGETHER = {"xbar", "s"}
"""Charts of which rows of one time make one point."""
_SCREENED = {"xmr", "p_prime", "u_prime", "t", "ewma"}
_LIMITS: dict[spc.GapLimits, str] = {
    "probability": "Limits leave out 0.135% of gaps at either end, were chance alone "
    "at work (a geometric distribution with their mean).",
    "sigma": "Limits are three standard deviations, though gaps have a long tail: one "
    "stable series of 24 in three signals; --limits probability has few that do.",
}
_SAID_WITH_A_VOWEL = {"xmr", "mr", "xbar", "s", "ewma"}
_WITHOUT_SEASON = {"mr", "g", "t", "s", "ewma"}
SMOOTHING, _WIDTH = 0.2, 3.0
"""Of an EWMA chart: the weight of the newest point, and where its limits are."""


@dataclass(frozen=True, kw_only=True)
class Charted:
    """A chart, or why there is none, and what was chosen for it."""

    chart: ControlChart | NotEstimable
    chosen: str
    """Which chart, and why, in a sentence."""
    notes: tuple[str, ...] = field(default=())
    """What weakens it."""


def chart_series(series: Series, asked: ChartAsked) -> Charted:
    """Chart a series, on the chart asked for or on the one that fits.

    Parameters
    ----------
    series : Series
        Subgroups in time, checked when it was made.
    asked : ChartAsked
        Chart, rules, target, phases.

    Returns
    -------
    Charted
        Its chart is NotEstimable with fewer than ten subgroups, fewer than five for
        the lines of a phase, or where nothing varies.

    Raises
    ------
    DataError
        If a denominator is 0 or below, a numerator is above its denominator where
        shares are charted, or a time between events is 0 or below.
    DefinitionError
        If the chart needs other columns, has no season, or a phase begins nowhere.
    """
    chosen = ""
    try:
        kind, chosen = _kind(series, asked)
        firsts = series.firsts(together=kind in _TOGETHER)
        labels = tuple(series.labels[i] for i in firsts)
        phases = _phases(series, asked, firsts)
        reason = _too_few(len(labels), phases, asked, labels)
        if reason:
            return Charted(chart=NotEstimable(reason=reason), chosen=chosen)
        chart = _draw(kind, series, asked, phases, firsts)
    except ValueError as error:
        return Charted(chart=NotEstimable(reason=_sentence(error)), chosen=chosen)
    notes = _notes(chart, asked, series)
    return Charted(
        chart=noun_of(
            chart,
            labels[1:] if kind == "mr" else labels,
            series.denominator,
            asked,
            note=" ".join([chosen, *notes]),
        ),
        chosen=chosen,
        notes=notes,
    )


def _kind(series: Series, asked: ChartAsked) -> tuple[spc.Kind, str]:
    """Give the chart, and why it."""
    if asked.season is not None and asked.chart in _WITHOUT_SEASON:
        raise DefinitionError(
            f"A chart of kind {asked.chart} takes no season.",
            code="chart-no-season",
            why="Rare events, ranges and spreads have no level by month or weekday "
            "that could be told from chance.",
            remedies=("Leave out --season.",),
        )
    if asked.limits != "sigma" and asked.chart != "g":
        raise DefinitionError(
            f"A chart of kind {asked.chart} has no choice of limits.",
            code="chart-columns",
            remedies=("Leave out --limits, or ask for --chart g.",),
        )
    smoothed = asked.smoothing
    if smoothed is not None and (asked.chart != "ewma" or not 0 < smoothed <= 1):
        raise DefinitionError(
            f"A chart of kind {asked.chart} is not smoothed by {smoothed:g}.",
            code="chart-columns",
            why="The newest point of an EWMA chart weighs more than 0 and at most 1.",
            remedies=("Leave out --smoothing, or ask for --chart ewma.",),
        )
    if not asked.per > 0 or (asked.per != 1 and asked.chart not in {"u", "u_prime"}):
        raise DefinitionError(
            f"A chart of kind {asked.chart} is not told per {asked.per:g}.",
            code="chart-columns",
            remedies=("Leave out --per, or ask for --chart u.",),
        )
    if asked.chart != "auto":
        check_columns(series, asked.chart)
        check_counts(series, asked.chart)
        article = "An" if asked.chart in _SAID_WITH_A_VOWEL else "A"
        return asked.chart, f"{article} {NAMES[asked.chart]} was asked for."
    if series.numerator is None:
        check_columns(series, "xmr")
        assert series.value is not None
        n = series.firsts(together=True).size
        found = spc.propose_values(series.value, n_subgroups=n)
        return found.kind, found.reason
    check_counts(series, "c" if series.denominator is None else "p")
    season = None if asked.season is None else series.season(asked.season)
    found = spc.propose_counts(series.numerator, series.denominator, season=season)
    return found.kind, found.reason


def _phases(
    series: Series, asked: ChartAsked, firsts: NDArray[np.intp]
) -> tuple[spc.Phase, ...]:
    found = []
    for rebase in asked.phases:
        start = series.position(rebase, firsts)
        if not rebase.reason.strip():
            raise DefinitionError(
                f"The phase that begins at {rebase.at!r} has no reason.",
                code="chart-phase-unexplained",
                why="Lines drawn anew without a known change hide signals.",
                remedies=("Say what changed: --phase 2025-03='reminders began'.",),
            )
        found.append(spc.Phase(start=start, reason=rebase.reason))
    found.sort(key=lambda phase: phase.start)
    starts = [0, *(phase.start for phase in found)]
    if len(set(starts)) < len(starts):
        raise DefinitionError(
            "Two phases begin with the same subgroup, or one with the first.",
            code="chart-no-such-phase",
            remedies=("Name each phase by the subgroup that it begins with.",),
        )
    return tuple(found)


def _too_few(
    n: int,
    phases: tuple[spc.Phase, ...],
    asked: ChartAsked,
    labels: tuple[str, ...],
) -> str:
    """Say why lines would rest on too little; nothing where they do not."""
    if n < FEWEST:
        return (
            f"{n} {'point' if n == 1 else 'points'} of time {'is' if n == 1 else 'are'}"
            f" too few for a control chart; at least {FEWEST} are needed."
        )
    starts = [0, *(phase.start for phase in phases), n]
    for start, end in pairwise(starts):
        used = min(end - start, asked.baseline or n)
        if used < FEWEST_IN_PHASE:
            return (
                f"The lines that begin at {labels[start]} would rest on {used} points; "
                f"at least {FEWEST_IN_PHASE} are needed."
            )
    return ""


def _draw(
    kind: spc.Kind,
    series: Series,
    asked: ChartAsked,
    phases: tuple[spc.Phase, ...],
    firsts: NDArray[np.intp],
) -> spc.Chart:
    options: dict[str, Any] = {"phases": phases}
    if asked.season is not None:
        options["season"] = series.season(asked.season)[firsts]
    if kind in _SCREENED:
        options["screen"] = asked.screen
    if kind == "g":
        options["limits"] = asked.limits
    if kind == "ewma":
        options["smoothing"] = asked.smoothing or SMOOTHING
        options["width"] = _WIDTH
    if kind == "xmr" and asked.rules == "nhs":
        options["factor"] = spc.NHS_FACTOR
    if asked.baseline is not None:
        options["baseline"] = spc.first_of_each_phase(
            firsts.size, phases, asked.baseline
        )
    return _DRAW[kind](*_given(series, kind, asked.per), **options)


_DRAW: dict[spc.Kind, Callable[..., spc.Chart]] = {
    "xmr": spc.xmr_chart,
    "mr": spc.moving_range_chart,
    "p": spc.p_chart,
    "p_prime": spc.p_prime_chart,
    "u": spc.u_chart,
    "u_prime": spc.u_prime_chart,
    "c": spc.c_chart,
    "g": spc.g_chart,
    "t": spc.t_chart,
    "xbar": spc.xbar_chart,
    "s": spc.s_chart,
    "ewma": spc.ewma_chart,
}


def _given(series: Series, kind: spc.Kind, per: float) -> tuple[Any, ...]:
    """Give what a chart of this kind is drawn from."""
    if kind in _TOGETHER:
        assert series.value is not None
        labels = np.array(series.labels, dtype=object)
        return (spc.subgroups(series.value, labels),)
    if kind in {"u", "u_prime"}:
        assert series.denominator is not None
        return series.numerator, series.denominator / per
    if kind in {"p", "p_prime"} or (kind == "ewma" and series.value is None):
        return series.numerator, series.denominator
    return (series.numerator if series.value is None else series.value,)


def _notes(chart: spc.Chart, asked: ChartAsked, series: Series) -> tuple[str, ...]:
    notes = []
    fewest = min(int(chart.baseline[part].sum()) for part in chart.parts)
    if fewest < TRIAL:
        notes.append(
            f"Some lines rest on {fewest} points; with fewer than {TRIAL} they are "
            "trial lines, and will move as points are added."
        )
    if series.gaps_allowed:
        notes.append("Gaps in time were allowed; neighbours may be far apart.")
    if asked.season is not None:
        notes.append(
            f"Each {asked.season} has its own centre line, its level over the points "
            "that lines rest on."
        )
    if not asked.screen and chart.kind in _SCREENED:
        notes.append("Outlying moving ranges were kept, so limits may be wide.")
    if chart.kind == "g":
        notes.append(_LIMITS[asked.limits])
    if chart.kind == "ewma":
        notes.append(_averaged(asked.smoothing or SMOOTHING))
    if asked.per != 1:
        notes.append(f"Rates are told per {asked.per:,g}.")
    return tuple(notes)


def _averaged(smoothing: float) -> str:
    every = ewma_arl(smoothing, _WIDTH)
    return (
        f"Each point is an average, in which the newest weighs {smoothing:g} and each "
        f"older one {1 - smoothing:g} times as much as the one after it. Where nothing "
        f"changes and the lines are right, one of some {every:.0f} points lies beyond "
        "its limits."
    )


def _sentence(error: ValueError) -> str:
    words = str(error)
    return f"{words[:1].upper()}{words[1:]}."
