"""How many events a new unit has whose true proportion is drawn from a spread.

The proportion is sin² of an angle, the angle normal around a centre, the count
binomial. The variance of the angle was estimated together with that of chance, on some
degrees of freedom: their sum may be what was found times df over any chi-squared value,
and the angle has what is left of it after chance. Where its variance is known to be 0,
this is the binomial distribution.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize.elementwise import find_root
from scipy.special import betainc, chdtr, chdtri, ndtr

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Predictive"]

_ANGLES = 100
"""Cells of the angle on either side of its centre's."""
_VARIANCES = 40
"""Cells of the factor on the variance."""
_LEFT = 1e-7
"""Probability beyond the outermost cells."""
_NOTHING = 1e-12
"""Cells with less probability than this in every unit are left out."""
_EDGE = 1e-9


class Predictive:
    """The distribution of a new unit's events, for units of several sizes.

    Parameters
    ----------
    totals : array_like of float, shape (n,)
        Trials, above 0.
    centre : array_like of float, shape (n,) or ()
        Angle of the middle of the spread: the arcsine of the root of a proportion.
    tau2 : array_like of float, shape (n,) or ()
        Variance of the angle between units, at least 0.
    df : float
        Degrees of freedom that it was estimated on, above 0; infinite where it is
        known.
    more : array_like of float, shape (n,) or ()
        Variance of the centre itself.

    Notes
    -----
    Angles beyond 0 or a quarter turn count as proportions of 0 or 1. The angle's
    distribution is cut into cells, each with its exact probability and one angle in its
    middle.

    References
    ----------
    .. [1] Nagashima K, Noma H, Furukawa TA. Prediction intervals for random-effects
       meta-analysis: a confidence distribution approach. Statistical Methods in Medical
       Research 2019;28:1689-1702: the variance between units is drawn from what is
       known of it. Here with one variance of chance, that of the unit itself.

    Examples
    --------
    >>> known = Predictive([10], np.pi / 4, 0.0, np.inf)
    >>> round(float(known.at_most([3])[0]), 6)
    0.171875
    """

    def __init__(
        self,
        totals: ArrayLike,
        centre: ArrayLike,
        tau2: ArrayLike,
        df: float,
        more: ArrayLike = 0.0,
    ) -> None:
        self._n = np.atleast_1d(np.asarray(totals, dtype=float))
        chance = 1 / (4 * self._n + 2)
        whole = chance + np.asarray(tau2, dtype=float) + np.asarray(more, dtype=float)
        factor, share = _factors(df)
        sd = np.sqrt(np.maximum(factor * whole[:, None] - chance[:, None], 0.0))
        at = _steps(factor)
        border = (at[1:] + at[:-1]) / 2 * np.sqrt(whole)[:, None]
        with np.errstate(divide="ignore"):
            below = ndtr(border[:, :, None] / sd[:, None, :]) @ share
        ends = np.zeros((self._n.size, 1)), np.ones((self._n.size, 1))
        weight = np.diff(np.concatenate([ends[0], below, ends[1]], axis=1))
        there = weight.max(axis=0) > _NOTHING
        at, self._weight = at[there], weight[:, there]
        angle = np.reshape(np.asarray(centre, dtype=float), (-1, 1))
        angle = angle + at * np.sqrt(whole)[:, None]
        self._failure = np.cos(np.clip(angle, 0.0, np.pi / 2)) ** 2

    def at_most(
        self, events: ArrayLike, of: ArrayLike | None = None
    ) -> NDArray[np.float64]:
        """Give the probability of so many events, or fewer.

        Parameters
        ----------
        events : array_like of float, shape (m,)
            Counts above −1. Between two whole numbers the probability rises smoothly,
            as the incomplete beta function does.
        of : array_like of int, shape (m,), optional
            Which units are meant; all in turn, where not given.

        Returns
        -------
        ndarray of float, shape (m,)
            Probabilities.
        """
        which = np.arange(self._n.size) if of is None else np.asarray(of, dtype=int)
        x, n = np.asarray(events, dtype=float), self._n[which]
        few = np.minimum(x, n - _EDGE)[:, None]
        below = betainc(n[:, None] - few, few + 1, self._failure[which])
        found = (below * self._weight[which]).sum(axis=1)
        return np.asarray(np.where(x >= n, 1.0, found), dtype=float)

    def fewer(
        self, events: ArrayLike, of: ArrayLike | None = None
    ) -> NDArray[np.float64]:
        """Give the mid-P value: the probability of fewer events, and half of as many.

        Parameters
        ----------
        events, of : array_like
            As `at_most`.

        Returns
        -------
        ndarray of float, shape (m,)
            Probabilities. Over all counts a unit may have, they fall below a tail as
            often as the tail says; those of `at_most` less often, as counts are whole.

        Examples
        --------
        >>> known = Predictive([10], np.pi / 4, 0.0, np.inf)
        >>> round(float(known.fewer([3])[0]), 6)
        0.113281
        """
        x = np.asarray(events, dtype=float)
        which = np.arange(self._n.size) if of is None else np.asarray(of, dtype=int)
        before = self.at_most(np.maximum(x - 1, _EDGE - 1), which)
        few = x < 1
        if few.any():
            # Where a proportion may be 0, fewer than 0 events would be possible.
            none = self.at_most(np.zeros(few.sum()), which[few])
            before[few] = np.minimum(before[few], np.maximum(x[few], 0.0) * none)
        return np.asarray((self.at_most(x, of) + before) / 2, dtype=float)

    def quantile(self, tail: float) -> NDArray[np.float64]:
        """Give the number of events to which `fewer` gives the tail's probability.

        Parameters
        ----------
        tail : float
            Probability, in (0, 1).

        Returns
        -------
        ndarray of float, shape (n,)
            Between −1 and the total; −1 where no event at all is more probable than the
            tail. A count lies below it if, and only if, its mid-P value is less.

        Examples
        --------
        >>> known = Predictive([10], np.pi / 4, 0.0, np.inf)
        >>> round(float(known.quantile(0.11328125)[0]), 6)
        3.0
        """
        first, last = np.full(self._n.size, _EDGE - 1), self._n - _EDGE
        some = np.flatnonzero(self.fewer(first) < tail)
        found = np.full(self._n.size, -1.0)
        if some.size:
            solved = find_root(
                lambda x, of: self.fewer(x, of) - tail,
                (first[some], last[some]),
                args=(some.astype(float),),
                tolerances={"xatol": 1e-9, "xrtol": 1e-12},
            )
            found[some] = solved.x
        return found


def _factors(df: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give values of df over chi-squared, and the probability of each one's cell."""
    if np.isinf(df):
        return np.ones(1), np.ones(1)
    first, last = (float(np.log(df / chdtri(df, p))) for p in (_LEFT, 1 - _LEFT))
    at = np.linspace(first, last, _VARIANCES)
    between = 1 - chdtr(df, df / np.exp((at[1:] + at[:-1]) / 2))
    return np.exp(at), np.diff(between, prepend=0.0, append=1.0)


def _steps(factor: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the middles of the cells of the angle, in standard deviations."""
    most = np.arcsinh(5.5 * np.sqrt(factor.max()))
    return np.asarray(np.sinh(np.linspace(-most, most, 2 * _ANGLES + 1)), dtype=float)
