"""Bounds at which a trial may stop since an effect is hardly to be shown any more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rounds.methods.sequential.exits import Walk
from rounds.methods.sequential.power import effect_for_power, falling_root

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rounds.methods.sequential.boundaries import Boundaries
    from rounds.methods.sequential.spending import Spending

__all__ = ["with_futility"]


def with_futility(
    plan: Boundaries, spending: Spending, *, power: float, binding: bool = False
) -> tuple[Boundaries, float]:
    """Add lower bounds that spend the type II error as information comes.

    Parameters
    ----------
    plan : Boundaries
        One-sided, without futility; its last look at fraction 1.
    spending : Spending
        How much of the type II error may be spent by each fraction.
    power : float
        Kept although futility is obeyed: above the error of one side, below 1.
    binding : bool
        Whether the trial will certainly stop where futility is declared. Then the upper
        bounds may be lower, and alpha is kept only if it does. Where it is not binding
        the upper bounds are those of the plan, and alpha is kept whatever is done.

    Returns
    -------
    bounds : Boundaries
        At the last look lower and upper are the same.
    effect : float
        Mean of the statistic at fraction 1 at which the power is reached.

    Raises
    ------
    ValueError
        If the plan has two sides, futility already, a walk that is not its information,
        or does not end at fraction 1; or the power is out of its range.

    References
    ----------
    As R's rpact (`typeBetaSpending`) and gsDesign (`test.type` 3 and 4) implement it,
    and SAS/STAT's SEQDESIGN documents it ("error spending method"); the tests hold it
    to the first two.

    Examples
    --------
    >>> from rounds.methods.sequential.spent_bounds import spending_bounds
    >>> from rounds.methods.sequential.spending import HwangShihDeCani
    >>> plan = spending_bounds([1 / 3, 2 / 3, 1], HwangShihDeCani(-4), alpha=0.025)
    >>> bounds, effect = with_futility(plan, HwangShihDeCani(-2), power=0.9)
    >>> bounds.lower.round(2).tolist()
    [-0.24, 0.94, 2.0]
    """
    if plan.sides != 1 or np.isfinite(plan.lower).any():
        raise ValueError("futility is added to a one-sided plan that has none")
    if plan.walk is not None:
        raise ValueError("futility is found where information grows by its own steps")
    if abs(plan.fractions[-1] - 1) > 1e-9:
        raise ValueError(f"the last fraction is {plan.fractions[-1]}; expected 1")
    start = effect_for_power(plan, power)
    beta = np.asarray(spending(plan.fractions, 1 - power), dtype=float)
    alpha = plan.spent if binding else None

    def excess(effect: float) -> float:
        return _bounds(plan, alpha, beta, effect)[2]

    effect = falling_root(excess, start * 1.05)
    lower, upper, _ = _bounds(plan, alpha, beta, effect)
    return replace(plan, lower=lower, upper=upper, binding=binding), effect


def _bounds(
    plan: Boundaries,
    alpha: NDArray[np.float64] | None,
    beta: NDArray[np.float64],
    effect: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Go through the looks; last, what is missed beyond the type II error."""
    t = plan.fractions
    true, null = Walk.start(t, effect), Walk.start(t, 0.0)
    lower, upper = np.full(t.size, -np.inf), plan.upper.copy()
    missed = shown = 0.0
    for k in range(t.size):
        if alpha is not None:
            upper[k] = null.upper_bound(alpha[k] - shown)
            shown += null.above(upper[k])
        if k + 1 == t.size:
            lower[k] = upper[k]
            return lower, upper, missed + true.below(upper[k]) - float(beta[-1])
        lower[k] = true.lower_bound(beta[k] - missed)
        if lower[k] >= upper[k]:
            # So large an effect that the error is not even spent by the last look.
            return lower, upper, -1.0
        missed += true.below(lower[k])
        true = true.continued(lower[k], upper[k])
        if alpha is not None:
            null = null.continued(lower[k], upper[k])
    raise AssertionError("a plan has a look")
