"""What things cost, and what an outcome is worth: said before the trial, and frozen."""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from rounds.nouns.base import UNTOLD, UNTOLD_SET, UNTOLD_SIZE, Noun
from rounds.nouns.concept_set import ConceptSet
from rounds.nouns.events import Events

__all__ = ["CostItem", "Costs", "Price", "ProgrammeCost"]

_NORMAL_95 = 1.959963984540054


class Price(Noun):
    """A unit cost: what one of something costs, and who says so."""

    value: float = Field(ge=0)
    """In the currency of the costs."""
    lower: float | None = Field(default=None, ge=0)
    upper: float | None = None
    """Limits of its 95% interval; neither where it is taken as certain."""
    source: str = Field(min_length=1)
    """A price list with its year, a citation, or whose judgement it is."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if (self.lower is None) != (self.upper is None):
            raise ValueError("give both limits of a price, or neither")
        if self.lower is None or self.upper is None:
            return self
        if not self.lower <= self.value <= self.upper:
            raise ValueError(
                f"{self.value:g} is outside {self.lower:g} to {self.upper:g}"
            )
        return self

    @property
    def sd(self) -> float:
        """The standard deviation that its interval stands for; 0 where certain."""
        if self.lower is None or self.upper is None:
            return 0.0
        return (self.upper - self.lower) / (2 * _NORMAL_95)


class ProgrammeCost(Noun):
    """What the change costs whoever is reached: made, kept up, trained for."""

    name: str = Field(min_length=1)
    price: Price
    """Of the whole, once; of a year where it is paid anew each year."""
    lasts_years: float | None = Field(default=None, gt=0)
    """Years over which it is spread, at the discount rate; None is paid each year."""
    card: Literal["first", "second"] | None = UNTOLD
    """Whose it is, where two cards are tried; None is paid for either."""


class CostItem(Noun):
    """Something that is counted for each participant, times what one of it costs."""

    name: str = Field(min_length=1)
    counts: Literal["cards", "card_minutes", "events"]
    """`cards` shown to the participant, the clinician's `card_minutes`, or `events` of
    the record; in each the days of follow-up after the index."""
    unit_cost: Price
    events: Events | None = UNTOLD
    """Visits, drug orders, procedures, …; a window that is left out is the follow-up.
    """
    concept_set: ConceptSet | None = UNTOLD
    """The codes of the events, where they need codes."""
    low_value: bool = Field(default=False, exclude_if=lambda yes: not yes)
    """A service that helps nobody: what is not done of it is waste avoided."""

    @model_validator(mode="after")
    def _counts_something(self) -> Self:
        if (self.counts == "events") != (self.events is not None):
            raise ValueError("counts: events goes with events, and with nothing else")
        named = self.events.concept_set if self.events is not None else None
        given = self.concept_set.name if self.concept_set is not None else None
        if named != given:
            raise ValueError(
                f"the events name the concept set {named}, and {given} is given"
            )
        return self


class Costs(Noun):
    """What a trial's costs are counted by: the file `costs.yaml`, frozen with it."""

    told_in: ClassVar[str] = "docs/how-to/count-the-cost.md"
    perspective: str = Field(min_length=1)
    """Whose costs are counted: the health system's, society's."""
    currency: str = Field(pattern="^[A-Z]{3}$")
    """ISO 4217."""
    price_year: int = Field(ge=1990, le=2200)
    discount_rate: float = Field(ge=0, lt=1)
    """A year; it spreads what is bought once over the years that it lasts."""
    outcome: str = ""
    """The measure of the endpoint that is worth something; empty is the primary."""
    worth: float = Field(gt=0)
    """Willingness to pay for one outcome more (of the better kind), or one unit."""
    worth_range: tuple[float, float] | None = UNTOLD
    """Over which the acceptability curve goes; from 0 to twice `worth` if not given."""
    worth_source: str = Field(min_length=1)
    """Why so much."""
    minutes_per_card: Price | None = UNTOLD
    """Minutes that a clinician gives a card, where any item or rule counts them."""
    patients_a_year: float | None = UNTOLD_SIZE
    """Over whom a year's programme cost is spread; visits where they are randomised."""
    programme: tuple[ProgrammeCost, ...] = UNTOLD_SET
    items: tuple[CostItem, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        problems = []
        names = [one.name for one in self.items]
        names += [part.name for part in self.programme]
        if not names:
            problems.append("nothing costs anything: give items or a programme")
        if len(set(names)) < len(names):
            problems.append("two costs have one name")
        if self.programme and self.patients_a_year is None:
            problems.append("a programme is spread over patients_a_year")
        timed = any(one.counts == "card_minutes" for one in self.items)
        if timed and self.minutes_per_card is None:
            problems.append("card_minutes need minutes_per_card")
        if self.worth_range is not None:
            low, high = self.worth_range
            if not 0 <= low < high:
                problems.append("worth_range runs from 0 or more to something larger")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def range(self) -> tuple[float, float]:
        """Over which values of an outcome the acceptability curve goes."""
        return self.worth_range or (0.0, 2 * self.worth)

    def a_year(self, part: ProgrammeCost) -> float:
        """Give what a programme cost comes to in a year: its equivalent annual cost.

        What is bought once and lasts L years at the rate r is an annuity in arrears:
        K r / (1 − (1 + r)^−L).
        """
        if part.lasts_years is None:
            return part.price.value
        if self.discount_rate == 0:
            return part.price.value / part.lasts_years
        rate = self.discount_rate
        spread: float = 1 - (1 + rate) ** -part.lasts_years
        return part.price.value * rate / spread
