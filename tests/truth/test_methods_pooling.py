"""Pooling on made studies: coverage, type I error, and a world that is broken.

The tolerance is four Monte Carlo errors of the rate, and nothing beside.
"""

import numpy as np
import pytest
from scipy.stats import binomtest, kstest

from rounds.methods.pooling.bayes import bayes
from rounds.methods.pooling.influence import influence
from rounds.methods.pooling.pooled import pool
from rounds.methods.pooling.regression import meta_regression
from rounds.methods.pooling.small_study import egger
from rounds.methods.pooling.tables import mantel_haenszel, of_tables
from rounds.methods.priors.borrowing import borrow
from rounds.methods.priors.posterior import conflict_p
from rounds.methods.priors.prior import Component

TRUTH = 0.3
N = 600


def off(rate, nominal, n=N):
    """Say by how many Monte Carlo errors a rate is off what it should be."""
    return (rate - nominal) / np.sqrt(nominal * (1 - nominal) / n)


def made(rng, k, tau, low=0.1, high=0.4):
    """Make studies of unequal size with a mean effect of `TRUTH`."""
    ses = rng.uniform(low, high, k)
    return rng.normal(TRUTH + tau * rng.standard_normal(k), ses), ses


def coverage(seed, k, tau, **options):
    """Give how often each interval holds the truth, over the same made studies."""
    rng = np.random.default_rng(seed)
    hits = []
    for _ in range(N):
        data = made(rng, k, tau)
        found = [pool(*data, interval=one, **options) for one in INTERVALS]
        hits.append([one.lower <= TRUTH <= one.upper for one in found])
    return dict(zip(INTERVALS, np.mean(hits, axis=0), strict=True))


INTERVALS = ("normal", "hksj", "modified_hksj")


@pytest.mark.parametrize("k", [5, 20])
@pytest.mark.parametrize("tau", [0.0, 0.5])
def test_intervals_of_reml_cover(k, tau):
    """HKSJ covers as it says; the modified one at least so; with few studies that
    differ, the normal one does not, and HKSJ is better than it."""
    found = coverage(31 + k, k, tau)
    assert abs(off(found["hksj"], 0.95)) < 4
    assert off(found["modified_hksj"], 0.95) > -4
    assert found["modified_hksj"] >= found["hksj"]
    if tau and k == 5:
        assert off(found["normal"], 0.95) < -4
        assert found["hksj"] > found["normal"]
    if not tau:
        assert off(found["normal"], 0.95) > -4


@pytest.mark.parametrize("method", ["dl", "pm"])
def test_intervals_of_other_variances_cover(method):
    """The same of DerSimonian and Laird's and of Paule and Mandel's variance."""
    found = coverage(51, 5, 0.5, method=method)
    assert abs(off(found["hksj"], 0.95)) < 4
    assert off(found["modified_hksj"], 0.95) > -4
    assert off(found["normal"], 0.95) < -4


def test_a_fixed_effect_covers_where_there_is_one_and_not_where_effects_differ():
    same = coverage(61, 10, 0.0, method="fixed")["normal"]
    assert abs(off(same, 0.95)) < 4
    assert coverage(62, 10, 0.3, method="fixed")["normal"] < 0.8


@pytest.mark.parametrize("k", [5, 20])
@pytest.mark.parametrize("tau", [0.0, 0.5])
def test_the_profile_of_q_covers_exactly(k, tau):
    """Its distribution is known, so coverage is 95% at any number of studies."""
    rng = np.random.default_rng(71 + k)
    hits = []
    for _ in range(N):
        ends = pool(*made(rng, k, tau), method="dl").heterogeneity.tau2_interval
        hits.append(ends is not None and ends[0] <= tau**2 <= ends[1])
    assert abs(off(np.mean(hits), 0.95)) < 4


@pytest.mark.parametrize("prediction", ["k-1", "k-2"])
def test_prediction_intervals_cover_a_new_study_where_studies_are_many(prediction):
    """Twenty studies whose differences outweigh their errors."""
    rng = np.random.default_rng(81)
    hits = []
    for _ in range(N):
        data = made(rng, 20, 0.5, 0.05, 0.15)
        low, high = pool(*data, prediction=prediction).prediction
        hits.append(low <= TRUTH + 0.5 * rng.standard_normal() <= high)
    assert abs(off(np.mean(hits), 0.95)) < 4


def test_bayesian_intervals_cover_where_the_prior_is_the_world_s():
    """Worlds drawn from the prior: mean, new setting and spread are each held by 95%."""
    rng = np.random.default_rng(91)
    n, hits = 300, []
    for _ in range(n):
        mean, tau = rng.normal(0, 1), abs(rng.normal(0, 0.3))
        ses = rng.uniform(0.1, 0.4, 5)
        effects = rng.normal(mean + tau * rng.standard_normal(5), ses)
        found = bayes(effects, ses, tau_scale=0.3, mean_sd=1.0)
        new = mean + tau * rng.standard_normal()
        pairs = ((found.effect, mean), (found.new, new), (found.tau, tau))
        hits.append([one.lower <= true <= one.upper for one, true in pairs])
    for rate in np.mean(hits, axis=0):
        assert abs(off(rate, 0.95, n)) < 4


def test_shrunken_studies_are_nearer_to_their_truth():
    """Squared error of studies drawn towards the others is below that of their own."""
    rng = np.random.default_rng(92)
    own, drawn = [], []
    for _ in range(60):
        true = TRUTH + 0.2 * rng.standard_normal(8)
        ses = rng.uniform(0.1, 0.5, 8)
        effects = rng.normal(true, ses)
        own.append(np.mean((effects - true) ** 2))
        means = bayes(effects, ses, tau_scale=0.5).study_means
        drawn.append(np.mean((means - true) ** 2))
    assert np.mean(drawn) < 0.8 * np.mean(own)


@pytest.mark.parametrize("measure", ["or", "rr", "rd"])
def test_mantel_haenszel_covers_with_rare_events_and_zeros(measure):
    """Ten small tables with one effect for all, many with a zero."""
    rng = np.random.default_rng(101)
    base = rng.uniform(0.03, 0.1, 10)
    n1, n2 = rng.integers(25, 70, 10), rng.integers(25, 70, 10)
    risk = {
        "or": base * 2 / (1 - base + base * 2),
        "rr": base * 2,
        "rd": base + 0.08,
    }[measure]
    truth = 0.08 if measure == "rd" else np.log(2)
    hits, zeros = [], 0
    for _ in range(1000):
        x1, x2 = rng.binomial(n1, risk), rng.binomial(n2, base)
        zeros += (x1 == 0).any() or (x2 == 0).any()
        found = mantel_haenszel(x1, n1, x2, n2, measure=measure)
        hits.append(found.lower <= truth <= found.upper)
    assert zeros > 400
    assert abs(off(np.mean(hits), 0.95, 1000)) < 4


def test_a_half_in_each_cell_draws_effects_towards_none():
    """Why tables with zeros are better pooled by Mantel and Haenszel: the correction."""
    rng = np.random.default_rng(102)
    n = np.full(10, 60)
    pulled, straight = [], []
    for _ in range(400):
        x1, x2 = rng.binomial(n, 0.08), rng.binomial(n, 0.02)
        table = of_tables(x1, n, x2, n)
        tells = table.tells
        found = pool(table.effects[tells], table.ses[tells], method="fixed")
        pulled.append(found.estimate)
        straight.append(mantel_haenszel(x1, n, x2, n).estimate)
    truth = np.log(0.08 / 0.92) - np.log(0.02 / 0.98)
    error = np.std(straight) / np.sqrt(len(straight))
    assert abs(np.mean(straight) - truth) < abs(np.mean(pulled) - truth)
    assert np.mean(pulled) < truth - 4 * error


def test_meta_regression_covers_its_slopes():
    """Two covariates, effects that differ beside: HKSJ's intervals hold both slopes."""
    rng = np.random.default_rng(111)
    n, hits = 300, []
    slopes = np.array([0.2, -0.1])
    for _ in range(n):
        x = rng.normal(size=(12, 2))
        ses = rng.uniform(0.1, 0.3, 12)
        true = TRUTH + x @ slopes + 0.2 * rng.standard_normal(12)
        found = meta_regression(rng.normal(true, ses), ses, x, interval="hksj")
        hits.append((found.lower[1:] <= slopes) & (slopes <= found.upper[1:]))
    for rate in np.mean(hits, axis=0):
        assert abs(off(rate, 0.95, n)) < 4


def test_eggers_test_errs_as_often_as_it_says():
    """One effect for all and no small-study effects: p-values are uniform."""
    rng = np.random.default_rng(121)
    p_values = np.array([egger(*made(rng, 15, 0.0)).p_value for _ in range(600)])
    assert abs(off(np.mean(p_values < 0.05), 0.05, 600)) < 4
    assert abs(off(np.mean(p_values < 0.1), 0.1, 600)) < 4
    assert kstest(p_values, "uniform").pvalue > 1e-4


def published(rng):
    """Give thirty studies of a field that keeps small studies back unless they 'work'."""
    effects, ses = [], []
    while len(effects) < 30:
        se = rng.uniform(0.05, 0.5)
        effect = rng.normal(0.1, se)
        if se < 0.12 or effect / se > 1.5:
            effects.append(effect)
            ses.append(se)
    return np.array(effects), np.array(ses)


def test_in_a_broken_world_small_study_effects_fire():
    """Where small studies are kept back, the test is positive and the pooled effect is
    too large. (The effect at a standard error of 0 is no cure: here it is too small.)"""
    rng = np.random.default_rng(131)
    fired, pooled, limits = [], [], []
    for _ in range(100):
        data = published(rng)
        found = egger(*data)
        fired.append(found.p_value < 0.1 and found.slope > 0)
        pooled.append(pool(*data).estimate)
        limits.append(found.limit)
    assert np.mean(fired) > 0.9
    error = np.std(pooled) / np.sqrt(len(pooled))
    assert np.mean(pooled) > 0.1 + 4 * error
    assert np.mean(limits) < 0.1


def test_a_study_of_another_world_is_found():
    """One of twelve studies is ten standard errors off: it alone is called influential
    and left out, the others pool to the truth."""
    rng = np.random.default_rng(141)
    found_it, near = [], []
    for _ in range(60):
        effects, ses = made(rng, 12, 0.1)
        effects[4] += 10 * ses[4]
        one = influence(effects, ses, interval="normal")
        found_it.append(np.argmax(np.abs(one.residual)) == 4 and one.influential[4])
        near.append(one.estimate[4] - TRUTH)
    assert np.mean(found_it) > 0.9
    assert abs(np.mean(near)) < 4 * np.std(near) / np.sqrt(len(near))


EARLIER = (
    Component(weight=0.6, mean=0.3, sd=0.1),
    Component(weight=0.4, mean=0.35, sd=0.2),
)


def drawn(rng):
    """Draw a true effect from what earlier studies predict."""
    part = EARLIER[int(rng.uniform() > EARLIER[0].weight)]
    return rng.normal(part.mean, part.sd)


def test_conflict_is_called_as_often_as_it_says_where_there_is_none():
    """Worlds drawn from the prior: the prior-predictive p-value is uniform."""
    rng = np.random.default_rng(151)
    columns = [[getattr(p, name) for p in EARLIER] for name in ("weight", "mean", "sd")]
    p_values = [
        conflict_p(*columns, rng.normal(drawn(rng), 0.15), 0.15) for _ in range(2000)
    ]
    called = int(np.sum(np.array(p_values) < 0.05))
    assert binomtest(called, 2000, 0.05).pvalue > 1e-4


def test_a_prior_that_holds_is_worth_something_and_one_that_does_not_gives_way():
    """Where earlier studies bear, intervals with them are shorter and err less; where
    they do not, that is called, and the estimate is left almost to itself."""
    rng = np.random.default_rng(152)
    alone, joined, shorter = [], [], []
    for _ in range(150):
        true = drawn(rng)
        read = borrow(EARLIER, rng.normal(true, 0.2), 0.2, vague_sd=2.0)
        alone.append(read.without.value - true)
        joined.append(read.with_prior.value - true)
        widths = [one.upper - one.lower for one in (read.with_prior, read.without)]
        shorter.append(widths[0] < widths[1])
    assert np.std(joined) < 0.85 * np.std(alone)
    assert np.mean(shorter) > 0.9
    far = borrow(EARLIER, -1.5, 0.2, vague_sd=2.0)
    assert far.conflict
    assert far.weight_informative < 0.01
    assert abs(far.with_prior.value + 1.5) < 0.1
    assert abs(far.undoubted.value + 1.5) > 0.3
