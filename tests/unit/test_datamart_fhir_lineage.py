"""A row leads to the resource, file and record that it was made from, and back."""

import pytest

from rounds.datamart.fhir.lineage import resource_of, rows_of
from rounds.datamart.vocabulary import build_vocabulary
from stories import small_fhir as story
from stories.fhir_parts import TABLES, Parts
from stories.small_vocabulary import silent, write_export

KEYS = {
    "person": "person_id",
    "death": "person_id",
    "visit_occurrence": "visit_occurrence_id",
    "condition_occurrence": "condition_occurrence_id",
    "measurement": "measurement_id",
    "observation": "observation_id",
    "procedure_occurrence": "procedure_occurrence_id",
    "drug_exposure": "drug_exposure_id",
    "care_site": "care_site_id",
    "provider": "provider_id",
    "location": "location_id",
}


@pytest.fixture
def parts(tmp_path):
    parts = Parts(tmp_path / "parts")
    everything = dict(story.RESOURCES)
    people = everything.pop("Patient")
    parts.load(*(one for each in everything.values() for one in each))
    parts.load(*people, story.patient("p3", address=[{"city": "Ely"}]))
    return parts


def test_every_row_has_one_origin_which_has_that_row(parts):
    n = 0
    with parts.open() as connection:
        for table in TABLES:
            if table not in KEYS:
                continue
            rows = connection.execute(f"SELECT {KEYS[table]} FROM {table}").fetchall()
            for (number,) in rows:
                (origin,) = resource_of(connection, table, number, parts.aliases)
                found = rows_of(
                    connection, origin.resource_type, origin.resource_id, parts.aliases
                )
                assert (table, number) in {(row.table, row.row_id) for row in found}
                n += 1
    assert n >= 16


def test_the_components_of_a_panel_lead_to_its_line(parts):
    with parts.open() as connection:
        rows = rows_of(connection, "Observation", "m2", parts.aliases)
        assert [row.table for row in rows] == ["measurement", "measurement"]
        assert len({row.row_id for row in rows}) == 2
        places = {
            (one.resource_id, one.file_number, one.record)
            for row in rows
            for one in resource_of(connection, row.table, row.row_id, parts.aliases)
        }
    everything = [each for kind, each in story.RESOURCES.items() if kind != "Patient"]
    lines = [one["id"] for each in everything for one in each]
    assert places == {("m2", 0, lines.index("m2") + 1)}


def test_what_was_set_aside_has_no_rows_and_no_name_in_print(parts):
    with parts.open() as connection:
        assert rows_of(connection, "Condition", "c2", parts.aliases) == ()
        assert resource_of(connection, "measurement", 1, parts.aliases) == ()
        (row,) = rows_of(connection, "Condition", "c1", parts.aliases)
        (origin,) = resource_of(connection, row.table, row.row_id, parts.aliases)
    assert "c1" not in repr(origin)
    assert str(row.row_id) not in repr(row)


def test_each_standard_concept_of_a_code_has_a_row_that_leads_back(tmp_path):
    write_export(tmp_path / "athena")
    made = tmp_path / "vocabulary.duckdb"
    build_vocabulary(tmp_path / "athena", made, existing=None, tell=silent)
    parts = Parts(tmp_path / "parts", vocabulary=made)
    icd = "http://hl7.org/fhir/sid/icd-10-cm"
    parts.load(
        story.patient(),
        story.condition(code=story.code(icd, "E11.621")),
        story.condition("family", code=story.code(icd, "Z83.3")),
    )
    concepts = parts.rows("condition_occurrence", "condition_concept_id")
    assert concepts == [(101,), (103,)]
    value = parts.rows("observation", "observation_concept_id, value_as_concept_id")
    assert value == [(104, 102)]
    with parts.open() as connection:
        rows = rows_of(connection, "Condition", "c1", parts.aliases)
        assert len({row.row_id for row in rows}) == 2
        origins = [
            resource_of(connection, row.table, row.row_id, parts.aliases)
            for row in rows
        ]
        assert {one.resource_id for (one,) in origins} == {"c1"}
        (row,) = rows_of(connection, "Condition", "family", parts.aliases)
        assert row.table == "observation", "its concept's domain chooses the table"
