"""Sets of periods as numbers: a bit for each period, in one BIGINT of a person.

A bound of a window is a day of each period, known when the SQL is written. So in which
periods a row counts is a step function of its day, and is written as a balanced CASE:
no row is joined to periods, and what holds of a person in 24 of them is one row.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from rounds.datamart.compiling.periods import Periods
from rounds.datamart.compiling.points import date
from rounds.definitions.graph import day_in, is_absolute
from rounds.nouns import Age, Events, Point

__all__ = ["MOST_PERIODS", "PeriodSets"]

MOST_PERIODS: Final = 60
"""As many as a BIGINT has bits for, in every dialect."""

_LAST_DAY: Final = dt.date.max.toordinal()


@dataclass(frozen=True)
class PeriodSets:
    """Sets of these periods, as SQL."""

    over: Periods

    @property
    def everything(self) -> int:
        """The set of all."""
        return (1 << len(self.over.each)) - 1

    @property
    def sql(self) -> str:
        """A table of the periods with the number of each, `bit`."""
        rows = " UNION ALL ".join(
            f"SELECT {n} AS period, {date(one.start)} AS period_start_date, "
            f"{date(one.end)} AS period_end_date, CAST({2**n} AS BIGINT) AS bit"
            for n, one in enumerate(self.over.each)
        )
        return f"({rows})"

    def without(self, those: str) -> str:
        """Write the periods that are not in a set."""
        return f"({self.everything} - {those})"

    def where(self, holds: str) -> str:
        """Write all periods where a condition holds, and none elsewhere."""
        return f"CAST(CASE WHEN {holds} THEN {self.everything} ELSE 0 END AS BIGINT)"

    def of_event(self, events: Events, row: str) -> str | None:
        """Write the periods in whose window an event is.

        Parameters
        ----------
        events : Events
            With the window, and how it is matched.
        row : str
            The event's row, which has day, and until where the match asks for it.

        Returns
        -------
        str or None
            None if the window hangs on more than the period and the day.
        """
        window, day, until = events.window, f"{row}.day", f"{row}.until"
        if not (_is_plain(window.start) and _is_plain(window.end)):
            return None
        starts, ends = self._days(window.start), self._days(window.end)
        parts = []
        if events.match == "starts_in":
            parts.append(self._within(day, starts, ends))
        elif events.match == "ends_in":
            ended = self.where(f"{until} IS NOT NULL")
            parts.append(self._within(until, starts, ends) or ended)
        elif events.match == "overlaps":
            parts.append(self._within(until, starts, None, absent=self.everything))
            parts.append(self._within(day, None, ends))
        else:
            parts.append(self._within(day, None, starts))
            parts.append(self._within(until, ends, None, absent=self.everything))
        return " & ".join(filter(None, parts)) or self.where("TRUE")

    def of_age(self, node: Age, birth: str) -> str | None:
        """Write the periods in which a person born so (YYYYMMDD) has an age.

        None if the day on which it is asked hangs on more than the period.
        """
        if not is_absolute(node.point):
            return None
        low = node.from_years or 0
        high = 999 if node.to_years is None else node.to_years
        ranges = []
        for one in self.over.each:
            day = day_in(one, node.point)
            number = day.year * 10000 + day.month * 100 + day.day
            # A quotient is cut towards zero, so whoever is born within the year after
            # the day is 0 on it.
            youngest = number - low * 10000 if low else number + 9999
            ranges.append((number - (high + 1) * 10000 + 1, youngest))
        return _steps(birth, ranges, str)

    def _days(self, point: Point | None) -> list[int] | None:
        if point is None:
            return None
        return [day_in(one, point).toordinal() for one in self.over.each]

    def _within(
        self,
        column: str,
        starts: list[int] | None,
        ends: list[int] | None,
        *,
        absent: int = 0,
    ) -> str:
        if starts is None and ends is None:
            return ""
        nothing = [None] * len(self.over.each)
        ranges = zip(starts or nothing, ends or nothing, strict=True)
        return _steps(column, ranges, _date_of, absent=absent)


def _is_plain(point: Point | None) -> bool:
    return point is None or is_absolute(point)


def _date_of(ordinal: int) -> str:
    return date(dt.date.fromordinal(ordinal))


def _steps(
    column: str,
    ranges: Iterable[tuple[int | None, int | None]],
    literal: Callable[[int], str],
    *,
    absent: int = 0,
) -> str:
    """Write in which ranges, both bounds included, a column's value is.

    Parameters
    ----------
    column : str
        Of dates or whole numbers.
    ranges : iterable of (int or None, int or None)
        One a period; None for a side that is open.
    literal : callable
        Writes a bound.
    absent : int
        The set where the column is NULL.
    """
    known = list(ranges)
    is_of_days = literal is _date_of
    cuts = {low for low, _ in known if low is not None}
    cuts |= {high + 1 for _, high in known if high is not None}
    ordered = sorted(one for one in cuts if not (is_of_days and one > _LAST_DAY))
    found: list[tuple[int | None, int]] = []
    for cut in [None, *ordered]:
        inside = sum(
            2**n
            for n, (low, high) in enumerate(known)
            if (low is None or (cut is not None and low <= cut))
            and (high is None or cut is None or cut <= high)
            and not (low is not None and high is not None and low > high)
        )
        if not found or found[-1][1] != inside:
            found.append((cut, inside))
    chosen = _chosen(column, found, literal)
    return f"CAST(CASE WHEN {column} IS NULL THEN {absent} ELSE {chosen} END AS BIGINT)"


def _chosen(
    column: str, steps: list[tuple[int | None, int]], literal: Callable[[int], str]
) -> str:
    """Write a step function so that a value is compared few times."""
    if len(steps) == 1:
        return str(steps[0][1])
    half = len(steps) // 2
    below, above = steps[:half], steps[half:]
    cut = above[0][0]
    assert cut is not None, "only the first step has no beginning"
    return (
        f"CASE WHEN {column} < {literal(cut)} THEN {_chosen(column, below, literal)} "
        f"ELSE {_chosen(column, above, literal)} END"
    )
