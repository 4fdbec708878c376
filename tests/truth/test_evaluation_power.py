"""Power by formula and by made trials agree within two points and the trials' error."""

import json
import os

import numpy as np
import pytest

from rounds.cli.main import main
from rounds.loop.evaluation.spreadsheet.planning import (
    TrialPlan,
    plan_trial,
    simulate,
)

TRIALS = int(os.environ.get("ROUNDS_WORLDS", "250"))
PLANS = {
    "persons, a share": TrialPlan("individual", 400, control=0.3, effect=0.12),
    "persons, a number": TrialPlan("individual", 120, sd=1.0, effect=-0.5),
    "clusters": TrialPlan("cluster", 20, 30, control=0.4, effect=0.12, icc=0.03),
    "clusters, few": TrialPlan("cluster", 8, 40, sd=1.0, effect=0.5, icc=0.05),
    "clusters, unequal": TrialPlan(
        "cluster", 16, 40, sd=1.0, effect=0.35, icc=0.05, variation=0.6
    ),
    "a stepped wedge": TrialPlan(
        "stepped-wedge",
        12,
        15,
        5,
        sd=1.0,
        effect=0.3,
        icc=0.08,
        autocorrelation=0.7,
    ),
    "a stepped wedge, a share": TrialPlan(
        "stepped-wedge",
        15,
        20,
        4,
        control=0.4,
        effect=0.12,
        icc=0.05,
        autocorrelation=0.8,
    ),
    "a cross-over": TrialPlan(
        "cluster-crossover",
        10,
        20,
        2,
        sd=1.0,
        effect=0.35,
        icc=0.05,
        autocorrelation=0.8,
    ),
}


@pytest.mark.parametrize("name", PLANS)
def test_formula_and_made_trials_agree(name):
    plan = PLANS[name]
    formula, made = plan_trial(plan), simulate(plan, trials=TRIALS, seed=5)
    said = f"{formula.power:6.1%}   {made.power:6.1%} ± {made.error:.1%}"
    print(f"{name:<26}{said}")
    assert abs(formula.power - made.power) <= 0.02 + 3 * made.error
    assert made.unanswered == 0


def test_clusters_taken_for_persons_promise_too_much():
    """The check above can fail: a plan without its correlation is far too hopeful."""
    plan = PLANS["clusters, few"]
    made = simulate(plan, trials=TRIALS, seed=5)
    alone = plan_trial(TrialPlan("individual", 320, sd=1.0, effect=0.5))
    assert alone.power - made.power > 0.02 + 3 * made.error


@pytest.mark.parametrize("name", PLANS)
def test_the_units_needed_give_the_power_and_one_fewer_do_not(name):
    plan = PLANS[name]
    needed = plan_trial(plan).units_needed
    step = {"units": needed}
    enough = plan_trial(TrialPlan(**(vars(plan) | step)))
    assert enough.power >= 0.8
    assert enough.detectable <= abs(plan.effect) * 1.02
    fewer = plan_trial(TrialPlan(**(vars(plan) | {"units": needed - 1})))
    assert fewer.power < 0.8 or needed == 4


def test_the_command_prints_what_was_planned(capsys):
    words = "--design cluster --units 20 --size 30 --icc 0.03 --control 0.4"
    words += " --effect 0.12 --json"
    assert main(["evaluation", "power", *words.split()]) == 0
    found = json.loads(capsys.readouterr().out)
    planned = plan_trial(PLANS["clusters"])
    assert found["power"] == planned.power
    assert found["detectable"] == planned.detectable
    assert found["units_needed"] == planned.units_needed == 36
    assert found["n"] == 600
    assert found["simulated"] is None
    assert main(["evaluation", "power", *words.replace(" --json", "").split()]) == 0
    assert f"{planned.power:.1%}" in capsys.readouterr().out


def test_the_least_effect_of_a_share_is_found_as_often_as_it_says():
    """Its variance is that of the share that it leads to."""
    plan = TrialPlan("individual", 400, control=0.01)
    least = plan_trial(plan).detectable
    there = TrialPlan("individual", 400, control=0.01, effect=least)
    assert abs(plan_trial(there).power - 0.8) < 1e-6
    clusters = TrialPlan("cluster", 20, 30, control=0.4, icc=0.03, effect=-0.1)
    least = plan_trial(clusters).detectable
    there = TrialPlan(**(vars(clusters) | {"effect": -least}))
    assert abs(plan_trial(there).power - 0.8) < 1e-6
    assert plan_trial(TrialPlan("cluster", 4, 5, control=0.4)).detectable is None


WRONG = {
    "an endless size": "--design cluster --units 20 --sd 1 --size inf",
    "an effect that is none": "--design cluster --units 20 --sd 1 --effect nan",
    "a correlation of persons": "--design individual --units 20 --sd 1 --icc 0.5",
    "a seed below nought": (
        "--design cluster --units 20 --sd 1 --effect 1 --simulate 100 --seed -1"
    ),
    "no outcome": "--design cluster --units 20",
    "two outcomes": "--design cluster --units 20 --control 0.4 --sd 1",
    "a share beyond 1": "--design cluster --units 20 --control 0.9 --effect 0.2",
    "three units": "--design cluster --units 3 --sd 1",
    "no effect": "--design cluster --units 20 --sd 1 --effect 0",
    "an icc of 1": "--design cluster --units 20 --sd 1 --icc 1",
    "a wedge of two periods": "--design stepped-wedge --units 9 --sd 1 --periods 2",
    "periods of a parallel trial": "--design cluster --units 9 --sd 1 --periods 2",
    "fewer clusters than waves": "--design stepped-wedge --units 4 --sd 1 --periods 9",
    "a power of 1": "--design cluster --units 20 --sd 1 --power 1",
    "not a number": "--design cluster --units 20 --sd nan",
    "too few made trials": "--design cluster --units 20 --sd 1 --simulate 10",
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_planned_is_refused(name, capsys):
    assert main(["evaluation", "power", *WRONG[name].split(), "--json"]) == 10
    told = capsys.readouterr()
    assert "power-asked" in told.out + told.err


def test_more_of_anything_good_gives_more_power():
    base = PLANS["a stepped wedge"]
    one = plan_trial(base).power

    def other(**change):
        return plan_trial(TrialPlan(**(vars(base) | change))).power

    assert other(units=16) > one
    assert other(size=30) > one
    assert other(effect=0.4) > one
    assert other(autocorrelation=1.0) > one
    assert np.isclose(other(effect=-0.3), one)
