"""Days and rows: what a criterion is made of.

Point  = an anchor, give or take months, days or hours    one day of a subject
Window = from one point to another, both days included
Events = rows of one domain, inside a window              many rows of a subject
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Final, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from rounds.nouns.base import UNTOLD, Noun
from rounds.nouns.ref import Ref

__all__ = [
    "Anchor",
    "Comparison",
    "Domain",
    "Events",
    "Near",
    "Occurrence",
    "Point",
    "VisitClass",
    "Window",
]

Anchor = Literal[
    "period_start", "period_end", "index", "index_end", "event", "event_end"
]
Domain = Literal[
    "condition",
    "measurement",
    "observation",
    "procedure",
    "drug",
    "device",
    "visit",
    "observation_period",
    "death",
    "cohort",
]
DrugType = Literal["prescription", "dispensing", "administration", "statement"]
VisitClass = Literal["outpatient", "emergency", "inpatient", "telehealth", "home"]

_VALUED: Final = {"measurement", "observation"}
_WITHOUT_CODES: Final = {"visit", "death", "observation_period", "cohort"}
_WITHOUT_VISIT: Final = {"death", "observation_period", "cohort"}
_NUMBERS: Final = {
    "value_as_number": {"measurement", "observation"},
    "quantity": {"drug", "procedure", "device"},
    "days_supply": {"drug"},
    "refills": {"drug"},
    "length_days": {
        "condition",
        "procedure",
        "drug",
        "device",
        "visit",
        "observation_period",
        "cohort",
    },
}
"""Number of a row → the domains whose rows have it."""


def _at(value: object) -> str:
    if isinstance(value, dt.date) or (isinstance(value, str) and value[:1].isdigit()):
        return "date"
    return "anchor" if isinstance(value, str) else "occurrence"


class Point(Noun):
    """A day of a subject: an anchor, then whole months later, then days later.

    Months are calendar months: 31 August and six months is the last day of February.
    """

    at: Annotated[
        Annotated[Anchor, Tag("anchor")]
        | Annotated[dt.date, Tag("date")]
        | Annotated[Occurrence, Tag("occurrence")],
        Discriminator(_at),
    ]
    """The period's ends, the index and its end, a date, an occurrence of some events;
    or the event that others are `near`, and its end."""
    months: int = 0
    days: int = 0
    hours: int | None = Field(default=None, exclude_if=lambda hours: hours is None)
    """Hours instead, from an index or event. Times are compared where both are recorded
    (midnight stands for a time that is not); days otherwise, and then a day that has
    begun counts whole: up to 72 hours later is up to 3 days later."""

    @model_validator(mode="after")
    def _hours_alone(self) -> Self:
        if self.hours is None:
            return self
        if self.months or self.days:
            raise ValueError("give hours, or months and days")
        if self.at not in {"index", "index_end", "event", "event_end"}:
            raise ValueError("hours are counted from index, index_end or an event")
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
    """Name of the concept set; None only where rows need no code, as visits do."""
    window: Window = Field(default_factory=Window)
    match: Literal["starts_in", "ends_in", "overlaps", "covers"] = "starts_in"
    """`overlaps`: began by the window's end and had not ended before its start;
    `covers`: began by its start and had not ended before its end. A condition with no
    end recorded goes on; another row without an end lasts a day."""
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
    number: (
        Literal["value_as_number", "quantity", "days_supply", "refills", "length_days"]
        | None
    ) = Field(default=None, exclude_if=lambda number: number is None)
    """Which number of a row is its value: that of a measurement or observation where
    nothing is said. `length_days` counts from the start to the recorded end."""
    answer: str | None = Field(default=None, exclude_if=lambda name: name is None)
    """Keep only rows whose coded value is in this concept set."""
    has_result: bool = Field(default=False, exclude_if=lambda yes: not yes)
    """Keep only rows that hold a result: a number, a coded value or a text."""
    discharged_to: str | None = UNTOLD
    """Keep only visits discharged to a place of this concept set."""
    drug_types: tuple[DrugType, ...] = Field(
        default=(), exclude_if=lambda types: not types
    )
    """Keep only medicines recorded so: prescribed, dispensed, given or only told of."""
    cohort: Ref | None = Field(default=None, exclude_if=lambda ref: ref is None)
    """Of the domain cohort: which one."""
    of_visit: Literal["any", "index", "another"] = Field(
        default="any", exclude_if=lambda which: which == "any"
    )
    """Keep only rows of the index visit, or those that are not."""
    without_index: bool = Field(default=False, exclude_if=lambda yes: not yes)
    """Leave out the index itself, the visit or the procedure."""
    near: tuple[Near, ...] = Field(default=(), exclude_if=lambda near: not near)
    """Keep only rows with other events beside them, or without; all of these hold."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        problems = [*self._codes(), *self._values()]
        if self.domain in _WITHOUT_VISIT and (
            self.visit_classes or self.not_from or self.of_visit != "any"
        ):
            problems.append(f"{self.domain} belongs to no visit")
        if self.discharged_to and self.domain != "visit":
            problems.append(f"{self.domain} events are not discharged: only visits are")
        if self.without_index and self.domain not in {"visit", "procedure"}:
            problems.append("the index is a visit or a procedure")
        points = (self.window.start, self.window.end)
        timed = any(point and point.hours is not None for point in points)
        if timed and self.match != "starts_in":
            problems.append("hours are counted to the start of events: match starts_in")
        if timed and self.domain in {"observation_period", "cohort"}:
            problems.append(f"{self.domain} has days and no hours")
        if self.domain in _WITHOUT_VISIT and any(one.same_visit for one in self.near):
            problems.append(f"{self.domain} belongs to no visit, so none is the same")
        if self.domain == "cohort" and self.near:
            problems.append(
                "a stay in a cohort is no row of its own, so it has no near"
            )
        if self.match == "covers" and not all(points):
            problems.append("to cover a window it needs a start and an end")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _codes(self) -> list[str]:
        problems = []
        if self.concept_set is None and self.domain not in _WITHOUT_CODES:
            problems.append(f"{self.domain} events name a concept_set")
        if self.concept_set is not None and self.domain in _WITHOUT_CODES - {"visit"}:
            problems.append(f"{self.domain} has no concept_set")
        if (self.cohort is None) == (self.domain == "cohort"):
            problems.append("name a cohort in the domain cohort, and nowhere else")
        if self.answer and self.domain not in _VALUED:
            problems.append(f"{self.domain} events have no coded answer")
        if self.drug_types and self.domain != "drug":
            problems.append(f"{self.domain} events are no medicines: drug_types")
        if self.has_result and self.domain not in _VALUED:
            problems.append(f"{self.domain} events have no result")
        return problems

    def _values(self) -> list[str]:
        problems = []
        if self.units and self.number not in {None, "value_as_number"}:
            problems.append(f"a {self.number} has no unit")
        elif self.units and self.domain not in _VALUED:
            problems.append(f"{self.domain} events have no value and no units")
        if self.value and self.number_read is None:
            problems.append(f"{self.domain} events have no value and no units")
        if self.number and self.domain not in _NUMBERS[self.number]:
            problems.append(f"{self.domain} events have no {self.number}")
        return problems

    @property
    def number_read(self) -> str | None:
        """The number of a row that is its value; None if it has none."""
        if self.number is None and self.domain in _VALUED:
            return "value_as_number"
        return self.number


class Near(Noun):
    """Other events of the same person, in a window around one of some events.

    The window hangs on the row beside which they are looked for (`event`, `event_end`),
    on the period or on a date. A row is not near itself.
    """

    events: Events
    absent: bool = False
    """Keep rows that have none of these near, instead of those that have."""
    same_visit: bool = False
    """Only events of the same visit."""

    @model_validator(mode="after")
    def _has_visit(self) -> Self:
        if self.same_visit and self.events.domain in _WITHOUT_VISIT:
            raise ValueError(f"{self.events.domain} belongs to no visit")
        return self


class Occurrence(Noun):
    """A day of a subject: that of the first, the last, the nth of some events.

    Days are counted, not rows: what happens twice on one day happens once.
    """

    which: Literal["first", "last"]
    events: Events
    nth: int = Field(default=1, ge=1)
    """Counted from the side that `which` says."""
    day: Literal["start", "end"] = "start"
    """Of several rows on that day, the end is the latest."""


for _node in (Point, Window, Events, Near, Occurrence):
    _node.model_rebuild()
