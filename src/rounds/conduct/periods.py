"""The stretches of days that are looked at: where none is named, and one by one."""

import calendar
import datetime as dt
from typing import Final, Literal, TypeAlias

from rounds.datamart import AnyDatamart
from rounds.nouns import DataError, DefinitionError, Period

__all__ = [
    "MOST_PERIODS",
    "Every",
    "each_period",
    "last_twelve_months",
    "period_name",
    "whole_months",
]

Every: TypeAlias = Literal["month", "quarter", "year"]
MOST_PERIODS: Final = 240
"""Twenty years of months; everybody is looked at once for each of them."""
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}


def last_twelve_months(mart: AnyDatamart) -> Period:
    """Give the twelve months that end with the last day of the data.

    Raises
    ------
    DataError
        If the data have no day at all.
    """
    last = mart.status().last_date
    if last is None:
        raise DataError(
            "The datamart holds no event with a date.",
            code="no-days",
            remedies=("Load encounters, conditions and observations too.",),
        )
    return Period(start=last - dt.timedelta(days=364), end=last)


def whole_months(period: Period) -> Period:
    """Give the whole calendar months in a period; the period itself if there is none.

    A month of a few days would stand on a chart with limits as wide as the page.
    """
    first, last = _months_within(period)
    return period if last < first else _of_months(first, last)


def each_period(
    period: Period, every: Every, *, rolling: int = 1
) -> tuple[Period, ...]:
    """Divide a stretch of days into months, quarters or years, which may roll.

    The first begins with the first month that begins in the stretch, so that a year may
    be one from April to March. Days at either end that make no whole period are in
    none: a month of a few days is not to be compared with others.

    Parameters
    ----------
    period : Period
        The stretch; both days included.
    every : str
        How long after one period the next one begins: a `month`, `quarter` or `year`.
    rolling : int
        How many of these each period lasts. Of more than one, periods overlap: a year
        that ends with every month is every `month`, rolling 12.

    Returns
    -------
    tuple of Period
        All that lie within the stretch whole, the earliest first; at least one.

    Raises
    ------
    DefinitionError
        If `rolling` is below 1, none lies within the stretch, or too many do.

    Examples
    --------
    >>> year = Period(start=dt.date(2024, 1, 15), end=dt.date(2025, 1, 14))
    >>> [period_name(one) for one in each_period(year, "quarter")]
    ['2024-02 to 2024-04', '2024-05 to 2024-07', '2024-08 to 2024-10']
    >>> [period_name(one) for one in each_period(year, "month", rolling=10)]
    ['2024-02 to 2024-11', '2024-03 to 2024-12']
    """
    if rolling < 1:
        raise DefinitionError(
            f"--rolling is {rolling}; a period lasts at least one {every}.",
            code="rolling-length",
            remedies=(f"Leave --rolling away, for periods of one {every} each.",),
        )
    first, last = _months_within(period)
    step, length = _MONTHS[every], _MONTHS[every] * rolling
    n = max(0, (last - first + 1 - length) // step + 1)
    if not n:
        raise _no_whole(period, every, rolling)
    if n > MOST_PERIODS:
        raise DefinitionError(
            f"From {period.start} to {period.end} there are {n:,} periods; at most "
            f"{MOST_PERIODS} are asked for at once.",
            code="too-many-periods",
            remedies=(
                "Begin later, or end earlier.",
                "Ask for longer ones: --every quarter, or --every year.",
            ),
        )
    starts = range(first, first + n * step, step)
    return tuple(_of_months(start, start + length - 1) for start in starts)


def _no_whole(period: Period, every: Every, rolling: int) -> DefinitionError:
    said = f"whole {every}" if rolling == 1 else f"period of {rolling} whole {every}s"
    return DefinitionError(
        f"There is no {said} between {period.start} and {period.end}.",
        code="no-whole-period",
        why="A period of fewer days than the others is not to be compared with them.",
        remedies=(
            "Begin with the first day of a month, and end with the last day of one.",
            "Ask for a longer stretch, or for shorter periods: --every month",
        ),
    )


def period_name(period: Period) -> str:
    """Give a short name of a period: a year, a quarter, a month, or its ends.

    Examples
    --------
    >>> period_name(Period(start=dt.date(2024, 4, 1), end=dt.date(2024, 6, 30)))
    '2024-Q2'
    >>> period_name(Period(start=dt.date(2024, 4, 1), end=dt.date(2025, 3, 31)))
    '2024-04 to 2025-03'
    """
    first, last = _months_within(period)
    start, end = period.start, period.end
    if last < first or _of_months(first, last) != period:
        return f"{start} to {end}"
    n = last - first + 1
    if n == 1:
        return start.isoformat()[:7]
    if n == 3 and start.month % 3 == 1:
        return f"{start.year:04}-Q{start.month // 3 + 1}"
    if n == 12 and start.month == 1:
        return f"{start.year:04}"
    return f"{start.isoformat()[:7]} to {end.isoformat()[:7]}"


def _months_within(period: Period) -> tuple[int, int]:
    """Give the first and last month that lie in a period whole, counted from year 0.

    The last is before the first where there is none.
    """
    start, end = period.start, period.end
    first, last = (12 * one.year + one.month - 1 for one in (start, end))
    if start.day > 1:
        first += 1
    if end.day < calendar.monthrange(end.year, end.month)[1]:
        last -= 1
    return first, last


def _of_months(first: int, last: int) -> Period:
    """Give the period from one month to another, as `_months_within` counts them."""
    year, month = last // 12, last % 12 + 1
    return Period(
        start=dt.date(first // 12, first % 12 + 1, 1),
        end=dt.date(year, month, calendar.monthrange(year, month)[1]),
    )
