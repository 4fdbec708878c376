"""Units on the arcsine square-root scale: what they have in common, and who does not.

On this scale the variance of a proportion hardly depends on its value. Anscombe's form,
the arcsine of √((x + 3/8)/(n + 3/4)), keeps to that for counts of two events on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from rounds.methods.funnels.deletion import median_paule_mandel, paule_mandel
from rounds.methods.funnels.predictive import Predictive

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["ArcsineUnits", "Fit", "cosine_at_centre", "mean_proportion"]

_ROUNDS = 20
_MANY = 20
"""From so many units on, the median of their squared distances tells where to begin;
of fewer it is too vague, and would set ordinary units aside for good."""
_NEAR = 0.5
"""Units nearer than this share of a normal limit's distance are not looked at."""


@dataclass(frozen=True, kw_only=True)
class Fit:
    """What units of one or many sets have in common, each of shape (n_sets,)."""

    shift: NDArray[np.float64]
    """Angle between where units are and where they are expected."""
    tau2: NDArray[np.float64]
    """Variance between units."""
    total: NDArray[np.float64]
    """Sum of weights: one over the variance of the shift."""


@dataclass(frozen=True, kw_only=True)
class ArcsineUnits:
    """Counts and where they lie, each of shape (n_units,)."""

    x: NDArray[np.float64]
    """Events."""
    n: NDArray[np.float64]
    """Trials."""
    offset: NDArray[np.float64]
    """Where a unit is expected; 0 where all are expected in one place."""
    place: NDArray[np.float64]
    """Anscombe's arcsine of each unit."""
    se: NDArray[np.float64]
    """Of chance alone."""

    @classmethod
    def of(
        cls,
        x: NDArray[np.float64],
        n: NDArray[np.float64],
        expected: ArrayLike | None,
    ) -> ArcsineUnits:
        """Place units; `expected` are events, or None where one place is for all.

        Raises
        ------
        ValueError
            If an expectation does not lie between 0 and the unit's total.
        """
        offset = np.zeros(x.size)
        if expected is not None:
            e = np.asarray(expected, dtype=float)
            if e.shape != n.shape or not ((e > 0) & (e < n)).all():
                raise ValueError("each expectation lies between 0 and its unit's total")
            offset = np.arcsin(np.sqrt(e / n))
        place = np.arcsin(np.sqrt((x + 0.375) / (n + 0.75)))
        return cls(x=x, n=n, offset=offset, place=place, se=1 / np.sqrt(4 * n + 2))

    def fit(self, of: NDArray[np.bool_]) -> Fit:
        """Fit what the units of each row have in common."""
        tau2 = paule_mandel(self.place - self.offset, self.se, among=of)
        w = of / (self.se**2 + tau2[:, None])
        total = w.sum(axis=1)
        # Mean of 1 − 2 sin² over the spread, for a shift that is not known yet.
        wanted = cosine_at_centre((w @ (1 - 2 * self.x / self.n)) / total, tau2)
        across = (w @ np.cos(2 * self.offset)) / total
        along = (w @ np.sin(2 * self.offset)) / total
        reach = np.hypot(across, along)
        angle = np.arccos(np.clip(wanted / reach, -1.0, 1.0))
        shift = (angle - np.arctan2(along, across)) / 2
        return Fit(shift=shift, tau2=tau2, total=total)

    def beyond(
        self,
        tail: float,
        centre: NDArray[np.float64],
        tau2: ArrayLike,
        df: float,
        more: ArrayLike = 0.0,
    ) -> NDArray[np.bool_]:
        """Say whether the mid-P of few, or of many, is below the tail: (2, k)."""
        t = np.broadcast_to(np.asarray(tau2, dtype=float), centre.shape)
        m = np.broadcast_to(np.asarray(more, dtype=float), centre.shape)
        near = _NEAR * abs(ndtri(tail)) * np.sqrt(self.se**2 + t + m)
        far = np.abs(self.place - centre) > near
        found = np.zeros((2, centre.size), dtype=bool)
        if far.any():
            x, n, c, t, m = (of[far] for of in (self.x, self.n, centre, t, m))
            found[0, far] = Predictive(n, c, t, df, m).fewer(x) < tail
            turned = Predictive(n, np.pi / 2 - c, t, df, m)
            found[1, far] = turned.fewer(n - x) < tail
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
        if self.x.size < _MANY:
            return np.zeros(self.x.size, dtype=bool)
        centre, tau2 = median_paule_mandel(self.place - self.offset, self.se)
        df = self.x.size - 1
        far: NDArray[np.bool_] = np.logical_or(
            *self.beyond(tail, self.offset + centre, tau2, df)
        )
        return far

    def _outside(self, aside: NDArray[np.bool_], tail: float) -> NDArray[np.bool_]:
        whole = self.fit(~aside[None, :])
        df = int((~aside).sum()) - 1
        centre = self.offset + whole.shift[0]
        outside: NDArray[np.bool_] = np.logical_or(
            *self.beyond(tail, centre, whole.tau2[0], df)
        )
        if df < 2:
            return outside
        at = np.flatnonzero(~aside)
        kept = np.repeat(~aside[None, :], at.size, axis=0)
        kept[np.arange(at.size), at] = False
        others = self.fit(kept)
        left_out = self._only(at)
        beyond = left_out.beyond(
            tail,
            left_out.offset + others.shift,
            others.tau2,
            df - 1,
            1 / others.total,
        )
        outside[at] |= np.logical_or(*beyond)
        return outside

    def _only(self, at: NDArray[np.int64]) -> ArcsineUnits:
        parts = (self.x, self.n, self.offset, self.place, self.se)
        x, n, offset, place, se = (part[at] for part in parts)
        return ArcsineUnits(x=x, n=n, offset=offset, place=place, se=se)

    def phi(self, of: NDArray[np.bool_]) -> float:
        """Give Cochran's Q over its degrees of freedom."""
        y, w = (self.place - self.offset)[of], 1 / self.se[of] ** 2
        mean = (w * y).sum() / w.sum()
        return float((w * (y - mean) ** 2).sum() / (y.size - 1))


def cosine_at_centre(cosine: ArrayLike, tau2: ArrayLike) -> NDArray[np.float64]:
    """Give cos 2θ at the centre, of its mean over a normal spread around it.

    Parameters
    ----------
    cosine : array_like of float, shape (n,)
        Mean of cos 2θ, which is 1 less twice the mean proportion.
    tau2 : array_like of float, shape (n,) or ()
        Variance of θ.

    Returns
    -------
    ndarray of float, shape (n,)
        In [−1, 1]; at an end where no centre has that mean.

    Examples
    --------
    >>> centre = np.arccos(cosine_at_centre([0.6], 0.01)) / 2
    >>> mean_proportion(centre, 0.01).round(12).tolist()
    [0.2]
    """
    back = np.exp(2 * np.asarray(tau2, dtype=float))
    return np.asarray(np.clip(np.asarray(cosine) * back, -1.0, 1.0), dtype=float)


def mean_proportion(centre: NDArray[np.float64], tau2: float) -> NDArray[np.float64]:
    """Give the mean of sin² over a normal spread around a centre.

    Parameters
    ----------
    centre : ndarray of float, shape (n,)
        Angles.
    tau2 : float
        Variance of the spread.

    Returns
    -------
    ndarray of float, shape (n,)
        Proportions.

    Examples
    --------
    >>> mean_proportion(np.array([np.pi / 4]), 0.1).round(12).tolist()
    [0.5]
    """
    return np.asarray((1 - np.cos(2 * centre) * np.exp(-2 * tau2)) / 2, dtype=float)
