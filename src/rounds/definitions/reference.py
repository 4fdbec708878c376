"""The simplest engine: plain Python over lists of rows, one subject at a time.

It is slow and easy to read, and it is the judge: where another engine disagrees, that
engine is wrong. Tables are OMOP tables by name, each a list of rows (a mapping of
column to value); a column that is missing is None.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rounds.definitions.graph import concept_set_of, day_of
from rounds.definitions.reference_criteria import NOTHING, Criteria, Subject
from rounds.definitions.reference_events import Facts, Moment, known_time
from rounds.nouns import Criterion, Measure, Number, Period, Ref

__all__ = ["Judge", "ReferenceRow", "evaluate"]

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]


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
    numerator_value: float = 0.0
    """Of a ratio: what it adds to the numerator."""
    denominator_value: float = 0.0
    expected: float | None = None
    strata: tuple[str, ...] = ()
    """Its stratum of each stratifier, in their order; empty where none holds."""

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
    cohorts: Mapping[Ref, Sequence[Row]] | None = None,
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
    cohorts : mapping of Ref to sequence of mappings, optional
        Rows of each cohort that the measure reads: subject_id, cohort_start_date,
        cohort_end_date.

    Returns
    -------
    list of ReferenceRow
        By person_id, then by index date.

    Raises
    ------
    KeyError
        If a clause names a concept set that the measure does not hold.
    """
    judge = Judge(measure, tables, period, cohorts or {})
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


class Judge:
    """One measure over some rows: who its subjects are, and where each belongs."""

    def __init__(
        self,
        measure: Measure,
        tables: Tables,
        period: Period,
        cohorts: Mapping[Ref, Sequence[Row]],
    ) -> None:
        self.measure = measure
        self.tables = tables
        self.period = period
        sets = {s.name: concept_set_of(measure, s.name) for s in measure.concept_sets}
        self.criteria = Criteria(Facts(tables, sets, period, cohorts), period)
        self.visits = {
            row["visit_occurrence_id"]: row
            for row in tables.get("visit_occurrence", ())
        }
        self.rows: dict[tuple[str, int], list[Row]] = defaultdict(list)
        for table in ("visit_occurrence", "procedure_occurrence"):
            for row in tables.get(table, ()):
                self.rows[table, row["person_id"]].append(row)

    def subjects(self, person: Row) -> list[Subject]:
        """Give the person's subjects in the initial population."""
        candidates = self.candidates(person)
        candidates.sort(key=lambda one: (self._counted(one), *self._tie(one)))
        population = self.measure.initial_population
        found = [one for one in candidates if self.criteria.true(population, one)]
        if self.measure.index == "first":
            return found[:1]
        by_day: dict[dt.date, Subject] = {}
        for one in found:
            by_day.setdefault(self._counted(one), one)
        return list(by_day.values())

    def candidates(self, person: Row) -> list[Subject]:
        """Give who may be a subject: the person, or each index of the period."""
        if self.measure.basis == "person":
            return [Subject(person, Moment(self.period.end))]
        of_basis = self._visits if self.measure.basis == "visit" else self._done
        return [
            one
            for one in of_basis(person)
            if self.period.start <= self._counted(one) <= self.period.end
        ]

    def _counted(self, subject: Subject) -> dt.date:
        """Give the day on which a subject is counted."""
        if self.measure.index_day == "start":
            return subject.start.day
        row = subject.procedure or subject.visit
        ended = row.get("procedure_end_date" if subject.procedure else "visit_end_date")
        return ended or dt.date.max  # what has not ended is in no period

    def _visits(self, person: Row) -> Iterator[Subject]:
        for visit in self.rows["visit_occurrence", person["person_id"]]:
            ended = visit.get("visit_end_date") or visit["visit_start_date"]
            yield Subject(
                person,
                Moment(
                    visit["visit_start_date"],
                    known_time(visit.get("visit_start_datetime")),
                ),
                Moment(ended, known_time(visit.get("visit_end_datetime"))),
                visit,
                key=("visit_occurrence", visit["visit_occurrence_id"]),
            )

    def _done(self, person: Row) -> Iterator[Subject]:
        for row in self.rows["procedure_occurrence", person["person_id"]]:
            ended = row.get("procedure_end_date") or row["procedure_date"]
            yield Subject(
                person,
                Moment(
                    row["procedure_date"], known_time(row.get("procedure_datetime"))
                ),
                Moment(ended, known_time(row.get("procedure_end_datetime"))),
                self.visits.get(row.get("visit_occurrence_id"), NOTHING),
                row,
                ("procedure_occurrence", row["procedure_occurrence_id"]),
            )

    def _tie(self, subject: Subject) -> tuple[Any, ...]:
        # Missing values come last, as `NULLS LAST` has it.
        def last(value: Any, absent: Any) -> tuple[bool, Any]:
            return (value is None, absent if value is None else value)

        row, visit = subject.procedure, subject.visit
        provider = row.get("provider_id")
        time = visit.get("visit_start_datetime")
        if row:
            time = row.get("procedure_datetime")
        site = self._label("care_site", visit.get("care_site_id"))
        clinician = self._label(
            "provider", visit.get("provider_id") if provider is None else provider
        )
        return (
            last(time, 0),
            last(site, ""),
            last(clinician, ""),
            subject.key,
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
        met = self._is(m.numerator, subject)
        eligible = m.denominator is None or self._is(m.denominator, subject)
        excluded = eligible and self._is(m.denominator_exclusion, subject)
        excepted = (
            eligible
            and not excluded
            and not met
            and self._is(m.denominator_exception, subject)
        )
        denominator = eligible and not excluded and not excepted
        met = met and not self._is(m.numerator_exclusion, subject)
        known = m.observed_when is None or self._is(m.observed_when, subject)
        value = self._number(m.measure_observation, subject)
        if m.measure_observation is not None:
            known = known and value is not None
        numerator = met if m.scoring == "ratio" else denominator and met
        counted = denominator or (m.scoring == "ratio" and numerator)
        above = self._added(m.numerator_observation, subject, counts=numerator)
        below = self._added(m.denominator_observation, subject, counts=denominator)
        observed = counted and known and above is not None and below is not None
        return ReferenceRow(
            person_id=subject.person_id,
            index_date=self._counted(subject),
            denominator=denominator,
            numerator=numerator,
            observed=observed,
            excluded=excluded,
            excepted=excepted,
            value=value,
            numerator_value=above or 0.0 if observed else 0.0,
            denominator_value=below or 0.0 if observed else 0.0,
            expected=self._number(m.expected, subject),
            strata=self._strata(subject),
        )

    def _added(
        self, node: Number | None, subject: Subject, *, counts: bool
    ) -> float | None:
        """Give what a subject adds to a side of a ratio; None if it is not known."""
        if not counts:
            return 0.0
        return 1.0 if node is None else self.criteria.number(node, subject)

    def _strata(self, subject: Subject) -> tuple[str, ...]:
        return tuple(
            next(
                (one.label for one in each.strata if self._is(one.when, subject)),
                "",
            )
            for each in self.measure.stratifiers
        )

    def months(self, subject: Subject) -> list[ReferenceRow]:
        """Judge a person of the denominator once a month that has a reading."""
        day = day_of(self.measure)
        assert day is not None, "the measure has no monthly form"
        m = self.measure
        rows = []
        days = self.criteria.days(day, subject)
        for first in sorted({one.replace(day=1) for one in days}):
            self.criteria.month = first
            met = self._is(m.numerator, subject)
            unmet = self._is(m.numerator_exclusion, subject)
            known = m.observed_when is None or self._is(m.observed_when, subject)
            self.criteria.month = None
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
        return criterion is not None and self.criteria.true(criterion, subject)

    def _number(self, node: Number | None, subject: Subject) -> float | None:
        return None if node is None else self.criteria.number(node, subject)
