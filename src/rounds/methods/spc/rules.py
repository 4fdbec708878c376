"""What counts as a signal: Anhøj's rules, and those of NHS Making Data Count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from rounds.methods.spc.runs import Runs, runs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rounds.methods.spc.chart import Chart

__all__ = ["RULES", "Rule", "Rules", "Signals", "anhoj", "nhs"]

Rules = Literal["anhoj", "nhs"]
Rule = Literal["beyond_limits", "trend", "near_limits", "shift"]
_SHARED = {"mr", "ewma"}
"""Charts whose neighbouring points share values: no row of them says anything."""
_LONG = 7
"""Points of a shift and of a trend in Making Data Count."""


@dataclass(frozen=True, kw_only=True)
class Signals:
    """Which points signal which rule, and what whole phases signal."""

    rules: Rules
    points: dict[Rule, NDArray[np.bool_]]
    """Shape (n,) each, the rule that says most first."""
    direction: NDArray[np.int8]
    """Shape (n,): 1 where a signal is of high values or of a rise, -1 of low values or
    of a fall, 0 where there is none."""
    runs: tuple[Runs, ...]
    """Of each phase: longest run and crossings; empty where the rules count none."""

    @property
    def any(self) -> NDArray[np.bool_]:
        """Shape (n,): whether the point signals any rule."""
        return np.asarray(np.logical_or.reduce(list(self.points.values())))

    @property
    def few_crossings(self) -> tuple[bool, ...]:
        """Of each phase: whether the centre line is crossed unusually seldom."""
        return tuple(each.n_crossings < each.n_crossings_limit for each in self.runs)

    @property
    def is_signal(self) -> bool:
        """Whether any point, or any phase, says that something changed."""
        return bool(self.any.any()) or any(self.few_crossings)


def anhoj(chart: Chart) -> Signals:
    """Find points beyond three sigma, unusually long runs and unusually few crossings.

    Parameters
    ----------
    chart : Chart
        n points. Runs are counted within each phase; of moving ranges and averages
        they are not, since neighbouring points share values.

    Returns
    -------
    Signals
        `beyond_limits` and `shift` (a point in a long run) by point; crossings by
        phase.

    References
    ----------
    .. [1] Anhøj J, Olesen AV. Run charts revisited. PLoS ONE 2014;9:e113825;
       `runs.analysis` of qicharts2 0.8.1.
    """
    side, beyond = chart.side, chart.beyond
    shift = np.zeros(chart.value.size, dtype=bool)
    counted = []
    if chart.kind not in _SHARED:
        for part in chart.parts:
            found = runs(chart.value[part], chart.centre[part])
            counted.append(found)
            shift[part] = found.in_long_run
    return Signals(
        rules="anhoj",
        points={"beyond_limits": beyond, "shift": shift},
        direction=np.where(beyond | shift, side, 0).astype(np.int8),
        runs=tuple(counted),
    )


def nhs(chart: Chart) -> Signals:
    """Find what NHS England's Making Data Count calls special cause.

    A point outside the limits; seven or more in a row that rise, or that fall; two of
    three beyond two thirds of a limit, all three on its side of the centre; seven or
    more in a row on one side of the centre. A point that signals several is named
    after the first of them, and takes its direction from it.

    Parameters
    ----------
    chart : Chart
        n points; rules do not reach across phases. Of moving averages only limits
        count.

    Returns
    -------
    Signals
        The four rules by point.

    References
    ----------
    .. [1] `ptd_calculate_point_type` of NHSRplotthedots 0.2.2.
    """
    n = chart.value.size
    side, beyond = chart.side, chart.beyond
    trend, near, shift = (np.zeros(n, dtype=bool) for _ in range(3))
    slope = np.zeros(n, dtype=np.int8)
    close = ~beyond & (
        (chart.value > chart.near_upper) | (chart.value < chart.near_lower)
    )
    moved = chart.value - chart.centre
    for part in () if chart.kind == "ewma" else chart.parts:
        shift[part] = _in_row(side[part], _LONG)
        trend[part], slope[part] = _trends(moved[part])
        near[part] = _two_of_three(close[part], side[part])
    direction = np.where(trend & ~beyond, slope, side)
    signal = beyond | trend | near | shift
    return Signals(
        rules="nhs",
        points={
            "beyond_limits": beyond,
            "trend": trend,
            "near_limits": near,
            "shift": shift,
        },
        direction=np.where(signal, direction, 0).astype(np.int8),
        runs=(),
    )


RULES: dict[Rules, Callable[[Chart], Signals]] = {"anhoj": anhoj, "nhs": nhs}
"""The rule sets by name."""


def _in_row(signs: NDArray[np.int8], length: int) -> NDArray[np.bool_]:
    """Say which are in a row of equal signs, none 0, at least so long."""
    if signs.size < length:
        return np.zeros(signs.size, dtype=bool)
    starts = np.flatnonzero(np.r_[True, signs[1:] != signs[:-1]])
    lengths = np.diff(np.r_[starts, signs.size])
    return np.repeat((lengths >= length) & (signs[starts] != 0), lengths)


def _trends(
    values: NDArray[np.float64],
) -> tuple[NDArray[np.bool_], NDArray[np.int8]]:
    """Say which points are in a rise or a fall of seven, and which of the two."""
    within = np.zeros(values.size, dtype=bool)
    slope = np.zeros(values.size, dtype=np.int8)
    if values.size < _LONG:
        return within, slope
    steps = np.diff(values)
    room = 1e-10 * np.maximum(np.abs(values[1:]), np.abs(values[:-1]))
    signs = np.where(np.abs(steps) > room, np.sign(steps), 0).astype(np.int8)
    rising = _in_row(signs, _LONG - 1)
    within[:-1] |= rising
    within[1:] |= rising
    # A point where a rise meets a fall belongs to the later of them.
    slope[1:][rising] = signs[rising]
    slope[:-1][rising] = signs[rising]
    return within, slope


def _two_of_three(
    close: NDArray[np.bool_], side: NDArray[np.int8]
) -> NDArray[np.bool_]:
    """Say which close points are two of three, all three on one side."""
    found = np.zeros(close.size, dtype=bool)
    if close.size < 3:
        return found
    among = close[:-2].astype(int) + close[1:-1] + close[2:]
    same = np.abs(side[:-2].astype(int) + side[1:-1] + side[2:]) == 3
    windows = same & (among >= 2)
    for shift in range(3):
        found[shift : shift + windows.size] |= windows
    return found & close
