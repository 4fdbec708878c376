"""The funnel of units that were compared from a table of counts."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rounds.methods.funnels.unit_comparison import UnitComparison
from rounds.reports.charts import Funnel, FunnelLimits, FunnelPoint, Unit

__all__ = ["units_funnel"]

Curve = NDArray[np.float64]
Flag = Literal["none", "better", "worse", "outside"]
_UNIT: dict[str, Unit] = {"proportion": "percent", "rate": "number", "ratio": "number"}


def units_funnel(
    comparison: UnitComparison,
    names: Sequence[str],
    curve: tuple[Curve, Curve, Curve],
    *,
    title: str,
    across: str,
    centre_name: str,
    improvement: Literal["up", "down"] | None = None,
) -> Funnel:
    """Give what the funnel of compared units shows.

    Parameters
    ----------
    comparison : UnitComparison
        Units against their limits.
    names : sequence of str, length n_units
        Their names.
    curve : (sizes, lower, upper)
        Where limits are drawn, shape (n_sizes,), and the limits there, shape
        (n_levels, n_sizes).
    title, across, centre_name : str
        The picture's name, what its horizontal axis counts, and what its centre is.
    improvement : {"up", "down"}, optional
        Which side is better; where nobody says, a unit outside is only outside.

    Returns
    -------
    Funnel
        For `rounds.reports.charts.funnel`, with its legend: it stands alone.
    """
    sides = comparison.side(comparison.levels[-1])
    points = tuple(
        FunnelPoint(
            label=name,
            denominator=float(size),
            value=float(value),
            flag=_flag(int(side), improvement),
        )
        for name, size, value, side in zip(
            names, comparison.size, comparison.value, sides, strict=True
        )
    )
    sizes, lower, upper = curve
    limits = tuple(
        FunnelLimits(
            denominator=float(size),
            lower=tuple(float(one) for one in lower[:, i]),
            upper=tuple(float(one) for one in upper[:, i]),
        )
        for i, size in enumerate(sizes)
    )
    return Funnel(
        title=title,
        points=points,
        limits=limits,
        centre=comparison.target,
        levels=comparison.levels,
        denominator=across,
        unit=_UNIT[comparison.family],
        centre_name=centre_name,
        legend=True,
    )


def _flag(side: int, improvement: Literal["up", "down"] | None) -> Flag:
    if side == 0:
        return "none"
    if improvement is None:
        return "outside"
    return "better" if (side > 0) == (improvement == "up") else "worse"
