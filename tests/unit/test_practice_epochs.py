"""Chances in force: written with their look or not at all, and followed at once."""

import hashlib
import multiprocessing
import sqlite3
import threading

import numpy as np
import pytest

from rounds.loop.change import InProcess
from rounds.loop.change.rollouts import ResponseAdaptive
from rounds.nouns import DefinitionError, Design, Protocol
from rounds.practice import Practice
from rounds.practice import looks as module
from rounds.practice.epochs import read_epochs
from stories import adaptive_trial, looks
from stories import practice as story

DESIGN = adaptive_trial.design(fixed_share=0.25)


def started(practice, **changes):
    """Put an adaptive trial in force; its protocol plans the looks."""
    return story.start(practice, unit="patient", **({"design": DESIGN} | changes)).ref()


@pytest.fixture
def practice(tmp_path):
    with story.open_practice(tmp_path) as opened:
        yield opened


def point(practice):
    return InProcess(practice, story.SERVICE, now=lambda: story.NOW)


def replayed(practice, rollout):
    """Give unit → arm again, from the seed, the chances and the order of arrival."""
    placed = practice.assignments(rollout)
    drawn = ResponseAdaptive(practice.seed(rollout).seed, 0.25)
    chances = {f"epoch-{e.number}": e for e in read_epochs(practice, rollout)}
    again = {
        unit: drawn.draw(
            chances[one.stratum].number, one.sequence, chances[one.stratum].chance
        )
        for unit, one in placed.items()
    }
    basis = practice.basis(rollout)
    assert all(
        basis[unit] == {"share": one.share, "chance": one.chance}
        for unit, one in again.items()
    )
    return {unit: one.arm for unit, one in again.items()}, placed


def agree(practice, rollout):
    arms, placed = replayed(practice, rollout)
    assert {unit: one.arm for unit, one in placed.items()} == arms
    return placed


def test_chances_are_even_until_a_look_and_then_its_own_for_new_patients(practice):
    rollout = started(practice)
    point(practice).cards(story.encounters(150, 1))
    before = agree(practice, rollout)
    assert {one.stratum for one in before.values()} == {"epoch-0"}
    practice.record_look(rollout, looks.written(1), pause=False, chance=0.9)
    point(practice).cards(story.encounters(400, 2))
    after = agree(practice, rollout)
    assert before.items() <= after.items()
    later = [one.arm for unit, one in after.items() if unit not in before]
    assert {after[u].stratum for u in set(after) - set(before)} == {"epoch-1"}
    # A quarter at one half, the others at nine tenths: 0.8.
    share = np.mean([arm == "active" for arm in later])
    assert abs(share - 0.8) < 4 * np.sqrt(0.16 / len(later))


def test_an_epoch_names_its_look_and_the_hash_of_what_was_seen(practice):
    rollout = started(practice)
    look = looks.written(1)
    practice.record_look(rollout, look, pause=False, chance=0.731)
    first, second = read_epochs(practice, rollout)
    assert (first.number, first.chance, first.look, first.since) == (0, 0.5, 0, None)
    assert (second.number, second.chance, second.look) == (1, 0.731, 1)
    assert second.inputs == hashlib.sha256(look.record.encode()).hexdigest()
    assert second.since == look.made
    assert "0.731" not in repr(second)


def test_the_look_and_its_chance_are_one_transaction(practice, monkeypatch):
    """Killed between the two, neither is there: the look can be made again."""
    rollout = started(practice)

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(module, "write_epoch", killed)
        with pytest.raises(KeyboardInterrupt):
            practice.record_look(rollout, looks.written(1), pause=False, chance=0.8)
    assert practice.looks(rollout) == ()
    assert len(read_epochs(practice, rollout)) == 1
    practice.record_look(rollout, looks.written(1), pause=False, chance=0.8)
    assert [e.chance for e in read_epochs(practice, rollout)] == [0.5, 0.8]


def test_the_same_snapshot_or_the_same_chance_begins_no_epoch(practice):
    rollout = started(practice)
    practice.record_look(
        rollout, looks.written(1, snapshot="s"), pause=False, chance=0.8
    )
    practice.record_look(
        rollout, looks.written(2, snapshot="s"), pause=False, chance=0.6
    )
    practice.record_look(rollout, looks.written(2), pause=False, chance=0.8)
    practice.record_look(rollout, looks.written(3), pause=False)
    assert [e.chance for e in read_epochs(practice, rollout)] == [0.5, 0.8]
    assert len(practice.looks(rollout)) == 3


def test_who_was_allocated_keeps_the_arm_whatever_looks_find(practice):
    rollout = started(practice)
    point(practice).cards(story.encounters(100, 1))
    before = practice.allocation(rollout)
    practice.record_look(rollout, looks.written(1), pause=False, chance=0.1)
    point(practice).cards(story.encounters(100, 1, first=100))
    after = practice.allocation(rollout)
    assert before.items() <= after.items()


def test_several_servers_and_a_look_between_them_share_one_allocation(tmp_path):
    with story.open_practice(tmp_path) as practice:
        rollout = started(practice)
    failed = []

    def serve(number):
        try:
            with story.open_practice(tmp_path) as practice:
                for i in range(5):
                    point(practice).cards(story.encounters(60, 10 * number + i))
                    if number == 0 and i == 2:
                        look = looks.written(1)
                        practice.record_look(rollout, look, pause=False, chance=0.85)
        except Exception as error:  # noqa: BLE001 - whatever it is, it fails the test
            failed.append(repr(error))

    threads = [threading.Thread(target=serve, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with story.open_practice(tmp_path) as practice:
        assert len(agree(practice, rollout)) > 60


def _serve_until_killed(path, rollout, number):
    with Practice.open(path) as practice:
        i = 0
        while True:
            point(practice).cards(story.encounters(20, 1_000 * number + i))
            if i % 4 == 3:
                n = len(practice.looks(rollout)) + 1
                chance = round(0.5 + 0.4 * (n % 2) - 0.01 * (n % 7), 3)
                if n < 28:
                    practice.record_look(
                        rollout, looks.written(n), pause=False, chance=chance
                    )
            i += 1


def test_a_kill_at_any_instant_leaves_a_record_that_replays(tmp_path):
    """Arms, chances and looks agree after each, and what stood stays."""
    with story.open_practice(tmp_path) as practice:
        rollout = started(practice)
        context = multiprocessing.get_context("fork")
        chance = np.random.default_rng(1)
        before = {}
        for kill in range(4):
            server = context.Process(
                target=_serve_until_killed, args=(practice.path, rollout, kill)
            )
            server.start()
            server.join(float(chance.uniform(0.15, 0.4)))
            server.kill()
            server.join()
            placed = agree(practice, rollout)
            seen = {one.number: one.record for one in practice.looks(rollout)}
            for epoch in read_epochs(practice, rollout)[1:]:
                told = hashlib.sha256(seen[epoch.look].encode()).hexdigest()
                assert epoch.inputs == told
            assert before.items() <= placed.items()
            before = placed
    assert len(before) > 10


def test_a_store_made_before_there_were_epochs_goes_on(tmp_path):
    with story.open_practice(tmp_path) as practice:
        rollout = story.start(practice, unit="patient").ref()
        path = practice.path
    raw = sqlite3.connect(path)
    raw.execute("drop table epoch")
    raw.close()
    with story.open_practice(tmp_path) as practice:
        practice.record_look(rollout, looks.written(1), pause=False)
        point(practice).cards(story.encounters(20))
        assert practice.assignments(rollout)
        assert [e.chance for e in read_epochs(practice, rollout)] == [0.5]


def test_a_protocol_that_adapts_otherwise_is_refused(practice, monkeypatch):
    other = adaptive_trial.design(least=0.2).adaptation
    made = story.protocol

    def protocol(unit="clinic"):
        return made(unit).model_copy(update={"adaptation": other})

    monkeypatch.setattr(story, "protocol", protocol)
    with pytest.raises(DefinitionError, match="adapt in different ways") as caught:
        started(practice)
    assert caught.value.code == "rollout-inconsistent"


def test_an_analysis_without_epochs_is_refused(practice):
    with pytest.raises(DefinitionError) as caught:
        started(practice, covariates=("clinic",))
    assert caught.value.code == "allocation-not-adjusted"
    assert "drift" in str(caught.value)


def test_the_usual_adaptation_need_not_be_written_out():
    told = Design.model_validate({"unit": "patient", "allocation": "response_adaptive"})
    assert told.adaptation.fixed_share == 0.2
    assert "20% of patients 1:1" in told.in_words
    assert Design.model_validate_json(told.to_json()) == told
    assert "adaptation" not in Design(unit="clinic").model_dump(mode="json")
    assert Protocol.model_fields["adaptation"].default is None
    for wrong, said in (
        ({"unit": "clinic"}, "patients arrive|response_adaptive is not for"),
        ({"unit": "patient", "strata": ["clinic"]}, "no strata"),
        ({"unit": "patient", "balanced_on": ["sex"]}, "balances nothing"),
    ):
        with pytest.raises(ValueError, match=said):
            Design.model_validate({"allocation": "response_adaptive", **wrong})
    with pytest.raises(ValueError, match="of no other"):
        Design.model_validate({"unit": "patient", "adaptation": {}})
