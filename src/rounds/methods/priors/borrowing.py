"""A new estimate read with and without what was known before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rounds.methods.priors.posterior import (
    MixturePosterior,
    conflict_p,
    mixture_posterior,
)
from rounds.methods.priors.prior import Component, robust

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CONFLICT", "Borrowing", "Reading", "borrow"]

CONFLICT = 0.05
"""Prior-predictive p below which earlier studies and a new estimate disagree."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """An effect as it is read: median, equal-tailed interval, chance of being above."""

    value: float
    sd: float
    lower: float
    upper: float
    above: float
    """Probability that the effect is above the threshold."""


@dataclass(frozen=True, kw_only=True)
class Borrowing:
    """One estimate, four ways: alone, and with more or less of what was known."""

    level: float
    threshold: float
    without: Reading
    """The estimate alone, under a uniform prior."""
    known: Reading
    """What earlier studies alone lead one to expect."""
    with_prior: Reading
    """With the robust mixture."""
    undoubted: Reading
    """With earlier studies taken at their word: no vague component."""
    vague_weight: float
    components: tuple[Component, ...]
    """Of the robust mixture, the vague one last."""
    weight_informative: float
    """Probability, after the estimate, that earlier studies bear on it."""
    conflict_p: float
    """Two-sided prior-predictive p-value of the estimate, by earlier studies alone."""
    information: float
    """Squared standard error over posterior variance with the robust mixture: 2 where
    the prior is worth as much as the estimate, below 1 where the two disagree."""
    sensitivity: tuple[tuple[float, Reading], ...]
    """The same with other weights of the vague component."""

    @property
    def conflict(self) -> bool:
        """Whether earlier studies and the estimate disagree beyond chance."""
        return self.conflict_p < CONFLICT


def borrow(
    informative: Sequence[Component],
    estimate: float,
    se: float,
    *,
    vague_sd: float,
    vague_mean: float = 0.0,
    vague_weight: float = 0.2,
    threshold: float = 0.0,
    level: float = 0.95,
    others: Sequence[float] = (0.05, 0.2, 0.5, 0.8, 0.95),
) -> Borrowing:
    """Read an estimate with and without a robust mixture prior.

    Parameters
    ----------
    informative : sequence of Component
        What earlier studies predict for this setting; weights sum to 1.
    estimate, se : float
        The new estimate and its standard error, on the prior's scale.
    vague_sd, vague_mean : float
        Of the vague component, in the effect's unit.
    vague_weight : float
        Prior probability that earlier studies do not bear on this setting, in (0, 1).
    threshold : float
        Readings give the probability of an effect above it.
    level : float
        Of the intervals, in (0, 1).
    others : sequence of float
        Weights of the vague component to try beside, in (0, 1).

    Returns
    -------
    Borrowing

    Raises
    ------
    ValueError
        If the estimate is not finite, its standard error is not a finite number above
        0, a weight or the level is not between 0 and 1, or the prior is none.

    References
    ----------
    .. [1] Schmidli H, Gsteiger S, Roychoudhury S, O'Hagan A, Spiegelhalter D,
       Neuenschwander B. Robust meta-analytic-predictive priors in clinical trials with
       historical control information. Biometrics 2014;70:1023-1032.
    .. [2] Weru V, Kopp-Schneider A, Wiesenfarth M, Weber S, Calderazzo S. Information
       borrowing in Bayesian clinical trials: choice of tuning parameters for the
       robust mixture prior. arXiv:2412.03185 (2024).

    Examples
    --------
    >>> earlier = [Component(weight=1.0, mean=0.06, sd=0.02)]
    >>> read = borrow(earlier, 0.05, 0.03, vague_sd=0.5)
    >>> read.conflict, round(read.without.value, 2), round(read.with_prior.value, 3)
    (False, 0.05, 0.057)
    """
    if not np.isfinite([estimate, se]).all() or se <= 0:
        raise ValueError("an estimate is finite, its standard error finite and above 0")
    if not 0 < level < 1:
        raise ValueError(f"the level {level} is not between 0 and 1")
    parts = tuple(informative)

    def read(prior: tuple[Component, ...]) -> tuple[MixturePosterior, Reading]:
        after = mixture_posterior(*_columns(prior), estimate, se)
        return after, _reading(after, threshold, level)

    def mixed(weight: float) -> tuple[Component, ...]:
        return robust(
            parts, vague_weight=weight, vague_mean=vague_mean, vague_sd=vague_sd
        )

    after, with_prior = read(mixed(vague_weight))
    weights, means, sds = (np.array(column) for column in _columns(parts))
    alone = MixturePosterior(np.ones(1), np.array([estimate]), np.array([se]))
    return Borrowing(
        level=level,
        threshold=threshold,
        without=_reading(alone, threshold, level),
        known=_reading(MixturePosterior(weights, means, sds), threshold, level),
        with_prior=with_prior,
        undoubted=read(parts)[1],
        vague_weight=vague_weight,
        components=mixed(vague_weight),
        weight_informative=float(after.weights[:-1].sum()),
        conflict_p=conflict_p(weights, means, sds, estimate, se),
        information=(se / with_prior.sd) ** 2,
        sensitivity=tuple((weight, read(mixed(weight))[1]) for weight in others),
    )


def _columns(
    parts: Sequence[Component],
) -> tuple[list[float], list[float], list[float]]:
    return (
        [part.weight for part in parts],
        [part.mean for part in parts],
        [part.sd for part in parts],
    )


def _reading(after: MixturePosterior, threshold: float, level: float) -> Reading:
    return Reading(
        value=after.quantile(0.5),
        sd=after.sd,
        lower=after.quantile((1 - level) / 2),
        upper=after.quantile((1 + level) / 2),
        above=after.probability_above(threshold),
    )
