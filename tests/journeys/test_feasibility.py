"""A person asks, before anything is randomised, whether a trial is feasible here."""

import contextlib
import io
import json
import re
from importlib.resources import files

import pytest
import yaml

from rounds.cli.main import main
from rounds.conduct import Desk, Project
from rounds.conduct.demo.beginning import Clock
from rounds.datamart import load
from rounds.world import World, WorldConfig
from stories import told_problem


def house_of(root, config):
    """Give a project with a made past, a published problem and the demo's plan."""
    made = World(config)
    made.live(made.go_live, None)
    made.write_omop(root / "omop")
    project = Project.init(root / "house", source=None)
    for name in ("turn.yaml", "sources.yaml", "knowledge_object.yaml", "costs.yaml"):
        text = (files("rounds.conduct.demo") / name).read_text()
        (project.root / name).write_text(text)
    load(root / "omop", project.datamart, threads=1)
    with Desk.open(project, now=Clock(made.go_live), by="Dr Lind") as desk:
        desk.publish(told_problem.community())
        desk.publish(told_problem.problem())
    return project


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    config = WorldConfig(people=6_000, n_clinics=10, seed=4)
    return house_of(tmp_path_factory.mktemp("feasible"), config)


def said(capsys, house, *more):
    capsys.readouterr()
    asked = ["evaluation", "feasibility", "--project", str(house.root), *more]
    code = main(asked)
    return code, capsys.readouterr().out


@pytest.fixture(scope="module")
def answer(house):
    """One answer for all who look at it."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        asked = ["evaluation", "feasibility", "--project", str(house.root)]
        assert main([*asked, "--effect", "0.08", "--simulate", "0", "--json"]) == 0
    return json.loads(out.getvalue())


def test_it_says_who_would_come_and_what_a_trial_could_tell(answer):
    assert answer["stretch"]["weeks"] == 26
    assert answer["stretch"]["same_season"]
    by_clinic = [one["denominator"] for one in answer["by_clinic"]]
    assert sum(filter(None, by_clinic)) <= answer["enrolled"]
    assert answer["eligible_per_month"] == pytest.approx(
        answer["enrolled"] / 5.98, 0.01
    )
    assert 0.01 < answer["outcome"]["value"]["value"] < 0.4
    for of in ("value", "icc"):
        numbers = answer["outcome"][of]
        assert numbers["lower"] < numbers["value"] < numbers["upper"]
    assert answer["clinics"] == len(by_clinic) == 10
    assert "25 weeks are known, not the 52" in " ".join(answer["limitations"])


def test_every_design_answers_and_the_planned_one_comes_first(answer):
    designs = {one["name"]: one for one in answer["designs"]}
    assert answer["designs"][0]["planned"]
    assert answer["designs"][0]["name"] == "clinic"
    assert len(designs) == 10
    several = ("clinic", "patient", "minimisation", "matched-pairs", "factorial")
    for name in several:
        one = designs[name]
        assert 0 < one["power"] < 1
        assert one["made"] is None
        assert one["n"] % 10 == 0
        assert 0 < one["detectable"] < 0.6
    assert designs["patient"]["power"] > designs["clinic"]["power"]
    assert designs["encounter"]["units"] == "visits"
    assert designs["encounter"]["n"] > designs["patient"]["n"]
    assert 0 < designs["factorial"]["interaction"]["power"] < 1
    assert "by made trials alone" in designs["response-adaptive"]["why"]
    wedge = designs["stepped-wedge"]
    assert wedge["power"] is None
    assert "47 weeks" in wedge["why"]


def test_small_counts_are_withheld_and_persons_named_nowhere(answer):
    assert len(answer["by_month"]) == 7
    months = [one["denominator"] for one in answer["by_month"]]
    told = [one for one in months if one]
    assert max(told[:3]) > told[-1]  # each patient once, so the stream thins
    counts = [
        one["denominator"] for part in ("by_clinic", "by_month") for one in answer[part]
    ]
    assert not set(filter(None, counts)) & set(range(1, 11))
    assert not re.search(r"\bp\d{4,}\b|Patient/", json.dumps(answer))


def test_it_is_told_to_people_as_a_table(house, capsys):
    code, printed = said(capsys, house, "--simulate", "100", "--weeks", "12")
    assert code == 0
    for words in (
        "Who would be enrolled",
        "each patient once",
        "clinics in parallel, in blocks *",
        "found with 80%",
        "power for +2.0 points",
        "low-pressure-after-first-uncontrolled",
    ):
        assert words in printed
    assert re.search(r"blocks \* .* \d+\.\d% ± \d+\.\d%", printed)


@pytest.mark.parametrize(
    "wrong",
    [("--weeks", "0"), ("--effect", "0"), ("--power", "1"), ("--simulate", "5")],
)
def test_what_cannot_be_is_refused(house, capsys, wrong):
    capsys.readouterr()
    asked = [
        "evaluation",
        "feasibility",
        "--project",
        str(house.root),
        *wrong,
        "--json",
    ]
    assert main(asked) == 10
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "feasibility-asked"


def test_a_handful_of_people_is_not_told(tmp_path, capsys):
    tiny = house_of(tmp_path, WorldConfig(people=60, n_clinics=3, seed=2))
    plan = yaml.safe_load(tiny.plan_path.read_text())
    plan["change"]["protocol"]["weeks"] = 4
    tiny.plan_path.write_text(yaml.safe_dump(plan, allow_unicode=True))
    code, printed = said(capsys, tiny, "--simulate", "0", "--json")
    assert code == 0
    assert set(json.loads(printed)) == {"not_estimable"}
    assert "may not be told" in printed
