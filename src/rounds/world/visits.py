"""Who comes this week, and what is read on their arm."""

import numpy as np

from rounds.world.luck import Stream
from rounds.world.problems.hypertension import PARAMETERS, treated
from rounds.world.records import Records
from rounds.world.state import Bools, Floats, Integers, Now, Scene, Seen, State

__all__ = ["AMBULATORY", "EMERGENCY", "INPATIENT", "visit"]

AMBULATORY, EMERGENCY, INPATIENT = 0, 1, 2
_STRESS = np.array([0.0, 10.0, 5.0])


def visit(now: Now) -> Seen:
    """Let people come, read their pressures, and write both down."""
    scene, week, state, records = now.scene, now.week, now.state, now.records
    who, kind = _who_comes(scene, week, state)
    n_outpatients = int((kind == AMBULATORY).sum())
    day, minute, end_day = _when(scene, week, who, kind)
    clinic, clinician = _where(scene, week, who, kind)
    systolic, diastolic = _true_pressure(scene, state, who, day)
    pressure = np.stack([systolic, diastolic])
    readings = _read(now, who, kind, day, pressure)
    outpatients = who[:n_outpatients]
    state.is_dizzy[outpatients[state.recheck_week[outpatients] == week]] = False
    first_row = records.length("visit")
    records.append(
        "visit",
        {
            "person": who,
            "kind": kind,
            "day": day,
            "minute": minute,
            "end_day": end_day,
            "clinic": clinic,
            "clinician": clinician,
        },
    )
    records.append(
        "pressure",
        {
            "visit": first_row + np.arange(n_outpatients),
            "systolic": systolic[:n_outpatients],
            "diastolic": diastolic[:n_outpatients],
        },
    )
    _write_readings(records, first_row, readings)
    return Seen(
        first_row, who, kind, day, minute, clinic, clinician, readings, n_outpatients
    )


def _who_comes(scene: Scene, week: int, state: State) -> tuple[Integers, Integers]:
    """Let one number decide each person's week, so that the kinds exclude each other.

    A scheduled recheck is kept unless the person is in hospital.
    """
    p, persons = PARAMETERS, scene.persons
    u = scene.luck.uniform(Stream.VISIT, persons.index, week)
    alive = persons.death_day >= 7 * week + 7
    inpatient = (u < p.inpatient_per_year / 52) & alive
    emergency = (u < (p.inpatient_per_year + p.emergency_per_year) / 52) & alive
    emergency &= ~inpatient
    outpatient = (u > 1 - persons.visit_rate) | (state.recheck_week == week)
    outpatient &= alive & ~inpatient
    groups = [np.flatnonzero(g) for g in (outpatient, emergency, inpatient)]
    kinds = [np.full(len(g), k, dtype=np.int8) for k, g in enumerate(groups)]
    return np.concatenate(groups), np.concatenate(kinds)


def _when(
    scene: Scene, week: int, who: Integers, kind: Integers
) -> tuple[Integers, Integers, Integers]:
    """Give day, minute of the day and last day; no two visits share a day."""
    u = scene.luck.uniform(Stream.WEEKDAY, who, week)
    v = scene.luck.uniform(Stream.MINUTE, who, 4 * week + 3)
    weekday = (5 * u).astype(int)
    emergency, inpatient = kind == EMERGENCY, kind == INPATIENT
    weekday[emergency] = (weekday + 1 + (6 * v).astype(int))[emergency] % 7
    weekday[inpatient] = (4 * u[inpatient]).astype(int)
    clock = scene.luck.uniform(Stream.MINUTE, who, 4 * week)
    minute = np.where(kind == AMBULATORY, 480 + 540 * clock, 1440 * clock).astype(int)
    day = 7 * week + weekday
    stay = np.where(inpatient, 1 + (2 * v).astype(int), 0)
    return day, minute, day + stay


def _where(
    scene: Scene, week: int, who: Integers, kind: Integers
) -> tuple[Integers, Integers]:
    """Give the clinic and the clinician: the person's own, unless they cross over."""
    persons, clinics = scene.persons, scene.clinics
    clinic, clinician = persons.clinic[who], persons.clinician[who]
    if "crossover" in scene.faults and week >= scene.go_live_week:
        u = scene.luck.uniform(Stream.CROSSOVER, who, week)
        away = (u < 0.2) & (kind == AMBULATORY)
        clinic = np.where(away, (clinic + 1) % len(clinics.weight), clinic)
        clinician = np.where(away, clinics.first_clinician[clinic], clinician)
    return clinic, clinician


def _true_pressure(
    scene: Scene, state: State, who: Integers, day: Integers
) -> tuple[Floats, Floats]:
    """Give the pressures behind the readings, in mmHg."""
    p, persons = PARAMETERS, scene.persons
    untreated = persons.untreated[who] + p.drift_per_year / 365.25 * day
    n_drugs = np.bitwise_count(state.current[who])
    systolic = treated(untreated, persons.adherence[who], n_drugs)
    low = state.overshoot_until[who] > day
    systolic = np.where(low, np.minimum(systolic, p.overshoot_systolic), systolic)
    diastolic = persons.untreated_diastolic[who] - 0.6 * (untreated - systolic)
    return systolic, diastolic


def _read(
    now: Now, who: Integers, kind: Integers, day: Integers, pressure: Floats
) -> Floats:
    """Read the pressure once, and again where the first was high, in mmHg."""
    p, scene, week, state = PARAMETERS, now.scene, now.week, now.state
    persons, luck, time = scene.persons, scene.luck, 4 * week
    systolic, diastolic = pressure
    calm = np.where(state.overshoot_until[who] > day, 0.5, 1.0)
    ill = persons.hypertensive[who] & (
        luck.uniform(Stream.ILLNESS, who, time) < p.illness
    )
    z = luck.normal(Stream.NOISE, who, time) + 0.0 * kind
    own = luck.normal(Stream.NOISE_DIASTOLIC, who, time)
    first = systolic + calm * persons.visit_sd[who] * z + _STRESS[kind]
    first = first - p.illness_drop * ill
    below = diastolic + calm * 7.5 * (0.6 * z + 0.8 * own) - 0.4 * p.illness_drop * ill
    readings = np.full((len(who), 2, 2), np.nan)
    often = np.where(persons.hypertensive[who], p.measured, p.measured_other)
    often = np.where((kind != AMBULATORY) | state.is_dizzy[who], 1.0, often)
    measured = luck.uniform(Stream.MEASURED, who, time) < often
    readings[:, 0] = _as_written(scene, week, who, first, below)
    readings[~measured] = np.nan
    high = (readings[:, 0, 0] >= 140) | (readings[:, 0, 1] >= 90)
    again = high & (luck.uniform(Stream.SECOND, who, time) < p.second_reading)
    rest = p.repeat_sd * luck.normal(Stream.READING, who, time) - 3
    second = _as_written(scene, week, who, first + rest, below + 0.5 * rest)
    readings[again, 1] = second[again]
    return readings


def _as_written(
    scene: Scene, week: int, who: Integers, systolic: Floats, diastolic: Floats
) -> Floats:
    """Round to whole mmHg, or to tens where that fault is injected; shape (n, 2)."""
    both = np.stack([systolic, diastolic], axis=1)
    if "zero_ending" in scene.faults:
        tens = scene.luck.uniform(Stream.ZERO, who, week) < 0.37
        both = np.where(tens[:, None], 10 * np.round(both / 10), both)
    both = np.round(both)
    both[:, 0] = np.clip(both[:, 0], 70, 240)
    both[:, 1] = np.clip(both[:, 1], 35, np.minimum(140, both[:, 0] - 15))
    return both


def _write_readings(records: Records, first_row: int, readings: Floats) -> None:
    """Write the readings that were taken, in the order of the visits."""
    taken: Bools = ~np.isnan(readings[:, :, 0])
    row, number = np.nonzero(taken)
    values = readings[row, number]
    records.append(
        "reading",
        {
            "visit": first_row + row,
            "number": number.astype(np.int8),
            "systolic": values[:, 0].astype(np.int16),
            "diastolic": values[:, 1].astype(np.int16),
        },
    )
