"""A look and its pause in practice: together or not at all, and undone by name."""

import datetime as dt

import pytest

from rounds.loop.change import InProcess
from rounds.nouns import AccessError, DefinitionError
from rounds.practice import looks as module
from rounds.practice.exposures import exposure_of
from stories import looks
from stories import practice as story


@pytest.fixture
def trial(served):
    return next(entry.rollout for entry in served.history(story.SERVICE))


@pytest.fixture
def ref(served, trial):
    return served.rollout(trial).ref()


def state(practice):
    return practice.in_force(story.SERVICE).state


def test_a_pause_stops_cards_with_the_next_call_and_keeps_exposures(
    served, ref, ask, active
):
    before = ask(story.due_request(active)).json()["cards"]
    _, entry = served.record_look(ref, looks.written(1), pause=True)
    request = story.due_request(active, "patient-2")
    after = ask(request).json()["cards"]
    assert (len(before), after, entry.state) == (1, [], "paused")
    seen = exposure_of(served, story.SERVICE, request["hookInstance"])
    assert (seen.arm, seen.due, seen.shown) == ("active", True, False)


def test_a_retry_of_a_card_that_was_given_gets_none_while_paused(
    served, ref, ask, active
):
    request = story.due_request(active)
    assert ask(request).json()["cards"]
    served.record_look(ref, looks.written(1), pause=True)
    assert ask(request).json()["cards"] == []


def test_a_resumed_trial_shows_cards_again(served, ref, ask, active):
    served.record_look(ref, looks.written(1), pause=True)
    entry = served.resume(story.SERVICE, by="Bo", at=story.NOW, reason="a mistake")
    assert (entry.state, entry.by, entry.reason) == (
        "trial",
        "Bo",
        "resumed: a mistake",
    )
    assert [one.state for one in served.pauses(ref)] == ["paused", "trial"]
    assert ask(story.due_request(active)).json()["cards"]


def test_the_look_and_the_pause_are_one_transaction(served, ref, monkeypatch):
    """Killed between the two, neither is there: the look can be made again."""

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "enter", killed)
    with pytest.raises(KeyboardInterrupt):
        served.record_look(ref, looks.written(1), pause=True)
    assert served.looks(ref) == ()
    assert state(served) == "trial"


def test_the_same_snapshot_again_changes_nothing(served, ref):
    first, _ = served.record_look(ref, looks.written(1, snapshot="s"), pause=True)
    served.resume(story.SERVICE, by="Bo", at=story.NOW, reason="a mistake")
    again, entry = served.record_look(ref, looks.written(2, snapshot="s"), pause=True)
    assert (again, entry, state(served)) == (first, None, "trial")


def test_a_look_at_a_paused_trial_is_told_as_paused(served, ref):
    served.record_look(ref, looks.written(1), pause=True)
    second, entry = served.record_look(ref, looks.written(2), pause=False)
    assert (second.verdict, entry) == ("paused", None)


def test_switched_off_while_paused_it_is_paused_when_it_is_switched_on(served, ref):
    served.record_look(ref, looks.written(1), pause=True)
    served.kill(story.SERVICE, by="Bo", at=story.NOW)
    served.resume(story.SERVICE, by="Bo", at=story.NOW)
    assert state(served) == "paused"


def test_sites_stay_masked_while_a_trial_is_paused(served, ref):
    served.record_look(ref, looks.written(1), pause=True)
    assert served.trial_running(story.SERVICE)
    assert served.is_masked(story.NOW)


def test_nobody_is_allocated_while_a_trial_is_paused(tmp_path):
    with story.open_practice(tmp_path) as practice:
        rollout = story.start(practice, unit="patient").ref()
        practice.record_look(rollout, looks.written(1), pause=True)
        here = InProcess(practice, story.SERVICE, now=lambda: story.NOW)
        here.cards(story.encounters(40))
        assert practice.allocation(rollout) == {}


def test_an_early_end_closes_enrolment_so_that_the_seed_may_be_told(served, ref):
    at = dt.datetime(2025, 5, 1, tzinfo=dt.UTC)
    with pytest.raises(AccessError):
        served.reveal(ref, on=dt.date(2025, 5, 2))
    ended = served.stop_trial(ref, by="Bo", at=at, reason="the board said so")
    assert (state(served), served.stopped(ref)) == ("off", ended)
    assert served.reveal(ref, on=at.date()) == (story.SEED, story.SALT)
    assert served.stop_trial(ref, by="Al", at=at, reason="again") == ended


@pytest.mark.parametrize(("by", "reason"), [("", "why"), ("Bo", " ")])
def test_nobody_ends_a_trial_without_a_name_and_a_reason(served, ref, by, reason):
    with pytest.raises(DefinitionError) as caught:
        served.stop_trial(ref, by=by, at=story.NOW, reason=reason)
    assert caught.value.code == "name-and-reason"


def test_a_record_shows_nothing_and_its_commitment_holds_it(served, ref):
    kept, _ = served.record_look(ref, looks.written(1), pause=False)
    assert "seen" not in repr(kept)
    assert kept.commitment == module.commitment_of(kept.record, kept.salt)
    assert kept.commitment != module.commitment_of(kept.record + " ", kept.salt)
