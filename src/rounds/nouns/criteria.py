"""The grammar of criteria: a small closed graph of frozen nodes.

Criterion = all | any | not | age | sex | index_visit | index_procedure
          | exists | compare | new_code | in_cohort          true or false of a subject
Number    = reading | years | days_between | score           one number of a subject
Point     = an anchor, give or take months, days or hours    one day of a subject
Events    = rows of one domain, inside a window              many rows of a subject

A subject is a person, or a person at an index: a visit or a procedure. Many rows become
one by `exists`, a reading or an occurrence, and in no other way; `domains.py` says why.
What is not known is false: a comparison with no number does not hold.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from rounds.nouns.base import UNTOLD, Noun
from rounds.nouns.events import Anchor, Comparison, Events, Point, VisitClass, Window
from rounds.nouns.ref import Ref

__all__ = [
    "Age",
    "All",
    "Any",
    "Compare",
    "Criterion",
    "DaysBetween",
    "Exists",
    "InCohort",
    "IndexProcedure",
    "IndexVisit",
    "LastDayWithAll",
    "NewCode",
    "Not",
    "Number",
    "Reading",
    "Score",
    "Sex",
    "Term",
    "Years",
]

_COUNTING: Final = {"count", "days"}


class LastDayWithAll(Noun):
    """The latest day on which there is at least one of each of these events."""

    events: tuple[Events, ...] = Field(min_length=1)


class Reading(Noun):
    """One number of a subject, from events.

    `lowest`, `highest`, `sum` and `mean` are of their values; `first` and `last` the
    value on the first or the last day that has one (of several, the lowest); `count` is
    how many rows there are, `days` on how many days.
    """

    pick: Literal["lowest", "highest", "first", "last", "sum", "mean", "count", "days"]
    events: Events
    day: LastDayWithAll | None = None
    """Only values of this day; None for every day of the window."""
    nth: int = Field(default=1, ge=1, exclude_if=lambda nth: nth == 1)
    """Of `first` and `last`: the value on the nth day from that side."""
    otherwise: float | None = Field(default=None, exclude_if=lambda one: one is None)
    """The number where there is none; a count of nothing is 0 by itself."""

    @model_validator(mode="after")
    def _has_numbers(self) -> Self:
        if self.pick not in _COUNTING and self.events.number_read is None:
            raise ValueError(f"{self.events.domain} events have no value to read")
        if self.nth > 1 and self.pick not in {"first", "last"}:
            raise ValueError("nth goes with the picks first and last")
        if self.pick in _COUNTING and self.otherwise is not None:
            raise ValueError("a count is known always: it has no otherwise")
        return self


class Years(Noun):
    """Age in completed years on a day, as a number."""

    op: Literal["years"]
    at: Point


class DaysBetween(Noun):
    """Days from one day to another; below 0 where the second is the earlier."""

    op: Literal["days_between"]
    start: Point
    end: Point
    otherwise: float | None = Field(default=None, exclude_if=lambda one: one is None)
    """The number where either day is not there: of a time until an event, how long
    those were followed who did not have it."""


class Term(Noun):
    """A coefficient of a score, with what it is multiplied by."""

    label: str = ""
    coefficient: float
    when: Criterion | None = None
    """1 where it holds, and 0 elsewhere."""
    number: Number | None = None

    @model_validator(mode="after")
    def _of_one_thing(self) -> Self:
        if (self.when is None) == (self.number is None):
            raise ValueError("give when (a criterion) or number")
        return self


class Score(Noun):
    """A weighted sum, or what a regression model expects.

    `logit` gives a probability (logistic regression), `log` an expected count (Poisson
    regression), `identity` the sum. Without one of its numbers there is no score.
    """

    op: Literal["score"]
    label: str = ""
    """Which model, from where."""
    link: Literal["identity", "logit", "log"] = "identity"
    intercept: float = 0.0
    terms: tuple[Term, ...] = Field(min_length=1)


def _number(value: object) -> str:
    if isinstance(value, dict):
        return str(value.get("op", "reading"))
    return str(getattr(value, "op", "reading"))


Number = Annotated[
    Annotated[Reading, Tag("reading")]
    | Annotated[Years, Tag("years")]
    | Annotated[DaysBetween, Tag("days_between")]
    | Annotated[Score, Tag("score")],
    Discriminator(_number),
]


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


def _day(value: object) -> str:
    return "anchor" if isinstance(value, str) else "point"


class Age(Noun):
    """Completed years on a day, both bounds included."""

    op: Literal["age"]
    at: Annotated[
        Annotated[Anchor, Tag("anchor")] | Annotated[Point, Tag("point")],
        Discriminator(_day),
    ]
    from_years: int | None = Field(default=None, ge=0)
    to_years: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.from_years is None and self.to_years is None:
            raise ValueError("give from_years, to_years or both")
        return self

    @property
    def point(self) -> Point:
        """The day, as a point."""
        return self.at if isinstance(self.at, Point) else Point(at=self.at)


class Sex(Noun):
    """The person's recorded sex (OMOP `gender_concept_id`)."""

    op: Literal["sex"]
    of: Literal["female", "male"]


class IndexVisit(Noun):
    """The index visit is of one of these classes, and ended at one of these places.

    Of an index procedure, the visit that it was part of.
    """

    op: Literal["index_visit"]
    classes: tuple[VisitClass, ...] = ()
    discharged_to: str | None = UNTOLD
    """A concept set of places."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.classes and self.discharged_to is None:
            raise ValueError("give classes, discharged_to or both")
        return self


class IndexProcedure(Noun):
    """The index procedure is one of this concept set."""

    op: Literal["index_procedure"]
    concept_set: str


class Exists(Noun):
    """There are at least so many of these events."""

    op: Literal["exists"]
    label: str = ""
    """The clause's own name, shown by `explain`."""
    events: Events
    at_least: int = Field(default=1, ge=1)
    count: Literal["rows", "days"] = Field(
        default="rows", exclude_if=lambda what: what == "rows"
    )
    """What is counted: rows, or days that have one."""


class Compare(Noun):
    """A number lies in a range; false if there is no number."""

    op: Literal["compare"]
    label: str = Field(default="", exclude_if=lambda label: not label)
    reading: Number
    range: Comparison
    if_missing: bool = Field(default=False, exclude_if=lambda yes: not yes)
    """It holds also where there is no number."""


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


class InCohort(Noun):
    """The person is in a cohort, at some time of the window."""

    op: Literal["in_cohort"]
    label: str = ""
    cohort: Ref
    window: Window = Window()
    match: Literal["starts_in", "ends_in", "overlaps", "covers"] = "overlaps"

    @property
    def events(self) -> Events:
        """The person's stays in the cohort, as events."""
        return Events(
            domain="cohort", cohort=self.cohort, window=self.window, match=self.match
        )


Criterion = Annotated[
    All
    | Any
    | Not
    | Age
    | Sex
    | IndexVisit
    | IndexProcedure
    | Exists
    | Compare
    | NewCode
    | InCohort,
    Field(discriminator="op"),
]

for _node in (Term, Score, All, Any, Not, Compare):
    _node.model_rebuild()
