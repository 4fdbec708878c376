"""Looks at schedules and at visits through the step: how many are misled?

A dozen made trials of each by default; `make test-looks` makes 10,000. Only those that
could cross a bound go through the step: see `test_evaluation_looks`.
"""

import datetime as dt
import os

import numpy as np
import pytest

from rounds.loop.evaluation.looks import enrolled_until, judge
from rounds.nouns import Design, LookPlan
from stories import encounter_trial, factorial_trial, scheduled_trial, trial
from stories import looks as story

ASKED = int(os.environ.get("ROUNDS_TRIALS", "0"))
TRIALS = ASKED if ASKED >= 1_000 else 12
ERROR, NEAR = 0.025, 1.9
CARDS = ("first", "second")
STARTS = [trial.GO_LIVE + dt.timedelta(days=scheduled_trial.DAYS * k) for k in range(6)]


def scheduled(kind):
    """Five periods, twelve clinics, looks after the third and the fourth."""
    world = scheduled_trial.World(
        kind=kind, n_periods=5, clinics=12, effect=0.0, per_cell=12
    )
    plan = story.plan(
        planned_se=0.05,
        fractions=(0.4, 0.7, 1.0),
        dates=(STARTS[3], STARTS[4]),
        spending="lan-demets-pocock",
    )
    written = scheduled_trial.protocol(world, looks=plan, covariates=())
    return world, written, Design(unit="clinic", schedule=world.schedule)


def by_visit():
    world = encounter_trial.World(clinics=12, per_clinic=15, effect=0.0)
    plan = story.plan(
        planned_se=0.035, fractions=(0.4, 0.7, 1.0), spending="lan-demets-pocock"
    )
    written = encounter_trial.protocol(looks=plan)
    return world, written, Design(unit="encounter", strata=("clinic",))


CASES = {
    "stepped wedge": (scheduled_trial, *scheduled("stepped_wedge")),
    "cluster cross-over": (scheduled_trial, *scheduled("cluster_crossover")),
    "visits": (encounter_trial, *by_visit()),
}


def judged(rows, written, design, day, earlier):
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


def shown(rows, written, design, when):
    """Say whether a look, or the final evaluation, shows a benefit."""
    seen = ()
    for day in when:
        seen = (*seen, judged(rows, written, design, day, seen))
        if seen[-1].verdict == "stop_benefit":
            return True
    return story.final(rows, written, seen).lower > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_looks_at_other_designs_mislead_no_more_often_than_is_promised(name):
    story_of, world, written, design = CASES[name]
    when = written.looks.dates or story.days((0.4, 0.7))
    misled = once = 0
    for seed in range(TRIALS):
        rows = story_of.made(world, seed)
        alone = story.statistics(rows, written, written.primary, when)
        once += alone[-1] >= 1.96
        if alone.max() >= NEAR:
            misled += shown(rows, written, design, when)
    print("looks:", name, misled / TRIALS, "one look", once / TRIALS, "of", TRIALS)
    assert misled / TRIALS <= ERROR + 4 * np.sqrt(ERROR * (1 - ERROR) / TRIALS)


def test_guardrails_of_two_cards_pause_no_more_often_than_is_promised():
    """Neither card harms: each guardrail has its own error, so both have at most two.

    Every made trial goes through the step, at two looks.
    """
    guard = story.guardrail(margin=0.0, looks="group_sequential", planned_se=0.011)
    written = factorial_trial.protocol(
        looks=LookPlan(looks="safety", planned_se=0.03), guardrails=(guard,)
    )
    started = factorial_trial.rollout(written, trial.evidence())
    world = factorial_trial.World(clinics=24, per_clinic=30, first=0.0, second=0.0)
    paused = []
    for seed in range(TRIALS):
        rows, seen = factorial_trial.made(world, seed), ()
        for day in story.days((0.4, 0.7)):
            seen = (*seen, story.judged_by(rows, started, written, seen, day))
        paused.append({name for one in seen for name in one.crossed})
    each = [np.mean([f"low-pressure, {c} card" in p for p in paused]) for c in CARDS]
    print("guardrails of two cards:", *each, np.mean([bool(p) for p in paused]), TRIALS)
    assert max(each) <= guard.alpha + 4 * np.sqrt(guard.alpha / TRIALS)
