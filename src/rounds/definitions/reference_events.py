"""Which rows are events, for the reference engine."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from rounds.definitions.code_systems import drug_type_concepts, visit_concepts
from rounds.definitions.graph import add_months, codes_of, day_in, is_absolute
from rounds.definitions.reference_concepts import concepts_of
from rounds.definitions.reference_values import Values, holds
from rounds.nouns import ConceptSet, Events, Near, Period, Point, Ref, Window

__all__ = ["Event", "Facts", "Moment", "known_time", "later", "shifted", "within"]

Row = Mapping[str, Any]


class _Table(NamedTuple):
    """Where a domain's rows are: table, prefix of its concept columns, start, end."""

    name: str
    prefix: str
    start: str
    end: str = ""
    time: str = ""
    end_time: str = ""
    person: str = "person_id"


_TABLES: Final = {
    "condition": _Table(
        "condition_occurrence",
        "condition",
        "condition_start_date",
        "condition_end_date",
        "condition_start_datetime",
        "condition_end_datetime",
    ),
    "measurement": _Table(
        "measurement", "measurement", "measurement_date", "", "measurement_datetime"
    ),
    "observation": _Table(
        "observation", "observation", "observation_date", "", "observation_datetime"
    ),
    "procedure": _Table(
        "procedure_occurrence",
        "procedure",
        "procedure_date",
        "procedure_end_date",
        "procedure_datetime",
        "procedure_end_datetime",
    ),
    "drug": _Table(
        "drug_exposure",
        "drug",
        "drug_exposure_start_date",
        "drug_exposure_end_date",
        "drug_exposure_start_datetime",
        "drug_exposure_end_datetime",
    ),
    "device": _Table(
        "device_exposure",
        "device",
        "device_exposure_start_date",
        "device_exposure_end_date",
        "device_exposure_start_datetime",
        "device_exposure_end_datetime",
    ),
    "visit": _Table(
        "visit_occurrence",
        "visit",
        "visit_start_date",
        "visit_end_date",
        "visit_start_datetime",
        "visit_end_datetime",
    ),
    "observation_period": _Table(
        "observation_period",
        "",
        "observation_period_start_date",
        "observation_period_end_date",
    ),
    "death": _Table("death", "death", "death_date", "", "death_datetime"),
}


class Moment(NamedTuple):
    """A day, with its time where that is recorded."""

    day: dt.date
    time: dt.datetime | None = None


class Event(NamedTuple):
    """One row that counts."""

    day: dt.date
    until: dt.date | None
    value: float | None
    code: int | None
    time: dt.datetime | None
    until_time: dt.datetime | None
    visit: int | None
    key: tuple[str, Any]
    """Its table and its row there."""

    @property
    def start(self) -> Moment:
        """When it began."""
        return Moment(self.day, self.time)

    @property
    def end(self) -> Moment | None:
        """When it ended; None while it goes on."""
        return None if self.until is None else Moment(self.until, self.until_time)


class Facts:
    """The tables, looked up by person and by code.

    Parameters
    ----------
    tables : mapping of str to sequence of mappings
        OMOP tables.
    concept_sets : mapping of str to ConceptSet
        By name, with the additions that are enabled.
    period : Period
        The measure's period.
    cohorts : mapping of Ref to sequence of mappings
        Rows of each cohort: subject_id, cohort_start_date, cohort_end_date.
    """

    def __init__(
        self,
        tables: Mapping[str, Sequence[Row]],
        concept_sets: Mapping[str, ConceptSet],
        period: Period,
        cohorts: Mapping[Ref, Sequence[Row]],
    ) -> None:
        self._ids = {
            name: concepts_of(one, tables) for name, one in concept_sets.items()
        }
        self._codes = {name: codes_of(one) for name, one in concept_sets.items()}
        self._values = Values(tables)
        self._period = period
        self._visit_class = {
            row["visit_occurrence_id"]: row.get("visit_concept_id")
            for row in tables.get("visit_occurrence", ())
        }
        self._rows: dict[tuple[str, int], list[Row]] = defaultdict(list)
        for table in _TABLES.values():
            for row in tables.get(table.name, ()):
                self._rows[table.name, row["person_id"]].append(row)
        for ref, rows in cohorts.items():
            for row in rows:
                self._rows[str(ref), row["subject_id"]].append(row)

    def has(self, concept_set: str, *concepts: int | None) -> bool:
        """Tell whether one of these concepts is in a concept set."""
        return any(one in self._ids[concept_set] for one in concepts)

    def is_place(self, concept_set: str, visit: Row) -> bool:
        """Tell whether a visit was discharged to a place of a concept set.

        A place counts by its concept, or as one of the codes themselves is written.
        """
        return (
            self.has(concept_set, visit.get("discharged_to_concept_id"))
            or visit.get("discharged_to_source_value") in self._codes[concept_set]
        )

    def matching(self, events: Events, person_id: int) -> list[Event]:
        """Give a person's events, at whatever time."""
        found = []
        table = _table(events)
        for place, row in enumerate(self._rows[table.name, person_id]):
            if self._counts(events, row, table.prefix):
                found.append(self._event(events, row, table, place))
        for near in events.near:
            others = self.matching(near.events, person_id)
            found = [
                one
                for one in found
                if self._is_near(one, near, others) is not near.absent
            ]
        return found

    def _event(self, events: Events, row: Row, table: _Table, place: int) -> Event:
        until = row.get(table.end) if table.end else None
        if until is None and events.domain != "condition":
            until = row[table.start]
        source = row.get(f"{table.prefix}_source_concept_id")
        return Event(
            day=row[table.start],
            until=until,
            value=self._values.of(events, row, table.prefix, table.start, table.end),
            code=source or row.get(f"{table.prefix}_concept_id"),
            time=known_time(row.get(table.time)),
            until_time=known_time(row.get(table.end_time)),
            visit=row.get("visit_occurrence_id"),
            key=(table.name, row.get(f"{table.name}_id", place)),
        )

    def _is_near(self, one: Event, near: Near, others: Sequence[Event]) -> bool:
        def day(point: Point) -> Moment | None:
            if is_absolute(point):
                return Moment(day_in(self._period, point))
            anchor = one.start if point.at == "event" else one.end
            return shifted(anchor, point)

        return any(
            within(near.events.window, near.events.match, other, day)
            for other in others
            if other.key != one.key
            and (
                not near.same_visit
                or (one.visit is not None and one.visit == other.visit)
            )
        )

    def _counts(self, events: Events, row: Row, prefix: str) -> bool:
        if events.concept_set is not None and not self.has(
            events.concept_set,
            row.get(f"{prefix}_concept_id"),
            row.get(f"{prefix}_source_concept_id"),
        ):
            return False
        if events.answer is not None and not self.has(
            events.answer, row.get("value_as_concept_id")
        ):
            return False
        if events.has_result and not _has_result(row):
            return False
        if events.discharged_to is not None and not self.is_place(
            events.discharged_to, row
        ):
            return False
        if events.drug_types and row.get(
            "drug_type_concept_id"
        ) not in drug_type_concepts(events.drug_types):
            return False
        table = _table(events)
        value = self._values.of(events, row, prefix, table.start, table.end)
        if events.units and value is None:
            return False
        if events.value is not None and (
            value is None or not holds(events.value, value)
        ):
            return False
        visit = row.get("visit_concept_id")
        if events.domain != "visit":
            visit = self._visit_class.get(row.get("visit_occurrence_id"))
        if events.visit_classes and visit not in visit_concepts(events.visit_classes):
            return False
        return visit not in visit_concepts(events.not_from)


def _table(events: Events) -> _Table:
    if events.domain == "cohort":
        start, end = "cohort_start_date", "cohort_end_date"
        return _Table(str(events.cohort), "", start, end, person="subject_id")
    return _TABLES[events.domain]


def _has_result(row: Row) -> bool:
    return (
        row.get("value_as_number") is not None
        or bool(row.get("value_as_concept_id"))
        or bool(row.get("value_as_string"))
    )


def known_time(written: dt.datetime | None) -> dt.datetime | None:
    """Give a time, unless it is midnight, which stands for a time that is not known."""
    return None if written is None or written.time() == dt.time() else written


def shifted(anchor: Moment | None, point: Point) -> Moment | None:
    """Give the day a point names, from the day of its anchor.

    Hours are not added here, but where times are compared.
    """
    if anchor is None:
        return None
    day = add_months(anchor.day, point.months) + dt.timedelta(days=point.days)
    return Moment(day, anchor.time)


def within(
    window: Window,
    match: str,
    one: Event,
    day: Callable[[Point], Moment | None],
) -> bool:
    """Say whether an event is in a window; a day that is not known holds nothing."""
    start = None if window.start is None else day(window.start)
    end = None if window.end is None else day(window.end)
    if (window.start is not None and start is None) or (
        window.end is not None and end is None
    ):
        return False
    return all(_bounds(window, match, one, start, end))


def _bounds(
    window: Window, match: str, one: Event, start: Moment | None, end: Moment | None
) -> Iterator[bool]:
    if match == "starts_in":
        if window.start is not None and start is not None:
            yield later(one.start, start, window.start.hours, side="start")
        if window.end is not None and end is not None:
            yield later(one.start, end, window.end.hours, side="end")
    elif match == "ends_in":
        until = one.until
        yield until is not None and (start is None or until >= start.day)
        yield until is not None and (end is None or until <= end.day)
    elif match == "overlaps":
        yield end is None or one.day <= end.day
        yield start is None or one.until is None or one.until >= start.day
    else:
        assert start is not None, "to cover a window it has a start and an end"
        assert end is not None, "to cover a window it has a start and an end"
        yield one.day <= start.day
        yield one.until is None or one.until >= end.day


def later(one: Moment, bound: Moment, hours: int | None, *, side: str) -> bool:
    """Say whether a moment is not before a bound (`start`), or not after it (`end`)."""
    if hours is None:
        return one.day >= bound.day if side == "start" else one.day <= bound.day
    if one.time is not None and bound.time is not None:
        limit = bound.time + dt.timedelta(hours=hours)
        return one.time >= limit if side == "start" else one.time <= limit
    if side == "start":
        return one.day >= bound.day + dt.timedelta(days=hours // 24)
    return one.day <= bound.day + dt.timedelta(days=-(-hours // 24))
