"""With a vocabulary, a code means the same whichever shape it comes in."""

import pytest

from rounds.datamart import Datamart, load, load_vocabulary
from stories import small_fhir as story
from stories import small_vocabulary as terms

CODES = {"E11.9": (101, 201), "E11": (101, 204), "Z99.9": (0, 205)}
"""ICD-10-CM code → its standard concept and its own, in the made-up vocabulary."""


def concepts(place, folder):
    """Load into a datamart that has the vocabulary; give code → (standard, own)."""
    terms.write_export(place / "athena")
    load_vocabulary(place / "athena", place / "mart")
    load(folder, place / "mart")
    with Datamart.open(place / "mart") as mart:
        rows = mart._connection.execute(
            "SELECT condition_source_value, condition_concept_id, "
            "condition_source_concept_id FROM condition_occurrence"
        ).fetchall()
    return {code: (standard, own) for code, standard, own in rows}


def test_fhir_maps_source_codes(tmp_path):
    given = [
        story.condition(f"c{n}", code=story.code(terms.ICD, code), encounter=None)
        for n, code in enumerate(CODES)
    ]
    (tmp_path / "in").mkdir()
    story.write_ndjson(
        tmp_path / "in", {"Patient": [story.patient("p1")], "Condition": given}
    )
    assert concepts(tmp_path, tmp_path / "in") == CODES


@pytest.mark.parametrize("names_concept", [True, False])
def test_omop_maps_what_its_owner_has_not(tmp_path, names_concept):
    """A row that names a source concept, or bears its code alone."""
    (tmp_path / "cdm").mkdir()
    (tmp_path / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
    names = (
        "condition_occurrence_id,person_id,condition_concept_id,condition_start_date,"
        "condition_source_value,condition_source_concept_id"
    )
    lines = [names]
    lines += [
        f"{n},1,0,2024-05-01,{code},{own if names_concept else 0}"
        for n, (code, (_, own)) in enumerate(CODES.items(), start=1)
    ]
    table = tmp_path / "cdm" / "condition_occurrence.csv"
    table.write_text("\n".join(lines) + "\n")
    assert concepts(tmp_path, tmp_path / "cdm") == CODES


def test_what_the_owner_has_mapped_stays(tmp_path):
    (tmp_path / "cdm").mkdir()
    (tmp_path / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
    (tmp_path / "cdm" / "condition_occurrence.csv").write_text(
        "condition_occurrence_id,person_id,condition_concept_id,condition_start_date,"
        "condition_source_value,condition_source_concept_id\n"
        "1,1,102,2024-05-01,E11.9,201\n"
    )
    assert concepts(tmp_path, tmp_path / "cdm") == {"E11.9": (102, 201)}
