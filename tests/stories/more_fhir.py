"""One good resource of each further FHIR R4 type, small enough to be read."""

from stories.small_fhir import LOINC, RXNORM, SNOMED, code, quantity, ref, resource

SOPT = "https://nahdo.org/sopt"
CATEGORY = "http://terminology.hl7.org/CodeSystem/v2-0074"
SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
FORM = "http://forms.example/phq"
LISINOPRIL = code(RXNORM, "314076", "lisinopril 10 MG")
P1 = ref("Patient", "p1")


def without(one, *names):
    return {name: value for name, value in one.items() if name not in names}


def medication(name="med1", **fields):
    return resource("Medication", name, **{"code": LISINOPRIL, **fields})


def administration(name="a1", **fields):
    given = {
        "status": "completed",
        "medicationCodeableConcept": LISINOPRIL,
        "subject": P1,
        "context": ref("Encounter", "e1"),
        "effectivePeriod": {
            "start": "2024-03-01T09:05:00Z",
            "end": "2024-03-02T10:00:00Z",
        },
        "performer": [{"actor": ref("Practitioner", "d1")}],
        "dosage": {
            "text": "in the morning",
            "route": code(SNOMED, "26643006", "Oral route"),
            "dose": quantity(10, "mg"),
        },
    }
    return resource("MedicationAdministration", name, **{**given, **fields})


def statement(name="s1", **fields):
    given = {
        "status": "active",
        "medicationCodeableConcept": LISINOPRIL,
        "subject": P1,
        "effectiveDateTime": "2024-02-01",
        "informationSource": P1,
    }
    return resource("MedicationStatement", name, **{**given, **fields})


def dispense(name="d1", **fields):
    given = {
        "status": "completed",
        "medicationCodeableConcept": LISINOPRIL,
        "subject": P1,
        "quantity": {"value": 30, "unit": "tablets"},
        "daysSupply": quantity(30, "d"),
        "whenPrepared": "2024-03-01",
        "whenHandedOver": "2024-03-02",
    }
    return resource("MedicationDispense", name, **{**given, **fields})


def allergy(name="al1", **fields):
    given = {
        "clinicalStatus": code("c", "active"),
        "verificationStatus": code("v", "confirmed"),
        "type": "allergy",
        "category": ["medication"],
        "criticality": "high",
        "code": code(RXNORM, "7980", "penicillin G"),
        "patient": P1,
        "encounter": ref("Encounter", "e1"),
        "onsetDateTime": "1970-05-01",
        "recordedDate": "2024-03-01T09:10:00Z",
        "recorder": ref("Practitioner", "d1"),
    }
    return resource("AllergyIntolerance", name, **{**given, **fields})


def report(name="r1", **fields):
    given = {
        "status": "final",
        "category": [code(CATEGORY, "RAD")],
        "code": code(LOINC, "36643-5", "XR Chest 2 Views"),
        "subject": P1,
        "encounter": ref("Encounter", "e1"),
        "effectiveDateTime": "2024-03-01",
        "conclusion": "words that are left out",
    }
    return resource("DiagnosticReport", name, **{**given, **fields})


def device(name="dev1", **fields):
    given = {
        "status": "active",
        "type": code(SNOMED, "14106009", "Cardiac pacemaker"),
        "udiCarrier": [{"deviceIdentifier": "00844588003288"}],
        "lotNumber": "7654321D",
        "serialNumber": "10987654d321",
    }
    return resource("Device", name, **{**given, **fields})


def device_use(name="du1", **fields):
    given = {
        "status": "active",
        "subject": P1,
        "device": ref("Device", "dev1"),
        "timingPeriod": {"start": "2024-03-01", "end": "2024-04-01"},
    }
    return resource("DeviceUseStatement", name, **{**given, **fields})


def specimen(name="sp1", **fields):
    given = {
        "status": "available",
        "type": code(SNOMED, "119297000", "Blood specimen"),
        "subject": P1,
        "collection": {
            "collectedDateTime": "2024-03-01T09:15:00Z",
            "quantity": quantity(6, "mL"),
            "bodySite": code(SNOMED, "49852007", "Median cubital vein"),
        },
    }
    return resource("Specimen", name, **{**given, **fields})


def response(name="qr1", **fields):
    given = {
        "status": "completed",
        "questionnaire": f"{FORM}|1.2",
        "subject": P1,
        "encounter": ref("Encounter", "e1"),
        "authored": "2024-03-01T09:12:00Z",
        "source": P1,
        "item": [
            {
                "linkId": "mood",
                "item": [
                    {
                        "linkId": "mood.1",
                        "text": "Little interest",
                        "answer": [
                            {
                                "valueCoding": {
                                    "system": LOINC,
                                    "code": "LA6570-1",
                                    "display": "More than half the days",
                                },
                                "item": [
                                    {
                                        "linkId": "mood.1.a",
                                        "answer": [{"valueInteger": 3}],
                                    }
                                ],
                            }
                        ],
                    }
                ],
            },
            {
                "linkId": "why",
                "text": "What worries you?",
                "answer": [{"valueString": "work"}, {"valueString": "sleep"}],
            },
        ],
    }
    return resource("QuestionnaireResponse", name, **{**given, **fields})


def coverage(name="co1", **fields):
    given = {
        "status": "active",
        "type": code(SOPT, "1", "Medicare"),
        "subscriberId": "a number that is left out",
        "beneficiary": P1,
        "period": {"start": "2024-01-01", "end": "2024-12-31"},
        "payor": [{"reference": "Organization/pay", "display": "A payer"}],
        "class": [
            {"type": code("c", "group"), "value": "G1"},
            {"type": code("c", "plan"), "value": "B37", "name": "Silver"},
        ],
    }
    return resource("Coverage", name, **{**given, **fields})


def family(name="f1", **fields):
    given = {
        "status": "completed",
        "patient": P1,
        "date": "2024-03-01",
        "name": "a name that is left out",
        "relationship": code(
            "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "MTH", "mother"
        ),
        "condition": [
            {"code": code(SNOMED, "254837009", "Breast cancer")},
            {"code": code(SNOMED, "73211009", "Diabetes mellitus")},
        ],
    }
    return resource("FamilyMemberHistory", name, **{**given, **fields})


def consent(name="n1", **fields):
    given = {
        "status": "active",
        "scope": code(SCOPE, "research"),
        "category": [code(LOINC, "59284-0")],
        "patient": P1,
        "dateTime": "2024-03-01",
        "policyRule": code(ACT, "OPTOUT"),
        "provision": {"type": "deny"},
    }
    return resource("Consent", name, **{**given, **fields})
