"""What may be said of an effect after looking several times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from rounds.methods.sequential.boundaries import Boundaries

__all__ = ["AfterStopping", "after_stopping", "repeated_intervals"]


@dataclass(frozen=True, kw_only=True)
class AfterStopping:
    """An effect as estimated once the trial has stopped, in the stage-wise ordering."""

    p_value: float
    """Of no effect; with as many sides as the plan."""
    estimate: float
    """Median-unbiased."""
    lower: float
    upper: float
    level: float
    """Confidence level of the interval."""


def repeated_intervals(
    plan: Boundaries, estimates: ArrayLike, ses: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give an interval at each look; all of them together hold the true effect.

    Parameters
    ----------
    plan : Boundaries
        At the looks as they happened.
    estimates : array_like of float, shape (m,)
        Of the effect, at the first m looks.
    ses : array_like of float, shape (m,)
        Their standard errors, above 0.

    Returns
    -------
    lower, upper : ndarray of float, shape (m,)
        Of the effect. With probability 1 − alpha at least the true effect is in every
        one of them, whether the trial stops at its bounds or not. With one side the
        upper limit is infinite.

    Raises
    ------
    ValueError
        If shapes differ, there are more estimates than looks, or a number is
        impossible.

    References
    ----------
    Jennison C, Turnbull BW (2000). Group Sequential Methods with Applications to
    Clinical Trials, section 9.1, equations 9.1 and 9.2: estimate ± bound × standard
    error, as R's rpact gives it in `getRepeatedConfidenceIntervals`.

    Examples
    --------
    >>> from rounds.methods.sequential.boundaries import shaped_bounds
    >>> plan = shaped_bounds([0.5, 1], alpha=0.05, sides=2, shape=0.5)
    >>> lower, upper = repeated_intervals(plan, [0.10], [0.04])
    >>> round(float(lower[0]), 3), round(float(upper[0]), 3)
    (0.013, 0.187)
    """
    value, se = np.asarray(estimates, dtype=float), np.asarray(ses, dtype=float)
    if value.shape != se.shape or value.ndim != 1 or value.size > plan.upper.size:
        raise ValueError(
            f"estimates have shape {value.shape}, standard errors {se.shape}, "
            f"and there are {plan.upper.size} looks"
        )
    if not (np.isfinite(value).all() and np.isfinite(se).all() and (se > 0).all()):
        raise ValueError("estimates are finite; standard errors are finite and above 0")
    half = plan.upper[: value.size] * se
    upper = value + half if plan.sides == 2 else np.full(value.size, np.inf)
    return value - half, upper


def after_stopping(
    plan: Boundaries, look: int, statistic: float, *, se: float
) -> AfterStopping:
    """Give p-value, estimate and interval at the look at which a trial ended.

    Parameters
    ----------
    plan : Boundaries
        At the looks as they happened.
    look : int
        At which it ended, 1 for the first.
    statistic : float
        The estimate over its standard error at that look.
    se : float
        That standard error, above 0.

    Returns
    -------
    AfterStopping
        Estimate and interval in the unit of the standard error, the interval at level
        1 − 2 × the error of one side. An upper bound that is met earlier speaks louder
        than one met later, and at one look a larger statistic louder than a smaller.
        Futility is left out of it, so that it holds whether that was obeyed or not;
        where futility binds it was obeyed, and is not.

    Raises
    ------
    ValueError
        If there is no such look, or a number is impossible.

    References
    ----------
    SAS/STAT's SEQTEST documents p-value, median and limits of an ordering ("Analysis
    after a Sequential Test", after Jennison and Turnbull); the stage-wise one is as in
    `getFinalConfidenceInterval` of R's rpact, to which the tests hold it.

    Examples
    --------
    At the second of two looks 2.2 standard errors are 0.11, of which a little is due to
    having looked before:

    >>> from rounds.methods.sequential.boundaries import shaped_bounds
    >>> plan = shaped_bounds([0.5, 1], alpha=0.05, sides=2)
    >>> found = after_stopping(plan, 2, 2.2, se=0.05)
    >>> round(found.p_value, 3), round(found.estimate, 3)
    (0.03, 0.109)
    """
    if not 1 <= look <= plan.fractions.size:
        raise ValueError(f"look is {look}; the plan has {plan.fractions.size}")
    if not (np.isfinite(statistic) and np.isfinite(se) and se > 0):
        raise ValueError("the statistic is finite; its standard error above 0 as well")
    side = plan.alpha / plan.sides
    # Bounds of two sides are each other's mirror image.
    sign = -1.0 if plan.sides == 2 and statistic < 0 else 1.0

    def tail(effect: float) -> float:
        return _tail(plan, look, sign * statistic, effect)

    unit = sign * se * float(np.sqrt(plan.fractions[look - 1]))
    middle = sign * statistic / float(np.sqrt(plan.fractions[look - 1]))
    ends = [unit * _rising_root(tail, at, middle) for at in (side, 0.5, 1 - side)]
    lower, estimate, upper = sorted(ends)
    chance = tail(0.0)
    return AfterStopping(
        p_value=chance if plan.sides == 1 else min(1.0, 2 * min(chance, 1 - chance)),
        estimate=estimate,
        lower=lower,
        upper=upper,
        level=1 - 2 * side,
    )


def _tail(plan: Boundaries, look: int, statistic: float, effect: float) -> float:
    """Give the chance of leaving above earlier, or being as high at this look."""
    upper, lower = plan.upper[:look].copy(), plan.lower[:look].copy()
    if plan.sides == 1 and not plan.binding:
        lower[:] = -np.inf
    upper[-1], lower[-1] = statistic, -np.inf
    return float(plan.leaving(upper, lower, effect).above.sum())


def _rising_root(tail: Callable[[float], float], chance: float, middle: float) -> float:
    """Find the effect at which a tail, which rises with it, has a wanted chance."""
    # A late statistic far above all bounds is put after any earlier exit, so that its
    # effect lies as far below it as it is large.
    for doubling in range(1, 1 + max(8, int(np.ceil(np.log2(2 + abs(middle)))) + 1)):
        low, high = middle - 2.0**doubling, middle + 2.0**doubling
        if tail(low) < chance < tail(high):
            return float(brentq(lambda e: tail(e) - chance, low, high, xtol=1e-11))
    raise ValueError("no effect makes what was seen as likely as is wanted")
