"""Events, days and windows in plain words."""

from collections.abc import Iterator
from typing import Final

from rounds.definitions.graph import concept_set_of
from rounds.nouns import (
    Comparison,
    Events,
    LastDayWithAll,
    Measure,
    Near,
    Occurrence,
    Point,
    Window,
)

__all__ = [
    "any_of",
    "named",
    "said_days",
    "said_events",
    "said_point",
    "said_range",
    "said_window",
]

_DAYS: Final = {
    "period_start": "the period's first day",
    "period_end": "the period's last day",
    "index": "the index {basis}'s day",
    "index_end": "the day on which the index {basis} ended",
    "event": "its day",
    "event_end": "the day on which it ended",
}
_NTH: Final = {1: "", 2: "second ", 3: "third "}


def any_of(words: tuple[str, ...]) -> str:
    """Say that any of these will do."""
    return " or ".join(words)


def named(measure: Measure, concept_set: str) -> str:
    """Give a concept set's title, in quotes."""
    one = concept_set_of(measure, concept_set)
    return f"'{one.title or one.name}'"


def said_range(one: Comparison) -> str:
    """Say a range of numbers."""
    words = (
        (one.at_least, "at least"),
        (one.above, "above"),
        (one.at_most, "at most"),
        (one.below, "below"),
    )
    return " and ".join(
        f"{word} {bound:g}" for bound, word in words if bound is not None
    )


def said_events(measure: Measure, events: Events) -> str:
    """Say which rows count, and when."""
    return " ".join(part for part in _parts(measure, events) if part)


def _parts(measure: Measure, events: Events) -> Iterator[str]:
    index = "another" if events.without_index else ""
    yield index
    yield events.domain.replace("_", " ")
    if events.visit_classes:
        yield f"({any_of(events.visit_classes)})"
    if events.concept_set:
        yield f"of {named(measure, events.concept_set)}"
    if events.cohort:
        yield f"{events.cohort.short}"
    if events.drug_types:
        yield f"recorded as {any_of(events.drug_types)}"
    if events.answer:
        yield f"answered by {named(measure, events.answer)}"
    if events.has_result:
        yield "with a result"
    if events.value:
        what = "value" if events.number is None else events.number.replace("_", " ")
        yield f"with a {what} {said_range(events.value)}"
    if events.units:
        yield f"in {any_of(events.units)}"
    if events.discharged_to:
        yield f"discharged to {named(measure, events.discharged_to)}"
    if events.not_from:
        yield f"not from a visit that is {any_of(events.not_from)}"
    if events.of_visit == "index":
        yield "of the index visit"
    elif events.of_visit == "another":
        yield "not of the index visit"
    yield said_window(measure, events.window, events.match)
    yield from (_near(measure, one) for one in events.near)


def _near(measure: Measure, near: Near) -> str:
    word = "without" if near.absent else "with"
    visit = " of the same visit" if near.same_visit else ""
    return f"[{word} any {said_events(measure, near.events)}{visit}]"


def said_window(measure: Measure, window: Window, match: str) -> str:
    """Say when events have to be."""
    start = said_point(measure, window.start) if window.start else ""
    end = said_point(measure, window.end) if window.end else ""
    if match == "overlaps":
        begun = f"begun by {end}" if end else "begun at any time"
        return f"{begun} and not ended before {start}" if start else begun
    if match == "covers":
        return f"begun by {start} and not ended before {end}"
    ending = "ended " if match == "ends_in" else ""
    if not start and not end:
        return f"{ending}at any time"
    if not start:
        return f"{ending}at any time up to {end}"
    if not end:
        return f"{ending}from {start} on"
    if start == end:
        return f"{ending}on {start}"
    return f"{ending}from {start} to {end}, both included"


def said_point(measure: Measure, point: Point) -> str:
    """Say a day."""
    if isinstance(point.at, str):
        basis = "visit" if measure.basis == "person" else measure.basis
        said = _DAYS[point.at].format(basis=basis)
    elif isinstance(point.at, Occurrence):
        said = _occurrence(measure, point.at)
    else:
        said = point.at.isoformat()
    for number, word in ((point.months, "month"), (point.days, "day")):
        if number:
            said = f"{_away(number, word)} {said}"
    if point.hours is not None:
        days = -(-abs(point.hours) // 24)
        return (
            f"{_away(point.hours, 'hour')} {said} (counted by times where both are "
            f"recorded, and by days otherwise: {_away(days, 'day').split(' after')[0]})"
        )
    return said


def _away(number: int, word: str) -> str:
    plural = "" if abs(number) == 1 else "s"
    side = "before" if number < 0 else "after"
    return f"{abs(number)} {word}{plural} {side}"


def _occurrence(measure: Measure, node: Occurrence) -> str:
    place = _NTH.get(node.nth, f"{node.nth}th ")
    which = f"{place}last" if node.which == "last" else place.strip() or "first"
    end = "the end of " if node.day == "end" else ""
    return f"{end}the {which} day with a {said_events(measure, node.events)}"


def said_days(measure: Measure, day: LastDayWithAll) -> str:
    """Say on which day values are read."""
    if len(day.events) == 1:
        return "the latest day with such a value"
    sets = [
        named(measure, one.concept_set).strip("'") if one.concept_set else one.domain
        for one in day.events
    ]
    return f"the latest day with at least one such value of each: {' and '.join(sets)}"
