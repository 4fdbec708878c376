"""The trial's population and outcomes, read from what happened in one world.

The definitions mirror the measures `intensified-after-first-uncontrolled` and its
three companions, so that the truth speaks of the same patients as the analysis.
"""

from dataclasses import dataclass

import numpy as np

from rounds.world.problems.hypertension import EXCLUSIONS, PREGNANCY_DAYS
from rounds.world.records import Records
from rounds.world.solve import first_in_window
from rounds.world.state import Bools, Floats, Integers, Scene, Table
from rounds.world.visits import AMBULATORY

__all__ = [
    "Outcomes",
    "VisitOutcomes",
    "is_excluded",
    "lowest_of_visit",
    "outcomes",
    "visit_outcomes",
]

_DAYS = 1 << 20
"""More days than anybody lives."""


@dataclass(frozen=True, slots=True, repr=False)
class Outcomes:
    """One row for each person of the trial's population, by person."""

    person: Integers
    index_day: Integers
    intensified: Bools
    low_pressure: Bools
    low_pressure_observed: Bools
    systolic: Floats
    """Lowest of the last day with a reading, days 30 to 90; NaN without one."""
    controlled: Floats
    """1 or 0 on that day; NaN without one."""

    def __repr__(self) -> str:
        """Say only how many there are."""
        return f"<outcomes: {len(self.person):,} rows>"


@dataclass(frozen=True, slots=True, repr=False)
class VisitOutcomes:
    """One row for each eligible visit, by day and person."""

    person: Integers
    index_day: Integers
    intensified: Bools

    def __repr__(self) -> str:
        """Say only how many there are."""
        return f"<outcomes: {len(self.person):,} visits>"


def lowest_of_visit(records: Records) -> tuple[Floats, Floats]:
    """Give each visit's lowest systolic and diastolic pressure, NaN without one.

    Parameters
    ----------
    records : Records
        What happened.

    Returns
    -------
    tuple of two arrays of float, shape (n_visits,)
        In mmHg.
    """
    readings = records.table("reading")
    n = records.length("visit")
    systolic, diastolic = np.full(n, np.nan), np.full(n, np.nan)
    for number in (0, 1):
        which = readings["number"] == number
        row = readings["visit"][which]
        systolic[row] = np.fmin(systolic[row], readings["systolic"][which])
        diastolic[row] = np.fmin(diastolic[row], readings["diastolic"][which])
    return systolic, diastolic


def is_excluded(
    scene: Scene, who: Integers, first_day: Integers, last_day: Integers
) -> Bools:
    """Say whom an exclusion leaves out that was so between two days, both included.

    Pregnancy ends 280 days after it was recorded; the others do not end.

    Parameters
    ----------
    scene : Scene
        Who there is.
    who, first_day, last_day : array of int, shape (n,)
        Persons, and the days that count for each.

    Returns
    -------
    array of bool, shape (n,)
    """
    recorded = scene.persons.exclusion_day[who]
    out = recorded <= last_day[:, None]
    for k, exclusion in enumerate(EXCLUSIONS):
        if exclusion.label == "pregnancy":
            out[:, k] &= first_day <= recorded[:, k] + PREGNANCY_DAYS
    return np.asarray(out.any(axis=1))


def outcomes(
    scene: Scene,
    records: Records,
    start: int,
    end: int,
    closed: tuple[tuple[int, int], ...] = (),
) -> Outcomes:
    """Read population and outcomes from what happened.

    Parameters
    ----------
    scene : Scene
        Who there is.
    records : Records
        What happened, up to 90 days after the last index.
    start, end : int
        First day of enrolment, and the day after its last.
    closed : tuple of (int, int)
        Stretches of days, counted from `start`, whose index visits do not count.

    Returns
    -------
    Outcomes
        Adults of 18 to 85 years with hypertension on the problem list, without an
        exclusion, from their first uncontrolled outpatient visit in the window.
    """
    visits = records.table("visit")
    who, day = visits["person"], visits["day"]
    systolic, diastolic = lowest_of_visit(records)
    eligible = visits["kind"] == AMBULATORY
    rows = _uncontrolled(scene, visits, systolic, diastolic)
    rows = rows[first_in_window(who[rows], day[rows], start, end)]
    rows = rows[~is_excluded(scene, who[rows], day[rows], day[rows])]
    for first, after in closed:
        rows = rows[(day[rows] < start + first) | (day[rows] >= start + after)]
    person, index_day = who[rows], day[rows]
    since = _days_since(scene, person, index_day, who, day)
    low_seen = (since >= 1) & (since <= 90) & ~np.isnan(systolic)
    later = (since >= 30) & (since <= 90) & eligible & ~np.isnan(systolic)
    last = _last(who, day, np.flatnonzero(later), person)
    has_last = last >= 0
    last_systolic = np.where(has_last, systolic[last], np.nan)
    last_diastolic = np.where(has_last, diastolic[last], np.nan)
    controlled = (last_systolic < 140) & (last_diastolic < 90)
    return Outcomes(
        person=person,
        index_day=index_day,
        intensified=_intensified(scene, records, person, index_day),
        low_pressure=np.isin(person, who[low_seen & (systolic < 100)]),
        low_pressure_observed=np.isin(person, who[low_seen]),
        systolic=last_systolic,
        controlled=np.where(has_last, controlled, np.nan),
    )


def _uncontrolled(
    scene: Scene, visits: Table, systolic: Floats, diastolic: Floats
) -> Integers:
    """Give the rows of the visits at which a person could be enrolled."""
    who, day = visits["person"], visits["day"]
    eligible = visits["kind"] == AMBULATORY
    rows = np.flatnonzero(eligible & ((systolic >= 140) | (diastolic >= 90)))
    rows = rows[scene.persons.onset_day[who[rows]] <= day[rows]]
    age = scene.persons.age_on(who[rows], day[rows])
    return np.asarray(rows[(age >= 18) & (age <= 85)])


def visit_outcomes(
    scene: Scene, records: Records, start: int, end: int
) -> VisitOutcomes:
    """Read what happened after every eligible visit.

    Parameters
    ----------
    scene : Scene
        Who there is.
    records : Records
        What happened, up to 14 days after the last visit.
    start, end : int
        First day of enrolment, and the day after its last.

    Returns
    -------
    VisitOutcomes
        Of adults of 18 to 85 years with hypertension on the problem list and without
        an exclusion on the day, all uncontrolled outpatient visits in the window.
    """
    visits = records.table("visit")
    who, day = visits["person"], visits["day"]
    rows = _uncontrolled(scene, visits, *lowest_of_visit(records))
    rows = rows[(day[rows] >= start) & (day[rows] < end)]
    rows = rows[~is_excluded(scene, who[rows], day[rows], day[rows])]
    rows = rows[np.lexsort((who[rows], day[rows]))]
    person, index_day = who[rows], day[rows]
    new_for, new_on = _new_codes(records)
    # Person and day in one number, so that the next new code is one search away.
    line = np.sort(new_for.astype(np.int64) * _DAYS + new_on)
    wanted = person.astype(np.int64) * _DAYS + index_day
    line = np.append(line, np.iinfo(np.int64).max)
    following = line[np.searchsorted(line, wanted)]
    return VisitOutcomes(person, index_day, following - wanted <= 14)


def _days_since(
    scene: Scene, person: Integers, index_day: Integers, who: Integers, day: Integers
) -> Integers:
    """Count days from each person's index; far below zero without one."""
    index = np.full(len(scene.persons.index), 1 << 30)
    index[person] = index_day
    return np.asarray(day - index[who])


def _last(who: Integers, day: Integers, rows: Integers, person: Integers) -> Integers:
    """Give the row of each person's last day among rows; -1 without one."""
    rows = rows[np.lexsort((-day[rows], who[rows]))]
    found, first = np.unique(who[rows], return_index=True)
    place = np.searchsorted(found, person)
    place = np.minimum(place, max(len(found) - 1, 0))
    if not len(found):
        return np.full(len(person), -1)
    return np.where(found[place] == person, rows[first][place], -1)


def _intensified(
    scene: Scene, records: Records, person: Integers, index_day: Integers
) -> Bools:
    """Say who got a code they never had before, on the index day or 14 days after."""
    who, day = _new_codes(records)
    since = _days_since(scene, person, index_day, who, day)
    return np.isin(person, who[(since >= 0) & (since <= 14)])


def _new_codes(records: Records) -> tuple[Integers, Integers]:
    """Give person and day of every order of a code that the person never had before."""
    orders = records.table("order")
    key = orders["person"] * 8 + orders["drug"]
    order = np.lexsort((orders["day"], key))
    _, first = np.unique(key[order], return_index=True)
    first = order[first]
    return orders["person"][first], orders["day"][first]
