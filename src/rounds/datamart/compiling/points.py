"""Days and windows as SQL: bounds on an event, by its days or by its times.

An expression of a day is a date; `None` stands for a bound that is written elsewhere.
"""

import datetime as dt
from collections.abc import Callable
from typing import NamedTuple

from rounds.nouns import Comparison, Events, Point

__all__ = [
    "Moment",
    "bounds",
    "date",
    "double",
    "in_range",
    "numbers",
    "shifted",
    "text",
]


class Moment(NamedTuple):
    """SQL expressions of a day and of its time."""

    day: str
    time: str = "NULL"
    """NULL where times are not asked for, or not known."""


def text(value: str) -> str:
    """Quote a text for SQL."""
    return "'" + value.replace("'", "''") + "'"


def date(day: dt.date) -> str:
    """Write a day for SQL."""
    return f"DATE '{day.isoformat()}'"


def double(value: float) -> str:
    """Write a number for SQL, so that it is no decimal there."""
    return f"CAST({value!r} AS DOUBLE)"


def numbers(values: frozenset[int] | tuple[int, ...]) -> str:
    """Write numbers for `IN (…)`; an empty set is one that nothing is in."""
    return ", ".join(str(one) for one in sorted(values)) or "NULL"


def in_range(value: str, one: Comparison) -> str:
    """Write a range of numbers as a condition on an SQL expression."""
    limits = (
        (">=", one.at_least),
        (">", one.above),
        ("<=", one.at_most),
        ("<", one.below),
    )
    parts = [f"{value} {sign} {bound!r}" for sign, bound in limits if bound is not None]
    return " AND ".join(parts)


def shifted(day: str, point: Point) -> str:
    """Write the day that lies a point's months and days after a day."""
    if point.months:
        sign = "+" if point.months > 0 else "-"
        months = f"INTERVAL '{abs(point.months)}' MONTH"
        day = f"CAST({day} {sign} {months} AS DATE)"
    if point.days:
        return f"({day} {'+' if point.days > 0 else '-'} {abs(point.days)})"
    return day


def bounds(
    events: Events, moment: Callable[[Point], Moment | None], alias: str
) -> list[str]:
    """Give the conditions on an event that a window sets.

    Parameters
    ----------
    events : Events
        With the window, and how it is matched.
    moment : callable
        Gives the day of a point (its hours not added); None for a bound that is not to
        be written.
    alias : str
        Of the event's row, which has day, until and time as far as they are needed.
    """
    window, match = events.window, events.match
    start = moment(window.start) if window.start is not None else None
    end = moment(window.end) if window.end is not None else None
    first, last = f"{alias}.day", f"{alias}.until"
    found = []
    if match == "ends_in" and window.start is None and window.end is None:
        found.append(f"{last} IS NOT NULL")  # A bound would say so, too.
    if start is not None and window.start is not None:
        if match == "starts_in":
            found.append(_not_before(alias, start, window.start.hours))
        elif match == "ends_in":
            found.append(f"{last} >= {start.day}")
        elif match == "overlaps":
            found.append(f"({last} IS NULL OR {last} >= {start.day})")
        else:
            found.append(f"{first} <= {start.day}")
    if end is not None and window.end is not None:
        if match == "starts_in":
            found.append(_not_after(alias, end, window.end.hours))
        elif match == "ends_in":
            found.append(f"{last} <= {end.day}")
        elif match == "overlaps":
            found.append(f"{first} <= {end.day}")
        else:
            found.append(f"({last} IS NULL OR {last} >= {end.day})")
    return found


def _not_before(alias: str, bound: Moment, hours: int | None) -> str:
    if hours is None:
        return f"{alias}.day >= {bound.day}"
    return _timed(alias, bound, ">=", hours, hours // 24)


def _not_after(alias: str, bound: Moment, hours: int | None) -> str:
    if hours is None:
        return f"{alias}.day <= {bound.day}"
    return _timed(alias, bound, "<=", hours, -(-hours // 24))


def _timed(alias: str, bound: Moment, sign: str, hours: int, days: int) -> str:
    """Compare times where both are known, and days otherwise."""
    limit = f"{bound.time} {'-' if hours < 0 else '+'} INTERVAL '{abs(hours)}' HOUR"
    by_day = shifted(bound.day, Point(at="index", days=days))
    return (
        f"CASE WHEN {alias}.time IS NOT NULL AND {bound.time} IS NOT NULL "
        f"THEN {alias}.time {sign} {limit} ELSE {alias}.day {sign} {by_day} END"
    )
