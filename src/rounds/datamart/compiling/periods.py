"""The periods that a measure is run over: one, or several in one pass."""

import datetime as dt
import itertools
from dataclasses import dataclass
from typing import Self

from rounds.datamart.compiling.points import Moment, date, shifted
from rounds.definitions.graph import day_in, is_absolute
from rounds.nouns import Period, Point

__all__ = ["Periods"]


@dataclass(frozen=True)
class Periods:
    """One period, whose days are written into the SQL; or several, which it joins."""

    each: tuple[Period, ...]

    @classmethod
    def of(cls, periods: Period | tuple[Period, ...]) -> Self:
        """Give it for what a caller has."""
        return cls((periods,) if isinstance(periods, Period) else periods)

    @property
    def is_one(self) -> bool:
        """Whether there is one alone."""
        return len(self.each) == 1

    @property
    def start(self) -> str:
        """The first day of all, as SQL."""
        return date(min(one.start for one in self.each))

    @property
    def end(self) -> str:
        """The last day of all, as SQL."""
        return date(max(one.end for one in self.each))

    @property
    def are_apart(self) -> bool:
        """Whether a day is in one of them at most."""
        ordered = sorted(self.each, key=lambda one: one.start)
        return all(a.end < b.start for a, b in itertools.pairwise(ordered))

    @property
    def sql(self) -> str:
        """A table of them, a row each: period, from 0, with its first and last day."""
        rows = " UNION ALL ".join(
            f"SELECT {n} AS period, {date(one.start)} AS period_start_date, "
            f"{date(one.end)} AS period_end_date"
            for n, one in enumerate(self.each)
        )
        return f"({rows})"

    def is_same(self, point: Point) -> bool:
        """Whether a point is one day for every subject of every period."""
        return is_absolute(point) and (self.is_one or isinstance(point.at, dt.date))

    @property
    def columns(self) -> str:
        """What a subject has of its period, after a comma; nothing where it is one."""
        names = ("period", "period_start_date", "period_end_date")
        return "" if self.is_one else "".join(f", q.{name}" for name in names)

    @property
    def joined(self) -> str:
        """Write the join of all of them as `q`; nothing where it is one."""
        return "" if self.is_one else f" CROSS JOIN {self.sql} q"

    def moment(self, point: Point, row: str) -> Moment | None:
        """Write the day of a point that is the same for all subjects of a period.

        Parameters
        ----------
        point : Point
            Any.
        row : str
            What has the columns of the period, where there are several.

        Returns
        -------
        Moment or None
            None if the point hangs on the subject or on an event.
        """
        if not is_absolute(point):
            return None
        if self.is_one or isinstance(point.at, dt.date):
            return Moment(date(day_in(self.each[0], point)))
        return Moment(shifted(f"{row}.{point.at}_date", point))

    def widest(self, point: Point, *, is_start: bool) -> Moment | None:
        """Write a day that no period's own goes beyond: the first or last of them."""
        if not is_absolute(point):
            return None
        days = [day_in(one, point) for one in self.each]
        return Moment(date(min(days) if is_start else max(days)))
