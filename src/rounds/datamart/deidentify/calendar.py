"""What cannot be said when days of the calendar are not known.

After `safe_harbor` a date is known to the year, and stands as its 1st of January. What
asks for no more is answered: whole calendar years, ages on 31 December. After `shifted`
each person has a calendar of their own, so only what is counted from a person's own
index day, over all days that there are, means what it says.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any, Final

from rounds.datamart.deidentify.plan import Calendar
from rounds.definitions.graph import day_in, is_absolute, nodes
from rounds.nouns import (
    Age,
    DaysBetween,
    Events,
    Exists,
    LastDayWithAll,
    Measure,
    NotEstimable,
    Noun,
    Occurrence,
    Period,
    Point,
    Reading,
    Window,
    Years,
)

__all__ = ["calendar_of", "limits_of_calendar", "refuse_calendar", "refuse_measure"]

_BECAUSE: Final[dict[str, str]] = {
    "year": (
        "the datamart was de-identified by Safe Harbor, so dates are known to the "
        "year alone"
    ),
    "shifted": (
        "the datamart's dates are shifted, for each person by another secret number of "
        "days, so days of the calendar are not known"
    ),
}
_OLDEST: Final = 90


def calendar_of(datamart: Any) -> Calendar:
    """Give what a datamart knows of the calendar; one that does not say knows days."""
    found: Calendar = getattr(datamart, "calendar", "day")
    return found


def refuse_calendar(kind: Calendar, what: str) -> NotEstimable | None:
    """Say that something needs days of the calendar, where there are none.

    Parameters
    ----------
    kind : Calendar
        What the datamart knows: see `calendar_of`.
    what : str
        What was asked, as the beginning of a sentence: "Blood pressure by month".

    Returns
    -------
    NotEstimable or None
        None where days are known.
    """
    if kind == "day":
        return None
    return NotEstimable(reason=f"{what} cannot be said: {_BECAUSE[kind]}.")


def refuse_measure(
    kind: Calendar,
    measure: Measure,
    period: Period,
    *,
    by: str | None = None,
    extent: tuple[dt.date | None, dt.date | None] = (None, None),
) -> NotEstimable | None:
    """Say why a measure cannot be computed without days, if it cannot.

    Parameters
    ----------
    kind : Calendar
        What the datamart knows.
    measure : Measure
        What is to be computed.
    period : Period
        Over which days.
    by : str, optional
        What it is split by.
    extent : tuple of date
        The first and the last day on which there is a visit; only `shifted` reads it.

    Returns
    -------
    NotEstimable or None
        None where the result is the same as with days.
    """
    if kind == "day":
        return None
    needs = list(_needs(kind, measure, period, extent))
    if by is not None and "month" in by.split(","):
        needs.insert(0, "a month")
    if not needs:
        return None
    asked = " and ".join(dict.fromkeys(needs))
    return NotEstimable(
        reason=f"{measure.title} cannot be said: it asks for {asked}, and "
        f"{_BECAUSE[kind]}."
    )


def limits_of_calendar(kind: Calendar, measure: Measure) -> list[str]:
    """Say what is less sure in a result that can be computed."""
    if kind == "day":
        return []
    grouped = (
        "People over 89 are one group: at an earlier day such a person counts as "
        "younger than they were."
    )
    said = [grouped]
    if kind == "year" and measure.basis == "person":
        said.append(
            "Dates are known to the year: whoever has as many visits at two sites is "
            "counted at the first by name, not at the one seen last."
        )
    return said


def _needs(
    kind: Calendar,
    measure: Measure,
    period: Period,
    extent: tuple[dt.date | None, dt.date | None],
) -> Iterator[str]:
    """Name each thing that a measure asks of the calendar and does not get."""
    if kind == "year":
        yield from _finer_than_a_year(measure, period)
    else:
        first, last = extent
        covered = first is not None and last is not None
        if not covered or measure.basis != "visit":
            yield "a period of the calendar"
        elif period.start > first or period.end < last:  # type: ignore[operator]
            yield "a period that leaves out some visits"
        if measure.basis == "visit" and any(
            isinstance(node, Point) and is_absolute(node) for _, node in nodes(measure)
        ):
            yield "days counted from the period"
        if measure.index_day == "end":
            yield "the days of the calendar on which visits ended"
    for _, node in nodes(measure):
        if (
            kind == "shifted"
            and isinstance(node, Age | Years)
            and is_absolute(_day_of(node))
        ):
            yield "an age on a day of the calendar"
        if isinstance(node, Age):
            above = node.from_years is not None and node.from_years > _OLDEST
            within = node.to_years is not None and node.to_years >= _OLDEST
            if above or within:
                yield "an age over 89"


def _finer_than_a_year(measure: Measure, period: Period) -> Iterator[str]:
    if measure.basis != "person":
        yield f"the order of {measure.basis}s within a year"
    if not _begins_a_year(period.start) or not _ends_a_year(period.end):
        yield "a period that is not of whole calendar years"
    for _, node in nodes(measure):
        if isinstance(node, LastDayWithAll) or _picks_a_day(node):
            yield "the last day with a reading"
        elif isinstance(node, Occurrence):
            yield "the first or the last day with an event"
        elif isinstance(node, DaysBetween):
            yield "the days from one event to another"
        elif isinstance(node, Events) and node.domain == "drug":
            # Where a supply ends is counted from the day on which it began.
            if node.match != "starts_in":
                yield "the days that a medicine lasts"
        elif isinstance(node, Age | Years):
            day = _day_of(node)
            if not is_absolute(day) or not _ends_a_year(day_in(period, day)):
                yield "an age on a day within a year"
        elif isinstance(node, Window):
            for point, whole in (
                (node.start, _begins_a_year),
                (node.end, _ends_a_year),
            ):
                if point is not None and (
                    not is_absolute(point) or not whole(day_in(period, point))
                ):
                    yield "a window that is not of whole calendar years"


def _day_of(node: Age | Years) -> Point:
    return node.point if isinstance(node, Age) else node.at


def _picks_a_day(node: Noun) -> bool:
    """Tell whether something hangs on which day of a year an event was."""
    if isinstance(node, Reading):
        return node.pick in {"first", "last", "days"}
    if isinstance(node, Exists):
        return node.count == "days"
    return isinstance(node, Events) and node.number == "length_days"


def _begins_a_year(day: dt.date) -> bool:
    return (day.month, day.day) == (1, 1)


def _ends_a_year(day: dt.date) -> bool:
    return (day.month, day.day) == (12, 31)
