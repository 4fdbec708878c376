"""Those of a site's own past who would have been enrolled, and what became of them."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from rounds.datamart import AnyDatamart
from rounds.datamart.rows import MeasureRows, measure_rows
from rounds.loop.evaluation.feasibility.levels import Levels
from rounds.loop.evaluation.feasibility.stretches import (
    FEWEST_WEEKS,
    Stretch,
    of_persons,
)
from rounds.loop.evaluation.participants import (
    Participants,
    clinic_rates,
    clinic_sizes,
    join,
)
from rounds.nouns import Endpoint, Measure, NotEstimable, Period, Protocol

__all__ = [
    "NO_VISITS",
    "Past",
    "known_of_clinics",
    "read_past",
]

NO_VISITS = "its measure counts no visits, so none can be randomised"

Known = Mapping[str, Mapping[str, float]]
Stratify = Callable[[Known], Mapping[str, str]]
"""Gives the stratum of each clinic from what is known of it."""


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
    visits : Participants or None
        All visits of the primary endpoint at which a card would be due, not each
        person's first alone; None where its measure counts no visits.
    """

    stretch: Stretch
    people: Participants
    balancing: Mapping[str, Participants]
    known: Known
    strata: Mapping[str, str]
    baseline_weeks: int
    visits: Participants | None = None

    @cached_property
    def levels(self) -> Levels:
        """What they say of the levels of clinics."""
        return Levels.of(self.people)

    @cached_property
    def levels_of_visits(self) -> Levels:
        """The same, of visits."""
        if self.visits is None:
            raise ValueError(NO_VISITS)
        return Levels.of(self.visits)

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

    def rows_of(measure: Measure, period: Period) -> MeasureRows | NotEstimable:
        if measure.basis == "person":
            return of_persons(measure)
        return measure_rows(datamart, measure, period, without=without)

    def read(endpoint: Endpoint, period: Period) -> MeasureRows | NotEstimable:
        return rows_of(measures[str(endpoint.measure)], period)

    primary = protocol.primary
    by_visit = protocol.unit_of_randomisation == "encounter"
    chief = measures[str(primary.measure)]
    once = chief.model_copy(update={"index": "first"}) if by_visit else chief
    rows = rows_of(once, found.whole)
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
                    others, protocol, endpoint, strata, known, visits=by_visit
                )
    visits = None
    if chief.basis == "visit":
        each = chief if by_visit else chief.model_copy(update={"index": "each"})
        all_rows = rows_of(each, found.whole)
        if not isinstance(all_rows, NotEstimable):
            visits = _people(all_rows, protocol, primary, strata, known, visits=True)
    return Past(
        stretch=found,
        people=_people(rows, protocol, primary, strata, known),
        balancing=balancing,
        known=known,
        strata=strata,
        baseline_weeks=weeks,
        visits=visits,
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
    *,
    visits: bool = False,
) -> Participants:
    """Join rows as an evaluation does, with every clinic silent; "" is no stratum.

    Of visits each is a unit, and a person may have several.
    """
    clinics = _clinics(rows)
    allocation = {one: ("silent", strata.get(one, "")) for one in clinics}
    rates = {one: what["baseline_rate"] for one, what in known.items()}
    sizes = {one: int(what["size"]) for one, what in known.items()}
    if rates:
        total = sum(sizes.values())
        rates[""] = sum(rates[one] * n for one, n in sizes.items()) / total
    parallel = protocol.model_copy(
        update={
            "schedule": None,
            "factors": None,
            "adaptation": None,
            "allocation": "permuted_blocks",
            "unit_of_randomisation": "clinic",
        }
    )
    people = join(
        rows, allocation, parallel, endpoint, rates, sizes=sizes, repeats=visits
    )
    if not visits:
        return replace(people, unit=people.clinic)
    kept = rows.denominator & np.isin(rows.care_site, np.array(clinics, dtype=str))
    number = np.arange(len(people)).astype(str)
    return replace(people, unit=number, clinician=rows.provider[kept])
