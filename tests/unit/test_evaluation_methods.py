"""The evaluation's arithmetic against slower ways to the same number."""

import numpy as np
import pytest
from scipy import stats

from rounds.methods.allocations.sample_ratio import (
    arm_ratio,
    blocks_permit,
    loss_by_arm,
)
from rounds.methods.clusters.least_squares import cluster_ols
from rounds.methods.equity import pool_groups
from rounds.methods.multilevel.icc import anova_icc
from rounds.methods.priors.posterior import conflict_p, mixture_posterior
from rounds.methods.shares import arm_difference, share_interval, share_test

PRIOR = ([0.8, 0.2], [0.058, 0.0], [0.02, 0.3])


def test_the_posterior_is_that_of_a_fine_grid():
    """Weights, tails and quantiles agree with numerical integration."""
    grid = np.linspace(-2, 2, 400_001)
    density = sum(
        w * stats.norm.pdf(grid, m, s) for w, m, s in zip(*PRIOR, strict=True)
    ) * stats.norm.pdf(0.1, grid, 0.03)
    density /= density.sum()
    after = mixture_posterior(*PRIOR, 0.1, 0.03)
    assert after.weights.sum() == pytest.approx(1)
    assert after.probability_above(0.06) == pytest.approx(
        density[grid > 0.06].sum(), abs=1e-4
    )
    for share in (0.025, 0.5, 0.975):
        by_grid = grid[np.searchsorted(np.cumsum(density), share)]
        assert after.quantile(share) == pytest.approx(by_grid, abs=1e-4)


def test_a_prior_in_conflict_loses_its_weight():
    """The further the estimate from it, the less the informative part counts."""
    weights = [mixture_posterior(*PRIOR, x, 0.02).weights[0] for x in (0.06, 0.2, 0.5)]
    assert weights[0] > 0.9
    assert weights[2] < 0.5
    assert weights == sorted(weights, reverse=True)
    p_values = [conflict_p([1.0], [0.058], [0.02], x, 0.02) for x in (0.058, 0.2)]
    assert p_values[0] == pytest.approx(1.0)
    assert p_values[1] < 0.001


@pytest.mark.parametrize(
    ("weights", "sds", "se"),
    [([0.5, 0.4], [1, 1], 1), ([1.2, -0.2], [1, 1], 1), ([0.5, 0.5], [1, 0], 1),
     ([0.5, 0.5], [1, 1], 0), ([1.0], [1, 1], 1)],
)  # fmt: skip
def test_an_impossible_prior_is_refused(weights, sds, se):
    """Weights sum to 1, deviations and the error are positive, shapes agree."""
    with pytest.raises(ValueError, match=r"must|expected"):
        mixture_posterior(weights, [0.0, 0.0], sds, 0.1, se)


def test_the_icc_of_made_clusters_is_found():
    """Over many clusters of unequal size the estimate nears the truth."""
    rng = np.random.default_rng(1)
    clusters = np.repeat(np.arange(2000), rng.integers(2, 30, 2000))
    y = 0.5 * rng.normal(size=2000)[clusters] + rng.normal(size=len(clusters))
    found = anova_icc(y + 3 * (clusters % 2), clusters, clusters % 2)
    # Donner's large-sample error, at the mean cluster size of 15.
    assert found == pytest.approx(0.2, abs=4 * 0.0095)


def test_the_icc_of_a_small_table_is_computed_by_hand():
    """Mean squares 1/2 between and 1/6 within, in pairs: (1/2 - 1/6)/(1/2 + 1/6)."""
    found = anova_icc([1, 0, 1, 1, 0, 0], [1, 1, 2, 2, 3, 3], [0] * 6)
    assert found == pytest.approx(0.5)


def test_the_icc_needs_two_clusters_and_a_varying_outcome():
    """Otherwise it has no value, and none is made up."""
    with pytest.raises(ValueError, match="two clusters"):
        anova_icc([1, 0], ["a", "a"], [0, 0])
    with pytest.raises(ValueError, match="vary"):
        anova_icc([1, 1, 1, 1], ["a", "a", "b", "b"], [0, 0, 0, 0])


def test_a_share_is_judged_in_each_cluster_and_over_all():
    """One dead clinic of forty is found, and a little missing everywhere too."""
    clusters = np.repeat(np.arange(40), 60)
    one_dead = clusters != 7
    assert share_test(one_dead, clusters, 0.9, "below").n_clusters_off == 1
    everywhere = np.tile(np.arange(60) % 6 != 0, 40)
    found = share_test(everywhere, clusters, 0.9, "below")
    assert found.share == pytest.approx(5 / 6)
    rng = np.random.default_rng(2)
    noisy = rng.random(2400) < 0.83
    assert share_test(noisy, clusters, 0.9, "below").p_value < 0.001
    assert share_test(~noisy, clusters, 0.1, "above").p_value < 0.001


def test_a_share_at_its_edge_is_rarely_called_worse():
    """At exactly the share tolerated, with clinics that differ, 1% cry at 1%."""
    rng = np.random.default_rng(3)
    clusters = np.repeat(np.arange(20), 50)
    alarms = np.mean(
        [
            share_test(rng.random(1000) < 0.9, clusters, 0.9, "below").p_value < 0.05
            for _ in range(400)
        ]
    )
    assert alarms < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 400)


def test_an_interval_widens_with_clustering():
    """Clusters that are all or nothing count as few."""
    hits = np.repeat([0, 1] * 10, 50)
    wide = share_interval(hits, np.repeat(np.arange(20), 50))
    narrow = share_interval(hits, np.arange(1000))
    assert wide[2] - wide[1] > 3 * (narrow[2] - narrow[1])
    assert share_interval([1, 1, 1], [1, 2, 3])[0] == 1.0


def test_a_difference_within_the_margin_does_not_matter():
    """Only what exceeds the margin counts, however many persons there are."""
    arms = np.repeat([1, 0], 50_000)
    hits = np.r_[np.arange(50_000) % 100 != 0, np.ones(50_000)]
    difference, p_value = arm_difference(hits, arms, None, 0.02)
    assert (difference, p_value) == (pytest.approx(-0.01), 1.0)
    assert arm_difference(hits, arms, None, 0.005)[1] < 1e-6
    assert arm_difference(arms, arms, np.repeat([1, 2, 3, 4], 25_000), 0.02)[1] == 0.0


def test_one_cluster_an_arm_is_not_certainty():
    """Without a variance between clusters, persons give one: never a p-value of 0."""
    hits = [1, 0] * 10 + [1, 1, 0, 1] * 5
    arms = np.repeat([0, 1], 20)
    difference, alone = arm_difference(hits, arms, None, 0.02)
    assert difference == 0.25
    assert 0.01 < alone < 0.5
    for clusters in (arms, np.zeros(40), np.r_[[2] * 10, [0] * 10, [1] * 20]):
        assert arm_difference(hits, arms, clusters, 0.02)[1] == pytest.approx(alone)


def test_groups_that_differ_by_chance_become_one_and_others_stay():
    """Partial pooling: all the way without heterogeneity, little with much."""
    alike = pool_groups([0.04, 0.06, 0.05], [0.03, 0.03, 0.03])
    assert alike.tau2 == 0
    assert alike.values == pytest.approx([0.05] * 3)
    apart = pool_groups([-0.3, 0.3], [0.01, 0.01])
    assert apart.values == pytest.approx([-0.3, 0.3], abs=0.001)


def test_partial_pooling_is_the_posterior_of_the_normal_model():
    """Means and errors from the joint precision, the common mean integrated out."""
    y, s = np.array([-0.3, 0.3, 0.1]), np.array([0.1, 0.1, 0.2])
    found = pool_groups(y, s)
    assert found.tau2 > 0
    between = (np.eye(3) - 1 / 3) / found.tau2
    covariance = np.linalg.inv(np.diag(1 / s**2) + between)
    assert found.values == pytest.approx(covariance @ (y / s**2))
    assert found.ses == pytest.approx(np.sqrt(np.diag(covariance)))


def test_the_ratio_of_arms():
    """Exact, symmetric, and aware of what blocks allow."""
    assert arm_ratio(20, 20) == 1.0
    assert arm_ratio(1, 19) == arm_ratio(19, 1) < 0.001
    assert arm_ratio(0, 0) == 1.0
    assert loss_by_arm(14, 20, 0, 20) < 0.001
    assert not blocks_permit({"a": (3, 0)}, 4)
    with pytest.raises(ValueError, match="losses"):
        loss_by_arm(3, 2, 0, 2)


@pytest.mark.parametrize(
    ("y", "X", "clusters", "says"),
    [
        ([1, 0, 1], [[1], [1]], [1, 2, 3], "shape"),
        ([1, 0, np.nan], [[1], [1], [1]], [1, 2, 3], "finite"),
        ([1, 0, 1], [[1], [1], [1]], [1, 1, 1], "one cluster"),
        ([1, 0, 1, 0], [[1, 1]] * 4, [1, 2, 3, 4], "not identified"),
        ([1, 1, 1, 1], [[1, 1], [1, 1], [0, 1], [0, 1]], [1, 2, 3, 4], "variance"),
    ],
)
def test_a_fit_that_cannot_be_had_says_why(y, X, clusters, says):
    """Never a number for what the data cannot tell."""
    with pytest.raises(ValueError, match=says):
        cluster_ols(y, X, clusters)


def test_persons_on_their_own_have_the_welch_error():
    """HC2 of a two-arm difference is the unpooled standard error."""
    rng = np.random.default_rng(5)
    one, two = rng.normal(size=20), 3 * rng.normal(size=35)
    X = np.column_stack([np.repeat([1, 0], [20, 35]), np.ones(55)])
    fit = cluster_ols(np.r_[one, two], X, None)
    welch = np.sqrt(one.var(ddof=1) / 20 + two.var(ddof=1) / 35)
    assert fit.estimate == pytest.approx(one.mean() - two.mean())
    assert fit.se == pytest.approx(welch)
