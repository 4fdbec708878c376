"""Trials of few clusters whose truth is made: errors of the first kind, coverage, bias.

Rates are over seeded worlds, a thousand or as many as `ROUNDS_WORLDS` says; a bound
allows for Monte Carlo error.
"""

import os

import numpy as np
import pytest
from scipy.special import expit

from rounds.methods.clusters.gee import gee
from rounds.methods.clusters.least_squares import cluster_ols
from rounds.methods.clusters.linear_mixed import linear_mixed
from rounds.methods.clusters.permutation import permutation

WORLDS = int(os.environ.get("ROUNDS_WORLDS", "600"))
MOST = 0.06
"""What a trial of eight clusters may err, at a nominal 0.05."""


def slack(rate, worlds=WORLDS):
    return 4 * np.sqrt(rate * (1 - rate) / worlds)


def trial(rng, *, effect=0.0, unequal=False, binary=True, n_clusters=8):
    """Give outcome, clusters and arms of a trial in parallel."""
    sizes = rng.integers(8, 60, n_clusters) if unequal else np.full(n_clusters, 25)
    clusters = np.repeat(np.arange(n_clusters), sizes)
    arm = rng.permutation(np.arange(n_clusters) % 2)
    level = 0.4 * rng.normal(size=n_clusters)[clusters] + effect * arm[clusters]
    if binary:
        return (rng.random(len(clusters)) < expit(level - 0.6)) * 1.0, clusters, arm
    return level + rng.normal(size=len(clusters)), clusters, arm


def design(clusters, arm):
    return np.column_stack([arm[clusters], np.ones(len(clusters))]).astype(float)


def by_gee(correction):
    def judge(y, clusters, arm, _):
        X = design(clusters, arm)
        return gee(y, X, clusters, family="binomial", correction=correction)

    return judge


TESTS = {
    "gee, fay-graubard": by_gee("fay-graubard"),
    "gee, mancl-derouen": by_gee("mancl-derouen"),
    "mixed, kenward-roger": lambda y, c, a, _: linear_mixed(y, design(c, a), c),
    "least squares, cr2": lambda y, c, a, _: cluster_ols(y, design(c, a), c),
    "permutation": lambda y, c, a, rng: permutation(y, c, a, rng=rng),
}


@pytest.mark.parametrize("unequal", [False, True])
@pytest.mark.parametrize("name", TESTS)
def test_eight_clusters_err_no_more_than_they_may(name, unequal):
    rng, wrong = np.random.default_rng(11), 0
    for _ in range(WORLDS):
        y, clusters, arm = trial(rng, unequal=unequal)
        wrong += TESTS[name](y, clusters, arm, rng).p_value < 0.05
    rate, sizes = wrong / WORLDS, "unequal" if unequal else "equal"
    print(f"{name:<22}{sizes:<9}{rate:7.2%} ± {slack(rate) / 4:.2%}")
    assert 0 < rate <= MOST + slack(MOST) / 2


def test_uncorrected_it_errs_twice_as_often():
    """The check above can fail: this is what the corrections are for."""
    rng, wrong = np.random.default_rng(11), 0
    for _ in range(WORLDS):
        y, clusters, arm = trial(rng, unequal=True)
        fit = gee(
            y, design(clusters, arm), clusters, family="binomial", correction="none"
        )
        wrong += fit.p_value < 0.05
    assert wrong / WORLDS > MOST + slack(MOST) / 2


def test_persons_taken_for_independent_err_grossly():
    rng, wrong = np.random.default_rng(12), 0
    for _ in range(WORLDS // 2):
        y, clusters, arm = trial(rng, binary=False)
        wrong += cluster_ols(y, design(clusters, arm), None).p_value < 0.05
    assert wrong / (WORLDS // 2) > 0.3


@pytest.mark.parametrize("method", ["gee", "mixed", "permutation"])
def test_intervals_hold_a_true_difference_and_estimates_are_right(method):
    rng, held, found, worlds = np.random.default_rng(13), 0, [], 240
    for _ in range(worlds):
        y, clusters, arm = trial(rng, effect=0.7, binary=False, n_clusters=12)
        X = design(clusters, arm)
        if method == "gee":
            fit = gee(y, X, clusters)
        elif method == "mixed":
            fit = linear_mixed(y, X, clusters)
        else:
            fit = permutation(y, clusters, arm, rng=rng)
        held += fit.lower <= 0.7 <= fit.upper
        found.append(fit.estimate)
    assert abs(held / worlds - 0.95) <= slack(0.95, worlds) + 0.015
    assert abs(np.mean(found) - 0.7) <= 4 * np.std(found) / np.sqrt(worlds)


def test_a_permutation_of_a_continuous_outcome_is_exact():
    """With 70 allocations, p can be 2/70 and 4/70: it rejects in 2/70 of trials."""
    rng, wrong, worlds = np.random.default_rng(14), 0, 2000
    for _ in range(worlds):
        y, clusters, arm = trial(rng, binary=False)
        wrong += permutation(y, clusters, arm, rng=rng).p_value < 0.05
    assert abs(wrong / worlds - 2 / 70) <= slack(2 / 70, worlds)


SCHEDULE = np.triu(np.ones((4, 5)), 1)[np.arange(12) // 3]
"""A stepped wedge: twelve clusters, three more of them in each of five periods."""


def wedge(rng, *, effect=0.0, trend=0.3, autocorrelation=0.6):
    """Give outcome, clusters and periods, ten persons a cell, time going on by itself."""
    rows = SCHEDULE[rng.permutation(12)]
    clusters = np.repeat(np.arange(12), 50)
    periods = np.tile(np.repeat(np.arange(5), 10), 12)
    of_cluster = 0.3 * np.sqrt(autocorrelation) * rng.normal(size=12)
    of_cell = 0.3 * np.sqrt(1 - autocorrelation) * rng.normal(size=(12, 5))
    y = of_cluster[clusters] + of_cell[clusters, periods] + trend * periods
    y += effect * rows[clusters, periods] + rng.normal(size=len(clusters))
    return y, clusters, periods, rows


def wedge_design(clusters, periods, rows):
    at = periods[:, None] == np.arange(5)
    return np.column_stack([rows[clusters, periods], at]).astype(float)


def test_a_stepped_wedge_is_right_about_a_difference_while_time_goes_on():
    rng, held, by_chance, found, worlds = np.random.default_rng(15), 0, 0, [], 160
    for _ in range(worlds):
        y, clusters, periods, rows = wedge(rng, effect=0.5)
        X = wedge_design(clusters, periods, rows)
        fit = linear_mixed(y, X, clusters, periods)
        shuffled = permutation(y, clusters, rows, periods=periods, rng=rng, draws=1000)
        held += fit.lower <= 0.5 <= fit.upper
        by_chance += shuffled.lower <= 0.5 <= shuffled.upper
        found.append(fit.estimate)
    assert abs(np.mean(found) - 0.5) <= 4 * np.std(found) / np.sqrt(worlds)
    for times in (held, by_chance):
        assert abs(times / worlds - 0.95) <= slack(0.95, worlds)


def test_a_stepped_wedge_without_its_periods_takes_time_for_the_effect():
    """The broken analysis: what grew by itself is put down to exposure."""
    rng, wrong = np.random.default_rng(16), 0
    for _ in range(60):
        y, clusters, periods, rows = wedge(rng)
        X = np.column_stack([rows[clusters, periods], np.ones(len(y))])
        wrong += linear_mixed(y, X, clusters, periods).p_value < 0.05
    assert wrong > 50


def test_effects_that_differ_between_periods_need_their_own_variance():
    """One effect of a cluster for all time errs more than may be; one a period as well
    does not."""
    rng, plain, split, worlds = np.random.default_rng(17), 0, 0, 200
    for _ in range(worlds):
        y, clusters, periods, rows = wedge(rng, autocorrelation=0.3)
        X = wedge_design(clusters, periods, rows)
        plain += linear_mixed(y, X, clusters).p_value < 0.05
        split += linear_mixed(y, X, clusters, periods).p_value < 0.05
    assert split / worlds <= 0.05 + slack(0.05, worlds)
    assert plain > 1.5 * split


def test_a_level_far_from_nought_loses_no_digit():
    y, clusters, arm = trial(np.random.default_rng(18), binary=False)
    near = linear_mixed(y, design(clusters, arm), clusters)
    far = linear_mixed(y + 1e6, design(clusters, arm), clusters)
    assert far.estimate == pytest.approx(near.estimate, rel=1e-6)
    assert far.se == pytest.approx(near.se, rel=1e-6)
