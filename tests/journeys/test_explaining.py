"""A person asks what explains the variation, in a made health system and in a real one."""

import csv
import json
from pathlib import Path

import pytest
import yaml

from rounds.cli.main import main
from rounds.conduct import Project
from rounds.datamart import load
from rounds.nouns import DisclosureError
from rounds.world import World, WorldConfig

SHARED = Path(__file__).parents[3] / "shared" / "data" / "synthea-fhir-r4"
MEASURE = "blood-pressure-control"
CONFIG = WorldConfig(people=6_000, n_clinics=12, weeks=4, seed=4)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    root = tmp_path_factory.mktemp("explain")
    made = World(CONFIG)
    made.live(made.go_live, None)
    made.write_omop(root / "omop")
    project = Project.init(root / "house", source=None)
    load(root / "omop", project.datamart)
    return project


def said(capsys, *arguments):
    capsys.readouterr()
    code = main(list(map(str, arguments)))
    return code, capsys.readouterr().out


def ask(house, *more):
    return ("problem", "explain", MEASURE, "--project", house.root, *more)


def test_it_is_told_published_and_written(house, capsys, tmp_path):
    asked = ask(
        house, "--balancing", "treatment-intensified", "--svg", tmp_path / "p.svg",
        "--csv", tmp_path / "p.csv",
    )  # fmt: skip
    code, printed = said(capsys, *asked, "--json")
    found = json.loads(printed)
    assert code == 0
    partition = found["partition"]
    crude = [one for one in partition["levels"] if one["model"] == "crude"]
    assert [one["level"] for one in crude][-1] == "patient"
    assert 0.5 < crude[-1]["share"]["value"] <= 1
    for one in partition["sites"]:
        for unit in filter(None, (one["site"], one["balancing"])):
            n, k = unit["denominator"], unit["numerator"]
            assert n is None or not {n, k, n - k} & set(range(1, 11))
    assert any(one["rank"] == 1 for one in partition["sites"])
    assert len(found["summary"]) == 2
    (kept,) = (house.ledger / "1-problems").glob("*-variance-partition-*")
    entry = yaml.safe_load(kept.read_text())
    assert entry["ref"] == found["ref"]
    assert entry["noun"]["levels"] == partition["levels"]
    written = {Path(path).name for path in found["written"]}
    assert {"p.csv", "p-sites.csv", "p-sites.svg", "p-sites-phone.svg"} <= written
    with (tmp_path / "p.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == len(partition["levels"])
    assert "dr" not in " ".join(partition["limitations"]).split()


def test_it_is_a_table_and_two_sentences_for_people(house, capsys):
    code, printed = said(capsys, *ask(house))
    assert code == 0
    assert "As they are: share of the variance" in printed
    assert "Sites drawn together" in printed
    assert "how results vary" in printed or "too few to tell" in printed
    assert "No rank is certain" in printed
    again = said(capsys, *ask(house))[1]
    assert again == printed


def test_no_clinician_is_named(house, capsys):
    _, printed = said(capsys, *ask(house, "--json"))
    assert "provider" not in printed
    assert "clinician-" not in printed


def test_a_measure_that_balances_itself_is_refused(house, capsys):
    code, printed = said(capsys, *ask(house, "--balancing", MEASURE, "--json"))
    assert code == 10
    assert json.loads(printed)["error"]["code"] == "explain-balances-itself"


def test_almost_the_same_days_are_not_told_twice(house, capsys):
    """Subtracted, two answers would be about the few who came between."""
    codes = []
    for end in ("2024-11-30", "2024-11-29", "2024-11-28"):
        asked = ask(house, "--from", "2024-01-01", "--to", end, "--json")
        codes.append(said(capsys, *asked)[0])
    assert codes[0] == 0
    assert set(codes) <= {0, DisclosureError.exit_code}


def test_a_real_site_is_told_how_little_can_be_told(tmp_path, capsys):
    if not SHARED.is_dir():
        pytest.skip("shared data absent")
    root = tmp_path / "h"
    assert main(["init", str(root), "--from", str(SHARED)]) == 0
    assert said(capsys, "data", "load", SHARED, "--project", root)[0] == 0
    code, printed = said(capsys, "problem", "explain", "--project", root, "--json")
    assert code == 0
    found = json.loads(printed)
    crude = [one for one in found["partition"]["levels"] if one["model"] == "crude"]
    site = next(one for one in crude if one["level"] == "site")
    assert "reason" in site["share"]
    assert "too few to tell" in found["summary"][0]
