"""Charts of one value at a time: XmR, and moving ranges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rounds.methods.spc.chart import D2, SCREEN, Chart, Phase
from rounds.methods.spc.checks import numbers_of
from rounds.methods.spc.frame import Frame, Lines, assemble

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["NHS_FACTOR", "moving_range_chart", "xmr_chart"]

NHS_FACTOR = 2.66
"""Mean moving ranges from the centre to a limit, as Making Data Count rounds them."""


def xmr_chart(
    values: ArrayLike,
    baseline: ArrayLike | None = None,
    *,
    phases: Sequence[Phase] = (),
    season: ArrayLike | None = None,
    screen: bool = True,
    factor: float = 3 / D2,
) -> Chart:
    """Chart individual values with limits of 2.66 mean moving ranges.

    Parameters
    ----------
    values : array_like of float, shape (n,)
        One value for each point of time, in order; at least two.
    baseline : array_like of bool, shape (n,), optional
        Which points the lines are computed from; at least two in each phase.
    phases : sequence of Phase, optional
        Where lines begin anew, each with its reason.
    season : array_like, shape (n,), optional
        The season of each point (a month of the year, a day of the week). Each season
        then has a centre line of its own, its mean over the baseline, and moving
        ranges are those of the deviations from it.
    screen : bool
        Whether moving ranges above 3.267 times their mean are left out, once, as
        NHSRplotthedots and qicharts2 do; NHS England's Excel tool does not.
    factor : float
        How many mean moving ranges a limit lies from the centre: 3 / 1.128 as in
        qicharts2, or `NHS_FACTOR`, the rounded 2.66 of Making Data Count.

    Returns
    -------
    Chart
        In the unit of the values.

    Raises
    ------
    ValueError
        If a phase has fewer than two points in its baseline, a value is not a finite
        number, neighbours never differ, or the factor is not above 0.

    References
    ----------
    .. [1] `ptd_spc_standard` of NHSRplotthedots 0.2.2 (2.66), its vignette "Deviations
       from Excel defaults" (screening), and `qic.i` of qicharts2 0.8.1 (3 / 1.128).
    .. [2] KNMI Climate Explorer, help on anomalies (seasons).

    Examples
    --------
    >>> chart = xmr_chart([1.0, 2.0, 1.0, 2.0])
    >>> round(chart.centre_line, 2), round(float(chart.upper[0]), 2)
    (1.5, 4.16)
    """
    x = numbers_of(values, fewest=2)
    if not factor > 0:
        raise ValueError(f"limits lie more than 0 ranges from the centre, not {factor}")
    ones = np.ones(x.size)
    frame = Frame.of(x.size, baseline, phases, season)

    def draw(part: slice) -> Lines:
        centre, level = frame.level(x, ones, part)
        spread = frame.spread(
            x[part] - centre, part, screen=screen, unit=float(np.abs(x[part]).max())
        )
        sigma = spread * D2 * factor / 3
        return Lines.symmetric(centre, np.full(centre.size, sigma), level=level)

    return assemble("xmr", x, frame, draw)


def moving_range_chart(
    values: ArrayLike,
    baseline: ArrayLike | None = None,
    *,
    phases: Sequence[Phase] = (),
) -> Chart:
    """Chart the distance of each value from the one before: the mR of XmR.

    Runs say nothing here: neighbouring ranges share a value.

    Parameters
    ----------
    values, baseline, phases
        As `xmr_chart`.

    Returns
    -------
    Chart
        One point fewer than values; in their unit. Phases begin one point later, since
        the range into a phase belongs to neither.

    Raises
    ------
    ValueError
        As `xmr_chart`.

    References
    ----------
    .. [1] `qic.mr` of qicharts2 0.8.1: mean moving range, and 3.267 times it.

    Examples
    --------
    >>> chart = moving_range_chart([1.0, 2.0, 4.0, 3.0])
    >>> chart.value.tolist(), round(float(chart.upper[0]), 3)
    ([1.0, 2.0, 1.0], 4.356)
    """
    x = numbers_of(values, fewest=2)
    whole = Frame.of(x.size, baseline, phases, None)
    ranges = np.abs(np.diff(x))
    used = whole.baseline[1:] & whole.baseline[:-1]
    inner = [Phase(start=p.start - 1, reason=p.reason) for p in whole.phases[1:]]
    for phase in inner:
        used[phase.start] = False
    frame = Frame.of(ranges.size, used, inner, None)
    ones = np.ones(ranges.size)

    def draw(part: slice) -> Lines:
        centre, level = frame.level(ranges, ones, part)
        if level == 0:
            raise ValueError("neighbouring points never differ; there are no ranges")
        zero = np.zeros(centre.size)
        return Lines(
            centre=centre,
            lower=zero,
            upper=SCREEN * centre,
            near_lower=zero,
            near_upper=centre + (SCREEN - 1) * centre * 2 / 3,
            level=level,
        )

    return assemble("mr", ranges, frame, draw)
