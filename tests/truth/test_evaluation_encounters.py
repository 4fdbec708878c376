"""Each visit randomised, on made trials of patients who come again: right as it says.

`make test-encounters` makes 2,000 trials of each (`ROUNDS_TRIALS`), and prints the lines
of docs/reference/accuracy.md.
"""

import os
from dataclasses import replace

import numpy as np
import pytest

from rounds.loop.evaluation.estimates.effects import effect
from rounds.loop.evaluation.participants import join
from rounds.loop.evaluation.spreadsheet.models import fit
from rounds.loop.evaluation.spreadsheet.question import Question
from rounds.loop.evaluation.spreadsheet.trial import Trial
from stories import encounter_trial as story
from stories import trial

N = int(os.environ.get("ROUNDS_TRIALS", "24"))
CONSERVATIVE = 0.03
"""By which few clinics' interval may cover too often: Satterthwaite's degrees of
freedom are cautious where clinics hardly differ in what the card does."""
WORLDS = {
    "16 clinics": story.World(),
    "6 clinics": story.World(clinics=6, per_clinic=60),
    "3 clinics, by patient": story.World(clinics=3, per_clinic=90, varies=0.0),
    "16 clinics, visits much alike": story.World(
        again=4.0, per_clinic=20, patients=0.16
    ),
    "16 clinics, cards carried over": story.World(carried=0.04),
}


def enrolled(world, seed):
    """Give the visits of a made trial, and its protocol."""
    plan, rows = story.protocol(), story.made(world, seed)
    primary = rows.endpoints[str(trial.PRIMARY)]
    people = join(primary, rows.allocation, plan, plan.primary, {}, calls=rows.calls)
    return people, plan


def made(world, n=N):
    found = []
    for seed in range(n):
        people, plan = enrolled(world, seed)
        found.append(effect(people, plan, plan.primary).fit)
    return found


def coverage(found, truth):
    return np.mean([f.lower < truth < f.upper for f in found])


def told(name, found, truth):
    """Print one line, where somebody looks."""
    error = np.array([f.estimate for f in found]) - truth
    bias, mc = 100 * error.mean(), 100 * error.std() / np.sqrt(len(error))
    share = coverage(found, truth)
    print(
        f"{name:<42}{len(error):>6}  {bias:+.2f} ± {mc:.2f}   {100 * share:.1f} ± "
        f"{100 * np.sqrt(share * (1 - share) / len(error)):.1f}%"
    )


@pytest.mark.parametrize("name", WORLDS)
def test_the_estimate_is_unbiased_and_its_interval_covers(name):
    """However alike a patient's visits are; also where what came before matters."""
    world = WORLDS[name]
    found = made(world)
    told(name, found, world.effect)
    error = np.array([f.estimate for f in found]) - world.effect
    assert abs(error.mean()) < 4 * error.std() / np.sqrt(N)
    slack = 4 * np.sqrt(0.95 * 0.05 / N)
    assert -slack < coverage(found, world.effect) - 0.95 < CONSERVATIVE + slack


@pytest.mark.parametrize("name", ["6 clinics", "16 clinics, visits much alike"])
def test_no_effect_is_taken_for_one_no_more_often_than_said(name):
    """Type I error stays at 5%."""
    world = replace(WORLDS[name], effect=0.0, varies=0.0)
    found = made(world)
    told(f"{name}, no effect", found, 0.0)
    slack = 4 * np.sqrt(0.05 * 0.95 / N)
    assert 1 - coverage(found, 0.0) < 0.05 + slack


def test_a_first_visit_alone_is_of_the_same_trial():
    """Balancing and secondary endpoints count each patient once, as then randomised."""
    rows = story.made(story.World(), 1)
    plan = story.protocol()
    low = rows.endpoints[str(trial.BALANCING)]
    balancing = plan.endpoints[-1]
    people = join(low, rows.allocation, plan, balancing, {}, calls=rows.calls)
    assert len(people) == len(np.unique(people.person)) == len(low)
    everybody, _ = enrolled(story.World(), 1)
    arm_of = dict(zip(everybody.unit, everybody.active, strict=True))
    assert [arm_of[unit] for unit in people.unit] == people.active.tolist()


def test_a_spreadsheet_of_the_same_trial_says_the_same():
    """`rounds evaluation analyse` and the loop have one estimator."""
    people, plan = enrolled(WORLDS["16 clinics"], 3)
    ours = effect(people, plan, plan.primary).fit
    codes = np.unique(people.clinic, return_inverse=True)[1]
    sheet = Trial(
        design="encounter",
        outcome=people.outcome,
        active=people.active,
        labels=("silent", "active"),
        clusters=codes,
        periods=None,
        strata=codes,
        schedule=None,
        covariates={},
    )
    theirs = fit(sheet, Question(method="least-squares", scale="difference"))
    assert ours.estimate == pytest.approx(theirs.estimate, rel=1e-9)
    assert ours.lower == pytest.approx(theirs.lower, rel=1e-9)
    assert ours.df == pytest.approx(theirs.df, rel=1e-9)
