"""The whole loop with arms that change over time, beside the world's sealed truth."""

import datetime as dt
import json

import pytest

from rounds.conduct.demo import DemoOptions, run_demo
from rounds.conduct.desk import Desk
from rounds.loop.change.rollouts import Sequences
from rounds.nouns import Protocol
from rounds.practice.exposures import exposure_rows
from rounds.school import grade
from rounds.world import World, WorldConfig

WEEKS = {"stepped-wedge": 47, "cluster-crossover": 21}


@pytest.fixture(scope="module", params=WEEKS)
def turned(request, tmp_path_factory):
    """One small turn, not watched on."""
    options = DemoOptions(
        design=request.param,
        people=2_400,
        n_clinics=9,
        weeks=WEEKS[request.param],
        effect=0.2,
        seed=3,
        watch=False,
        publish_files=False,
        threads=1,
    )
    return run_demo(tmp_path_factory.mktemp("turn") / "demo", options), options


def test_the_interval_holds_the_truth_of_its_own_estimand(turned):
    """Of those who could be enrolled; every check has passed."""
    done, _ = turned
    graded = grade(done)
    assert {d.verdict for d in done.evaluation.diagnostics} == {"pass"}
    assert graded.effect.covered
    assert graded.effect.truth > 0.1
    assert "linear mixed model" in done.evaluation.estimate.method


def test_the_truth_counts_those_who_were_enrolled(turned):
    """The same persons as in the analysis: enrolled in a period, not in between."""
    done, options = turned
    truth = json.loads(done.truth.read_text())
    assert done.evaluation.estimate.n == truth["population"]["n"]
    left_out = dict(done.evaluation.flow.excluded)
    assert left_out["in a transition, when nobody is enrolled"] > 20
    assert truth["config"]["closed"]
    assert truth["config"]["weeks"] == options.weeks


def test_what_was_frozen_served_and_replayed_is_one_schedule(turned):
    """The protocol's days; each exposure in the arm of its day; the seed's sequences."""
    done, _ = turned
    schedule = done.protocol.schedule
    assert done.rollout.design.schedule == schedule
    assert "Kenward" in done.protocol.analysis
    assert "Harms are judged by the wider" in done.protocol.analysis
    assert all(
        "where these are wider" in b.estimate.method for b in done.evaluation.balancing
    )
    assert "wider" not in done.evaluation.estimate.method
    with Desk.open(done.project, now=lambda: None, by="t", threads=1) as desk:
        assert desk.latest(Protocol).schedule == schedule
        allocated = desk.practice.assignments(done.rollout.ref())
        seed, _ = desk.practice.reveal(
            done.rollout.ref(), on=done.protocol.enrolment.end + dt.timedelta(days=1)
        )
        # Far enough ahead for the feedback of every card.
        calls = exposure_rows(
            desk.practice,
            done.rollout.ref(),
            ignored_after=schedule.period_starts[1] - schedule.period_starts[0],
            now=_noon(schedule.period_starts[-1]),
        )
    days = calls.occurred.astype("datetime64[D]").tolist()
    meant = [
        schedule.arm(allocated[unit].arm, day)
        for unit, day in zip(calls.unit, days, strict=True)
    ]
    assert calls.arm.tolist() == meant
    strata = {unit: one.stratum for unit, one in allocated.items()}
    assert Sequences(seed, schedule.names).assign(strata) == allocated


def _noon(day):
    return dt.datetime.combine(day, dt.time(12), tzinfo=dt.UTC)


def test_closed_days_change_who_is_counted_and_nothing_that_is_lived():
    """The event log is the same, byte by byte."""
    plain = {"people": 400, "n_clinics": 4, "n_outliers": 0, "weeks": 8}
    open_, closed = (
        World(WorldConfig(**plain, closed=days)) for days in ((), ((14, 28),))
    )
    truths = []
    for world in (open_, closed):
        world.live(world.trial_end, None)
        truths.append(world._truth())
    assert open_.event_log_hash() == closed.event_log_hash()
    counts = [truth["population"]["n"] for truth in truths]
    assert 0 < counts[1] < counts[0]
    assert "nobody is enrolled" in truths[1]["population"]["definition"]
