"""Looks at schedules, encounters, and what is still refused."""

import datetime as dt

import pytest
from pydantic import ValidationError

from rounds.loop.evaluation.looks import (
    LookRecord,
    enrolled_until,
    first_look,
    judge,
)
from rounds.loop.evaluation.looks.clock import spending_time
from rounds.loop.evaluation.looks.ending import EndOfTrial
from rounds.nouns import Design
from rounds.practice.looks import Stopped
from stories import encounter_trial, scheduled_trial, trial
from stories import looks as story

PERIOD = dt.timedelta(days=scheduled_trial.DAYS)
STARTS = [trial.GO_LIVE + PERIOD * k for k in range(7)]


def stepped(kind="stepped_wedge", **changes):
    """A schedule of five periods, looked at after the third and the fourth."""
    world = scheduled_trial.World(kind=kind, n_periods=5, clinics=20, **changes)
    plan = story.plan(
        planned_se=0.03, fractions=(0.4, 0.7, 1.0), dates=(STARTS[3], STARTS[4])
    )
    rail = story.guardrail(planned_se=0.02)
    written = scheduled_trial.protocol(
        world, looks=plan, guardrails=(rail,), covariates=("stratum",)
    )
    return world, written


def designed(world):
    return Design(unit="clinic", schedule=world.schedule)


def look(rows, written, design, day, earlier=()):
    started = trial.rollout(written, trial.evidence())
    return judge(
        story.up_to(rows, enrolled_until(written, day)),
        started.model_copy(update={"design": design}),
        written,
        earlier,
        data_until=day,
        snapshot=f"snapshot {day}",
        made=dt.datetime.combine(day, story.NOON),
        letter_of_active="A",
    )


def test_a_look_at_a_schedule_reads_whole_periods_alone():
    _, written = stepped()
    last = STARTS[3] - dt.timedelta(days=1 + scheduled_trial.FOLLOW_UP)
    assert enrolled_until(written, STARTS[3]) == last
    half = STARTS[3] + dt.timedelta(days=20)
    assert enrolled_until(written, half) == last
    assert enrolled_until(written, STARTS[2]) < last
    second = last - PERIOD
    assert first_look(written) == second + dt.timedelta(days=scheduled_trial.FOLLOW_UP)
    too_early = first_look(written) - dt.timedelta(days=1)
    assert enrolled_until(written, too_early) < trial.GO_LIVE
    assert enrolled_until(written, first_look(written)) == second


@pytest.mark.parametrize(
    "dates",
    [
        (),
        (STARTS[1], STARTS[4]),
        (STARTS[3], STARTS[3] + dt.timedelta(days=9)),
        (STARTS[3], STARTS[5] + dt.timedelta(days=13)),
    ],
)
def test_looks_without_a_whole_step_between_them_are_refused(dates):
    world, _ = stepped()
    plan = story.plan(fractions=(0.4, 0.7, 1.0), dates=dates)
    with pytest.raises(ValidationError, match=r"periods|before the end"):
        scheduled_trial.protocol(world, looks=plan)


@pytest.mark.parametrize("kind", ["stepped_wedge", "cluster_crossover"])
def test_a_schedule_is_judged_by_its_mixed_model_and_all_its_checks(kind):
    """No later period is missed: cells that nobody can have filled are not asked for."""
    world, written = stepped(kind)
    rows, design = scheduled_trial.made(world, 4), designed(world)
    first = look(rows, written, design, STARTS[3])
    assert first.reason == ""
    assert {d["verdict"] for d in first.diagnostics if d["required"]} == {"pass"}
    assert first.primary.time == pytest.approx(0.4)
    assert first.primary.se > 0
    assert first.guardrails[0].is_judged
    second = look(rows, written, design, STARTS[4], (first,))
    assert second.primary.time == pytest.approx(0.7)
    assert second.primary.fraction > first.primary.fraction
    assert LookRecord.from_json(second.to_json()) == second


def test_a_period_without_data_still_seals_a_look():
    world, written = stepped(broken="periods")
    rows, design = scheduled_trial.made(world, 4), designed(world)
    seen = look(rows, written, design, STARTS[4])
    assert seen.verdict in {"not_judged", "pause_harm"}
    assert "periods failed" in seen.reason
    assert seen.primary.estimate is None


def test_a_schedule_that_was_ended_early_is_analysed_as_far_as_it_came():
    world, written = stepped(effect=0.5)
    rows, design = scheduled_trial.made(world, 4), designed(world)
    first = look(rows, written, design, STARTS[3])
    assert first.verdict == "stop_benefit"
    cut = dt.date.fromisoformat(first.enrolled_until)
    end = EndOfTrial(
        (first,),
        Stopped(
            at=dt.datetime.combine(STARTS[3], story.NOON), by="Dr A", reason="benefit"
        ),
        written.enrolment.model_copy(update={"end": cut}),
    )
    stood = end.as_far_as(written)
    assert not any(stood.schedule.enrols(row, 3) for row in range(4))
    assert stood.schedule.enrols(0, 2)
    assert stood.schedule.period_starts == written.schedule.period_starts


def test_visits_are_looked_at_as_they_come():
    world = encounter_trial.World(clinics=16, effect=0.0)
    plan = story.plan(planned_se=0.02, fractions=(0.5, 1.0))
    low = next(e for e in trial.protocol().endpoints if e.role == "balancing")
    rail = story.guardrail(endpoint=low.estimand.name, planned_se=0.01)
    written = encounter_trial.protocol(looks=plan, guardrails=(rail,))
    rows = encounter_trial.made(world, 5)
    (day,) = story.days((0.5,))
    design = Design(unit="encounter", strata=("clinic",))
    seen = look(rows, written, design, day)
    assert seen.reason == ""
    assert {d["name"] for d in seen.diagnostics} >= {"carry_over", "spill_over"}
    assert seen.primary.time == pytest.approx(0.5)
    assert 0.3 < seen.primary.fraction / (0.02 / seen.primary.se) ** 2 <= 1.01
    fit = look(rows, written, design, written.ends).primary
    assert fit.se < seen.primary.se


def test_the_clock_is_the_plan_s_on_its_days_and_straight_between():
    written = story.protocol(story.plan(fractions=(0.5, 0.75, 1.0)))
    start = trial.GO_LIVE + dt.timedelta(days=story.FOLLOW_UP)
    assert spending_time(written, start - dt.timedelta(days=5)) == 0
    first, second = story.days((0.5, 137 / 182))
    assert spending_time(written, first) == pytest.approx(0.5)
    assert spending_time(written, second) == pytest.approx(0.75)
    middle = first + (second - first) / 2
    assert 0.6 < spending_time(written, middle) < 0.65
    assert spending_time(written, written.ends) == 1
    always = story.protocol(story.always())
    assert spending_time(always, story.days((0.5,))[0]) == pytest.approx(0.5, abs=0.01)


def test_looks_written_down_before_there_was_a_clock_still_spend_by_information():
    written = story.protocol(story.plan(planned_se=0.03, fractions=(0.4, 1.0)))
    rows = trial.made(trial.World(clinics=20, per_clinic=30), 1)
    (seen,) = story.looked_at(rows, written, story.days((0.5,)), ends=())
    plain = seen.to_json().replace(f'"time": {seen.primary.time}, ', "")
    assert '"time"' not in plain.split('"primary"')[1].split("}")[0]
    old = LookRecord.from_json(plain)
    assert old.primary.time is None
    found = story.final(rows, written, (old,))
    assert found.lower < found.value < found.upper
