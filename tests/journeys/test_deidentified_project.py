"""A project whose data are de-identified on the way in, through the front door."""

import datetime as dt
import json
from pathlib import Path

import pytest

from rounds.cli.main import main
from rounds.world import World, WorldConfig
from stories import canaries


def run(capsys, *arguments):
    code = main([*map(str, arguments), "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.fixture
def fhir(tmp_path):
    flock = canaries.Flock()
    canaries.write_fhir(tmp_path / "fhir", canaries.Coop(flock).resources())
    return tmp_path / "fhir", flock


@pytest.mark.parametrize("mode", ["safe_harbor", "shifted"])
def test_a_project_keeps_its_mode_and_shows_nobody(tmp_path, capsys, fhir, mode):
    """Made, loaded again, asked for its status and a measure; no canary is printed."""
    source, flock = fhir
    project = tmp_path / "site"
    made = run(capsys, "init", project, "--from", source, "--deidentify", mode)
    again = run(capsys, "data", "load", source, "--project", project)
    status = run(capsys, "data", "status", "--project", project)
    measure = run(
        capsys, "measure", "run", "blood-pressure-control", "--by", "month",
        "--from", "2010-01-01", "--to", "2010-12-31", "--project", project,
    )  # fmt: skip
    printed = json.dumps([made, again, status, measure])
    assert [one[0] for one in (made, again, status)] == [0, 0, 0]
    assert again[1]["unchanged"] is True
    assert status[1]["dates"] == {"safe_harbor": "year", "shifted": "shifted"}[mode]
    assert "not_estimable" in measure[1], measure
    assert (mode == "safe_harbor") or "Safe Harbor" not in printed
    assert canaries.found_in_text(printed, flock.texts) == []
    assert canaries.found_in_files(project / "private" / "datamart", flock.texts) == {}


@pytest.mark.parametrize(
    ("mode", "because"),
    [("none", None), ("safe_harbor", "Safe Harbor"), ("shifted", "are shifted")],
)
def test_what_needs_a_calendar_says_that_it_has_none(tmp_path, capsys, mode, because):
    """On data that have readings: without de-identification there is an answer."""
    world = World(WorldConfig(people=600, weeks=4))
    world.live(world.go_live + dt.timedelta(weeks=4), None)
    world.write_fhir(tmp_path / "fhir")
    project = tmp_path / "site"
    run(capsys, "init", project, "--from", tmp_path / "fhir", "--deidentify", mode)
    code, found = run(
        capsys, "measure", "run", "blood-pressure-control", "--by", "month",
        "--from", "2024-01-01", "--to", "2024-12-31", "--project", project,
    )  # fmt: skip
    if because is None:
        assert code == 0
        assert found["by"]
    else:
        assert because in found["not_estimable"]


def test_another_mode_is_refused_and_a_word_that_is_none(tmp_path, capsys, fhir):
    source, _ = fhir
    project = tmp_path / "site"
    run(capsys, "init", project, "--from", source, "--deidentify", "shifted")
    settings = Path(project / "rounds.toml")
    written = settings.read_text()
    for word, code in (
        ("safe_harbor", "deidentify-changed"),
        ("none", "deidentify-changed"),
        ("anonymous", "deidentify-mode"),
    ):
        settings.write_text(written.replace('"shifted"\n', f'"{word}"\n'))
        _, said = run(capsys, "data", "load", source, "--project", project)
        assert said["error"]["code"] == code
