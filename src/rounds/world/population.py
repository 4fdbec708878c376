"""Who lives in the world: areas, clinics, clinicians and persons, fixed for good."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from rounds.world.config import WorldConfig
from rounds.world.luck import Luck, Stream
from rounds.world.problems.hypertension import EXCLUSIONS, PARAMETERS

__all__ = ["Clinics", "Persons", "make_clinics", "make_persons", "onset_day"]

AREAS_PER_CLINIC = 4
NEVER = 1 << 20
SLOTS = 5
Floats = NDArray[np.floating]
Integers = NDArray[np.integer]

_AGE_SHARE = (0.0, 0.15, 0.35, 0.55, 0.75, 0.90, 0.97, 1.0)
_AGE_YEARS = (18.0, 28.0, 42.0, 54.0, 66.0, 77.0, 86.0, 96.0)


@dataclass(frozen=True, slots=True, repr=False)
class Clinics:
    """Clinics (n), their clinicians (m) and the areas around them (4n)."""

    weight: Floats
    process: Floats
    """Random effect on the logit of intensifying, shape (n,)."""
    pressure: Floats
    """Random effect on untreated systolic pressure, mmHg, outliers included."""
    is_outlier: NDArray[np.bool_]
    first_clinician: Integers
    n_clinicians: Integers
    clinician_clinic: Integers
    clinician_number: Integers
    clinician_process: Floats
    clinician_card: Floats
    area_svi: Floats

    def __repr__(self) -> str:
        """Say only how many there are."""
        return f"<clinics: {len(self.weight):,}>"


@dataclass(frozen=True, slots=True, repr=False)
class Persons:
    """Persons as equal-length arrays, shape (people,); days count from the first."""

    index: Integers
    clinic: Integers
    clinician: Integers
    area: Integers
    svi: Floats
    birth_day: Integers
    is_female: NDArray[np.bool_]
    hypertensive: NDArray[np.bool_]
    onset_day: Integers
    """Day hypertension enters the problem list; `NEVER` for most."""
    listed_as_snomed: NDArray[np.bool_]
    untreated: Floats
    untreated_diastolic: Floats
    visit_sd: Floats
    adherence: Floats
    n_start: Integers
    slots: Integers
    """Shape (people, 5): the order in which this person would be given drugs."""
    refill_phase: Integers
    death_day: Integers
    exclusion_day: Integers
    """Shape (people, n_exclusions); `NEVER` for most."""
    overshoot: Floats
    """A uniform number: those below the planted share overshoot once exposed."""
    visit_rate: Floats
    """Outpatient visits a week that nobody scheduled."""
    first_day: np.datetime64

    def __repr__(self) -> str:
        """Say only how many there are."""
        return f"<persons: {len(self.index):,}>"

    def age_on(self, who: Integers, day: Integers | int) -> Integers:
        """Give completed years of age on a day, by the calendar."""
        born = self.first_day + self.birth_day[who]
        then = self.first_day + np.broadcast_to(np.asarray(day), who.shape)
        years = then.astype("M8[Y]") - born.astype("M8[Y]")
        not_yet = _month_day(then) < _month_day(born)
        return np.asarray(years.astype(np.int16) - not_yet)


def make_clinics(config: WorldConfig, luck: Luck) -> Clinics:
    """Make clinics of varying size with 2 to 5 clinicians each."""
    p = PARAMETERS
    which = np.arange(config.n_clinics)
    weight = np.exp(0.3 * luck.normal(Stream.CLINIC_SIZE, which))
    n_clinicians = 2 + (4 * luck.uniform(Stream.CLINIC_STAFF, which)).astype(int)
    clinician_clinic = np.repeat(which, n_clinicians)
    first = np.concatenate([[0], np.cumsum(n_clinicians)[:-1]])
    clinicians = np.arange(len(clinician_clinic))
    is_outlier = np.zeros(config.n_clinics, dtype=bool)
    chosen = np.argsort(luck.uniform(Stream.OUTLIER, which))[: config.n_outliers]
    is_outlier[chosen] = True
    pressure = p.clinic_pressure_sd * luck.normal(Stream.CLINIC_PRESSURE, which)
    pressure = np.where(is_outlier, p.outlier_shift, pressure)
    return Clinics(
        weight=weight / weight.sum(),
        process=p.clinic_process_sd * luck.normal(Stream.CLINIC_PROCESS, which),
        pressure=pressure,
        is_outlier=is_outlier,
        first_clinician=first,
        n_clinicians=n_clinicians,
        clinician_clinic=clinician_clinic,
        clinician_number=clinicians - first[clinician_clinic] + 1,
        clinician_process=p.clinician_process_sd
        * luck.normal(Stream.CLINICIAN_PROCESS, clinicians),
        clinician_card=p.clinician_card_sd
        * luck.normal(Stream.CLINICIAN_CARD, clinicians),
        area_svi=_area_svi(config.n_clinics, luck),
    )


def _area_svi(n_clinics: int, luck: Luck) -> Floats:
    """Rank areas nationally, so that areas near one clinic are alike."""
    of_clinic = luck.uniform(Stream.CLINIC_SVI, np.arange(n_clinics))
    areas = np.arange(n_clinics * AREAS_PER_CLINIC)
    own = luck.uniform(Stream.AREA_SVI, areas)
    blend = 0.6 * of_clinic[areas // AREAS_PER_CLINIC] + 0.4 * own
    rank = np.argsort(np.argsort(blend, kind="stable"), kind="stable")
    return np.round((rank + 0.5) / len(areas), 4)


def make_persons(
    config: WorldConfig, clinics: Clinics, luck: Luck, clinic: Integers | None = None
) -> Persons:
    """Make every registered adult of the world, or those of given clinics."""
    p = PARAMETERS
    who = np.arange(config.people)
    age = np.interp(luck.uniform(Stream.AGE, who), _AGE_SHARE, _AGE_YEARS)
    is_female = luck.uniform(Stream.SEX, who) < 0.53
    hypertensive = luck.uniform(Stream.HYPERTENSION, who) < expit(
        0.3 + 0.055 * (age - 52)
    )
    home = _homes(clinics, luck, who, clinic)
    onset = onset_day(luck.uniform(Stream.ONSET, who), hypertensive)
    death_day = _death_day(luck, who, age)
    exclusion = _exclusion_day(luck, who, is_female, age)
    per_year = np.where(hypertensive, p.visits_per_year, p.visits_per_year_other)
    frequency = 0.4 + 1.2 * luck.uniform(Stream.FREQUENCY, who)
    offset = p.svi_slope * (home["svi"] - 0.5) + clinics.pressure[home["clinic"]]
    body = _bodies(luck, who, age, np.where(hypertensive, offset, np.nan))
    body["n_start"] = np.where(onset <= 0, body["n_start"], 0).astype(np.uint8)
    return Persons(
        index=who,
        birth_day=-np.ceil(age * 365.25).astype(int) - 1,
        is_female=is_female,
        hypertensive=hypertensive,
        onset_day=np.where(onset <= death_day, onset, NEVER),
        listed_as_snomed=luck.uniform(Stream.LISTED_AS, who) < 0.3,
        slots=_slots(luck, who),
        refill_phase=(26 * luck.uniform(Stream.REFILL, who)).astype(int),
        death_day=death_day,
        exclusion_day=np.where(exclusion <= death_day[:, None], exclusion, NEVER),
        overshoot=luck.uniform(Stream.OVERSHOOT, who),
        visit_rate=(per_year * frequency / 52).astype(np.float32),
        first_day=np.datetime64(config.begin, "D"),
        **home,
        **body,
    )


def _homes(
    clinics: Clinics, luck: Luck, who: Integers, clinic: Integers | None
) -> dict[str, Any]:
    """Give each person a clinic, a clinician of it, and an area near it."""
    if clinic is None:
        edges = np.cumsum(clinics.weight)[:-1]
        clinic = np.searchsorted(edges, luck.uniform(Stream.HOME_CLINIC, who))
    share = luck.uniform(Stream.HOME_CLINICIAN, who)
    number = (share * clinics.n_clinicians[clinic]).astype(int)
    corner = (AREAS_PER_CLINIC * luck.uniform(Stream.HOME_AREA, who)).astype(int)
    area = clinic * AREAS_PER_CLINIC + corner
    return {
        "clinic": clinic,
        "clinician": clinics.first_clinician[clinic] + number,
        "area": area,
        "svi": clinics.area_svi[area],
    }


def _bodies(luck: Luck, who: Integers, age: Floats, offset: Floats) -> dict[str, Any]:
    """Give pressures and first drugs; `offset` is NaN without hypertension.

    Drugs at the start answer to a person's own pressure, not to what area and clinic
    add to it, so that gradient and clinic differences are not treated away.
    """
    p = PARAMETERS
    spread = luck.normal(Stream.UNTREATED, who)
    usual = p.untreated_mean + p.untreated_sd * spread
    normal = p.normal_mean + p.normal_sd * spread
    untreated = np.where(np.isnan(offset), normal, usual + offset)
    diastolic = 87 + 0.42 * (untreated - 151) - 0.33 * (age - 57)
    diastolic = diastolic + 5.5 * luck.normal(Stream.DIASTOLIC, who)
    eagerness = (usual - 127) / 11 + 0.8 * luck.normal(Stream.DRUGS, who)
    above_lowest = luck.uniform(Stream.VISIT_SD, who) ** 2
    return {
        "untreated": untreated.astype(np.float32),
        "untreated_diastolic": diastolic.astype(np.float32),
        "visit_sd": p.visit_sd_low + (p.visit_sd_high - p.visit_sd_low) * above_lowest,
        "adherence": 0.4 + 0.6 * np.sqrt(luck.uniform(Stream.ADHERENCE, who)),
        "n_start": np.clip(np.floor(eagerness + 0.35), 0, 4).astype(int),
    }


def _month_day(dates: NDArray[np.datetime64]) -> Integers:
    """Give month and day as one number that grows through the year."""
    month = dates.astype("M8[M]")
    of_year = (month - dates.astype("M8[Y]").astype("M8[M]")).astype(int)
    return np.asarray(100 * of_year + (dates - month.astype("M8[D]")).astype(int))


def onset_day(u: Floats, has: NDArray[np.bool_]) -> Integers:
    """List nine in ten before the data begin, the rest over the following years.

    Parameters
    ----------
    u : array of float, shape (n,)
        Uniform numbers in (0, 1).
    has : array of bool, shape (n,)
        Who ever has the condition.

    Returns
    -------
    array of int, shape (n,)
        Days counted from the first; `NEVER` for those who never have it.
    """
    before = -(1 + u / 0.93 * 4_000).astype(int)
    later = ((u - 0.93) / 0.07 * 1_000).astype(int)
    return np.where(has, np.where(u < 0.93, before, later), NEVER)


def _slots(luck: Luck, who: Integers) -> Integers:
    """Order five drug classes for each person, never two of one class.

    One of lisinopril and losartan, amlodipine, and one of the two thiazide-like
    diuretics come first, in any order; then metoprolol and spironolactone.
    """
    u = luck.uniform(Stream.DRUG_ORDER, who)
    kind = (u * 48).astype(int)
    ras, thiazide = kind % 2, 3 + (kind // 2) % 2
    order = np.array(
        [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
    )[(kind // 4) % 6]
    first = np.stack([ras, np.full_like(ras, 2), thiazide], axis=1)
    first = np.take_along_axis(first, order, axis=1)
    last = np.where((kind // 24)[:, None] == 0, [[5, 6]], [[6, 5]])
    return np.concatenate([first, last], axis=1).astype(np.uint8)


def _death_day(luck: Luck, who: Integers, age: Floats) -> Integers:
    """Draw the day of death; yearly risk doubles every eight years (assumed)."""
    per_year = np.minimum(0.0045 * 2 ** ((age - 60) / 8), 0.4)
    years = -np.log(luck.uniform(Stream.DEATH, who)) / per_year
    return np.minimum(years * 365.25, NEVER).astype(int)


def _exclusion_day(
    luck: Luck, who: Integers, is_female: NDArray[np.bool_], age: Floats
) -> Integers:
    """Draw the days on which exclusions are recorded, from a year before the data."""
    days = np.full((len(who), len(EXCLUSIONS)), NEVER)
    for k, exclusion in enumerate(EXCLUSIONS):
        has = luck.uniform(Stream.EXCLUSION, who, k) < exclusion.share
        if exclusion.label == "pregnancy":
            has = has & is_female & (age < 48)
        day = luck.uniform(Stream.EXCLUSION_DAY, who, k) * 1_300 - 365
        days[:, k] = np.where(has, day.astype(int), NEVER)
    return days
