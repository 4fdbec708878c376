"""The same past is given several futures, each as if it had been lived alone."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rounds.cli.main import main
from rounds.conduct.demo import DemoOptions, begin, carry, run_demo
from rounds.nouns import DefinitionError
from rounds.school import grade, run_loops
from rounds.world import EveryCard, World, WorldConfig

OPTIONS = DemoOptions(people=2000, weeks=6, n_clinics=10, watch=False, threads=1)


def silent(_):
    return None


@pytest.mark.parametrize(("effect", "harm"), [(0.0, 0.0), (0.15, 0.05)])
def test_a_future_is_that_of_a_world_lived_alone(tmp_path, effect, harm):
    """Evaluation, decision and truth are equal to the last digit."""
    asked = replace(OPTIONS, effect=effect, harm=harm)
    past = begin(tmp_path / "past", OPTIONS, silent)
    shared = carry(past.again(tmp_path / "future", asked), door=None, progress=silent)
    alone = run_demo(tmp_path / "alone", asked)
    assert shared.evaluation == alone.evaluation
    assert shared.decision == alone.decision
    assert grade(shared) == grade(alone)


def test_only_what_acts_from_go_live_on_may_differ(tmp_path):
    past = begin(tmp_path / "past", OPTIONS, silent)
    with pytest.raises(AssertionError):
        past.again(tmp_path / "other", replace(OPTIONS, seed=2))


def test_a_planted_world_is_the_world_made_so():
    config = WorldConfig(people=600, weeks=4, n_clinics=4)
    asked = replace(config, effect=0.2, harm=0.05)
    early, fresh = World(config), World(asked)
    early.live(early.go_live, None)
    twin = early.planted(effect=0.2, harm=0.05)
    for world in (twin, fresh):
        world.live(world.trial_end, EveryCard())
    assert twin.event_log() == fresh.event_log()
    assert early.now == early.go_live
    with pytest.raises(DefinitionError, match="past its go-live"):
        fresh.planted(effect=0.0, harm=0.0)


def test_sites_are_not_named_while_a_trial_randomises_them(tmp_path, capsys):
    """Who watches a site during the trial could act on what they see."""
    past = begin(tmp_path / "past", OPTIONS, silent)
    arguments = ["measure", "run", "blood-pressure-control", "--from", "2024-01-07"]
    arguments += ["--to", "2025-01-05", "--project", str(past.project.root), "--json"]
    assert main(arguments) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["masked"]
    assert {row["site"] for row in found["by"]} == {
        f"site {i}" for i in range(1, len(found["by"]) + 1)
    }
    shown = [row["value"] for row in found["by"] if not row["suppressed"]]
    assert shown == sorted(shown)


QUARTERS = ["--from", "2024-01-01", "--to", "2024-12-31", "--every", "quarter"]


def test_no_command_names_a_site_while_a_trial_randomises_them(tmp_path, capsys):
    past = begin(tmp_path / "past", OPTIONS, silent)
    named = {unit.unit for unit in past.problem.units}
    assert len(named) > 3
    over = ["measure", "run", "blood-pressure-control", *QUARTERS]
    for command in (
        ["problem", "run"],
        ["problem", "list"],
        [*over, "--by", "care_site"],
        [*over, "--by", "provider,sex"],
    ):
        assert main([*command, "--project", str(past.project.root), "--json"]) == 0
        told = capsys.readouterr().out
        assert not [name for name in named if name in told], command
        if command[0] == "measure":
            assert json.loads(told)
            continue
        ref = json.loads(told)["ref"]
        files = [*(past.project.ledger / "1-problems").glob("*.yaml")]
        (kept,) = [text for text in map(Path.read_text, files) if ref in text]
        assert not [name for name in named if name in kept], command


def test_a_status_names_no_day_and_no_small_count(tmp_path, capsys):
    """Ten deaths are ten people, and the last day may be one person's."""
    past = begin(tmp_path / "past", OPTIONS, silent)
    assert main(["data", "status", "--project", str(past.project.root), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["persons"] == 2000
    assert len(found["last_date"]) == len("2025-01")
    assert all(n is None or n == 0 or n > 10 for n in found["rows"].values())
    assert found["rows"]["care_site"] is None


def test_loops_that_were_broken_off_go_on(tmp_path):
    scenarios = {
        "no effect": {"effect": 0.0, "harm": 0.0},
        "effect": {"effect": 0.2, "harm": 0.0},
    }
    keep = tmp_path / "loops.jsonl"
    asked = {
        "people": 4000,
        "clinics": 20,
        "weeks": 6,
        "seed": 1,
        "processes": 1,
        "keep": keep,
    }
    whole = run_loops(scenarios, loops=2, **asked)
    lines = keep.read_text().splitlines(keepends=True)
    assert len(lines) == len(whole) == 4
    keep.write_text("".join(lines[:1]))
    again = run_loops(scenarios, loops=2, **asked)

    def order(result):
        return (result.scenario, result.seed)

    assert sorted(again, key=order) == sorted(whole, key=order)
