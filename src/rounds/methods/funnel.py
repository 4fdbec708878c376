"""The funnel of a Problem: each unit against limits that were made without it.

A unit is unusual if it lies beyond what the others lead one to expect. The true
proportions of ordinary units have a normal spread on the arcsine square-root scale
around a centre; both are estimated from those units that are not unusual, and a unit is
judged by an estimate that leaves it out. Its count is then a binomial one around a
proportion drawn from that spread, whose tails are computed, not approximated: so small
units and rare events are told apart from chance as well as large and common ones.

`rounds.methods.unit_comparison` compares rates and ratios too, several levels at once,
and widens its limits as FunnelPlotR does.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from rounds.methods.deletion import median_paule_mandel, paule_mandel
from rounds.methods.predictive import at_most, quantile
from rounds.methods.proportion import counts

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Funnel", "funnel", "funnel_limits"]

_ROUNDS = 20
_NEAR = 0.5
"""Units nearer than this share of a normal limit's distance are not looked at."""


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
        tau, tail = float(np.sqrt(self.tau2)), (1 - self.level) / 2
        return _limits(self.size, self.centre, tau, self.df, tail)


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
    spread it is the pooled proportion, and the limits are those of a binomial count.

    With an expectation of their own, units' counts vary a little less than binomial
    ones, so that the limits are a little too wide.

    References
    ----------
    .. [1] Jones HE, Spiegelhalter DJ. The identification of "unusual" health-care
       providers from a hierarchical model. The American Statistician 2011;65:154-163
       (abstract).
    .. [2] Viechtbauer W, Cheung MW-L. Outlier and influence diagnostics for
       meta-analysis. Research Synthesis Methods 2010;1:112-125, as metafor implements
       it: see `rounds.methods.deletion`.
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
    units = _Units.of(x, n, expected)
    outside = units.unusual(tail)
    ordinary = units.fit(~outside[None, :])
    centre = units.offset + ordinary.shift[0]
    tau, df = float(np.sqrt(ordinary.tau2[0])), int((~outside).sum()) - 1
    mean = np.average(_proportion(centre, ordinary.tau2[0]), weights=n)
    low, high = units.beyond(tail, centre, tau, df)
    return Funnel(
        target=float(mean),
        tau2=float(ordinary.tau2[0]),
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
    (0.396, 0.604)
    """
    n = np.atleast_1d(np.asarray(totals, dtype=float))
    if not (np.isfinite(n).all() and (n > 0).all()):
        raise ValueError("each size is above 0")
    if not 0 < target < 1:
        raise ValueError(f"the target lies strictly between 0 and 1, not {target}")
    if not (tau2 >= 0 and df > 0):
        raise ValueError(f"tau² is at least 0 and df above 0, not {tau2} and {df}")
    tail = (1 - _checked_level(level)) / 2
    centre = np.full(n.size, 0.5 * np.arccos(_drawn_in(1 - 2 * target, tau2)))
    return _limits(n, centre, float(np.sqrt(tau2)), df, tail)


@dataclass(frozen=True, kw_only=True)
class _Fit:
    """Of one or many sets of units, one row each."""

    shift: NDArray[np.float64]
    tau2: NDArray[np.float64]
    total: NDArray[np.float64]
    """Sum of weights: one over the variance of the shift."""


@dataclass(frozen=True, kw_only=True)
class _Units:
    """Counts, and where they lie on the arcsine square-root scale."""

    x: NDArray[np.float64]
    n: NDArray[np.float64]
    offset: NDArray[np.float64]
    """Where a unit is expected; 0 where all are expected in one place."""
    place: NDArray[np.float64]
    se: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        x: NDArray[np.float64],
        n: NDArray[np.float64],
        expected: ArrayLike | None,
    ) -> _Units:
        offset = np.zeros(x.size)
        if expected is not None:
            e = np.asarray(expected, dtype=float)
            if e.shape != n.shape or not ((e > 0) & (e < n)).all():
                raise ValueError("each expectation lies between 0 and its unit's total")
            offset = np.arcsin(np.sqrt(e / n))
        place = np.arcsin(np.sqrt((x + 0.375) / (n + 0.75)))
        return cls(x=x, n=n, offset=offset, place=place, se=1 / np.sqrt(4 * n + 2))

    def fit(self, of: NDArray[np.bool_]) -> _Fit:
        """Fit what the units of each row have in common."""
        tau2 = paule_mandel(self.place - self.offset, self.se, among=of)
        w = of / (self.se**2 + tau2[:, None])
        total = w.sum(axis=1)
        # Mean of 1 − 2 sin² over the spread, for a shift that is not known yet.
        wanted = _drawn_in((w @ (1 - 2 * self.x / self.n)) / total, tau2)
        across = (w @ np.cos(2 * self.offset)) / total
        along = (w @ np.sin(2 * self.offset)) / total
        reach = np.hypot(across, along)
        angle = np.arccos(np.clip(wanted / reach, -1.0, 1.0))
        shift = (angle - np.arctan2(along, across)) / 2
        return _Fit(shift=shift, tau2=tau2, total=total)

    def beyond(
        self, tail: float, centre: NDArray[np.float64], spread: ArrayLike, df: float
    ) -> NDArray[np.bool_]:
        """Say whether so few, or so many, events are rarer than the tail: (2, k)."""
        wide = np.broadcast_to(np.asarray(spread, dtype=float), centre.shape)
        near = _NEAR * abs(ndtri(tail)) * np.sqrt(self.se**2 + wide**2)
        far = np.abs(self.place - centre) > near
        x, n, c, s = self.x[far], self.n[far], centre[far], wide[far]
        found = np.zeros((2, centre.size), dtype=bool)
        found[0, far] = at_most(x, n, c, s, df) < tail
        found[1, far] = at_most(n - x, n, np.pi / 2 - c, s, df) < tail
        return found

    def unusual(self, tail: float) -> NDArray[np.bool_]:
        """Say which units lie beyond what the ordinary ones lead one to expect."""
        aside = self._far_from_the_middle(tail)
        for _ in range(_ROUNDS):
            again = self._outside(aside, tail)
            if (again == aside).all() or (~again).sum() < max(2, aside.size / 2):
                break
            aside = again
        return aside

    def _far_from_the_middle(self, tail: float) -> NDArray[np.bool_]:
        """Say which units to set aside at first, however many hide each other."""
        centre, tau2 = median_paule_mandel(self.place - self.offset, self.se)
        spread, df = float(np.sqrt(tau2)), self.x.size - 1
        return self.beyond(tail, self.offset + centre, spread, df).any(axis=0)

    def _outside(self, aside: NDArray[np.bool_], tail: float) -> NDArray[np.bool_]:
        whole = self.fit(~aside[None, :])
        df = int((~aside).sum()) - 1
        centre = self.offset + whole.shift[0]
        outside = self.beyond(tail, centre, np.sqrt(whole.tau2[0]), df).any(axis=0)
        if df < 2:
            return outside
        at = np.flatnonzero(~aside)
        kept = np.repeat(~aside[None, :], at.size, axis=0)
        kept[np.arange(at.size), at] = False
        others = self.fit(kept)
        left_out = self._only(at)
        spread = np.sqrt(others.tau2 + 1 / others.total)
        expected = left_out.offset + others.shift
        outside[at] |= left_out.beyond(tail, expected, spread, df - 1).any(axis=0)
        return outside

    def _only(self, at: NDArray[np.int64]) -> _Units:
        parts = (self.x, self.n, self.offset, self.place, self.se)
        x, n, offset, place, se = (part[at] for part in parts)
        return _Units(x=x, n=n, offset=offset, place=place, se=se)

    def phi(self, of: NDArray[np.bool_]) -> float:
        """Give Cochran's Q over its degrees of freedom."""
        y, w = (self.place - self.offset)[of], 1 / self.se[of] ** 2
        mean = (w * y).sum() / w.sum()
        return float((w * (y - mean) ** 2).sum() / (y.size - 1))


def _limits(
    n: NDArray[np.float64],
    centre: NDArray[np.float64],
    tau: float,
    df: float,
    tail: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    below = quantile(tail, n, centre, tau, df)
    above = quantile(tail, n, np.pi / 2 - centre, tau, df)
    return np.maximum(below / n, 0.0), np.minimum(1 - above / n, 1.0)


def _drawn_in(cosine: ArrayLike, tau2: ArrayLike) -> NDArray[np.float64]:
    """Give cos 2θ at the centre, of its mean over a normal spread around it."""
    back = np.exp(2 * np.asarray(tau2, dtype=float))
    return np.asarray(np.clip(np.asarray(cosine) * back, -1.0, 1.0), dtype=float)


def _proportion(centre: NDArray[np.float64], tau2: float) -> NDArray[np.float64]:
    """Give the mean of sin² over a normal spread around a centre."""
    return np.asarray((1 - np.cos(2 * centre) * np.exp(-2 * tau2)) / 2, dtype=float)


def _checked_level(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"level is a number between 0 and 1, not {level}")
    return float(level)
