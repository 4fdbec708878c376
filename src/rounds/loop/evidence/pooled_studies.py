"""Studies of a spreadsheet that were pooled: what is known of them, in numbers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evidence.moderators import Moderated
from rounds.loop.evidence.study_sheet import PoolAsked, PriorScales, StudySheet
from rounds.methods.pooling.bayes import BayesPooled
from rounds.methods.pooling.influence import Influence
from rounds.methods.pooling.pooled import Pooled
from rounds.methods.pooling.small_study import Egger, FunnelContours
from rounds.methods.pooling.studies import Interval
from rounds.methods.pooling.tables import MantelHaenszel
from rounds.methods.pooling.variance import Method
from rounds.methods.priors.borrowing import Borrowing
from rounds.nouns import NotEstimable

__all__ = ["Answer", "PooledStudies"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """What every method gives."""

    estimate: float
    se: float
    lower: float
    upper: float
    tau2: float
    i2: float
    prediction: tuple[float, float] | NotEstimable
    weights: NDArray[np.float64]
    """Shape (k,)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PooledStudies:
    """What a forest of a spreadsheet's studies shows, number by number."""

    sheet: StudySheet
    asked: PoolAsked
    scales: PriorScales
    study: tuple[str, ...]
    """Those pooled, in the order of the file."""
    effects: NDArray[np.float64]
    ses: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    """Shape (k,): each study's own normal interval."""
    corrected: NDArray[np.bool_]
    """Shape (k,): a half was added to each cell, since one was zero."""
    left_out: tuple[str, ...]
    """Tables that tell nothing of a ratio."""
    answer: Answer
    result: Pooled | BayesPooled | MantelHaenszel
    intervals: dict[Interval, Pooled | NotEstimable]
    """The same effects with each interval; empty where a method has one of its own."""
    influence: Influence | NotEstimable
    influence_method: Method
    """By which studies were left out in turn: REML beside the Bayesian model, one
    effect by inverse variances beside Mantel and Haenszel's."""
    small_study: Egger | NotEstimable
    contours: FunnelContours
    borrowing: Borrowing | None
    moderated: Moderated | NotEstimable | None
    """How effects go with the moderators; None where there is none."""
