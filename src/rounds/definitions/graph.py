"""Walks over the graph of a measure."""

import calendar
import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from rounds.nouns import (
    Any,
    Compare,
    DaysBetween,
    Events,
    InCohort,
    IndexVisit,
    LastDayWithAll,
    Measure,
    Noun,
    Period,
    Point,
    Reading,
    Ref,
    Score,
)
from rounds.nouns.concept_set import Code, CodePrefix, ConceptSet
from rounds.nouns.domains import below, nodes

__all__ = [
    "CLAUSES",
    "add_months",
    "clauses",
    "codes_of",
    "cohorts_of",
    "concept_set_of",
    "day_in",
    "day_of",
    "has_months",
    "is_absolute",
    "named_sets",
    "needed_events",
    "nodes",
    "uses_discharge",
    "uses_times",
]

CLAUSES: Final = (
    "initial_population",
    "denominator",
    "denominator_exclusion",
    "denominator_exception",
    "numerator",
    "numerator_exclusion",
    "measure_observation",
    "observed_when",
    "numerator_observation",
    "denominator_observation",
    "expected",
)
"""The populations and numbers of a measure; its strata are clauses as well."""


def clauses(measure: Measure) -> Iterator[tuple[str, Noun]]:
    """Give every clause that a measure has, strata among them, with its path."""
    for name in CLAUSES:
        root = getattr(measure, name)
        if root is not None:
            yield name, root
    for one in measure.stratifiers:
        for stratum in one.strata:
            yield f"stratifiers.{one.name}.{stratum.label}", stratum.when


def named_sets(measure: Measure) -> Iterator[tuple[str, str]]:
    """Give the name of each concept set that a clause reads, with the clause's path."""
    for clause, root in clauses(measure):
        for path, node in nodes(root, clause):
            for field in ("concept_set", "answer", "discharged_to"):
                if name := getattr(node, field, None):
                    yield f"{path}.{field}", name


def cohorts_of(measure: Measure) -> tuple[Ref, ...]:
    """Give the cohorts that a measure reads, each once."""
    found: dict[Ref, None] = {}
    for _, root in clauses(measure):
        for _, node in nodes(root):
            if isinstance(node, Events | InCohort) and node.cohort is not None:
                found[node.cohort] = None
    return tuple(found)


def needed_events(
    measure: Measure, is_absent: Callable[[Events], bool]
) -> tuple[Events, ...]:
    """Give the events without which the outcome cannot be known, and that are absent.

    Where any of several would do, none is missing as long as one is there. What is
    looked for `near` others, adds to a score, or has a number `otherwise`, may be
    absent: that is an answer.
    """
    found: dict[Events, None] = {}
    for root in (
        measure.numerator,
        measure.measure_observation,
        measure.numerator_observation,
        measure.denominator_observation,
    ):
        if root is not None:
            found.update(dict.fromkeys(_absent(root, is_absent)))
    return tuple(found)


def _absent(node: Noun, is_absent: Callable[[Events], bool]) -> list[Events]:
    if isinstance(node, Events):
        lacking = [node] if is_absent(node) else []
        return lacking + _absent(node.window, is_absent)
    if isinstance(node, Any):
        each = [_absent(part, is_absent) for part in node.of]
        return [] if not all(each) else [one for some in each for one in some]
    if isinstance(node, Reading | DaysBetween) and node.otherwise is not None:
        return []
    if isinstance(node, Score):
        inner: Iterable[Noun] = [one.number for one in node.terms if one.number]
    elif isinstance(node, InCohort):
        inner = [node.window]
    else:
        inner = [one for _, one in below(node)]
    return [one for part in inner for one in _absent(part, is_absent)]


def day_of(measure: Measure) -> LastDayWithAll | None:
    """Give the day on which the numerator reads values, if it chooses one.

    A control chart by month counts a person in the months that have such a day.
    """
    if measure.numerator is None:
        return None
    for _, node in nodes(measure.numerator):
        if isinstance(node, Compare) and isinstance(node.reading, Reading):
            if node.reading.day is not None:
                return node.reading.day
            if node.reading.pick == "last" and node.reading.nth == 1:
                return LastDayWithAll(events=(node.reading.events,))
    return None


def has_months(measure: Measure) -> bool:
    """Tell whether persons can be counted month by month."""
    return measure.basis != "person" or (
        measure.scoring == "proportion" and day_of(measure) is not None
    )


def day_in(period: Period, point: Point) -> dt.date:
    """Give the day of a point that is anchored to the period or a date.

    Raises
    ------
    ValueError
        If the point is of a subject: its index, or an occurrence of events.

    Examples
    --------
    >>> year = Period(start=dt.date(2025, 8, 31), end=dt.date(2026, 8, 30))
    >>> day_in(year, Point(at="period_start", months=6)).isoformat()
    '2026-02-28'
    """
    if isinstance(point.at, dt.date):
        day = point.at
    elif point.at in {"period_start", "period_end"}:
        day = period.start if point.at == "period_start" else period.end
    else:
        raise ValueError("this is not a day of the period")
    later = add_months(day, point.months).toordinal() + point.days
    return dt.date.fromordinal(min(max(later, 1), dt.date.max.toordinal()))


def is_absolute(point: Point) -> bool:
    """Tell whether a point is the same day for every subject of a period."""
    return isinstance(point.at, dt.date) or point.at in {"period_start", "period_end"}


def add_months(day: dt.date, months: int) -> dt.date:
    """Give the day so many calendar months later, or its month's last.

    The calendar ends with the years 1 and 9999: beyond, its first or last day is given.

    Examples
    --------
    >>> add_months(dt.date(2025, 3, 31), -1).isoformat()
    '2025-02-28'
    """
    month = day.year * 12 + day.month - 1 + months
    year, month = month // 12, month % 12 + 1
    if not dt.MINYEAR <= year <= dt.MAXYEAR:
        return dt.date.min if year < dt.MINYEAR else dt.date.max
    last = calendar.monthrange(year, month)[1]
    return dt.date(year, month, min(day.day, last))


def concept_set_of(measure: Measure, name: str) -> ConceptSet:
    """Give a concept set of the measure with its enabled additions taken in.

    Raises
    ------
    KeyError
        If the measure has no such concept set.
    """
    for one in measure.concept_sets:
        if one.name == name:
            included: tuple[Code | CodePrefix, ...] = measure.included(name)
            return one.model_copy(update={"include": included})
    raise KeyError(name)


def codes_of(one: ConceptSet) -> frozenset[str]:
    """Give the codes of a concept set as they are written, without prefixes."""
    left_out = {code.code for code in one.exclude if isinstance(code, Code)}
    listed = {code.code for code in one.include if isinstance(code, Code)}
    return frozenset(listed - left_out)


def uses_times(measure: Measure) -> bool:
    """Tell whether a measure compares times of the day."""
    return any(
        isinstance(node, Point) and node.hours is not None
        for _, root in clauses(measure)
        for _, node in nodes(root)
    )


def uses_discharge(measure: Measure) -> bool:
    """Tell whether a measure asks where the index visit ended."""
    return any(
        isinstance(node, IndexVisit) and node.discharged_to is not None
        for _, root in clauses(measure)
        for _, node in nodes(root)
    )
