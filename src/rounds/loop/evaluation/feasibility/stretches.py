"""Which days of a site's own past stand for the trial to come.

Everybody is enrolled once, at the first index visit after go-live, so the stream thins:
a month cannot be multiplied by the months there are. What is read is therefore a
stretch as long as the trial, with everybody at the first index visit within it; a
shorter trial from the same day is that stretch cut off earlier, exactly.
"""

import datetime as dt
from dataclasses import dataclass

import numpy as np

from rounds.datamart import AnyDatamart
from rounds.datamart.rows import measure_rows
from rounds.nouns import DataError, Measure, NotEstimable, Period

__all__ = ["FEWEST_WEEKS", "Stretch", "of_persons", "stream_begins", "stretch"]

FEWEST_WEEKS = 4
"""With fewer followed up nothing is said of a trial."""
_YEAR = 364
"""Days: a year later on the same day of the week."""


@dataclass(frozen=True)
class Stretch:
    """Which days stand for the trial.

    Parameters
    ----------
    start, end : date
        The first day, and the last whose follow-up the data hold, both included.
    weeks : int
        Of the planned trial, as many as the stretch has whole.
    asked_weeks : int
        Of the planned trial, as it was asked for.
    go_live : date
        What `start` stands for.
    """

    start: dt.date
    end: dt.date
    weeks: int
    asked_weeks: int
    go_live: dt.date

    @property
    def longest(self) -> int:
        """The whole weeks of it."""
        return ((self.end - self.start).days + 1) // 7

    @property
    def shift(self) -> int:
        """The days from it to the trial."""
        return (self.go_live - self.start).days

    @property
    def same_season(self) -> bool:
        """Whether it began in the same week of a year as the trial will."""
        return self.shift % _YEAR == 0

    @property
    def planned(self) -> Period:
        """The days that stand for enrolment as planned."""
        last = self.start + dt.timedelta(days=7 * self.weeks - 1)
        return Period(start=self.start, end=last)

    @property
    def year_before(self) -> Period:
        """The planned days, a year earlier."""
        year = dt.timedelta(days=_YEAR)
        return Period(start=self.planned.start - year, end=self.planned.end - year)

    @property
    def whole(self) -> Period:
        """All its days."""
        return Period(start=self.start, end=self.end)


def stretch(
    go_live: dt.date,
    weeks: int,
    follow_up_days: int,
    *,
    first: dt.date,
    last: dt.date,
) -> Stretch:
    """Find the days of the past that stand for a trial.

    Those a whole number of years earlier, so that the season is the same, as late as
    twice the trial's weeks are followed up, or else the trial's; where the data do not
    reach back so far, the latest that are followed up.

    Parameters
    ----------
    go_live : date
    weeks : int
        Of enrolment.
    follow_up_days : int
    first, last : date
        Of the data; the first as `stream_begins` finds it.

    Raises
    ------
    DataError
        If fewer than four weeks before go-live are followed up.

    Examples
    --------
    >>> day = dt.date.fromisoformat
    >>> found = stretch(day("2025-01-06"), 26, 90,
    ...                 first=day("2022-01-03"), last=day("2025-01-05"))
    >>> str(found.start), found.weeks, found.longest, found.same_season
    ('2023-01-09', 26, 91, True)
    """
    end = min(last, go_live - dt.timedelta(days=1)) - dt.timedelta(days=follow_up_days)
    there = ((end - first).days + 1) // 7
    if there < FEWEST_WEEKS:
        raise DataError(
            f"From {first} to {last} the data hold {max(there, 0)} week(s) that are "
            f"followed up for {follow_up_days} days before {go_live}.",
            code="past-too-short",
            why="What a trial would enrol is read from a stretch of the site's own "
            f"past; it takes {FEWEST_WEEKS} weeks at the least.",
            remedies=(
                "Load earlier data: rounds data load PATH",
                "Plan with numbers of your own: rounds evaluation power",
            ),
        )
    for wanted in (2 * weeks, weeks):
        latest = end - dt.timedelta(days=7 * wanted - 1)
        years = -(-(go_live - latest).days // _YEAR)
        start = go_live - dt.timedelta(days=_YEAR * years)
        if start >= first:
            return Stretch(start, end, weeks, weeks, go_live)
    length = min(2 * weeks, there)
    start = end - dt.timedelta(days=7 * length - 1)
    return Stretch(start, end, min(weeks, length), weeks, go_live)


def stream_begins(
    datamart: AnyDatamart,
    measure: Measure,
    *,
    first: dt.date,
    last: dt.date,
    without: frozenset[str] = frozenset(),
) -> dt.date | NotEstimable:
    """Find the day from which eligible visits are in the data.

    Data often hold single events of long ago, a diagnosis in 1990, years before the
    record of visits begins. Of everybody's first eligible visit, all but one in a
    hundred lie after this day.

    Parameters
    ----------
    measure : Measure
        The primary one.
    first, last : date
        Of whatever the data hold.
    without : frozenset of str
        Those who opted out.
    """
    if measure.basis == "person":
        return of_persons(measure)
    whole = Period(start=first, end=last)
    rows = measure_rows(datamart, measure, whole, without=without)
    if isinstance(rows, NotEstimable):
        return rows
    days = np.sort(rows.index_date[rows.denominator])
    if not len(days):
        return NotEstimable(reason=f"{measure.title}: nobody is in the denominator.")
    return dt.date.fromisoformat(str(days[len(days) // 100]))


def of_persons(measure: Measure) -> NotEstimable:
    """Say why a measure that counts persons over a period has no stream."""
    return NotEstimable(
        reason=f"{measure.title}: it counts persons over a period, so it cannot be "
        "said when each would be enrolled."
    )
