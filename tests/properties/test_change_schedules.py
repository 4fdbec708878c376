"""Clinics randomised to sequences: balanced, replayed, and no arm before its time."""

import datetime as dt

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from rounds.loop.change import InProcess
from rounds.loop.change.rollouts import Sequences
from rounds.practice.exposures import exposure_of, exposure_rows
from stories import practice as story
from stories import scheduled_practice as scheduled


@settings(max_examples=60, deadline=None)
@given(
    seed=st.binary(min_size=32, max_size=32),
    strata=st.lists(st.sampled_from("abc"), min_size=2, max_size=40),
    k=st.integers(2, 5),
)
def test_sequences_are_level_over_all_and_nearly_so_in_each_stratum(seed, strata, k):
    """They differ by one at the most over all, by two within a stratum."""
    names = tuple(f"sequence-{i + 1}" for i in range(k))
    units = {f"clinic-{i}": stratum for i, stratum in enumerate(strata)}
    found = Sequences(seed, names).assign(units)
    assert found == Sequences(seed, names).assign(dict(reversed(units.items())))
    assert found.keys() == units.keys()
    for stratum, most in [("", 1), ("a", 2), ("b", 2), ("c", 2)]:
        arms = [o.arm for o in found.values() if o.stratum == stratum or not stratum]
        counts = [arms.count(name) for name in names]
        assert max(counts) - min(counts) <= most
    places = [(one.stratum, one.sequence) for one in found.values()]
    assert len(set(places)) == len(places)


@pytest.mark.parametrize("kind", ["stepped_wedge", "cluster_crossover"])
def test_the_arm_of_a_call_is_its_sequence_s_on_that_day(tmp_path, kind):
    """Before a step and after, also for a service that runs on; a retry changes none."""
    with story.open_practice(tmp_path) as practice:
        rollout = scheduled.start(practice, kind)
        schedule, allocated = (
            rollout.design.schedule,
            practice.assignments(rollout.ref()),
        )
        assert allocated == Sequences(story.SEED, schedule.names).assign(
            scheduled.CLINICS
        )
        care = InProcess(practice, story.SERVICE, now=lambda: story.NOW)
        days = [
            start + dt.timedelta(days=shift)
            for start in scheduled.STARTS
            for shift in (-1, 0)
        ]
        for seed, day in enumerate(days):
            e = scheduled.calls_on(day, seed)
            shown = care.cards(e).shown.tolist()
            for i, clinic in enumerate(e.clinic):
                sequence = allocated[clinic].arm
                arm = schedule.arm(sequence, day) if day >= story.GO_LIVE else "none"
                written = exposure_of(practice, story.SERVICE, e.hook_instance[i])
                assert (written.arm, shown[i]) == (arm, arm == "active")
        assert practice.assignments(rollout.ref()) == allocated
        rows = exposure_rows(
            practice, rollout.ref(), ignored_after=dt.timedelta(7), now=story.NOW
        )
        assert {"active", "silent"} <= set(rows.arm)


def test_killed_at_any_instant_the_allocation_is_whole_or_absent(tmp_path):
    """Started again after each possible interruption, it is the one of the seed."""
    names = scheduled.schedule().names
    meant = Sequences(story.SEED, names).assign(scheduled.CLINICS)
    statements = 0
    for after in range(60):
        with story.open_practice(tmp_path / str(after)) as practice:
            done = _killed(practice, after)
            statements = max(statements, after)
            rows = sa.select(sa.func.count()).select_from(sa.table("allocation"))
            with practice.engine.connect() as connection:
                n = connection.execute(rows).scalar()
            assert n in (0, len(meant))
            rollout = scheduled.start(practice)
            assert practice.assignments(rollout.ref()) == meant
        if done:
            break
    assert done
    assert statements > 4


def _killed(practice, after):
    """Start a trial, interrupted before a statement; say whether it was not."""
    seen = []

    def interrupt(*_):
        seen.append(1)
        if len(seen) > after:
            raise KeyboardInterrupt

    sa.event.listen(practice.engine, "before_cursor_execute", interrupt)
    try:
        scheduled.start(practice)
    except KeyboardInterrupt:
        return False
    finally:
        sa.event.remove(practice.engine, "before_cursor_execute", interrupt)
    return True
