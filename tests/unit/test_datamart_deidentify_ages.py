"""De-identification: nothing says of anybody that they are over 89, or how old."""

import random
import re
from pathlib import Path

import duckdb
import pytest

from rounds import datamart
from rounds.datamart.deidentify import MODES, Deidentifier, DeidentifyPlan
from rounds.datamart.mapping import mapping

FLOOR = 1936
LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
QUANTITY = (
    "STRUCT(value JSON, comparator VARCHAR, unit VARCHAR, system VARCHAR, code VARCHAR)"
)
CODING = "STRUCT(system VARCHAR, code VARCHAR, display VARCHAR)"


@pytest.fixture
def connection():
    with duckdb.connect(config={"threads": 1}) as opened:
        yield opened


@pytest.fixture
def away(connection, tmp_path):
    def make(mode="safe_harbor"):
        return Deidentifier(
            connection,
            DeidentifyPlan(
                mode=mode,
                key=bytes(range(32)),
                reference_year=2026,
                codes=tmp_path / "deidentify-codes",
                random_bytes=random.Random(7).randbytes,
            ),
        )

    return make


def given(connection, columns, *rows):
    """Make the table `given` with typed columns and some rows of SQL."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE given ({columns})")
    for row in rows:
        connection.execute(f"INSERT INTO given VALUES ({row})")


@pytest.mark.parametrize("mode", MODES)
def test_no_event_of_fhir_is_before_the_oldest_year_of_birth_that_is_shown(
    connection, away, mode
):
    """Born in 1925, a birth year of 1936 is shown: a disease of 1930 would undo that."""
    given(
        connection,
        'id VARCHAR, subject VARCHAR, start VARCHAR, "end" VARCHAR',
        "'c', 'Patient/p', '1930-05-05', '1931-02-03'",
        "'d', 'Patient/p', '1930', '1934-05-06T10:00:00Z'",
        "'e', 'Patient/p', '2020-05-05', NULL",
    )
    relation = away(mode).relation("given", "fhir", "Condition")
    found = connection.execute(f'SELECT start, "end" FROM {relation}').fetchall()
    years = [int(day[:4]) for row in found for day in row if day]
    assert years[:4] == [FLOOR] * 4
    assert years[4] in ({2020} if mode == "safe_harbor" else {2019, 2020, 2021})


@pytest.mark.parametrize("mode", MODES)
def test_no_event_of_omop_is_either(connection, away, mode):
    given(
        connection,
        "visit_occurrence_id BIGINT, person_id BIGINT, visit_start_date DATE, "
        "visit_start_datetime TIMESTAMP, visit_end_date DATE",
        "1, 1, '1929-05-05', '1929-05-05 10:00', '1937-12-30'",
    )
    relation = away(mode).relation("given", "omop", "visit_occurrence")
    (row,) = connection.execute(
        f"SELECT visit_start_date, visit_start_datetime, visit_end_date FROM {relation}"
    ).fetchall()
    assert row[0].year == FLOOR
    assert row[1] is None if mode == "safe_harbor" else row[1].year == FLOOR
    assert row[0] <= row[2]


def test_a_death_keeps_its_year_since_it_tells_of_no_age_alone(connection, away):
    given(connection, "person_id BIGINT, death_date DATE", "1, '1930-05-05'")
    relation = away().relation("given", "omop", "death")
    (row,) = connection.execute(f"SELECT year(death_date) FROM {relation}").fetchall()
    assert row == (1930,)


def quantities(connection, relation):
    rows = connection.execute(
        f"SELECT CAST(value.value AS DOUBLE) FROM {relation}"
    ).fetchall()
    return [value for (value,) in rows]


def observation(system, code, value, unit=None):
    unit = "NULL" if unit is None else f"'{unit}'"
    return (
        f"'o', 'Patient/p', {{'system': '{system}', 'code': '{code}', 'display': 'x'}}, "
        f"{{'value': '{value}'::JSON, 'comparator': NULL, 'unit': {unit}, "
        f"'system': NULL, 'code': {unit}}}"
    )


OBSERVATION = f"id VARCHAR, subject VARCHAR, code {CODING}, value {QUANTITY}"


@pytest.mark.parametrize("mode", MODES)
def test_every_listed_code_of_an_age_is_grouped_with_a_unit_and_without(
    connection, away, mode
):
    systems = {"LOINC": LOINC, "SNOMED": SNOMED}
    listed = [
        (systems[row["vocabulary"]], row["code"])
        for row in mapping("deidentify_numbers")
        if row["kind"] == "age"
    ]
    assert (LOINC, "35267-4") in listed  # at diagnosis
    assert (SNOMED, "445518008") in listed  # at onset
    for unit in (None, "a", "1", "years"):
        rows = [observation(*code, 97, unit) for code in listed]
        given(connection, OBSERVATION, *rows)
        relation = away(mode).relation("given", "fhir", "Observation")
        assert quantities(connection, relation) == [90] * len(listed), unit


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "case",
    [
        (97, "a", 90), (97, "Years", 90), (97, "yr", 90), (1200, "mo", 1080),
        (36000, "d", 32872.5), (88, "a", 88), (97, "mm[Hg]", 97), (280, "d", 280),
        (1200, "min", 1200),
    ],
)  # fmt: skip
def test_what_lasts_longer_than_89_years_is_an_age_whatever_its_code(
    connection, away, mode, case
):
    """A code that nobody listed: how long somebody has smoked, or been ill."""
    value, unit, shown = case
    given(connection, OBSERVATION, observation(LOINC, "88029-8", value, unit))
    relation = away(mode).relation("given", "fhir", "Observation")
    assert quantities(connection, relation) == [shown]


def test_a_number_of_which_nobody_knows_what_it_is_may_be_an_age(connection, away):
    """A local code is taken away, and 97 after it could be anybody's age."""
    local = "http://lab.example"
    given(
        connection, OBSERVATION,
        observation(local, "AGE", 97), observation(local, "AGE", 42),
        observation(local, "GLU", 97, "mg/dL"), observation(LOINC, "9269-2", 97),
    )  # fmt: skip
    relation = away().relation("given", "fhir", "Observation")
    assert quantities(connection, relation) == [90, 42, 97, 97]


def test_an_age_among_components_and_answers_is_grouped(connection, away):
    leaf = 'STRUCT("valueInteger" VARCHAR)'
    concept = f'STRUCT(coding {CODING}[], "text" VARCHAR)'
    part = f'STRUCT(code {concept}, "valueInteger" VARCHAR, "valueQuantity" {QUANTITY})'
    given(
        connection,
        f"id VARCHAR, subject VARCHAR, component {part}[]",
        "'o', 'Patient/p', [{'code': {'coding': [{'system': 'http://loinc.org', "
        "'code': '35267-4', 'display': 'x'}], 'text': NULL}, 'valueInteger': '97', "
        "'valueQuantity': {'value': '98'::JSON, 'comparator': NULL, 'unit': NULL, "
        "'system': NULL, 'code': NULL}}]",
    )
    relation = away().relation("given", "fhir", "Observation")
    ((found,),) = connection.execute(f"SELECT component FROM {relation}").fetchall()
    assert found[0]["valueInteger"] == "90"
    assert float(found[0]["valueQuantity"]["value"]) == 90
    given(
        connection,
        f"id VARCHAR, subject VARCHAR, item STRUCT(answer {leaf}[])[]",
        "'q', 'Patient/p', [{'answer': [{'valueInteger': '97'}]}]",
    )
    relation = away().relation("given", "fhir", "QuestionnaireResponse")
    ((found,),) = connection.execute(f"SELECT item FROM {relation}").fetchall()
    assert found[0]["answer"][0]["valueInteger"] == "90"


@pytest.mark.parametrize("mode", MODES)
def test_a_number_of_nine_digits_is_somebody_s(connection, away, mode):
    """A social security, telephone or record number as the value of a test."""
    given(
        connection, OBSERVATION,
        observation(LOINC, "8480-6", 123456789, "mm[Hg]"),
        observation(LOINC, "8480-6", 12345678, "mm[Hg]"),
        observation(LOINC, "45401-7", 2139), observation(SNOMED, "184099003", 1925),
    )  # fmt: skip
    relation = away(mode).relation("given", "fhir", "Observation")
    assert quantities(connection, relation) == [None, 12345678, None, None]


@pytest.mark.parametrize(
    "case",
    [
        (0, "35267-4", 97, None, 0, 90),
        (4265453, "x", 97, None, 0, 90),
        (3004249, "8480-6", 97, None, 0, 97),
        (3004249, "8480-6", 97, "years", 0, 90),
        (3004249, "8480-6", 97, None, 9448, 90),
        (3004249, "8480-6", 97, "mm[Hg]", 8876, 97),
        (0, "AGE", 97, None, 0, 90),
        (2_000_000_001, "AGE", 97, None, None, 90),
        (0, "GLU", 97, None, 8840, 97),
        (3004249, "8480-6", 123456789, "mm[Hg]", 8876, None),
    ],
)
def test_an_age_in_omop_is_grouped(connection, away, case):
    """Concept, source value, number, unit and its concept; what is shown."""
    concept, source, number, unit, unit_concept, shown = case
    null = "NULL" if unit is None else f"'{unit}'"
    unit_concept = "NULL" if unit_concept is None else unit_concept
    given(
        connection,
        "measurement_id BIGINT, person_id BIGINT, measurement_concept_id INTEGER, "
        "measurement_source_value VARCHAR, value_as_number DOUBLE, "
        "unit_source_value VARCHAR, unit_concept_id INTEGER",
        f"1, 1, {concept}, '{source}', {number}, {null}, {unit_concept}",
    )
    relation = away().relation("given", "omop", "measurement")
    found = connection.execute(f"SELECT value_as_number FROM {relation}").fetchall()
    assert found == [(shown,)]


def test_a_loaded_vocabulary_tells_of_more_ages_by_their_names(connection, away):
    connection.execute(
        "ATTACH ':memory:' AS vocabulary; CREATE TABLE vocabulary.concept AS "
        "SELECT * FROM (VALUES (1, 'LOINC', '64219-3', 'Age at first use'), "
        "(2, 'LOINC', '8480-6', 'Average pressure'), "
        "(3, 'SNOMED', '57036006', 'Fetal gestational age')) "
        "t(concept_id, vocabulary_id, concept_code, concept_name)"
    )
    given(
        connection, OBSERVATION,
        observation(LOINC, "64219-3", 97), observation(LOINC, "8480-6", 97),
        observation(SNOMED, "57036006", 280, "d"),
    )  # fmt: skip
    relation = away("shifted").relation("given", "fhir", "Observation")
    assert quantities(connection, relation) == [90, 97, 280]


def test_no_view_reads_an_element_that_is_an_age():
    """Ages at onset, abatement and death, of relatives too, are not staged at all."""
    read = {
        word
        for view in (Path(datamart.__file__).parent / "mappings" / "views").glob("*")
        for word in re.findall(
            r"[a-zA-Z]*Age\b|ofType\((?:Age|Range)\)", view.read_text()
        )
    }
    assert read == set()
