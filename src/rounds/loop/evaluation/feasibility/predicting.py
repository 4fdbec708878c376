"""What a design could tell, by formula: of the variances that its own analysis leaves.

The variance of the effect is that of the design's own estimator, with the design matrix
of an allocation that could be drawn and with the past's variances for known. The
degrees of freedom are those that the analysis gives on the past under that allocation.
Power is the mean over allocations: some are lucky.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy
from numpy.typing import NDArray
from scipy import optimize

from rounds.loop.evaluation.designs import design_of
from rounds.loop.evaluation.designs.scheduled import period_columns
from rounds.loop.evaluation.estimates.effects import covariate_columns, fit_asked
from rounds.loop.evaluation.estimates.summaries import BY_LEAST_SQUARES
from rounds.loop.evaluation.feasibility.allocating import Draw
from rounds.loop.evaluation.feasibility.levels import alike_in_visits
from rounds.loop.evaluation.feasibility.made_trials import Looked, plainly
from rounds.loop.evaluation.feasibility.question import Question
from rounds.loop.evaluation.participants import Participants
from rounds.methods.clusters.design_matrix import without_repeats
from rounds.methods.clusters.linear_mixed import linear_mixed
from rounds.methods.planning.planned_variance import (
    generalised_variance,
    least_squares_variance,
)
from rounds.methods.planning.trial_power import Spread
from rounds.nouns import Estimand, Protocol

__all__ = ["ALLOCATIONS", "Prediction", "predict", "spread_of"]

Floats = NDArray[np.float64]
ALLOCATIONS = 20
"""Over which power is averaged."""
_FITTED = 4
"""Of them, those whose degrees of freedom are found where a fit takes long."""
_FITTED_WIDE = 10
"""The same of ratios and of harms, whose intervals are looked at too."""
_STEPS = 200
"""In which the smallest effect is looked for."""
_FARTHEST = 6.0
"""The logarithm of the largest ratio that is looked at: 400, and one over it."""


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
    exposed : float
        The part of the variance that those with the effect bring.
    wide : array of float, shape (n_allocations,), or 1
        How much wider the analysis makes its intervals than this variance would: what
        corrections for few clusters add to a ratio's, or the wider of two intervals to
        a harm's; 1 of another difference, whose variance is right on average.
    """

    variances: Floats
    df: Floats
    n: float
    share: float | None
    alpha: float
    exposed: float = 0.5
    wide: Floats | float = 1.0

    def power(self, asked: Question) -> float:
        """Give the chance that the interval shows what is asked.

        Parameters
        ----------
        asked : Question
            Of a share, its effect must not carry it beyond 0 or 1.
        """
        scale = asked.variance_of(self.share, self.exposed)
        se = np.sqrt(self.variances * scale)
        found = asked.chance(se, self.df, self.alpha, wide=self.wide)
        return float(np.mean(found))

    def detectable(self, wanted: float, asked: Question) -> float | None:
        """Give the smallest effect found with the wanted power; None if there is none.

        Of non-inferiority and equivalence, the smallest margin that is held to with
        it, the effect being as asked.

        Parameters
        ----------
        wanted : float
            Power, in (alpha, 1).

        Returns
        -------
        float or None
            On the summary's own scale.
        """
        by_margin = asked.hypothesis != "superiority"

        def at(size: float) -> Question:
            if by_margin:
                return asked.at(margin=size)
            return asked.at(effect=asked.side * size)

        def short(size: float) -> float:
            return self.power(at(size)) - wanted

        sizes = self._most(asked) * np.linspace(0, 1, _STEPS)[1:] ** 2
        enough = next((one for one in sizes if short(one) >= 0), None)
        if enough is None:
            return None
        least = 1e-9 * enough
        if short(least) >= 0:  # so far better that no margin is needed
            return asked.told(0.0)
        size = float(optimize.brentq(short, least, enough, xtol=least))
        return asked.told(size if by_margin else asked.side * size)

    @cached_property
    def se(self) -> float:
        """The standard error without an effect, on average over allocations."""
        return float(np.sqrt(self.variances.mean()))

    def _most(self, asked: Question) -> float:
        """Give the largest effect, or margin, that is looked at, where effects add."""
        scale = asked.at(effect=0.0).variance_of(self.share, self.exposed)
        se = float(np.sqrt(self.variances.max() * scale))
        if asked.hypothesis != "superiority" or self.share is None:
            return 40 * float(np.max(self.wide)) * se + abs(asked.effect)
        if not asked.is_ratio:
            return (1 - self.share if asked.side > 0 else self.share) * (1 - 1e-6)
        if asked.estimand.summary_measure == "risk_ratio" and asked.side > 0:
            return -float(np.log(self.share)) * (1 - 1e-6)
        return _FARTHEST


def predict(
    draw: Draw,
    protocol: Protocol,
    rng: np.random.Generator,
    *,
    estimand: Estimand,
    is_share: bool,
    harm: bool = False,
    look: Callable[[Participants], Looked] = plainly,
    allocations: int = ALLOCATIONS,
) -> Prediction:
    """Predict what a design could tell.

    Parameters
    ----------
    draw : Draw
        Of the design, among those enrolled in its weeks.
    protocol : Protocol
        Of the design.
    estimand : Estimand
        Of the endpoint.
    is_share : bool
        Whether the outcome is 0 or 1.
    harm : bool
        Whether it is a balancing endpoint's, of which a design may have a model.
    look : callable
        Says which column of participants is asked about.
    allocations : int
        How many are drawn; those without an answer are left out. Of ratios and of
        models with random effects, whose fits take long, the first few alone are
        fitted, and tell the degrees of freedom of all.

    Raises
    ------
    ValueError
        If no allocation gives an answer, or the outcome does not vary.
    """
    variances: list[float] = []
    df: list[float] = []
    n: list[int] = []
    alike, why = 0.0, "nobody is enrolled"
    spread: Spread | None = None
    adds = estimand.summary_measure in BY_LEAST_SQUARES
    quick = adds and protocol.schedule is None
    is_wider = not adds or (harm and design_of(protocol).fit_of_harm is not None)
    most = allocations if quick else _FITTED_WIDE if is_wider else _FITTED
    seen: list[float] = []
    for _ in range(allocations):
        people, extra = look(draw(rng))
        known, beside = people.where(people.observed), _of_known(people, extra)
        try:
            if len(df) < most:
                fitted, _method = fit_asked(
                    people, protocol, estimand, extra=extra, harm=harm
                )
            # What is left beside the arm does not depend on who is in which arm.
            if spread is None:
                spread, alike = spread_of(known, protocol), alike_in_visits(known)
            X = _columns(known, protocol, beside)
            variance = _variance(
                X, known, protocol, spread=spread, estimand=estimand, alike=alike
            )
        except (ValueError, np.linalg.LinAlgError) as error:
            why = str(error)
            continue
        if len(df) < most:
            seen.append(fitted.upper - fitted.lower)
        variances.append(variance)
        df.append(fitted.df)
        n.append(len(people))
    if not variances:
        raise ValueError(why)
    shown = None
    if is_share:
        shown = float(np.average(known.outcome, weights=_weights(known, estimand)))
    freedom = np.array(df)
    freedom[most:] = freedom[:most].mean()
    found = Prediction(
        np.array(variances), freedom, float(np.mean(n)), shown, 1 - protocol.level
    )
    return replace(found, wide=_width(found, seen, estimand)) if is_wider else found


def _width(found: Prediction, seen: list[float], estimand: Estimand) -> Floats:
    """Give the analysis's intervals over the formula's, at least 1 each.

    Of allocations that were not fitted, those of others that were.
    """
    nothing = Question(estimand, "superiority", "higher", 0.0)
    error = np.sqrt(found.variances * nothing.variance_of(found.share))
    expected = 2 * scipy.stats.t.isf(found.alpha / 2, found.df) * error
    here = np.resize(np.array(seen) / expected[: len(seen)], len(expected))
    return np.asarray(np.maximum(here, 1.0), dtype=float)


def _of_known(people: Participants, extra: tuple[Floats, ...]) -> list[Floats]:
    return [one[people.observed] for one in extra]


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
        left = _beside(X, known.outcome)
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
    return bool(np.abs(_beside(X, indicators)).max() < 1e-8)


def _beside(X: Floats, values: Floats) -> Floats:
    """Give what columns that do not repeat one another leave of some values."""
    Q = np.linalg.qr(X)[0]
    return np.asarray(values - Q @ (Q.T @ values), dtype=float)


def _columns(
    known: Participants, protocol: Protocol, beside: list[Floats] | None = None
) -> Floats:
    """Give the analysis's columns: the arm, a constant, covariates, periods.

    Parameters
    ----------
    beside : list of array, optional
        Of two factors, the columns beside the arm and the second one's.
    """
    columns = [
        known.active.astype(float),
        np.ones(len(known)),
        *covariate_columns(known, protocol.covariates),
    ]
    if known.period is not None:
        columns += period_columns(known)
    if beside is not None and known.second is not None:
        columns.append(known.second.astype(float))
    return np.column_stack([*columns, *(beside or [])])


def _variance(
    X: Floats,
    known: Participants,
    protocol: Protocol,
    *,
    spread: Spread,
    estimand: Estimand,
    alike: float,
) -> float:
    if protocol.schedule is not None:
        return generalised_variance(X, known.clinic, known.period, spread)
    return least_squares_variance(
        X,
        known.clinic,
        spread,
        weights=_weights(known, estimand),
        persons=known.person if known.are_visits else None,
        alike=alike,
    )


def _weights(known: Participants, estimand: Estimand) -> Floats | None:
    """Give weights that add up to 1 in each clinic, where clinics count alike."""
    if estimand.weighting != "clusters":
        return None
    _, codes, sizes = np.unique(known.clinic, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / sizes[codes], dtype=float)
