"""A demo of several problems gives the list of opportunities several to rank."""

import json

import pytest

from rounds.cli.main import main
from rounds.conduct.demo import DemoOptions, begin

PROBLEMS = ("hypertension", "diabetes", "screening")


@pytest.fixture(scope="module")
def past(tmp_path_factory):
    options = DemoOptions(
        people=3_000, n_clinics=6, weeks=4, problems=PROBLEMS, threads=1
    )
    return begin(tmp_path_factory.mktemp("demo") / "demo", options, lambda _: None)


def test_the_list_ranks_every_problem(past, capsys):
    command = ["problem", "list", "--project", str(past.project.root), "--json"]
    assert main([*command, "--from", "2024-01-07", "--to", "2025-01-05"]) == 0
    told = json.loads(capsys.readouterr().out)["list"]
    whole = [line for line in told["lines"] if line.get("unit") is None]
    ranked = {line["measure"].split("|")[0] for line in whole if line["rank"]}
    for name in ("blood-pressure-control", "colorectal-cancer-screening"):
        assert f"measure/{name}" in ranked
    untold = {one["measure"].split("|")[0] for one in told["untold"]}
    # With this few people the data may not tell how far sites differ; then it is said.
    for name in ("hba1c-poor-control", "statin-therapy"):
        assert f"measure/{name}" in ranked | untold


def test_the_truth_of_the_demo_ranks_them_too(past, tmp_path):
    past.world.seal(tmp_path / "truth.json")
    truth = json.loads((tmp_path / "truth.json").read_text())
    assert len(truth["opportunities"]["measures"]) == 4


def test_a_problem_that_there_is_not_is_refused_before_anything_is_made(
    tmp_path, capsys
):
    out = tmp_path / "demo"
    command = ["demo", "--problems", "hypertension,plague", "--out", str(out)]
    assert main(command) != 0
    assert "plague" in capsys.readouterr().err
    assert not out.exists()
