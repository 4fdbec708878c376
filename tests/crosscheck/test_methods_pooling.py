"""Pooling agrees with metafor and bayesmeta, digit for digit; their numbers are frozen.

`frozen/metafor_pooling.R` and `frozen/bayesmeta_pooling.R` made them, and say with which
versions, calls and when. Data: vaccination against tuberculosis (dat.bcg), magnesium in
myocardial infarction (dat.egger2001), aspirin in pregnancy (CLASP, as in metafor's test
of DerSimonian and Kacker 2007), teachers' expectations (dat.raudenbush1985), long-term
beta blockers with zeros in nine cells (table 6 of dat.yusuf1985), lidocaine
(dat.hine1989), interleukin-2 antagonists (CrinsEtAl2014), eight schools (Rubin1981).
"""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad_vec
from scipy.stats import halfnorm, multivariate_normal, norm

from rounds.methods.pooling.bayes import bayes
from rounds.methods.pooling.influence import influence
from rounds.methods.pooling.pooled import pool
from rounds.methods.pooling.regression import meta_regression
from rounds.methods.pooling.small_study import egger
from rounds.methods.pooling.tables import mantel_haenszel, of_tables
from rounds.methods.priors import meta

FROZEN = Path(__file__).parent / "frozen"
R = json.loads((FROZEN / "metafor_pooling.json").read_text("utf-8"))
BAYES = json.loads((FROZEN / "bayesmeta_pooling.json").read_text("utf-8"))
SHARED = Path(__file__).parents[2] / ".." / "shared" / "data" / "crosscheck"

METHODS = {"EE": "fixed", "DL": "dl", "REML": "reml", "PM": "pm"}
INTERVALS = {"z": "normal", "knha": "hksj", "adhoc": "modified_hksj"}
LATITUDE = np.array([44, 55, 42, 52, 13, 44, 19, 13, 27, 42, 18, 33, 33], dtype=float)
# Ten digits are frozen; REML is found by both to about nine.
SAME = {"rel": 2e-8, "abs": 2e-9}


def table(name):
    found = R["tables"][name]
    return [np.array(found[key], dtype=float) for key in ("ai", "n1i", "ci", "n2i")]


def studies(name):
    if name == "teachers":
        return np.array(R[name]["yi"]), np.sqrt(R[name]["vi"])
    found = of_tables(*table(name), measure="rr" if name == "bcg" else "or")
    return found.effects, found.ses


POOLED = [
    (name, call)
    for name, calls in R["pooled"].items()
    for call in calls
    if call != "confint"
]


@pytest.mark.parametrize(("name", "call"), POOLED)
def test_pooling_agrees_with_metafor(name, call):
    """rma(yi, vi, method=, test=); predict(); predict(predtype="Riley")."""
    wanted = R["pooled"][name][call]
    method, test = call.split()
    options = {"method": METHODS[method], "interval": INTERVALS[test]}
    found = pool(*studies(name), **options)
    between = found.heterogeneity
    assert found.estimate == pytest.approx(wanted["beta"], **SAME)
    assert found.se == pytest.approx(wanted["se"], **SAME)
    assert [found.lower, found.upper] == pytest.approx(wanted["ci"], **SAME)
    assert found.p_value == pytest.approx(wanted["pval"], rel=1e-6, abs=1e-12)
    assert between.tau2 == pytest.approx(wanted["tau2"], **SAME)
    assert 100 * between.i2 == pytest.approx(wanted["I2"], rel=1e-7, abs=1e-6)
    assert between.h2 == pytest.approx(wanted["H2"], rel=1e-7)
    assert between.q == pytest.approx(wanted["QE"], **SAME)
    if method == "EE":
        assert found.prediction is None
        return
    assert list(found.prediction) == pytest.approx(wanted["pi"], **SAME)
    riley = pool(*studies(name), **options, prediction="k-2").prediction
    assert list(riley) == pytest.approx(wanted["riley"], **SAME)


@pytest.mark.parametrize("name", R["pooled"])
def test_the_profile_of_q_agrees_with_metafor(name):
    """confint(rma(yi, vi)): tau², tau, I², H², each with its limits."""
    tau2, _, i2, _ = R["pooled"][name]["confint"]
    found = pool(*studies(name)).heterogeneity
    assert [found.tau2, *found.tau2_interval] == pytest.approx(tau2, **SAME)
    shares = [found.i2, *found.i2_interval]
    assert [100 * share for share in shares] == pytest.approx(i2, rel=1e-7, abs=1e-6)


@pytest.mark.parametrize("call", R["effects"])
def test_effects_of_tables_agree_with_metafor(call):
    """escalc(measure=): a half is added to each cell of a table with a zero."""
    name, measure = call.split()
    wanted = R["effects"][call]
    found = of_tables(*table(name), measure=measure.lower(), keep_empty=True)
    assert found.effects.tolist() == pytest.approx(wanted["yi"], **SAME)
    assert found.ses.tolist() == pytest.approx(wanted["sei"], **SAME)
    zeros = [
        any(c == 0 for c in (a, c2)) for a, _, c2, _ in zip(*table(name), strict=True)
    ]
    assert found.corrected.tolist() == zeros


@pytest.mark.parametrize("call", R["mantel_haenszel"])
def test_mantel_haenszel_agrees_with_metafor(call):
    """rma.mh(measure=), with zeros and tables without any event among them."""
    name, measure = call.split()
    wanted = R["mantel_haenszel"][call]
    found = mantel_haenszel(*table(name), measure=measure.lower())
    got = [found.estimate, found.se, found.lower, found.upper, found.q]
    want = [wanted["beta"], wanted["se"], *wanted["ci"], wanted["QE"]]
    assert got == pytest.approx(want, **SAME)
    assert 100 * found.i2 == pytest.approx(wanted["I2"], rel=1e-7)
    assert found.weights.sum() == pytest.approx(1)


@pytest.mark.parametrize("call", R["regression"])
def test_meta_regression_agrees_with_metafor(call):
    """rma(yi, vi, mods=, test=): one covariate and three; teachers by weeks."""
    wanted = R["regression"][call]
    name = "teachers" if call == "weeks" else "bcg"
    test = call.rpartition("_")[2] if "_" in call else "z"
    found = meta_regression(
        *studies(name), np.array(wanted["mods"]), interval=INTERVALS[test]
    )
    between = found.heterogeneity
    for got, key in (
        (found.coefficients, "beta"),
        (found.ses, "se"),
        (found.lower, "ci.lb"),
        (found.upper, "ci.ub"),
    ):
        assert got.tolist() == pytest.approx(wanted[key], rel=1e-7), key
    assert between.tau2 == pytest.approx(wanted["tau2"], rel=1e-7, abs=1e-9)
    assert 100 * found.r2 == pytest.approx(wanted["R2"], rel=1e-7)
    assert found.omnibus == pytest.approx(wanted["QM"], rel=1e-7)
    assert found.omnibus_p_value == pytest.approx(wanted["QMp"], rel=1e-5)
    assert between.q == pytest.approx(wanted["QE"], rel=1e-8)
    assert between.q_p_value == pytest.approx(wanted["QEp"], rel=1e-6)
    assert 100 * between.i2 == pytest.approx(wanted["I2"], rel=1e-6, abs=1e-5)
    assert between.h2 == pytest.approx(wanted["H2"], rel=1e-6)


def test_effects_at_a_latitude_agree_with_metafor():
    """predict(rma(yi, vi, mods=~ablat), newmods=c(10, 40)), and predtype="Riley"."""
    found = meta_regression(*studies("bcg"), LATITUDE, interval="normal")
    at, riley = found.at([10, 40]), found.at([10, 40], prediction="k-2")
    for got, wanted in (
        (at.value, (-0.0395490401, -0.9126007905)),
        (at.lower, (-0.4052913885, -1.1547965525)),
        (at.upper, (0.3261933083, -0.6704050284)),
        (at.prediction_lower, (-0.6930435121, -1.5058514514)),
        (at.prediction_upper, (0.6139454319, -0.3193501295)),
        (riley.prediction_lower, (-0.7824588253, -1.5870238192)),
        (riley.prediction_upper, (0.7033607451, -0.2381777617)),
    ):
        assert got == pytest.approx(wanted, abs=1e-8)


@pytest.mark.parametrize("call", R["influence"])
def test_influence_agrees_with_metafor(call):
    """influence(rma(yi, vi, test=)) and leave1out()."""
    name, test = call.split("_")
    wanted = R["influence"][call]
    found = influence(*studies(name), interval=INTERVALS[test])
    for got, key in (
        (found.residual, "rstudent"),
        (found.dffits, "dffits"),
        (found.cooks_distance, "cook.d"),
        (found.covariance_ratio, "cov.r"),
        (found.tau2, "tau2.del"),
        (found.q, "QE.del"),
        (found.weight, "hat"),
        (found.estimate, "estimate"),
        (found.se, "se"),
        (found.lower, "ci.lb"),
        (found.upper, "ci.ub"),
        (100 * found.i2, "I2"),
    ):
        assert got.tolist() == pytest.approx(wanted[key], rel=2e-6, abs=1e-8), key
    assert found.influential.tolist() == wanted["is.infl"]


@pytest.mark.parametrize("name", R["regtest"])
@pytest.mark.parametrize("model", ["lm", "rma"])
def test_eggers_test_agrees_with_metafor(name, model):
    """regtest(yi, vi, model="lm"), and regtest(rma(yi, vi))."""
    wanted = R["regtest"][name][model]
    found = egger(*studies(name), model="classical" if model == "lm" else "random")
    got = [found.slope, found.slope_se, found.statistic, found.p_value]
    want = [*wanted["slope"], wanted["zval"], wanted["pval"]]
    assert got == pytest.approx(want, rel=1e-6)
    limits = [found.limit, found.limit_lower, found.limit_upper]
    assert limits == pytest.approx([wanted["est"], *wanted["ci"]], rel=1e-6, abs=1e-9)
    assert found.df == wanted.get("dfs")


@pytest.mark.parametrize("name", BAYES)
def test_bayesian_pooling_agrees_with_bayesmeta(name):
    """bayesmeta(y, sigma, mu.prior=, tau.prior=dhalfnormal), central intervals.

    Tau agrees to five digits and more. For effects bayesmeta mixes a few normals
    (delta = 0.01), which shows in the third digit: its variance of a new effect is not
    the sum of the two that it is made of. The next test holds the same numbers against
    adaptive quadrature. Tolerances are in mean standard errors.
    """
    wanted = BAYES[name]
    mean_sd = math.inf if wanted["mean_sd"] is None else wanted["mean_sd"]
    found = bayes(
        wanted["y"], wanted["s"], tau_scale=wanted["tau_scale"], mean_sd=mean_sd
    )
    unit = np.mean(wanted["s"])
    for got, key, exact, near in (
        (found.tau, "tau", 5e-6, 3e-5),
        (found.effect, "mu", 3e-4, 3e-3),
        (found.new, "theta", 3e-4, 1e-2),
    ):
        want = wanted[key]
        assert got.mean == pytest.approx(want["mean"], abs=exact * unit), key
        for part in ("sd", "median", "lower", "upper"):
            value = getattr(got, part)
            assert value == pytest.approx(want[part], abs=near * unit), (key, part)
    assert found.below_zero == pytest.approx(wanted["below"], abs=2e-4)
    assert found.new_below_zero == pytest.approx(wanted["new_below"], abs=5e-4)
    means, sds = found.study_means.tolist(), found.study_sds.tolist()
    assert means == pytest.approx(wanted["study_mean"], abs=2e-3 * unit)
    assert sds == pytest.approx(wanted["study_sd"], abs=2e-3 * unit)


@pytest.mark.parametrize("name", ["crins", "schools", "bcg", "two"])
def test_the_grid_agrees_with_adaptive_quadrature(name):
    """Another way to the same: the effects' joint normal density, integrated."""
    wanted = BAYES[name]
    y, s, scale = np.array(wanted["y"]), np.array(wanted["s"]), wanted["tau_scale"]
    prior = float(wanted["mean_sd"]) ** 2
    found = bayes(y, s, tau_scale=scale, mean_sd=prior**0.5)

    def moments(tau):
        joint = np.diag(s**2 + tau**2) + prior
        density = multivariate_normal.pdf(y, np.zeros(y.size), joint)
        density *= halfnorm.pdf(tau, scale=scale)
        pull = np.linalg.solve(joint, np.full(y.size, prior))
        m, v = pull @ y, prior - pull.sum() * prior
        below = norm.cdf(found.effect.lower, m, v**0.5)
        return density * np.array([1.0, m, v + m**2, tau**2, below])

    total, *rest = quad_vec(moments, 0, 8 * scale, epsabs=0, epsrel=1e-10)[0]
    mean, second, tau2, below = np.array(rest) / total
    sd = (second - mean**2) ** 0.5
    assert found.effect.mean == pytest.approx(mean, rel=1e-7)
    assert found.effect.sd == pytest.approx(sd, rel=1e-7)
    assert found.new.sd == pytest.approx((sd**2 + tau2) ** 0.5, rel=1e-7)
    assert found.tau2 == pytest.approx(tau2, rel=1e-7)
    assert below == pytest.approx(0.025, abs=1e-8)


def test_bayesian_pooling_agrees_with_the_paper():
    """Röver 2020, section 3.3, `ma01$summary`: medians, means, standard deviations."""
    wanted = BAYES["crins"]
    found = bayes(wanted["y"], wanted["s"], tau_scale=0.5, mean_sd=4.0)
    printed = {
        "tau": (0.3445023, 0.3810562, 0.2593672),
        "effect": (-1.5734819, -1.5764365, 0.3295301),
        "new": (-1.5701653, -1.5764365, 0.5671855),
    }
    for name, (median, mean, sd) in printed.items():
        got = getattr(found, name)
        assert got.median == pytest.approx(median, abs=1e-4)
        assert got.mean == pytest.approx(mean, abs=2e-5)
        assert got.sd == pytest.approx(sd, abs=1e-6 if name == "tau" else 1e-3)


def test_tau_agrees_with_dersimonian_and_kacker():
    """Their tables 3 and 4 (2007), CLASP trials, as metafor's tests print them."""
    printed = {
        "pm": (0.3681, -0.3811, 0.2060),
        "dl": (0.2323, -0.3240, 0.1540),
        "reml": (0.1843, -0.2980, 0.1343),
    }
    for method, wanted in printed.items():
        found = pool(*studies("clasp"), method=method, interval="normal")
        got = (found.heterogeneity.tau2**0.5, found.estimate, found.se)
        assert got == pytest.approx(wanted, abs=5.1e-5), method


def test_the_numbers_of_the_shared_file_agree():
    """metafor, dat.bcg, every key. It stops at 1e-5: Paule and Mandel's variance and R²
    are given to that, and not to the last digit that is printed."""
    path = SHARED / "expected.json"
    if not path.exists():
        pytest.skip("shared data absent")
    wanted = json.loads(path.read_text("utf-8"))["meta_bcg"]
    reml, knha = wanted["REML"], wanted["REML_HKSJ"]
    data = studies("bcg")
    normal = pool(*data, interval="normal")
    between = normal.heterogeneity
    printed = {"abs": 1.5e-6}
    assert normal.estimate == pytest.approx(reml["mu"], **printed)
    assert normal.se == pytest.approx(reml["se"], **printed)
    assert [normal.lower, normal.upper] == pytest.approx(reml["ci"], **printed)
    assert between.tau2 == pytest.approx(reml["tau2"], **printed)
    assert 100 * between.i2 == pytest.approx(reml["I2"], abs=1e-4)
    assert between.q == pytest.approx(reml["Q"], abs=5e-4)
    assert list(normal.prediction) == pytest.approx(reml["PI_z"], **printed)
    hksj = pool(*data, interval="hksj")
    assert hksj.se == pytest.approx(knha["se"], **printed)
    assert [hksj.lower, hksj.upper] == pytest.approx(knha["ci"], **printed)
    assert list(hksj.prediction) == pytest.approx(knha["PI_t_km1"], **printed)
    dl = pool(*data, method="dl")
    assert dl.estimate == pytest.approx(wanted["DL"]["mu"], **printed)
    assert dl.heterogeneity.tau2 == pytest.approx(wanted["DL"]["tau2"], **printed)
    pm = pool(*data, method="pm").heterogeneity.tau2
    assert pm == pytest.approx(wanted["PM_tau2"], abs=5e-5)
    fixed = pool(*data, method="fixed", interval="normal")
    assert fixed.estimate == pytest.approx(wanted["FE"]["mu"], **printed)
    assert fixed.se == pytest.approx(wanted["FE"]["se"], **printed)
    mh = mantel_haenszel(*table("bcg"), measure="rr")
    assert [mh.estimate, mh.se] == pytest.approx(wanted["MH"], **printed)
    latitude = meta_regression(*data, LATITUDE, interval="normal")
    regression = wanted["metareg_ablat"]
    assert latitude.coefficients.tolist() == pytest.approx(regression["b"], abs=5e-6)
    assert latitude.ses.tolist() == pytest.approx(regression["se"], abs=1e-5)
    assert 100 * latitude.r2 == pytest.approx(regression["R2"], abs=5e-3)
    profile = wanted["tau2_profile_ci"]
    assert list(between.tau2_interval) == pytest.approx(profile, abs=5.1e-5)
    posterior = wanted["bayes_halfnormal0.5_mu~N(0,4)"]
    found = bayes(*data, tau_scale=0.5, mean_sd=4.0)
    assert found.effect.mean == pytest.approx(posterior["mu"], abs=2e-4)
    assert found.effect.sd == pytest.approx(posterior["sd"], abs=5e-4)
    assert found.tau.mean == pytest.approx(posterior["tau_mean"], abs=5e-6)
    assert found.below_zero == pytest.approx(posterior["P_mu_lt0"], abs=2e-5)


def test_the_model_of_evidence_is_the_same_one():
    """`meta.random_effects` is `pool` under the names that Evidence uses."""
    data = studies("magnesium")
    for estimator, method in (("REML", "reml"), ("DL", "dl")):
        old = meta.random_effects(*data, estimator=estimator)
        new = pool(*data, method=method)
        assert (old.value, old.se) == (new.estimate, new.se)
        assert old.prediction == new.prediction
        assert meta.heterogeneity(*data, estimator=estimator) == old.tau2
