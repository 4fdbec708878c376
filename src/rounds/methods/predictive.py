"""How many events a new unit has whose true proportion is drawn from a spread.

The proportion is sin² of an angle; the angle is a centre plus a spread times a t value,
as where the spread was estimated on some degrees of freedom; the count is binomial.
Where the spread is 0 this is the binomial distribution itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize.elementwise import find_root
from scipy.special import betainc, stdtr, stdtrit

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["at_most", "quantile"]

_WIDTH = 0.04
"""Of a cell of t, as its inverse hyperbolic sine."""
_LEFT = 1e-7
"""Probability of t beyond the outermost cell's middle, on either side."""
_EDGE = 1e-9


def at_most(
    events: ArrayLike,
    totals: ArrayLike,
    centre: ArrayLike,
    spread: ArrayLike,
    df: float,
) -> NDArray[np.float64]:
    """Give the probability of so many events, or fewer.

    Parameters
    ----------
    events : array_like of float, shape (n,)
        Counts above −1. Between two whole numbers it rises smoothly, as the incomplete
        beta function does.
    totals : array_like of float, shape (n,)
        Trials, above 0.
    centre : array_like of float, shape (n,)
        Angle of the middle of the spread: the arcsine of the root of a proportion.
    spread : array_like of float, shape (n,)
        Standard deviation of the angle, at least 0.
    df : float
        Degrees of freedom that it was estimated on, above 0; infinite where it is
        known.

    Returns
    -------
    ndarray of float, shape (n,)
        Angles beyond 0 or a quarter turn count as proportions of 0 or 1.

    Notes
    -----
    The t distribution is cut into cells, each with its exact probability and one angle
    in its middle; a cell is 0.04 wide at the centre.

    References
    ----------
    .. [1] Nagashima K, Noma H, Furukawa TA. Prediction intervals for random-effects
       meta-analysis. Statistical Methods in Medical Research 2019;28:1689-1702: the
       t distribution of a new unit's true place; the rest is the sum over it.

    Examples
    --------
    >>> round(float(at_most([3], [10], [np.pi / 4], [0.0], np.inf)[0]), 6)
    0.171875
    """
    x, n, c, s = np.broadcast_arrays(
        *(
            np.atleast_1d(np.asarray(of, float))
            for of in (events, totals, centre, spread)
        )
    )
    value, weight = _cells(df) if s.any() else (np.zeros(1), np.ones(1))
    angle = np.clip(c[:, None] + s[:, None] * value, 0.0, np.pi / 2)
    few = np.minimum(x, n - _EDGE)[:, None]
    below = betainc(n[:, None] - few, few + 1, np.cos(angle) ** 2)
    return np.where(x >= n, 1.0, below @ weight)


def quantile(
    tail: float,
    totals: ArrayLike,
    centre: ArrayLike,
    spread: float,
    df: float,
) -> NDArray[np.float64]:
    """Give the number of events that `at_most` gives the tail's probability.

    Parameters
    ----------
    tail : float
        Probability, in (0, 1).
    totals, centre : array_like of float, shape (n,)
        As `at_most`.
    spread, df : float
        As `at_most`.

    Returns
    -------
    ndarray of float, shape (n,)
        Between −1 and the total; −1 where no event at all is more probable than the
        tail. A count lies below it if, and only if, so many events or fewer are less
        probable than the tail.

    Examples
    --------
    >>> at = quantile(0.171875, [10], [np.pi / 4], 0.0, np.inf)
    >>> round(float(at[0]), 6)
    3.0
    """
    n = np.atleast_1d(np.asarray(totals, dtype=float))
    c = np.broadcast_to(np.asarray(centre, dtype=float), n.shape)
    first, last = np.full(n.size, _EDGE - 1), n - _EDGE
    some = at_most(first, n, c, spread, df) < tail
    found = np.full(n.size, -1.0)
    if some.any():

        def above(x: NDArray[np.float64], at: NDArray[np.float64]) -> ArrayLike:
            i = at.astype(int)
            return at_most(x, n[i], c[i], spread, df) - tail

        at = np.flatnonzero(some).astype(float)
        solved = find_root(
            above,
            (first[some], last[some]),
            args=(at,),
            tolerances={"xatol": 1e-9, "xrtol": 1e-12},
        )
        found[some] = solved.x
    return found


def _cells(df: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    most = float(np.arcsinh(-stdtrit(df, _LEFT)))
    half = int(np.ceil(most / _WIDTH))
    at = np.linspace(-most, most, 2 * half + 1)
    between = stdtr(df, np.sinh((at[1:] + at[:-1]) / 2))
    return np.sinh(at), np.diff(between, prepend=0.0, append=1.0)
