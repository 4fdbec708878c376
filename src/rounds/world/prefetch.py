"""What an EHR sends along with a call: FHIR R4 resources of one patient."""

from typing import Any

import numpy as np

from rounds.world.point_of_care import Encounters
from rounds.world.problems.hypertension import DRUGS

__all__ = ["CLOCK", "prefetch_of"]

CLOCK = "Z"
"""The simulated clock has no zone; feedback gives instants, so both are sent as UTC."""
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
_COMPONENTS = (
    ("8480-6", "Systolic blood pressure"),
    ("8462-4", "Diastolic blood pressure"),
)
Json = dict[str, Any]


def prefetch_of(encounters: Encounters, i: int) -> Json:
    """Give patient, encounter, conditions, blood_pressure and medications of a call.

    Parameters
    ----------
    encounters : Encounters
        A batch; its optional fields are used where they are there.
    i : int
        Which.

    Returns
    -------
    dict
        One FHIR resource for each prefetch key.
    """
    subject = {"reference": f"Patient/{encounters.patient[i]}"}
    start = f"{np.datetime_as_string(encounters.start[i], unit='s')}{CLOCK}"
    return {
        "patient": _patient(encounters, i),
        "encounter": _encounter(encounters, i, subject, start),
        "conditions": _bundle(_conditions(encounters, i, subject)),
        "blood_pressure": _bundle(_pressures(encounters, i, subject, start)),
        "medications": _bundle(_medications(encounters, i, subject)),
    }


def _coded(system: str, code: str, display: str = "") -> Json:
    coding = {"system": system, "code": code}
    return {"coding": [{**coding, "display": display} if display else coding]}


def _bundle(resources: list[Json]) -> Json:
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(resources),
        "entry": [{"resource": resource} for resource in resources],
    }


def _patient(encounters: Encounters, i: int) -> Json:
    """Give the patient; without a birth date, a day that gives the same age."""
    if encounters.birth_date is not None:
        born = np.datetime_as_string(encounters.birth_date[i], unit="D")
    else:
        year = encounters.start[i].astype("M8[Y]") - int(encounters.age[i])
        born = f"{year}-01-01"
    patient = {
        "resourceType": "Patient",
        "id": str(encounters.patient[i]),
        "birthDate": str(born),
    }
    if encounters.is_female is not None:
        patient["gender"] = "female" if encounters.is_female[i] else "male"
    return patient


def _encounter(encounters: Encounters, i: int, subject: Json, start: str) -> Json:
    return {
        "resourceType": "Encounter",
        "id": str(encounters.encounter[i]),
        "status": "in-progress",
        "class": {"system": f"{_TERMINOLOGY}/v3-ActCode", "code": "AMB"},
        "subject": subject,
        "participant": [
            {"individual": {"reference": f"Practitioner/{encounters.practitioner[i]}"}}
        ],
        "period": {"start": start},
        "serviceProvider": {"reference": f"Organization/{encounters.clinic[i]}"},
    }


def _conditions(encounters: Encounters, i: int, subject: Json) -> list[Json]:
    if not encounters.has_hypertension[i]:
        return []
    condition = {
        "resourceType": "Condition",
        "clinicalStatus": _coded(f"{_TERMINOLOGY}/condition-clinical", "active"),
        "verificationStatus": _coded(
            f"{_TERMINOLOGY}/condition-ver-status", "confirmed"
        ),
        "category": [_coded(f"{_TERMINOLOGY}/condition-category", "problem-list-item")],
        "code": _coded(
            "http://hl7.org/fhir/sid/icd-10-cm",
            "I10",
            "Essential (primary) hypertension",
        ),
        "subject": subject,
    }
    if encounters.hypertension_since is not None:
        since = np.datetime_as_string(encounters.hypertension_since[i], unit="D")
        condition["onsetDateTime"] = str(since)
    return [condition]


def _pressures(encounters: Encounters, i: int, subject: Json, start: str) -> list[Json]:
    """Give every reading of the encounter; the lowest alone when no more is known."""
    if encounters.readings is not None:
        pairs = encounters.readings[i]
    else:
        pairs = np.array([[encounters.systolic[i], encounters.diastolic[i]]])
    return [
        {
            "resourceType": "Observation",
            "id": f"bp-{encounters.encounter[i]}-{number + 1}",
            "status": "final",
            "category": [_coded(f"{_TERMINOLOGY}/observation-category", "vital-signs")],
            "code": _coded("http://loinc.org", "85354-9", "Blood pressure panel"),
            "subject": subject,
            "encounter": {"reference": f"Encounter/{encounters.encounter[i]}"},
            "effectiveDateTime": start,
            "component": [
                {
                    "code": _coded("http://loinc.org", code, display),
                    "valueQuantity": {
                        "value": float(value),
                        "unit": "mmHg",
                        "system": "http://unitsofmeasure.org",
                        "code": "mm[Hg]",
                    },
                }
                for (code, display), value in zip(_COMPONENTS, pair, strict=True)
            ],
        }
        for number, pair in enumerate(pairs)
        if not np.isnan(pair).any()
    ]


def _medications(encounters: Encounters, i: int, subject: Json) -> list[Json]:
    """Give what is taken; of the world's list in its order when no more is known."""
    if encounters.drugs is not None:
        taken = np.flatnonzero(encounters.drugs[i])
    else:
        taken = np.arange(int(encounters.n_antihypertensives[i]))
    return [
        {
            "resourceType": "MedicationRequest",
            "status": "active",
            "intent": "order",
            "medicationCodeableConcept": _coded(
                "http://www.nlm.nih.gov/research/umls/rxnorm",
                DRUGS[k].rxnorm,
                DRUGS[k].name,
            ),
            "subject": subject,
        }
        for k in taken.tolist()
    ]
