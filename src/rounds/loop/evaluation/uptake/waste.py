"""What was done for nothing: cards without action, and low-value care not done."""

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.participants import Participants
from rounds.loop.evaluation.value.resources import cards_of
from rounds.methods.clusters.least_squares import cluster_ols
from rounds.nouns import Costs, Estimate, NotEstimable, Protocol, Waste
from rounds.practice.exposures import ExposureRows

__all__ = ["card_waste", "low_value_waste", "mean_of"]

_UNHEEDED = "Cards shown without action"


def mean_of(
    values: NDArray[np.float64],
    clusters: NDArray[np.str_],
    *,
    level: float,
    unit: str,
    of: str,
) -> Estimate | NotEstimable:
    """Give a mean with an interval that allows for clusters (CR2, Satterthwaite).

    Parameters
    ----------
    values : array of float, shape (n,)
    clusters : array of str, shape (n,)
    unit : str
        UCUM, or a currency.
    of : str
        What there is one value of, in the plural.
    """
    if not len(values):
        return NotEstimable(reason=f"there are no {of} in the active arm")
    try:
        found = cluster_ols(values, np.ones((len(values), 1)), clusters, level=level)
    except ValueError as error:
        return NotEstimable(reason=str(error))
    return Estimate(
        value=found.estimate,
        lower=found.lower,
        upper=found.upper,
        level=level,
        scale="mean",
        unit=unit,
        n=found.n,
        method="mean with CR2 standard errors over clinics",
    )


def card_waste(
    people: Participants, calls: ExposureRows, protocol: Protocol, costs: Costs
) -> tuple[Waste, ...]:
    """Price the cards that were overridden or ignored, of the active arm.

    Returns
    -------
    tuple of Waste
        Empty where no item prices a card.
    """
    minutes = costs.minutes_per_card
    each = sum(
        one.unit_cost.value
        * (minutes.value if one.counts == "card_minutes" and minutes else 1.0)
        for one in costs.items
        if one.counts != "events"
    )
    if not any(one.counts != "events" for one in costs.items):
        return ()
    idle = calls.shown & np.isin(calls.feedback, ("overridden", "ignored"))
    cards = cards_of(calls, people, protocol.follow_up_days, chosen=idle)
    active = people.where(people.active)
    mine = cards[people.active]
    quantity, cost = (
        mean_of(
            mine * times,
            active.clinic,
            level=protocol.level,
            unit=unit,
            of="visits" if people.are_visits else "participants",
        )
        for times, unit in ((1.0, "1"), (float(each), costs.currency))
    )
    return (Waste(name=_UNHEEDED, quantity=quantity, cost=cost),)


def low_value_waste(name: str, price: float, sd: float, difference: Estimate) -> Waste:
    """Price a service of low value that was not done: silent minus active.

    The money's interval is the quantity's times the price; where the price is
    uncertain, by the variance of their product.
    """
    value, lower, upper = difference.numbers
    half = (upper - lower) / 2
    # t × sd of each, so that the product's half width is on the same quantile.
    wide = 0.0
    if half > 0 or sd > 0:
        wide = float(
            np.sqrt((price * half) ** 2 + (1.96 * value * sd) ** 2 + (half * sd) ** 2)
        )
    avoided = -value * price
    fewer = difference.model_copy(
        update={"value": -value, "lower": -upper, "upper": -lower}
    )
    money = fewer.model_copy(
        update={
            "value": avoided,
            "lower": avoided - wide,
            "upper": avoided + wide,
        }
    )
    return Waste(name=f"{name}: not done", quantity=fewer, cost=money)
