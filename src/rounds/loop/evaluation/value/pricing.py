"""What was counted of each item, and what one of it costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rounds.datamart.rows import MeasureRows
from rounds.loop.evaluation.participants import Participants
from rounds.loop.evaluation.value.resources import cards_of, events_of
from rounds.nouns import CostItem, Costs, NotEstimable, Protocol
from rounds.practice.exposures import ExposureRows

__all__ = ["Card", "Counted", "counted", "of_card", "programme_share"]

Card = Literal["first", "second"]


@dataclass(frozen=True)
class Counted:
    """What was counted of one item, and its price for one of it."""

    item: CostItem
    quantity: NDArray[np.float64]
    """Shape (n_participants,)."""
    price: float
    sd: float
    """Of that price."""


def counted(
    item: CostItem,
    people: Participants,
    protocol: Protocol,
    calls: ExposureRows,
    resources: Mapping[str, MeasureRows | NotEstimable],
) -> Counted | NotEstimable:
    """Count one item for each participant, or say why it cannot be.

    Parameters
    ----------
    resources : mapping of item to MeasureRows
        As `read_resources` gives them.
    """
    costs = protocol.costs
    assert costs is not None
    price, sd = item.unit_cost.value, item.unit_cost.sd
    if item.counts == "events":
        rows = resources[item.name]
        if isinstance(rows, NotEstimable):
            return NotEstimable(reason=f"{item.name} cannot be counted: {rows.reason}")
        try:
            return Counted(item, events_of(rows, people), price, sd)
        except ValueError as error:
            return NotEstimable(reason=f"{item.name} cannot be counted: {error}")
    cards = cards_of(calls, people, protocol.follow_up_days, chosen=calls.shown)
    if item.counts == "cards":
        return Counted(item, cards, price, sd)
    minutes = costs.minutes_per_card
    assert minutes is not None
    # Of one minute, so that the doubt about how many there are is in it.
    both = np.hypot(price * minutes.sd, minutes.value * sd)
    both = np.hypot(both, minutes.sd * sd)
    each = minutes.value
    return Counted(item, cards * each, price, float(both / each) if each else 0.0)


def of_card(costs: Costs, card: Card) -> Costs:
    """Give the costs of one card: without the programme of the other, where two are."""
    ours = tuple(part for part in costs.programme if part.card in (None, card))
    return costs.model_copy(update={"programme": ours})


def programme_share(costs: Costs) -> tuple[float, float]:
    """Give a participant's share of the programme, and its variance."""
    many = costs.patients_a_year
    if not costs.programme or many is None:
        return 0.0, 0.0
    share = sum(costs.a_year(part) for part in costs.programme) / many
    variance = sum(
        (costs.a_year(part) / part.price.value * part.price.sd / many) ** 2
        for part in costs.programme
        if part.price.value > 0
    )
    return share, float(variance)
