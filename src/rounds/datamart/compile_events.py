"""Events as SQL: which table feeds a domain, which rows count, and when.

An event has the columns person_id, day and value; until if it may overlap a window, and
code if that is asked for. Every value that is written into SQL here is a number, a
date, or a quoted text of a definition; nothing comes from a person's row.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rounds.definitions import visit_concepts
from rounds.definitions.graph import day_in
from rounds.nouns import Comparison, Events, Period, Point

if TYPE_CHECKING:
    from rounds.datamart.compile_units import Units

__all__ = [
    "TABLES",
    "Source",
    "date",
    "events_sql",
    "in_range",
    "member",
    "numbers",
    "point",
    "text",
    "within",
]


@dataclass(frozen=True)
class Source:
    """The OMOP table of a domain and the columns that are read."""

    table: str
    start: str
    end: str | None
    concept: str | None
    source_concept: str | None


TABLES: Final[Mapping[str, Source]] = {
    "condition": Source(
        "condition_occurrence",
        "condition_start_date",
        "condition_end_date",
        "condition_concept_id",
        "condition_source_concept_id",
    ),
    "measurement": Source(
        "measurement",
        "measurement_date",
        None,
        "measurement_concept_id",
        "measurement_source_concept_id",
    ),
    "observation": Source(
        "observation",
        "observation_date",
        None,
        "observation_concept_id",
        "observation_source_concept_id",
    ),
    "procedure": Source(
        "procedure_occurrence",
        "procedure_date",
        "procedure_end_date",
        "procedure_concept_id",
        "procedure_source_concept_id",
    ),
    "drug": Source(
        "drug_exposure",
        "drug_exposure_start_date",
        "drug_exposure_end_date",
        "drug_concept_id",
        "drug_source_concept_id",
    ),
    "visit": Source(
        "visit_occurrence",
        "visit_start_date",
        "visit_end_date",
        "visit_concept_id",
        "visit_source_concept_id",
    ),
    "death": Source("death", "death_date", None, None, None),
}


def text(value: str) -> str:
    """Quote a text for SQL."""
    return "'" + value.replace("'", "''") + "'"


def date(day: dt.date) -> str:
    """Write a day for SQL."""
    return f"DATE '{day.isoformat()}'"


def numbers(values: frozenset[int] | tuple[int, ...]) -> str:
    """Write numbers for `IN (…)`; an empty set is one that nothing is in."""
    return ", ".join(str(one) for one in sorted(values)) or "NULL"


def point(where: Point, period: Period) -> str:
    """Write a point as an SQL date, over a subject `s` where it is the index's."""
    if where.at == "index":
        return f"(s.index_date + {where.days})" if where.days else "s.index_date"
    return date(day_in(period, where))


def within(events: Events, period: Period, *, index: bool) -> list[str]:
    """Give the window's conditions on an event `e`.

    Parameters
    ----------
    events : Events
        The events.
    period : Period
        The measure's period.
    index : bool
        Whether to give those bounds that hang on the index, or those that do not.
    """
    start, end = events.window.start, events.window.end
    conditions = []
    if start is not None and (start.at == "index") == index:
        first = point(start, period)
        conditions.append(
            f"e.day >= {first}"
            if events.match == "starts_in"
            else f"(e.until IS NULL OR e.until >= {first})"
        )
    if end is not None and (end.at == "index") == index:
        conditions.append(f"e.day <= {point(end, period)}")
    return conditions


def in_range(value: str, one: Comparison) -> str:
    """Write a range of numbers as a condition on an SQL expression."""
    bounds = (
        (">=", one.at_least),
        (">", one.above),
        ("<=", one.at_most),
        ("<", one.below),
    )
    parts = [f"{value} {sign} {bound!r}" for sign, bound in bounds if bound is not None]
    return " AND ".join(parts)


def member(events: Events, concepts: Mapping[str, tuple[int, ...]]) -> str:
    """Write the condition that a row `t` belongs to the events' concept set."""
    source = TABLES[events.domain]
    if events.concept_set is None:
        return "TRUE"
    ids = numbers(concepts[events.concept_set])
    return f"(t.{source.concept} IN ({ids}) OR t.{source.source_concept} IN ({ids}))"


def events_sql(
    events: Events,
    period: Period,
    concepts: Mapping[str, tuple[int, ...]],
    units: "Units",
    *,
    coded: bool = False,
) -> str:
    """Write events as a query: all but the bounds that hang on the index.

    Parameters
    ----------
    events : Events
        What counts.
    period : Period
        The measure's period, for windows anchored to it.
    concepts : mapping of str to tuple of int
        Concept set name → the OMOP concepts that are in it.
    units : Units
        How their values are read.
    coded : bool
        Whether to give the code.

    Returns
    -------
    str
        A SELECT with the columns of an event.
    """
    source = TABLES[events.domain]
    conditions = [member(events, concepts)]
    if events.units:
        conditions.append(units.usable(events))
    if events.value is not None:
        conditions.append(in_range(units.value(events), events.value))
    visits = "" if events.domain == "visit" else _visits(events)
    if events.domain == "visit":
        conditions += _visit_conditions(events)
    inner = (
        f"SELECT {_columns(events, source, units.value(events), coded=coded)} "
        f"FROM {source.table} t{visits} WHERE {' AND '.join(conditions)}"
    )
    absolute = within(events, period, index=False)
    where = f" WHERE {' AND '.join(absolute)}" if absolute else ""
    return f"SELECT e.* FROM ({inner}) e{where}"


def _columns(events: Events, source: Source, number: str, *, coded: bool) -> str:
    has_number = events.domain in {"measurement", "observation"}
    start = f"t.{source.start}"
    end = f"t.{source.end}" if source.end else start
    # Only a condition goes on until someone ends it.
    until = end if events.domain == "condition" else f"coalesce({end}, {start})"
    code = "NULL"
    if source.concept is not None:
        code = f"coalesce(nullif(t.{source.source_concept}, 0), t.{source.concept})"
    value = number if has_number else "NULL"
    columns = [
        "t.person_id AS person_id",
        f"CAST({start} AS DATE) AS day",
        f"CAST({value} AS DOUBLE) AS value",
    ]
    if events.match == "overlaps":
        columns.append(f"CAST({until} AS DATE) AS until")
    if coded:
        columns.append(f"{code} AS code")
    return ", ".join(columns)


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


def _visit_conditions(events: Events) -> list[str]:
    concept, conditions = "t.visit_concept_id", []
    if events.visit_classes:
        wanted = numbers(visit_concepts(events.visit_classes))
        conditions.append(f"{concept} IN ({wanted})")
    if events.not_from:
        barred = numbers(visit_concepts(events.not_from))
        conditions.append(f"coalesce({concept}, 0) NOT IN ({barred})")
    return conditions
