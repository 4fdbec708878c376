"""Two cards in one trial: what can be told of their interaction.

What one card does at the margins is answered as any design's effect is, the other card
doing nothing. The deal treats the cards alike, so it holds of either.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import scipy

from rounds.loop.evaluation.arms.interaction import InteractionRule
from rounds.loop.evaluation.designs.design import Fit
from rounds.loop.evaluation.feasibility.allocating import Draw
from rounds.loop.evaluation.feasibility.levels import Levels
from rounds.loop.evaluation.feasibility.made_trials import (
    Looked,
    MadeTrials,
    make_trials,
)
from rounds.loop.evaluation.feasibility.predicting import Prediction, predict
from rounds.loop.evaluation.feasibility.question import Question, luck_of_error
from rounds.loop.evaluation.participants import Participants
from rounds.nouns import Factors, Protocol

__all__ = ["Interaction", "interaction", "interaction_column"]

_BOTH = 0.25
"""Of the interaction's variance, the part of the cell with both cards, which alone has
the effect; its estimate is a sum and difference of four cells."""


@dataclass(frozen=True)
class Interaction:
    """What a trial of two cards could tell of their interaction.

    Parameters
    ----------
    power : float
        For an interaction as large as the effect that was asked for, by formula.
    se : float
        Its standard error where there is none.
    withheld : float
        The chance that the margins are not read though nothing interacts, by the
        rule that is fixed with the protocol.
    made, made_withheld : MadeTrials or None
        The same by made trials.
    """

    power: float
    se: float
    withheld: float
    made: MadeTrials | None = None
    made_withheld: MadeTrials | None = None


def interaction_column(people: Participants) -> Looked:
    """Ask about the interaction: those with both cards, beside those with either."""
    assert people.second is not None
    both = people.active & people.second
    return replace(people, active=both), (people.active.astype(float),)


@dataclass(frozen=True)
class _Withheld(Question):
    """Asks whether the rule withholds the margins where nothing interacts."""

    rule: InteractionRule = field(default_factory=InteractionRule)

    def shown(self, found: Fit) -> bool:
        """Say whether it does."""
        return self.rule.reading(found.estimate, found.p_value)[0] != "margins"


def interaction(
    draw: Draw,
    protocol: Protocol,
    asked: Question,
    luck: Callable[[str], np.random.Generator],
    *,
    levels: Levels,
    trials: int,
    is_share: bool,
) -> Interaction:
    """Say what could be told of an interaction as large as the effect.

    Parameters
    ----------
    luck : callable
        Gives a generator of its own to each look, by its name.
    trials : int
        To make; 0 for none.

    Raises
    ------
    ValueError
        As `predict` and `make_trials`.
    """
    factors = protocol.factors
    assert factors is not None
    found = predict(
        draw,
        protocol,
        luck("interaction"),
        estimand=asked.estimand,
        is_share=is_share,
        look=interaction_column,
    )
    found = replace(found, exposed=_BOTH)
    rule = InteractionRule(factors.interaction_margin, factors.interaction_alpha)
    told = Interaction(
        power=found.power(asked), se=found.se, withheld=_withheld(found, factors)
    )
    if not trials:
        return told
    made = [
        make_trials(
            draw,
            protocol,
            question,
            levels,
            luck(f"interaction, {name}"),
            trials=trials,
            is_share=is_share,
            look=interaction_column,
        )
        for name, question in (
            ("made", asked),
            (
                "withheld",
                _Withheld(asked.estimand, "superiority", asked.better, 0.0, rule=rule),
            ),
        )
    ]
    return replace(told, made=made[0], made_withheld=made[1])


def _withheld(found: Prediction, factors: Factors) -> float:
    """Give the chance that |t| or |estimate| is beyond what was fixed, over both."""
    se, df = np.sqrt(found.variances), found.df
    far = scipy.stats.t.isf(factors.interaction_alpha / 2, df) * luck_of_error(df) * se
    limit = np.minimum(far, factors.interaction_margin)
    return float((2 * scipy.stats.norm.sf(limit / se)).mean())
