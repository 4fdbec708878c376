"""Units against one target, whatever they count: proportions, rates and ratios.

```
               what a unit has            scale (its variance)     exact limits
 proportion    events of n trials         arcsine √p   (1/4n)      binomial
 rate          events in t of time        √(O/E)       (1/4E)      Poisson, E = target·t
 ratio         events, E expected         √(O/E)       (1/4E)      Poisson
```

Without over-dispersion the limits are exact. With it they are normal on the scale in
the middle, where chance's variance hardly depends on the value, and brought back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import ndtr, ndtri

from rounds.methods.funnels.exact_limits import (
    binomial_limits,
    binomial_tails,
    checked_level,
    poisson_limits,
    poisson_tails,
)
from rounds.methods.funnels.overdispersion import (
    Dispersion,
    Overdispersion,
    dispersion,
    widened,
)
from rounds.methods.proportion import counts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["Family", "UnitComparison", "compare_units", "limits_at"]

Family = Literal["proportion", "rate", "ratio"]


@dataclass(frozen=True, kw_only=True)
class UnitComparison:
    """Where each unit lies against one target, and against limits at several levels."""

    family: Family
    target: float
    """Centre: a proportion, events per unit of time, or a ratio (usually 1)."""
    overdispersion: Overdispersion
    dispersion: Dispersion
    """As estimated, whether or not the limits use it."""
    levels: tuple[float, ...]
    """Coverage of each pair of limits, rising."""
    size: NDArray[np.float64]
    """Shape (n_units,): trials, time, or expected events."""
    value: NDArray[np.float64]
    """Shape (n_units,): events over size."""
    lower: NDArray[np.float64]
    """Shape (n_levels, n_units): lower limits at each unit's size."""
    upper: NDArray[np.float64]
    """Shape (n_levels, n_units): upper limits."""
    z: NDArray[np.float64]
    """Shape (n_units,): distance in standard errors, over-dispersion allowed for."""
    p_value: NDArray[np.float64]
    """Shape (n_units,): two-sided; that of z as a standard normal value where limits
    are widened, twice the smaller exact tail where chance alone acts."""
    sides: NDArray[np.int64]
    """Shape (n_levels, n_units): −1 below the limits, 0 within, 1 above. Where chance
    alone acts, a unit beyond the interpolated limit is outside only if its exact tail
    is no larger than the level allows."""
    chance_alone: bool
    """Whether the limits are the exact ones: units vary no more than chance allows, or
    over-dispersion was not asked for."""

    def side(self, level: float) -> NDArray[np.int64]:
        """Say on which side of its limits each unit lies.

        Parameters
        ----------
        level : float
            One of `levels`.

        Returns
        -------
        ndarray of int, shape (n_units,)
            −1 below, 0 within (or on a limit), 1 above.
        """
        return np.asarray(self.sides[self.levels.index(level)], dtype=np.int64)


def compare_units(
    family: Family,
    events: ArrayLike,
    size: ArrayLike,
    *,
    target: float | None = None,
    overdispersion: Overdispersion = "additive",
    levels: Sequence[float] = (0.95, 0.998),
    winsorise: float = 0.1,
) -> UnitComparison:
    """Compare units with one target by funnel limits.

    Parameters
    ----------
    family : {"proportion", "rate", "ratio"}
        What events are counted against.
    events : array_like of int, shape (n_units,)
        At least two units.
    size : array_like of float, shape (n_units,)
        Trials, time at risk, or expected events, above 0.
    target : float, optional
        The centre; where none is given, all events over all trials or time, and 1 for a
        ratio.
    overdispersion : {"additive", "multiplicative", "none"}
        How the limits allow for units that differ by more than chance.
    levels : sequence of float
        Coverage of each pair of limits, in (0, 1).
    winsorise : float
        As `rounds.methods.funnels.overdispersion.dispersion`.

    Returns
    -------
    UnitComparison
        In the units' order.

    Raises
    ------
    ValueError
        If there are fewer than two units, counts or sizes are impossible, no event (or
        nothing but events) gives no target, or a level is impossible.

    References
    ----------
    .. [1] Spiegelhalter DJ. Funnel plots for comparing institutional performance.
       Statistics in Medicine 2005;24:1185-1202. doi:10.1002/sim.1970.
    .. [2] The square-root scale of a ratio is the method "CQC" of the R package
       FunnelPlotR, with which phi and tau² agree. Its limits there are 1 ± z·s on that
       scale; here they are squared, so that they are limits of the ratio itself.

    Examples
    --------
    >>> found = compare_units("ratio", [30, 18, 65], [20.0, 20.0, 50.0])
    >>> found.target, found.value.tolist()
    (1.0, [1.5, 0.9, 1.3])
    """
    if family not in ("proportion", "rate", "ratio"):
        raise ValueError(f"units have a proportion, a rate or a ratio, not a {family}")
    x, n = _checked(family, events, size)
    centre = _centre(family, x, n, target)
    steps = tuple(sorted({checked_level(level) for level in levels}))
    if not steps:
        raise ValueError("at least one level is needed")
    y, se = _on_scale(family, x / n, n, centre)
    found = dispersion(y / se, se, winsorise)
    z = y / widened(se, found, overdispersion)
    alone = _is_chance(found, overdispersion)
    if alone:
        tails = _tails(family, x, n, centre)
    else:
        tails = (np.asarray(ndtr(z), dtype=float), np.asarray(ndtr(-z), dtype=float))
    ends = [
        limits_at(family, n, centre, found, overdispersion=overdispersion, level=level)
        for level in steps
    ]
    lower = np.array([end for end, _ in ends])
    upper = np.array([end for _, end in ends])
    return UnitComparison(
        family=family,
        target=centre,
        overdispersion=overdispersion,
        dispersion=found,
        levels=steps,
        size=n,
        value=x / n,
        lower=lower,
        upper=upper,
        z=z,
        p_value=np.minimum(2 * np.minimum(*tails), 1.0),
        sides=_sides(x / n, lower, upper, tails, steps if alone else ()),
        chance_alone=alone,
    )


def limits_at(
    family: Family,
    size: ArrayLike,
    target: float,
    found: Dispersion,
    *,
    overdispersion: Overdispersion = "additive",
    level: float = 0.998,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the limits at the sizes asked for, to draw a funnel's curves.

    Parameters
    ----------
    family : {"proportion", "rate", "ratio"}
        As `compare_units`.
    size : array_like of float, shape (n,)
        Sizes above 0; whole numbers for the exact limits of a proportion.
    target : float
        The centre.
    found : Dispersion
        The over-dispersion of the units.
    overdispersion : {"additive", "multiplicative", "none"}
        Whether and how it widens the limits. Where units vary no more than chance
        (tau² of 0, phi of at most 1) the limits are the exact ones.
    level : float
        Coverage, in (0, 1).

    Returns
    -------
    lower, upper : ndarray of float, shape (n,)
        In units of the target.

    Raises
    ------
    ValueError
        As `compare_units`.

    Examples
    --------
    >>> lower, upper = limits_at(
    ...     "ratio", [100.0], 1.0, Dispersion(phi=1.0, tau2=0.01), level=0.95
    ... )
    >>> round(float(lower[0]), 3), round(float(upper[0]), 3)
    (0.61, 1.486)
    """
    n = np.atleast_1d(np.asarray(size, dtype=float))
    if _is_chance(found, overdispersion):
        if family == "proportion":
            return binomial_limits(n, target, level)
        lower, upper = poisson_limits(n * target, level)
        return lower * target, upper * target
    _, se = _on_scale(family, np.full(n.shape, target), n, target)
    half = ndtri((1 + checked_level(level)) / 2) * widened(se, found, overdispersion)
    if family == "proportion":
        centre = np.arcsin(np.sqrt(target))
        lower = np.sin(np.clip(centre - half, 0.0, np.pi / 2)) ** 2
        return lower, np.sin(np.clip(centre + half, 0.0, np.pi / 2)) ** 2
    return target * np.maximum(1 - half, 0.0) ** 2, target * (1 + half) ** 2


def _is_chance(found: Dispersion, how: Overdispersion) -> bool:
    if how == "none":
        return True
    return found.tau2 == 0 if how == "additive" else found.phi <= 1


def _tails(
    family: Family, x: NDArray[np.float64], n: NDArray[np.float64], centre: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if family == "proportion":
        return binomial_tails(x, n, centre)
    return poisson_tails(x, n * centre)


def _sides(
    value: NDArray[np.float64],
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
    tails: tuple[NDArray[np.float64], NDArray[np.float64]],
    exact: Sequence[float],
) -> NDArray[np.int64]:
    below, above = value < lower, value > upper
    if exact:
        most = (1 - np.array(exact)[:, None]) / 2
        below, above = below & (tails[0] <= most), above & (tails[1] <= most)
    return above.astype(np.int64) - below.astype(np.int64)


def _checked(
    family: Family, events: ArrayLike, size: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if family == "proportion":
        x, n = counts(events, size)
    else:
        x = np.atleast_1d(np.asarray(events, dtype=float))
        n = np.atleast_1d(np.asarray(size, dtype=float))
        if x.shape != n.shape or x.ndim != 1:
            raise ValueError(f"{x.size} counts of events for {n.size} units")
        if not (np.isfinite(n).all() and (n > 0).all()):
            raise ValueError("each size is a finite number above 0")
        if not (np.isfinite(x).all() and (x >= 0).all()):
            raise ValueError("each count of events is a finite number of at least 0")
    if x.size < 2:
        raise ValueError(f"units are compared from two on, not {x.size}")
    if not (x == np.floor(x)).all():
        raise ValueError("each count of events is a whole number")
    return x, n


def _centre(
    family: Family,
    x: NDArray[np.float64],
    n: NDArray[np.float64],
    target: float | None,
) -> float:
    pooled = 1.0 if family == "ratio" else float(x.sum() / n.sum())
    centre = pooled if target is None else float(target)
    if family == "proportion" and not 0 < centre < 1:
        raise ValueError(f"the target lies strictly between 0 and 1, not {centre}")
    if not (np.isfinite(centre) and centre > 0):
        raise ValueError(f"the target is above 0, not {centre}")
    return centre


def _on_scale(
    family: Family,
    value: NDArray[np.float64],
    n: NDArray[np.float64],
    centre: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give distances from the target, and standard errors, with a steady variance."""
    if family == "proportion":
        distance = np.arcsin(np.sqrt(value)) - np.arcsin(np.sqrt(centre))
        return distance, 0.5 / np.sqrt(n)
    return np.sqrt(value / centre) - 1.0, 0.5 / np.sqrt(n * centre)
