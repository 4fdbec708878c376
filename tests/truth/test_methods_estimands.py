"""Complier averages and standardised risks whose truth is made.

Rates are over seeded worlds, 100 or as many as `ROUNDS_WORLDS` says; every bound is
Monte Carlo error. `-s` prints what docs/reference/accuracy.md tells.
"""

import os

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from rounds.methods.clusters.gee import gee
from rounds.methods.clusters.least_squares import cluster_ols
from rounds.methods.estimands.baseline import fill_missing, saving
from rounds.methods.estimands.complier_average import complier_average
from rounds.methods.estimands.multiplicity import adjust, gatekeeping
from rounds.methods.estimands.standardised_risk import standardised_risk

WORLDS = int(os.environ.get("ROUNDS_WORLDS", "100"))


def covers(name, found, truth):
    """Say how often intervals hold the truth, and whether estimates scatter round it."""
    value, lower, upper = np.array(found).T
    rate = np.mean((lower <= truth) & (truth <= upper))
    error = np.sqrt(rate * (1 - rate) / len(value))
    print(f"{name:<44}{rate:7.2%} ± {error:.2%}")
    assert abs(rate - 0.95) < 4 * np.sqrt(0.95 * 0.05 / len(value)) + 0.01, name
    return abs(value.mean() - truth) / (value.std() / np.sqrt(len(value)))


def by_compliance(rng, *, share=0.5, n_clusters=20, size=20):
    """Give a trial whose compliers gain 1 and whose health goes with compliance."""
    clusters = np.repeat(np.arange(n_clusters), size)
    arm = rng.permutation(np.arange(n_clusters) % 2)[clusters]
    kind = rng.random(len(clusters))
    complier, always = kind < share, kind > 0.9
    received = np.where(always, 1, np.where(complier, arm, 0))
    health = 0.8 * complier + 0.3 * rng.normal(size=n_clusters)[clusters]
    y = health + 1.0 * received + rng.normal(size=len(clusters))
    return y, received, np.column_stack([arm, np.ones(len(arm))]), clusters


@pytest.mark.parametrize("share", [0.6, 0.15])
def test_compliers(share):
    """Covered where most comply, and where few do and the estimate is skewed."""
    rng = np.random.default_rng(21)
    found, unbounded = [], 0
    for _ in range(WORLDS):
        try:
            one = complier_average(*by_compliance(rng, share=share))
        except ValueError:
            unbounded += 1
            continue
        found.append((one.estimate, one.lower, one.upper))
    print(f"no bound, {share:.0%} comply: {unbounded} of {WORLDS}")
    far = covers(f"complier average, {share:.0%} comply", found, 1.0)
    assert share < 0.5 or far < 4
    assert (unbounded > 0) is (share < 0.5)


def test_those_who_did_as_allocated_are_no_fair_comparison():
    """Per protocol and as treated are biased where the complier average is not."""
    rng = np.random.default_rng(22)
    wrong = []
    for _ in range(40):
        y, received, X, clusters = by_compliance(rng)
        kept = received == X[:, 0]
        wrong.append(cluster_ols(y[kept], X[kept], clusters[kept]).estimate)
    assert np.mean(wrong) > 1.2


def binary(rng, *, n_clusters=16, effect=0.8):
    """Give a trial whose clusters differ in size, and whose effect goes with it."""
    sizes = rng.integers(10, 60, n_clusters)
    clusters = np.repeat(np.arange(n_clusters), sizes)
    arm = rng.permutation(np.arange(n_clusters) % 2)[clusters]
    x = rng.normal(size=len(clusters))
    gain = effect * (sizes[clusters] > 35)
    level = x - 0.4 + 0.2 * rng.normal(size=n_clusters)[clusters]
    y = (rng.random(len(x)) < expit(level + gain * arm)).astype(float)
    return y, np.column_stack([arm, np.ones(len(arm)), x]), clusters


def chance(level):
    """Give the average chance over x and the clusters' levels: normal, sd √1.04."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    return float(weights @ expit(level + np.sqrt(1.04) * nodes) / weights.sum())


@pytest.mark.parametrize("target", ["persons", "clusters"])
def test_each_target_is_covered_and_they_differ(target):
    rng = np.random.default_rng(23)
    sizes = np.arange(10, 60)
    large = sizes > 35
    share = {"clusters": large.mean(), "persons": sizes[large].sum() / sizes.sum()}
    truth = share[target] * (chance(0.4) - chance(-0.4))
    assert share["persons"] > share["clusters"] + 0.15
    found = []
    for _ in range(WORLDS):
        y, X, clusters = binary(rng)
        one = standardised_risk(y, X, clusters, target=target)
        found.append((one.estimate, one.lower, one.upper))
    assert covers(f"standardised, average of {target}", found, truth) < 5


def test_a_covariate_makes_it_more_precise_and_no_other_number():
    rng = np.random.default_rng(24)
    plain, adjusted = [], []
    for _ in range(60):
        x = rng.normal(size=400)
        arm = rng.permutation(np.arange(400) % 2)
        y = (rng.random(400) < expit(1.5 * x + 0.5 * arm)).astype(float)
        X = np.column_stack([arm, np.ones(400), x])
        plain.append(standardised_risk(y, X[:, :2]))
        adjusted.append(standardised_risk(y, X))
    apart = [a.estimate - p.estimate for a, p in zip(adjusted, plain, strict=True)]
    assert abs(np.mean(apart)) < 4 * np.std(apart) / np.sqrt(60)
    narrower = [a.se / p.se for a, p in zip(adjusted, plain, strict=True)]
    assert np.mean(narrower) < 0.9


def test_what_cannot_be_told_is_refused():
    arm = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    X = np.column_stack([arm, np.ones(8)]).astype(float)
    y = np.array([0, 1, 0, 1, 1, 0, 1, 1.0])
    for arguments, words in (
        ((arm, X), "perfectly"),
        ((y * 2, X), "0 or 1"),
        ((y * 0, X), "all outcomes"),
        ((y, X, arm), "cannot carry"),
        ((y * np.nan, X), "finite"),
    ):
        with pytest.raises(ValueError, match=words):
            standardised_risk(*arguments)
    with pytest.raises(ValueError, match="needs clusters"):
        standardised_risk(y, X, target="clusters")
    for received, words in (
        (arm * 0, "nobody"),
        (arm * 2, "0 or 1"),
        (y, "no bound"),
    ):
        with pytest.raises(ValueError, match=words):
            complier_average(y + arm * 0.1, received, X)
    whole = complier_average(y, arm, X)
    assert whole.first_stage_f is None
    plain = cluster_ols(y, X, None)
    assert (whole.estimate, whole.lower, whole.upper) == pytest.approx(
        (plain.estimate, plain.lower, plain.upper)
    )


@pytest.mark.parametrize("link", ["log", "identity"])
def test_rates_in_clusters(link):
    """Counts vary more than Poisson's, over times at risk of all lengths."""
    rng = np.random.default_rng(25)
    found = []
    for _ in range(WORLDS):
        arm = rng.permutation(np.arange(12) % 2)
        clusters = np.repeat(np.arange(12), 25)
        level = rng.gamma(20, 1 / 20, 12)[clusters]
        time = rng.uniform(0.2, 3, 300)
        y = rng.poisson(time * level * np.where(arm[clusters], 3.0, 2.0))
        X = np.column_stack([arm[clusters], np.ones(300)])
        X, offset = (X, np.log(time)) if link == "log" else (X * time[:, None], None)
        fit = gee(y, X, clusters, family="poisson", link=link, offset=offset)
        found.append((fit.estimate, fit.lower, fit.upper))
    truth = np.log(1.5) if link == "log" else 1.0
    assert covers(f"rates, {link}", found, truth) < 4


def together(rng, worlds, means):
    """Give p-values of outcomes that go together (correlation 0.5), one-sided z."""
    shared = rng.normal(size=(worlds, 1))
    z = np.sqrt(0.5) * (shared + rng.normal(size=(worlds, len(means)))) + means
    return 2 * stats.norm.sf(abs(z))


@pytest.mark.parametrize("procedure", ["holm", "hochberg", "fixed-sequence"])
@pytest.mark.parametrize("means", [(0, 0, 0, 0), (3, 0, 3, 0)])
def test_a_family_errs_no_more_than_one_test(procedure, means):
    rng = np.random.default_rng(26)
    worlds = 1000
    p = together(rng, worlds, np.array(means, dtype=float))
    shown = np.array([adjust(one, procedure) <= 0.05 for one in p])
    wrong = shown[:, np.array(means) == 0].any(axis=1).mean()
    allowed = 0.05 + 4 * np.sqrt(0.05 * 0.95 / worlds)
    assert wrong < allowed
    assert (p < 0.05)[:, np.array(means) == 0].any(axis=1).mean() > allowed


def test_a_gate_errs_no_more_and_is_shut_by_one_that_is_not_shown():
    rng = np.random.default_rng(27)
    p = together(rng, 1000, np.array([3.0, 0, 0, 3]))
    wrong = 0
    for one in p:
        first, second = gatekeeping([one[:2], one[2:]])
        wrong += bool(first[1] <= 0.05 or second[0] <= 0.05)
        assert second.min() >= first.max()
    assert wrong / 1000 < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 1000)
    with pytest.raises(ValueError):
        adjust([0.1, np.nan], "holm")
    with pytest.raises(ValueError):
        gatekeeping([])


def test_a_baseline_saves_its_correlation_squared():
    rng = np.random.default_rng(28)
    saved, found = [], []
    for _ in range(60):
        x = rng.normal(size=300)
        arm = rng.permutation(np.arange(300) % 2)
        y = 0.8 * x + 0.6 * rng.normal(size=300) + 0.3 * arm
        x[rng.random(300) < 0.1] = np.nan
        filled, n = fill_missing(x)
        assert n == np.isnan(x).sum()
        X = np.column_stack([arm, np.ones(300), filled])
        one, plain = cluster_ols(y, X, None), cluster_ols(y, X[:, :2], None)
        told = saving(y, filled, arm, se_with=one.se, se_without=plain.se)
        saved.append(told.variance_saved)
        found.append((one.estimate, one.lower, one.upper))
        assert told.variance_saved == pytest.approx(told.correlation**2, abs=0.03)
    assert np.mean(saved) == pytest.approx(0.9 * 0.64, abs=0.03)
    assert covers("with a baseline", found, 0.3) < 4
