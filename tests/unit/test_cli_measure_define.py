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
    assert main(["measure", "example", str(path)]) == 10
    said = capsys.readouterr().out
    assert "Of some branches none could be made" in said
