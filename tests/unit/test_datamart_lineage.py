"""From a count to persons, from a row to its file and line, from a noun to files."""

import datetime as dt
import json

import pytest

from rounds.cli.main import main
from rounds.conduct import Desk, Project
from rounds.datamart import Datamart, origins, write_subjects
from rounds.definitions import builtin_measures
from rounds.nouns import DataError, Period, Provenance
from stories import small_fhir as story
from stories.rights import let_me_see_persons
from stories.told_people import EVERYBODY, problem_of


@pytest.fixture
def project(tmp_path):
    (tmp_path / "in").mkdir()
    story.write_ndjson(tmp_path / "in")
    assert main(["init", str(tmp_path / "h"), "--from", str(tmp_path / "in")]) == 0
    let_me_see_persons(tmp_path / "h")
    return Project.open(tmp_path / "h")


def ask(capsys, *words):
    code = main([*words, "--json"])
    shown = capsys.readouterr()
    return code, json.loads(shown.out.splitlines()[-1]) if not code else shown.err


def test_every_measurement_leads_to_its_line(project):
    with Datamart.open(project.datamart) as mart:
        ids = mart._connection.execute("SELECT measurement_id FROM measurement")
        for (row,) in ids.fetchall():
            (place,) = origins(mart, "measurement", row)
            lines = (project.root.parent / "in" / place.file).read_text().splitlines()
            assert json.loads(lines[place.line - 1])["id"] == place.resource_id


def test_without_the_file_the_line_is_not_known(project):
    with Datamart.open(project.datamart) as mart:
        (row,) = mart._one("SELECT min(measurement_id) FROM measurement")
        (place,) = origins(mart, "measurement", row)
        (project.root.parent / "in" / place.file).unlink()
        (again,) = origins(mart, "measurement", row)
    assert place.line is not None
    assert again.line is None
    assert again.file == place.file


def test_a_row_is_shown_to_who_may_see_it_and_that_is_written_down(project, capsys):
    where = ["data", "where", "measurement", "1", "--project", str(project.root)]
    capsys.readouterr()
    assert main(where) == 13
    assert not (project.private / "audit.jsonl").exists()
    capsys.readouterr()
    code, found = ask(capsys, *where, "--persons")
    assert (code, found["origins"]) == (0, [])
    (line,) = (project.private / "audit.jsonl").read_text().splitlines()
    assert json.loads(line)["what"] == "measurement"


def test_who_has_no_right_sees_nobody_and_that_is_written_down(project, capsys):
    settings = project.settings_path
    settings.write_text(
        settings.read_text().replace("persons = [", 'persons = ["ana"] #')
    )
    where = ["data", "where", "measurement", "1", "--project", str(project.root)]
    assert main([*where, "--persons"]) == 12
    said = capsys.readouterr()
    assert "may not see single persons" in said.err
    (line,) = (project.private / "audit.jsonl").read_text().splitlines()
    assert json.loads(line)["refused"] is True


def test_what_cannot_be_written_down_is_not_shown(project, capsys):
    (project.private / "audit.jsonl").mkdir()
    words = ["data", "where", "person", "1", "--persons"]
    assert main([*words, "--project", str(project.root)]) == 11
    assert "audit" in capsys.readouterr().err
    with pytest.raises(DataError) as caught:
        project.audit(dt.datetime(2025, 2, 3, tzinfo=dt.UTC), "data where", "person")
    assert caught.value.code == "audit-not-written"


def test_who_is_counted_goes_to_a_new_file_of_ones_own(project, capsys, tmp_path):
    out = tmp_path / "who.csv"
    words = ["data", "where", "--measure", "blood-pressure-control"]
    words += ["--from", "2024-01-01", "--to", "2024-12-31", "--persons"]
    words += ["--population", "initial_population", "--out", str(out)]
    words += ["--project", str(project.root)]
    capsys.readouterr()
    code, found = ask(capsys, *words)
    assert code == 0
    lines = out.read_text().splitlines()
    assert len(lines) == found["subjects"] + 1
    assert out.stat().st_mode & 0o077 == 0
    assert main(words) == DataError.exit_code  # nothing is overwritten
    year = Period(start=dt.date(2024, 1, 1), end=dt.date(2024, 12, 31))
    measure = builtin_measures()["blood-pressure-control"]
    with (
        Datamart.open(project.datamart) as mart,
        pytest.raises(DataError) as caught,
    ):
        write_subjects(mart, measure, year, out, population="initial_population")
    assert caught.value.code == "subjects-not-written"


def test_impact_starts_from_a_file(project, capsys):
    words = ["--project", str(project.root)]
    assert main(["impact", "file:Observation.ndjson", *words]) == 10
    assert "Nothing published rests on" in capsys.readouterr().err
    assert main(["impact", "file:other.ndjson", *words]) == 10
    assert "No snapshot" in capsys.readouterr().err


def test_no_file_is_called_by_a_name_that_may_be_a_persons(tmp_path, capsys):
    """Whoever may read the ledger may ask `why`; a Bundle is often named after one."""
    (tmp_path / "in").mkdir()
    story.write_ndjson(tmp_path / "in")
    (tmp_path / "in" / "Patient.ndjson").rename(
        tmp_path / "in" / "Ann_Example_1950.ndjson"
    )
    root = tmp_path / "h"
    assert main(["init", str(root), "--from", str(tmp_path / "in")]) == 0
    moment = dt.datetime(2025, 2, 3, tzinfo=dt.UTC)
    with Desk.open(Project.open(root), now=lambda: moment, by="test") as desk:
        with desk.datamart() as mart:
            made = Provenance(snapshot=mart.snapshot)
        desk.publish(problem_of(EVERYBODY, provenance=made))
    for more in ([], ["--json"]):
        capsys.readouterr()
        assert main(["why", "problem/control", "--project", str(root), *more]) == 0
        said = capsys.readouterr().out
        assert "file Observation.ndjson" in said
        assert "Ann" not in said
