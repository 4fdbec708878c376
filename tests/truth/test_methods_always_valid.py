"""Intervals that are looked at every day: how many of 10,000 trials ever mislead?

Tolerance is Monte Carlo error: four standard errors.
"""

import numpy as np
import pytest

from rounds.methods.sequential import (
    LanDeMetsOBrienFleming,
    bounded_mean_sequence,
    cluster_path,
    confidence_sequence,
    mean_path,
    proportion_difference_sequence,
    proportion_log_evidence,
    proportion_path,
    proportion_sequence,
    spending_bounds,
)

TRIALS, DAYS, ALPHA = 10_000, 250, 0.05


def at_most(found, wanted=ALPHA, trials=TRIALS):
    limit = wanted + 4 * np.sqrt(wanted * (1 - wanted) / trials)
    assert found < limit, (found, limit)


def days_of(rng, p, a_day, trials=TRIALS, days=DAYS):
    """Give events and persons of two arms up to each day."""
    x = rng.binomial(a_day, p, (trials, days, 2)).cumsum(axis=1)
    n = np.broadcast_to(np.arange(1, days + 1)[:, None] * a_day, x.shape)
    return x, n


def missed(lower, upper, truth):
    return ((lower > truth) | (upper < truth)).any(axis=-1)


@pytest.mark.parametrize("effect", [0.0, 0.1])
@pytest.mark.parametrize("sides", [1, 2])
def test_daily_looks_at_two_proportions_rarely_mislead(effect, sides):
    rng, blocks = np.random.default_rng(1), 5
    wrong = naive = 0
    for _ in range(blocks):
        x, n = days_of(rng, [0.3, 0.3 + effect], 4, trials=TRIALS // blocks)
        path = proportion_path(x, n)
        found = confidence_sequence(
            path.estimate, path.se, alpha=ALPHA, tightest=0.02, sides=sides
        )
        wrong += missed(found.lower, found.upper, effect).sum()
        naive += (path.statistic >= 1.96).any(axis=1).sum()
        # The p-value says the same as the interval, at every look.
        outside = (found.lower > 0) | (found.upper < 0)
        assert (outside == (found.p_value <= ALPHA)).mean() > 0.9999
    print("two proportions, daily", effect, sides, wrong / TRIALS, naive / TRIALS)
    at_most(wrong / TRIALS)
    assert naive / TRIALS > 0.15


def test_daily_looks_see_a_harm_that_is_there():
    """Ten points more, in nine trials of ten before its days are over.

    A width one and a half times that of one look is what daily looking costs.
    """
    x, n = days_of(np.random.default_rng(2), [0.3, 0.4], 4, trials=500)
    path = proportion_path(x, n)
    found = confidence_sequence(path.estimate, path.se, alpha=ALPHA, tightest=0.02)
    assert (found.p_value[:, -1] <= ALPHA).mean() > 0.9
    half = (found.upper - found.lower)[:, -1] / 2 / path.se[:, -1]
    assert half.mean() < 1.65 * 1.96


@pytest.mark.parametrize("p", [0.02, 0.3])
def test_a_proportion_is_exact_from_the_first_person_on(p):
    rng = np.random.default_rng(3)
    x = (rng.random((TRIALS, DAYS)) < p).cumsum(axis=1)
    n = np.broadcast_to(np.arange(1, DAYS + 1), x.shape)
    evidence = proportion_log_evidence(x, n, p, alpha=ALPHA, tightest=100)
    misled = (evidence >= np.log(1 / ALPHA)).any(axis=1).mean()
    print("one proportion", p, misled)
    at_most(misled)
    # Its interval is where the evidence is too small.
    lower, upper = proportion_sequence(x[:100], n[:100], alpha=ALPHA, tightest=100)
    against = (evidence[:100] >= np.log(1 / ALPHA)).cumsum(axis=1) > 0
    assert (((lower > p) | (upper < p)) == against).all()


def test_a_difference_of_proportions_is_exact():
    x, n = days_of(np.random.default_rng(4), [0.05, 0.05], 1, trials=400, days=60)
    lower, upper = proportion_difference_sequence(x, n, alpha=ALPHA, tightest=60)
    at_most(missed(lower, upper, 0.0).mean(), trials=400)
    assert (upper - lower)[:, -1].mean() < 0.6


@pytest.mark.parametrize("shape", [(0.3, 0.7), (5.0, 1.0)])
def test_a_bounded_mean_is_exact_whatever_its_law(shape):
    x = np.random.default_rng(5).beta(*shape, (TRIALS, DAYS))
    lower, upper = bounded_mean_sequence(x, alpha=ALPHA)
    misled = missed(lower, upper, shape[0] / sum(shape)).mean()
    print("bounded mean", shape, misled)
    at_most(misled)
    assert (upper - lower)[:, -1].mean() < 0.35


CLUSTERS, ICC = 12, 0.05
"""Clusters in each arm, and how much alike their persons are."""


def clustered(rng, trials, days):
    """Give a person of each cluster each day: values with mean 0 and variance 1."""
    apart = rng.standard_normal((trials, 1, 2 * CLUSTERS)) * np.sqrt(ICC)
    values = rng.standard_normal((trials, days, 2 * CLUSTERS), dtype=np.float32)
    values *= np.sqrt(1 - ICC)
    values += apart
    return values


TREATED = np.arange(2 * CLUSTERS) >= CLUSTERS


def test_daily_looks_at_clusters_rarely_mislead_unless_clusters_are_ignored():
    """The standard error is between clusters; between persons it is far too small."""
    rng, days, block = np.random.default_rng(6), 200, 500
    misled = ignored = 0
    n = np.arange(1.0, days + 1)[:, None]
    for _ in range(TRIALS // block):
        values = clustered(rng, block, days)
        sums = values.cumsum(axis=1, dtype=float)
        path = cluster_path(np.broadcast_to(n, sums.shape), sums, TREATED)
        found = confidence_sequence(
            path.estimate, path.se, alpha=ALPHA, tightest=0.1, df=path.df
        )
        misled += missed(found.lower, found.upper, 0.0).sum()
        plain = as_persons(values, sums)
        wrong = confidence_sequence(plain.estimate, plain.se, alpha=ALPHA, tightest=0.1)
        ignored += missed(wrong.lower, wrong.upper, 0.0).sum()
    print("clusters, daily", misled / TRIALS, "ignored", ignored / TRIALS)
    at_most(misled / TRIALS)
    assert ignored / TRIALS > 0.25


def as_persons(values, sums):
    """Give the path that forgets which cluster a person belongs to."""
    squares = (values**2).cumsum(axis=1, dtype=float)
    by_arm = [
        np.stack([part[..., ~TREATED].sum(-1), part[..., TREATED].sum(-1)], axis=-1)
        for part in (sums, squares)
    ]
    persons = np.arange(1.0, values.shape[1] + 1)[:, None] * CLUSTERS
    return mean_path(np.broadcast_to(persons, by_arm[0].shape), *by_arm)


def test_five_looks_at_clusters_keep_the_error_of_their_bounds():
    """Information of clusters comes early: it ends where only clusters differ."""
    rng = np.random.default_rng(7)
    days = np.array([5, 15, 40, 90, 200])
    steps = np.diff(days, prepend=0)
    apart = rng.standard_normal((TRIALS, 1, 2 * CLUSTERS)) * np.sqrt(ICC)
    own = rng.standard_normal((TRIALS, days.size, 2 * CLUSTERS))
    own *= np.sqrt((1 - ICC) * steps)[:, None]
    sums = apart * days[:, None] + own.cumsum(axis=1)
    totals = np.broadcast_to(days[:, None], sums.shape)
    path = cluster_path(totals, sums, TREATED)
    information = 1 / (ICC + (1 - ICC) / days)
    plan = spending_bounds(
        information / information[-1], LanDeMetsOBrienFleming(), alpha=ALPHA, sides=2
    )
    misled = (np.abs(path.normal_statistic) >= plan.upper).any(axis=1).mean()
    print("clusters, five looks", misled)
    at_most(misled)
    plain = path.estimate / np.sqrt(2 / (CLUSTERS * days))
    assert (np.abs(plain) >= plan.upper).any(axis=1).mean() > 0.3


def test_five_looks_at_two_proportions_keep_the_error_of_their_bounds():
    x, n = days_of(np.random.default_rng(8), [0.3, 0.3], 80, days=5)
    path = proportion_path(x, n)
    plan = spending_bounds(
        [0.2, 0.4, 0.6, 0.8, 1], LanDeMetsOBrienFleming(), alpha=ALPHA, sides=2
    )
    misled = (np.abs(path.statistic) >= plan.upper).any(axis=1).mean()
    assert abs(misled - ALPHA) < 4 * np.sqrt(ALPHA * (1 - ALPHA) / TRIALS) + 0.003
