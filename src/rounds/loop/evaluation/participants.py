"""Who was randomised, to what, and what was measured on them.

Here, and nowhere else, allocation is joined to later outcomes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rounds.datamart.rows import MeasureRows
from rounds.loop.evaluation.arms.schedules import place
from rounds.loop.evaluation.arms.visits import encounters_of
from rounds.nouns import DataError, Endpoint, Protocol
from rounds.practice.exposures import ExposureRows

__all__ = [
    "Allocation",
    "Participants",
    "arms_of",
    "clinic_rates",
    "clinic_sizes",
    "join",
    "nobody",
]

Allocation = Mapping[str, tuple[str, str]]
"""Unit → (arm, stratum)."""


@dataclass(frozen=True, repr=False)
class Participants:
    """The enrolled of one endpoint, as arrays of one length; or their visits."""

    person: NDArray[np.str_]
    unit: NDArray[np.str_]
    clinic: NDArray[np.str_]
    active: NDArray[np.bool_]
    stratum: NDArray[np.str_]
    index_date: NDArray[np.datetime64]
    age: NDArray[np.float64]
    sex: NDArray[np.str_]
    svi_quartile: NDArray[np.integer]
    baseline_rate: NDArray[np.float64]
    """The clinic's rate of the primary measure before go-live; NaN if none is known."""
    clinic_size: NDArray[np.float64]
    """Those whom the primary measure counted at the clinic before go-live; 0 if none,
    NaN if nothing is known of any clinic."""
    observed: NDArray[np.bool_]
    outcome: NDArray[np.float64]
    """0 or 1 for an event, the value of a continuous variable, a count of events over
    `time`; NaN if not observed."""
    assessed: int
    excluded: tuple[tuple[str, int], ...]
    period: NDArray[np.intp] | None = None
    """Of the schedule, counted from 0; None where arms run in parallel."""
    sequence: NDArray[np.intp] | None = None
    """Of the clinic, counted from 0; None where arms run in parallel."""
    second: NDArray[np.bool_] | None = None
    """Whether the second factor is active; None where there is one factor."""
    clinician: NDArray[np.str_] | None = None
    """Who saw them, where visits were randomised; None where persons count once."""
    time: NDArray[np.float64] | None = None
    """At risk, or until the event, where the summary is of times; else None."""

    @property
    def are_visits(self) -> bool:
        """Whether a person may be there several times, once a visit."""
        return self.clinician is not None

    def __len__(self) -> int:
        return len(self.person)

    def where(self, chosen: NDArray[np.bool_]) -> "Participants":
        """Give the participants chosen, shape (n_participants,)."""
        parts: dict[str, Any] = {
            field.name: value[chosen]
            for field in fields(self)
            if isinstance(value := getattr(self, field.name), np.ndarray)
        }
        return replace(self, **parts)

    def swapped(self) -> "Participants":
        """Give the same with the two factors in each other's place."""
        if self.second is None:
            raise ValueError("there is one factor")
        return replace(self, active=self.second, second=self.active)

    def __repr__(self) -> str:
        """Show no value of a person."""
        return f"<rows: {len(self):,} × {len(fields(self)) - 6}>"


def clinic_rates(rows: MeasureRows | None) -> dict[str, float]:
    """Give each clinic's mean of the primary measure before go-live.

    Parameters
    ----------
    rows : MeasureRows or None
        The primary measure over the baseline period; None where there are none.

    Returns
    -------
    dict
        Clinic → rate in [0, 1] (or mean; of a ratio measure events per unit of time);
        under the key "" the rate over all.
    """
    if rows is None:
        return {}
    used = rows.denominator & rows.observed
    if not used.any():
        return {}
    names, codes = np.unique(rows.care_site[used], return_inverse=True)
    above, below = rows.value[used], np.ones(int(used.sum()))
    if rows.denominator_value is not None and np.isnan(above).all():
        assert rows.numerator_value is not None  # a ratio has both
        above, below = rows.numerator_value[used], rows.denominator_value[used]
    sums = [np.bincount(codes, weights=each) for each in (above, below)]
    overall = float(above.sum() / below.sum()) if below.sum() > 0 else np.nan
    rates = {
        str(name): float(total / time) if time > 0 else overall
        for name, total, time in zip(names, *sums, strict=True)
    }
    return {"": overall, **rates}


def clinic_sizes(rows: MeasureRows | None) -> dict[str, int]:
    """Count each clinic's denominator of the primary measure before go-live."""
    if rows is None:
        return {}
    names, sizes = np.unique(rows.care_site[rows.denominator], return_counts=True)
    return {str(name): int(size) for name, size in zip(names, sizes, strict=True)}


def join(
    rows: MeasureRows,
    allocation: Allocation,
    protocol: Protocol,
    endpoint: Endpoint,
    rates: Mapping[str, float],
    *,
    sizes: Mapping[str, int] | None = None,
    calls: ExposureRows | None = None,
    repeats: bool = False,
) -> Participants:
    """Join one endpoint's rows to the arms of the units that were randomised.

    Parameters
    ----------
    rows : MeasureRows
        The endpoint's measure over the enrolment period.
    allocation : mapping of unit to (arm, stratum)
        Units are clinics, patients or encounters, as the protocol says.
        Where the protocol has a schedule, the arm is a sequence's name, and each is in
        the arm that the sequence has on the day of the index visit; where it has two
        factors, the arm is a cell's name.
    rates : mapping of clinic to float
        From `clinic_rates`; a clinic without one is given the rate over all, or NaN
        where there is none.
    sizes : mapping of clinic to int, optional
        From `clinic_sizes`.
    calls : ExposureRows, optional
        Where encounters were randomised: which of them each visit is.
    repeats : bool
        Whether a person may be counted more than once whatever was randomised.

    Raises
    ------
    DataError
        If a person is counted more than once and may not be, where clinics or patients
        were randomised: the endpoint would not be one variable a person.
    """
    if protocol.schedule is not None:
        return _in_periods(rows, allocation, protocol, endpoint, rates)
    if protocol.factors is not None:
        return _crossed(rows, allocation, protocol, endpoint, rates, sizes=sizes)
    drawn = protocol.unit_of_randomisation
    units = _units(rows, allocation, drawn, calls)
    known = np.isin(units, np.array(list(allocation), dtype=str))
    kept = rows.denominator & known
    people = rows.person_source_value[kept]
    once = drawn != "encounter" and not repeats
    if once and len(np.unique(people)) != len(people):
        raise _repeated(endpoint)
    unit = units[kept]
    names, codes = np.unique(unit, return_inverse=True)
    arms = np.array([allocation[str(name)][0] == "active" for name in names], bool)
    strata = np.array([allocation[str(name)][1] for name in names], dtype=str)
    clinics, clinic_codes = np.unique(rows.care_site[kept], return_inverse=True)
    overall = rates.get("", np.nan)
    rate = np.array([rates.get(str(c), overall) for c in clinics], dtype=float)
    none = 0 if sizes else np.nan
    size = np.array([(sizes or {}).get(str(c), none) for c in clinics], dtype=float)
    outcome, observed, time = _measured(rows, kept, protocol, endpoint)
    outside = "at a clinic outside the trial" if drawn == "clinic" else "not randomised"
    return Participants(
        person=people,
        unit=unit,
        clinic=rows.care_site[kept],
        active=arms[codes] if len(names) else np.zeros(0, bool),
        stratum=strata[codes] if len(names) else np.zeros(0, str),
        index_date=rows.index_date[kept],
        age=rows.age[kept].astype(float),
        sex=rows.sex[kept],
        svi_quartile=rows.svi_quartile[kept],
        baseline_rate=rate[clinic_codes] if len(clinics) else np.zeros(0),
        clinic_size=size[clinic_codes] if len(clinics) else np.zeros(0),
        observed=observed,
        outcome=outcome,
        assessed=len(rows.denominator),
        excluded=(
            ("not in the denominator", int((~rows.denominator).sum())),
            (outside, int((rows.denominator & ~known).sum())),
        ),
        clinician=rows.provider[kept] if drawn == "encounter" else None,
        time=time,
    )


def _repeated(endpoint: Endpoint) -> DataError:
    return DataError(
        f"The measure of endpoint {endpoint.estimand.name!r} counts some people "
        "more than once.",
        code="endpoint-repeats",
        why="Each participant has one value of the variable.",
        remedies=("Give the measure the index 'first', or the basis 'person'.",),
    )


def _measured(
    rows: MeasureRows,
    kept: NDArray[np.bool_],
    protocol: Protocol,
    endpoint: Endpoint,
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64] | None]:
    """Give outcomes, whose are known, and the time that each was at risk, if asked.

    Of times until an event, what comes after the follow-up was not seen: the time ends
    there, without the event.
    """
    observed, summary = rows.observed[kept], endpoint.estimand.summary_measure
    if summary not in ("rate_ratio", "hazard_ratio", "rmst_difference"):
        return np.where(observed, rows.value[kept], np.nan), observed, None
    if rows.numerator_value is None or rows.denominator_value is None:
        raise ValueError("the rows of a ratio measure have its two numbers")
    above, time = rows.numerator_value[kept], rows.denominator_value[kept]
    if summary == "rate_ratio":
        observed = observed & (time > 0)
        return np.where(observed, above, np.nan), observed, time
    last = float(protocol.follow_up_days)
    event = (above > 0) & (time <= last)
    observed = observed & (time >= 0)
    return np.where(observed, event, np.nan), observed, np.minimum(time, last)


def _crossed(
    rows: MeasureRows,
    allocation: Allocation,
    protocol: Protocol,
    endpoint: Endpoint,
    rates: Mapping[str, float],
    *,
    sizes: Mapping[str, int] | None,
) -> Participants:
    """Join rows to the cells of their clinics: the arm is the first factor's."""
    alone = protocol.model_copy(update={"factors": None})
    by_first = arms_of(allocation, protocol, "first")
    people = join(rows, by_first, alone, endpoint, rates, sizes=sizes)
    by_second = arms_of(allocation, protocol, "second")
    names, codes = np.unique(people.unit, return_inverse=True)
    active = np.array([by_second[str(name)][0] == "active" for name in names], bool)
    return replace(people, second=active[codes] if len(names) else np.zeros(0, bool))


def arms_of(
    allocation: Allocation, protocol: Protocol, factor: Literal["first", "second"]
) -> Allocation:
    """Give the arms of one factor, of units that were allocated to cells.

    Where the protocol has one factor, the allocation as it is.
    """
    factors = protocol.factors
    if factors is None:
        return allocation
    return {
        unit: (factors.arm(cell, factor), stratum)
        for unit, (cell, stratum) in allocation.items()
    }


def _units(
    rows: MeasureRows,
    allocation: Allocation,
    drawn: str,
    calls: ExposureRows | None,
) -> NDArray[np.str_]:
    """Give the unit of each row that might have been randomised."""
    if drawn == "clinic":
        return rows.care_site
    if drawn == "patient":
        return rows.person_source_value
    if calls is None:
        raise ValueError("calls: which encounter a visit is, they alone tell")
    return encounters_of(rows.person_source_value, rows.index_date, allocation, calls)


def _in_periods(
    rows: MeasureRows,
    allocation: Allocation,
    protocol: Protocol,
    endpoint: Endpoint,
    rates: Mapping[str, float],
) -> Participants:
    """Join rows to the sequences of their clinics, and to the arms of their days."""
    schedule = protocol.schedule
    assert schedule is not None
    # As if in parallel, so that one thing is done in one place; then the arm is its own
    # day's, and those whom a transition leaves out are counted apart.
    parallel = protocol.model_copy(update={"schedule": None})
    people = join(rows, allocation, parallel, endpoint, rates)
    names, codes = np.unique(people.clinic, return_inverse=True)
    order = {name: i for i, name in enumerate(schedule.names)}
    own = np.array([order[allocation[str(name)][0]] for name in names], dtype=np.intp)
    sequence = own[codes] if len(names) else np.zeros(0, np.intp)
    placed = place(schedule, sequence, people.index_date)
    kept = ~placed.in_transition & ~placed.not_enrolling
    within = placed.in_transition & ~placed.not_enrolling
    excluded = [
        *people.excluded,
        ("in a transition, when nobody is enrolled", int(within.sum())),
    ]
    if schedule.not_enrolling:
        closed = int(placed.not_enrolling.sum())
        excluded.append(("in a period that its clinics do not enrol in", closed))
    people = replace(
        people,
        active=placed.active,
        period=placed.period,
        sequence=sequence,
        excluded=tuple(excluded),
    )
    return people.where(kept)


def nobody() -> Participants:
    """Give participants of whom there are none."""
    text, number, flag = np.zeros(0, str), np.zeros(0), np.zeros(0, bool)
    return Participants(
        person=text,
        unit=text,
        clinic=text,
        active=flag,
        stratum=text,
        index_date=np.zeros(0, "datetime64[D]"),
        age=number,
        sex=text,
        svi_quartile=np.zeros(0, np.int8),
        baseline_rate=number,
        clinic_size=number,
        observed=flag,
        outcome=number,
        assessed=0,
        excluded=(),
        period=np.zeros(0, np.intp),
        sequence=np.zeros(0, np.intp),
        second=flag,
    )
