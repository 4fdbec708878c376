"""What is at stake for patients: the file `stakes.yaml`, a site's own judgement."""

from typing import ClassVar, Self

from pydantic import Field, model_validator

from rounds.nouns import Noun

__all__ = ["Quantity", "Stake", "Stakes"]


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

    told_in: ClassVar[str] = "docs/how-to/open-a-problem.md"
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
