"""Two factors where care is given: two services, one allocation, an arm of each."""

import datetime as dt

import numpy as np
import pytest

from rounds.loop.change import InProcess
from rounds.nouns import DefinitionError, Design, Factors
from rounds.practice.exposures import exposure_rows
from stories import looks
from stories import practice as story

FACTORS = Factors(first="a card", second="another", interaction_margin=0.05)
LATER = dt.datetime(2025, 3, 3, 12, tzinfo=dt.UTC)


@pytest.fixture
def started(tmp_path):
    with story.open_practice(tmp_path) as practice:
        design = Design(unit="clinic", factors=FACTORS)
        second = story.second_knowledge()
        yield practice, story.start(practice, design=design, second=second)


def test_each_service_answers_in_its_own_factors_arm(started):
    """From one allocation; the exposures of each are told apart."""
    practice, rollout = started
    cells = {
        unit: cell for unit, (cell, _) in practice.allocation(rollout.ref()).items()
    }
    assert sorted(cells.values()) == sorted(2 * Factors.CELLS)
    calls = story.encounters(400)
    read = {}
    for factor, service in (("first", story.SERVICE), ("second", story.SECOND)):
        InProcess(practice, service, now=lambda: story.NOW).cards(calls)
        rows = exposure_rows(
            practice,
            rollout.ref(),
            ignored_after=dt.timedelta(days=7),
            now=LATER,
            service=service,
        )
        known = rows.unit != ""
        meant = [FACTORS.arm(cells[unit], factor) for unit in rows.unit[known]]
        assert rows.arm[known].tolist() == meant
        assert rows.shown[rows.arm == "active"].any()
        assert not rows.shown[rows.arm == "silent"].any()
        read[factor] = rows
    both = exposure_rows(
        practice, rollout.ref(), ignored_after=dt.timedelta(days=7), now=LATER
    )
    assert len(both) == sum(len(rows) for rows in read.values())
    differ = read["first"].arm != read["second"].arm
    assert 0 < np.mean(differ) < 1


def test_both_are_put_in_force_and_masked_until_both_are_decided(started):
    practice, rollout = started
    assert practice.services() == tuple(sorted((story.SERVICE, story.SECOND)))
    assert {practice.in_force(s).rollout for s in practice.services()} == {
        str(rollout.ref())
    }
    practice.adopt(story.SERVICE, by="B", at=story.NOW)
    assert practice.is_masked(story.NOW)
    practice.adopt(story.SECOND, by="B", at=story.NOW)
    assert not practice.is_masked(story.NOW)


def test_registering_again_changes_nothing(started):
    practice, rollout = started
    design = Design(unit="clinic", factors=FACTORS)
    again = story.start(practice, design=design, second=story.second_knowledge())
    assert again == rollout
    assert len(practice.history(story.SECOND)) == 1


def test_neither_starts_where_one_service_is_taken(tmp_path):
    """All or nothing: a half of a factorial trial is another trial."""
    design = Design(unit="clinic", factors=FACTORS)
    with story.open_practice(tmp_path) as practice:
        story.start(practice, knowledge_object=story.second_knowledge(), name="other")
        with pytest.raises(DefinitionError, match="already in force"):
            story.start(practice, design=design, second=story.second_knowledge())
        assert practice.in_force(story.SERVICE) is None


@pytest.mark.parametrize(
    ("second", "units", "said"),
    [
        (story.knowledge(), story.CLINICS, "Both factors are served as"),
        (story.second_knowledge(), {f"c-{i}": "all" for i in range(7)}, "four cells"),
    ],
)
def test_what_cannot_be_crossed_is_refused(tmp_path, second, units, said):
    design = Design(unit="clinic", factors=FACTORS)
    with (
        story.open_practice(tmp_path) as practice,
        pytest.raises(DefinitionError, match=said),
    ):
        story.start(practice, design=design, second=second, units=units)


def test_a_second_card_needs_two_factors(tmp_path):
    with (
        story.open_practice(tmp_path) as practice,
        pytest.raises(DefinitionError, match="has one factor"),
    ):
        story.start(practice, second=story.second_knowledge())


def test_a_guardrail_pauses_both_cards_at_once_and_each_is_resumed_by_name(started):
    """Which of the two harms is the board's to know, so neither is shown meanwhile."""
    practice, rollout = started
    ref = rollout.ref()
    practice.record_look(ref, looks.written(1), pause=True)
    states = {one: practice.in_force(one).state for one in practice.services()}
    assert states == {story.SERVICE: "paused", story.SECOND: "paused"}
    here = InProcess(practice, story.SECOND, now=lambda: story.NOW)
    here.cards(story.encounters(100))
    rows = exposure_rows(practice, ref, ignored_after=dt.timedelta(days=7), now=LATER)
    assert rows.due.any()
    assert not rows.shown.any()
    practice.resume(story.SERVICE, by="Bo", at=story.NOW, reason="it does no harm")
    assert [one.state for one in practice.pauses(ref)] == ["paused", "trial"]
    assert practice.in_force(story.SECOND).state == "paused"
    second, _ = practice.record_look(ref, looks.written(2), pause=False)
    assert second.verdict == "paused"  # one of the cards still is
    practice.record_look(ref, looks.written(3), pause=True)
    assert practice.in_force(story.SERVICE).state == "paused"
    assert len(practice.pauses(ref)) == 3


def test_an_early_end_ends_both_cards(started):
    practice, rollout = started
    practice.stop_trial(rollout.ref(), by="Bo", at=story.NOW, reason="the board")
    assert {practice.in_force(one).state for one in practice.services()} == {"off"}
    assert not practice.trial_running()
