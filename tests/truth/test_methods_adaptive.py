"""Allocation that follows outcomes: what is biased, what misleads, and what is lost.

Two thousand made trials of each kind; `make test-adaptive` makes 40,000. Tolerances
are Monte Carlo error: four standard errors.
"""

import os
from functools import cache

import numpy as np
import pytest

from rounds.methods.allocations.adaptive_trials import (
    AdaptiveTrial,
    calibrated_under_adaptation,
    made_trials,
)
from rounds.methods.sequential import exact_threshold

TRIALS = int(os.environ.get("ROUNDS_ADAPTIVE", "2000"))
LOOKS = (0.3, 0.5, 0.7, 1.0)
PLAN = AdaptiveTrial(patients=1_000, looks=LOOKS)
ALPHA = 0.025


def made(seed, plan=PLAN, **truth):
    given = {"control": 0.25, "n_trials": TRIALS} | truth
    return made_trials(plan, rng=np.random.default_rng(seed), **given)


def error(share, n=TRIALS):
    return 4 * np.sqrt(share * (1 - share) / n)


def pooled(plan=PLAN):
    return AdaptiveTrial(**{**vars(plan), "read": "pooled"})


@cache
def threshold(plan=PLAN):
    rng = np.random.default_rng(99)
    return calibrated_under_adaptation(
        plan, control=0.25, alpha=ALPHA, n_trials=10 * TRIALS, rng=rng
    ).threshold


@pytest.mark.parametrize("lag", [0.0, 0.15])
@pytest.mark.parametrize("effect", [0.0, 0.08])
@pytest.mark.parametrize("drift", [0.0, 0.3, -0.15])
def test_by_epochs_the_estimate_is_unbiased_and_its_interval_holds_the_truth(
    lag, effect, drift
):
    """Whatever outcomes do over time; and so is the share that was always 1:1."""
    plan = AdaptiveTrial(patients=1_000, looks=LOOKS, lag=lag)
    found = made(1, plan, effect=effect, drift=drift)
    for name in ("by_epoch", "even_share"):
        off, its_error = found.bias(name)
        missed = found.missed(name)
        print(name, lag, effect, drift, "bias", off, "missed", missed)
        assert abs(off) < 4 * its_error
        # The interval is normal, with variances that are estimated.
        assert abs(missed - 0.05) < error(0.05) + 0.006


def test_taking_early_and_late_patients_as_one_is_biased_where_outcomes_drift():
    """The arm that did better has more late patients, and time counts as its effect."""
    found = made(2, effect=0.08, drift=0.3)
    off, its_error = found.bias("pooled")
    print("pooled bias", off, "missed", found.missed("pooled"))
    assert off > 10 * its_error
    assert off > 0.01
    assert found.missed("pooled") > 0.08
    still, its_error = made(2, effect=0.08).bias("pooled")
    assert abs(still) < off / 3
    down, its_error = made(3, effect=0.08, drift=-0.15).bias("pooled")
    assert down < -4 * its_error


def test_the_calibrated_threshold_misleads_as_often_as_it_says():
    """In other trials than it was found in, also where outcomes drift."""
    slack = error(ALPHA) + error(ALPHA, 10 * TRIALS)
    still, moving = (made(4, drift=d).shown(threshold()) for d in (0.0, 0.3))
    print("threshold", threshold(), "misled", still, "with drift", moving)
    assert abs(still - ALPHA) < slack
    assert moving < ALPHA + slack
    exact = exact_threshold(LOOKS, alpha=ALPHA)
    even = AdaptiveTrial(patients=1_000, looks=LOOKS, least=0.5)
    assert abs(made(5, even).shown(exact) - ALPHA) < error(ALPHA) + 0.004


def test_looks_that_read_all_patients_as_one_are_misled_by_drift():
    found = made(6, pooled(), drift=0.5, control=0.2).shown(threshold())
    print("pooled looks with drift misled", found)
    assert found > ALPHA + error(ALPHA)


@pytest.mark.parametrize("rule", ["square_root", "information"])
def test_more_patients_are_in_the_better_arm_and_precision_is_lost(rule):
    """Both at once: what adapting gives to patients it takes from what is learnt."""
    plan = AdaptiveTrial(patients=1_000, looks=LOOKS, rule=rule)
    even = AdaptiveTrial(patients=1_000, looks=LOOKS, least=0.5)
    found, level = made(7, plan, effect=0.08), made(8, even, effect=0.08)
    print(rule, "active", found.active.mean(), "SD", found.spread("by_epoch"))
    assert found.active.mean() > 0.53
    assert abs(level.active.mean() - 0.5) < 0.002
    assert found.spread("by_epoch") > level.spread("by_epoch")
    assert found.spread("even_share") > found.spread("by_epoch")
    assert found.shown(threshold(plan)) < level.shown(
        exact_threshold(LOOKS, alpha=ALPHA)
    ) + error(0.5)


def test_chances_stay_within_their_bounds_and_begin_even():
    found = made(9, effect=0.15)
    assert (found.chances[:, 0] == 0.5).all()
    assert found.chances.min() >= 0.1
    assert found.chances.max() <= 0.9
    assert np.median(found.chances[:, -1]) > 0.8
    assert made(9, effect=-0.15).chances[:, -1].mean() < 0.25


def test_hopeless_trials_are_called_so_and_hopeful_ones_seldom():
    cut = threshold()
    assert made(10, effect=-0.1).futile(cut) > 0.5
    assert made(10, effect=0.1).futile(cut) < 0.01
