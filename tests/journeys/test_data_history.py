"""A datamart that is loaded day by day, looked back on, and set back: by commands."""

import json

import pytest

from rounds.cli.main import main
from stories import small_fhir as story


def run_json(capsys, *arguments):
    code = main([*map(str, arguments), "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.fixture
def project(tmp_path, capsys):
    """A project after its first day, with twelve patients."""
    day = tmp_path / "day-1"
    day.mkdir()
    patients = [story.patient(f"p{n}") for n in range(12)]
    story.write_ndjson(day, {"Patient": patients})
    assert main(["init", str(tmp_path / "h"), "--from", str(day)]) == 0
    capsys.readouterr()
    return tmp_path / "h"


def second_day(tmp_path):
    day = tmp_path / "day-2"
    day.mkdir(exist_ok=True)
    lines = [story.observation(f"o{n}") for n in range(12)]
    story.write_ndjson(day, {"Observation": lines})
    return day


def test_days_are_added_listed_and_gone_back_from(project, tmp_path, capsys):
    day = second_day(tmp_path)
    where = ("--project", project)
    code, loaded = run_json(capsys, "data", "load", day, *where)
    assert (code, loaded["read"], loaded["unchanged"]) == (0, 12, False)
    code, again = run_json(capsys, "data", "load", day, *where)
    assert (code, again["unchanged"]) == (0, True)
    assert again["snapshot"] == loaded["snapshot"]
    code, status = run_json(capsys, "data", "status", *where)
    assert (status["number"], status["persons"]) == (2, 12)
    assert status["rows"]["measurement"] == 12
    assert status["sources"][0]["files"] == 2
    code, history = run_json(capsys, "data", "history", *where)
    assert [each["number"] for each in history["snapshots"]] == [2, 1]
    assert all(each["made_at"] and each["kept"] for each in history["snapshots"])
    assert "persons" not in json.dumps(history), "a day's difference may be few"
    code, back = run_json(capsys, "data", "rollback", 1, *where)
    assert (code, back["number"], back["content_of"]) == (0, 3, 1)
    code, status = run_json(capsys, "data", "status", *where)
    assert status["rows"]["measurement"] == 0
    code, failed = run_json(capsys, "data", "rollback", 9, *where)
    assert (code, failed["error"]["code"]) == (10, "no-such-snapshot")
    assert main(["data", "history", "--project", str(project)]) == 0
    assert "rollback 1" in capsys.readouterr().out


def test_a_second_owner_s_data_stand_beside_the_first_s(project, tmp_path, capsys):
    day = tmp_path / "west"
    day.mkdir()
    story.write_ndjson(day, {"Patient": [story.patient(f"p{n}") for n in range(11)]})
    where = ("--project", project)
    code, loaded = run_json(capsys, "data", "load", day, "--source", "west", *where)
    assert (code, loaded["persons"]) == (0, 23)
    code, status = run_json(capsys, "data", "status", *where)
    assert [each["name"] for each in status["sources"]] == ["main", "west"]
    assert main(["data", "status", "--project", str(project)]) == 0
    assert "west" in capsys.readouterr().out


def test_a_project_of_an_older_version_says_what_to_do(project, capsys):
    import shutil

    import duckdb

    shutil.rmtree(project / "private" / "datamart")
    with duckdb.connect(str(project / "private" / "datamart.duckdb")) as connection:
        connection.execute("CREATE TABLE rounds_snapshot (snapshot VARCHAR)")
    code, said = run_json(capsys, "data", "status", "--project", project)
    assert (code, said["error"]["code"]) == (11, "datamart-older")


def test_a_project_s_own_views_are_in_force_from_the_next_load(
    project, tmp_path, capsys
):
    views = project / "definitions" / "views"
    views.mkdir()
    path = "extension('http://clinic.example/zip').value.ofType(string).first()"
    column = {"name": "zip", "path": path}
    document = {"resource": "Patient", "select": [{"column": [column]}]}
    (views / "Patient.json").write_text(json.dumps(document))
    load = ("data", "load", second_day(tmp_path), "--project", project)
    code, found = run_json(capsys, *load)
    assert code == 0
    assert (found["read"], found["unchanged"]) == (24, False)
    assert run_json(capsys, *load)[1]["unchanged"]
    column["path"] = "addresses.postalCode.first()"
    (views / "Patient.json").write_text(json.dumps(document))
    code, refused = run_json(capsys, *load)
    assert code == 10
    assert refused["error"]["code"] == "invalid-view"
    assert "Patient.json" in refused["error"]["what"]
