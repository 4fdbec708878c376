"""The simplest engine: plain Python over lists of rows, one subject at a time.

It is slow and easy to read, and it is the judge: where another engine disagrees, that
engine is wrong. Tables are OMOP tables by name, each a list of rows (a mapping of
column to value); a column that is missing is None.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rounds.definitions.code_systems import visit_concepts
from rounds.definitions.graph import concept_set_of, day_of
from rounds.definitions.reference_events import Event, Facts, holds
from rounds.nouns import (
    Age,
    All,
    Compare,
    Criterion,
    Events,
    Exists,
    IndexVisit,
    LastDayWithAll,
    Measure,
    NewCode,
    Not,
    Period,
    Reading,
)
from rounds.nouns import Any as AnyOf

__all__ = ["ReferenceRow", "Subject", "evaluate"]

Tables = Mapping[str, Sequence[Mapping[str, Any]]]


class Subject(NamedTuple):
    """A person, or a person at an index visit."""

    person_id: int
    index_date: dt.date
    visit: Mapping[str, Any]
    """The index visit's row; empty for persons."""


@dataclass(frozen=True, repr=False)
class ReferenceRow:
    """One subject of the initial population and where the subject belongs."""

    person_id: int
    index_date: dt.date
    denominator: bool
    numerator: bool
    observed: bool
    excluded: bool
    excepted: bool
    value: float | None

    def __repr__(self) -> str:
        """Show nothing of a person."""
        return "<row>"


def evaluate(
    measure: Measure,
    tables: Tables,
    period: Period,
    *,
    without: frozenset[str] = frozenset(),
    monthly: bool = False,
) -> list[ReferenceRow]:
    """Run a measure on rows in memory.

    Parameters
    ----------
    measure : Measure
        A measure that `check` finds nothing wrong with.
    tables : mapping of str to sequence of mappings
        OMOP tables: person, visit_occurrence, condition_occurrence, …, and concept.
    period : Period
        Both days included.
    without : frozenset of str
        `person_source_value` of those who opted out.
    monthly : bool
        For the person basis: one row a person and month that has a day which the
        numerator reads; `index_date` is the month's first day.

    Returns
    -------
    list of ReferenceRow
        By person_id, then by index date.

    Raises
    ------
    KeyError
        If a clause names a concept set that the measure does not hold.
    """
    judge = _Judge(measure, tables, period)
    people = [
        row
        for row in tables.get("person", ())
        if (row.get("person_source_value") or "") not in without
    ]
    rows: list[ReferenceRow] = []
    for person in people:
        for subject in judge.subjects(person):
            row = judge.row(subject)
            if not monthly:
                rows.append(row)
            elif row.denominator:
                rows.extend(judge.months(subject))
    return sorted(rows, key=lambda row: (row.person_id, row.index_date))


class _Judge:
    def __init__(self, measure: Measure, tables: Tables, period: Period) -> None:
        self.measure = measure
        self.tables = tables
        self.period = period
        self.month: dt.date | None = None
        """When set, only events of this month count."""
        sets = {s.name: concept_set_of(measure, s.name) for s in measure.concept_sets}
        self.facts = Facts(tables, sets)
        self.people = {row["person_id"]: row for row in tables.get("person", ())}
        self.visits: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
        for visit in tables.get("visit_occurrence", ()):
            self.visits[visit["person_id"]].append(visit)

    def subjects(self, person: Mapping[str, Any]) -> list[Subject]:
        """Give the person's subjects in the initial population."""
        who = person["person_id"]
        if self.measure.basis == "person":
            one = Subject(who, self.period.end, {})
            return [one] if self.true(self.measure.initial_population, one) else []
        candidates = [
            Subject(who, visit["visit_start_date"], visit)
            for visit in self.visits[who]
            if self.period.start <= visit["visit_start_date"] <= self.period.end
        ]
        candidates.sort(key=lambda one: (one.index_date, *self._tie(one.visit)))
        found = [
            one for one in candidates if self.true(self.measure.initial_population, one)
        ]
        if self.measure.index == "first":
            return found[:1]
        by_day: dict[dt.date, Subject] = {}
        for one in found:
            by_day.setdefault(one.index_date, one)
        return list(by_day.values())

    def _tie(self, visit: Mapping[str, Any]) -> tuple[Any, ...]:
        # Missing values come last, as `NULLS LAST` has it.
        def last(value: Any, absent: Any) -> tuple[bool, Any]:
            return (value is None, absent if value is None else value)

        site = self._label("care_site", visit.get("care_site_id"))
        clinician = self._label("provider", visit.get("provider_id"))
        return (
            last(visit.get("visit_start_datetime"), 0),
            last(site, ""),
            last(clinician, ""),
            visit["visit_occurrence_id"],
        )

    def _label(self, table: str, key: int | None) -> str | None:
        for row in self.tables.get(table, ()):
            if key is not None and row[f"{table}_id"] == key:
                label: str | None = row.get(f"{table}_source_value")
                return label
        return None

    def row(self, subject: Subject) -> ReferenceRow:
        """Judge every population of one subject."""
        m = self.measure
        met = m.numerator is not None and self.true(m.numerator, subject)
        eligible = m.denominator is None or self.true(m.denominator, subject)
        excluded = eligible and self._is(m.denominator_exclusion, subject)
        excepted = (
            eligible
            and not excluded
            and not met
            and self._is(m.denominator_exception, subject)
        )
        denominator = eligible and not excluded and not excepted
        unmet = self._is(m.numerator_exclusion, subject)
        known = m.observed_when is None or self.true(m.observed_when, subject)
        value = None
        if m.measure_observation is not None:
            value = self.reading(m.measure_observation, subject)
            known = known and value is not None
        return ReferenceRow(
            person_id=subject.person_id,
            index_date=subject.index_date,
            denominator=denominator,
            numerator=denominator and met and not unmet,
            observed=denominator and known,
            excluded=excluded,
            excepted=excepted,
            value=value,
        )

    def months(self, subject: Subject) -> list[ReferenceRow]:
        """Judge a person of the denominator once a month that has a reading."""
        day = day_of(self.measure)
        assert day is not None, "the measure has no monthly form"
        m = self.measure
        rows = []
        for first in sorted({one.replace(day=1) for one in self.days(day, subject)}):
            self.month = first
            met = m.numerator is not None and self.true(m.numerator, subject)
            unmet = self._is(m.numerator_exclusion, subject)
            known = m.observed_when is None or self.true(m.observed_when, subject)
            self.month = None
            rows.append(
                ReferenceRow(
                    person_id=subject.person_id,
                    index_date=first,
                    denominator=True,
                    numerator=met and not unmet,
                    observed=known,
                    excluded=False,
                    excepted=False,
                    value=None,
                )
            )
        return rows

    def _is(self, criterion: Criterion | None, subject: Subject) -> bool:
        return criterion is not None and self.true(criterion, subject)

    def true(self, node: Criterion, subject: Subject) -> bool:
        """Say whether a criterion holds of a subject."""
        if isinstance(node, All):
            return all(self.true(part, subject) for part in node.of)
        if isinstance(node, AnyOf):
            return any(self.true(part, subject) for part in node.of)
        if isinstance(node, Not):
            return not self.true(node.of, subject)
        if isinstance(node, Age):
            return self._age(node, subject)
        if isinstance(node, IndexVisit):
            wanted = visit_concepts(node.classes)
            return subject.visit.get("visit_concept_id") in wanted
        if isinstance(node, Exists):
            return len(self.events(node.events, subject)) >= node.at_least
        if isinstance(node, NewCode):
            return self._new_code(node, subject)
        assert isinstance(node, Compare)
        value = self.reading(node.reading, subject)
        return value is not None and holds(node.range, value)

    def _age(self, node: Age, subject: Subject) -> bool:
        person = self.people[subject.person_id]
        born = person.get("birth_datetime")
        year = person.get("year_of_birth")
        if year is None:
            return False
        month = person.get("month_of_birth") or (born.month if born else 7)
        day = person.get("day_of_birth") or (born.day if born else 1)
        at = subject.index_date
        if node.at != "index":
            at = self.period.start if node.at == "period_start" else self.period.end
        years = at.year - year - ((at.month, at.day) < (month, day))
        low = 0 if node.from_years is None else node.from_years
        high = 999 if node.to_years is None else node.to_years
        return bool(low <= years <= high)

    def events(self, events: Events, subject: Subject) -> list[Event]:
        """Give a subject's events inside their window."""
        found = self.facts.events(
            events, subject.person_id, self.period, subject.index_date
        )
        if self.month is None:
            return found
        return [one for one in found if one.day.replace(day=1) == self.month]

    def days(self, node: LastDayWithAll, subject: Subject) -> set[dt.date]:
        """Give the days that have at least one of each of these events."""
        sets = [{one.day for one in self.events(e, subject)} for e in node.events]
        return set.intersection(*sets)

    def reading(self, node: Reading, subject: Subject) -> float | None:
        """Give the lowest or highest value, or None if there is none."""
        found = self.events(node.events, subject)
        if node.day is not None:
            days = self.days(node.day, subject)
            if not days:
                return None
            found = [one for one in found if one.day == max(days)]
        values = [one.value for one in found if one.value is not None]
        if not values:
            return None
        return min(values) if node.pick == "lowest" else max(values)

    def _new_code(self, node: NewCode, subject: Subject) -> bool:
        found = self.events(node.events, subject)
        before = self.facts.before(
            node.events, subject.person_id, self.period, subject.index_date
        )
        return any(one.code not in before for one in found)
