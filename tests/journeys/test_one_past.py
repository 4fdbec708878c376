"""The same past is given several futures, each as if it had been lived alone."""

from dataclasses import replace

import pytest

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
