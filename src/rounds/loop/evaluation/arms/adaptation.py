"""What a response-adaptive trial gains and loses, before it is planned: made trials."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from rounds.methods.allocations.adaptive_trials import (
    ESTIMATORS,
    AdaptiveTrial,
    Estimator,
    MadeTrials,
    calibrated_under_adaptation,
    made_trials,
)
from rounds.methods.sequential import Calibrated, exact_threshold
from rounds.nouns.errors import DefinitionError

__all__ = ["AdaptationAsked", "AdaptationFound", "Characteristics", "find_adaptation"]

FEWEST_TRIALS = 100
MOST_TRIALS = 200_000


@dataclass(frozen=True, kw_only=True)
class AdaptationAsked:
    """What is wanted of made trials."""

    patients: int
    looks: tuple[float, ...]
    """Shares of the patients whose outcome is known, up to 1."""
    control: float
    """Chance of the good outcome without the card, at the start."""
    effect: float
    drift: float = 0.0
    """By which both arms' chance changes from the first patient to the last."""
    rule: Literal["square_root", "information"] = "square_root"
    least: float = 0.1
    fixed_share: float = 0.2
    lag: float = 0.0
    prior_sd: float | None = None
    alpha: float = 0.025
    trials: int = 4_000
    seed: int = 1


@dataclass(frozen=True, kw_only=True)
class Characteristics:
    """Of one way to allocate, under one truth. Shares are of made trials."""

    allocation: Literal["adaptive", "even"]
    effect: float
    shown: float
    """A look, or the end, shows a benefit."""
    shown_pooled: float
    """The same of looks that read all patients as one: what drift does to it."""
    worse_off: float
    """Mean share of patients in the arm that does worse; the silent one without any."""
    spread: float
    """Standard deviation of the estimate by epochs."""
    bias: dict[Estimator, tuple[float, float]]
    """Of each estimator at the end: mean error, and its Monte Carlo error."""
    missed: dict[Estimator, float]
    """How often its interval of 95% misses the truth."""


@dataclass(frozen=True, kw_only=True)
class AdaptationFound:
    """What was found."""

    asked: AdaptationAsked
    planned: float
    """The threshold of the posterior probability for looks at even arms."""
    calibrated: Calibrated
    """The same where chances follow the looks, by simulation."""
    rows: tuple[Characteristics, ...]
    """Adaptive and even; without the effect and with it."""

    @property
    def lost(self) -> float:
        """Of the information of even arms, what adapting loses under the effect."""
        adaptive, even = (one for one in self.rows if one.effect == self.asked.effect)
        return 1 - (even.spread / adaptive.spread) ** 2


def find_adaptation(asked: AdaptationAsked) -> AdaptationFound:
    """Make trials, adaptive and even, without and with the effect.

    The threshold of the posterior probability is calibrated by made trials of its own,
    without drift and without an effect. Even trials are looked at alike, by the
    threshold that is exact for them.

    Parameters
    ----------
    asked : AdaptationAsked
        The plan and the truth.

    Returns
    -------
    AdaptationFound
        The same for the same seed.

    Raises
    ------
    DefinitionError
        If a number cannot be used.
    """
    _check(asked)
    draws = np.random.default_rng(asked.seed).spawn(5)
    planned = exact_threshold(asked.looks, alpha=asked.alpha, prior_sd=_sd(asked))
    calibrated = calibrated_under_adaptation(
        _trial(asked),
        control=asked.control,
        alpha=asked.alpha,
        n_trials=max(asked.trials, 1_000),
        rng=draws[0],
    )
    rows = []
    for effect, pair in ((0.0, draws[1:3]), (asked.effect, draws[3:5])):
        for allocation, rng in zip(("adaptive", "even"), pair, strict=True):
            even = allocation == "even"
            threshold = planned if even else calibrated.threshold
            rows.append(_characteristics(asked, effect, threshold, rng, even=even))
    return AdaptationFound(
        asked=asked, planned=planned, calibrated=calibrated, rows=tuple(rows)
    )


def _characteristics(
    asked: AdaptationAsked,
    effect: float,
    threshold: float,
    rng: np.random.Generator,
    *,
    even: bool,
) -> Characteristics:
    truth = {"control": asked.control, "effect": effect, "drift": asked.drift}
    draws = rng.spawn(2)
    by_epoch, pooled = (
        made_trials(trial, **truth, n_trials=asked.trials, rng=one)
        for trial, one in (
            (_trial(asked, even=even, read="by_epoch"), draws[0]),
            (_trial(asked, even=even, read="pooled"), draws[1]),
        )
    )
    return Characteristics(
        allocation="even" if even else "adaptive",
        effect=effect,
        shown=by_epoch.shown(threshold),
        shown_pooled=pooled.shown(threshold),
        worse_off=_worse_off(by_epoch, effect),
        spread=by_epoch.spread("by_epoch"),
        bias={name: by_epoch.bias(name) for name in ESTIMATORS},
        missed={name: by_epoch.missed(name) for name in ESTIMATORS},
    )


def _worse_off(made: MadeTrials, effect: float) -> float:
    active = float(made.active.mean())
    return active if effect < 0 else 1 - active


def _trial(
    asked: AdaptationAsked,
    *,
    even: bool = False,
    read: Literal["by_epoch", "pooled"] = "by_epoch",
) -> AdaptiveTrial:
    return AdaptiveTrial(
        patients=asked.patients,
        looks=asked.looks,
        rule=asked.rule,
        least=0.5 if even else asked.least,
        fixed_share=asked.fixed_share,
        lag=asked.lag,
        prior_sd=_sd(asked),
        read=read,
    )


def _sd(asked: AdaptationAsked) -> float:
    return float("inf") if asked.prior_sd is None else asked.prior_sd


def _check(asked: AdaptationAsked) -> None:
    """Say everything that is wrong at once."""
    problems = []
    try:
        _trial(asked)
    except ValueError as error:
        problems.append(str(error))
    if not 0.05 <= asked.least < 0.5:
        problems.append("the least chance of an arm is from 0.05 to less than 0.5")
    rates = [
        asked.control + effect + drift
        for effect in (0.0, asked.effect)
        for drift in (0.0, asked.drift)
    ]
    if not all(0 < rate < 1 for rate in rates):
        problems.append("the outcome's chance leaves 0 to 1 in an arm")
    if asked.effect == 0:
        problems.append("an effect of 0 is made anyway; name another")
    if not 1e-4 <= asked.alpha <= 0.25:
        problems.append("alpha is from 0.0001 to 0.25")
    if not FEWEST_TRIALS <= asked.trials <= MOST_TRIALS:
        problems.append(f"trials are {FEWEST_TRIALS} to {MOST_TRIALS:,}")
    if problems:
        raise DefinitionError(
            f"Such trials cannot be made: {'; '.join(problems)}.",
            code="adaptation-asked",
            remedies=(
                (
                    "rounds evaluation adaptive --patients 2000 --looks 0.3,0.6,1 "
                    "--control 0.2 --effect 0.06"
                ),
            ),
        )
