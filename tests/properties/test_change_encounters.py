"""Each visit is allocated at its own call: durable, replayed, never changed, concealed."""

import datetime as dt
import uuid

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from rounds.loop.change import InProcess
from rounds.loop.change.rollouts import PermutedBlocks
from rounds.nouns import Design
from rounds.practice.exposures import exposure_of, exposure_rows
from stories import practice as story

CLINICS = 3


def start(practice):
    design = Design(unit="encounter", strata=("clinic",))
    return story.start(practice, "encounter", design=design)


def calls(numbers, seed):
    """One call of each of these encounters; two in three are due; patients come again."""
    n = len(numbers)
    e = story.encounters(n, seed=1)
    e.hook_instance = np.array(
        [str(uuid.uuid5(uuid.NAMESPACE_OID, f"{seed}-{i}")) for i in range(n)]
    )
    e.encounter = np.array([f"encounter-{i}" for i in numbers])
    e.patient = np.array([f"patient-{i % 5}" for i in numbers])
    e.clinic = np.array([f"clinic-{i // 3 % CLINICS}" for i in numbers])
    e.age[:], e.has_hypertension[:], e.diastolic[:] = 60, True, 80
    e.systolic = np.array([150.0 if i % 3 else 120.0 for i in numbers])
    return e


def care_of(practice):
    return InProcess(practice, story.SERVICE, now=lambda: story.NOW)


def is_as_drawn(practice, rollout):
    """Each allocated encounter is where the seed puts its place, none left out."""
    blocks = PermutedBlocks(story.SEED, rollout.design.block_sizes)
    found = practice.assignments(rollout.ref())
    places = {}
    for one in found.values():
        assert one.arm == blocks.arm(one.stratum, one.sequence)
        places.setdefault(one.stratum, []).append(one.sequence)
    assert all(sorted(p) == list(range(len(p))) for p in places.values())
    return found


@settings(max_examples=25, deadline=None)
@given(
    batches=st.lists(
        st.lists(st.integers(0, 12), min_size=1, max_size=8), min_size=1, max_size=5
    )
)
def test_an_encounter_keeps_its_arm_however_often_it_calls(tmp_path_factory, batches):
    """In one batch or several; one that is not due is not allocated until it is."""
    with story.open_practice(tmp_path_factory.mktemp("practice")) as practice:
        rollout, care = start(practice), care_of(practice)
        former = {}
        for seed, numbers in enumerate(batches):
            e = calls(numbers, seed)
            shown = care.cards(e).shown.tolist()
            now = is_as_drawn(practice, rollout)
            assert all(now[unit] == one for unit, one in former.items())
            former = now
            for i, encounter in enumerate(e.encounter.tolist()):
                written = exposure_of(practice, story.SERVICE, e.hook_instance[i])
                due = e.systolic[i] > 140
                assert (encounter in now) == due
                arm = now[encounter].arm if due else "none"
                assert (written.arm, shown[i]) == (arm, arm == "active")
                assert written.unit == (encounter if due else None)


def test_a_visit_that_becomes_due_is_allocated_then_and_answers_alike_after(tmp_path):
    """The chart is opened before the pressure is read, and again after."""
    with story.open_practice(tmp_path) as practice:
        rollout, care = start(practice), care_of(practice)
        early = calls([3, 6, 9, 12], 0)
        assert not care.cards(early).shown.any()
        assert practice.assignments(rollout.ref()) == {}
        late = calls([3, 6, 9, 12], 1)
        late.systolic[:] = 150
        shown = care.cards(late).shown
        assert len(is_as_drawn(practice, rollout)) == 4
        again = calls([12, 9, 6, 3], 2)
        again.systolic[:] = 150
        assert care.cards(again).shown.tolist() == shown.tolist()[::-1]
        assert care.cards(late).shown.tolist() == shown.tolist()


def test_patients_who_come_again_are_in_both_arms(tmp_path):
    """It is visits that are drawn: one patient's fifty are not all alike."""
    with story.open_practice(tmp_path) as practice:
        rollout, care = start(practice), care_of(practice)
        e = calls([n for n in range(1, 150) if n % 3], 0)
        e.patient[:] = "patient-1"
        care.cards(e)
        rows = exposure_rows(
            practice, rollout.ref(), ignored_after=dt.timedelta(7), now=story.NOW
        )
        assert set(rows.arm) == {"active", "silent"}
        assert abs((rows.arm == "active").mean() - 0.5) < 0.1


def test_without_an_identifier_a_visit_stays_silent(tmp_path):
    """It is written down as of no arm, and nothing is allocated."""
    with story.open_practice(tmp_path) as practice:
        rollout, care = start(practice), care_of(practice)
        e = calls([1, 2, 4], 0)
        e.encounter = np.array(["", "", ""])
        assert not care.cards(e).shown.any()
        assert practice.assignments(rollout.ref()) == {}
        assert exposure_of(practice, story.SERVICE, e.hook_instance[0]).arm == "none"


def test_who_opted_out_is_not_allocated(tmp_path):
    with story.open_practice(tmp_path) as practice:
        rollout, care = start(practice), care_of(practice)
        practice.opt_out("patient-1", story.NOW)
        e = calls([1, 2], 0)
        care.cards(e)
        assert set(practice.assignments(rollout.ref())) == {"encounter-2"}


def test_killed_at_any_instant_an_allocation_is_whole_or_absent(tmp_path):
    """Asked again after each possible interruption: the arm of the seed, written once."""
    for after in range(40):
        with story.open_practice(tmp_path / str(after)) as practice:
            rollout, e = start(practice), calls([1, 2, 4, 5], 0)
            done = _killed(practice, e, after)
            found = is_as_drawn(practice, rollout)
            assert len(found) in (0, 4)
            shown = care_of(practice).cards(e).shown.tolist()
            found = is_as_drawn(practice, rollout)
            assert shown == [found[unit].arm == "active" for unit in e.encounter]
            query = sa.text("select count(*) from exposure")
            with practice.engine.connect() as connection:
                assert connection.execute(query).scalar() == 4
        if done:
            break
    assert done
    assert after > 4


def _killed(practice, e, after):
    """Call, interrupted before a statement; say whether it was not."""
    seen = []

    def interrupt(*_):
        seen.append(1)
        if len(seen) > after:
            raise KeyboardInterrupt

    sa.event.listen(practice.engine, "before_cursor_execute", interrupt)
    try:
        care_of(practice).cards(e)
    except KeyboardInterrupt:
        return False
    finally:
        sa.event.remove(practice.engine, "before_cursor_execute", interrupt)
    return True


@pytest.mark.parametrize("strata", [(), ("clinic",)])
def test_the_arms_are_level_in_each_stratum(tmp_path, strata):
    """Within half a block: in the clinic, or over all."""
    with story.open_practice(tmp_path) as practice:
        design = Design(unit="encounter", strata=strata)
        rollout = story.start(practice, "encounter", design=design)
        care_of(practice).cards(calls([n for n in range(1, 90) if n % 3], 0))
        arms = {}
        for one in practice.assignments(rollout.ref()).values():
            arms.setdefault(one.stratum, []).append(one.arm)
        assert len(arms) == (CLINICS if strata else 1)
        for each in arms.values():
            assert abs(each.count("active") - each.count("silent")) <= 2
