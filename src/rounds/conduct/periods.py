"""The stretches of days that a step looks at when none is named."""

import datetime as dt

from rounds.datamart import AnyDatamart
from rounds.nouns import DataError, Period

__all__ = ["last_twelve_months", "whole_months"]


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
    start, end = period.start, period.end + dt.timedelta(days=1)
    if start.day > 1:
        start = (start.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
    end = end.replace(day=1) - dt.timedelta(days=1)
    return period if end < start else Period(start=start, end=end)
