"""Each record of a medicine is a drug exposure that says what kind of record it is."""

import datetime as dt

import pytest

from stories import more_fhir as more
from stories import small_fhir as story
from stories.loaded_fhir import DAY, loads


@pytest.fixture
def loaded(tmp_path):
    """Load resources beside two patients, a place and a visit; give what is asked."""

    def run(*resources):
        return loads(tmp_path, resources)

    return run


def referring():
    one = more.without(more.dispense(), "medicationCodeableConcept")
    return one | {"medicationReference": story.ref("Medication", "med1")}


def test_an_administration_is_a_drug_exposure_with_its_dose_and_route(loaded):
    mart = loaded(more.administration())
    columns = (
        "who, drug_type_concept_id, drug_source_value, drug_exposure_start_date, "
        "drug_exposure_end_date, verbatim_end_date, quantity, dose_unit_source_value, "
        "route_source_value, visit_occurrence_id IS NOT NULL, provider_id IS NOT NULL"
    )
    end = dt.date(2024, 3, 2)
    assert mart.ask("drug_exposure", columns) == [
        ("p1", 32818, "314076", DAY, end, end, 10.0, "mg", "26643006", True, True)
    ]
    assert mart.count() == {"drug_exposure": 1}


def test_one_drug_is_as_many_exposures_as_there_are_records_of_it(loaded):
    mart = loaded(
        story.request("q1", subject=more.P1),
        story.request(
            "q2",
            subject=more.P1,
            category=[story.code("http://c", "inpatient")],
        ),
        more.administration(),
        more.dispense(),
        more.statement("s1"),
        more.statement("s2", informationSource=story.ref("Practitioner", "d1")),
        more.statement("s3", informationSource=None),
    )
    assert mart.ask("drug_exposure", "drug_type_concept_id") == [
        (32817,),
        (32817,),
        (32818,),
        (32825,),
        (32833,),
        (32838,),
        (32865,),
    ]


def test_a_dispense_is_dated_by_its_handing_over_and_lasts_for_its_supply(loaded):
    mart = loaded(more.dispense())
    columns = (
        "drug_exposure_start_date, drug_exposure_end_date, verbatim_end_date, "
        "days_supply, quantity, dose_unit_source_value"
    )
    assert mart.ask("drug_exposure", columns) == [
        (dt.date(2024, 3, 2), dt.date(2024, 3, 31), None, 30, 30.0, None)
    ]


def test_a_statement_without_a_time_is_dated_by_when_it_was_made(loaded):
    one = more.without(more.statement(), "effectiveDateTime")
    mart = loaded(
        one | {"dateAsserted": "2024-05-01", "status": "stopped"},
        more.statement("s2", statusReason=[story.code("http://r", "side-effect")]),
    )
    columns = "drug_exposure_start_date, stop_reason"
    assert mart.ask("drug_exposure", columns) == [
        (dt.date(2024, 2, 1), "side-effect"),
        (dt.date(2024, 5, 1), "stopped"),
    ]


def test_a_medication_referred_to_gives_its_code_and_no_row(loaded):
    kinds = (more.administration, more.statement, more.dispense)
    mart = loaded(
        more.medication(),
        *(
            more.without(one(), "medicationCodeableConcept")
            | {"medicationReference": story.ref("Medication", "med1")}
            for one in kinds
        ),
    )
    assert mart.ask("drug_exposure", "drug_source_value") == [("314076",)] * 3
    assert mart.report.by_type["Medication"].mapped == 1
    assert mart.count() == {"drug_exposure": 3}


def test_a_medication_that_is_not_there_or_has_no_code_is_missed(loaded):
    def of(name, medication):
        return more.without(more.dispense(name), "medicationCodeableConcept") | {
            "medicationReference": story.ref("Medication", medication)
        }

    mart = loaded(
        more.medication("bare", code={}),
        more.medication("wrong", status="entered-in-error"),
        of("d1", "bare"),
        of("d2", "wrong"),
        of("d3", "nowhere"),
    )
    assert mart.aside("Medication") == {"no code": 1, "entered in error": 1}
    assert mart.aside("MedicationDispense") == {"medication not found": 3}
    assert mart.count() == {}


def test_a_medication_that_comes_late_maps_what_waited_for_it(tmp_path):
    mart = loads(tmp_path, [referring()], [more.medication()])
    assert mart.ask("drug_exposure", "who, drug_source_value") == [("p1", "314076")]


def test_a_medication_that_changes_changes_what_refers_to_it(tmp_path):
    later = more.medication(code=story.code(story.RXNORM, "197361"))
    later["meta"] = {"lastUpdated": "2024-09-01T00:00:00Z"}
    mart = loads(tmp_path, [referring(), more.medication()], [later])
    assert mart.ask("drug_exposure", "drug_source_value") == [("197361",)]
