"""Trials made of a site's own patients: an arm for each, the effect, the real analysis.

Each trial has those who came, at their clinics and on their days, in arms that are
drawn as the design draws them, with outcomes drawn anew (`levels`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.estimates.effects import fit_asked
from rounds.loop.evaluation.feasibility.adapting import AdaptiveTrial
from rounds.loop.evaluation.feasibility.allocating import Draw
from rounds.loop.evaluation.feasibility.levels import Levels
from rounds.loop.evaluation.feasibility.question import Question
from rounds.loop.evaluation.participants import Participants
from rounds.nouns import Protocol

__all__ = [
    "AGREE",
    "FEWEST_TRIALS",
    "Looked",
    "MadeTrials",
    "differ",
    "make_trials",
    "plainly",
    "with_effect",
]

FEWEST_TRIALS = 100
AGREE = 0.02
"""Power by formula and by made trials may differ by so much, and by chance."""
_CHANCE = 3
"""Monte Carlo standard errors that are laid to chance."""

Looked = tuple[Participants, tuple[NDArray[np.float64], ...]]
"""Participants, `active` the column that is asked about, and columns beside it."""


def plainly(people: Participants) -> Looked:
    """Ask about the arm, with nothing beside it."""
    return people, ()


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
    asked: Question,
    levels: Levels,
    rng: np.random.Generator,
    *,
    trials: int,
    is_share: bool,
    look: Callable[[Participants], Looked] = plainly,
    adapting: AdaptiveTrial | None = None,
) -> MadeTrials:
    """Make trials, analyse each as the protocol says, and count those that find it.

    Parameters
    ----------
    draw : Draw
        Of the design.
    asked : Question
        What is true of everybody with the card, and what is to be shown.
    levels : Levels
        Of the past that the draw is of.
    trials : int
        At least 100.
    is_share : bool
        Whether the outcome is 0 or 1.
    look : callable
        Says which column of participants has the effect and is asked about.
    adapting : AdaptiveTrial, optional
        Where chances follow looks: it draws the arms, whatever `draw` drew.

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
        people, extra = look(people)
        difference = _difference(people, asked, is_share=is_share)
        try:
            if adapting is None:
                people = with_effect(people, difference, rng, is_share=is_share)
            else:
                everybody = replace(people, active=np.ones(len(people), dtype=bool))
                with_it = with_effect(everybody, difference, rng, is_share=is_share)
                people = adapting.allocated(people, with_it.outcome, rng)
            one, _method = fit_asked(
                people, protocol, asked.estimand, extra=extra, harm=asked.harm
            )
        except (ValueError, np.linalg.LinAlgError) as error:
            unanswered, why = unanswered + 1, str(error)
            continue
        found += asked.shown(one)
    if unanswered == trials:
        raise ValueError(why)
    share = found / trials
    # Of all or none, as if half a trial had been otherwise.
    inner = min(max(share, 0.5 / trials), 1 - 0.5 / trials)
    by_chance = float(np.sqrt(inner * (1 - inner) / trials))
    return MadeTrials(share, by_chance, trials, unanswered)


def _difference(people: Participants, asked: Question, *, is_share: bool) -> float:
    """Give the effect as a difference of these participants' outcomes."""
    if not is_share or not asked.is_ratio:
        return asked.effect
    share = float(np.nanmean(people.outcome))
    return asked.reached(share) - share if 0 < share < 1 else 0.0


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
    elif effect < 0:
        changed = people.active & (y == 1) & (rng.random(len(y)) < -effect / share)
        y[changed] = 0.0
    return replace(people, outcome=y)


def differ(power: float, made: MadeTrials | None) -> bool:
    """Say whether two powers differ by more than 2 points and chance."""
    return made is not None and abs(made.power - power) > AGREE + _CHANCE * made.error
