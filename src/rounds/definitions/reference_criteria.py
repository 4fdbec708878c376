"""What holds of one subject, and what its numbers are, for the reference engine."""

import datetime as dt
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from rounds.definitions.code_systems import visit_concepts
from rounds.definitions.graph import day_in, is_absolute
from rounds.definitions.reference_events import Event, Facts, Moment, shifted, within
from rounds.definitions.reference_values import holds
from rounds.definitions.units import Conversion
from rounds.nouns import (
    Age,
    All,
    Compare,
    Criterion,
    DaysBetween,
    Events,
    Exists,
    InCohort,
    IndexProcedure,
    IndexVisit,
    LastDayWithAll,
    NewCode,
    Not,
    Number,
    Occurrence,
    Period,
    Point,
    Reading,
    Score,
    Sex,
    Term,
    Years,
)
from rounds.nouns import Any as AnyOf

__all__ = ["NOTHING", "SEXES", "Criteria", "Subject"]

Row = Mapping[str, Any]

NOTHING: Final[Row] = MappingProxyType({})
"""The row that is not there."""
SEXES: Final = {"female": 8532, "male": 8507}
"""Sex → `gender_concept_id`."""
_LARGEST: Final = 700.0
"""Of an exponent: the exponential of a larger one is no number of a computer."""


class Subject(NamedTuple):
    """A person, or a person at an index."""

    person: Row
    start: Moment
    """Of the index; the period's last day for persons."""
    end: Moment | None = None
    """The index's end; None for persons."""
    visit: Row = NOTHING
    """The index visit, or that of the index procedure."""
    procedure: Row = NOTHING
    key: tuple[str, Any] | None = None
    """The index's own table and row."""

    @property
    def person_id(self) -> int:
        """Whose row it is."""
        found: int = self.person["person_id"]
        return found


class Criteria:
    """Criteria and numbers of subjects, over some rows and a period."""

    def __init__(self, facts: Facts, period: Period) -> None:
        self.facts = facts
        self.period = period
        self.month: dt.date | None = None
        """When set, only events of this month count."""

    def true(self, node: Criterion, subject: Subject) -> bool:
        """Say whether a criterion holds of a subject."""
        if isinstance(node, All):
            return all(self.true(part, subject) for part in node.of)
        if isinstance(node, AnyOf):
            return any(self.true(part, subject) for part in node.of)
        if isinstance(node, Not):
            return not self.true(node.of, subject)
        if isinstance(node, Age):
            years = self._years(node.point, subject)
            low = 0 if node.from_years is None else node.from_years
            high = 999 if node.to_years is None else node.to_years
            return years is not None and low <= years <= high
        if isinstance(node, Sex):
            return subject.person.get("gender_concept_id") == SEXES[node.of]
        if isinstance(node, IndexVisit):
            return self._index_visit(node, subject.visit)
        if isinstance(node, IndexProcedure):
            row = subject.procedure
            concepts = ("procedure_concept_id", "procedure_source_concept_id")
            return self.facts.has(node.concept_set, *(row.get(one) for one in concepts))
        if isinstance(node, Exists):
            found = self.events(node.events, subject)
            days = {one.day for one in found}
            n = len(days) if node.count == "days" else len(found)
            return n >= node.at_least
        if isinstance(node, InCohort):
            return bool(self.events(node.events, subject))
        if isinstance(node, NewCode):
            return self._new_code(node, subject)
        assert isinstance(node, Compare)
        value = self.number(node.reading, subject)
        return node.if_missing if value is None else holds(node.range, value)

    def _index_visit(self, node: IndexVisit, visit: Row) -> bool:
        if node.discharged_to is not None and not self.facts.is_place(
            node.discharged_to, visit
        ):
            return False
        wanted = visit_concepts(node.classes)
        return not node.classes or visit.get("visit_concept_id") in wanted

    def number(self, node: Number, subject: Subject) -> float | None:
        """Give a number of a subject; None where there is none."""
        if isinstance(node, Reading):
            return self._reading(node, subject)
        if isinstance(node, Years):
            years = self._years(node.at, subject)
            return None if years is None else float(years)
        if isinstance(node, DaysBetween):
            start, end = self.day(node.start, subject), self.day(node.end, subject)
            if start is None or end is None:
                return node.otherwise
            return float((end.day - start.day).days)
        return self._score(node, subject)

    def _score(self, node: Score, subject: Subject) -> float | None:
        total = node.intercept
        for term in node.terms:
            value = self._term(term, subject)
            if value is None:
                return None
            total += term.coefficient * value
        if node.link == "identity":
            return total
        power = math.exp(min(max(total, -_LARGEST), _LARGEST))
        return power if node.link == "log" else power / (1.0 + power)

    def _term(self, term: Term, subject: Subject) -> float | None:
        if term.when is not None:
            return 1.0 if self.true(term.when, subject) else 0.0
        assert term.number is not None, "a term has a criterion or a number"
        return self.number(term.number, subject)

    def day(self, point: Point, subject: Subject) -> Moment | None:
        """Give the day that a point names of a subject; None where there is none."""
        if is_absolute(point):
            return Moment(day_in(self.period, point))
        if isinstance(point.at, Occurrence):
            return shifted(self._occurrence(point.at, subject), point)
        return shifted(subject.start if point.at == "index" else subject.end, point)

    def _occurrence(self, node: Occurrence, subject: Subject) -> Moment | None:
        found = self.events(node.events, subject)
        days = sorted({one.day for one in found}, reverse=node.which == "last")
        if len(days) < node.nth:
            return None
        day = days[node.nth - 1]
        if node.day == "start":
            return Moment(day)
        ends = [one.until for one in found if one.day == day and one.until is not None]
        return Moment(max(ends)) if ends else None

    def _years(self, point: Point, subject: Subject) -> int | None:
        person, at = subject.person, self.day(point, subject)
        born = person.get("birth_datetime")
        year: int | None = person.get("year_of_birth")
        if year is None or at is None:
            return None
        month = person.get("month_of_birth") or (born.month if born else 7)
        day = person.get("day_of_birth") or (born.day if born else 1)
        return at.day.year - year - ((at.day.month, at.day.day) < (month, day))

    def events(self, events: Events, subject: Subject) -> list[Event]:
        """Give a subject's events inside their window."""
        visit = subject.visit.get("visit_occurrence_id")

        def counts(one: Event) -> bool:
            same = visit is not None and one.visit == visit
            if events.of_visit != "any" and same != (events.of_visit == "index"):
                return False
            if events.without_index and one.key == subject.key:
                return False
            if self.month is not None and one.day.replace(day=1) != self.month:
                return False
            return within(
                events.window, events.match, one, lambda p: self.day(p, subject)
            )

        return [
            one for one in self.facts.matching(events, subject.person_id) if counts(one)
        ]

    def days(self, node: LastDayWithAll, subject: Subject) -> set[dt.date]:
        """Give the days that have at least one of each of these events."""
        sets = [{one.day for one in self.events(e, subject)} for e in node.events]
        return set.intersection(*sets)

    def _reading(self, node: Reading, subject: Subject) -> float | None:
        found = self.events(node.events, subject)
        if node.day is not None:
            days = self.days(node.day, subject)
            found = [one for one in found if days and one.day == max(days)]
        if node.pick == "count":
            return float(len(found))
        if node.pick == "days":
            return float(len({one.day for one in found}))
        valued = [(one.day, one.value) for one in found if one.value is not None]
        value = _picked(node, valued) if valued else None
        return node.otherwise if value is None else value

    def _new_code(self, node: NewCode, subject: Subject) -> bool:
        start = node.events.window.start
        assert start is not None, "new_code has a window with a start"
        first = self.day(start, subject)
        if first is None:
            return False
        ever = self.facts.matching(node.events, subject.person_id)
        before = {one.code for one in ever if one.day < first.day}
        found = self.events(node.events, subject)
        return any(one.code not in before for one in found)


def _picked(node: Reading, valued: list[tuple[dt.date, float]]) -> float | None:
    values = [value for _, value in valued]
    if node.pick == "lowest":
        return min(values)
    if node.pick == "highest":
        return max(values)
    if node.pick in {"first", "last"}:
        days = sorted({day for day, _ in valued}, reverse=node.pick == "last")
        if len(days) < node.nth:
            return None
        return min(value for day, value in valued if day == days[node.nth - 1])
    total = math.fsum(values)
    return _exactly(total if node.pick == "sum" else total / len(values))


def _exactly(value: float) -> float:
    """Round what a sum adds in its last digits, which hang on the order of rows."""
    return Conversion(1.0, 0.0, 9).apply(value)
