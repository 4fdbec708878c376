"""Trials made of a site's own patients: an arm for each, the effect, the real analysis.

Each trial has those who came, at their clinics and on their days, in arms that are
drawn as the design draws them, with outcomes drawn anew (`levels`).
"""

from dataclasses import dataclass, replace

import numpy as np

from rounds.loop.evaluation.effects import fit
from rounds.loop.evaluation.feasibility.allocating import Draw
from rounds.loop.evaluation.feasibility.levels import Levels
from rounds.loop.evaluation.participants import Participants
from rounds.nouns import Protocol

__all__ = ["FEWEST_TRIALS", "MadeTrials", "make_trials", "with_effect"]

FEWEST_TRIALS = 100


@dataclass(frozen=True)
class MadeTrials:
    """What made trials told."""

    power: float
    error: float
    """Monte Carlo standard error of it; never below that of one trial in all."""
    trials: int
    unanswered: int
    """Those whose data gave no answer; they count as not found."""


def make_trials(
    draw: Draw,
    protocol: Protocol,
    effect: float,
    levels: Levels,
    rng: np.random.Generator,
    *,
    trials: int,
    is_share: bool,
) -> MadeTrials:
    """Make trials, analyse each as the protocol says, and count those that find it.

    Parameters
    ----------
    draw : Draw
        Of the design.
    effect : float
        The true one, of everybody with the card.
    levels : Levels
        Of the past that the draw is of.
    trials : int
        At least 100.
    is_share : bool
        Whether the outcome is 0 or 1.

    Raises
    ------
    ValueError
        If there are too few trials, or none gives an answer.
    """
    if trials < FEWEST_TRIALS:
        raise ValueError(f"{trials} trials are too few; make {FEWEST_TRIALS} or more")
    found = unanswered = 0
    why = ""
    for _ in range(trials):
        people = levels.redraw(draw(rng), rng, is_share=is_share)
        people = with_effect(people, effect, rng, is_share=is_share)
        try:
            one = fit(people, protocol)
        except (ValueError, np.linalg.LinAlgError) as error:
            unanswered, why = unanswered + 1, str(error)
            continue
        found += one.lower > 0 if effect > 0 else one.upper < 0
    if unanswered == trials:
        raise ValueError(why)
    share = found / trials
    # Of all or none, as if half a trial had been otherwise.
    inner = min(max(share, 0.5 / trials), 1 - 0.5 / trials)
    by_chance = float(np.sqrt(inner * (1 - inner) / trials))
    return MadeTrials(share, by_chance, trials, unanswered)


def with_effect(
    people: Participants, effect: float, rng: np.random.Generator, *, is_share: bool
) -> Participants:
    """Change the outcomes of those with the card by an effect.

    Of a share, some without the outcome get it, or some with it lose it, each with the
    same chance: so the difference is the effect on average, whoever has the card.
    """
    y = people.outcome.copy()
    if not is_share:
        return replace(people, outcome=y + effect * people.active)
    share = float(np.nanmean(y))
    if effect > 0:
        changed = people.active & (y == 0) & (rng.random(len(y)) < effect / (1 - share))
        y[changed] = 1.0
    else:
        changed = people.active & (y == 1) & (rng.random(len(y)) < -effect / share)
        y[changed] = 0.0
    return replace(people, outcome=y)
