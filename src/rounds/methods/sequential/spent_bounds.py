"""Bounds that spend an error as a trial goes on, wherever looks happen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rounds.methods.sequential.boundaries import Boundaries, checked_alpha
from rounds.methods.sequential.exits import Walk, as_information

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from rounds.methods.sequential.boundaries import Sides
    from rounds.methods.sequential.spending import Spending

__all__ = ["spending_bounds"]

_FAR = 8.0
"""Of a bound: nothing gets beyond."""
_FEWEST = 0.5
"""Degrees of freedom less two, at the least."""


def spending_bounds(
    fractions: ArrayLike,
    spending: Spending,
    *,
    alpha: float,
    sides: Sides = 1,
    last: bool = False,
    times: ArrayLike | None = None,
    walk: ArrayLike | None = None,
    df: ArrayLike | None = None,
) -> Boundaries:
    """Give bounds that spend the error as information comes, wherever looks happen.

    Parameters
    ----------
    fractions : array_like of float, shape (k,)
        Information at each look, as a share of the planned maximum: looks that have
        been, and any that are still planned. They may go beyond 1.
    spending : Spending
        How much of the error of one side may be spent by each fraction.
    alpha : float
        Type I error of all looks and sides together, in (0, 0.5].
    sides : {1, 2}
        Whether an effect is looked for on one side (above) or on both, each with half
        of the error.
    last : bool
        Whether the last of these looks ends the trial although its fraction is below
        1, so that whatever is left is spent there.
    times : array_like of float, shape (k,), optional
        How far each look is by the clock that the error is spent by, where that is not
        the information: at least 0, never falling. Information then tells only how
        looks hang together.
    walk : array_like of float, shape (k,), optional
        What grows by independent steps, where that is not the information: the variance
        of what an inefficient estimate adds up. Fractions need not increase then.
    df : array_like of float, shape (k,), optional
        Degrees of freedom of the standard error at each look, where the statistic is
        the normal score of a Student's t: see `Path.normal_statistic`.

    Returns
    -------
    Boundaries
        Each bound rests on its own and earlier looks alone: what has been is not
        changed by what is planned. It is infinite where there is nothing to spend.

    Raises
    ------
    ValueError
        If fractions do not increase or are too close, times fall or are not as many, or
        alpha is out of its range.

    Notes
    -----
    Where information is estimated from few clusters, a standard error that is small by
    chance makes the statistic large and the information too: spent by information, the
    early bound then gives way just when the statistic is high, and the error is above
    alpha. A clock that knows no outcome does not.

    Normal scores of t statistics are each normal, and hang together less than the
    estimates do, above all far out, where standard errors of their own move them: with
    4 degrees of freedom five looks at bounds of a normal walk err in 3.0 of 100 instead
    of 2.5. Their correlation r is taken as r to the power 1 + κ, with
    κ = (c² + 1) / 2(ν − 2) for a bound c and ν degrees of freedom (ν − 2 at least ½):
    near c the variance of the standard error adds c² / 2ν to that of a score, and its
    correlation is r². The power is ours; `tests/truth` hold it to the exact joint law,
    from 2 degrees of freedom.

    References
    ----------
    .. [1] Lan KKG, DeMets DL (1983), Biometrika 70:659-663, as R's gsDesign and rpact
       implement it; held against both.
    .. [2] Lan KKG, DeMets DL (1989). Group sequential procedures: calendar versus
       information time. Statistics in Medicine (abstract). Spending time
       beside information, which keeps the correlations: Anderson K, Spending Time
       Examples, vignette of Merck's gsdmvn.
    .. [3] That bounds of the normal law err too often with few: Rom DM, McTague JA
       (2020). Exact critical values for group sequential designs with small sample
       sizes. Journal of Biopharmaceutical Statistics 30:752-764 (abstract). The same
       p-values at each look, which are refined here: Jennison C, Turnbull BW (1991).
       Exact calculations for sequential t, chi-squared and F tests. Biometrika
       78:133-141 (abstract).

    Examples
    --------
    Planned in halves; but the first look came late:

    >>> from rounds.methods.sequential.spending import LanDeMetsOBrienFleming
    >>> spend = LanDeMetsOBrienFleming()
    >>> spending_bounds([0.5, 1], spend, alpha=0.025).upper.round(3).tolist()
    [2.963, 1.969]
    >>> spending_bounds([0.6, 1], spend, alpha=0.025).upper.round(3).tolist()
    [2.669, 1.981]
    """
    side = checked_alpha(alpha, sides) / sides
    t = _informed(fractions, alone=walk is None)
    steps = t if walk is None else as_information(walk)
    clock = t if times is None else _clock(times, t.size)
    if steps.size != t.size:
        raise ValueError(f"there are {t.size} looks, and a walk of {steps.size}")
    allowed = np.asarray(spending(clock, side), dtype=float)
    if last:
        allowed[-1] = side
    upper = _spent_as_allowed(steps, allowed, sides)
    if df is not None:
        steps = _loosened(steps, upper, np.asarray(df, dtype=float))
        upper = _spent_as_allowed(steps, allowed, sides)
    return Boundaries(
        fractions=t,
        upper=upper,
        lower=-upper if sides == 2 else np.full(t.size, -np.inf),
        alpha=alpha,
        sides=sides,
        walk=None if walk is None and df is None else steps,
    )


def _spent_as_allowed(
    steps: NDArray[np.float64], allowed: NDArray[np.float64], sides: Sides
) -> NDArray[np.float64]:
    """Give the bounds at which a walk leaves as often as is allowed by each look."""
    walk, used, bounds = Walk.start(steps, 0.0), 0.0, []
    for k in range(steps.size):
        bound = walk.upper_bound(allowed[k] - used)
        # Half of an even law lies above 0, where two-sided bounds meet.
        bound = max(bound, 0.0) if sides == 2 else bound
        used += walk.above(bound)
        bounds.append(bound)
        if k + 1 < steps.size:
            walk = walk.continued(-bound if sides == 2 else -np.inf, bound)
    return np.array(bounds)


def _loosened(
    steps: NDArray[np.float64], bounds: NDArray[np.float64], df: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give the walk whose looks hang together as normal scores of t statistics do."""
    if df.shape != steps.shape or not (df > 0).all():
        raise ValueError("degrees of freedom are above 0, as many as looks")
    far = np.minimum(bounds[1:], _FAR) ** 2 + 1
    pull = far / (2 * np.maximum(df[1:] - 2, _FEWEST))
    squares = (steps[:-1] / steps[1:]) ** (1 + pull)
    return np.asarray(steps[0] / np.cumprod(np.append(1.0, squares)))


def _informed(fractions: ArrayLike, *, alone: bool) -> NDArray[np.float64]:
    if alone:
        return as_information(fractions)
    t = np.asarray(fractions, dtype=float)
    if t.ndim != 1 or not t.size or not (np.isfinite(t) & (t > 0)).all():
        raise ValueError("information is finite, and above 0")
    return t


def _clock(times: ArrayLike, looks: int) -> NDArray[np.float64]:
    clock = np.asarray(times, dtype=float)
    if clock.shape != (looks,):
        raise ValueError(f"there are {looks} looks, and times of shape {clock.shape}")
    if not (np.isfinite(clock) & (clock >= 0)).all() or (np.diff(clock) < 0).any():
        raise ValueError("times are finite, at least 0, and do not fall")
    return clock
