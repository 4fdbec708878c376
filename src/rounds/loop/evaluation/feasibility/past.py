"""The stretch of a site's own past that stands for the trial to come.

Everybody is enrolled once, at the first index visit after go-live, so the stream thins:
a month cannot be multiplied by the months there are. What is read is therefore a
stretch as long as the trial, with everybody at the first index visit within it; a
shorter trial from the same day is that stretch cut off earlier, exactly.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from rounds.datamart import AnyDatamart
from rounds.datamart.rows import MeasureRows, measure_rows
from rounds.loop.evaluation.participants import (
    Participants,
    clinic_rates,
    clinic_sizes,
    join,
)
from rounds.nouns import DataError, Endpoint, Measure, NotEstimable, Period, Protocol

__all__ = [
    "FEWEST_WEEKS",
    "Past",
    "Stretch",
    "known_of_clinics",
    "read_past",
    "stream_begins",
    "stretch",
]

FEWEST_WEEKS = 4
"""With fewer followed up nothing is said of a trial."""
_YEAR = 364
"""Days: a year later on the same day of the week."""

Known = Mapping[str, Mapping[str, float]]
Stratify = Callable[[Known], Mapping[str, str]]
"""Gives the stratum of each clinic from what is known of it."""


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
        return _of_persons(measure)
    whole = Period(start=first, end=last)
    rows = measure_rows(datamart, measure, whole, without=without)
    if isinstance(rows, NotEstimable):
        return rows
    days = np.sort(rows.index_date[rows.denominator])
    if not len(days):
        return NotEstimable(reason=f"{measure.title}: nobody is in the denominator.")
    return dt.date.fromisoformat(str(days[len(days) // 100]))


def _of_persons(measure: Measure) -> NotEstimable:
    return NotEstimable(
        reason=f"{measure.title}: it counts persons over a period, so it cannot be "
        "said when each would be enrolled."
    )


@dataclass(frozen=True, repr=False)
class Past:
    """Those who would have been enrolled, nobody with the card.

    Parameters
    ----------
    people : Participants
        Of the primary endpoint, everybody silent, over the whole stretch.
    balancing : mapping of endpoint name to Participants
        Of each balancing endpoint that the data can answer.
    known : mapping of clinic to name to float
        `size` and `baseline_rate` before the stretch.
    strata : mapping of clinic to str
        Of the clinics that would be randomised.
    baseline_weeks : int
        Of the baseline, as far as the data reach back.
    """

    stretch: Stretch
    people: Participants
    balancing: Mapping[str, Participants]
    known: Known
    strata: Mapping[str, str]
    baseline_weeks: int

    def __repr__(self) -> str:
        """Show no value of a person."""
        return f"<past: {len(self.people):,} enrolled, {len(self.strata)} clinics>"


def read_past(
    datamart: AnyDatamart,
    protocol: Protocol,
    found: Stretch,
    *,
    measures: Mapping[str, Measure],
    first: dt.date,
    stratify: Stratify,
    without: frozenset[str] = frozenset(),
) -> Past | NotEstimable:
    """Read who would have been enrolled, and what became of them.

    Parameters
    ----------
    protocol : Protocol
        As it would be frozen.
    measures : mapping of Ref as text to Measure
        One for each endpoint.
    first : date
        Of the data, as `stream_begins` finds it.
    stratify : callable
        Gives the clinics' strata from what is known of them.
    without : frozenset of str
        Those who opted out.

    Raises
    ------
    DataError
        If the primary measure counts a person more than once.
    """

    def read(endpoint: Endpoint, period: Period) -> MeasureRows | NotEstimable:
        measure = measures[str(endpoint.measure)]
        if measure.basis == "person":
            return _of_persons(measure)
        return measure_rows(datamart, measure, period, without=without)

    primary = protocol.primary
    rows = read(primary, found.whole)
    if isinstance(rows, NotEstimable):
        return rows
    before = _baseline(protocol, found, first)
    earlier = None if before is None else read(primary, before)
    known = known_of_clinics(None if isinstance(earlier, NotEstimable) else earlier)
    # With no baseline at all every clinic takes part, and none is like another.
    strata = dict(stratify(known)) if known else dict.fromkeys(_clinics(rows), "all")
    weeks = 0 if before is None else ((before.end - before.start).days + 1) // 7
    balancing = {}
    for endpoint in protocol.endpoints:
        if endpoint.role == "balancing":
            others = read(endpoint, found.whole)
            if not isinstance(others, NotEstimable):
                balancing[endpoint.estimand.name] = _people(
                    others, protocol, endpoint, strata, known
                )
    return Past(
        stretch=found,
        people=_people(rows, protocol, primary, strata, known),
        balancing=balancing,
        known=known,
        strata=strata,
        baseline_weeks=weeks,
    )


def known_of_clinics(rows: MeasureRows | None) -> dict[str, dict[str, float]]:
    """Give each clinic's size and rate before the stretch, where somebody was counted.

    Parameters
    ----------
    rows : MeasureRows or None
        The primary measure over the baseline.
    """
    rates, sizes = clinic_rates(rows), clinic_sizes(rows)
    return {
        clinic: {"size": float(n), "baseline_rate": rates.get(clinic, rates[""])}
        for clinic, n in sizes.items()
        if clinic and "" in rates
    }


def _baseline(protocol: Protocol, found: Stretch, first: dt.date) -> Period | None:
    """Give the baseline moved back, as far as the data reach; None if under a month."""
    length = protocol.baseline.end - protocol.baseline.start
    end = found.start - dt.timedelta(days=1)
    start = max(first, end - length)
    if (end - start).days < 7 * FEWEST_WEEKS - 1:
        return None
    return Period(start=start, end=end)


def _clinics(rows: MeasureRows) -> list[str]:
    return [str(one) for one in np.unique(rows.care_site[rows.denominator]) if one]


def _people(
    rows: MeasureRows,
    protocol: Protocol,
    endpoint: Endpoint,
    strata: Mapping[str, str],
    known: Known,
) -> Participants:
    """Join rows as an evaluation does, with every clinic silent; "" is no stratum."""
    clinics = _clinics(rows)
    allocation = {one: ("silent", strata.get(one, "")) for one in clinics}
    rates = {one: what["baseline_rate"] for one, what in known.items()}
    sizes = {one: int(what["size"]) for one, what in known.items()}
    if rates:
        total = sum(sizes.values())
        rates[""] = sum(rates[one] * n for one, n in sizes.items()) / total
    parallel = protocol.model_copy(
        update={"schedule": None, "unit_of_randomisation": "clinic"}
    )
    people = join(rows, allocation, parallel, endpoint, rates, sizes=sizes)
    return replace(people, unit=people.clinic)
