"""A vocabulary is made from what a folder holds, and joined to what was there before."""

import json

import duckdb
import pytest

from rounds.cli.main import main
from rounds.datamart import Datamart, load, load_vocabulary
from rounds.datamart.vocabulary import (
    build_vocabulary,
    describe_in_force,
    read_value_set,
    unmapped,
    value_set_names,
    vocabulary_from_relations,
)
from stories.small_vocabulary import CONCEPT, concept_rows, silent, write, write_export

SNOMED = "http://snomed.info/sct"
ICD = "http://hl7.org/fhir/sid/icd-10-cm"


def built(folder, name, existing=None):
    """Build a vocabulary beside the folder; give its path and its report."""
    into = folder.parent / f"{name}.duckdb"
    report = build_vocabulary(folder, into, existing=existing, tell=silent)
    return into, report


def asked(path, query):
    """Ask a vocabulary's file."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def value_set(name, *, version=None, **parts):
    """Write a ValueSet resource."""
    found = {"resourceType": "ValueSet", "url": f"http://x/{name}", **parts}
    return found | ({"version": version} if version else {})


def listed(*codes, system=ICD):
    """Write a part of a definition that lists codes."""
    return {"system": system, "concept": [{"code": code} for code in codes]}


def below(code, how="is-a"):
    """Write a part of a definition that asks for what is below a code."""
    one = {"property": "concept", "op": how, "value": code}
    return {"system": SNOMED, "filter": [one]}


def put(folder, *resources, name="terms.json"):
    """Write resources as one Bundle."""
    folder.mkdir(parents=True, exist_ok=True)
    entry = [{"resource": one} for one in resources]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entry}
    (folder / name).write_text(json.dumps(bundle))
    return folder


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


def test_value_sets_expand_as_fhir_says(tmp_path):
    """Lists, imports, exclusions, what is below, and a finished expansion."""
    folder = put(
        write_export(tmp_path / "in"),
        value_set("list", compose={"include": [listed("E11.9", "E11.621")]}),
        value_set("import", compose={"include": [{"valueSet": ["http://x/list"]}]}),
        value_set(
            "less",
            version="2",
            compose={
                "include": [{"valueSet": ["http://x/list"]}, below("73211009")],
                "exclude": [listed("E11.621"), listed("74627003", system=SNOMED)],
            },
        ),
        value_set(
            "both",
            compose={
                "include": [{**listed("E11.9", "I10"), "valueSet": ["http://x/list"]}]
            },
        ),
        value_set("strict", compose={"include": [below("73211009", "descendent-of")]}),
        value_set("all", compose={"include": [{"system": "http://loinc.org"}]}),
        value_set(
            "done",
            compose={
                "include": [{"system": ICD, "filter": [{"property": "x", "op": "="}]}]
            },
            expansion={
                "contains": [
                    {
                        "abstract": True,
                        "code": "E10-E14",
                        "contains": [{"system": ICD, "code": "E11.9"}],
                    }
                ]
            },
        ),
    )
    made, report = built(folder, "a")
    assert report.refused == ()
    rows = asked(made, "SELECT url, version, code FROM rounds_value_set ORDER BY ALL")
    found = {}
    for url, version, code in rows:
        found.setdefault(url.removeprefix("http://x/") + version, []).append(code)
    assert found == {
        "list": ["E11.621", "E11.9"],
        "import": ["E11.621", "E11.9"],
        "less2": ["44054006", "73211009", "E11.9"],
        "both": ["E11.9"],
        "strict": ["44054006", "74627003"],
        "all": ["2345-7", "8480-6", "x3"],
        "done": ["E11.9"],
    }


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        (
            {"compose": {"include": [{"system": "http://who", "filter": [
                {"property": "p", "op": "regex", "value": "v"}]}]}},
            "it asks for the filter p regex",
        ),
        (
            {"compose": {"include": [{"valueSet": ["http://x/none"]}]}},
            "it imports the value set http://x/none, which is not here",
        ),
        (
            {"compose": {"include": [{"valueSet": ["http://x/a"]}]}},
            "it imports itself through http://x/a",
        ),
        ({"compose": {"include": [{"system": "http://who"}]}}, "it asks for all of"),
        ({"compose": {"include": [{}]}}, "a part of it names no system"),
        ({}, "it has neither a definition nor an expansion"),
        ({"expansion": {"total": 9, "contains": [{"code": "A", "system": "s"}]}},
         "its expansion is one page of several"),
    ],
)  # fmt: skip
def test_what_cannot_be_expanded_is_left_out_by_name(tmp_path, parts, why):
    """The others are loaded; no value set is ever half of what it says."""
    good = value_set("good", compose={"include": [listed("E11.9")]})
    _, report = built(put(tmp_path / "in", value_set("a", **parts), good), "a")
    ((name, said),) = report.refused
    assert name == "http://x/a"
    assert said.startswith(why)
    assert report.value_sets == 1


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
    made = tmp_path / "b.duckdb"
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
    alone = vocabulary_from_relations(
        connection, relations, tmp_path / "d.duckdb", None
    )
    assert alone.rows["concept"] == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "a.duckdb", "b.duckdb", "c.duckdb", "d.duckdb", "in",
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


def test_a_value_set_is_a_concept_set(tmp_path):
    """By its url alone, the latest version; with it, that one."""
    folder = put(
        tmp_path / "in",
        *(
            value_set(
                "diabetes",
                version=version,
                title="Diabetes, type 2",
                compose={"include": [listed(*codes)]},
            )
            for version, codes in (("1", ["E11"]), ("2", ["E11", "E11.9"]))
        ),
    )
    load_vocabulary(folder, tmp_path / "mart")
    with Datamart.open(tmp_path / "mart") as datamart:
        assert value_set_names(datamart) == (
            "http://x/diabetes|1",
            "http://x/diabetes|2",
        )
        latest = read_value_set(datamart, "http://x/diabetes")
        first = read_value_set(datamart, "http://x/diabetes|1")
    assert latest.name == first.name == "diabetes-type-2"
    assert [one.code for one in latest.include] == ["E11", "E11.9"]
    assert [one.code for one in first.include] == ["E11"]
    assert latest.note == "From the value set http://x/diabetes|2."
