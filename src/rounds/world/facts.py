"""What both sinks write, gathered once so that they say the same."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rounds.world.population import AREAS_PER_CLINIC, NEVER, Persons
from rounds.world.problems.codes import Code, Lab
from rounds.world.problems.hypertension import DRUGS, EXCLUSIONS, PREGNANCY_DAYS
from rounds.world.records import Records
from rounds.world.state import Floats, Integers, Scene

__all__ = ["Condition", "Dates", "Facts"]

_MINUTES_LONG = 20
_MINUTES_TO_BLOOD = 15
_HIGHEST_MINUTE = 1_439
Dates = NDArray[np.datetime64]


@dataclass(frozen=True, slots=True, repr=False)
class Condition:
    """Condition rows, shape (n,); `code` points into `Facts.codes`."""

    person: Integers
    code: Integers
    day: Integers
    end_day: Integers
    """`NEVER` where it has no end."""


_ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
_CODES = (
    Code("ICD10CM", _ICD10CM, "I10", "Essential (primary) hypertension"),
    Code("SNOMED", "http://snomed.info/sct", "59621000", "Essential hypertension"),
    *(Code("ICD10CM", _ICD10CM, e.code, e.display) for e in EXCLUSIONS),
)


class Facts:
    """Everything that happened before `end_day`, ready to be written.

    Parameters
    ----------
    scene : Scene
        Who there is.
    records : Records
        What happened.
    names : tuple of three arrays of str
        Names of patients, clinics and practitioners.
    end_day : int
        The first day that has not been lived.
    """

    def __init__(
        self,
        scene: Scene,
        records: Records,
        names: tuple[NDArray[np.str_], NDArray[np.str_], NDArray[np.str_]],
        end_day: int,
    ) -> None:
        self.persons: Persons = scene.persons
        beside = scene.beside
        self._listed = [listed for one in beside for listed in one.conditions]
        self.codes = (*_CODES, *(code for code, _ in self._listed))
        """Codes of conditions."""
        self.drugs = (*DRUGS, *(drug for one in beside for drug in one.medicines))
        """Drugs; `orders` has places in this."""
        self.labs: tuple[Lab, ...] = tuple(lab for one in beside for lab in one.labs)
        self.procedure_codes: tuple[Code, ...] = tuple(
            code for one in beside for code in one.procedures
        )
        self.clinician_clinic = scene.clinics.clinician_clinic
        self.patients, self.clinics, self.practitioners = names
        self.end_day = end_day
        self.visits = records.table("visit") or _empty(
            ("person", "kind", "day", "minute", "end_day", "clinic", "clinician")
        )
        self.readings = records.table("reading") or _empty(
            ("visit", "number", "systolic", "diastolic")
        )
        orders = ("person", "day", "drug", "visit")
        self.orders = _with_prescriptions(
            records.table("order") or _empty(orders), records.table("prescription")
        )
        self.results = records.table("lab") or {
            **_empty(("visit", "person", "value")),
            "lab": np.zeros(0, dtype="U1"),
        }
        """Results of laboratory tests, by the name of the lab."""
        self.procedures = records.table("procedure") or _empty(("person", "day"))

    def __repr__(self) -> str:
        """Say only how much there is."""
        return f"<facts: {len(self.patients):,} persons>"

    def date(self, day: Integers) -> Dates:
        """Give calendar dates of days counted from the first."""
        return self.persons.first_day + np.minimum(day, NEVER)

    def moment(self, day: Integers, minute: Integers) -> Dates:
        """Give local date and time, to the second."""
        return np.asarray(self.date(day).astype("M8[s]") + minute.astype("m8[m]"))

    @cached_property
    def areas(self) -> list[str]:
        """Name the areas."""
        n = len(self.clinics) * AREAS_PER_CLINIC
        return [f"area-{i + 1:04d}" for i in range(n)]

    @cached_property
    def clinic_labels(self) -> list[str]:
        """Give the clinics names to be shown."""
        return [f"Clinic {i + 1}" for i in range(len(self.clinics))]

    @cached_property
    def practitioner_labels(self) -> list[str]:
        """Give the clinicians names to be shown."""
        return [f"Clinician {i + 1}" for i in range(len(self.practitioners))]

    @cached_property
    def birth_date(self) -> Dates:
        """Give every person's day of birth."""
        return self.persons.first_day + self.persons.birth_day

    @cached_property
    def dead(self) -> Integers:
        """Give the persons who have died."""
        return np.flatnonzero(self.persons.death_day < self.end_day)

    @cached_property
    def end_minute(self) -> Integers:
        """Give the minute at which each visit ends, on its last day."""
        return np.minimum(self.visits["minute"] + _MINUTES_LONG, _HIGHEST_MINUTE)

    @cached_property
    def reading_minute(self) -> Integers:
        """Give the minute of each reading: a second five minutes after the first."""
        first = self.visits["minute"][self.readings["visit"]]
        return np.minimum(first + 3 + 5 * self.readings["number"], _HIGHEST_MINUTE)

    @cached_property
    def result_minute(self) -> Integers:
        """Give the minute of each result of a laboratory test."""
        first = self.visits["minute"][self.results["visit"]]
        return np.minimum(first + _MINUTES_TO_BLOOD, _HIGHEST_MINUTE)

    @cached_property
    def order_clinician(self) -> Integers:
        """Give who ordered: the visit's clinician, or the person's own by telephone."""
        visit = self.orders["visit"]
        own = self.persons.clinician[self.orders["person"]]
        if not len(self.visits["person"]):
            return own
        return np.where(visit >= 0, self.visits["clinician"][visit], own)

    @cached_property
    def svi(self) -> Floats:
        """Give every person's social vulnerability, a rank in [0, 1]."""
        return self.persons.svi

    @cached_property
    def conditions(self) -> Condition:
        """Gather the diagnoses and exclusions recorded so far, while alive."""
        persons = self.persons
        days = np.concatenate(
            [
                np.where(persons.listed_as_snomed, NEVER, persons.onset_day)[:, None],
                np.where(persons.listed_as_snomed, persons.onset_day, NEVER)[:, None],
                persons.exclusion_day,
                *(day[:, None] for _, day in self._listed),
            ],
            axis=1,
        )
        last = np.minimum(self.end_day - 1, persons.death_day)
        person, code = np.nonzero(days <= last[:, None])
        day = days[person, code]
        lasting = np.array(
            [PREGNANCY_DAYS if c.code == "Z33.1" else NEVER for c in self.codes]
        )
        return Condition(person, code, day, np.minimum(day + lasting[code], NEVER))


def _empty(names: tuple[str, ...]) -> dict[str, Integers]:
    return {name: np.zeros(0, dtype=int) for name in names}


def _with_prescriptions(
    orders: dict[str, Integers], prescriptions: dict[str, Integers]
) -> dict[str, Integers]:
    """Put what the problems beside hypertension prescribe after its own orders."""
    if not prescriptions:
        return orders
    added = {**prescriptions, "drug": len(DRUGS) + prescriptions["medicine"]}
    return {
        name: np.concatenate([column, added[name]]) for name, column in orders.items()
    }
