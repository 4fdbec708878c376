"""The true gap in blood pressure control between areas, freed from reading noise."""

import numpy as np

from rounds.world.luck import Stream
from rounds.world.problems.hypertension import PARAMETERS
from rounds.world.records import Records
from rounds.world.solve import first_in_window
from rounds.world.state import Floats, Integers, Scene
from rounds.world.trial_population import is_excluded, lowest_of_visit
from rounds.world.visits import AMBULATORY

__all__ = ["DAYS", "equity_gap", "expected_control", "with_hypertension"]

REPEATS = 32
DAYS = 365
_DEFINITION = (
    "Expected share with blood pressure controlled (lowest systolic below 140 and "
    "lowest diastolic below 90 mmHg) at the last outpatient visit with a reading in "
    "the 365 days before go-live, SVI quartile 4 minus quartile 1, among persons of "
    "18 to 85 with hypertension listed before the middle of those days, an outpatient "
    "visit in them and no exclusion; without a reading nobody is controlled. Expected: "
    f"averaged over {REPEATS} fresh readings of each person's true pressure of that "
    "day, given that no recheck followed it in those days, so it is free of reading "
    "noise but not of who happens to live here."
)


def equity_gap(scene: Scene, records: Records) -> dict[str, object]:
    """Give the expected control of each SVI quartile, and the gap of 4 minus 1."""
    person, expected = expected_control(scene, records)
    svi = scene.persons.svi[person]
    quartile = 1 + np.searchsorted([0.25, 0.5, 0.75], svi, "right")
    by: dict[str, dict[str, int | float | None]] = {}
    for q in (1, 2, 3, 4):
        rows = quartile == q
        share = float(expected[rows].mean()) if rows.any() else None
        by[str(q)] = {"n": int(rows.sum()), "expected": share}
    first, last = by["1"]["expected"], by["4"]["expected"]
    gap = None if first is None or last is None else last - first
    return {"definition": _DEFINITION, "value": gap, "by": by}


def expected_control(scene: Scene, records: Records) -> tuple[Integers, Floats]:
    """Give, for each person of the population, the expected share controlled."""
    person, last = with_hypertension(scene, records)
    expected = np.zeros(len(scene.persons.index))
    expected[records.table("visit")["person"][last]] = _read_again(scene, records, last)
    return person, expected[person]


def with_hypertension(scene: Scene, records: Records) -> tuple[Integers, Integers]:
    """Give the population of the year before go-live, and last visits with a reading.

    Returns
    -------
    person : array of int, shape (n_persons,)
        Those whom the measure of blood pressure control counts.
    last : array of int, shape (n_visits,)
        Row of the last outpatient visit with a reading of everybody who has one,
        counted or not.
    """
    visits = records.table("visit")
    end = 7 * scene.go_live_week
    start = end - DAYS
    who, day = visits["person"], visits["day"]
    outpatient = (visits["kind"] == AMBULATORY) & (day >= start) & (day < end)
    person = np.unique(who[outpatient])
    keep = scene.persons.onset_day[person] < start + DAYS // 2
    age = scene.persons.age_on(person, end - 1)
    keep &= (age >= 18) & (age <= 85)
    first_day, last_day = (np.full(len(person), day) for day in (start, end - 1))
    keep &= ~is_excluded(scene, person, first_day, last_day)
    systolic, _ = lowest_of_visit(records)
    read = np.flatnonzero(outpatient & ~np.isnan(systolic))
    last = read[first_in_window(who[read], -day[read], -end, -start + 1)]
    return person[keep], last


def _read_again(scene: Scene, records: Records, rows: Integers) -> Floats:
    """Expect control at these last visits from fresh readings of the true pressure."""
    p, luck, persons = PARAMETERS, scene.luck, scene.persons
    pressure = records.table("pressure")
    place = np.searchsorted(pressure["visit"], rows)
    true_systolic = pressure["systolic"][place]
    true_diastolic = pressure["diastolic"][place]
    who, day = (records.table("visit")[name][rows] for name in ("person", "day"))
    total = np.zeros(len(rows))
    for k in range(REPEATS):
        z, own, rest = (luck.normal(Stream.EXPECTED, who, 4 * k + j) for j in (0, 1, 2))
        u = luck.uniform(Stream.EXPECTED, who, 4 * k + 3)
        systolic = true_systolic + persons.visit_sd[who] * z
        diastolic = true_diastolic + 7.5 * (0.6 * z + 0.8 * own)
        high = (np.round(systolic) >= 140) | (np.round(diastolic) >= 90)
        drop = np.where(high & (u < p.second_reading), p.repeat_sd * rest - 3, 0.0)
        systolic = systolic + np.minimum(drop, 0)
        diastolic = diastolic + 0.5 * np.minimum(drop, 0)
        total += (np.round(systolic) < 140) & (np.round(diastolic) < 90)
    controlled = total / REPEATS
    # An uncontrolled visit is the last one only if no recheck came of it in time.
    weeks_left = scene.go_live_week - day // 7
    in_time = np.clip((weeks_left - p.recheck_first) / p.recheck_weeks, 0, 1)
    return controlled / (1 - (1 - controlled) * p.recheck * in_time)
