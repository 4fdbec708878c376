"""At what price: what a change cost, what it was worth, and what was wasted."""

from typing import Literal

from pydantic import Field

from rounds.nouns.base import UNTOLD, Noun
from rounds.nouns.estimate import Estimate
from rounds.nouns.not_estimable import NotEstimable

__all__ = ["AcceptabilityPoint", "CostLine", "Value", "Waste"]

_Found = Estimate | NotEstimable


class CostLine(Noun):
    """One item: how much of it each arm used, and what the difference costs."""

    name: str
    unit_cost: float
    active: float | None = None
    """Mean of a participant of the active arm; None where withheld."""
    silent: float | None = None
    difference: _Found
    """Active minus silent, as the protocol's model has it."""
    cost: float | None = None
    """The difference times the unit cost; None where withheld."""
    suppressed: bool = False


class AcceptabilityPoint(Noun):
    """At one value of an outcome: the net benefit, and the chance that it is any."""

    worth: float
    net_benefit: Estimate
    probability: float = Field(ge=0, le=1)
    """One less the one-sided p-value of no net benefit; a Bayesian with a flat prior
    may read it as the probability that the change is worth its price."""


class Waste(Noun):
    """What was done for nothing, or was no longer."""

    name: str
    quantity: _Found
    """A participant of the active arm (cards without action); or fewer of a service of
    low value, silent minus active."""
    cost: _Found
    """The same in money."""
    suppressed: bool = False


class Value(Noun):
    """Cost and net benefit from a trial's own rows, by the prices that were frozen."""

    perspective: str
    currency: str
    price_year: int
    discount_rate: float
    horizon_days: int
    """Over which costs and outcomes are counted."""
    outcome: str
    """The name of the estimand that is worth something."""
    worth: float
    """Willingness to pay for one."""
    per: Literal["visit"] | None = UNTOLD
    """What each amount is of, where that is not a participant."""
    cost: _Found
    """Incremental cost of a participant."""
    effect: _Found
    """Incremental effect, more of what is better."""
    correlation: float | None = None
    """Between the two estimates."""
    net_benefit: _Found
    """`worth` × effect − cost, of a participant, at the stated worth."""
    cost_per_outcome: _Found
    """The ratio of the two, with Fieller's interval."""
    curve: tuple[AcceptabilityPoint, ...] = ()
    lines: tuple[CostLine, ...] = ()
    waste: tuple[Waste, ...] = ()
    limitations: tuple[str, ...] = ()
