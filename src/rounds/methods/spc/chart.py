"""What a control chart is: points, their lines, and the phases they belong to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from rounds.methods.spc.runs import Runs, runs, sides

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["D2", "SCREEN", "Chart", "Kind", "Phase", "mean_moving_range"]

Kind = Literal[
    "xmr", "mr", "p", "p_prime", "u", "u_prime", "c", "g", "t", "xbar", "s", "ewma"
]  # fmt: skip

D2 = 1.128
"""Expected range of two standard normal values."""
SCREEN = 3.267
"""Upper limit of a moving range of two, in mean moving ranges."""


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A stretch of time with lines of its own, and why it has them."""

    start: int
    """Position of its first point, from 0."""
    reason: str
    """What changed, as it was recorded; empty for the first phase alone."""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A control chart: what is plotted, and the lines it is held against."""

    kind: Kind
    value: NDArray[np.float64]
    """Shape (n,): what is plotted."""
    centre: NDArray[np.float64]
    """Shape (n,): the centre line at each point; it steps at a phase or a season."""
    lower: NDArray[np.float64]
    """Shape (n,): lower control limit, three sigma from the centre."""
    upper: NDArray[np.float64]
    """Shape (n,): upper control limit."""
    near_lower: NDArray[np.float64]
    """Shape (n,): two thirds of the way to the lower limit, before it is cut at 0."""
    near_upper: NDArray[np.float64]
    """Shape (n,): two thirds of the way to the upper limit."""
    phases: tuple[Phase, ...]
    """In order; the first starts at 0."""
    level: tuple[float, ...]
    """Of each phase: its centre line, over all seasons together."""
    dispersion: tuple[float, ...]
    """Of each phase of a p′ or u′ chart: limits are so many times as wide as those of
    the p or u chart (Laney's sigma_z); 1 for every other chart."""
    baseline: NDArray[np.bool_]
    """Shape (n,): which points the lines are computed from."""

    @property
    def centre_line(self) -> float:
        """The centre line of the last phase."""
        return self.level[-1]

    @property
    def sigma_z(self) -> float:
        """The dispersion of the last phase."""
        return self.dispersion[-1]

    @property
    def side(self) -> NDArray[np.int8]:
        """Shape (n,): 1 above the centre line, -1 below, 0 on it."""
        return sides(self.value, self.centre)

    @property
    def beyond(self) -> NDArray[np.bool_]:
        """Shape (n,): whether the point lies outside its limits."""
        return (sides(self.value, self.upper) > 0) | (sides(self.value, self.lower) < 0)

    @property
    def parts(self) -> tuple[slice, ...]:
        """The points of each phase."""
        starts = [phase.start for phase in self.phases]
        ends = [*starts[1:], self.value.size]
        return tuple(slice(a, b) for a, b in zip(starts, ends, strict=True))

    @property
    def runs(self) -> Runs:
        """Runs about the centre line in the last phase."""
        last = self.parts[-1]
        return runs(self.value[last], self.centre[last])


def mean_moving_range(values: NDArray[np.float64], *, screen: bool) -> float:
    """Give the mean distance between neighbours, without outliers where asked.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        In order of time; at least two.
    screen : bool
        Whether ranges above 3.267 times their mean are left out, once.

    Returns
    -------
    float
        In the unit of the values; 0 where neighbours are all alike.

    References
    ----------
    .. [1] `qic.i` of the R package qicharts2 0.8.1 and `ptd_spc_standard` of
       NHSRplotthedots 0.2.2, which name Nelson LS. Journal of Quality Technology
       1982;14:172-173.
    """
    ranges = np.abs(np.diff(values))
    if screen:
        ranges = ranges[ranges <= SCREEN * ranges.mean()]
    return float(ranges.mean())
