"""Funnel plots for proportions, with limits that allow for over-dispersion.

Each unit is compared with one target on the arcsine square-root scale, on which the
variance of a proportion hardly depends on its value. Where units differ by more than
chance, a between-unit variance widens the limits (the additive model).

This is the funnel of a Problem. `rounds.methods.unit_comparison` compares rates and
ratios too, and several levels at once; the two agree where units vary by more than
chance. Where they do not, its limits are exact, and these stay on the arcsine scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from rounds.methods.overdispersion import dispersion
from rounds.methods.proportion import counts

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Funnel", "funnel", "funnel_limits"]


@dataclass(frozen=True, kw_only=True)
class Funnel:
    """How far units lie from a target, with over-dispersion allowed for."""

    target: float
    """The funnel's centre, a proportion in [0, 1]."""
    phi: float
    """Over-dispersion ratio: mean squared winsorised z-score; near 1 under chance."""
    tau2: float
    """Between-unit variance on the arcsine square-root scale, at least 0."""
    z: NDArray[np.float64]
    """Shape (n_units,): distance from the target in adjusted standard errors."""
    lower: NDArray[np.float64]
    """Shape (n_units,): lower limit at each unit's size, a proportion."""
    upper: NDArray[np.float64]
    """Shape (n_units,): upper limit at each unit's size, a proportion."""
    low: NDArray[np.bool_]
    """Shape (n_units,): whether the unit lies below its lower limit."""
    high: NDArray[np.bool_]
    """Shape (n_units,): whether the unit lies above its upper limit."""


def funnel(
    successes: ArrayLike,
    totals: ArrayLike,
    *,
    target: float | None = None,
    level: float = 0.998,
    winsorise: float = 0.1,
    restore: bool = False,
) -> Funnel:
    """Compare units with a target by funnel limits with over-dispersion.

    Parameters
    ----------
    successes, totals : array_like of int, shape (n_units,)
        Events and trials of each unit; at least two units.
    target : float, optional
        A proportion in (0, 1); the pooled proportion where none is given.
    level : float
        Coverage of the limits under chance; 0.998 is three standard errors or so.
    winsorise : float
        Share of z-scores pulled in at either end before over-dispersion is estimated,
        so that true outliers do not hide themselves.
    restore : bool
        Whether to give back what winsorising takes off a normal spread.

    Returns
    -------
    Funnel
        The additive (random-effects) adjustment with the moment estimator of tau².

    Raises
    ------
    ValueError
        If there are fewer than two units, counts are impossible, or the target is not
        strictly between 0 and 1.

    Notes
    -----
    Winsorising makes the spread look a little smaller than it is. FunnelPlotR does not
    correct for that, nor does this function unless it is asked to `restore`: where
    units differ by an ordinary (normal) spread, about 1% of them, not 0.2%, then lie
    beyond 99.8% limits.

    References
    ----------
    .. [1] Spiegelhalter DJ. Funnel plots for comparing institutional performance.
       Statistics in Medicine 2005;24:1185-1202. doi:10.1002/sim.1970; the method as
       the R package FunnelPlotR documents it, which the tests compare.
    .. [2] Spiegelhalter DJ. Handling over-dispersion of performance indicators.
       Quality and Safety in Health Care 2005;14:347-351 (abstract).

    Examples
    --------
    >>> result = funnel([5, 10, 40], [50, 100, 100])
    >>> bool(result.high[2]), round(result.target, 2)
    (False, 0.22)
    """
    x, n = counts(successes, totals)
    if x.size < 2:
        raise ValueError(f"a funnel needs at least two units, not {x.size}")
    centre = float(x.sum() / n.sum()) if target is None else float(target)
    if not 0 < centre < 1:
        raise ValueError(f"the target lies strictly between 0 and 1, not {centre}")
    se = 0.5 / np.sqrt(n)
    distance = _arcsine(x / n) - _arcsine(centre)
    found = dispersion(distance / se, se, winsorise, restore=restore)
    tau2 = found.tau2
    lower, upper = funnel_limits(n, centre, tau2, level)
    p = x / n
    return Funnel(
        target=centre,
        phi=found.phi,
        tau2=tau2,
        z=distance / np.sqrt(se**2 + tau2),
        lower=lower,
        upper=upper,
        low=p < lower,
        high=p > upper,
    )


def funnel_limits(
    totals: ArrayLike, target: float, tau2: float = 0.0, level: float = 0.998
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the funnel's limits at the sizes asked for, to draw its curves.

    Parameters
    ----------
    totals : array_like of float, shape (n,)
        Sizes, each above 0.
    target : float
        The centre, a proportion.
    tau2 : float
        Between-unit variance; 0 gives the limits of chance alone.
    level : float
        Coverage, between 0 and 1.

    Returns
    -------
    lower, upper : ndarray of float, shape (n,)
        Proportions in [0, 1].

    Raises
    ------
    ValueError
        If a size is not above 0 or the level is not between 0 and 1.

    References
    ----------
    .. [1] As `funnel`.

    Examples
    --------
    >>> lower, upper = funnel_limits([100], 0.5, level=0.95)
    >>> round(float(lower[0]), 3), round(float(upper[0]), 3)
    (0.403, 0.597)
    """
    n = np.atleast_1d(np.asarray(totals, dtype=float))
    if not (n > 0).all():
        raise ValueError("each size is above 0")
    if not 0 < level < 1:
        raise ValueError(f"level is a number between 0 and 1, not {level}")
    half = ndtri((1 + level) / 2) * np.sqrt(0.25 / n + tau2)
    centre = _arcsine(target)
    lower = np.sin(np.clip(centre - half, 0.0, np.pi / 2)) ** 2
    upper = np.sin(np.clip(centre + half, 0.0, np.pi / 2)) ** 2
    return lower, upper


def _arcsine(p: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(np.arcsin(np.sqrt(p)), dtype=float)
