"""Variances of planned designs: what formulae of others give, and what chance gives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rounds.methods.multilevel.icc import anova_icc, anova_icc_interval
from rounds.methods.planning.planned_variance import (
    generalised_variance,
    least_squares_variance,
)
from rounds.methods.planning.trial_power import (
    Spread,
    effect_variance,
    weighted_variance,
)

SPREAD = Spread(0.7, 0.2, 0.1)


def persons(schedule, sizes):
    """Give arm, cluster and period of each person of a schedule."""
    cells = np.argwhere(np.ones_like(schedule, dtype=bool))
    n = sizes.ravel()
    cluster, period = np.repeat(cells[:, 0], n), np.repeat(cells[:, 1], n)
    return schedule[cluster, period].astype(float), cluster, period


@settings(max_examples=40, deadline=None)
@given(st.integers(3, 8), st.integers(2, 5), st.integers(0, 10_000))
def test_a_wedge_has_the_variance_of_its_cells(clusters, periods, seed):
    """As Hussey and Hughes have it, with other persons in each period."""
    rng = np.random.default_rng(seed)
    wave = (
        np.arange(clusters) % (periods - 1) if periods > 2 else np.arange(clusters) % 2
    )
    schedule = (np.arange(periods) > wave[:, None]).astype(int)
    sizes = rng.integers(1, 9, schedule.shape)
    arm, cluster, period = persons(schedule, sizes)
    X = np.column_stack([arm, period[:, None] == np.arange(periods)]).astype(float)
    found = generalised_variance(X, cluster, period, SPREAD)
    assert found == pytest.approx(effect_variance(schedule, sizes, SPREAD), rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.integers(4, 12), st.integers(0, 10_000))
def test_a_parallel_trial_has_the_variance_of_weighted_clusters(clusters, seed):
    """As the formula that knows no covariates."""
    rng = np.random.default_rng(seed)
    arms, sizes = np.arange(clusters) % 2, rng.integers(1, 40, clusters)
    cluster = np.repeat(np.arange(clusters), sizes)
    X = np.column_stack([arms[cluster], np.ones(len(cluster))])
    found = least_squares_variance(X, cluster, SPREAD)
    assert found == pytest.approx(weighted_variance(arms, sizes, SPREAD)[0], rel=1e-9)


def test_with_covariates_it_is_the_variance_that_chance_gives():
    """Least squares on made persons, many times, with the variances put in."""
    rng = np.random.default_rng(1)
    cluster = np.repeat(np.arange(10), rng.integers(5, 30, 10))
    baseline = rng.normal(size=10)[cluster]
    X = np.column_stack([(cluster % 2).astype(float), np.ones(len(cluster)), baseline])
    spread, n = Spread(1.0, 0.2), 4_000
    level = np.sqrt(0.2) * rng.normal(size=(n, 10))
    y = level[:, cluster] + rng.normal(size=(n, len(cluster)))
    found = (np.linalg.pinv(X) @ y.T)[0].var(ddof=1)
    expected = least_squares_variance(X, cluster, spread)
    assert abs(found / expected - 1) < 4 * np.sqrt(2 / n)
    best = generalised_variance(X, cluster, None, spread)
    assert best <= expected * (1 + 1e-12)


def test_columns_that_repeat_others_change_nothing():
    X = np.array([[0, 1, 5], [0, 1, 5], [1, 1, 5], [1, 1, 5]], dtype=float)
    one = least_squares_variance(X, [1, 2, 3, 4], SPREAD)
    assert one == pytest.approx(least_squares_variance(X[:, :2], [1, 2, 3, 4], SPREAD))
    with pytest.raises(ValueError, match="repeat"):
        least_squares_variance(X[:, [1, 2]], [1, 2, 3, 4], SPREAD)
    with pytest.raises(ValueError, match="shape"):
        least_squares_variance(X, [1, 2], SPREAD)
    with pytest.raises(ValueError, match="differ"):
        generalised_variance(X, [1, 2, 3, 4], None, Spread(0.0, 1.0))


def test_the_interval_of_a_correlation_covers_as_often_as_it_says():
    """Exact for normal outcomes in clusters of one size."""
    rng, n, truth = np.random.default_rng(2), 1_000, 0.1
    codes = np.repeat(np.arange(12), 15)
    held = 0
    for _ in range(n):
        level = np.sqrt(truth) * rng.normal(size=12)
        y = level[codes] + np.sqrt(1 - truth) * rng.normal(size=len(codes))
        lower, upper = anova_icc_interval(y, codes, np.zeros(len(y)))
        assert lower < anova_icc(y, codes, np.zeros(len(y))) < upper
        held += lower < truth < upper
    assert abs(held / n - 0.95) < 4 * np.sqrt(0.95 * 0.05 / n)


def test_an_interval_of_nothing_is_refused():
    with pytest.raises(ValueError, match="within a cluster"):
        anova_icc_interval([1, 1, 0, 0], [1, 1, 2, 2], [0] * 4)
    with pytest.raises(ValueError, match="level"):
        anova_icc_interval([1, 0, 0, 1], [1, 1, 2, 2], [0] * 4, level=1.0)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 1))
def test_visits_and_weights_are_those_of_the_whole_matrices(seed, alike):
    """The sandwich written out: every pair of visits, every weight."""
    rng = np.random.default_rng(seed)
    n = 40
    cluster, person = rng.integers(0, 5, n), rng.integers(0, 8, n)
    X = np.column_stack([rng.random(n), np.ones(n)])
    weights = rng.uniform(0.5, 2, n)
    same = cluster[:, None] == cluster
    own = same & (person[:, None] == person)
    within = (1 - alike) * np.eye(n) + alike * own
    V = SPREAD.within * within
    V = V + (SPREAD.between_clusters + SPREAD.between_periods) * same
    M = np.linalg.inv(X.T @ (weights[:, None] * X))
    WX = weights[:, None] * X
    found = least_squares_variance(
        X, cluster, SPREAD, weights=weights, persons=person, alike=alike
    )
    assert found == pytest.approx((M @ WX.T @ V @ WX @ M)[0, 0], rel=1e-9)


def test_a_correlation_that_is_none_is_refused():
    with pytest.raises(ValueError, match="not from 0 to 1"):
        least_squares_variance(
            [[0, 1], [1, 1]], [1, 2], SPREAD, persons=[1, 2], alike=1.5
        )
