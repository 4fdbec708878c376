"""Made trials whose allocation follows their outcomes: what is gained, lost and biased.

Two arms, outcomes of yes or no. Counts are drawn epoch by epoch for all trials at once,
the chance of an outcome being that of the middle of its stretch where it drifts.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import ndtr, ndtri

from rounds.methods.allocations.adaptive_allocation import (
    Rule,
    allocation_probabilities,
    tempering,
)
from rounds.methods.sequential import Calibrated

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "ESTIMATORS",
    "AdaptiveTrial",
    "MadeTrials",
    "calibrated_under_adaptation",
    "made_trials",
]

Estimator = Literal["by_epoch", "pooled", "even_share"]
ESTIMATORS: tuple[Estimator, ...] = ("by_epoch", "pooled", "even_share")
"""Averaged over epochs; all patients as if chances had never changed; those alone whose
chances never did."""


@dataclass(frozen=True, kw_only=True)
class AdaptiveTrial:
    """How a trial is planned.

    Raises
    ------
    ValueError
        If something is out of its range.
    """

    patients: int
    """Planned, at least 20."""
    looks: tuple[float, ...]
    """Shares of the patients whose outcome is known at each look, up to 1, the end."""
    rule: Rule = "square_root"
    least: float = 0.1
    """Least chance of an arm, in [0, 0.5]; 0.5 never adapts."""
    fixed_share: float = 0.2
    """Of patients who are allocated evenly throughout, in [0, 1)."""
    lag: float = 0.0
    """Share of the patients who are enrolled between the last whose outcome is known
    and the look: only those after it are allocated by what it saw."""
    prior_sd: float = float("inf")
    """Of a normal prior around 0, in standard errors planned for the end."""
    read: Literal["by_epoch", "pooled"] = "by_epoch"
    """The estimate that looks read."""

    def __post_init__(self) -> None:
        steps = [b - a for a, b in pairwise((0.0, *self.looks))]
        checks = (
            (self.patients >= 20, "patients are at least 20"),
            (
                bool(steps) and min(steps) > 0 and self.looks[-1] == 1,
                "looks increase up to 1",
            ),
            (0 <= self.least <= 0.5, "least is from 0 to 0.5"),
            (0 <= self.fixed_share < 1, "fixed_share is from 0 to less than 1"),
            (0 <= self.lag < 1, "lag is from 0 to less than 1"),
            (self.prior_sd > 0, "prior_sd is above 0"),
        )
        wrong = [said for fine, said in checks if not fine]
        if wrong:
            raise ValueError("; ".join(wrong))


@dataclass(frozen=True, kw_only=True, eq=False)
class MadeTrials:
    """What became of made trials, each lived to its planned end."""

    effect: float
    estimates: dict[Estimator, NDArray[np.float64]]
    """At the end, each of shape (n_trials,); NaN where an arm was empty."""
    ses: dict[Estimator, NDArray[np.float64]]
    posterior: NDArray[np.float64]
    """That the effect is above 0, at each look, shape (n_trials, n_looks)."""
    chances: NDArray[np.float64]
    """Of the active arm in each epoch, shape (n_trials, n_epochs); the first is 0.5."""
    active: NDArray[np.float64]
    """Share of all patients in the active arm, shape (n_trials,)."""

    def bias(self, estimator: Estimator) -> tuple[float, float]:
        """Give the mean error of an estimator, and its Monte Carlo standard error."""
        off = self.estimates[estimator] - self.effect
        off = off[np.isfinite(off)]
        return float(off.mean()), float(off.std() / np.sqrt(len(off)))

    def spread(self, estimator: Estimator) -> float:
        """Give the standard deviation of an estimator over the trials."""
        return float(np.nanstd(self.estimates[estimator]))

    def missed(self, estimator: Estimator, level: float = 0.95) -> float:
        """Give how often the normal interval does not hold the effect."""
        z = float(ndtri((1 + level) / 2))
        off = np.abs(self.estimates[estimator] - self.effect)
        return float((off > z * self.ses[estimator])[np.isfinite(off)].mean())

    def shown(self, threshold: float) -> float:
        """Give how often any look finds the probability of benefit that high."""
        return float((self.posterior >= threshold).any(axis=1).mean())

    def futile(self, threshold: float) -> float:
        """Give how often a look before the end finds it as low as 1 - threshold."""
        low = (self.posterior[:, :-1] <= 1 - threshold).any(axis=1)
        return float(low.mean())


def made_trials(
    trial: AdaptiveTrial,
    *,
    control: float,
    effect: float = 0.0,
    drift: float = 0.0,
    n_trials: int,
    rng: np.random.Generator,
) -> MadeTrials:
    """Make trials and look at them as planned; none is stopped.

    Parameters
    ----------
    control : float
        Chance of the (good) outcome without the card at the start, in (0, 1).
    effect : float
        Added with the card, at any time.
    drift : float
        By which the chance changes in both arms, evenly, from first to last patient.
    n_trials : int
    rng : numpy.random.Generator

    Returns
    -------
    MadeTrials
        A stopping rule can be read off afterwards: what a look saw does not depend on
        what came later.

    Raises
    ------
    ValueError
        If a chance would leave (0, 1), or there are fewer than 10 trials.

    References
    ----------
    Jiang Y, Zhao W, Durkalski-Mauldin V (2019). Time-trend impact on treatment
    estimation in two-arm clinical trials with a binary outcome and Bayesian response
    adaptive randomization. Journal of Biopharmaceutical Statistics 30:69-88,
    PMC6825522 (abstract and table 4): with drift, pooling errs too often.

    Examples
    --------
    >>> found = made_trials(AdaptiveTrial(patients=400, looks=(0.5, 1.0)), control=0.3,
    ...                     effect=0.1, n_trials=2000, rng=np.random.default_rng(1))
    >>> bool(abs(found.bias("by_epoch")[0]) < 0.005)
    True
    """
    ends = (control, control + effect, control + drift, control + effect + drift)
    if not all(0 < one < 1 for one in ends):
        raise ValueError("chances of the outcome lie between 0 and 1 throughout")
    if n_trials < 10:
        raise ValueError(f"n_trials is {n_trials}; expected at least 10")
    lived = _Lives(trial, control, effect, drift, n=n_trials, rng=rng)
    return lived.to_the_end()


def calibrated_under_adaptation(
    trial: AdaptiveTrial,
    *,
    control: float,
    alpha: float,
    n_trials: int,
    rng: np.random.Generator,
) -> Calibrated:
    """Find the posterior probability at which looks mislead as seldom as is wanted.

    As `rounds.methods.sequential.calibrated_threshold`, with the allocation following
    what looks see: the estimate is then no sum of independent normal steps.

    Returns
    -------
    Calibrated
        For this plan and rate, without drift, and no other.

    Raises
    ------
    ValueError
        As `made_trials`, or if alpha is not within (0, 0.5].
    """
    if not 0 < alpha <= 0.5:
        raise ValueError(f"alpha is {alpha}; expected above 0, at most 0.5")
    null = made_trials(trial, control=control, n_trials=n_trials, rng=rng)
    error = float(np.sqrt(alpha * (1 - alpha) / n_trials))
    levels = 1 - alpha + 1.96 * error * np.array([-1.0, 0.0, 1.0])
    lower, threshold, upper = np.quantile(
        null.posterior.max(axis=1), np.clip(levels, 0, 1), method="higher"
    ).tolist()
    return Calibrated(
        threshold=threshold, lower=lower, upper=upper, error=error, n_trials=n_trials
    )


class _Lives:
    """Trials that are being lived, stretch by stretch, all at once."""

    def __init__(
        self,
        trial: AdaptiveTrial,
        control: float,
        effect: float,
        drift: float,
        *,
        n: int,
        rng: np.random.Generator,
    ) -> None:
        self.trial, self.rng, self.n = trial, rng, n
        self.control, self.effect, self.drift = control, effect, drift
        turns = [t + trial.lag for t in trial.looks[:-1] if t + trial.lag < 1]
        ends = sorted({*trial.looks, *turns})
        self.stretches = list(pairwise((0.0, *ends)))
        self.epoch = [
            sum(turn <= start + 1e-12 for turn in turns) for start, _ in self.stretches
        ]
        # Trials × stretches × (even share, adaptive) × (silent, active).
        shape = (n, len(self.stretches), 2, 2)
        self.sizes, self.hits = np.zeros(shape), np.zeros(shape)
        self.chances = np.full((n, len(turns) + 1), 0.5)
        self.posterior = np.empty((n, len(trial.looks)))
        self.planned_se = 2 * np.sqrt(control * (1 - control) / trial.patients)

    def to_the_end(self) -> MadeTrials:
        looked = 0
        for s, (start, _) in enumerate(self.stretches):
            while self.trial.looks[looked] <= start + 1e-12:
                self._look(looked)
                looked += 1
            self._live(s)
        while looked < len(self.trial.looks):
            self._look(looked)
            looked += 1
        known = self._known(1.0)
        found = {name: self._estimate(name, known) for name in ESTIMATORS}
        return MadeTrials(
            effect=self.effect,
            estimates={name: value for name, (value, _) in found.items()},
            ses={name: se for name, (_, se) in found.items()},
            posterior=self.posterior,
            chances=self.chances,
            active=self.sizes[..., 1].sum(axis=(1, 2)) / self.trial.patients,
        )

    def _live(self, s: int) -> None:
        start, end = self.stretches[s]
        patients = round(end * self.trial.patients) - round(start * self.trial.patients)
        even = self.rng.binomial(patients, self.trial.fixed_share, self.n)
        chance = self.chances[:, self.epoch[s]]
        rate = self.control + self.drift * (start + end) / 2
        halves = np.full(self.n, 0.5)
        for k, (size, p) in enumerate(((even, halves), (patients - even, chance))):
            active = self.rng.binomial(size, p)
            for arm, n in enumerate((size - active, active)):
                self.sizes[:, s, k, arm] = n
                self.hits[:, s, k, arm] = self.rng.binomial(n, rate + self.effect * arm)

    def _known(self, share: float) -> list[int]:
        return [s for s, (_, end) in enumerate(self.stretches) if end <= share + 1e-12]

    def _look(self, k: int) -> None:
        trial = self.trial
        estimate, se = self._estimate(trial.read, self._known(trial.looks[k]))
        with np.errstate(divide="ignore", invalid="ignore"):
            information = (self.planned_se / se) ** 2
            z = estimate / se
        blind = ~np.isfinite(z)
        information, z = np.where(blind, 1e-9, information), np.where(blind, 0.0, z)
        precision = trial.prior_sd**-2.0
        score = z * np.sqrt(information) / np.sqrt(information + precision)
        self.posterior[:, k] = ndtr(score)
        following = self._epoch_after(k)
        if following is None:
            return
        seen = self.posterior[:, k]
        # Either rule, for each trial by itself: the power may differ between them.
        powers = tempering(trial.rule, information)
        raised = np.column_stack([seen, 1 - seen]) ** powers[:, None]
        raised /= raised.sum(axis=1, keepdims=True)
        found = allocation_probabilities(raised, power=1.0, least=trial.least)
        self.chances[:, following] = found[:, 0]

    def _epoch_after(self, k: int) -> int | None:
        """Give the epoch that begins after a look; None after the last."""
        at = self.trial.looks[k] + self.trial.lag
        return k + 1 if k < len(self.trial.looks) - 1 and at < 1 else None

    def _estimate(
        self, name: Estimator, known: list[int]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        sizes, hits = self.sizes[:, known], self.hits[:, known]
        epochs = np.array([self.epoch[s] for s in known])
        if name == "even_share":
            # Before the first turn everybody was allocated evenly.
            burn_in = epochs == 0
            sizes = sizes[:, :, 0] + np.where(burn_in[:, None], sizes[:, :, 1], 0)
            hits = hits[:, :, 0] + np.where(burn_in[:, None], hits[:, :, 1], 0)
        else:
            sizes, hits = sizes.sum(axis=2), hits.sum(axis=2)
        if name == "by_epoch":
            return _averaged(*(_summed(one, epochs) for one in (sizes, hits)))
        return _averaged(
            sizes.sum(axis=1, keepdims=True), hits.sum(axis=1, keepdims=True)
        )


def _summed(
    counts: NDArray[np.float64], epochs: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Add stretches of one epoch, shape (n_trials, n_epochs, 2)."""
    return np.stack(
        [counts[:, epochs == one].sum(axis=1) for one in np.unique(epochs)], axis=1
    )


def _averaged(
    sizes: NDArray[np.float64], hits: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Average the epochs' differences by their sizes, of those with both arms."""
    usable = np.asarray((sizes >= 2).all(axis=2))
    n = np.where(usable[..., None], sizes, 2.0)
    rates = hits / n
    difference = rates[..., 1] - rates[..., 0]
    variance = (rates * (1 - rates) / (n - 1)).sum(axis=2)
    weights = np.where(usable, sizes.sum(axis=2), 0.0)
    with np.errstate(invalid="ignore"):
        weights /= weights.sum(axis=1, keepdims=True)
    found = (weights * np.where(usable, difference, 0.0)).sum(axis=1)
    squares = (weights**2 * np.where(usable, variance, 0.0)).sum(axis=1)
    return found, np.sqrt(squares)
