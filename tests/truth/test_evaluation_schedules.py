"""Arms that change over time, on made trials with a trend: right as often as it says.

`make test-schedules` makes 2,000 trials of each (`ROUNDS_TRIALS`), and prints the lines
of docs/reference/accuracy.md.
"""

import os
from dataclasses import replace

import numpy as np
import pytest

from rounds.loop.evaluation.arms.schedule_looks import DRAWS, schedule_result
from rounds.loop.evaluation.estimates.effects import effect
from rounds.loop.evaluation.participants import join
from rounds.loop.evaluation.spreadsheet.models import fit
from rounds.loop.evaluation.spreadsheet.question import Question
from rounds.loop.evaluation.spreadsheet.trial import Trial
from rounds.methods.clusters.least_squares import cluster_ols
from stories import scheduled_trial as story
from stories import trial

CONSERVATIVE = 0.025
"""By which the interval may cover too often: with few clinics a variance that is small
is often estimated to be nought, and its uncertainty counts all the same."""

N = int(os.environ.get("ROUNDS_TRIALS", "40"))
WORLDS = {
    "stepped wedge, 18 clinics": story.World(),
    "stepped wedge, 6 clinics": story.World(clinics=6, per_cell=40),
    "stepped wedge, incomplete": story.World(not_enrolling=((1, 4), (3, 1))),
    "cross-over, 16 clinics": story.World(
        kind="cluster_crossover", clinics=16, n_periods=2
    ),
    "cross-over, 6 clinics, 4 periods": story.World(
        kind="cluster_crossover", clinics=6, n_periods=4
    ),
}


def enrolled(world, seed):
    """Give the participants of a made trial, its protocol and its allocation."""
    plan = story.protocol(world)
    rows = story.made(world, seed)
    primary = rows.endpoints[str(trial.PRIMARY)]
    people = join(primary, rows.allocation, plan, plan.primary, {})
    return people, plan, rows.allocation


def made(world, n=N):
    """Give the primary fit, and one without periods, of n made trials."""
    found, naive = [], []
    for seed in range(n):
        people, plan, _ = enrolled(world, seed)
        found.append(effect(people, plan, plan.primary).fit)
        X = np.column_stack([people.active.astype(float), np.ones(len(people))])
        naive.append(cluster_ols(people.outcome, X, people.clinic))
    return found, naive


def coverage(found, truth):
    return np.mean([f.lower < truth < f.upper for f in found])


def told(name, found, truth):
    """Print one line, where somebody looks."""
    error = np.array([f.estimate for f in found]) - truth
    bias, mc = 100 * error.mean(), 100 * error.std() / np.sqrt(len(error))
    share = coverage(found, truth)
    print(
        f"{name:<34}{len(error):>6}  {bias:+.2f} ± {mc:.2f}   {100 * share:.1f} ± "
        f"{100 * np.sqrt(share * (1 - share) / len(error)):.1f}%"
    )


@pytest.mark.parametrize("name", WORLDS)
def test_the_estimate_is_unbiased_and_its_interval_covers(name):
    """Within the Monte Carlo error, in spite of a trend that a crude look mistakes."""
    world = WORLDS[name]
    found, _ = made(world)
    told(name, found, world.effect)
    error = np.array([f.estimate for f in found]) - world.effect
    assert abs(error.mean()) < 4 * error.std() / np.sqrt(N)
    slack = 4 * np.sqrt(0.95 * 0.05 / N)
    assert -slack < coverage(found, world.effect) - 0.95 < CONSERVATIVE + slack


@pytest.mark.parametrize("name", ["stepped wedge, 6 clinics", "cross-over, 16 clinics"])
def test_no_effect_is_taken_for_one_no_more_often_than_said(name):
    """Type I error stays at 5%."""
    world = replace(WORLDS[name], effect=0.0)
    found, _ = made(world)
    told(f"{name}, no effect", found, 0.0)
    slack = 4 * np.sqrt(0.05 * 0.95 / N)
    assert 1 - coverage(found, 0.0) < 0.05 + slack


def test_a_trend_is_taken_for_an_effect_where_periods_are_left_out():
    """The made trend is one that matters: without periods a wedge is wrong."""
    world = replace(WORLDS["stepped wedge, 18 clinics"], effect=0.0, trend=0.08)
    found, naive = made(world, 20)
    assert np.mean([f.estimate for f in naive]) > 0.08
    assert abs(np.mean([f.estimate for f in found])) < 0.04
    assert coverage(naive, 0.0) < 0.3


def test_an_effect_that_grows_is_seen_by_time_since_the_switch():
    """Each time's effect is its own, and their average the plain one."""
    world = story.World(clinics=30, per_cell=40, effect=0.0, later=0.10, spread=0.02)
    looks = []
    for seed in range(12):
        people, plan, allocation = enrolled(world, seed)
        looks.append(schedule_result(people, plan, allocation, None))
    each = np.array([[e.estimate.value for e in one.by_exposure_time] for one in looks])
    error = 4 * each.std(axis=0) / np.sqrt(len(each))
    assert (np.abs(each.mean(axis=0) - [0.0, 0.1, 0.2]) < error).all()
    average = np.array([one.time_average.value for one in looks])
    np.testing.assert_allclose(average, each.mean(axis=1), atol=0.02)
    inside = [one.time_average.lower < 0.1 < one.time_average.upper for one in looks]
    assert np.mean(inside) > 0.75


def test_looks_beside_the_estimate_agree_with_it_where_all_is_as_assumed():
    """Within clinics alone, and against the schedules that could have been drawn."""
    p_values, within = [], []
    world = story.World(clinics=9, effect=0.0)
    for seed in range(20):
        people, plan, allocation = enrolled(world, seed)
        found = schedule_result(people, plan, allocation, None)
        p_values.append(found.permutation_p)
        within.append(found.within_clinics)
    slack = 4 * np.sqrt(0.05 * 0.95 / len(p_values))
    assert np.mean(np.array(p_values) <= 0.05) < 0.05 + slack
    assert np.mean([f.lower < 0 < f.upper for f in within]) > 0.95 - slack


def test_the_permutation_test_is_the_same_for_anyone():
    """Schedules are drawn from the frozen protocol's hash, not from the air."""
    people, plan, allocation = enrolled(story.World(), 1)
    one, other = (schedule_result(people, plan, allocation, None) for _ in (1, 2))
    assert one == other
    assert one.n_permutations == DRAWS


@pytest.mark.parametrize(
    "name", ["stepped wedge, 18 clinics", "cross-over, 16 clinics"]
)
def test_a_spreadsheet_of_the_same_trial_says_the_same(name):
    """`rounds evaluation analyse` and the loop have one estimator."""
    people, plan, _ = enrolled(WORLDS[name], 3)
    plan = plan.model_copy(update={"covariates": ()})
    ours = effect(people, plan, plan.primary).fit
    sheet = Trial(
        design=WORLDS[name].kind.replace("_", "-"),
        outcome=people.outcome,
        active=people.active,
        labels=("silent", "active"),
        clusters=np.unique(people.clinic, return_inverse=True)[1],
        periods=people.period,
        strata=None,
        schedule=None,
        covariates={},
    )
    theirs = fit(sheet, Question(method="mixed", scale="difference"))
    assert ours.estimate == pytest.approx(theirs.estimate, rel=1e-6)
    assert ours.lower == pytest.approx(theirs.lower, rel=1e-6)
    assert ours.df == pytest.approx(theirs.df, rel=1e-4)
