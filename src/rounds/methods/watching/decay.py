"""After adoption: did the gain of a change fade?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import ndtri

from rounds.methods.proportion import counts
from rounds.methods.watching.false_alarms import Watched, Watcher

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["Decay", "decay"]


@dataclass(frozen=True, kw_only=True)
class Decay:
    """What is left of a gain, and whether its fading was found."""

    verdict: Literal["fading", "held", "too little to tell"]
    """Fading: the CUSUM signalled. Held: no signal, and the interval of what is left
    lies above what fading would leave."""
    watched: Watched
    """The CUSUM over the observations after the first ones."""
    first: float
    """The proportion over the first observations after adoption, in [0, 1]."""
    recent: float
    """The proportion over the last ones."""
    left: float
    """Share of the gain that is left: 1 where the level held, 0 where all was lost,
    more than 1 where it rose."""
    left_lower: float
    left_upper: float
    n_first: int
    """Observations that the first level rests on."""


def decay(
    events: ArrayLike,
    totals: ArrayLike,
    *,
    gain: float,
    gain_se: float = 0.0,
    rng: np.random.Generator,
    n_first: int = 3,
    lost: float = 0.5,
    false_alarm: float = 0.05,
    horizon: int = 24,
    correlation: float = 0.0,
    n_draws: int = 10_000,
    level: float = 0.95,
) -> Decay:
    """Watch for the loss of a share of what a change had brought.

    Parameters
    ----------
    events, totals : array_like of int, shape (n_observations,)
        Events and persons in the order of time, from when the change was in force
        everywhere; totals at least 1.
    gain : float
        What the change was found to do to the proportion, in [-1, 1] and not 0: below
        0 where fewer events are wanted.
    gain_se : float
        Its standard error, at least 0.
    rng : numpy.random.Generator
        For the threshold's made series.
    n_first : int
        Observations that say what adoption reached; the others are held against them.
    lost : float
        The share of the gain whose loss is watched for, in (0, 1].
    false_alarm : float
        Chance of a false signal within the horizon though the level holds.
    horizon : int
        Observations ahead for which that is promised.
    correlation : float
        Of persons within an observation: `false_alarms.within_correlation`.
    n_draws : int
        Made series for the threshold.
    level : float
        Of the interval of what is left, in (0, 1).

    Returns
    -------
    Decay
        The CUSUM is Steiner's, for the odds that the loss of that share would give; its
        threshold knows that the first level is estimated. What is left is (gain − first
        + recent) / gain over the last `n_first` observations, with a normal interval by
        the delta method, persons independent but for `correlation`. A gain that was
        lost before the first observations were over is not seen.

    Raises
    ------
    ValueError
        If there are fewer than n_first + 1 observations, counts are impossible, the
        gain is 0 or not finite, or the level that its loss would leave is not within 0
        and 1.

    Examples
    --------
    >>> x, n = [70, 72, 71, 66, 61, 60, 59, 60], [100] * 8
    >>> found = decay(x, n, gain=0.12, rng=np.random.default_rng(1))
    >>> found.verdict, round(found.left, 2)
    ('fading', 0.06)
    """
    x, n = counts(events, totals)
    if n_first < 1 or x.size < n_first + 1:
        raise ValueError(
            f"{x.size} observations; at least {n_first + 1} are needed, {n_first} for "
            "the first level and one to hold against it"
        )
    if not np.isfinite(gain) or gain == 0 or not gain_se >= 0:
        raise ValueError(f"gain is {gain} with standard error {gain_se}")
    if not 0 < lost <= 1 or not 0 < level < 1:
        raise ValueError(f"lost is {lost} and level {level}; expected within 0 and 1")
    base = (int(x[:n_first].sum()), int(n[:n_first].sum()))
    held = (base[0] + 0.5) / (base[1] + 1)
    faded = held - lost * gain
    if not 0 < faded < 1:
        raise ValueError(
            f"a loss of {lost:.0%} of the gain {gain} would leave {faded:.3f} of "
            f"{held:.3f}: no proportion"
        )
    watcher = Watcher(
        odds_ratio=float(faded / (1 - faded) / (held / (1 - held))),
        false_alarm=false_alarm,
        horizon=horizon,
        correlation=correlation,
        n_draws=n_draws,
    )
    (watched,) = watcher.watch([base], [(x[n_first:], n[n_first:])], rng=rng)
    last = slice(max(n_first, x.size - n_first), None)
    first, first_variance = _pooled(x[:n_first], n[:n_first], correlation)
    recent, recent_variance = _pooled(x[last], n[last], correlation)
    left = float(1 - (first - recent) / gain)
    variance = (first_variance + recent_variance) / gain**2
    variance += (first - recent) ** 2 * gain_se**2 / gain**4
    half = float(ndtri((1 + level) / 2) * np.sqrt(variance))
    return Decay(
        verdict=_verdict(watched, is_held=left - half > 1 - lost),
        watched=watched,
        first=first,
        recent=recent,
        left=left,
        left_lower=left - half,
        left_upper=left + half,
        n_first=n_first,
    )


def _verdict(
    watched: Watched, *, is_held: bool
) -> Literal["fading", "held", "too little to tell"]:
    if watched.path.signal.any():
        return "fading"
    return "held" if is_held else "too little to tell"


def _pooled(x: np.ndarray, n: np.ndarray, correlation: float) -> tuple[float, float]:
    """Give the pooled proportion and its variance, half an event added each way."""
    p = float(x.sum() / n.sum())
    smooth = float((x.sum() + 0.5) / (n.sum() + 1))
    wider = float((n * (1 + (n - 1) * correlation)).sum() / n.sum())
    return p, smooth * (1 - smooth) * wider / float(n.sum())
