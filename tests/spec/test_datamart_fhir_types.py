"""What the further FHIR types become: resources in, exactly these OMOP rows out."""

import datetime as dt

import pytest

from rounds.datamart import Datamart, load
from stories import more_fhir as more
from stories import small_fhir as story

BASE = {
    "Patient": [story.patient("p1"), story.patient("p2", gender="male")],
    "Organization": [story.resource("Organization", "o1", name="North clinic")],
    "Practitioner": [
        story.resource("Practitioner", "d1", name=[{"family": "Ito"}]),
    ],
    "Encounter": [story.encounter("e1")],
}
DAY = dt.date(2024, 3, 1)
CLINICAL = (
    "condition_occurrence",
    "measurement",
    "observation",
    "procedure_occurrence",
    "drug_exposure",
    "device_exposure",
    "specimen",
    "payer_plan_period",
)


@pytest.fixture
def loaded(tmp_path):
    """Load resources beside two patients, a place and a visit; give what is asked."""

    def run(*resources):
        folder = tmp_path / "fhir"
        folder.mkdir()
        given = {kind: list(each) for kind, each in BASE.items()}
        for one in resources:
            given.setdefault(one["resourceType"], []).append(one)
        story.write_ndjson(folder, given)
        report = load(folder, tmp_path / "mart")
        return Loaded(tmp_path / "mart", report)

    return run


class Loaded:
    def __init__(self, path, report):
        self.path = path
        self.report = report

    def ask(self, table, columns, where="true"):
        """Give rows with `who`, the person's own id, for each person_id."""
        source = f"{table} AS own JOIN person AS who USING (person_id)"
        columns = columns.replace("who", "who.person_source_value")
        columns = columns.replace("provider_id", "own.provider_id")
        with Datamart.open(self.path) as mart:
            return mart._connection.execute(
                f"SELECT {columns} FROM {source} WHERE {where} ORDER BY ALL"
            ).fetchall()

    def concept(self, table, column):
        """Give vocabulary and code of the concept in a column of each row."""
        with Datamart.open(self.path) as mart:
            return mart._connection.execute(
                f"SELECT vocabulary_id, concept_code FROM {table} "
                f"JOIN concept ON concept_id = {column} ORDER BY ALL"
            ).fetchall()

    def count(self):
        """Give how many rows each clinical table has, of those that have any."""
        rows = {table: self.report.rows[table] for table in CLINICAL}
        return {table: n for table, n in rows.items() if n}

    def aside(self, kind):
        found = [one for one in self.report.reasons if one.type == kind]
        assert all(one.meaning and one.remedy for one in found)
        return {one.reason: one.n for one in found}


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
    assert mart.concept("payer_plan_period", "payer_source_concept_id") == [
        ("SOPT", "1")
    ] * 2
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
    (more.administration, {"subject": story.ref("Patient", "x")}, "reference to nothing"),
]


@pytest.mark.parametrize(("make", "given", "why"), STATUSES)
def test_what_did_not_happen_or_cannot_be_read_is_set_aside(loaded, make, given, why):
    one = make(**given)
    mart = loaded(more.device(), one)
    assert mart.aside(one["resourceType"]) == {why: 1}
    assert mart.count() == {}
    assert mart.report.read == mart.report.mapped + mart.report.set_aside


def loads(tmp_path, *batches):
    """Load one batch after another into one datamart; give the last report."""
    for place, batch in enumerate(batches):
        folder = tmp_path / f"fhir-{place}"
        folder.mkdir()
        given = {}
        for one in batch:
            given.setdefault(one["resourceType"], []).append(one)
        story.write_ndjson(folder, given)
        report = load(folder, tmp_path / "mart")
    return Loaded(tmp_path / "mart", report)


def referring():
    one = more.without(more.dispense(), "medicationCodeableConcept")
    return one | {"medicationReference": story.ref("Medication", "med1")}


def test_a_medication_that_comes_late_maps_what_waited_for_it(tmp_path):
    first = [*(one for each in BASE.values() for one in each), referring()]
    mart = loads(tmp_path, first, [more.medication()])
    assert mart.ask("drug_exposure", "who, drug_source_value") == [("p1", "314076")]


def test_a_medication_that_changes_changes_what_refers_to_it(tmp_path):
    first = [*(one for each in BASE.values() for one in each), referring()]
    later = more.medication(code=story.code(story.RXNORM, "197361"))
    later["meta"] = {"lastUpdated": "2024-09-01T00:00:00Z"}
    mart = loads(tmp_path, [*first, more.medication()], [later])
    assert mart.ask("drug_exposure", "drug_source_value") == [("197361",)]
