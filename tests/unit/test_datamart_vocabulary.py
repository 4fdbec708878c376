"""A vocabulary is made from what a folder holds, and joined to what was there before."""

import json

import duckdb
import pytest

from rounds.cli.main import main
from rounds.datamart import Datamart, load, load_vocabulary
from rounds.datamart.vocabulary import (
    describe_in_force,
    unmapped,
    vocabulary_from_relations,
)
from rounds.nouns import DataError
from stories.small_vocabulary import (
    CONCEPT,
    CONCEPTS,
    ICD,
    MAPS,
    asked,
    below,
    built,
    concept_rows,
    put,
    resolved,
    value_set,
    write,
    write_export,
)


def test_an_export_is_read_with_its_quotes_and_sorted(tmp_path):
    """Quotes are letters, dates are dates, and look-ups by code find sorted rows."""
    path, report = built(write_export(tmp_path / "in"), "a")
    assert report.release == "v5.0 01-JAN-26"
    assert report.rows["concept"] == 15
    rows = asked(path, "SELECT vocabulary_id, concept_code FROM concept")
    assert rows == sorted(rows)
    (name,) = asked(path, "SELECT concept_name FROM concept WHERE concept_id = 103")
    assert name == ('Diabetes "with" complication',)
    kinds = asked(
        path, "SELECT typeof(valid_end_date), typeof(concept_id) FROM concept"
    )
    assert kinds[0] == ("DATE", "BIGINT")


def test_letter_case_empty_last_lines_and_subsets_do_not_matter(tmp_path):
    """concept.csv alone, with the empty line that Athena may end with, is enough."""
    write_export(tmp_path / "in", maps=None, ancestors=None)
    (tmp_path / "in" / "VOCABULARY.csv").unlink()
    path = tmp_path / "in" / "CONCEPT.csv"
    path.write_text(path.read_text("utf-8") + "\n")
    path.rename(tmp_path / "in" / "Concept.csv")
    _, report = built(tmp_path / "in", "a")
    assert report.rows["concept"] == 15
    assert report.rows["concept_relationship"] == 0


def test_windows_line_ends_are_no_part_of_a_value(tmp_path):
    """A file that passed through Windows reads the same."""
    write_export(tmp_path / "in")
    path = tmp_path / "in" / "CONCEPT.csv"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    made, _ = built(tmp_path / "in", "a")
    assert asked(made, "SELECT DISTINCT invalid_reason FROM concept ORDER BY ALL") == [
        ("U",),
        (None,),
    ]


def test_cpt4_maps_without_names(tmp_path):
    """Athena gives CPT4 without names, in a file of its own; the jar may fill them in."""
    write_export(tmp_path / "in")
    cpt = (901, "", "Procedure", "CPT4", "S", "99213", "")
    named = (101, "", "Condition", "CPT4", "S", "x", "")
    write(
        tmp_path / "in",
        "CONCEPT_CPT4.csv",
        CONCEPT,
        concept_rows([cpt, named]),
    )
    made, report = built(tmp_path / "in", "a")
    assert asked(made, "SELECT concept_name FROM concept WHERE concept_id = 901") == [
        ("99213",)
    ]
    assert report.rows["concept"] == 16
    assert any("CPT4" in line for line in report.remarks)


def test_the_same_content_has_the_same_id_in_any_order(tmp_path):
    """The export and then the value sets, or the other way round, or both at once."""
    athena = write_export(tmp_path / "athena")
    terms = put(
        tmp_path / "terms", value_set("a", compose={"include": [below("73211009")]})
    )
    both = put(
        write_export(tmp_path / "both"),
        value_set("a", compose={"include": [below("73211009")]}),
    )
    one, _ = built(athena, "1")
    first, early = built(terms, "2")
    assert [name for name, _ in early.refused] == ["http://x/a"]
    reports = [
        built(terms, "3", one)[1],
        built(athena, "4", first)[1],
        built(both, "5")[1],
    ]
    assert reports[0] == reports[1] == reports[2]
    assert reports[0].rows["rounds_value_set"] == 3


def test_a_sites_own_map_goes_before_the_export(tmp_path):
    """SOURCE_TO_CONCEPT_MAP may have commas and quotes, and come alone afterwards."""
    athena, before = built(write_export(tmp_path / "in"), "a")
    own = tmp_path / "own"
    own.mkdir()
    (own / "source_to_concept_map.csv").write_text(
        "source_code,source_concept_id,source_vocabulary_id,source_code_description,"
        "target_concept_id,target_vocabulary_id,valid_start_date,valid_end_date,"
        "invalid_reason\n"
        'DM,0,http://lab,"Diabetes, any",102,SNOMED,1970-01-01,2099-12-31,\n'
        "OLD,0,http://lab,,102,SNOMED,1970-01-01,2020-12-31,D\n"
    )
    made, report = built(own, "b", athena)
    assert report.id != before.id
    assert report.rows == before.rows | {"source_to_concept_map": 2}
    with pytest.raises(DataError):
        built(own, "c")
    lab = [("http://lab", code) for code in ("DM", "OLD")]
    assert [row[:3] for row in resolved(made, lab)[0]] == [
        ("DM", 0, 102),
        ("OLD", 0, 0),
    ]


def test_a_new_export_keeps_a_sites_own_concepts(tmp_path):
    """Concepts above 2,000,000,000 are in no export, and stay with their relations."""
    mine = (2_000_000_900, "Ours", "Condition", "SITE", "", "OURS", "")
    maps = [*MAPS, (2_000_000_900, 102, "Maps to", "")]
    first = write_export(tmp_path / "1", concepts=[*CONCEPTS, mine], maps=maps)
    before, _ = built(first, "a")
    made, report = built(write_export(tmp_path / "2"), "b", before)
    assert report.rows["concept"] == 16
    assert report.rows["concept_relationship"] == len(MAPS) + 1
    alone, _ = built(tmp_path / "2", "c")
    assert asked(alone, "SELECT count(*) FROM concept") == [(15,)]
    assert [row[2] for row in resolved(made, [("SITE", "OURS")])[0]] == [102]


def test_an_omop_sources_concepts_are_joined(tmp_path):
    """What an export says stays; what the source has besides is added."""
    athena, before = built(write_export(tmp_path / "in"), "a")
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE mine AS SELECT * FROM (VALUES "
        "(101, 'Another name', 'Condition', 'SNOMED', '44054006', 'S'), "
        "(999, 'New', 'Condition', 'SNOMED', '999', 'S'), "
        "(NULL, 'No id', 'Condition', 'SNOMED', '998', 'S')) AS t(CONCEPT_ID, "
        "concept_name, domain_id, vocabulary_id, concept_code, standard_concept)"
    )
    relations = {"concept": "mine"}
    made = tmp_path / "brought.duckdb"  # whatever the file is called
    joined = vocabulary_from_relations(connection, relations, made, athena)
    assert joined.rows["concept"] == before.rows["concept"] + 1
    (kept,) = asked(made, "SELECT concept_name FROM concept WHERE concept_id = 101")
    assert kept == ("Type 2 diabetes mellitus",)
    same = vocabulary_from_relations(
        connection,
        {"concept": "(SELECT * FROM mine WHERE CONCEPT_ID = 101)"},
        tmp_path / "c.duckdb",
        athena,
    )
    assert same.id == before.id
    # What was joined is named when nothing more comes to it: it is no export alone.
    again = vocabulary_from_relations(
        connection, relations, tmp_path / "e.duckdb", made
    )
    assert again.id == joined.id != before.id
    alone = vocabulary_from_relations(
        connection, relations, tmp_path / "d.duckdb", None
    )
    assert alone.rows["concept"] == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "a.duckdb", "brought.duckdb", "c.duckdb", "d.duckdb", "e.duckdb", "in",
    ]  # fmt: skip


def write_fhir(folder):
    """Write twelve persons with four diagnoses, and one of them with a rare code."""
    folder.mkdir()
    people = range(12)
    found = {
        "Patient": [
            {"resourceType": "Patient", "id": f"p{i}", "birthDate": "1960-01-01"}
            for i in people
        ],
        "Condition": [
            {
                "resourceType": "Condition",
                "id": f"c{i}-{place}",
                "subject": {"reference": f"Patient/p{i}"},
                "code": {"coding": [{"system": system, "code": code}]},
                "onsetDateTime": "2025-01-05",
            }
            for i in people
            for place, (system, code) in enumerate(
                [(ICD, "E119"), (ICD, "E11.621"), (ICD, "Z83.3"), (ICD, "I10")]
                + [("http://lab", "JONES")] * (i == 0)
            )
        ],
    }
    for kind, resources in found.items():
        lines = "".join(json.dumps(one) + "\n" for one in resources)
        (folder / f"{kind}.ndjson").write_text(lines)
    return folder


CONDITIONS = (
    "SELECT condition_concept_id, condition_source_value, count(*) "
    "FROM condition_occurrence GROUP BY ALL ORDER BY ALL"
)


def test_a_vocabulary_maps_what_was_loaded_before(tmp_path):
    """Without one, codes stand for themselves; with one, all is mapped again."""
    mart = tmp_path / "mart"
    load(write_fhir(tmp_path / "fhir"), mart)
    with Datamart.open(mart) as datamart:
        assert describe_in_force(datamart).id == ""
        rows = datamart._connection.execute(CONDITIONS).fetchall()
        assert {row[0] for row in rows} == {0}
        assert len(unmapped(datamart)) == 5
    report = load_vocabulary(write_export(tmp_path / "athena"), mart)
    with Datamart.open(mart) as datamart:
        assert describe_in_force(datamart) == report
        rows = datamart._connection.execute(CONDITIONS).fetchall()
        assert rows == [
            (0, "I10", 12),
            (0, "JONES", 1),
            (101, "E11.621", 12),
            (101, "E119", 12),
            (103, "E11.621", 12),
        ]
        histories = datamart._connection.execute(
            "SELECT observation_concept_id, value_as_concept_id, count(*) "
            "FROM observation GROUP BY ALL"
        ).fetchall()
        assert histories == [(104, 102, 12)]
        left = [(one.code, one.n, one.persons) for one in unmapped(datamart)]
        assert left == [("I10", 12, 12), ("JONES", 1, 1)]
        assert "JONES" not in repr(unmapped(datamart))
    assert load_vocabulary(tmp_path / "athena", mart) == report


def test_the_commands_load_and_list(tmp_path, capsys):
    """`rounds vocabulary`; a code of few persons is counted and never shown."""
    project = tmp_path / "project"
    assert main(["init", str(project), "--from", str(write_fhir(tmp_path / "f"))]) == 0
    athena = write_export(tmp_path / "athena")
    to = ["--project", str(project), "--json"]
    capsys.readouterr()
    assert main(["vocabulary", "unmapped", *to]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["code"] for one in found["codes"]] == [
        "E11.621",
        "E11.9",
        "I10",
        "Z83.3",
    ]
    assert found["of_few_persons"] == 1
    assert main(["vocabulary", "load", str(athena), *to]) == 0
    made = json.loads(capsys.readouterr().out)
    assert main(["vocabulary", "status", *to]) == 0
    assert json.loads(capsys.readouterr().out) == made
    assert main(["vocabulary", "unmapped", "--project", str(project)]) == 0
    said = capsys.readouterr().out
    assert "I10" in said
    assert "JONES" not in said
    assert "1 more are of 10 persons or fewer" in said
