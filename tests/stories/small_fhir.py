"""Two patients in FHIR R4, small enough to be read."""

import hashlib
import json


def code(system, value, display=None):
    coding = {"system": system, "code": value}
    return {"coding": [coding | ({"display": display} if display else {})]}


def ref(kind, name):
    return {"reference": f"{kind}/{name}"}


def key(kind, name):
    """The id that a resource's row has, worked out without the engine."""
    digest = hashlib.md5(f"{kind}/{name}".encode()).digest()
    return int.from_bytes(digest, "little") & (2**63 - 1)


LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
CVX = "http://hl7.org/fhir/sid/cvx"
UCUM = "http://unitsofmeasure.org"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"


def resource(kind, name, /, **fields):
    return {"resourceType": kind, "id": name, **fields}


def patient(name="p1", **fields):
    return resource(
        "Patient", name, **{"gender": "female", "birthDate": "1960-05-04", **fields}
    )


def encounter(name="e1", **fields):
    given = {
        "status": "finished",
        "class": {"system": "v3-ActCode", "code": "AMB"},
        "subject": ref("Patient", "p1"),
        "period": {"start": "2024-03-01T09:00:00-05:00", "end": "2024-03-01T09:20:00Z"},
        "serviceProvider": ref("Organization", "o1"),
        "participant": [{"individual": ref("Practitioner", "d1")}],
    }
    return resource("Encounter", name, **{**given, **fields})


def condition(name="c1", **fields):
    given = {
        "verificationStatus": code("ver", "confirmed"),
        "clinicalStatus": code("clin", "active"),
        "code": code("http://hl7.org/fhir/sid/icd-10-cm", "I10", "Hypertension"),
        "subject": ref("Patient", "p1"),
        "encounter": ref("Encounter", "e1"),
        "onsetDateTime": "2024-03-01",
    }
    return resource("Condition", name, **{**given, **fields})


def quantity(value, unit):
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def observation(name="m1", category="vital-signs", **fields):
    given = {
        "status": "final",
        "category": [code(CATEGORY, category)],
        "code": code(LOINC, "29463-7", "Body weight"),
        "subject": ref("Patient", "p1"),
        "encounter": ref("Encounter", "e1"),
        "effectiveDateTime": "2024-03-01T23:30:00-05:00",
        "valueQuantity": quantity(71.5, "kg"),
    }
    return resource("Observation", name, **{**given, **fields})


def panel(name="m2", systolic=128, diastolic=82):
    pairs = (("8480-6", systolic), ("8462-4", diastolic))
    parts = [
        {"code": code(LOINC, c), "valueQuantity": quantity(v, "mm[Hg]")}
        for c, v in pairs
    ]
    one = observation(name, code=code(LOINC, "85354-9"), component=parts)
    del one["valueQuantity"]
    return one


def smoker(name="s1"):
    one = observation(
        name,
        "social-history",
        code=code(LOINC, "72166-2"),
        valueCodeableConcept=code(SNOMED, "266919005", "Never smoker"),
    )
    del one["valueQuantity"]
    return one


def procedure(name="r1", **fields):
    given = {
        "status": "completed",
        "code": code(SNOMED, "73761001", "Colonoscopy"),
        "subject": ref("Patient", "p1"),
        "performedPeriod": {"start": "2024-03-02", "end": "2024-03-02"},
    }
    return resource("Procedure", name, **{**given, **fields})


def request(name="q1", **fields):
    given = {
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": code(RXNORM, "314076", "lisinopril 10 MG"),
        "subject": ref("Patient", "p2"),
        "authoredOn": "2024-04-05",
    }
    return resource("MedicationRequest", name, **{**given, **fields})


def immunization(name="i1", **fields):
    given = {
        "status": "completed",
        "vaccineCode": code(CVX, "140"),
        "patient": ref("Patient", "p2"),
        "occurrenceDateTime": "2023-10-01",
    }
    return resource("Immunization", name, **{**given, **fields})


RESOURCES = {
    "Patient": [
        patient("p1"),
        patient("p2", gender="male", birthDate="1950", deceasedDateTime="2024-05-06"),
    ],
    "Organization": [resource("Organization", "o1", name="North clinic")],
    "Practitioner": [
        resource("Practitioner", "d1", name=[{"family": "Ito", "given": ["Rei"]}])
    ],
    "Encounter": [
        encounter("e1"),
        encounter("e2", subject=ref("Patient", "p2"), **{"class": {"code": "IMP"}}),
    ],
    "Condition": [
        condition("c1"),
        condition("c2", verificationStatus=code("v", "refuted")),
    ],
    "Observation": [
        observation("m1"),
        panel("m2"),
        smoker("s1"),
        observation(
            "v1",
            "sdoh",
            code=code("https://www.atsdr.cdc.gov/place-health/php/svi", "RPL_THEMES"),
            valueQuantity=quantity(0.61, "1"),
        ),
    ],
    "Procedure": [procedure("r1")],
    "MedicationRequest": [request("q1"), request("q2", doNotPerform=True)],
    "Immunization": [immunization("i1")],
    "CarePlan": [resource("CarePlan", "x1", category="anything")],
}


def write_ndjson(folder, resources=None):
    """Write one NDJSON file for each type, as a bulk export does."""
    for kind, each in (RESOURCES if resources is None else resources).items():
        lines = [one if isinstance(one, str) else json.dumps(one) for one in each]
        (folder / f"{kind}.ndjson").write_text("\n".join(lines) + "\n")
    return folder
