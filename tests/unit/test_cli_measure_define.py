"""The commands that begin, check and try a measure."""

import json

import pytest

from rounds.cli.main import main


@pytest.fixture
def project(tmp_path, capsys):
    (tmp_path / "cdm").mkdir()
    text = "person_id,year_of_birth\n1,1960\n"
    (tmp_path / "cdm" / "person.csv").write_text(text)
    made = tmp_path / "site"
    assert main(["init", str(made), "--from", str(tmp_path / "cdm")]) == 0
    capsys.readouterr()
    return made


def test_a_measure_is_begun_checked_and_tried(project, capsys):
    """What `define` writes passes `check`, and `example` shows every branch of it."""
    where = ["--project", str(project), "--json"]
    assert main(["measure", "define", "mine", "--basis", "visit", *where]) == 0
    path = json.loads(capsys.readouterr().out)["path"]
    assert main(["measure", "check", *where]) == 0
    assert json.loads(capsys.readouterr().out) == {"checked": [path], "wrong": {}}
    assert main(["measure", "explain", "mine", *where]) == 0
    assert "every visit in the period" in json.loads(capsys.readouterr().out)["text"]
    assert main(["measure", "example", "mine", "--make", "2", *where]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["not_made"] == []
    assert set(made["branches"].values()) == {2}
    assert made["populations"]["numerator"] > 0
    assert len(made["tables"]["person"]) == 2 * len(made["branches"])


@pytest.mark.parametrize("basis", ["person", "visit", "procedure"])
def test_a_measure_begins_with_an_example_that_holds(project, capsys, basis):
    """What `define` writes can be tried at once, whatever is counted."""
    where = ["--project", str(project), "--json"]
    assert main(["measure", "define", "mine", "--basis", basis, *where]) == 0
    capsys.readouterr()
    assert main(["measure", "example", "mine", *where]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["failed"] == 0
    assert found["patients"] == [
        {
            "patient": "A child",
            "expected": "outside",
            "found": "outside",
            "as_expected": True,
        }
    ]


def test_each_example_is_shown_with_what_was_expected_and_found(project, capsys):
    """One that is put elsewhere is marked, and the exit code says so."""
    main(["measure", "define", "mine", "--project", str(project)])
    path = project / "definitions" / "measures" / "mine.examples.yaml"
    path.write_text(
        path.read_text()
        + "  - name: A man\n    born: 1960-06-01\n    has: [seen]\n"
        + "    expect: outside\n"
    )
    capsys.readouterr()
    assert main(["measure", "example", "mine", "--project", str(project)]) == 10
    said = capsys.readouterr().out
    [told] = [line for line in said.splitlines() if line.startswith("A man")]
    assert told.split()[2:] == ["outside", "denominator", "(2025-12-31)", "NOT", "SO"]
    assert "As expected: 1; 1 not." in said
    whole = ["--project", str(project), "--json"]
    assert main(["measure", "example", "mine", *whole]) == 10
    found = json.loads(capsys.readouterr().out)
    assert [one["as_expected"] for one in found["patients"]] == [True, False]
    assert found["failed"] == 1


def test_a_shipped_measure_is_tried_without_a_project(tmp_path, capsys):
    """The examples that travel with it are run: each is found where it belongs."""
    name = "emergency-return-72-hours"
    asked = ["measure", "example", name, "--project", str(tmp_path), "--json"]
    assert main(asked) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["patients"]) > 20
    assert {one["as_expected"] for one in found["patients"]} == {True}


def test_a_measure_without_examples_says_so(tmp_path, capsys):
    """No examples is no success: what to write is said."""
    path = tmp_path / "adults.yaml"
    path.write_text(
        "name: adults\ntitle: Adults\ntype: process\nimprovement_notation: increase\n"
        "initial_population: {op: age, at: period_end, from_years: 18}\n"
        "numerator: {op: age, at: period_end, from_years: 65}\n"
    )
    assert main(["measure", "example", str(path), "--json"]) == 10
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "examples-missing"
    assert "adults.examples.yaml" in error["remedies"][0]


def test_check_lists_what_is_wrong_in_every_file(project, capsys):
    """One wrong file does not hide another; the exit code is that of a definition."""
    folder = project / "definitions" / "measures"
    main(["measure", "define", "mine", "--project", str(project)])
    text = (folder / "mine.yaml").read_text()
    (folder / "other.yaml").write_text(text.replace("numerator:", "numerater:"))
    (folder / "mine.yaml").write_text(text.replace("type: process", "type: proces"))
    capsys.readouterr()
    assert main(["measure", "check", "--project", str(project), "--json"]) == 10
    wrong = json.loads(capsys.readouterr().out)["wrong"]
    assert len(wrong) == 2
    assert "Did you mean process?" in wrong[str(folder / "mine.yaml")]
    assert "Did you mean numerator?" in wrong[str(folder / "other.yaml")]
    assert main(["measure", "check", "--project", str(project)]) == 10
    said = capsys.readouterr().out
    assert "mine.yaml is not a valid measure" in said
    assert "other.yaml is not a valid measure" in said


def test_a_branch_that_cannot_be_is_said(tmp_path, capsys):
    """Who is both under 18 and over 65 is nobody, and the exit code says so."""
    path = tmp_path / "nobody.yaml"
    path.write_text(
        "name: nobody\ntitle: Nobody\ntype: process\nimprovement_notation: increase\n"
        "initial_population: {op: age, at: period_end, from_years: 66}\n"
        "numerator: {op: age, at: period_end, to_years: 17}\n"
    )
    assert main(["measure", "example", str(path), "--make", "1"]) == 10
    said = capsys.readouterr().out
    assert "Of some branches none could be made" in said
