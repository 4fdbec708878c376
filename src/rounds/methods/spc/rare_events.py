"""Charts of rare events: cases between them by g, time between them by t."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import scipy

from rounds.methods.spc.chart import Chart, Phase
from rounds.methods.spc.checks import events_of, numbers_of
from rounds.methods.spc.frame import Frame, Lines, assemble
from rounds.methods.spc.individuals import xmr_chart

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["GapLimits", "g_chart", "t_chart"]

GapLimits = Literal["sigma", "probability"]
_POWER = 3.6
"""Times between events, raised to 1 / 3.6, are nearly normal (Nelson 1994)."""


def g_chart(
    gaps: ArrayLike,
    baseline: ArrayLike | None = None,
    *,
    phases: Sequence[Phase] = (),
    limits: GapLimits = "sigma",
) -> Chart:
    """Chart how many cases passed between rare events (geometric).

    The centre line is the median, since the mean of so skewed a distribution has far
    more than half of the points below it, and runs would be signals of nothing. Three
    standard deviations of so skewed a distribution leave out one gap in 60; its own
    points leave out what those of a normal distribution would.

    Parameters
    ----------
    gaps : array_like of int, shape (n,)
        Cases (or days) between one event and the next, 0 for next to each other.
    baseline, phases
        As `xmr_chart`; one point is enough.
    limits : {"sigma", "probability"}
        Three standard deviations from the mean, as qicharts2 and most books draw them,
        with which one stable series of 24 gaps in three signals; or the 0.135% and
        99.865% points of the geometric distribution with that mean, as Minitab and
        (with `conf`) qcc do.

    Returns
    -------
    Chart
        Cases; no limit lies below 0, and the lower one is 0 unless the mean is in the
        hundreds, so that nearly always only long gaps lie beyond a limit.

    Raises
    ------
    ValueError
        If gaps are not counts, or all of a baseline are 0; with `probability`, if half
        are: no line then has as many points above it as below.

    References
    ----------
    .. [1] Minitab, "Methods and formulas for G chart": points of the distribution.
       Ours are counts; it interpolates between two.
    .. [2] `limits.g` of qcc 2.7: `qgeom`, and a warning of multiples of sigma.
    .. [3] `qic.g` of qicharts2 0.8.1: mean ± 3 √(mean (mean + 1)), centre the median.

    Examples
    --------
    >>> chart = g_chart([2, 5, 3, 6])
    >>> chart.centre_line, round(float(chart.upper[0]), 2)
    (4.0, 17.42)
    >>> float(g_chart([2, 5, 3, 6], limits="probability").upper[0])
    29.0
    """
    x = events_of(gaps, "gaps")
    frame = Frame.of(x.size, baseline, phases, None)

    def draw(part: slice) -> Lines:
        used = x[part][frame.baseline[part]]
        mean, median = float(used.mean()), float(np.median(used))
        if mean == 0 or (median == 0 and limits == "probability"):
            raise ValueError(
                f"{(used == 0).sum()} of {used.size} gaps are 0; a u or c chart suits "
                "events so frequent"
            )
        size = part.stop - part.start
        far, near = (_reach(mean, sigmas, limits) for sigmas in (3.0, 2.0))
        return Lines(
            centre=np.full(size, median),
            lower=np.full(size, far[0]),
            upper=np.full(size, far[1]),
            near_lower=np.full(size, near[0]),
            near_upper=np.full(size, near[1]),
            level=median,
        )

    return assemble("g", x, frame, draw)


def _reach(mean: float, sigmas: float, limits: GapLimits) -> tuple[float, float]:
    """Give the limits of gaps with a mean, so many sigmas out."""
    if limits == "sigma":
        half = sigmas * np.sqrt(mean * (mean + 1))
        return max(mean - half, 0.0), float(mean + half)
    tail, gaps = scipy.stats.norm.sf(sigmas), scipy.stats.geom(1 / (mean + 1))
    # SciPy counts the case with the event too.
    return float(gaps.ppf(tail)) - 1, float(gaps.isf(tail)) - 1


def t_chart(
    times: ArrayLike,
    baseline: ArrayLike | None = None,
    *,
    phases: Sequence[Phase] = (),
    screen: bool = True,
) -> Chart:
    """Chart the time between rare events (exponential).

    Times are raised to 1 / 3.6, charted as XmR, and the lines raised to 3.6 again.

    Parameters
    ----------
    times : array_like of float, shape (n,)
        Time from one event to the next, each above 0, in any one unit; at least two.
    baseline, phases, screen
        As `xmr_chart`.

    Returns
    -------
    Chart
        In the unit of the times.

    Raises
    ------
    ValueError
        As `xmr_chart`; or if a time is 0 or below.

    References
    ----------
    .. [1] `qic.t` of qicharts2 0.8.1.

    Examples
    --------
    >>> chart = t_chart([10.0, 20.0, 15.0, 30.0])
    >>> round(chart.centre_line, 2)
    17.71
    """
    x = numbers_of(times, "times", fewest=2)
    if (x <= 0).any():
        raise ValueError(
            f"{(x <= 0).sum()} of {x.size} times are 0 or below; events on one day are "
            "charted by the cases between them (g), or with the hour"
        )
    inner = xmr_chart(x ** (1 / _POWER), baseline, phases=phases, screen=screen)

    def back(line: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.maximum(line, 0.0) ** _POWER

    return Chart(
        kind="t",
        value=x,
        centre=back(inner.centre),
        lower=back(inner.lower),
        upper=back(inner.upper),
        near_lower=back(inner.near_lower),
        near_upper=back(inner.near_upper),
        phases=inner.phases,
        level=tuple(level**_POWER for level in inner.level),
        dispersion=inner.dispersion,
        baseline=inner.baseline,
    )
