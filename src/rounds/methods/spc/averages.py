"""Charts of what has gathered: the exponentially weighted moving average."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rounds.methods.spc.attributes import p_prime_chart
from rounds.methods.spc.chart import Chart, Phase
from rounds.methods.spc.frame import Frame, Lines, assemble
from rounds.methods.spc.individuals import xmr_chart
from rounds.methods.watching.ewma import ewma

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["ewma_chart"]


def ewma_chart(
    values: ArrayLike,
    totals: ArrayLike | None = None,
    baseline: ArrayLike | None = None,
    *,
    phases: Sequence[Phase] = (),
    screen: bool = True,
    smoothing: float = 0.2,
    width: float = 3.0,
) -> Chart:
    """Chart averages in which what is older weighs less: small shifts are found sooner.

    Parameters
    ----------
    values : array_like of float, shape (n,)
        One value for each point of time, in order; events, where totals are given.
    totals : array_like of int, shape (n,), optional
        Trials of each subgroup; what is averaged are then proportions.
    baseline : array_like of bool, shape (n,), optional
        Which points the centre and the spread are computed from.
    phases : sequence of Phase, optional
        Where the average begins anew at a centre of its own, each with its reason.
    screen : bool
        Whether outlying moving ranges are left out of the spread.
    smoothing : float
        Weight of the newest point, in (0, 1].
    width : float
        Distance of the limits in the average's own standard deviations, above 0.

    Returns
    -------
    Chart
        Its values are the averages. Centre and spread are those of the XmR chart, of
        proportions those of the p′ chart; limits are exact from the first point on.
        Runs say nothing here: neighbouring averages share most of their values.

    Raises
    ------
    ValueError
        As `xmr_chart` or `p_prime_chart`; if smoothing or width are out of range.

    References
    ----------
    .. [1] NIST/SEMATECH e-Handbook of Statistical Methods, "EWMA control charts".
    .. [2] `ewma` of the R package qcc 2.7.

    Examples
    --------
    >>> known = [True] * 6 + [False] * 4
    >>> chart = ewma_chart([5, 6, 5, 6, 5, 6, 8, 8, 8, 8], baseline=known)
    >>> chart.beyond.tolist()[5:]
    [False, False, True, True, True]
    """
    if totals is None:
        lines = xmr_chart(values, baseline, phases=phases, screen=screen)
        sd = (lines.upper - lines.centre) / 3
        within = (-np.inf, np.inf)
    else:
        lines = p_prime_chart(values, totals, baseline, phases=phases, screen=screen)
        chance = lines.centre * (1 - lines.centre) / np.asarray(totals, dtype=float)
        sizes = [part.stop - part.start for part in lines.parts]
        times = np.repeat(lines.dispersion, sizes)
        sd, within = times * np.sqrt(chance), (0.0, 1.0)
    paths = [
        ewma(
            lines.value[part],
            mean=level,
            sd=sd[part],
            smoothing=smoothing,
            width=width,
        )
        for part, level in zip(lines.parts, lines.level, strict=True)
    ]
    averages = np.concatenate([path.value for path in paths])
    frame = Frame.of(averages.size, lines.baseline, lines.phases[1:], None)
    drawn = iter(zip(paths, lines.level, lines.dispersion, strict=True))

    def draw(part: slice) -> Lines:
        path, level, dispersion = next(drawn)
        centre = np.full(part.stop - part.start, level)
        return Lines.symmetric(
            centre,
            (path.upper - centre) / 3,
            level=level,
            within=within,
            dispersion=dispersion,
        )

    return assemble("ewma", averages, frame, draw)
