"""Which concepts a code has: of the vocabulary, of the site's map, or local."""

import json

import pytest

from rounds.datamart.vocabulary import build_vocabulary
from rounds.datamart.vocabulary.concepts import FIRST_LOCAL, local_concept_id
from rounds.nouns import DataError
from stories.small_vocabulary import resolved, silent, write_export

SNOMED = "http://snomed.info/sct"
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
LOINC = "http://loinc.org"


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory):
    """Build the small made-up vocabulary."""
    folder = tmp_path_factory.mktemp("vocabulary")
    write_export(folder / "athena")
    path = folder / "made.duckdb"
    build_vocabulary(folder / "athena", path, existing=None, tell=silent)
    return path


def test_a_source_code_maps_to_its_standard_concept(vocabulary):
    """The source concept is the code's own, the standard one is what it maps to."""
    rows, _ = resolved(vocabulary, [(ICD, "E11.9")])
    assert rows == [("E11.9", 0, 101, 201, "Condition", None)]


def test_a_code_with_two_targets_has_two_rows(vocabulary):
    """As OMOP has it: one row for each standard concept, counted from 0."""
    rows, _ = resolved(vocabulary, [(ICD, "E11.621")])
    assert [row[1:4] for row in rows] == [(0, 101, 202), (1, 103, 202)]


def test_maps_to_value_fills_the_value(vocabulary):
    """A family history maps to the history, with the disease as its value."""
    rows, _ = resolved(vocabulary, [(ICD, "Z83.3")])
    assert rows == [("Z83.3", 0, 104, 203, "Observation", 102)]


def test_an_invalid_relation_or_target_is_not_followed(vocabulary):
    """A deprecated relation, and a target that was replaced, map to nothing."""
    rows, _ = resolved(vocabulary, [(ICD, "Z99.9")])
    assert rows == [("Z99.9", 0, 0, 205, None, None)]


def test_a_standard_code_is_its_own_target(vocabulary):
    """A standard concept maps to itself, and its domain goes with it."""
    rows, _ = resolved(vocabulary, [(SNOMED, "44054006"), (LOINC, "x3")])
    assert rows == [
        ("44054006", 0, 101, 101, "Condition", None),
        ("x3", 0, 501, 501, "Procedure", None),
    ]


@pytest.mark.parametrize("written", ["E119", "e11.9", " e119"])
def test_a_code_is_found_however_it_is_spelled(vocabulary, written):
    """Without its dot or in small letters, an ICD-10-CM code is the same code."""
    rows, _ = resolved(vocabulary, [(ICD, written)])
    assert rows == [(written, 0, 101, 201, "Condition", None)]


def test_a_system_is_known_by_its_oid(vocabulary):
    """A system as urn:oid is the same system."""
    rows, _ = resolved(vocabulary, [("urn:oid:2.16.840.1.113883.6.90", "E11.9")])
    assert rows[0][2:4] == (101, 201)


def test_an_unknown_code_has_a_local_concept_by_its_hash(vocabulary):
    """Its id follows from vocabulary and code alone, and the part keeps what it was."""
    rows, connection = resolved(vocabulary, [("http://lab", "A1"), (ICD, "x99")])
    ids = (("'http://lab'", "'A1'"), ("'ICD10CM'", "'X99'"))
    made = [
        connection.execute(f"SELECT {local_concept_id(*i)}").fetchone()[0] for i in ids
    ]
    assert [row[3] for row in rows] == made
    assert all(row[2] == 0 and row[3] >= FIRST_LOCAL for row in rows)
    kept = connection.execute("FROM rounds_local_code ORDER BY ALL").fetchall()
    assert kept == [
        ("ICD10CM", "X99", "name of x99", "Condition"),
        ("http://lab", "A1", "name of A1", "Condition"),
    ]


def test_without_a_vocabulary_every_code_is_local():
    """The same query over empty tables: each code has a local concept and no more."""
    rows, connection = resolved(None, [(ICD, "E11.9"), (SNOMED, "44054006")])
    assert [row[1:3] for row in rows] == [(0, 0), (0, 0)]
    (n,) = connection.execute("SELECT count(*) FROM rounds_local_code").fetchall()[0]
    assert n == 2


def test_a_unit_has_its_concept(vocabulary):
    """A UCUM unit is found in the vocabulary; one that is not UCUM is remarked."""
    rows, connection = resolved(vocabulary, [(ICD, "E11")], unit="mm[Hg]")
    assert ("mm[Hg]", 0, 401, 401, "Unit", None) in rows
    _, connection = resolved(vocabulary, [(ICD, "E11")], unit="mmHg")
    found = connection.execute("SELECT reason, set_aside FROM problem").fetchall()
    assert found == [("unit that is not UCUM", False)]


def test_a_concept_map_goes_before_the_vocabulary(tmp_path):
    """A site's map gives targets, standard or not, known here or not."""
    write_export(tmp_path / "in")

    def maps(source, target, **codes):
        element = [
            {"code": code, "target": [{"code": to, "equivalence": how}]}
            for code, (to, how) in codes.items()
        ]
        return {"source": source, "target": target, "element": element}

    (tmp_path / "in" / "map.json").write_text(
        json.dumps(
            {
                "resourceType": "ConceptMap",
                "url": "http://lab/map",
                "group": [
                    maps(
                        "http://lab",
                        LOINC,
                        GLU=("2345-7", "equivalent"),
                        NEW=("99999-9", "wider"),
                        LOW=("8480-6", "narrower"),
                    ),
                    maps("http://lab", ICD, DM2=("E11.9", "equal")),
                    maps(SNOMED, SNOMED, **{"44054006": ("73211009", "subsumes")}),
                ],
            }
        )
    )
    path = tmp_path / "made.duckdb"
    build_vocabulary(tmp_path / "in", path, existing=None, tell=silent)
    rows, connection = resolved(
        path,
        [
            *(("http://lab", x) for x in ("GLU", "NEW", "LOW", "DM2")),
            (SNOMED, "44054006"),
        ],
    )
    made = local_concept_id("'LOINC'", "'99999-9'")
    new = connection.execute(f"SELECT {made}").fetchall()[0][0]
    found = {row[0]: (row[2], row[4]) for row in rows}
    assert found == {
        "GLU": (302, "Measurement"),
        "NEW": (new, None),
        "LOW": (0, None),
        "DM2": (101, "Condition"),
        "44054006": (102, "Condition"),
    }
    kept = connection.execute(
        "SELECT vocabulary_id, code FROM rounds_local_code ORDER BY ALL"
    ).fetchall()
    assert ("LOINC", "99999-9") in kept


def test_two_codes_with_one_id_are_refused():
    """What would be mixed up is not loaded."""
    with pytest.raises(DataError) as caught:
        resolved(None, [("http://a|b", "c"), ("http://a", "b|c")])
    assert caught.value.code == "local-concept-shared"
