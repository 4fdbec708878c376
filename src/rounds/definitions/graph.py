"""Walks over the graph of a measure."""

import calendar
import datetime as dt
from collections.abc import Iterator
from typing import Final

from rounds.nouns import (
    Compare,
    Events,
    LastDayWithAll,
    Measure,
    Noun,
    Period,
    Point,
)
from rounds.nouns.concept_set import Code, CodePrefix, ConceptSet

__all__ = ["CLAUSES", "concept_set_of", "day_in", "day_of", "needed_events", "nodes"]

CLAUSES: Final = (
    "initial_population",
    "denominator",
    "denominator_exclusion",
    "denominator_exception",
    "numerator",
    "numerator_exclusion",
    "measure_observation",
    "observed_when",
)


def nodes(node: Noun, path: str = "") -> Iterator[tuple[str, Noun]]:
    """Give a node and all below it, each with its path, in the order written."""
    yield path, node
    for field in type(node).model_fields:
        value = getattr(node, field)
        where = f"{path}.{field}" if path else field
        if isinstance(value, Noun):
            yield from nodes(value, where)
        elif isinstance(value, tuple):
            for place, item in enumerate(value):
                if isinstance(item, Noun):
                    yield from nodes(item, f"{where}.{place}")


def needed_events(measure: Measure) -> tuple[Events, ...]:
    """Give the events that the numerator or the observation reads, each once."""
    found: dict[Events, None] = {}
    for root in (measure.numerator, measure.measure_observation):
        if root is not None:
            for _, node in nodes(root):
                if isinstance(node, Events):
                    found[node] = None
    return tuple(found)


def day_of(measure: Measure) -> LastDayWithAll | None:
    """Give the day on which the numerator reads values, if it chooses one.

    A control chart by month counts a person in the months that have such a day.
    """
    if measure.numerator is None:
        return None
    for _, node in nodes(measure.numerator):
        if isinstance(node, Compare) and node.reading.day is not None:
            return node.reading.day
    return None


def day_in(period: Period, point: Point) -> dt.date:
    """Give the day of a point that is anchored to the period.

    Raises
    ------
    ValueError
        If the point is anchored to the index.

    Examples
    --------
    >>> year = Period(start=dt.date(2025, 8, 31), end=dt.date(2026, 8, 30))
    >>> day_in(year, Point(at="period_start", months=6)).isoformat()
    '2026-02-28'
    """
    if point.at == "index":
        raise ValueError("the index is not a day of the period")
    day = period.start if point.at == "period_start" else period.end
    month = day.year * 12 + day.month - 1 + point.months
    year, month = month // 12, month % 12 + 1
    last = calendar.monthrange(year, month)[1]
    return dt.date(year, month, min(day.day, last)) + dt.timedelta(days=point.days)


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
