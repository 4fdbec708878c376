"""A series of subgroups in time, checked before it is charted."""

import datetime as dt
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rounds.nouns.errors import DataError, DefinitionError

__all__ = ["Rebase", "Series"]

_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Rebase:
    """Lines begin anew at a subgroup, for a reason that is kept."""

    at: str
    """Label of the subgroup, or a day, YYYY-MM-DD, on or after which it begins."""
    reason: str


@dataclass(frozen=True, kw_only=True, repr=False)
class Series:
    """One row for each subgroup, oldest first; or several, for X̄ and S charts.

    Raises
    ------
    DataError
        If rows are not in order of time, a subgroup stands twice, or a stretch of time
        is missing that was not allowed to.
    """

    labels: tuple[str, ...]
    when: NDArray[Any]
    """Shape (n,): datetime64[D], or float where subgroups are numbered."""
    lines: tuple[int, ...] = ()
    """The line of the file that each row stands on, for what is said of it."""
    numerator: NDArray[np.int64] | None = None
    denominator: NDArray[Any] | None = None
    """Whole numbers for shares of people; any above 0 for rates."""
    value: NDArray[np.float64] | None = None
    several: bool = False
    """Whether rows of one subgroup may stand together."""
    gaps_allowed: bool = False
    name: str = field(default="The series")
    """What holds the rows, for what is said of them."""

    def __post_init__(self) -> None:
        steps = np.diff(self.when)
        zero = np.timedelta64(0, "D") if self.is_dated else 0.0
        said = self.rows(np.r_[False, steps < zero], "{are} earlier than the row above")
        if said:
            raise DataError(
                said,
                code="chart-not-in-order",
                why="A run of points in the wrong order is a run of nothing.",
                remedies=("Sort the rows by time, oldest first.",),
            )
        same = np.r_[False, steps == zero]
        said = self.rows(same, "{are} of the same time as the row above")
        if said and not self.several:
            raise DataError(
                said,
                code="chart-same-time",
                why="Two rows for one time may be two units, or one unit that changed "
                "its name.",
                remedies=("Add up the rows of one time, or chart one unit by itself.",),
            )
        said = self.rows(
            np.r_[False, self._gaps()], "{come} later than the next in turn"
        )
        if said and not self.gaps_allowed:
            raise DataError(
                said,
                code="chart-gap",
                why="Neighbours on a chart are taken to be neighbours in time; what is "
                "missing may be what went wrong.",
                remedies=("Add the missing rows, or allow gaps: --allow-gaps.",),
            )

    def firsts(self, *, together: bool) -> NDArray[np.intp]:
        """Give the first row of each subgroup; every row where each is one.

        Parameters
        ----------
        together : bool
            Whether rows of one time that stand together are one subgroup.
        """
        if not together:
            return np.arange(len(self.labels))
        return np.flatnonzero(
            [True, *(a != b for a, b in pairwise(self.labels))]
        ).astype(np.intp)

    @property
    def is_dated(self) -> bool:
        """Whether subgroups have days of the calendar."""
        return bool(np.issubdtype(self.when.dtype, np.datetime64))

    def season(self, name: str) -> NDArray[np.intp]:
        """Give the month of the year, or the day of the week, of each row.

        Raises
        ------
        DefinitionError
            If rows have no days, or all fall on one day of the week.
        """
        if not self.is_dated:
            raise DefinitionError(
                f"{self.name} has numbered subgroups, so they have no {name}.",
                code="chart-no-season",
                remedies=("Name a column of dates with --by.",),
            )
        days = self.when.astype("datetime64[D]")
        if name == "month":
            found = days.astype("datetime64[M]").astype(int) % 12
        else:
            found = (days.astype(int) + 3) % 7  # 1970-01-01 was a Thursday.
            if np.unique(found).size == 1 or self._is_monthly():
                raise DefinitionError(
                    f"{self.name} has no row for each day, so days of the week cannot "
                    "be told apart.",
                    code="chart-no-season",
                    remedies=("Leave out --season, or ask for --season month.",),
                )
        return np.asarray(found, dtype=np.intp)

    def position(self, rebase: Rebase, firsts: NDArray[np.intp]) -> int:
        """Give the number, from 0, of the subgroup that a phase begins with.

        Parameters
        ----------
        rebase : Rebase
            Where lines begin anew.
        firsts : ndarray of int
            The first row of each subgroup.

        Raises
        ------
        DefinitionError
            If no subgroup is called that, or none begins on that day or after it.
        """
        labels = [self.labels[i] for i in firsts]
        if rebase.at in labels:
            return labels.index(rebase.at)
        day = _day(rebase.at)
        if day is not None and self.is_dated:
            later = np.flatnonzero(self.when[firsts] >= np.datetime64(day, "D"))
            if later.size:
                return int(later[0])
        raise DefinitionError(
            f"No subgroup is called {rebase.at!r}, and none begins there.",
            code="chart-no-such-phase",
            remedies=(f"Name one of the subgroups, {labels[0]} to {labels[-1]}.",),
        )

    def rows(self, wrong: NDArray[Any], what: str) -> str:
        """Say which rows are wrong, by their lines and never by what they hold.

        Parameters
        ----------
        wrong : ndarray of bool, shape (n,)
            Which rows.
        what : str
            What they {are}, {have} or {come}, in braces so that one row is said as one.

        Returns
        -------
        str
            A sentence; empty where no row is wrong.
        """
        at = np.flatnonzero(wrong)
        if not at.size:
            return ""
        numbers = self.lines or tuple(range(1, len(self.labels) + 1))
        word = "line" if self.lines else "row"
        shown = ", ".join(str(numbers[i]) for i in at[:_SHOWN])
        more = "" if at.size <= _SHOWN else " and more"
        one = {"are": "is", "have": "has", "come": "comes"}
        verbs = one if at.size == 1 else {name: name for name in one}
        rows = "1 row" if at.size == 1 else f"{at.size} rows"
        said = what.format_map(verbs)
        return f"{self.name}: {rows} {said} ({word} {shown}{more})."

    def _is_monthly(self) -> bool:
        days = self.when.astype("datetime64[D]")
        return bool((days == days.astype("datetime64[M]").astype(days.dtype)).all())

    def _gaps(self) -> NDArray[np.bool_]:
        """Mark steps longer than the usual, where nearly all steps are alike."""
        if self.is_dated and self._is_monthly():
            steps = np.diff(self.when.astype("datetime64[M]")).astype(float)
        elif self.is_dated:
            steps = np.diff(self.when).astype(float)
            weekdays = (self.when.astype(int) + 3) % 7
            if (weekdays < 5).all():
                # Closed at weekends: from Friday to Monday is no gap.
                days = self.when.astype("datetime64[D]")
                steps = np.busday_count(days[:-1], days[1:]).astype(float)
        else:
            steps = np.diff(self.when)
        moved = steps[steps > 0]
        if not moved.size:
            return np.zeros(steps.size, dtype=bool)
        usual = np.median(moved)
        if np.mean(moved == usual) < 0.75:
            return np.zeros(steps.size, dtype=bool)
        return np.asarray(steps > usual)


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text if len(text) > 7 else f"{text}-01")
    except ValueError:
        return None
