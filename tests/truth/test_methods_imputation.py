"""Missing outcomes whose truth is made: what imputing mends, and what it cannot.

Rates are over seeded worlds, 45 or as many as `ROUNDS_WORLDS` says; every bound is
Monte Carlo error. `-s` prints what docs/reference/accuracy.md tells.
"""

import os

import numpy as np
import pytest
from scipy.special import expit

from rounds.methods.clusters.least_squares import cluster_ols
from rounds.methods.estimands.imputation import impute
from rounds.methods.estimands.rubin import pool_imputations

WORLDS = int(os.environ.get("ROUNDS_WORLDS", "45"))
M = 10


def trial(rng, *, binary, clustered, unlike=0.0):
    """Lose outcomes by a covariate, and differently in the arms."""
    n, n_clusters = (480, 24) if clustered else (300, 300)
    clusters = np.arange(n) % n_clusters
    arm = rng.permutation(np.arange(n_clusters) % 2)[clusters]
    x = rng.normal(size=n)
    level = 0.4 * rng.normal(size=n_clusters)[clusters] * clustered
    if binary:
        y = (rng.random(n) < expit(1.2 * x + level + 0.5 * arm - 0.3)).astype(float)
    else:
        y = x + level + 0.5 * arm + rng.normal(size=n)
    lost = rng.random(n) < expit(-1.2 + 1.5 * x * (2 * arm - 1) + unlike * arm * y)
    return np.where(lost, np.nan, y), y, arm, x, clusters


def analysed(rng, y, arm, x, clusters):
    """Impute within arms, compare the arms unadjusted, pool."""
    done = np.zeros((M, len(y)))
    for a in (0, 1):
        of = arm == a
        some = None if clusters is None else clusters[of]
        found = impute(y[of], x[of, None], some, m=M, rng=rng)
        done[:, of] = found.completed(y[of])
    X = np.column_stack([arm, np.ones(len(arm))])
    fits = [cluster_ols(one, X, clusters) for one in done]
    values, errors, df = zip(*((f.estimate, f.se, f.df) for f in fits), strict=True)
    return pool_imputations(values, errors, float(np.mean(df)))


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("clustered", [False, True])
def test_those_lost_by_what_is_known(binary, clustered):
    """Covered, where those who are left are no longer alike in both arms."""
    is_slow = clustered and binary and WORLDS < 200
    worlds = WORLDS // 3 if is_slow else WORLDS
    rng = np.random.default_rng(31)
    truth = 0.5 if not binary else truth_of_binary(clustered)
    covered, errors, naive = 0, [], []
    for _ in range(worlds):
        y, _, arm, x, clusters = trial(rng, binary=binary, clustered=clustered)
        groups = clusters if clustered else None
        found = analysed(rng, y, arm, x, groups)
        covered += found.lower <= truth <= found.upper
        errors.append(found.estimate - truth)
        known = ~np.isnan(y)
        naive.append(y[known & (arm == 1)].mean() - y[known & (arm == 0)].mean())
    rate = covered / worlds
    kind = f"{'0 or 1' if binary else 'number'}, {'clusters' * clustered or 'persons'}"
    print(f"{kind:<22}{rate:7.2%} ± {np.sqrt(rate * (1 - rate) / worlds):.2%}")
    # A probit in place of a logit, and a prior of clusters' spread, are not the truth.
    allowed = 0.02 * binary + 4 * np.std(errors) / np.sqrt(worlds)
    assert abs(np.mean(errors)) < allowed
    assert rate > 0.95 - 4 * np.sqrt(0.95 * 0.05 / worlds)
    assert abs(np.mean(naive) - truth) > 3 * abs(np.mean(errors))


def truth_of_binary(clustered):
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    sd = np.sqrt(1.44 + 0.16 * clustered)
    risk = [weights @ expit(sd * nodes + a - 0.3) / weights.sum() for a in (0, 0.5)]
    return float(risk[1] - risk[0])


def test_those_lost_for_what_is_not_known_are_not_mended():
    """Broken on purpose: who does well is lost; a shift of the right size mends it."""
    rng = np.random.default_rng(32)
    plain = []
    for _ in range(30):
        y, _, arm, x, _ = trial(rng, binary=False, clustered=False, unlike=2.0)
        plain.append(analysed(rng, y, arm, x, None).estimate - 0.5)
    assert np.mean(plain) < -0.2


def test_a_shift_moves_those_who_are_missing_and_no_others():
    rng = np.random.default_rng(33)
    for binary in (False, True):
        y, _, _, x, clusters = trial(rng, binary=binary, clustered=True)
        found = impute(y, x[:, None], clusters, m=4, rng=rng)
        plain, moved = found.completed(y), found.completed(y, 1.5)
        known = ~np.isnan(y)
        assert (plain[:, known] == y[known]).all()
        assert (moved[:, known] == y[known]).all()
        gained = moved[:, ~known] - plain[:, ~known]
        assert (gained >= 0).all()
        assert np.isin(gained, (0, 1)).all() if binary else np.allclose(gained, 1.5)


def test_clusters_that_are_all_missing_scatter_as_clusters_do():
    """Taken for independent persons, an imputed cluster's mean would hardly vary."""
    rng = np.random.default_rng(34)
    clusters = np.repeat(np.arange(30), 50)
    y = rng.normal(size=30)[clusters] + rng.normal(size=1500)
    y[clusters == 0] = np.nan
    drawn = impute(y, np.zeros((1500, 0)), clusters, m=60, rng=rng).completed(y)
    means = drawn[:, clusters == 0].mean(axis=1)
    assert 0.6 < means.std() < 1.6
    alone = impute(y, np.zeros((1500, 0)), m=60, rng=rng).completed(y)
    assert alone[:, clusters == 0].mean(axis=1).std() < 0.4


def test_what_cannot_be_imputed_is_refused():
    rng = np.random.default_rng(1)
    y = np.array([0, 1, 0, 1, np.nan, 1, 0, np.nan])
    x = np.arange(8.0)[:, None]
    for arguments, words in (
        ((y * np.nan, x), "cannot carry"),
        ((y * 0, x), "all the same"),
        ((y, np.full((8, 1), np.inf)), "finite|known"),
        ((y, x, np.arange(8) // 3), "at least 4"),
    ):
        with np.errstate(invalid="ignore"), pytest.raises(ValueError, match=words):
            impute(*arguments, m=5, rng=rng)
    with pytest.raises(ValueError, match="draws"):
        impute(y, x, m=1, rng=rng)
    for q, se in (([1], [1]), ([1, 2], [1, 0]), ([1, np.nan], [1, 1])):
        with pytest.raises(ValueError):
            pool_imputations(q, se)
