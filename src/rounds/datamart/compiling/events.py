"""Events as SQL: which table feeds a domain, which rows count, and when.

An event has the columns person_id, day and value; and, as far as they are asked for,
until, time, until_time, code, row_id and visit_id. Every value that is written into SQL
here is a number, a date, or a quoted text of a definition; nothing comes from a
person's row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rounds.datamart.compiling.periods import Periods
from rounds.datamart.compiling.points import (
    Moment,
    bounds,
    date,
    in_range,
    numbers,
    shifted,
    text,
)
from rounds.definitions import drug_type_concepts, visit_concepts
from rounds.definitions.graph import is_absolute
from rounds.nouns import Events, Near, Point

if TYPE_CHECKING:
    from rounds.datamart.compiling.units import Units

__all__ = [
    "TABLES",
    "Context",
    "Source",
    "columns_of",
    "date",
    "events_sql",
    "in_range",
    "member",
    "numbers",
    "text",
]


@dataclass(frozen=True)
class Source:
    """The OMOP table of a domain and the columns that are read."""

    table: str
    start: str
    end: str | None = None
    concept: str | None = None
    source_concept: str | None = None
    time: str | None = None
    end_time: str | None = None
    person: str = "person_id"
    key: str | None = None


def _source(table: str, prefix: str, start: str, end: str | None) -> Source:
    def time(day: str) -> str:
        return f"{day}time"

    return Source(
        table,
        start,
        end,
        f"{prefix}_concept_id",
        f"{prefix}_source_concept_id",
        time(start),
        time(end) if end else None,
        key=f"{table}_id",
    )


TABLES: Final[Mapping[str, Source]] = {
    "condition": _source(
        "condition_occurrence",
        "condition",
        "condition_start_date",
        "condition_end_date",
    ),
    "measurement": _source("measurement", "measurement", "measurement_date", None),
    "observation": _source("observation", "observation", "observation_date", None),
    "procedure": _source(
        "procedure_occurrence", "procedure", "procedure_date", "procedure_end_date"
    ),
    "drug": _source(
        "drug_exposure", "drug", "drug_exposure_start_date", "drug_exposure_end_date"
    ),
    "device": _source(
        "device_exposure",
        "device",
        "device_exposure_start_date",
        "device_exposure_end_date",
    ),
    "visit": _source("visit_occurrence", "visit", "visit_start_date", "visit_end_date"),
    "observation_period": Source(
        "observation_period",
        "observation_period_start_date",
        "observation_period_end_date",
        key="observation_period_id",
    ),
    "death": Source("death", "death_date", time="death_datetime", key="person_id"),
    "cohort": Source("", "cohort_start_date", "cohort_end_date", person="subject_id"),
}


@dataclass(frozen=True)
class Context:
    """What events are written with."""

    over: Periods
    concepts: Mapping[str, tuple[int, ...]]
    """Concept set name → the OMOP concepts that are in it."""
    units: "Units"
    """How values are read."""
    codes: Mapping[str, frozenset[str]]
    """Concept set name → its codes as they are written."""
    cohorts: Mapping[str, str]
    """Ref of a cohort, as text → the table of its rows."""

    def is_place(self, concept_set: str, row: str) -> str:
        """Write that a visit was discharged to a place of a concept set."""
        ids = numbers(self.concepts[concept_set])
        codes = ", ".join(text(one) for one in sorted(self.codes[concept_set]))
        return (
            f"(coalesce({row}.discharged_to_concept_id, 0) IN ({ids}) OR "
            f"coalesce({row}.discharged_to_source_value, '') IN ({codes or 'NULL'}))"
        )

    def absolute(self, point: Point) -> Moment | None:
        """Give the day of a point that is the same for every subject."""
        return self.over.moment(point, "") if self.over.is_same(point) else None

    def hangs_on_period(self, events: Events) -> bool:
        """Whether, of several periods, which one decides if a row counts at all.

        The window of an event is looked at where it is joined to a subject; that of its
        neighbours is not.
        """
        return not self.over.is_one and any(
            self.hangs_on_period(near.events)
            or any(
                point is not None
                and is_absolute(point)
                and not self.over.is_same(point)
                for point in (near.events.window.start, near.events.window.end)
            )
            for near in events.near
        )


def member(events: Events, concepts: Mapping[str, tuple[int, ...]]) -> str:
    """Write the condition that a row `t` belongs to the events' concept set."""
    source = TABLES[events.domain]
    if events.concept_set is None:
        return "TRUE"
    ids = numbers(concepts[events.concept_set])
    return f"(t.{source.concept} IN ({ids}) OR t.{source.source_concept} IN ({ids}))"


def columns_of(events: Events) -> frozenset[str]:
    """Give the columns that an event's own window and neighbours need."""
    found = {"until"} if events.match != "starts_in" else set()
    points = (events.window.start, events.window.end)
    if any(point is not None and point.hours is not None for point in points):
        found.add("time")
    if events.without_index:
        found.add("row_id")
    if events.of_visit != "any":
        found.add("visit_id")
    for near in events.near:
        if events.domain == near.events.domain != "cohort":
            found.add("row_id")
        if near.same_visit:
            found.add("visit_id")
        window = near.events.window
        for point in (window.start, window.end):
            if point is not None and point.at == "event_end":
                found |= {"until"} if point.hours is None else {"until", "until_time"}
            elif point is not None and point.hours is not None:
                found.add("time")
    return frozenset(found)


def events_sql(
    events: Events, context: Context, columns: frozenset[str] = frozenset()
) -> str:
    """Write events as a query: all but the bounds that hang on the subject.

    Parameters
    ----------
    events : Events
        What counts.
    context : Context
        What it is written with.
    columns : frozenset of str
        What is asked for beside what the events need themselves.

    Returns
    -------
    str
        A SELECT with the columns of an event.
    """
    source = TABLES[events.domain]
    table = source.table
    if events.cohort is not None:
        table = context.cohorts[str(events.cohort)]
    conditions = [member(events, context.concepts), *_row_conditions(events, context)]
    visits = "" if events.domain == "visit" else _visits(events)
    if events.domain == "visit":
        conditions += _visit_conditions(events, context)
    chosen = _columns(events, source, context, columns | columns_of(events))
    inner = f"SELECT {chosen} FROM {table} t{visits} WHERE {' AND '.join(conditions)}"
    if context.hangs_on_period(events):
        over = context.over
        inner = f"SELECT k.*{over.columns} FROM ({inner}) k{over.joined}"
    where = bounds(events, context.absolute, "e")
    if not context.over.is_one:
        where = list(dict.fromkeys([*where, *_widest(events, context)]))
    where += [_near(events, near, context) for near in events.near]
    return f"SELECT e.* FROM ({inner}) e" + (
        f" WHERE {' AND '.join(where)}" if where else ""
    )


def _row_conditions(events: Events, context: Context) -> list[str]:
    conditions = []
    if events.units:
        conditions.append(context.units.usable(events))
    if events.value is not None:
        conditions.append(in_range(_number(events, context), events.value))
    if events.answer is not None:
        ids = numbers(context.concepts[events.answer])
        conditions.append(f"t.value_as_concept_id IN ({ids})")
    if events.drug_types:
        ids = numbers(drug_type_concepts(events.drug_types))
        conditions.append(f"t.drug_type_concept_id IN ({ids})")
    if events.has_result:
        texts = ""
        if events.domain == "observation":
            texts = " OR coalesce(t.value_as_string, '') <> ''"
        conditions.append(
            "(t.value_as_number IS NOT NULL OR "
            f"coalesce(t.value_as_concept_id, 0) <> 0{texts})"
        )
    return conditions


def _number(events: Events, context: Context) -> str:
    """Write the number of a row `t` that is its value."""
    if events.number_read is None:
        return "CAST(NULL AS DOUBLE)"
    if events.number_read == "value_as_number":
        return context.units.value(events)
    if events.number_read == "length_days":
        source = TABLES[events.domain]
        return f"date_diff('day', t.{source.start}, t.{source.end})"
    return f"t.{events.number_read}"


def _columns(
    events: Events, source: Source, context: Context, columns: frozenset[str]
) -> str:
    start = f"t.{source.start}"
    end = f"t.{source.end}" if source.end else start
    # Only a condition goes on until someone ends it.
    until = end if events.domain == "condition" else f"coalesce({end}, {start})"
    code = "NULL"
    if source.concept is not None:
        code = f"coalesce(nullif(t.{source.source_concept}, 0), t.{source.concept})"
    offered = {
        "until": f"CAST({until} AS DATE)",
        "time": _time(source.time),
        "until_time": _time(source.end_time),
        "code": code,
        "row_id": f"t.{source.key}" if source.key else "NULL",
        "visit_id": "t.visit_occurrence_id",
    }
    chosen = [
        f"t.{source.person} AS person_id",
        f"CAST({start} AS DATE) AS day",
        f"CAST({_number(events, context)} AS DOUBLE) AS value",
    ]
    chosen += [f"{offered[one]} AS {one}" for one in offered if one in columns]
    return ", ".join(chosen)


def _time(column: str | None) -> str:
    """Write a time, but midnight, which stands for one that is not known."""
    if column is None:
        return "CAST(NULL AS TIMESTAMP)"
    return f"nullif(t.{column}, date_trunc('day', t.{column}))"


def _widest(events: Events, context: Context) -> list[str]:
    """Give bounds that leave every period what it needs, so that no more is read."""
    window = events.window
    if events.match == "covers" or window.start is window.end:
        return []

    def moment(point: Point) -> Moment | None:
        return context.over.widest(point, is_start=point is window.start)

    return bounds(events, moment, "e")


def _near(events: Events, near: Near, context: Context) -> str:
    """Write the condition that a row `e` has another one `n` beside it, or has none."""

    def moment(point: Point) -> Moment | None:
        if is_absolute(point):
            return (
                None if context.over.is_same(point) else context.over.moment(point, "e")
            )
        day, time = (
            ("e.day", "e.time") if point.at == "event" else ("e.until", "e.until_time")
        )
        return Moment(shifted(day, point), time)

    asked = frozenset({"row_id"} if _same_rows(events, near) else set())
    asked |= {"visit_id"} if near.same_visit else set()
    others = events_sql(near.events, context, asked)
    on = ["n.person_id = e.person_id", *bounds(near.events, moment, "n")]
    if _same_rows(events, near):
        on.append("n.row_id <> e.row_id")
    if near.same_visit:
        on.append("n.visit_id = e.visit_id")
    if context.hangs_on_period(near.events):
        on.append("n.period = e.period")
    word = "NOT EXISTS" if near.absent else "EXISTS"
    return f"{word} (SELECT 1 FROM ({others}) n WHERE {' AND '.join(on)})"


def _same_rows(events: Events, near: Near) -> bool:
    return events.domain == near.events.domain and TABLES[events.domain].key is not None


def _visits(events: Events) -> str:
    """Join an event `t` to the visits it must, or must not, come from."""
    joined = ""
    for word, classes in (("SEMI", events.visit_classes), ("ANTI", events.not_from)):
        if classes:
            joined += (
                f" {word} JOIN (SELECT visit_occurrence_id FROM visit_occurrence "
                f"WHERE visit_concept_id IN ({numbers(visit_concepts(classes))})) "
                "USING (visit_occurrence_id)"
            )
    return joined


def _visit_conditions(events: Events, context: Context) -> list[str]:
    concept, conditions = "t.visit_concept_id", []
    if events.discharged_to is not None:
        conditions.append(context.is_place(events.discharged_to, "t"))
    if events.visit_classes:
        wanted = numbers(visit_concepts(events.visit_classes))
        conditions.append(f"{concept} IN ({wanted})")
    if events.not_from:
        barred = numbers(visit_concepts(events.not_from))
        conditions.append(f"coalesce({concept}, 0) NOT IN ({barred})")
    return conditions
