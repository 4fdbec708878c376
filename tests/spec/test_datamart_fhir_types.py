"""What the further FHIR types become: resources in, exactly these OMOP rows out."""

import datetime as dt

import pytest

from rounds.datamart import Datamart
from stories import more_fhir as more
from stories import small_fhir as story
from stories.loaded_fhir import DAY, loads


@pytest.fixture
def loaded(tmp_path):
    """Load resources beside two patients, a place and a visit; give what is asked."""

    def run(*resources):
        return loads(tmp_path, resources)

    return run


def test_an_allergy_is_an_observation_whose_value_is_the_substance(loaded):
    mart = loaded(more.allergy())
    columns = (
        "who, observation_concept_id, observation_date, observation_source_value, "
        "value_as_string, value_source_value, qualifier_source_value, "
        "provider_id IS NOT NULL"
    )
    assert mart.ask("observation", columns) == [
        ("p1", 439224, DAY, "7980", "penicillin G", "7980", "high", True)
    ]
    assert mart.concept("observation", "value_as_concept_id") == [("RxNorm", "7980")]
    assert mart.count() == {"observation": 1}


@pytest.mark.parametrize(
    ("given", "concept"),
    [
        ({"category": ["food"]}, 4188027),
        ({"category": ["environment"]}, 4144450),
        ({"category": ["food", "medication"]}, 43530807),
        ({"category": None}, 43530807),
        ({"type": "intolerance", "category": ["food"]}, 4340252),
        ({"type": "intolerance"}, 4240582),
        ({"type": "intolerance", "category": ["biologic"]}, 36684107),
        ({"type": None}, 4172024),
        ({"code": story.code(story.SNOMED, "716186003", "No known allergy")}, 0),
    ],
)
def test_the_kind_of_an_allergy_is_its_concept(loaded, given, concept):
    mart = loaded(more.allergy(**given))
    assert mart.ask("observation", "observation_concept_id") == [(concept,)]


def test_a_report_with_results_is_its_results_and_is_never_counted_twice(loaded):
    result = story.observation("m1", "laboratory")
    mart = loaded(
        result,
        more.report(code=result["code"], result=[story.ref("Observation", "m1")]),
    )
    assert mart.count() == {"measurement": 1}
    assert mart.report.by_type["DiagnosticReport"].mapped == 1


def test_a_report_without_results_is_an_observation(loaded):
    mart = loaded(more.report(), more.report("r2", category=None))
    columns = "observation_source_value, observation_type_concept_id, value_as_string"
    assert mart.ask("observation", columns) == [
        ("36643-5", 32817, None),
        ("36643-5", 32841, None),
    ]
    assert mart.count() == {"observation": 2}


def test_each_conclusion_of_a_report_is_the_value_of_a_row_and_no_condition(loaded):
    codes = [
        story.code(story.SNOMED, "233604007", "Pneumonia"),
        story.code(story.SNOMED, "60046008", "Pleural effusion"),
    ]
    results = [story.ref("Observation", "m1")]
    mart = loaded(
        story.observation("m1"), more.report(conclusionCode=codes, result=results)
    )
    columns = "observation_source_value, observation_date, value_source_value"
    assert mart.ask("observation", columns) == [
        ("36643-5", DAY, "233604007"),
        ("36643-5", DAY, "60046008"),
    ]
    assert mart.count() == {"measurement": 1, "observation": 2}


def test_a_used_device_is_a_device_exposure(loaded):
    mart = loaded(more.device(), more.device_use())
    columns = (
        "who, device_source_value, device_exposure_start_date, "
        "device_exposure_end_date, device_type_concept_id, unique_device_id, "
        "production_id, quantity"
    )
    numbers = ("00844588003288", "7654321D 10987654d321")
    assert mart.ask("device_exposure", columns) == [
        ("p1", "14106009", DAY, dt.date(2024, 4, 1), 32817, *numbers, 1)
    ]
    assert mart.count() == {"device_exposure": 1}
    assert mart.report.by_type["Device"].mapped == 1


def test_a_device_may_be_contained_or_known_by_its_name_alone(loaded):
    inner = more.without(more.device("x"), "lotNumber", "serialNumber")
    named = more.without(more.device("dev2"), "type") | {
        "deviceName": [{"name": "PaceRite 3", "type": "model-name"}]
    }
    mart = loaded(
        named,
        more.device_use("du1", device={"reference": "#x"}, contained=[inner]),
        more.device_use("du2", device=story.ref("Device", "dev2"), source=more.P1),
    )
    columns = "device_source_value, device_type_concept_id, production_id"
    assert mart.ask("device_exposure", columns) == [
        ("14106009", 32817, None),
        ("PaceRite 3", 32865, "7654321D 10987654d321"),
    ]


def test_a_device_that_is_not_there_is_missed(loaded):
    mart = loaded(more.device_use(), more.device("d9", type=None, udiCarrier=None))
    assert mart.aside("DeviceUseStatement") == {"device not found": 1}
    assert mart.aside("Device") == {"no code": 1}


def test_a_specimen_is_a_specimen_with_its_amount_and_site(loaded):
    mart = loaded(more.specimen())
    columns = (
        "who, specimen_source_value, specimen_date, specimen_type_concept_id, "
        "quantity, unit_source_value, anatomic_site_source_value"
    )
    assert mart.ask("specimen", columns) == [
        ("p1", "119297000", DAY, 32817, 6.0, "mL", "49852007")
    ]
    assert mart.count() == {"specimen": 1}


def test_each_answer_of_a_form_is_an_observation_however_deep(loaded):
    mart = loaded(more.response())
    columns = (
        "who, observation_source_value, value_as_number, value_as_string, "
        "value_source_value, observation_type_concept_id"
    )
    half = "More than half the days"
    assert mart.ask("observation", columns) == [
        ("p1", "mood.1", None, half, "LA6570-1", 32862),
        ("p1", "mood.1.a", 3.0, None, "3", 32862),
        ("p1", "why", None, "sleep", "sleep", 32862),
        ("p1", "why", None, "work", "work", 32862),
    ]
    assert mart.concept("observation", "observation_source_concept_id") == [
        (more.FORM, link) for link in ("mood.1", "mood.1.a", "why", "why")
    ]
    assert mart.count() == {"observation": 4}


def test_answers_that_cannot_be_kept_are_counted(loaded):
    answers = [
        {"valueAttachment": {"url": "x"}},
        {"valueBoolean": False},
        {"valueQuantity": story.quantity(4, "cm")},
        {"valueDate": "2024-01-01"},
    ]
    mart = loaded(more.response(item=[{"linkId": "1", "answer": answers}]))
    columns = "value_as_number, value_as_string, unit_source_value"
    assert mart.ask("observation", columns) == [
        (4.0, None, "cm"),
        (None, "2024-01-01", None),
        (None, "false", None),
    ]
    (remark,) = [
        one for one in mart.report.remarks if one.type == "QuestionnaireResponse"
    ]
    assert (remark.reason, remark.n) == ("part that is not loaded: item", 1)


def test_who_filled_the_form_is_its_type(loaded):
    clinician = story.ref("Practitioner", "d1")
    mart = loaded(
        more.response("qr1", source=clinician, item=more.response()["item"][1:]),
        more.response("qr2", source=None, item=more.response()["item"][1:]),
    )
    assert mart.ask("observation", "observation_type_concept_id") == [
        (32851,),
        (32851,),
        (32883,),
        (32883,),
    ]


def test_coverages_are_payer_plan_periods_each_by_itself(loaded):
    mart = loaded(
        more.coverage(),
        more.coverage("co2", period={"start": "2024-06-01"}, payor=[more.P1]),
    )
    columns = (
        "who, payer_plan_period_start_date, payer_plan_period_end_date, "
        "payer_source_value, plan_source_value, family_source_value"
    )
    assert mart.ask("payer_plan_period", columns) == [
        ("p1", dt.date(2024, 1, 1), dt.date(2024, 12, 31), "A payer", "Silver", None),
        ("p1", dt.date(2024, 6, 1), dt.date(2099, 12, 31), "Patient", "Silver", None),
    ]
    assert (
        mart.concept("payer_plan_period", "payer_source_concept_id")
        == [("SOPT", "1")] * 2
    )
    assert mart.count() == {"payer_plan_period": 2}


def test_a_coverage_of_no_known_type_is_kept(loaded):
    mart = loaded(more.without(more.coverage(), "type"))
    columns = "payer_concept_id, payer_source_value, plan_source_value"
    assert mart.ask("payer_plan_period", columns) == [(0, "A payer", "Silver")]
    assert mart.concept("payer_plan_period", "payer_source_concept_id") == [
        ("source", "A payer")
    ]


def test_a_coverage_makes_no_observation_period(loaded):
    mart = loaded(more.coverage())
    columns = "observation_period_start_date, observation_period_end_date"
    assert mart.ask("observation_period", columns) == [(DAY, DAY)]


def test_a_relatives_condition_is_a_family_history_and_never_a_condition(loaded):
    mart = loaded(more.family())
    columns = (
        "who, observation_concept_id, observation_source_value, observation_date, "
        "value_source_value, qualifier_source_value"
    )
    assert mart.ask("observation", columns) == [
        ("p1", 4167217, "416471007", DAY, "254837009", "MTH"),
        ("p1", 4167217, "416471007", DAY, "73211009", "MTH"),
    ]
    assert mart.count() == {"observation": 2}


def test_a_role_stands_for_its_practitioner(tmp_path):
    role = story.resource(
        "PractitionerRole",
        "pr1",
        practitioner=story.ref("Practitioner", "d1"),
        organization=story.ref("Organization", "o1"),
        specialty=[story.code("http://nucc.org/provider-taxonomy", "207R00000X")],
    )
    by_role = more.allergy(recorder=story.ref("PractitionerRole", "pr1"))
    lost = more.allergy("al2", recorder=story.ref("PractitionerRole", "none"))
    mart = loads(tmp_path, [by_role, lost], [role])
    source = (
        "observation AS own LEFT JOIN provider ON "
        "provider.provider_id = own.provider_id LEFT JOIN care_site "
        "ON care_site.care_site_id = provider.care_site_id"
    )
    columns = "provider_source_value, specialty_source_value, care_site_source_value"
    with Datamart.open(mart.path) as opened:
        found = opened._connection.execute(f"SELECT {columns} FROM {source}").fetchall()
    assert sorted(found, key=str) == [
        ("d1", "207R00000X", "o1"),
        (None, None, None),
    ]
    assert mart.report.by_type["PractitionerRole"].mapped == 1
