"""The bounds of one look: what the protocol says, at the information that there is."""

from functools import cache

import numpy as np

from rounds.loop.evaluation.looks.bounds import spending_of
from rounds.loop.evaluation.looks.clock import CLOSEST, Spent
from rounds.methods.sequential import (
    Boundaries,
    Spending,
    as_planned,
    exact_threshold,
    posterior_bounds,
    spending_bounds,
    with_futility,
)
from rounds.nouns import Guardrail, LookPlan, Protocol

__all__ = ["boundaries", "error_of", "futile_below", "harm_bounds", "threshold_of"]


def error_of(protocol: Protocol) -> float:
    """Give the error of the better side, all looks together: half of 1 − level."""
    return (1 - protocol.level) / 2


def threshold_of(plan: LookPlan, alpha: float) -> float:
    """Give the posterior probability at which Bayesian looks stop a trial.

    Returns
    -------
    float
        Calibrated to the planned looks: they mislead with probability alpha.
    """
    return _calibrated(plan.fractions, alpha, plan.prior_mean, _sd(plan))


@cache
def _calibrated(
    fractions: tuple[float, ...], alpha: float, mean: float, sd: float
) -> float:
    return exact_threshold(fractions, alpha=alpha, prior_mean=mean, prior_sd=sd)


def boundaries(
    plan: LookPlan, spent: Spent, *, alpha: float, last: bool = False
) -> Boundaries:
    """Give the upper bounds at looks as they happened.

    Parameters
    ----------
    spent : Spent
        Information and time of each look that spent.
    last : bool
        Whether the last of them is the final evaluation, which spends what is left.

    Returns
    -------
    Boundaries
        One-sided. A group-sequential plan spends by its function, a Bayesian one by
        what its bounds spend at the planned looks, in straight lines between; by the
        time of each look, so that a planned one spends what was planned for it.

    References
    ----------
    Lan KKG, DeMets DL (1983), as `spending_bounds`. That times and number of looks
    may differ from the plan without moving the error, as long as the function stays:
    Reboussin DM, DeMets DL, Kim KM, Lan KKG, Programs for Computing Group Sequential
    Boundaries Using the Lan-DeMets Method, version 2, introduction.
    """
    return spending_bounds(
        spent.fractions,
        _spending(plan, alpha),
        alpha=alpha,
        last=last,
        times=spent.times,
        df=spent.df,
        walk=spent.walk,
    )


def _spending(plan: LookPlan, alpha: float) -> Spending:
    if plan.looks == "group_sequential":
        return spending_of(plan.spending, plan.gamma)
    upper = posterior_bounds(
        plan.fractions,
        threshold_of(plan, alpha),
        prior_mean=plan.prior_mean,
        prior_sd=_sd(plan),
    )
    at = np.asarray(plan.fractions)
    lowest = np.full(at.size, -np.inf)
    return as_planned(
        Boundaries(fractions=at, upper=upper, lower=lowest, alpha=alpha, sides=1)
    )


def futile_below(plan: LookPlan, spent: Spent, *, alpha: float) -> float | None:
    """Give the statistic at or below which the last of these looks is futile.

    Returns
    -------
    float or None
        None without futility, or once all information is there. It binds nobody: the
        error is kept whether it is obeyed or not.
    """
    now, time = spent.fractions[-1], spent.times[-1]
    if plan.futility is None or now * CLOSEST >= 1:
        return None
    coming = tuple(one for one in plan.fractions if one > max(now * CLOSEST, time))
    whole = boundaries(
        plan,
        _going_on(spent, coming),
        alpha=alpha,
    )
    beta = spending_of(plan.futility, plan.futility_gamma)
    try:
        bounds, _ = with_futility(whole, beta, power=plan.power)
    except ValueError:
        return None  # Futility would take more than the power that there is.
    lower = float(bounds.lower[len(spent.fractions) - 1])
    return lower if np.isfinite(lower) else None


def _going_on(spent: Spent, coming: tuple[float, ...]) -> Spent:
    """Add looks to come, all by the normal law; a walk is put on the information."""
    seen = spent.fractions
    if spent.walk is not None:
        seen = tuple(one / spent.walk[-1] * seen[-1] for one in spent.walk)
    return Spent(fractions=(*seen, *coming), times=(*spent.times, *coming))


def harm_bounds(guardrail: Guardrail, spent: Spent) -> float:
    """Give the statistic at or above which harm beyond the margin is shown."""
    found = spending_bounds(
        spent.fractions,
        spending_of(guardrail.spending, guardrail.gamma),
        alpha=guardrail.alpha,
        times=spent.times,
        df=spent.df,
        walk=spent.walk,
    )
    return float(found.upper[-1])


def _sd(plan: LookPlan) -> float:
    return float("inf") if plan.prior_sd is None else plan.prior_sd
