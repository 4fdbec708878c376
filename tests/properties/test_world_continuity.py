"""The world goes on exactly where it stopped, and each clinic keeps its fate."""

import datetime as dt
import json

import numpy as np
import pytest

from rounds.world import EveryCard, World, WorldConfig
from rounds.world.trial_population import outcomes
from rounds.world.truth import potential_outcomes

SMALL = WorldConfig(people=1_500, n_clinics=6, weeks=8, seed=11, effect=0.2, harm=0.05)
FIRST, LAST = 7 * 78, 7 * (78 + SMALL.weeks)
FIELDS = (
    "person",
    "index_day",
    "intensified",
    "low_pressure",
    "systolic",
    "controlled",
)


def lived(until=None, point_of_care=None, config=SMALL):
    world = World(config)
    world.live(until or world.trial_end, point_of_care)
    return world


def test_weeks_are_the_same_in_one_go_and_one_by_one():
    whole = lived(point_of_care=EveryCard())
    stepped, cards = World(SMALL), EveryCard()
    day = stepped.begin
    while day < stepped.trial_end:
        day += dt.timedelta(days=5)
        stepped.live(min(day, stepped.trial_end), cards)
    assert stepped.event_log() == whole.event_log()


def test_another_seed_gives_another_log_and_the_same_seed_the_same():
    go_live = SMALL.go_live
    same = [lived(go_live).event_log_hash() for _ in range(2)]
    assert same[0] == same[1]
    other = WorldConfig(people=1_500, n_clinics=6, weeks=8, seed=12)
    assert lived(go_live, config=other).event_log_hash() != same[0]


def test_a_sunday_and_the_monday_after_it_mean_the_same_and_time_does_not_run_back():
    world = World(SMALL)
    world.live(world.go_live - dt.timedelta(days=1), None)
    assert world.now == world.go_live
    world.live(world.begin, None)
    assert world.now == world.go_live


def test_cards_before_go_live_are_never_asked_for():
    class Unasked:
        def cards(self, encounters):
            raise AssertionError(f"the EHR called before go-live: {encounters}")

        def feedback(self, feedback):
            raise AssertionError(f"the EHR answered before go-live: {feedback}")

    lived(SMALL.go_live, Unasked())


def test_in_a_clinic_randomised_trial_each_clinic_lives_its_potential_outcome():
    world = World(SMALL)
    world.live(world.go_live, None)
    on, off = potential_outcomes(
        SMALL, world._scene, world._ahead(), _acceptance(world)
    )
    names = [f"clinic-{i:02d}" for i in range(1, 7)]
    world.live(world.trial_end, EveryCard(frozenset(names[::2])))
    seen = outcomes(world._scene, world._records, FIRST, LAST)
    active = world._scene.persons.clinic[seen.person] % 2 == 0
    assert active.any()
    assert (~active).any()
    for field in FIELDS:
        expected = np.where(active, getattr(on, field), getattr(off, field))
        np.testing.assert_array_equal(getattr(seen, field), expected)
    assert (on.intensified != off.intensified).any()


def _acceptance(world):
    from rounds.world.solve import solve_acceptance

    return solve_acceptance(world.config, world._scene, world._ahead()[1])


def test_the_index_visit_is_the_same_in_both_worlds():
    world = lived(SMALL.go_live + dt.timedelta(weeks=1))
    on, off = potential_outcomes(
        SMALL, world._scene, world._at_go_live, world._acceptance
    )
    np.testing.assert_array_equal(on.person, off.person)
    np.testing.assert_array_equal(on.index_day, off.index_day)


@pytest.mark.parametrize("sealed_on", ["begin", "go_live", "trial_end"])
def test_the_truth_is_the_same_whenever_it_is_sealed(tmp_path, sealed_on):
    early = World(SMALL)
    early.seal(tmp_path / "early.json")
    world = World(SMALL)
    world.live(getattr(world, sealed_on), EveryCard())
    world.seal(tmp_path / "late.json")
    early_text = (tmp_path / "early.json").read_text()
    assert (tmp_path / "late.json").read_text() == early_text
    assert (tmp_path / "late.json").stat().st_mode & 0o777 == 0o600
    assert json.loads(early_text)["config"]["seed"] == SMALL.seed


def test_without_effect_no_card_is_accepted_and_both_worlds_are_one():
    config = WorldConfig(people=1_500, n_clinics=6, weeks=8, seed=11, effect=0.0)
    world = lived(point_of_care=EveryCard(), config=config)
    feedback = world._records.table("feedback")
    assert set(feedback["outcome"]) == {"overridden"}
    on, off = potential_outcomes(
        config, world._scene, world._at_go_live, world._acceptance
    )
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(on, field), getattr(off, field))
