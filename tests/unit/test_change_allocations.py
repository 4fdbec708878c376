"""Allocations in a store: written with what they rest on, replayed, shared, killed."""

import multiprocessing
import sqlite3
import threading

import numpy as np
import pytest

from rounds.loop import change
from rounds.loop.change import InProcess
from rounds.loop.change.rollouts import (
    CovariateConstrained,
    MatchedPairs,
    Minimisation,
)
from rounds.nouns import DefinitionError, Design, SourceError, age_band
from rounds.practice import Practice
from stories import practice as story

KNOWN = {
    name: {"size": 40.0 + 7 * i, "baseline_rate": 0.3 + 0.05 * (i % 3)}
    for i, name in enumerate(story.CLINICS)
}
ALL = dict.fromkeys(KNOWN, "all")
NAMES = ("size", "baseline_rate")


@pytest.fixture
def practice(tmp_path):
    with story.open_practice(tmp_path) as opened:
        yield opened


def minimised(practice, **changes):
    design = Design(unit="patient", allocation="minimisation", **changes)
    return story.start(practice, unit="patient", design=design)


def encounters(n, seed):
    e = story.encounters(n, seed)
    e.patient = np.array([f"{seed}-{patient}" for patient in e.patient])
    e.is_female = np.random.default_rng(seed).random(n) < 0.5
    return e


def replayed(practice, rollout):
    """Draw all arms anew from the seed and what is in the store, in its order."""
    basis = practice.basis(rollout.ref())
    placed = practice.assignments(rollout.ref())
    places = [one.sequence for one in placed.values()]
    assert places == list(range(len(placed)))
    arms = Minimisation(story.SEED, 0.8).replay(basis[unit] for unit in placed)
    return dict(zip(placed, arms, strict=True)), placed


def test_matched_pairs_are_replayed_from_the_seed_and_what_was_known(practice):
    design = Design(unit="clinic", allocation="matched_pairs")
    rollout = story.start(practice, design=design, units=ALL, known=KNOWN)
    assert (rollout.n_units, rollout.left_out) == (8, 0)
    assert practice.basis(rollout.ref()) == KNOWN
    basis = practice.basis(rollout.ref())
    again = MatchedPairs(story.SEED, NAMES).assign(ALL, basis)
    assert practice.assignments(rollout.ref()) == again.assignments


def test_an_odd_clinic_takes_no_part_and_is_counted(practice):
    known = dict(list(KNOWN.items())[:7])
    design = Design(unit="clinic", allocation="matched_pairs")
    rollout = story.start(
        practice, design=design, units=dict.fromkeys(known, "all"), known=known
    )
    assert (rollout.n_units, rollout.left_out) == (6, 1)
    allocated = practice.assignments(rollout.ref())
    (odd,) = set(known) - set(allocated)
    e = story.encounters(200)
    e.clinic[:] = odd
    point = InProcess(practice, story.SERVICE, now=lambda: story.NOW)
    assert not point.cards(e).shown.any()


def test_a_constrained_allocation_says_of_which_set_it_is(practice):
    design = Design(
        unit="clinic", allocation="covariate_constrained", constrained_fraction=0.6
    )
    rollout = story.start(practice, design=design, units=ALL, known=KNOWN)
    told = rollout.constrained_set
    assert (told.candidates, told.all_listed) == (70, True)
    assert 42 <= told.admitted <= 46
    again = CovariateConstrained(story.SEED, NAMES, 0.6).assign(ALL, KNOWN)
    assert practice.assignments(rollout.ref()) == again.assignments
    assert again.constrained_set == told


def test_a_design_and_a_protocol_of_different_allocations_are_refused(practice):
    """The protocol says how units are allocated before anything is drawn."""
    with pytest.raises(DefinitionError, match="draws matched_pairs") as caught:
        change.run(
            story.evidence(),
            story.knowledge(),
            story.protocol(),
            Design(unit="clinic", allocation="matched_pairs"),
            practice,
            **story.arguments(units=ALL, known=KNOWN),
        )
    assert caught.value.code == "rollout-inconsistent"


def test_an_analysis_that_does_not_know_of_the_allocation_is_refused(practice):
    """Pairs are adjusted for, and the message writes the line that is needed."""
    with pytest.raises(DefinitionError) as caught:
        story.start(
            practice,
            design=Design(unit="clinic", allocation="matched_pairs"),
            units=ALL,
            known=KNOWN,
            covariates=("baseline_rate",),
        )
    assert caught.value.code == "allocation-not-adjusted"
    assert "covariates: [stratum, baseline_rate]" in str(caught.value)


def test_patients_are_minimised_by_what_the_call_says(practice):
    rollout = minimised(practice)
    point = InProcess(practice, story.SERVICE, now=lambda: story.NOW)
    e = encounters(300, 1)
    point.cards(e)
    for i in range(20):
        point.cards(encounters(300, 2).one(i))
    arms, placed = replayed(practice, rollout)
    assert {unit: one.arm for unit, one in placed.items()} == arms
    basis = practice.basis(rollout.ref())
    first = {p: i for i, p in reversed(list(enumerate(e.patient.tolist())))}
    for patient, i in first.items():
        assert basis[patient] == {
            "clinic": e.clinic[i],
            "sex": "female" if e.is_female[i] else "male",
            "age_band": age_band(e.age[i]),
        }
    signs = {u: 1 if arm == "active" else -1 for u, arm in arms.items()}
    for level in ("female", "male"):
        lead = sum(signs[u] for u, one in basis.items() if one["sex"] == level)
        assert abs(lead) < 15


def test_a_batch_allocates_as_one_call_after_another(tmp_path):
    """The order of arrival decides, not how the calls were packed."""
    found = []
    for packed in (True, False):
        with story.open_practice(tmp_path / str(packed)) as practice:
            rollout = minimised(practice, balanced_on=("sex", "clinic"))
            point = InProcess(practice, story.SERVICE, now=lambda: story.NOW)
            e = encounters(40, 1)
            for batch in [e] if packed else [e.one(i) for i in range(40)]:
                point.cards(batch)
            found.append(practice.assignments(rollout.ref()))
    assert found[0] == found[1]


def test_what_a_call_does_not_say_is_a_level_of_its_own(practice):
    rollout = minimised(practice)
    e = story.encounters(30)
    e.age = None
    InProcess(practice, story.SERVICE, now=lambda: story.NOW).cards(e)
    basis = practice.basis(rollout.ref())
    assert {one["sex"] for one in basis.values()} == {"unknown"}
    assert {one["age_band"] for one in basis.values()} == {"unknown"}


def test_a_transaction_that_is_rolled_back_counts_for_nothing(practice):
    """What was decided and not written is decided again, alike."""
    rollout = minimised(practice)
    point = InProcess(practice, story.SERVICE, now=lambda: story.NOW)
    point.cards(encounters(50, 1))
    with sqlite3.connect(practice.path) as raw:
        raw.execute(
            "create trigger full before insert on exposure begin "
            "select raise(abort, 'full'); end"
        )
    with pytest.raises(SourceError):
        point.cards(encounters(50, 2))
    with sqlite3.connect(practice.path) as raw:
        raw.execute("drop trigger full")
    raw.close()
    point.cards(encounters(50, 3))
    arms, placed = replayed(practice, rollout)
    assert {unit: one.arm for unit, one in placed.items()} == arms


def test_several_servers_at_once_share_one_minimisation(tmp_path):
    """Each decides from the rows of all, within the transaction that writes its own."""
    with story.open_practice(tmp_path) as practice:
        rollout = minimised(practice)
    failed = []

    def serve(number):
        try:
            with story.open_practice(tmp_path) as practice:
                point = InProcess(practice, story.SERVICE, now=lambda: story.NOW)
                for i in range(5):
                    point.cards(encounters(15, 10 * number + i))
        except Exception as error:  # noqa: BLE001 - whatever it is, it fails the test
            failed.append(repr(error))

    threads = [threading.Thread(target=serve, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with story.open_practice(tmp_path) as practice:
        arms, placed = replayed(practice, rollout)
    assert len(placed) > 100
    assert {unit: one.arm for unit, one in placed.items()} == arms


def _serve_until_killed(path, number):
    with Practice.open(path) as practice:
        point = InProcess(practice, story.SERVICE, now=lambda: story.NOW)
        i = 0
        while True:
            point.cards(encounters(3, 1_000 * number + i))
            i += 1


def test_a_kill_at_any_instant_changes_no_allocation(tmp_path):
    """Two processes at once, both killed, again and again: the replay is the store."""
    with story.open_practice(tmp_path) as practice:
        rollout = minimised(practice)
        path, before = practice.path, {}
        context = multiprocessing.get_context("fork")
        chance = np.random.default_rng(1)
        for kill in range(4):
            servers = [
                context.Process(target=_serve_until_killed, args=(path, 2 * kill + i))
                for i in range(2)
            ]
            for server in servers:
                server.start()
            servers[0].join(float(chance.uniform(0.15, 0.4)))
            for server in servers:
                server.kill()
                server.join()
            arms, placed = replayed(practice, rollout)
            found = {unit: one.arm for unit, one in placed.items()}
            assert found == arms
            assert before.items() <= found.items()
            before = found
    assert len(before) > 20


def test_a_store_made_before_there_was_a_basis_goes_on(tmp_path):
    """The table is made when the file is opened; blocks go on as before."""
    with story.open_practice(tmp_path) as practice:
        rollout = story.start(practice, unit="patient")
        path = practice.path
    raw = sqlite3.connect(path)
    raw.execute("drop table allocation_basis")
    raw.close()
    with story.open_practice(tmp_path) as practice:
        InProcess(practice, story.SERVICE, now=lambda: story.NOW).cards(
            story.encounters(20)
        )
        assert practice.assignments(rollout.ref())
        assert practice.basis(rollout.ref()) == {}
