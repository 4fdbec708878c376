"""Charts of counts: p and p′ for proportions, u and u′ for rates, c for counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rounds.methods.proportion import counts
from rounds.methods.spc.chart import Chart, Phase
from rounds.methods.spc.checks import events_of, exposures_of
from rounds.methods.spc.frame import Frame, Lines, assemble

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["c_chart", "p_chart", "p_prime_chart", "u_chart", "u_prime_chart"]

_SHARE = (0.0, 1.0)
_RATE = (0.0, np.inf)


def p_chart(
    successes: ArrayLike,
    totals: ArrayLike,
    baseline: ArrayLike | None = None,
    *,
    phases: Sequence[Phase] = (),
    season: ArrayLike | None = None,
) -> Chart:
    """Chart proportions with binomial three-sigma limits.

    Parameters
    ----------
    successes, totals : array_like of int, shape (n,)
        Events and trials of each subgroup, in order of time.
    baseline : array_like of bool, shape (n,), optional
        Which subgroups the lines are computed from; all where not given.
    phases : sequence of Phase, optional
        Where lines begin anew, each with its reason.
    season : array_like, shape (n,), optional
        The season of each point (a month of the year, a day of the week). Each season
        then has a centre line of its own: its proportion over the baseline.

    Returns
    -------
    Chart
        Proportions in [0, 1]; limits are cut at 0 and 1.

    Raises
    ------
    ValueError
        If counts are impossible; if in a phase none or all of the baseline succeeded;
        or if baseline, phases or seasons are not sound (see `Frame.of`).

    References
    ----------
    .. [1] Anhøj J. qicharts2: quality improvement charts, vignette (CRAN), and
       `qic.p` of version 0.8.1.
    .. [2] KNMI Climate Explorer, help on anomalies: the mean of all values of a
       calendar month is what a value of that month is held against.

    Examples
    --------
    >>> chart = p_chart([5, 6, 4, 20], [50, 50, 50, 50], [True, True, True, False])
    >>> chart.beyond.tolist()
    [False, False, False, True]
    """
    x, n = _shares(successes, totals)
    frame = Frame.of(x.size, baseline, phases, season)

    def draw(part: slice) -> Lines:
        centre, level = _some(*frame.level(x, n, part), most=1.0)
        sigma = np.sqrt(centre * (1 - centre) / n[part])
        return Lines.symmetric(centre, sigma, level=level, within=_SHARE)

    return assemble("p", x / n, frame, draw)


def p_prime_chart(
    successes: ArrayLike,
    totals: ArrayLike,
    baseline: ArrayLike | None = None,
    *,
    phases: Sequence[Phase] = (),
    season: ArrayLike | None = None,
    screen: bool = True,
) -> Chart:
    """Chart proportions with Laney's limits, for subgroups so large that all vary.

    The binomial limits are multiplied by sigma_z, the mean moving range of the
    z-scores over 1.128. It may be below 1 (under-dispersion), as Laney has it.

    Parameters
    ----------
    successes, totals, baseline, phases, season
        As `p_chart`; at least two subgroups form the baseline of each phase.
    screen : bool
        Whether moving ranges above 3.267 times their mean are left out, once, as
        qicharts2 does.

    Returns
    -------
    Chart
        Proportions in [0, 1]; limits are cut at 0 and 1.

    Raises
    ------
    ValueError
        As `p_chart`; or if the baseline of a phase has fewer than two subgroups, or
        their z-scores never differ.

    References
    ----------
    .. [1] Laney DB. Improved control charts for attributes. Quality Engineering
       2002;14:531-537, as given in Minitab's "Methods and formulas for Laney P'
       Chart".
    """
    x, n = _shares(successes, totals)
    frame = Frame.of(x.size, baseline, phases, season)

    def draw(part: slice) -> Lines:
        centre, level = _some(*frame.level(x, n, part), most=1.0)
        sigma = np.sqrt(centre * (1 - centre) / n[part])
        z = (x[part] / n[part] - centre) / sigma
        wide = frame.spread(z, part, screen=screen)
        return Lines.symmetric(
            centre, wide * sigma, level=level, within=_SHARE, dispersion=wide
        )

    return assemble("p_prime", x / n, frame, draw)


def u_chart(
    events: ArrayLike,
    exposures: ArrayLike,
    baseline: ArrayLike | None = None,
    *,
    phases: Sequence[Phase] = (),
    season: ArrayLike | None = None,
) -> Chart:
    """Chart rates with Poisson three-sigma limits.

    Parameters
    ----------
    events : array_like of int, shape (n,)
        Events in each subgroup, in order of time.
    exposures : array_like of float, shape (n,)
        What they were counted over (patient-days, visits), each above 0.
    baseline, phases, season
        As `p_chart`.

    Returns
    -------
    Chart
        Events for one unit of exposure; the lower limit is cut at 0.

    Raises
    ------
    ValueError
        If events are not counts, an exposure is 0 or below, the baseline of a phase
        has no event, or baseline, phases or seasons are not sound (see `Frame.of`).

    References
    ----------
    .. [1] `qic.u` of qicharts2 0.8.1, which names Montgomery's equation 7.19.

    Examples
    --------
    >>> chart = u_chart([4, 6, 5, 5], [10.0, 10.0, 10.0, 10.0])
    >>> round(chart.centre_line, 2), round(float(chart.upper[0]), 3)
    (0.5, 1.171)
    """
    x, n = _rates(events, exposures)
    frame = Frame.of(x.size, baseline, phases, season)

    def draw(part: slice) -> Lines:
        centre, level = _some(*frame.level(x, n, part))
        sigma = np.sqrt(centre / n[part])
        return Lines.symmetric(centre, sigma, level=level, within=_RATE)

    return assemble("u", x / n, frame, draw)


def u_prime_chart(
    events: ArrayLike,
    exposures: ArrayLike,
    baseline: ArrayLike | None = None,
    *,
    phases: Sequence[Phase] = (),
    season: ArrayLike | None = None,
    screen: bool = True,
) -> Chart:
    """Chart rates with Laney's limits, for exposures so large that all vary.

    Parameters
    ----------
    events, exposures, baseline, phases, season
        As `u_chart`; at least two subgroups form the baseline of each phase.
    screen : bool
        As `p_prime_chart`.

    Returns
    -------
    Chart
        Events for one unit of exposure; the lower limit is cut at 0.

    Raises
    ------
    ValueError
        As `u_chart`; or if the baseline of a phase has fewer than two subgroups, or
        their z-scores never differ.

    References
    ----------
    .. [1] Minitab's "Methods and formulas for Laney U' Chart": z-scores, their mean
       moving range over 1.128, and limits so many times as wide.
    """
    x, n = _rates(events, exposures)
    frame = Frame.of(x.size, baseline, phases, season)

    def draw(part: slice) -> Lines:
        centre, level = _some(*frame.level(x, n, part))
        sigma = np.sqrt(centre / n[part])
        wide = frame.spread((x[part] / n[part] - centre) / sigma, part, screen=screen)
        return Lines.symmetric(
            centre, wide * sigma, level=level, within=_RATE, dispersion=wide
        )

    return assemble("u_prime", x / n, frame, draw)


def c_chart(
    events: ArrayLike,
    baseline: ArrayLike | None = None,
    *,
    phases: Sequence[Phase] = (),
    season: ArrayLike | None = None,
) -> Chart:
    """Chart counts over equal exposures with Poisson three-sigma limits.

    Parameters
    ----------
    events : array_like of int, shape (n,)
        Events in each subgroup, in order of time.
    baseline, phases, season
        As `p_chart`.

    Returns
    -------
    Chart
        Events; the lower limit is cut at 0.

    Raises
    ------
    ValueError
        As `u_chart`.

    References
    ----------
    .. [1] `qic.c` of qicharts2 0.8.1, which names Montgomery's equation 7.17.

    Examples
    --------
    >>> round(float(c_chart([16, 14, 18, 16]).upper[0]), 2)
    28.0
    """
    x = events_of(events)
    ones = np.ones(x.size)
    frame = Frame.of(x.size, baseline, phases, season)

    def draw(part: slice) -> Lines:
        centre, level = _some(*frame.level(x, ones, part))
        return Lines.symmetric(centre, np.sqrt(centre), level=level, within=_RATE)

    return assemble("c", x, frame, draw)


def _shares(
    successes: ArrayLike, totals: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, n = counts(successes, totals)
    if x.ndim != 1 or not x.size:
        raise ValueError(f"totals have the shape {x.shape}; one row was expected")
    return events_of(x, "successes"), n


def _rates(
    events: ArrayLike, exposures: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x = events_of(events)
    return x, exposures_of(exposures, x.size, "exposures")


def _some(
    centre: NDArray[np.float64], level: float, *, most: float = np.inf
) -> tuple[NDArray[np.float64], float]:
    """Refuse a centre of 0 or of all, whose limits have no width."""
    if not ((centre > 0) & (centre < most)).all():
        raise ValueError(
            "in the baseline of a phase, or of one of its seasons, none or all had "
            "the event; limits around 0 or 1 have no width"
        )
    return centre, level
