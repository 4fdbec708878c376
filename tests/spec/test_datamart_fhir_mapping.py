"""Each small resource becomes exactly these OMOP rows."""

import datetime as dt

import pytest

from rounds.datamart import Datamart, load
from rounds.datamart.mapping import cdm_columns, cdm_tables
from stories import small_fhir as story

FIRST_LOCAL = 2_000_000_001


@pytest.fixture
def rows(tmp_path):
    """Load resources; give the chosen columns of one table."""

    def run(table, columns, resources=None, *, where="true"):
        folder = tmp_path / "fhir"
        folder.mkdir(exist_ok=True)
        story.write_ndjson(folder, resources)
        load(folder, tmp_path / "mart")
        with Datamart.open(tmp_path / "mart") as mart:
            return mart._connection.execute(
                f"SELECT {columns} FROM {table} WHERE {where}"
            ).fetchall()

    return run


def with_people(kind, *resources):
    base = dict(story.RESOURCES)
    for each in ("Condition", "Observation", "Procedure", "CarePlan"):
        del base[each]
    for each in ("MedicationRequest", "Immunization"):
        del base[each]
    return base | {kind: [*base.get(kind, []), *resources]}


def codes(rows):
    """Give vocabulary and code of each local concept."""
    return rows(
        "concept", "concept_id, vocabulary_id, concept_code, domain_id", where="true"
    )


def test_patients_become_persons_and_deaths(rows):
    columns = (
        "person_source_value, gender_concept_id, year_of_birth, month_of_birth, "
        "day_of_birth, gender_source_value"
    )
    assert rows("person", columns) == [
        ("p1", 8532, 1960, 5, 4, "female"),
        ("p2", 8507, 1950, None, None, "male"),
    ]
    assert rows("death", "person_id, death_date") == [
        (story.key("Patient", "p2"), dt.date(2024, 5, 6))
    ]


@pytest.mark.parametrize(
    ("birth", "expected"),
    [("1950", (1950, None, None)), ("1950-07", (1950, 7, None))],
)
def test_a_birth_date_may_be_a_year_or_a_month(rows, birth, expected):
    found = rows(
        "person",
        "year_of_birth, month_of_birth, day_of_birth",
        {"Patient": [story.patient(birthDate=birth)]},
    )
    assert found == [expected]


def test_race_and_ethnicity_come_from_us_core(rows):
    base = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
    given = [
        {
            "url": f"{base}{kind}",
            "extension": [
                {"url": "text", "valueString": "any"},
                {"url": "ombCategory", "valueCoding": {"code": code}},
            ],
        }
        for kind, code in (("race", "2054-5"), ("ethnicity", "2186-5"))
    ]
    found = rows(
        "person",
        "race_concept_id, ethnicity_concept_id",
        {"Patient": [story.patient(extension=given)]},
    )
    assert found == [(8516, 38003564)]


def test_encounters_become_visits_on_the_local_day(rows):
    columns = (
        "p.person_source_value, visit_concept_id, visit_start_date, "
        "visit_start_datetime, visit_end_date, care_site_source_value, "
        "provider_source_value"
    )
    table = (
        "visit_occurrence JOIN person AS p USING (person_id) "
        "JOIN care_site ON care_site.care_site_id = visit_occurrence.care_site_id "
        "JOIN provider ON provider.provider_id = visit_occurrence.provider_id"
    )
    day, time = dt.date(2024, 3, 1), dt.datetime.fromisoformat("2024-03-01T09:00")
    assert rows(table, columns) == [
        ("p1", 9202, day, time, day, "o1", "d1"),
        ("p2", 9201, day, time, day, "o1", "d1"),
    ]


@pytest.mark.parametrize(
    ("code", "concept"),
    [
        ("AMB", 9202),
        ("EMER", 9203),
        ("IMP", 9201),
        ("ACUTE", 9201),
        ("NONAC", 9201),
        ("OBSENC", 9201),
        ("VR", 5083),
        ("HH", 581476),
        ("XYZ", 0),
    ],
)
def test_the_class_of_an_encounter_is_its_visit_concept(rows, code, concept):
    visit = story.encounter("e1", **{"class": {"code": code}})
    found = rows(
        "visit_occurrence",
        "visit_concept_id, visit_source_value",
        with_people("Patient") | {"Encounter": [visit]},
    )
    assert found == [(concept, code)]


def test_a_condition_keeps_its_code_as_a_local_concept(rows):
    columns = (
        "condition_concept_id, condition_source_concept_id, condition_source_value, "
        "condition_start_date, condition_end_date, visit_occurrence_id, stop_reason"
    )
    found = rows("condition_occurrence", columns)
    (row,) = found
    assert row[0] == 0
    assert row[1] >= FIRST_LOCAL
    visit = story.key("Encounter", "e1")
    assert row[2:] == ("I10", dt.date(2024, 3, 1), None, visit, None)
    known = {(v, c, d) for _, v, c, d in codes(rows)}
    assert ("ICD10CM", "I10", "Condition") in known
    assert ("LOINC", "8480-6", "Measurement") in known
    assert ("RxNorm", "314076", "Drug") in known
    assert ("CVX", "140", "Drug") in known
    assert ("SVI", "RPL_THEMES", "Observation") in known


def test_a_resolved_condition_ends(rows):
    one = story.condition(
        abatementDateTime="2024-05-01", clinicalStatus=story.code("c", "resolved")
    )
    found = rows(
        "condition_occurrence",
        "condition_end_date, stop_reason",
        with_people("Condition", one),
    )
    assert found == [(dt.date(2024, 5, 1), "resolved")]


def test_a_vital_sign_is_a_measurement_on_the_day_as_written(rows):
    columns = (
        "measurement_date, measurement_datetime, value_as_number, unit_source_value, "
        "measurement_source_value, unit_concept_id"
    )
    found = rows("measurement", columns, where="measurement_source_value = '29463-7'")
    late = dt.datetime.fromisoformat("2024-03-01T23:30")
    assert found == [(dt.date(2024, 3, 1), late, 71.5, "kg", "29463-7", 0)]


def test_each_component_of_a_panel_is_a_measurement_and_the_panel_is_none(rows):
    found = rows(
        "measurement",
        "measurement_source_value, value_as_number, unit_source_value, "
        "visit_occurrence_id",
        with_people("Observation", story.panel()),
    )
    visit = story.key("Encounter", "e1")
    assert sorted(found) == [
        ("8462-4", 82.0, "mm[Hg]", visit),
        ("8480-6", 128.0, "mm[Hg]", visit),
    ]


def test_social_history_and_svi_are_observations(rows):
    found = rows(
        "observation JOIN concept ON concept_id = observation_source_concept_id",
        "vocabulary_id, observation_source_value, value_as_number, value_as_string",
    )
    assert sorted(found, key=str) == [
        ("LOINC", "72166-2", None, "Never smoker"),
        ("SVI", "RPL_THEMES", 0.61, None),
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"valueInteger": 3}, (3.0, None)),
        ({"valueBoolean": True}, (None, "true")),
        ({"valueString": "often"}, (None, "often")),
    ],
)
def test_other_values_are_kept(rows, value, expected):
    one = story.observation("x", "social-history", **value)
    del one["valueQuantity"]
    found = rows(
        "observation",
        "value_as_number, value_as_string",
        with_people("Observation", one),
    )
    assert found == [expected]


def test_a_comparator_becomes_an_operator(rows):
    one = story.observation(
        valueQuantity={**story.quantity(5, "mg/L"), "comparator": "<"}
    )
    found = rows(
        "measurement",
        "operator_concept_id, value_as_number",
        with_people("Observation", one),
    )
    assert found == [(4171756, 5.0)]


def test_requests_and_immunizations_are_drug_exposures(rows):
    columns = (
        "drug_source_value, drug_exposure_start_date, drug_exposure_end_date, "
        "days_supply"
    )
    supply = {"expectedSupplyDuration": {"value": 30, "code": "d"}}
    one = story.request("q9", dispenseRequest=supply)
    found = rows(
        "drug_exposure",
        columns,
        with_people("MedicationRequest", one)
        | {"Immunization": [story.immunization()]},
    )
    assert sorted(found) == [
        ("140", dt.date(2023, 10, 1), dt.date(2023, 10, 1), None),
        ("314076", dt.date(2024, 4, 5), dt.date(2024, 5, 4), 30),
    ]


def test_a_contained_medication_gives_its_code(rows):
    one = story.request(
        "q9",
        contained=[
            {
                "resourceType": "Medication",
                "id": "m",
                "code": story.code(story.RXNORM, "197361", "amlodipine 5 MG"),
            }
        ],
        medicationReference={"reference": "#m"},
    )
    del one["medicationCodeableConcept"]
    found = rows(
        "drug_exposure", "drug_source_value", with_people("MedicationRequest", one)
    )
    assert found == [("197361",)]


def test_a_known_system_is_preferred_among_several_codings(rows):
    several = {
        "coding": [
            {"system": "urn:local", "code": "BP1"},
            {"system": story.SNOMED, "code": "59621000"},
        ]
    }
    found = rows(
        "condition_occurrence JOIN concept ON concept_id = condition_source_concept_id",
        "vocabulary_id, concept_code",
        with_people("Condition", story.condition(code=several)),
    )
    assert found == [("SNOMED", "59621000")]


def test_an_unknown_system_is_its_own_vocabulary_and_words_are_kept(rows):
    local = story.condition("a", code=story.code("urn:local", "BP1"))
    words = story.condition("b", code={"text": "sore knee"})
    found = rows(
        "condition_occurrence JOIN concept ON concept_id = condition_source_concept_id",
        "vocabulary_id, concept_code",
        with_people("Condition", local, words),
    )
    assert sorted(found) == [("source", "sore knee"), ("urn:local", "BP1")]


def test_references_may_be_absolute_versioned_or_to_a_bundle_entry(rows, tmp_path):
    first = story.condition("a")
    first["subject"] = {"reference": "https://ehr.example/fhir/Patient/p1"}
    second = story.condition("b")
    second["subject"] = {"reference": "Patient/p1/_history/3"}
    found = rows(
        "condition_occurrence", "person_id", with_people("Condition", first, second)
    )
    assert found == [(story.key("Patient", "p1"),)] * 2


def test_events_are_sorted_by_person_and_date(rows):
    found = rows("measurement", "person_id, measurement_date, measurement_id")
    assert found == sorted(found)


def test_observation_periods_span_the_events(rows):
    columns = "observation_period_start_date, observation_period_end_date"
    assert rows("observation_period", columns) == [
        (dt.date(2024, 3, 1), dt.date(2024, 3, 2)),
        (dt.date(2023, 10, 1), dt.date(2024, 4, 5)),
    ]


def test_every_id_is_a_bigint(rows):
    found = rows(
        "information_schema.columns",
        "table_name, column_name, data_type",
        where="column_name LIKE '%\\_id' ESCAPE '\\' AND table_schema = 'main'",
    )
    texts = {
        (table, row["column"])
        for table in cdm_tables()
        for row in cdm_columns(table)
        if row["type"] == "VARCHAR"
    }
    ids = [
        kind
        for table, name, kind in found
        if table in cdm_tables() and (table, name) not in texts
    ]
    assert len(ids) > 100
    assert set(ids) == {"BIGINT"}
