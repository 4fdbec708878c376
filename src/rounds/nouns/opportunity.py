"""Where the most is to be gained: opportunities, ranked with their doubt."""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from rounds.nouns.base import Noun, Published
from rounds.nouns.estimate import Estimate
from rounds.nouns.period import Period
from rounds.nouns.ref import Ref

__all__ = ["Opportunity", "OpportunityList", "Quantity", "Stake", "Stakes", "Untold"]


class Quantity(Noun):
    """An uncertain number, and who says so."""

    value: float
    """Its median."""
    lower: float
    upper: float
    """Limits of its 95% interval; both the value's where it is certain."""
    source: str = Field(min_length=1)
    """A citation, or whose judgement it is."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.lower <= self.value <= self.upper:
            raise ValueError(f"{self.value} is outside {self.lower} to {self.upper}")
        return self

    @property
    def limits(self) -> tuple[float, float, float]:
        """Median, lower and upper limit."""
        return self.value, self.lower, self.upper


class Stake(Noun):
    """What is at stake for a patient who falls short on a measure."""

    measure: str
    """The measure's name."""
    health: Quantity
    """Quality-adjusted life years that one patient gains who no longer falls short."""
    cost: Quantity
    """What that costs for one patient, in the list's currency; below 0 saves."""
    changeable: Quantity
    """Share of the gap that a change closes, above 0 and below 1."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.health.lower <= 0:
            raise ValueError("health: what a patient gains is above 0")
        if self.changeable.lower <= 0 or self.changeable.upper >= 1:
            raise ValueError("changeable: a share lies above 0 and below 1")
        return self


class Stakes(Noun):
    """What a site weighs its opportunities by: the file `stakes.yaml`."""

    perspective: str = Field(min_length=1)
    """Whose costs are counted: the health system's, society's."""
    currency: str = Field(pattern="^[A-Z]{3}$")
    """ISO 4217."""
    worth: float = Field(gt=0)
    """Money that gains one quality-adjusted life year elsewhere."""
    stakes: tuple[Stake, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _once(self) -> Self:
        names = [stake.measure for stake in self.stakes]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"stakes: more than one of {', '.join(twice)}")
        return self


class Opportunity(Noun):
    """One line: a measure, over all units or in one of them."""

    measure: Ref
    unit: str | None = None
    """A care site; None over all of them."""
    denominator: int | None = None
    numerator: int | None = None
    """Patients who do well; None where suppressed, as the denominator."""
    patients: Estimate | None = None
    """Who would do well were the unit like the best quarter; None where suppressed, or
    where it would give back a count that is not told."""
    benefit: Estimate | None = None
    """Net health benefit of closing what can be closed of it, in quality-adjusted life
    years; None where suppressed, or where nobody has said what is at stake."""
    rank: int | None = Field(default=None, ge=1)
    """Among the lines of its kind, 1 for the most to gain; None where not ranked."""
    rank_lower: int | None = None
    rank_upper: int | None = None
    """Limits of the rank's 95% interval."""
    suppressed: bool = False


class Untold(Noun):
    """A measure of which nothing can be told, or that could not be weighed."""

    measure: Ref
    reason: str


class OpportunityList(Published):
    """Where the most is to be gained, over measures and units."""

    kind: ClassVar[str] = "opportunity-list"
    period: Period
    ranked_by: Literal["net_health_benefit", "patients"]
    perspective: str | None = None
    worth: float | None = None
    """Money for one quality-adjusted life year."""
    currency: str | None = None
    lines: tuple[Opportunity, ...] = ()
    """Over all units first, each kind by rank."""
    untold: tuple[Untold, ...] = ()
    limitations: tuple[str, ...] = ()
