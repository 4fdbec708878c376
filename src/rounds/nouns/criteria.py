"""The grammar of criteria: a small closed graph of frozen nodes.

Criterion = all | any | not | age | index_visit | exists | compare | new_code
Reading   = the lowest or highest value among events, on a chosen day
Events    = rows of one domain, from a concept set, inside a window of days
Window    = from one point to another, both days included
Point     = the period's start or end, or the index day, give or take days

A criterion is true or false of one subject: a person, or a person at an index visit.
What is not known is false: a comparison with no reading does not hold.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from rounds.nouns.base import Noun

__all__ = [
    "Age",
    "All",
    "Any",
    "Compare",
    "Comparison",
    "Criterion",
    "Domain",
    "Events",
    "Exists",
    "IndexVisit",
    "LastDayWithAll",
    "NewCode",
    "Not",
    "Point",
    "Reading",
    "VisitClass",
    "Window",
]

Anchor = Literal["period_start", "period_end", "index"]
Domain = Literal[
    "condition", "measurement", "observation", "procedure", "drug", "visit", "death"
]
VisitClass = Literal["outpatient", "emergency", "inpatient", "telehealth", "home"]


class Point(Noun):
    """A day: an anchor, then whole months later, then days later (either may be < 0).

    Months are calendar months: 31 August and six months is the last day of February.
    """

    at: Anchor
    months: int = 0
    """Whole calendar months; only with an anchor of the period."""
    days: int = 0

    @model_validator(mode="after")
    def _months_of_the_period(self) -> Self:
        if self.at == "index" and self.months:
            raise ValueError("count from the index in days, not in months")
        return self


class Window(Noun):
    """From one day to another, both included; an absent end is without limit."""

    start: Point | None = None
    end: Point | None = None


class Comparison(Noun):
    """A range of numbers; every bound that is given must hold."""

    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        bounds = (self.at_least, self.above, self.at_most, self.below)
        if all(bound is None for bound in bounds):
            raise ValueError("give at_least, above, at_most or below")
        return self


class Events(Noun):
    """Rows of one domain that count, and when."""

    domain: Domain
    concept_set: str | None = None
    """Name of the concept set; None only for visits and deaths."""
    window: Window = Window()
    match: Literal["starts_in", "overlaps"] = "starts_in"
    """`overlaps`: began by the window's end and had not ended before its start. A
    condition with no end recorded goes on; another row without an end lasts a day."""
    units: tuple[str, ...] = ()
    """Accepted units. A value in another unit is converted to the first of these that
    is UCUM; where that cannot be done, and without a unit or a number, it is not
    used."""
    value: Comparison | None = None
    """Keep only rows whose number is in this range."""
    visit_classes: tuple[VisitClass, ...] = ()
    """Keep only rows from such visits (or visits of these classes)."""
    not_from: tuple[VisitClass, ...] = ()
    """Drop rows from such visits; a row that names no visit stays."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        problems = []
        if self.concept_set is None and self.domain not in {"visit", "death"}:
            problems.append(f"{self.domain} events name a concept_set")
        if self.concept_set is not None and self.domain == "death":
            problems.append("death has no concept_set")
        if self.domain not in {"measurement", "observation"} and (
            self.units or self.value
        ):
            problems.append(f"{self.domain} events have no value and no units")
        if self.domain == "death" and (self.visit_classes or self.not_from):
            problems.append("death belongs to no visit")
        if problems:
            raise ValueError("; ".join(problems))
        return self


class LastDayWithAll(Noun):
    """The latest day on which there is at least one of each of these events."""

    events: tuple[Events, ...] = Field(min_length=1)


class Reading(Noun):
    """One number: the lowest or the highest value among events."""

    pick: Literal["lowest", "highest"]
    events: Events
    day: LastDayWithAll | None = None
    """Only values of this day; None for every day of the window."""

    @model_validator(mode="after")
    def _has_numbers(self) -> Self:
        if self.events.domain not in {"measurement", "observation"}:
            raise ValueError(f"{self.events.domain} events have no value to read")
        return self


class All(Noun):
    """Every one of these holds."""

    op: Literal["all"]
    of: tuple[Criterion, ...] = Field(min_length=1)


class Any(Noun):
    """At least one of these holds."""

    op: Literal["any"]
    of: tuple[Criterion, ...] = Field(min_length=1)


class Not(Noun):
    """The criterion inside does not hold."""

    op: Literal["not"]
    of: Criterion


class Age(Noun):
    """Completed years on a day, both bounds included."""

    op: Literal["age"]
    at: Anchor
    from_years: int | None = Field(default=None, ge=0)
    to_years: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.from_years is None and self.to_years is None:
            raise ValueError("give from_years, to_years or both")
        return self


class IndexVisit(Noun):
    """The index visit is of one of these classes."""

    op: Literal["index_visit"]
    classes: tuple[VisitClass, ...] = Field(min_length=1)


class Exists(Noun):
    """There are at least so many of these events."""

    op: Literal["exists"]
    label: str = ""
    """The clause's own name, shown by `explain`."""
    events: Events
    at_least: int = Field(default=1, ge=1)


class Compare(Noun):
    """A reading lies in a range; false if there is no reading."""

    op: Literal["compare"]
    reading: Reading
    range: Comparison


class NewCode(Noun):
    """Among these events is a code that the person had on no day before the window.

    For drugs: a medicine, or a strength of it, never given before. Two rows have the
    same code if their source concepts agree (or, without source concepts, their
    standard ones).
    """

    op: Literal["new_code"]
    label: str = ""
    events: Events

    @model_validator(mode="after")
    def _has_start(self) -> Self:
        if self.events.window.start is None or self.events.concept_set is None:
            raise ValueError("new_code needs a concept_set and a window with a start")
        return self


Criterion = Annotated[
    All | Any | Not | Age | IndexVisit | Exists | Compare | NewCode,
    Field(discriminator="op"),
]

for _node in (All, Any, Not):
    _node.model_rebuild()
