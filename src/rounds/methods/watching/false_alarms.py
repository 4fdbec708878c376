"""Several units watched at once, with one stated chance of any false alarm.

What is held as "in control" is itself estimated from a baseline. A threshold that takes
it as known alarms far too often, so the level is drawn anew from what the baseline
leaves possible, for every made series. And a level that stays what a short baseline
said asks for thresholds so high that little is found: so each observation is held
against all that came before it, not against the baseline alone (self-starting).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rounds.methods.proportion import counts
from rounds.methods.watching.cusum import Cusum, cusum, likelihood_scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["Watched", "Watcher", "within_correlation"]


@dataclass(frozen=True, eq=False)
class Watched:
    """One unit's CUSUM."""

    path: Cusum
    """Without a reset: it signals while it stands at the threshold or above."""
    threshold: float
    level: float
    """The baseline's proportion, in (0, 1): what the first observation is held
    against."""
    chance: float
    """How often a unit that holds its level would come as high, in (0, 1]."""


@dataclass(frozen=True)
class Watcher:
    """What is watched for, and how often it may be seen where it is not.

    Parameters
    ----------
    odds_ratio : float
        The change of the event's odds that is watched for, above 0 and not 1.
    false_alarm : float
        Chance that any unit alarms within the horizon though all hold their level, in
        (0, 1).
    horizon : int
        Observations ahead for which that is promised; where more have come, for as many
        as have.
    correlation : float
        Of persons within an observation, in [0, 1): `within_correlation` estimates it.
    self_starting : bool
        Whether the level learns from each observation after it has been judged. A slow
        change then hides a little in the level; a short baseline harms much less.
    n_draws : int
        Made series for each unit.
    """

    odds_ratio: float
    false_alarm: float = 0.05
    horizon: int = 24
    correlation: float = 0.0
    self_starting: bool = True
    n_draws: int = 10_000

    def watch(
        self,
        baselines: Sequence[tuple[int, int]],
        series: Sequence[tuple[ArrayLike, ArrayLike]],
        *,
        rng: np.random.Generator,
    ) -> list[Watched]:
        """Run a CUSUM for each unit, with thresholds that share the false alarms.

        Parameters
        ----------
        baselines : sequence of (events, persons), length n_units
            Of the time before: what each unit is held against.
        series : sequence of (events, totals), length n_units
            What came after, in the order of time; totals of at least 1.
        rng : numpy.random.Generator
            For the made series.

        Returns
        -------
        list of Watched
            As many as there are units. Each has a chance of 1 − (1 − false_alarm)^(1 /
            n_units) to alarm falsely within the horizon, averaged over what its level
            may be (Beta posterior with Jeffreys' prior).

        Raises
        ------
        ValueError
            If there is no unit, lengths differ, counts are impossible, a parameter is
            out of range, or there are too few draws for so small a chance.

        Notes
        -----
        Months ahead are taken to be as large as the mean month so far. The threshold
        is the quantile of the greatest height of made series, so it is right on average
        over draws.

        Examples
        --------
        >>> made = np.random.default_rng(1)
        >>> fall = ([30, 20, 21, 19, 18, 20], [50] * 6)
        >>> (one,) = Watcher(odds_ratio=0.5).watch([(360, 600)], [fall], rng=made)
        >>> bool(one.path.signal.any()), one.path.began[0]
        (True, 1)
        """
        self._check(len(baselines), len(series))
        alone = 1 - (1 - self.false_alarm) ** (1 / len(baselines))
        if alone * (self.n_draws + 1) < 1:
            raise ValueError(
                f"{self.n_draws} draws cannot tell a chance of {alone:.2g} a unit"
            )
        return [
            self._one(baseline, one, alone, rng)
            for baseline, one in zip(baselines, series, strict=True)
        ]

    def _one(
        self,
        baseline: tuple[int, int],
        series: tuple[ArrayLike, ArrayLike],
        alone: float,
        rng: np.random.Generator,
    ) -> Watched:
        (before,), (size,) = counts([baseline[0]], [baseline[1]])
        x, n = counts(*series)
        # Half an event each way, or a level of 0 or 1 could never be left.
        levels = self._levels(before + 0.5, size + 1, x, n)
        ahead = np.append(n, np.full(max(0, self.horizon - n.size), n.mean().round()))
        # Persons of a month who are alike tell less than their number.
        effective = size / (1 + (size / max(size / n.mean(), 1) - 1) * self.correlation)
        share = before / size * effective
        p = rng.beta(share + 0.5, effective - share + 0.5, self.n_draws)
        p = np.clip(p, 1e-9, 1 - 1e-9)
        start = (float(before) + 0.5, float(size) + 1)
        greatest = self._greatest(p, start, ahead, rng)
        place = int(np.ceil((1 - alone) * (self.n_draws + 1))) - 1
        threshold = float(np.sort(greatest)[place])
        # Made heights are few where months are: a threshold lies just above one.
        threshold = max(threshold, 1e-6) * (1 + 1e-9)
        scores = likelihood_scores(x, n, levels, odds_ratio=self.odds_ratio)
        path = cusum(scores, threshold, reset=False)
        chance = (1 + (greatest >= path.value.max()).sum()) / (self.n_draws + 1)
        return Watched(path, threshold, float(levels[0]), float(chance))

    def _levels(
        self, events: float, size: float, x: NDArray[np.float64], n: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Give what each observation is held against."""
        if not self.self_starting:
            return np.full(x.size, events / size)
        earlier = np.append(0.0, np.cumsum(x)[:-1]), np.append(0.0, np.cumsum(n)[:-1])
        return (events + earlier[0]) / (size + earlier[1])

    def _greatest(
        self,
        p: NDArray[np.float64],
        start: tuple[float, float],
        totals: NDArray[np.float64],
        rng: np.random.Generator,
    ) -> NDArray[np.float64]:
        """Give the greatest height of each made series."""
        height, greatest = np.zeros(p.size), np.zeros(p.size)
        up = np.log(self.odds_ratio)
        events, size = np.full(p.size, start[0]), start[1]
        for n in totals.astype(int).tolist():
            now = p
            if self.correlation > 0:
                tight = (1 - self.correlation) / self.correlation
                now = rng.beta(p * tight, (1 - p) * tight)
            x = rng.binomial(n, now)
            change = np.log1p(events / size * (self.odds_ratio - 1))
            height = np.maximum(0, height + x * up - n * change)
            greatest = np.maximum(greatest, height)
            if self.self_starting:
                events, size = events + x, size + n
        return greatest

    def _check(self, n_units: int, n_series: int) -> None:
        if n_units != n_series or not n_units:
            raise ValueError(f"{n_units} baselines for {n_series} series")
        if not (self.odds_ratio > 0 and self.odds_ratio != 1):
            raise ValueError(
                f"odds_ratio is {self.odds_ratio}; expected above 0, not 1"
            )
        if not 0 < self.false_alarm < 1:
            raise ValueError(f"false_alarm is {self.false_alarm}; expected in (0, 1)")
        if not 0 <= self.correlation < 1:
            raise ValueError(f"correlation is {self.correlation}; expected in [0, 1)")
        if self.horizon < 1 or self.n_draws < 1:
            raise ValueError("horizon and n_draws are at least 1")


def within_correlation(
    series: Sequence[tuple[ArrayLike, ArrayLike]],
) -> float:
    """Estimate how alike persons of one month are, over several units.

    Parameters
    ----------
    series : sequence of (events, totals)
        Each unit's months of a time in which its level held.

    Returns
    -------
    float
        Moment estimate of the correlation of two persons of one month and unit beyond
        what they share with its other months, in [0, 1); 0 where months vary no more
        than chance.

    Raises
    ------
    ValueError
        If no unit has two months and both outcomes, or counts are impossible.

    References
    ----------
    Each unit's Pearson chi-squared over its months has expectation k − 1 by chance
    alone; persons who correlate by ρ add ρ (n − 1) for each month (beta-binomial
    variance n p (1 − p) (1 + (n − 1) ρ)).

    Examples
    --------
    >>> within_correlation([([30, 31, 29], [50, 50, 50])])
    0.0
    """
    excess, weight = 0.0, 0.0
    for events, totals in series:
        x, n = counts(events, totals)
        if x.size < 2 or not 0 < x.sum() < n.sum():
            continue
        p = x.sum() / n.sum()
        squares = ((x - n * p) ** 2 / (n * p * (1 - p))).sum()
        excess += float(squares - (x.size - 1))
        # A month's own part of the mean takes its share away.
        weight += float(((n - 1) * (1 - n / n.sum())).sum())
    if weight <= 0:
        raise ValueError("no unit has two months and both outcomes")
    return float(min(max(excess / weight, 0.0), 0.99))
