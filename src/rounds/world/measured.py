"""Whom each planted measure counts, and for whom care does well, from what happened.

The definitions mirror the built-in measures over the 365 days before go-live, so that
the truth speaks of the same patients as the list of opportunities.
"""

from dataclasses import dataclass

import numpy as np

from rounds.world.equity import DAYS, with_hypertension
from rounds.world.problems.codes import (
    DAYS_SUPPLY,
    HBA1C,
    MEDICINES,
    STATIN,
    STOOL_TEST,
)
from rounds.world.problems.diabetes import Diabetes
from rounds.world.problems.hypertension import EXCLUSIONS
from rounds.world.problems.screening import Screening
from rounds.world.records import Records
from rounds.world.solve import first_in_window
from rounds.world.state import Bools, Integers, Scene
from rounds.world.trial_population import lowest_of_visit
from rounds.world.visits import AMBULATORY

__all__ = ["Measured", "measured"]

_POOR_ABOVE = 9.0
_COLONOSCOPY_MONTHS = 108


@dataclass(frozen=True, slots=True, repr=False)
class Measured:
    """One row for each person whom a measure counts, by person."""

    person: Integers
    does_well: Bools

    def __repr__(self) -> str:
        """Say only how many there are."""
        return f"<measured: {len(self.person):,} rows>"


def measured(scene: Scene, records: Records) -> dict[str, Measured]:
    """Judge the year before go-live by the measure of every problem that is lived.

    Parameters
    ----------
    scene : Scene
        Who there is.
    records : Records
        What happened, at least until go-live.

    Returns
    -------
    dict of str to Measured
        By the measure's name. Poor control of HbA1c is turned round: to do well is not
        to be in its numerator.
    """
    found = {"blood-pressure-control": _pressure(scene, records)}
    for problem in scene.beside:
        if isinstance(problem, Diabetes):
            found["hba1c-poor-control"] = _hba1c(scene, records, problem)
            found["statin-therapy"] = _statin(scene, records, problem)
        if isinstance(problem, Screening):
            found["colorectal-cancer-screening"] = _colorectal(scene, records)
    return found


def _pressure(scene: Scene, records: Records) -> Measured:
    person, last = with_hypertension(scene, records)
    systolic, diastolic = lowest_of_visit(records)
    controlled = np.zeros(len(scene.persons.index), dtype=bool)
    who = records.table("visit")["person"][last]
    controlled[who] = (systolic[last] < 140) & (diastolic[last] < 90)
    return Measured(person, controlled[person])


def _hba1c(scene: Scene, records: Records, diabetes: Diabetes) -> Measured:
    """Count those whose last result is at most 9%."""
    start, end = _year(scene)
    person = _seen(scene, records)
    age = scene.persons.age_on(person, end - 1)
    keep = (age >= 18) & (age <= 75) & (diabetes.onset_day[person] < end)
    person = person[keep & ~_recorded(scene, person, "palliative care")]
    labs = records.table("lab")
    rows = np.flatnonzero(labs["lab"] == HBA1C.name)
    who, value = labs["person"][rows], labs["value"][rows]
    day = records.table("visit")["day"][labs["visit"][rows]]
    last = first_in_window(who, -day, -end + 1, -start + 1)
    good = who[last][value[last] <= _POOR_ABOVE]
    return Measured(person, np.isin(person, good))


def _statin(scene: Scene, records: Records, diabetes: Diabetes) -> Measured:
    """Count those with a statin; who has a reason against it counts only with one."""
    start, end = _year(scene)
    person = _seen(scene, records)
    age = scene.persons.age_on(person, start)
    keep = (age >= 40) & (age <= 75) & (diabetes.onset_day[person] < end)
    person = person[keep]
    orders = records.table("prescription")
    day = orders["day"]
    taken = (day < end) & (day + DAYS_SUPPLY > start)
    taken &= orders["medicine"] == MEDICINES.index(STATIN)
    treated = np.isin(person, orders["person"][taken])
    excepted = _recorded(scene, person, "palliative care")
    excepted |= _recorded(scene, person, "end-stage renal disease")
    counted = treated | ~excepted
    return Measured(person[counted], treated[counted])


def _colorectal(scene: Scene, records: Records) -> Measured:
    """Count colonoscopies of this year and nine before, and stool tests of this one."""
    start, end = _year(scene)
    person = _seen(scene, records)
    age = scene.persons.age_on(person, end - 1)
    keep = (age >= 46) & (age <= 75)
    person = person[keep & ~_recorded(scene, person, "palliative care")]
    done = records.table("procedure")
    since = _months_before(scene, start, _COLONOSCOPY_MONTHS)
    recent = (done["day"] >= since) & (done["day"] < end)
    labs = records.table("lab")
    rows = np.flatnonzero(labs["lab"] == STOOL_TEST.name)
    day = records.table("visit")["day"][labs["visit"][rows]]
    tested = labs["person"][rows][(day >= start) & (day < end)]
    screened = np.concatenate([done["person"][recent], tested])
    return Measured(person, np.isin(person, screened))


def _year(scene: Scene) -> tuple[int, int]:
    """Give the first day of the year before go-live, and the day of go-live."""
    end = 7 * scene.go_live_week
    return end - DAYS, end


def _seen(scene: Scene, records: Records) -> Integers:
    """Give the persons with an outpatient visit in that year."""
    start, end = _year(scene)
    visits = records.table("visit")
    day = visits["day"]
    rows = (visits["kind"] == AMBULATORY) & (day >= start) & (day < end)
    return np.unique(visits["person"][rows])


def _recorded(scene: Scene, who: Integers, label: str) -> Bools:
    """Say for whom an exclusion that does not end was recorded before go-live."""
    which = [exclusion.label for exclusion in EXCLUSIONS].index(label)
    return np.asarray(scene.persons.exclusion_day[who, which] < _year(scene)[1])


def _months_before(scene: Scene, day: int, months: int) -> int:
    """Give the day so many months earlier, or the last of a month that is shorter."""
    first_day = scene.persons.first_day
    then = first_day + day
    month = then.astype("M8[M]")
    back = month - months
    last = (back + 1).astype("M8[D]") - 1
    found = min(back.astype("M8[D]") + (then - month.astype("M8[D]")), last)
    return int((found - first_day).astype(int))
