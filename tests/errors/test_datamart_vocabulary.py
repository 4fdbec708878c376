"""What is wrong with a vocabulary is said with the file and the line; nothing is loaded."""

import gzip
import json

import pytest

from rounds.datamart.vocabulary import build_vocabulary
from rounds.nouns import DataError
from stories.small_vocabulary import (
    ANCESTOR,
    CONCEPT,
    concept_rows,
    silent,
    write,
    write_export,
)


def refused(folder, existing=None):
    """Build what cannot be built; give the error, having seen that no file is left."""
    into = folder.parent / "made.duckdb"
    with pytest.raises(DataError) as caught:
        build_vocabulary(folder, into, existing=existing, tell=silent)
    left = {path.name for path in folder.parent.iterdir()}
    assert left <= {folder.name, "before.duckdb", "before"}
    return caught.value


def with_line(folder, place, change):
    """Write the export with one line of CONCEPT.csv changed."""
    write_export(folder)
    path = folder / "CONCEPT.csv"
    lines = path.read_text("utf-8").split("\n")
    lines[place - 1] = change(lines[place - 1])
    path.write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda line: line.rsplit("\t", 2)[0], "CONCEPT.csv:4: the line does not have"),
        (lambda line: line + "\tmore", "CONCEPT.csv:4: the line does not have"),
        (lambda line: "x" + line, "CONCEPT.csv:4: concept_id is no bigint"),
        (lambda line: line.replace("19700101", "19701301"), "CONCEPT.csv:4: valid_st"),
        (lambda line: line.replace("19700101", ""), "CONCEPT.csv:4: valid_start_date"),
        (lambda line: line.replace("SNOMED", ""), "CONCEPT.csv:4: vocabulary_id is em"),
    ],
)
def test_a_bad_line_is_named(tmp_path, change, said):
    """A line cut or too long, a number or date that is none, a field that is empty."""
    error = refused(with_line(tmp_path / "in", 4, change))
    assert error.code == "vocabulary-broken"
    assert error.what.startswith(said)


def test_a_value_of_the_file_is_never_shown(tmp_path):
    """The file may be another than it seems."""
    error = refused(with_line(tmp_path / "in", 4, lambda line: "MRS JONES" + line))
    assert "JONES" not in str(error)


def test_a_cut_last_line_is_named(tmp_path):
    """A file whose last line does not end was cut, even if its columns are all there."""
    write(tmp_path / "in", "CONCEPT.csv", CONCEPT, concept_rows(), end="")
    error = refused(tmp_path / "in")
    assert error.what.startswith("CONCEPT.csv:16: the last line does not end")


def test_a_cut_gzip_file_is_named(tmp_path):
    """A compressed file that was cut is refused as well."""
    write_export(tmp_path / "in")
    plain = tmp_path / "in" / "CONCEPT.csv"
    packed = gzip.compress(plain.read_bytes())
    plain.unlink()
    (tmp_path / "in" / "CONCEPT.csv.gz").write_bytes(packed[:-20])
    assert "compression is cut" in refused(tmp_path / "in").what


def test_a_missing_column_is_named(tmp_path):
    """The table and the column are named."""
    write_export(tmp_path / "in")
    write(tmp_path / "in", "CONCEPT_ANCESTOR.csv", ANCESTOR[:3], [(1, 2, 3)])
    error = refused(tmp_path / "in")
    assert error.what.startswith("CONCEPT_ANCESTOR.csv:1: the table concept_ancestor")
    assert "max_levels_of_separation" in error.what


def test_commas_are_not_an_athena_export(tmp_path):
    """A CONCEPT.csv of an OMOP CDM is another format, and the remedy says where to."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "concept.csv").write_text(",".join(CONCEPT) + "\n")
    error = refused(tmp_path / "in")
    assert "divided by commas" in error.what
    assert any("rounds data load" in remedy for remedy in error.remedies)


def test_an_export_without_concepts_is_refused(tmp_path):
    """An empty file, a header alone, a concept twice, a table twice, no CONCEPT.csv."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "CONCEPT.csv").write_bytes(b"")
    assert "the file is empty" in refused(folder).what
    write(folder, "CONCEPT.csv", CONCEPT, [])
    assert "holds no concept" in refused(folder).what
    write(folder, "CONCEPT.csv", CONCEPT, [*concept_rows(), concept_rows()[0]])
    assert "more than once" in refused(folder).what
    write(folder, "concept.txt", CONCEPT, concept_rows())
    assert "another file of the table concept" in refused(folder).what
    for path in folder.iterdir():
        path.unlink()
    write(folder, "CONCEPT_ANCESTOR.csv", ANCESTOR, [(1, 2, 0, 0)])
    assert refused(folder).code == "not-a-vocabulary"


def test_a_folder_without_a_vocabulary_is_refused(tmp_path):
    """Nothing there, or nothing that is one."""
    assert "no such folder" in refused(tmp_path / "in").what
    (tmp_path / "in").mkdir()
    assert refused(tmp_path / "in").code == "not-a-vocabulary"
    (tmp_path / "in" / "patient.json").write_text('{"resourceType": "Patient"}')
    assert refused(tmp_path / "in").code == "not-a-vocabulary"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.json", "{", "a.json:1: this is not JSON"),
        (
            "a.ndjson",
            '{"resourceType": "Patient"}\n{"resourceType": "ValueSet"',
            "a.ndjson:2",
        ),
        ("a.json", "[]", "a.json:1: this is not a FHIR resource"),
        (
            "a.json",
            '{"resourceType": "ValueSet"}',
            "a.json:1: this ValueSet has no url",
        ),
        ("a.json", b"\xff\xfe\x00", "a.json: it is not UTF-8"),
    ],
)
def test_broken_fhir_is_named(tmp_path, name, content, said):
    """JSON that is cut, or a value set that nobody could name."""
    (tmp_path / "in").mkdir()
    content = content if isinstance(content, bytes) else content.encode()
    (tmp_path / "in" / name).write_bytes(content)
    assert refused(tmp_path / "in").what.startswith(said)


def test_two_value_sets_of_one_name_are_refused(tmp_path):
    """Which of them is meant cannot be known."""
    (tmp_path / "in").mkdir()
    for place, code in enumerate("AB"):
        one = {
            "resourceType": "ValueSet",
            "url": "http://x/vs",
            "compose": {
                "include": [{"system": "http://x", "concept": [{"code": code}]}]
            },
        }
        (tmp_path / "in" / f"{place}.json").write_text(json.dumps(one))
    assert "is called http://x/vs too" in refused(tmp_path / "in").what


def test_what_was_in_force_is_not_touched(tmp_path):
    """A broken export leaves the former vocabulary as it was, byte by byte."""
    before = tmp_path / "before.duckdb"
    build_vocabulary(
        write_export(tmp_path / "before"), before, existing=None, tell=silent
    )
    content = before.read_bytes()
    refused(with_line(tmp_path / "in", 4, lambda line: line[:10]), existing=before)
    assert before.read_bytes() == content
