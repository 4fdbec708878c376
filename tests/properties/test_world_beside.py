"""Problems lived beside hypertension move nothing of it, and go on where they stopped."""

import datetime as dt
import json
from dataclasses import replace

import numpy as np
import pytest

from rounds.world import EveryCard, World, WorldConfig
from rounds.world.luck import Luck, SamePeople, Stream

ALONE = WorldConfig(people=1_000, n_clinics=5, weeks=6, seed=11, effect=0.2, harm=0.05)
BESIDE = ("diabetes", "screening")
ALL = replace(ALONE, problems=("hypertension", *BESIDE))


def lived(config, until=None):
    world = World(config)
    world.live(until or world.trial_end, EveryCard())
    return world


@pytest.fixture(scope="module")
def alone():
    return lived(ALONE)


@pytest.fixture(scope="module")
def together():
    return lived(ALL)


@pytest.mark.parametrize("beside", [BESIDE[:1], BESIDE[1:], BESIDE])
def test_everything_that_happened_without_them_happened_with_them(alone, beside):
    """Visits, readings, orders, cards and feedback, byte for byte."""
    config = replace(ALONE, problems=("hypertension", *beside))
    log = lived(config).event_log()
    assert log.startswith(alone.event_log())
    added = log[len(alone.event_log()) :].decode()
    assert ("# prescription" in added) == ("diabetes" in beside)
    assert ("# procedure" in added) == ("screening" in beside)


def test_the_trials_truth_is_the_same_with_them(alone, together):
    apart = {"config", "opportunities"}
    told = [
        {key: value for key, value in world._truth().items() if key not in apart}
        for world in (alone, together)
    ]
    assert json.dumps(told[0], sort_keys=True) == json.dumps(told[1], sort_keys=True)


def test_a_world_of_one_problem_has_nothing_to_rank(alone):
    assert "opportunities" not in alone._truth()


def test_weeks_are_the_same_in_one_go_and_one_by_one(together):
    stepped, cards = World(ALL), EveryCard()
    day = stepped.begin
    while day < stepped.trial_end:
        day += dt.timedelta(days=5)
        stepped.live(min(day, stepped.trial_end), cards)
    assert stepped.event_log() == together.event_log()


def test_the_truth_is_the_same_whenever_it_is_sealed(together, tmp_path):
    World(ALL).seal(tmp_path / "early.json")
    together.seal(tmp_path / "late.json")
    early = (tmp_path / "early.json").read_text()
    assert (tmp_path / "late.json").read_text() == early


def test_another_future_of_one_past_shares_nothing_with_it():
    early = World(ALL)
    early.live(early.go_live, None)
    before = early.event_log()
    twin = early.planted(effect=0.0, harm=0.0)
    twin.live(twin.trial_end, None)
    assert early.event_log() == before
    early.live(early.trial_end, EveryCard())
    assert early.event_log() == lived(ALL).event_log()


def test_no_problem_writes_after_death_or_before_it_is_lived(together):
    persons, records = together._scene.persons, together._records
    visits, end = records.table("visit"), 7 * together._week
    for name in ("lab", "prescription", "procedure"):
        table = records.table(name)
        day = table["day"] if "day" in table else visits["day"][table["visit"]]
        assert len(day) > 0
        assert (day < end).all()
        assert (day <= persons.death_day[table["person"]]).all()


def test_the_same_people_live_at_every_clinic_and_places_stay_as_they_are():
    luck, same = Luck(7), SamePeople(7, 50)
    who = np.arange(200)
    people = same.uniform(Stream.AGE, who, 3).reshape(4, 50)
    assert (people == people[0]).all()
    assert (people[0] != luck.uniform(Stream.AGE, who[:50], 3)).all()
    places = same.uniform(Stream.CLINIC_SVI, who)
    np.testing.assert_array_equal(places, luck.uniform(Stream.CLINIC_SVI, who))
