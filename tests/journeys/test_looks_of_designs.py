"""A trial of visits that harms pauses itself at a look, as one of clinics does."""

import datetime as dt

from rounds.conduct import Desk, Project, run_evaluation, run_monitor, run_stop
from rounds.conduct.demo import DemoOptions, begin
from rounds.conduct.demo.beginning import Clock, load_practice
from rounds.loop.change import InProcess
from rounds.loop.evaluation.looks import LookRecord
from rounds.nouns import Guardrail, Look, LookPlan, Rollout
from rounds.practice.exposures import exposure_rows

OPTIONS = DemoOptions(
    people=2500,
    weeks=16,
    n_clinics=12,
    seed=3,
    effect=0.1,
    harm=0.1,
    design="encounter",
    looks=LookPlan(looks="always_valid", planned_se=0.03),
    guardrails=(
        Guardrail(
            endpoint="low-pressure-after-first-uncontrolled",
            margin=0.0,
            planned_se=0.03,
            alpha=0.2,
            looks="group_sequential",
        ),
    ),
)


def exposures(desk):
    return exposure_rows(
        desk.practice,
        desk.latest(Rollout).ref(),
        ignored_after=dt.timedelta(days=7),
        now=desk.now(),
    )


def test_a_trial_of_visits_pauses_itself_and_is_evaluated_as_far_as_it_came(tmp_path):
    past = begin(tmp_path / "p", OPTIONS, lambda _: None)
    world, clock = past.world, Clock(past.eve)
    day = world.go_live + dt.timedelta(weeks=22)
    with Desk.open(Project.open(tmp_path / "p"), now=clock, by="Dr Rosa Lind") as desk:
        service = desk.practice.services()[0]
        here = InProcess(desk.practice, service, now=clock)
        world.live(day, here)
        load_practice(desk, world)
        clock.day = day
        seen = run_monitor(desk)
        assert (seen.state, seen.look.verdict) == ("paused", "paused")
        (kept,) = desk.practice.looks(desk.latest(Rollout).ref())
        record = LookRecord.from_json(kept.record)
        assert record.verdict == "pause_harm"
        (guarded,) = record.guardrails
        told = desk.latest(Look).to_json() + repr(kept) + repr(record)
        assert f"{guarded.estimate:.3f}" not in told
        assert "low-pressure" not in told
        before = len(exposures(desk))
        world.live(day + dt.timedelta(weeks=2), here)
        rows = exposures(desk)
        assert len(rows) > before
        assert not rows.shown[before:].any()
        clock.day = day + dt.timedelta(weeks=2)
        run_stop(desk, reason="as the board recommended")
        clock.day = past.protocol.ends + dt.timedelta(days=1)
        found = run_evaluation(desk)
    assert found.after_looks.grounds == "harm"
    assert found.after_looks.paused == (day,)
