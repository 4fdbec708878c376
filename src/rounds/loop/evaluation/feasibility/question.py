"""What a trial is asked to show, and the chance that an interval shows it.

Effects are where they add: a difference, or the logarithm of a ratio.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from rounds.loop.evaluation.designs.design import Fit
from rounds.loop.evaluation.estimates.effects import scale_of
from rounds.methods.estimands.margins import Better, Hypothesis
from rounds.methods.estimands.scales import additive, distance, from_additive, is_ratio
from rounds.nouns import Endpoint, Estimand

__all__ = ["Question", "luck_of_error"]

Floats = NDArray[np.float64]
_NEARLY_NORMAL = 1e6
"""Degrees of freedom that stand for infinitely many."""
_QUANTILES = (np.arange(400) + 0.5) / 400
"""Of a standard error's own luck, over which a chance is averaged."""


@dataclass(frozen=True)
class Question:
    """What is to be shown, and what is true.

    Parameters
    ----------
    estimand : Estimand
    hypothesis : {"superiority", "non-inferiority", "equivalence"}
    better : {"lower", "higher"}
        Which outcome is; of non-inferiority it says on which side harm is.
    effect : float
        The true one, where effects add.
    margin : float
        Where effects add, above 0; 0 of superiority, which has none.
    harm : bool
        Whether it is a balancing endpoint's, of which a design may have a model.
    """

    estimand: Estimand
    hypothesis: Hypothesis
    better: Better
    effect: float
    margin: float = 0.0
    harm: bool = False

    @classmethod
    def of(cls, endpoint: Endpoint, effect: float) -> Self:
        """Read it from an endpoint; the effect is on the endpoint's own scale."""
        scale, margin = scale_of(endpoint), 0.0
        if endpoint.hypothesis != "superiority" and endpoint.margin is not None:
            margin = distance(scale, endpoint.margin)
        return cls(
            endpoint.estimand,
            endpoint.hypothesis,
            endpoint.better,
            additive(scale, effect),
            margin,
        )

    @classmethod
    def harmless(cls, endpoint: Endpoint) -> Self:
        """Ask of a balancing endpoint whether its harm is excluded, where none is."""
        margin = distance(scale_of(endpoint), endpoint.margin or 0.0)
        return cls(
            endpoint.estimand,
            "non-inferiority",
            endpoint.better,
            0.0,
            margin,
            harm=True,
        )

    @property
    def is_ratio(self) -> bool:
        """Whether no effect is 1."""
        return is_ratio(self.estimand.summary_measure)

    @property
    def side(self) -> int:
        """Where the effect is looked for: above nought, or below."""
        if self.hypothesis == "superiority":
            return 1 if self.effect > 0 else -1
        return 1 if self.better == "higher" else -1

    def told(self, effect: float) -> float:
        """Give an effect, or a margin, on the summary's own scale."""
        return from_additive(self.estimand.summary_measure, effect)

    def at(self, *, effect: float | None = None, margin: float | None = None) -> Self:
        """Ask the same of another effect, or of another margin."""
        return replace(
            self,
            effect=self.effect if effect is None else effect,
            margin=self.margin if margin is None else margin,
        )

    def reached(self, share: float) -> float:
        """Give the share with the outcome among those with the card.

        Parameters
        ----------
        share : float
            Among those without, in (0, 1).
        """
        summary = self.estimand.summary_measure
        if summary == "risk_ratio":
            return share * float(np.exp(self.effect))
        if summary == "odds_ratio":
            odds = share / (1 - share) * float(np.exp(self.effect))
            return odds / (1 + odds)
        return share + self.effect

    def variance_of(self, share: float | None, exposed: float = 0.5) -> float:
        """Give what a difference's variance without effect is to be multiplied by.

        A share's own variance goes with it, and a ratio is read by the delta method.

        Parameters
        ----------
        share : float or None
            With the outcome, without the card; None of an outcome that is a number.
        exposed : float
            The part of the difference's variance that those with the effect bring.
        """
        if share is None:
            return 1.0
        reached = self.reached(share)
        before, after = share * (1 - share), reached * (1 - reached)
        slopes: dict[str, tuple[float, float]] = {
            "risk_ratio": (1 / share, 1 / reached),
            "odds_ratio": (1 / before, 1 / after),
        }
        one, other = slopes.get(self.estimand.summary_measure, (1.0, 1.0))
        return (1 - exposed) * one**2 + exposed * other**2 * after / before

    def chance(
        self, se: ArrayLike, df: ArrayLike, alpha: float, *, wide: ArrayLike = 1.0
    ) -> Floats:
        """Give the chance that an interval shows it.

        Parameters
        ----------
        se, df : array of float, shape (n,)
            Standard errors, and the degrees of freedom that they are held against.
        alpha : float
            1 less the level of the two-sided interval.
        wide : array of float, shape (n,), or float
            How much wider intervals are than these standard errors would make them.

        Returns
        -------
        array of float, shape (n,)
            Of a noncentral t. Equivalence asks two things of one interval, so its
            chance is averaged over the standard error's own.
        """
        error = np.asarray(se, dtype=float)
        free = np.minimum(np.asarray(df, dtype=float), _NEARLY_NORMAL)
        far = np.asarray(wide) * scipy.stats.t.isf(alpha / 2, free)
        if self.hypothesis == "equivalence":
            half = far * luck_of_error(free) * error  # of intervals, shape (luck, n)
            above = scipy.stats.norm.cdf((self.margin - half - self.effect) / error)
            below = scipy.stats.norm.cdf((half - self.margin - self.effect) / error)
            return np.asarray(np.maximum(above - below, 0).mean(axis=0))
        shift = self.effect * self.side + self.margin
        return np.asarray(scipy.stats.nct.sf(far, free, shift / error))

    def shown(self, found: Fit) -> bool:
        """Say whether a fit's interval shows it."""
        above, below = found.lower > -self.margin, found.upper < self.margin
        if self.hypothesis == "equivalence":
            return bool(above and below)
        return bool(above if self.side > 0 else below)


def luck_of_error(df: Floats) -> Floats:
    """Give quantiles of estimated over true standard errors, shape (luck, n)."""
    return np.asarray(np.sqrt(scipy.stats.chi2.ppf(_QUANTILES[:, None], df) / df))
