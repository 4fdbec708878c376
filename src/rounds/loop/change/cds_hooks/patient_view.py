"""The hook `patient-view`: from a request's prefetch to facts.

| prefetch key     | facts                                                     |
|------------------|-----------------------------------------------------------|
| `patient`        | `age` (completed years on the day); sex, to allocate by   |
| `encounter`      | when and where: start and service provider                |
| `conditions`     | `has_hypertension` (active, among `codes.hypertension`)   |
| `blood_pressure` | `systolic`, `diastolic`: the lowest of the day, in mm[Hg] |
| `medications`    | `n_antihypertensives` (active, `codes.antihypertensives`) |

A key with the value null says that there is nothing (CDS Hooks 2.0, "Prefetch
Template"); a key that is absent, or holds an OperationOutcome, says that we were not
told, and if a fact that the rule needs comes from it the answer is 412.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from rounds.loop.change.cds_hooks import fhir
from rounds.loop.change.cds_hooks.fhir import Resource
from rounds.nouns import DataError, DefinitionError

__all__ = ["FACTS", "KEYS", "Fact", "PatientView", "missing_keys", "read"]

KEYS = ("patient", "encounter", "conditions", "blood_pressure", "medications")


@dataclass(frozen=True)
class Fact:
    """What a fact is, and where it comes from: a prefetch key, a list of codes."""

    kind: type
    key: str
    codes: str = ""


FACTS = {
    "age": Fact(float, "patient"),
    "has_hypertension": Fact(bool, "conditions", "hypertension"),
    "systolic": Fact(float, "blood_pressure"),
    "diastolic": Fact(float, "blood_pressure"),
    "n_antihypertensives": Fact(float, "medications", "antihypertensives"),
}
_PRESSURES = {
    "http://loinc.org|8480-6": "systolic",
    "http://loinc.org|8462-4": "diastolic",
}
_FINAL = {"final", "amended", "corrected", "preliminary"}
_GENDERS = {"male", "female", "other", "unknown"}
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_MOMENT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?"
    r"(?:Z|[+-]\d\d:\d\d)?)?"
)


@dataclass(frozen=True, repr=False)
class PatientView:
    """What one call says: who, where, when, and the facts that are known."""

    patient: str
    encounter: str
    clinic: str
    occurred: dt.datetime
    facts: Mapping[str, float | bool]
    sex: str = ""
    """FHIR `Patient.gender`, by which patients may be allocated; "" if not told."""
    clinician: str = ""
    """`context.userId`: kept as a pseudonym alone."""

    def __repr__(self) -> str:
        return "<PatientView>"

    def at_clinic(self, clinic: str) -> "PatientView":
        """Give the same with a clinic that the call itself did not name."""
        return replace(self, clinic=clinic)


class Context(msgspec.Struct, frozen=True, rename="camel"):
    """The context of `patient-view`."""

    user_id: str
    patient_id: str
    encounter_id: str | None = None


def missing_keys(facts: tuple[str, ...], prefetch: Mapping[str, Any]) -> list[str]:
    """Give the prefetch keys that facts need and that were not sent."""
    needed = {FACTS[fact].key for fact in facts if fact in FACTS}
    return sorted(needed - prefetch.keys())


def read(
    context: Context,
    raw: Mapping[str, msgspec.Raw],
    needs: tuple[str, ...],
    codes: Mapping[str, list[str]],
    received: dt.datetime,
) -> PatientView:
    """Read a call.

    Parameters
    ----------
    needs : tuple of str
        The facts that the rule names.
    codes : dict
        The knowledge's code lists: `hypertension`, `antihypertensives`.
    received : datetime
        When the encounter has no start, this is when it happened.

    Raises
    ------
    DataError
        `prefetch-missing` if a key that is needed was not sent.
    DefinitionError
        `bad-request` if what was sent contradicts itself.
    """
    patient = context.patient_id
    if _ID.fullmatch(patient) is None:
        raise bad_request("context.patientId is not a FHIR id")
    sent = {key: _decode(key, raw[key]) for key in KEYS if key in raw}
    sent = {key: one for key, one in sent.items() if not _is_outcome(one)}
    missing = missing_keys(needs, sent)
    if missing:
        raise DataError(
            f"The prefetch lacks: {', '.join(missing)}.",
            code="prefetch-missing",
            why="This service reads what is prefetched and fetches nothing itself, "
            "with fhirServer or without.",
            remedies=("Send each prefetch key of /cds-services, null if empty.",),
        )
    person, encounter = sent.get("patient"), sent.get("encounter")
    if person is not None and person.id not in (None, patient):
        raise bad_request("prefetch.patient is not the patient of the context")
    visit = _same_encounter(context.encounter_id, encounter)
    occurred = _start(encounter) or received.replace(tzinfo=None, microsecond=0)
    facts = {
        "age": _age(person, occurred.date()),
        "has_hypertension": _has_condition(
            sent, patient, frozenset(codes.get("hypertension", ()))
        ),
        **_pressures(sent.get("blood_pressure"), patient, occurred.date()),
        "n_antihypertensives": _n_medications(
            sent, patient, frozenset(codes.get("antihypertensives", ()))
        ),
    }
    clinic = fhir.id_of(encounter.service_provider, "Organization") if encounter else ""
    return PatientView(
        patient=patient,
        encounter=visit,
        clinic=clinic if _ID.fullmatch(clinic) else "",
        occurred=occurred,
        facts={name: value for name, value in facts.items() if value is not None},
        sex=person.gender if person and person.gender in _GENDERS else "",
        clinician=context.user_id,
    )


def bad_request(what: str) -> DefinitionError:
    """Say that a request is not one; `what` names the field, never its value."""
    return DefinitionError(
        f"The request cannot be read: {what}.",
        code="bad-request",
        remedies=("See CDS Hooks 2.0, HTTP Request, for what each field holds.",),
    )


def _decode(key: str, raw: msgspec.Raw) -> Resource | None:
    try:
        return fhir.decode(raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        raise bad_request(f"prefetch.{key} is not FHIR R4 JSON") from None


def _is_outcome(resource: Resource | None) -> bool:
    return resource is not None and resource.resource_type == "OperationOutcome"


def _same_encounter(wanted: str | None, encounter: Resource | None) -> str:
    given = (encounter.id if encounter else None) or wanted or ""
    if given and _ID.fullmatch(given) is None:
        raise bad_request("the encounter's id is not a FHIR id")
    if wanted and given != wanted:
        raise bad_request("prefetch.encounter is not the encounter of the context")
    return given


def _start(encounter: Resource | None) -> dt.datetime | None:
    text = encounter.period.start if encounter and encounter.period else None
    if text is None:
        return None
    moment = _moment(text)
    if moment is None and re.fullmatch(r"\d{4}(-\d\d)?", text) is None:
        raise bad_request("prefetch.encounter.period.start is not a FHIR dateTime")
    return moment


def _moment(text: str | None) -> dt.datetime | None:
    """Read a dateTime of a day at the least; local time as written."""
    match = _MOMENT.fullmatch(text or "")
    if match is None:
        return None
    try:
        year, month, day, hour, minute, second = (int(x or 0) for x in match.groups())
        return dt.datetime.combine(
            dt.date(year, month, day), dt.time(hour, minute, second)
        )
    except ValueError:
        return None


def _age(person: Resource | None, day: dt.date) -> int | None:
    born = _moment(person.birth_date) if person else None
    if born is None or born.date() > day:
        return None
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _is_of(resource: Resource, patient: str) -> bool:
    """Whether a resource is the patient's; one without subject is taken to be."""
    return (
        resource.subject is None or fhir.id_of(resource.subject, "Patient") == patient
    )


def _has_condition(
    sent: Mapping[str, Resource | None], patient: str, codes: frozenset[str]
) -> bool | None:
    if "conditions" not in sent or not codes:
        return None
    return any(
        _is_of(one, patient)
        and not codes.isdisjoint(fhir.codes_of(one.code))
        and _status(one.clinical_status) in ("", "active", "recurrence", "relapse")
        and _status(one.verification_status) not in ("refuted", "entered-in-error")
        for one in fhir.bundled(sent["conditions"], "Condition")
    )


def _status(concept: fhir.CodeableConcept | None) -> str:
    codings = (concept.coding if concept else None) or []
    return (codings[0].code if codings else None) or ""


def _n_medications(
    sent: Mapping[str, Resource | None], patient: str, codes: frozenset[str]
) -> int | None:
    if "medications" not in sent or not codes:
        return None
    taken: set[str] = set()
    for one in fhir.bundled(sent["medications"], "MedicationRequest"):
        if _is_of(one, patient) and one.status == "active":
            taken |= codes.intersection(fhir.codes_of(one.medication_codeable_concept))
    return len(taken)


def _pressures(
    resource: Resource | None, patient: str, day: dt.date
) -> dict[str, float | None]:
    lowest: dict[str, float | None] = {"systolic": None, "diastolic": None}
    for one in fhir.bundled(resource, "Observation"):
        moment = _moment(one.effective_date_time)
        if moment is None or moment.date() != day or one.status not in _FINAL:
            continue
        if not _is_of(one, patient):
            continue
        readings = [(one.code, one.value_quantity)]
        readings += [(part.code, part.value_quantity) for part in one.component or []]
        for code, quantity in readings:
            for name in {_PRESSURES[c] for c in fhir.codes_of(code) if c in _PRESSURES}:
                value = _in_mmhg(quantity)
                before = lowest[name]
                if value is not None and (before is None or value < before):
                    lowest[name] = value
    return lowest


def _in_mmhg(quantity: fhir.Quantity | None) -> float | None:
    if quantity is None or quantity.code not in (None, "mm[Hg]"):
        return None
    return quantity.value
