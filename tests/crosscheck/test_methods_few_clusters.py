"""The same numbers as R, for trials of few clusters.

R 4.2.2 on made rows that both sides write by formula: geepack 1.3.9 (`geeglm`, epsilon
1e-12), geesmv 1.3 over gee (`GEE.var.lz`, `.kc`, `.md`, `.fg`), lme4 1.1-31 with
lmerTest 3.1-3 and pbkrtest 0.5.2 (`summary(m, ddf = "Kenward-Roger")`), all run on
2026-11-22. Numbers of shared data are read where these are at hand.
"""

import csv
import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from rounds.methods.clusters.gee import gee
from rounds.methods.clusters.least_squares import cluster_ols
from rounds.methods.clusters.linear_mixed import linear_mixed
from rounds.methods.clusters.permutation import permutation
from rounds.methods.clusters.robust_mixed import robust_mixed
from rounds.methods.planning.trial_power import Spread, effect_variance, power

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data" / "crosscheck"
SIZES = (5, 9, 14, 7, 12, 20, 6, 11)

GEESMV = {
    ("binomial", "none"): (0.3753432325, 0.2785062034, 0.7384028832),
    ("binomial", "mancl-derouen"): (0.4549111996, 0.3598475122, 0.8314148066),
    ("binomial", "fay-graubard"): (0.4203966165, 0.3285237664, 0.7853533613),
    ("poisson", "none"): (0.1996330621, 0.1442140184, 0.3886490117),
    ("poisson", "mancl-derouen"): (0.2461370709, 0.1899775175, 0.4395068978),
    ("poisson", "fay-graubard"): (0.2262670277, 0.1718327666, 0.4135070946),
}
"""Standard errors of constant, arm and covariate under independence."""
GEEPACK = {
    "binomial": (
        (-1.263537379, 1.036531413, 2.233746234),
        (0.3072585842, 0.7033981749, 0.4058761535),
        0.08923753768,
    ),
    "poisson": (
        (-1.1971572886, 0.3895086076, 0.8311457920),
        (0.2075685796, 0.2554480343, 0.2070950327),
        0.06079319481,
    ),
    "gaussian": (
        (0.2260025479, 0.2289726656, 0.4790069631),
        (0.07116521208, 0.14907044770, 0.09657988279),
        0.08485627483,
    ),
}
"""Coefficients, naive-free (sandwich) standard errors, exchangeable correlation."""


def made():
    """Give cluster, design (constant, arm, covariate), and three outcomes."""
    g = np.repeat(np.arange(1, 9), SIZES)
    i = np.arange(1, len(g) + 1)
    arm, x = g % 2, (i * 37 % 11) / 10
    rare = ((i * i * 7919 + g * 31) % 101 < 30 + 20 * arm + 5 * (g % 3)).astype(float)
    level = np.sin(1.7 * i) + 0.8 * np.cos(2.3 * g) + 0.5 * arm + 0.3 * x
    X = np.column_stack([np.ones(len(g)), arm, x])
    return g, X, rare, (level > 0.2).astype(float), level


@pytest.mark.parametrize(("family", "correction"), GEESMV)
def test_corrected_sandwiches_are_those_of_geesmv(family, correction):
    g, X, rare, _, _ = made()
    found = gee(rare, X, g, family=family, exchangeable=False, correction=correction)
    given = np.sqrt(np.diag(found.covariance))
    np.testing.assert_allclose(given, GEESMV[family, correction], rtol=2e-8)


@pytest.mark.parametrize("family", GEEPACK)
def test_an_exchangeable_fit_is_that_of_geepack(family):
    g, X, _, binary, _ = made()
    found = gee(binary, X, g, family=family, correction="none")
    coefficients, errors, correlation = GEEPACK[family]
    np.testing.assert_allclose(found.coefficients, coefficients, rtol=1e-8)
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), errors, rtol=1e-8)
    assert found.correlation == pytest.approx(correlation, rel=1e-8)


def test_of_least_squares_kauermann_and_carroll_is_cr2():
    """Under independence and a normal family both are (I − H)^(-1/2); ours of CR2 is
    held against clubSandwich elsewhere. geesmv takes that root of a matrix that is not
    symmetric with the symmetric formula, so for other families it gives another."""
    g, X, _, _, level = made()
    for column in range(3):
        one = gee(
            level,
            X,
            g,
            column=column,
            exchangeable=False,
            correction="kauermann-carroll",
        )
        other = cluster_ols(level, X, g, column=column)
        assert one.se == pytest.approx(other.se, rel=1e-9)


def test_shared_contagion_data_in_an_exchangeable_fit():
    path = SHARED / "cbpp_long.csv"
    if not path.exists():
        pytest.skip("shared data absent")
    with path.open() as lines:
        rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(lines)]
    X = np.array([[1, row["p2"], row["p3"], row["p4"]] for row in rows])
    y, herd = ([row[name] for row in rows] for name in ("y", "id"))
    wanted = json.loads((SHARED / "expected.json").read_text())["gee_cbpp_exch"]
    names = {"robust": "none", "MD": "mancl-derouen", "FG": "fay-graubard"}
    for name, correction in names.items():
        found = gee(y, X, herd, family="binomial", correction=correction)
        # Those numbers are of a fit that stopped a step before ours.
        np.testing.assert_allclose(found.coefficients, wanted["b"], atol=3e-5)
        errors = np.sqrt(np.diag(found.covariance))
        np.testing.assert_allclose(errors, wanted[name], atol=3e-4)


def test_kenward_and_roger_with_effects_of_clusters():
    g, X, _, _, level = made()
    wanted = {
        0: (-0.4159283318, 0.3497771236, 7.443699123, 0.3495919060),
        1: (0.4623558417, 0.4683971376, 5.975291193, 0.4680100829),
        2: (1.1889132972, 0.2402384763, 75.137557834, 0.2401661353),
    }
    for column, (estimate, se, df, model_se) in wanted.items():
        found = linear_mixed(level, X, g, column=column)
        assert found.estimate == pytest.approx(estimate, rel=1e-7)
        assert found.se == pytest.approx(se, rel=1e-7)
        assert found.df == pytest.approx(df, rel=1e-7)
        assert found.model_se == pytest.approx(model_se, rel=1e-7)
        assert found.between_clusters == pytest.approx(0.3850997988, rel=1e-6)
        assert found.within == pytest.approx(0.4713701492, rel=1e-6)


def wedge():
    """Six clusters in four periods, five persons in each: y, X, clusters, periods."""
    cells = [(k, t, c) for c in range(1, 7) for t in range(1, 5) for k in range(1, 6)]
    _, t, c = np.array(cells).T
    j = np.arange(1, len(t) + 1)
    exposed = (t > (c + 1) // 2).astype(float)
    y = np.sin(2.1 * j) + 0.7 * np.cos(1.9 * c) + 0.35 * np.sin(3.1 * c * t)
    y += 0.1 * t + 0.4 * exposed
    X = np.column_stack([exposed, *(t == q for q in (1, 2, 3, 4))]).astype(float)
    return y, X, c, t


def test_kenward_and_roger_of_a_stepped_wedge_with_a_variance_of_nought():
    """lme4 calls it singular; pbkrtest lets the variance take part all the same."""
    y, X, c, t = wedge()
    found = linear_mixed(y, X, c, t)
    assert found.estimate == pytest.approx(0.31669722067, rel=1e-6)
    assert found.se == pytest.approx(0.2566281044, rel=1e-6)
    assert found.df == pytest.approx(16.101073412, rel=1e-6)
    assert found.between_periods == pytest.approx(0.0, abs=1e-9)
    assert found.between_clusters == pytest.approx(0.1760559825, rel=1e-5)


def test_a_stepped_wedge_by_how_its_clusters_vary():
    """lme4 1.1-31's variances (REML), each cluster whitened by its Cholesky factor, then
    clubSandwich 0.5.8 `coef_test(lm(w ~ 0 + W), "CR2", cluster, "Satterthwaite")`, in R
    4.2.2, 2026-11-24: once with a variance of nought, once with both and unequal cells.
    """
    y, X, c, t = wedge()
    found = robust_mixed(y, X, c, t)
    assert (found.estimate, found.se, found.df) == pytest.approx(
        (0.3166972075, 0.2221791592, 4.3444069420), rel=1e-6
    )
    j = np.arange(1, len(y) + 1)
    some = (j * 7) % 5 != 0
    y = y + 0.9 * np.sin(4.7 * c * t) + 0.2 * np.cos(j)
    found = robust_mixed(y[some], X[some], c[some], t[some])
    assert (found.estimate, found.se, found.df) == pytest.approx(
        (-0.34975851600, 0.32941333568, 4.24043333145), rel=1e-6
    )
    assert found.between_periods == pytest.approx(0.09533245863, rel=1e-6)


def test_shared_stepped_wedge():
    path = SHARED / "sw_sim_cont.csv"
    if not path.exists():
        pytest.skip("shared data absent")
    with path.open() as lines:
        rows = list(csv.DictReader(lines))
    c, t, x, y = (np.array([float(r[name]) for r in rows]) for name in "ctxy")
    X = np.column_stack([x, *(t == q for q in np.unique(t))]).astype(float)
    found = linear_mixed(y, X, c, t)
    wanted = json.loads((SHARED / "expected.json").read_text())["sw_lmm"]
    assert found.estimate == pytest.approx(wanted["x"], abs=5e-7)
    assert found.model_se == pytest.approx(wanted["se"], abs=5e-7)
    assert found.se == pytest.approx(wanted["KR_se"], abs=5e-7)
    assert found.df == pytest.approx(wanted["KR_df"], abs=1e-4)


def test_power_of_a_stepped_wedge_is_that_of_swcrtdesign():
    """Hussey and Hughes' example as `swPwr` gives it; here from shared data."""
    if not (SHARED / "expected.json").exists():
        pytest.skip("shared data absent")
    told = json.loads((SHARED / "expected.json").read_text())["sw_power_HH_EPT"]
    waves = told["T"] - 1
    schedule = np.triu(np.ones((waves, told["T"])), 1)
    schedule = schedule[np.arange(told["I"]) * waves // told["I"]]
    before, after = told["mu"]
    middle = (before + after) / 2
    spread = Spread(middle * (1 - middle), told["tau"] ** 2)
    variance = effect_variance(schedule, told["n"], spread)
    assert variance == pytest.approx(told["var"], rel=1e-7)
    assert power(before - after, variance) == pytest.approx(told["power"], abs=1e-6)


def test_an_interval_by_permutation_is_the_test_turned_round():
    """By brute force: every allocation, each effect taken off before it is tested."""
    rng = np.random.default_rng(3)
    clusters = np.repeat(np.arange(8), 5)
    arm = np.array([1, 0, 1, 0, 1, 0, 1, 0])
    y = rng.normal(size=40) + rng.normal(size=8)[clusters] + arm[clusters]

    def p_value(effect):
        means = np.bincount(clusters, weights=y - effect * arm[clusters]) / 5
        others = []
        for chosen in combinations(range(8), 4):
            one = np.isin(np.arange(8), chosen)
            others.append(means[one].mean() - means[~one].mean())
        ours = means[arm == 1].mean() - means[arm == 0].mean()
        return np.mean(np.abs(others) >= abs(ours) - 1e-12)

    found = permutation(y, clusters, arm, rng=rng)
    assert found.is_exact
    assert found.n_allocations == 70
    assert found.p_value == pytest.approx(p_value(0.0))
    step = 1e-6
    for inside, outside in (
        (found.lower + step, found.lower - step),
        (found.upper - step, found.upper + step),
    ):
        assert p_value(inside) > 0.05 >= p_value(outside)
