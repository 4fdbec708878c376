"""What a design could tell, by formula: of the variances that its own analysis leaves.

The variance of the effect is that of the design's own estimator, with the design matrix
of an allocation that could be drawn and with the past's variances for known. The
degrees of freedom are those that the analysis gives on the past under that allocation.
Power is the mean over allocations: some are lucky.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from rounds.loop.evaluation.designs import design_of
from rounds.loop.evaluation.designs.scheduled import period_columns
from rounds.loop.evaluation.effects import covariate_columns, fit
from rounds.loop.evaluation.feasibility.allocating import Draw
from rounds.loop.evaluation.participants import Participants
from rounds.methods.design_matrix import without_repeats
from rounds.methods.linear_mixed import linear_mixed
from rounds.methods.planned_variance import (
    generalised_variance,
    least_squares_variance,
)
from rounds.methods.trial_power import Spread
from rounds.nouns import Protocol

__all__ = ["ALLOCATIONS", "Prediction", "predict", "spread_of"]

Floats = NDArray[np.float64]
ALLOCATIONS = 20
"""Over which power is averaged."""


@dataclass(frozen=True)
class Prediction:
    """What a design could tell.

    Parameters
    ----------
    variances, df : array of float, shape (n_allocations,)
        Of the effect without any effect, and the degrees of freedom it is held against.
    n : float
        Persons enrolled, on average.
    share : float or None
        With the outcome, without exposure; None of an outcome that is a number.
    alpha : float
        Two-sided level.
    """

    variances: Floats
    df: Floats
    n: float
    share: float | None
    alpha: float

    def power(self, effect: float) -> float:
        """Give the chance that the interval lies on the effect's own side of nought.

        Parameters
        ----------
        effect : float
            On the outcome's scale; of a share, which it must not carry beyond 0 or 1.
        """
        variances = self.variances * self._scale(effect)
        distance = abs(effect) / np.sqrt(variances)
        found = stats.nct.sf(stats.t.isf(self.alpha / 2, self.df), self.df, distance)
        return float(np.mean(found))

    def detectable(self, wanted: float, side: int) -> float | None:
        """Give the smallest effect found with the wanted power; None if there is none.

        Parameters
        ----------
        wanted : float
            Power, in (alpha, 1).
        side : int
            1 for effects above nought, -1 for those below.
        """
        most = self._most(side)
        if self.power(side * most) < wanted:
            return None

        def short(effect: float) -> float:
            return self.power(side * effect) - wanted

        return side * float(optimize.brentq(short, 0.0, most, xtol=1e-9 * most))

    @cached_property
    def se(self) -> float:
        """The standard error without an effect, on average over allocations."""
        return float(np.sqrt(self.variances.mean()))

    def _most(self, side: int) -> float:
        if self.share is not None:
            return (1 - self.share if side > 0 else self.share) * (1 - 1e-6)
        return 1e3 * self.se

    def _scale(self, effect: float) -> float:
        """A share's own variance goes with it: that of the arms' mean, on average."""
        if self.share is None:
            return 1.0
        with_effect = self.share + effect
        variance = self.share * (1 - self.share)
        return (variance + with_effect * (1 - with_effect)) / (2 * variance)


def predict(
    draw: Draw,
    protocol: Protocol,
    rng: np.random.Generator,
    *,
    is_share: bool,
    allocations: int = ALLOCATIONS,
) -> Prediction:
    """Predict what a design could tell.

    Parameters
    ----------
    draw : Draw
        Of the design, among those enrolled in its weeks.
    protocol : Protocol
        Of the design.
    is_share : bool
        Whether the outcome is 0 or 1.
    allocations : int
        How many are drawn; those without an answer are left out.

    Raises
    ------
    ValueError
        If no allocation gives an answer, or the outcome does not vary.
    """
    variances, df, n, why = [], [], [], "nobody is enrolled"
    spread: Spread | None = None
    for _ in range(allocations):
        people = draw(rng)
        known = people.where(people.observed)
        try:
            found = fit(people, protocol)
            # What is left beside the arm does not depend on who is in which arm.
            spread = spread or spread_of(known, protocol)
            variance = _variance(known, protocol, spread)
        except (ValueError, np.linalg.LinAlgError) as error:
            why = str(error)
            continue
        variances.append(variance)
        df.append(found.df)
        n.append(len(people))
    if not variances:
        raise ValueError(why)
    share = float(known.outcome.mean()) if is_share else None
    return Prediction(
        np.array(variances), np.array(df), float(np.mean(n)), share, 1 - protocol.level
    )


def spread_of(known: Participants, protocol: Protocol) -> Spread:
    """Estimate the variances that are left once the analysis has adjusted.

    Parameters
    ----------
    known : Participants
        With known outcomes.

    Raises
    ------
    ValueError
        If the outcome does not vary, or fewer than three clinics tell how they do.
    """
    X = _columns(known, protocol)[:, 1:]
    X, _ = without_repeats(X, 0)
    clinics = np.unique(known.clinic, return_inverse=True)[1]
    if _tell_clinics(X, clinics):
        left = known.outcome - X @ np.linalg.lstsq(X, known.outcome)[0]
        within = float(left @ left) / (len(left) - X.shape[1])
        if not within > 1e-12:
            raise ValueError("the outcome does not vary")
        return Spread(within)
    fitted = linear_mixed(known.outcome, X, known.clinic, known.period)
    return Spread(fitted.within, fitted.between_clusters, fitted.between_periods)


def _tell_clinics(X: Floats, clinics: NDArray[np.intp]) -> bool:
    """Say whether the columns hold an indicator of every clinic."""
    n = int(clinics.max()) + 1
    if X.shape[1] < n:
        return False
    indicators = (clinics[:, None] == np.arange(n)).astype(float)
    beside = indicators - X @ np.linalg.lstsq(X, indicators)[0]
    return bool(np.abs(beside).max() < 1e-8)


def _columns(known: Participants, protocol: Protocol) -> Floats:
    """Give the analysis's columns: the arm, a constant, covariates, periods."""
    columns = [
        known.active.astype(float),
        np.ones(len(known)),
        *covariate_columns(known, protocol.covariates),
    ]
    if known.period is not None:
        columns += period_columns(known)
    return np.column_stack(columns)


def _variance(known: Participants, protocol: Protocol, spread: Spread) -> float:
    X = _columns(known, protocol)
    if design_of(protocol).fit is None:
        return least_squares_variance(X, known.clinic, spread)
    return generalised_variance(X, known.clinic, known.period, spread)
