"""The funnel of a Problem: each unit against limits that were made without it.

A unit is unusual if it lies beyond what the others lead one to expect. The true
proportions of ordinary units have a normal spread on the arcsine square-root scale
around a centre; both are estimated from those units that are not unusual, and a unit is
judged by an estimate that leaves it out. Its count is then a binomial one around a
proportion drawn from that spread, whose tails are computed, not approximated: so small
units and rare events are told apart from chance as well as large and common ones.

`rounds.methods.funnels.unit_comparison` compares rates and ratios too, several levels
at once, and widens its limits as FunnelPlotR does.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from rounds.methods.funnels.arcsine_units import (
    ArcsineUnits,
    cosine_at_centre,
    mean_proportion,
)
from rounds.methods.funnels.predictive import Predictive
from rounds.methods.proportion import counts

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Funnel", "funnel", "funnel_limits"]


@dataclass(frozen=True, kw_only=True)
class Funnel:
    """Where units lie, what ordinary ones have in common, and which are not so."""

    target: float
    """Mean proportion of ordinary units; where each has its own expectation, the mean
    of these, moved as the units are."""
    tau2: float
    """Variance between ordinary units on the arcsine square-root scale, at least 0."""
    phi: float
    """Over-dispersion ratio of ordinary units: mean squared distance from their mean in
    units of chance's variance; near 1 where chance alone acts."""
    df: int
    """Degrees of freedom of tau², ordinary units minus one."""
    level: float
    """Coverage of the limits."""
    size: NDArray[np.float64]
    """Shape (n_units,): trials."""
    centre: NDArray[np.float64]
    """Shape (n_units,): where each unit is expected, as the arcsine of a root."""
    low: NDArray[np.bool_]
    """Shape (n_units,): whether the unit lies below its lower limit."""
    high: NDArray[np.bool_]
    """Shape (n_units,): whether the unit lies above its upper limit."""

    @cached_property
    def limits(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lower and upper limit of each unit's proportion, each of shape (n_units,)."""
        tail = (1 - self.level) / 2
        return _limits(self.size, self.centre, self.tau2, self.df, tail)


def funnel(
    successes: ArrayLike,
    totals: ArrayLike,
    *,
    expected: ArrayLike | None = None,
    level: float = 0.998,
) -> Funnel:
    """Find the units that do not belong to the spread of the others.

    Parameters
    ----------
    successes, totals : array_like of int, shape (n_units,)
        Events and trials of each unit; at least three units, and some event and some
        trial without one.
    expected : array_like of float, shape (n_units,), optional
        Events that a case-mix model expects of each unit, strictly between 0 and the
        unit's total. Units are then compared after each has been moved by its
        expectation; where none is given, all have the same.
    level : float
        Coverage of the limits for an ordinary unit.

    Returns
    -------
    Funnel
        A unit lies outside its limits if, and only if, it is named `low` or `high`.

    Raises
    ------
    ValueError
        If there are fewer than three units, counts or expectations are impossible, or
        all trials, or none, are successes.

    Notes
    -----
    Units that lie beyond the limits when each is left out are set aside, the rest is
    fitted again, and so on until the same units are outside. A unit that has been set
    aside returns if it lies within the limits of the others.

    The variance of Anscombe's arcsine is that of chance for counts of two events on.
    The centre solves the weighted mean of the proportions for the mean of sin² over the
    spread, which is unbiased however small the counts. With one expectation and no
    spread it is the pooled proportion. A unit is named by the mid-P value of its count,
    which allows for how well so many units can tell their spread: with few units, or
    with many that differ little, limits are wider than those of chance alone.

    With an expectation of their own, units' counts vary a little less than binomial
    ones, so that the limits are a little too wide.

    References
    ----------
    .. [1] Jones HE, Spiegelhalter DJ. The identification of "unusual" health-care
       providers from a hierarchical model. The American Statistician 2011;65:154-163
       (abstract).
    .. [2] Viechtbauer W, Cheung MW-L. Outlier and influence diagnostics for
       meta-analysis. Research Synthesis Methods 2010;1:112-125, as metafor implements
       it: see `rounds.methods.funnels.deletion`.
    .. [3] Nagashima K, Noma H, Furukawa TA. Prediction intervals for random-effects
       meta-analysis. Statistical Methods in Medical Research 2019;28:1689-1702: a new
       unit's place by a t distribution (Higgins, Thompson and Spiegelhalter's).

    Examples
    --------
    >>> found = funnel([70, 66, 71, 69, 68, 67, 30], [100] * 7)
    >>> found.low.tolist(), round(found.target, 3)
    ([False, False, False, False, False, False, True], 0.685)
    """
    x, n = counts(successes, totals)
    if x.size < 3:
        raise ValueError(f"a funnel needs at least three units, not {x.size}")
    if not 0 < x.sum() < n.sum():
        raise ValueError("all trials, or none, are successes: there is no spread")
    tail = (1 - _checked_level(level)) / 2
    units = ArcsineUnits.of(x, n, expected)
    outside = units.unusual(tail)
    ordinary = units.fit(~outside[None, :])
    centre = units.offset + ordinary.shift[0]
    tau2, df = float(ordinary.tau2[0]), int((~outside).sum()) - 1
    mean = np.average(mean_proportion(centre, tau2), weights=n)
    low, high = units.beyond(tail, centre, tau2, df)
    return Funnel(
        target=float(mean),
        tau2=tau2,
        phi=units.phi(~outside),
        df=df,
        level=level,
        size=n,
        centre=centre,
        low=low,
        high=high,
    )


def funnel_limits(
    totals: ArrayLike,
    target: float,
    tau2: float = 0.0,
    df: float = np.inf,
    level: float = 0.998,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the funnel's limits at the sizes asked for, to draw its curves.

    Parameters
    ----------
    totals : array_like of float, shape (n,)
        Sizes, each above 0.
    target : float
        The funnel's centre, a proportion in (0, 1).
    tau2 : float
        Between-unit variance; 0 gives the limits of chance alone.
    df : float
        Degrees of freedom of that variance, above 0.
    level : float
        Coverage, between 0 and 1.

    Returns
    -------
    lower, upper : ndarray of float, shape (n,)
        Proportions in [0, 1]: `Funnel.limits`, if given its target, tau2 and df, where
        all units have one expectation.

    Raises
    ------
    ValueError
        If a size is not above 0, the target or level not between 0 and 1, tau² below 0,
        or the degrees of freedom not above 0.

    References
    ----------
    .. [1] As `funnel`.

    Examples
    --------
    >>> lower, upper = funnel_limits([100], 0.5, level=0.95)
    >>> round(float(lower[0]), 3), round(float(upper[0]), 3)
    (0.402, 0.598)
    """
    n = np.atleast_1d(np.asarray(totals, dtype=float))
    if not (np.isfinite(n).all() and (n > 0).all()):
        raise ValueError("each size is above 0")
    if not 0 < target < 1:
        raise ValueError(f"the target lies strictly between 0 and 1, not {target}")
    if not (tau2 >= 0 and df > 0):
        raise ValueError(f"tau² is at least 0 and df above 0, not {tau2} and {df}")
    tail = (1 - _checked_level(level)) / 2
    centre = np.full(n.size, 0.5 * np.arccos(cosine_at_centre(1 - 2 * target, tau2)))
    return _limits(n, centre, tau2, df, tail)


def _limits(
    n: NDArray[np.float64],
    centre: NDArray[np.float64],
    tau2: float,
    df: float,
    tail: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    below = Predictive(n, centre, tau2, df).quantile(tail)
    above = Predictive(n, np.pi / 2 - centre, tau2, df).quantile(tail)
    return np.maximum(below / n, 0.0), np.minimum(1 - above / n, 1.0)


def _checked_level(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"level is a number between 0 and 1, not {level}")
    return float(level)
