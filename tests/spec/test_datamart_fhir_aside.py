"""What did not happen, or cannot be read, is set aside with its reason."""

import pytest

from stories import more_fhir as more
from stories import small_fhir as story
from stories.loaded_fhir import loads


@pytest.fixture
def loaded(tmp_path):
    """Load resources beside two patients, a place and a visit; give what is asked."""

    def run(*resources):
        return loads(tmp_path, resources)

    return run


STATUSES = [
    (more.administration, {"status": "entered-in-error"}, "entered in error"),
    (more.administration, {"status": "not-done"}, "not done"),
    (more.administration, {"status": "on-hold"}, "on hold"),
    (more.statement, {"status": "entered-in-error"}, "entered in error"),
    (more.statement, {"status": "intended"}, "planned"),
    (more.statement, {"status": "not-taken"}, "not done"),
    (more.dispense, {"status": "entered-in-error"}, "entered in error"),
    (more.dispense, {"status": "preparation"}, "not handed over"),
    (more.dispense, {"status": "in-progress"}, "not handed over"),
    (more.dispense, {"status": "cancelled"}, "cancelled"),
    (more.dispense, {"status": "declined"}, "not done"),
    (more.dispense, {"status": "on-hold"}, "on hold"),
    (more.allergy, {"verificationStatus": story.code("v", "refuted")}, "refuted"),
    (
        more.allergy,
        {"verificationStatus": story.code("v", "entered-in-error")},
        "entered in error",
    ),
    (
        more.allergy,
        {"clinicalStatus": story.code("c", "resolved")},
        "no longer at risk",
    ),
    (
        more.allergy,
        {"clinicalStatus": story.code("c", "inactive")},
        "no longer at risk",
    ),
    (more.report, {"status": "entered-in-error"}, "entered in error"),
    (more.report, {"status": "cancelled"}, "cancelled"),
    (more.report, {"status": "registered"}, "no result yet"),
    (more.report, {"subject": story.ref("Group", "g")}, "subject is no patient"),
    (more.device_use, {"status": "entered-in-error"}, "entered in error"),
    (more.device_use, {"status": "intended"}, "planned"),
    (more.device_use, {"device": None}, "no code"),
    (more.specimen, {"status": "entered-in-error"}, "entered in error"),
    (more.specimen, {"subject": story.ref("Device", "d")}, "subject is no patient"),
    (more.specimen, {"collection": None}, "no date"),
    (more.response, {"status": "entered-in-error"}, "entered in error"),
    (more.response, {"status": "in-progress"}, "not finished"),
    (more.response, {"questionnaire": None}, "no questionnaire"),
    (more.response, {"questionnaire": "#inside"}, "no questionnaire"),
    (more.response, {"item": [{"linkId": "1"}]}, "no answer"),
    (more.coverage, {"status": "entered-in-error"}, "entered in error"),
    (more.coverage, {"status": "draft"}, "planned"),
    (more.coverage, {"status": "cancelled"}, "cancelled"),
    (more.coverage, {"period": None}, "no date"),
    (more.family, {"status": "entered-in-error"}, "entered in error"),
    (more.family, {"status": "health-unknown"}, "nothing known"),
    (more.family, {"condition": None}, "no condition"),
    (more.family, {"date": "2024"}, "date not precise to the day"),
    (
        more.administration,
        {"subject": story.ref("Patient", "x")},
        "reference to nothing",
    ),
]


@pytest.mark.parametrize(("make", "given", "why"), STATUSES)
def test_what_did_not_happen_or_cannot_be_read_is_set_aside(loaded, make, given, why):
    one = make(**given)
    mart = loaded(more.device(), one)
    assert mart.aside(one["resourceType"]) == {why: 1}
    assert mart.count() == {}
    assert mart.report.read == mart.report.mapped + mart.report.set_aside


@pytest.mark.parametrize(
    ("make", "given", "why"),
    [
        (more.consent, {"provision": [1]}, "value of the wrong type: provision"),
        (more.response, {"item": "text"}, "value of the wrong type: item"),
        (
            more.administration,
            {"dosage": {"dose": {"value": "ten"}}},
            "value of the wrong type: dosage.dose.value",
        ),
        (
            more.response,
            {"item": [{"linkId": "1", "answer": [{"valueDecimal": "4"}]}]},
            "value of the wrong type: item.valueDecimal",
        ),
    ],
)
def test_a_value_of_another_kind_is_set_aside_and_named(loaded, make, given, why):
    mart = loaded(make(**given))
    assert mart.aside(make()["resourceType"]) == {why: 1}
    assert mart.count() == {}
