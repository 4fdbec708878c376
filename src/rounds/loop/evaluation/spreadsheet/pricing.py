"""A trial's cost and effect from one table: net benefit, ratio, acceptability."""

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.spreadsheet.analysing import Analysed, analyse_trial
from rounds.loop.evaluation.spreadsheet.asking import question_of
from rounds.loop.evaluation.spreadsheet.models import fit
from rounds.loop.evaluation.spreadsheet.trial import Trial
from rounds.methods.net_benefit import (
    Fitted,
    Interval,
    Joint,
    joint_by,
    net_benefit,
    ratio,
    told_by_arm,
)
from rounds.nouns import DataError

__all__ = ["Priced", "price_trial"]

_POINTS = 21


@dataclass(frozen=True)
class Priced:
    """What can be said of a trial's price."""

    analysed: Analysed
    """The effect by itself, with its checks."""
    joint: Joint | None
    """None while sealed, or where it cannot be told."""
    cost: Interval | None
    net_benefit: Interval | None
    ratio: Interval | None
    no_ratio: str | None
    """Why there is no ratio."""
    curve: tuple[tuple[float, Interval], ...]
    n: int
    """Whose cost and effect are both known."""
    reason: str | None
    """Why there is no number at all."""


def price_trial(
    trial: Trial,
    cost: NDArray[np.float64],
    *,
    worth: float,
    worth_range: tuple[float, float],
    better: str = "higher",
    level: float = 0.95,
    required: Collection[str] = ("sample_ratio", "missing_outcomes"),
) -> Priced:
    """Give net benefit and cost per outcome of a trial, by its design's own model.

    Parameters
    ----------
    trial : Trial
        Its outcome is the effect.
    cost : array of float, shape (n_persons,)
        NaN where it is not known; then neither cost nor effect is counted.
    worth : float
        Of one outcome, in the money of the costs.
    worth_range : tuple of float
        Over which the acceptability curve goes.
    better : {"higher", "lower"}
        Which outcome is worth something.
    required : collection of str
        Checks without whose passing nothing is told.

    Raises
    ------
    DataError
        If a cost is infinite.
    """
    if np.isinf(cost).any():
        raise DataError(
            f"{int(np.isinf(cost).sum())} cells of the cost's column are infinite.",
            code="trial-values",
            why="What the column is said to hold cannot be so.",
            remedies=("Correct these cells, or leave them empty where unknown.",),
        )
    sign = 1.0 if better == "higher" else -1.0
    known = trial.observed & ~np.isnan(cost)
    paired = replace(trial, outcome=np.where(known, sign * trial.outcome, np.nan))
    analysed = analyse_trial(paired, level=level, required=required)
    n = int(known.sum())
    reason = analysed.sealed or analysed.not_estimable
    if reason is not None:
        return _without(analysed, n, reason)
    question = question_of(paired, method=None, scale="difference", level=level, seed=1)

    def fitted(outcome: NDArray[np.float64]) -> Fitted:
        sure = told_by_arm(outcome[known], paired.active[known])
        if sure is not None:
            return sure
        found = fit(replace(paired, outcome=outcome), question)
        if found.se is None or found.df is None:
            raise ValueError("this design's method gives no standard error")
        return Fitted(found.estimate, found.se**2, found.df)

    spent = np.where(known, cost, np.nan)
    try:
        joint = joint_by(fitted, spent, paired.outcome)
        net = net_benefit(joint, worth, level=level)
        points = np.linspace(*worth_range, _POINTS).tolist()
        curve = tuple((at, net_benefit(joint, at, level=level)) for at in points)
        alone = net_benefit(replace(joint, effect=0.0), 0.0, level=level)
    except ValueError as error:
        return _without(analysed, n, str(error))
    try:
        quotient, why = ratio(joint, level=level), None
    except ValueError as error:
        quotient, why = None, str(error)
    return Priced(
        analysed=analysed,
        joint=joint,
        cost=Interval(joint.cost, -alone.upper, -alone.lower),
        net_benefit=net,
        ratio=quotient,
        no_ratio=why,
        curve=curve,
        n=n,
        reason=None,
    )


def _without(analysed: Analysed, n: int, reason: str) -> Priced:
    return Priced(analysed, None, None, None, None, reason, (), n, reason)
