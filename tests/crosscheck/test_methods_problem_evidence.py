"""The same numbers as R: frozen here, and read from shared data where they are at hand.

Frozen numbers: metafor 4 (dat.bcg), lme4/glmmTMB (cbpp), lme4 (surgical
deaths of WinBUGS' examples), qcc (orange juice).
"""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest

from rounds.methods.multilevel.shrinkage import random_intercept
from rounds.methods.priors.meta import random_effects
from rounds.methods.priors.prior import heterogeneity_grid
from rounds.methods.proportion import newcombe, wilson
from rounds.methods.spc import p_chart, p_prime_chart

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data" / "crosscheck"

# WinBUGS examples vol 1, "Surgical: institutional ranking": hospitals A to L.
SURGICAL_N = [47, 148, 119, 810, 211, 196, 148, 215, 207, 97, 256, 360]
SURGICAL_R = [0, 18, 8, 46, 8, 13, 9, 31, 14, 8, 29, 24]
# metafor's dat.bcg: tpos, tneg, cpos, cneg.
BCG = [
    (4, 119, 11, 128),
    (6, 300, 29, 274),
    (3, 228, 11, 209),
    (62, 13536, 248, 12619),
    (33, 5036, 47, 5761),
    (180, 1361, 372, 1079),
    (8, 2537, 10, 619),
    (505, 87886, 499, 87892),
    (29, 7470, 45, 7232),
    (17, 1699, 65, 1600),
    (186, 50448, 141, 27197),
    (5, 2493, 3, 2338),
    (27, 16886, 29, 17825),
]


def expected(key):
    path = SHARED / "expected.json"
    if not path.exists():
        pytest.skip("shared data absent")
    return json.loads(path.read_text())[key]


def table(name):
    with (SHARED / name).open() as lines:
        return list(csv.DictReader(lines))


def bcg_effects():
    a, b, c, d = np.array(BCG, dtype=float).T
    effects = np.log(a / (a + b)) - np.log(c / (c + d))
    return effects, np.sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))


@pytest.mark.parametrize("level", [0.8, 0.95, 0.998])
def test_wilson_agrees_with_scipy(level):
    """scipy.stats: binomtest(k, n).proportion_ci(level, method="wilson")."""
    for k, n in ((81, 263), (15, 148), (0, 20), (1, 29), (29, 29), (1, 1)):
        _, lower, upper = wilson([k], [n], level)
        wanted = binomtest(k, n).proportion_ci(level, method="wilson")
        assert lower[0] == pytest.approx(wanted.low, abs=1e-12)
        assert upper[0] == pytest.approx(wanted.high, abs=1e-12)


@pytest.mark.parametrize(
    ("successes", "totals", "wanted"),
    [
        ((48, 56), (80, 70), [0.2, 0.0524, 0.3339]),
        ((3, 9), (10, 10), [0.6, 0.1705, 0.8090]),
    ],
)
def test_newcombe_agrees_with_desctools(successes, totals, wanted):
    """DescTools' own tests: BinomDiffCI(56, 70, 48, 80) and (9, 10, 3, 10), "score"."""
    assert np.round(newcombe(successes, totals), 4).tolist() == wanted


def test_shared_surgical_numbers_agree():
    """The same from the shared file, so that the frozen copy cannot drift from it."""
    wanted, rows = expected("funnel_surgical"), table("bugs_surgical.csv")
    x, n = [int(row["r"]) for row in rows], [int(row["n"]) for row in rows]
    assert (x, n) == (SURGICAL_R, SURGICAL_N)
    fit = random_intercept(x, n, n_points=25)
    assert fit.coefficients[0] == pytest.approx(wanted["RE"]["mu"], abs=5e-6)
    assert fit.sd == pytest.approx(wanted["RE"]["sd"], abs=5e-6)
    assert fit.median_odds_ratio == pytest.approx(wanted["RE"]["MOR"], abs=5e-6)
    assert fit.value[7] == pytest.approx(wanted["RE"]["shrunk_H"], abs=1e-6)
    assert fit.value[0] == pytest.approx(wanted["RE"]["shrunk_A"], abs=1e-6)


def test_random_intercept_agrees_with_glmmtmb_and_lme4():
    """Laplace as glmmTMB, and adaptive quadrature with 25 points as lme4 (cbpp)."""
    wanted, rows = expected("glmm_cbpp"), table("cbpp.csv")
    herd = np.array([int(row["herd"]) - 1 for row in rows])
    period = np.array([[row["period"] == p for p in "234"] for row in rows], float)
    counts = (
        [int(row["incidence"]) for row in rows],
        [int(row["size"]) for row in rows],
    )
    laplace = random_intercept(*counts, herd, period, n_points=1)
    r = wanted["laplace_glmmTMB"]
    assert laplace.coefficients == pytest.approx(r["b"], abs=2e-6)
    assert laplace.se == pytest.approx(r["se"], abs=2e-5)
    assert laplace.sd == pytest.approx(r["sd"], abs=2e-6)
    quadrature = random_intercept(*counts, herd, period, n_points=25)
    r = wanted["AGQ25"]
    assert quadrature.coefficients == pytest.approx(r["b"], abs=2e-5)
    assert quadrature.sd == pytest.approx(r["sd"], abs=1e-5)
    assert quadrature.icc == pytest.approx(r["ICC"], abs=2e-6)


def test_p_chart_agrees_with_qcc_on_orange_juice():
    """qcc, pcc data: limits of the trial samples, and without samples 15 and 23."""
    wanted, rows = expected("spc"), table("spc_orangejuice.csv")
    trial = np.array([row["trial"] == "TRUE" for row in rows])
    sample = np.array([int(row["sample"]) for row in rows])
    counts = ([int(row["D"]) for row in rows], [int(row["size"]) for row in rows])
    for baseline, key in (
        (trial, "p_orangejuice_trial"),
        (trial & ~np.isin(sample, [15, 23]), "p_revised_excl_15_23"),
    ):
        chart = p_chart(*counts, baseline)
        lines = (chart.centre_line, chart.lower[0], chart.upper[0])
        assert lines == pytest.approx(wanted[key], abs=5e-7)


def test_p_prime_limits_of_a_small_table_are_computed_by_hand():
    """z of -2 and 2 in turn: moving ranges of 4, so sigma_z is 4/1.128."""
    chart = p_prime_chart([40, 60, 40, 60], [100] * 4)
    assert chart.sigma_z == pytest.approx(4 / 1.128)
    assert chart.upper[0] == pytest.approx(min(1.0, 0.5 + 3 * 0.05 * 4 / 1.128))
    narrow = p_prime_chart([48, 52, 48, 52], [100] * 4)
    assert narrow.upper[0] == pytest.approx(0.5 + 3 * 0.05 * 0.8 / 1.128)


def test_reml_and_dersimonian_laird_agree_with_metafor():
    """metafor, dat.bcg, log risk ratios: REML with normal and t intervals, and DL."""
    effects, ses = bcg_effects()
    reml = random_effects(effects, ses, interval="normal")
    assert (reml.value, reml.se) == pytest.approx((-0.714532, 0.179782), abs=5e-7)
    assert (reml.lower, reml.upper) == pytest.approx((-1.066898, -0.362167), abs=5e-7)
    assert reml.tau2 == pytest.approx(0.313243, abs=5e-7)
    assert reml.i2 == pytest.approx(0.922214, abs=5e-7)
    assert reml.q == pytest.approx(152.233, abs=5e-4)
    assert reml.prediction == pytest.approx((-1.866692, 0.437628), abs=1e-6)
    knha = random_effects(effects, ses, interval="hksj")
    assert knha.se == pytest.approx(0.180792, abs=5e-7)
    assert (knha.lower, knha.upper) == pytest.approx((-1.108444, -0.320621), abs=5e-7)
    assert knha.prediction == pytest.approx((-1.996017, 0.566952), abs=5e-7)
    dl = random_effects(effects, ses, estimator="DL")
    assert (dl.value, dl.tau2) == pytest.approx((-0.714117, 0.30876), abs=5e-7)


def test_shared_meta_analysis_numbers_agree():
    """The frozen BCG trials are those of the shared file."""
    expected("meta_bcg")
    rows = table("bcg.csv")
    keys = ("tpos", "tneg", "cpos", "cneg")
    assert [tuple(int(row[key]) for key in keys) for row in rows] == BCG


def test_posterior_of_heterogeneity_agrees_with_a_grid_in_r():
    """Half-normal(0.5) on tau, normal(0, 4) on the mean: mean, sd and mean of tau.

    R integrated the mean on a grid, here it is exact: hence three digits of the sd.
    """
    effects, ses = bcg_effects()
    grid = heterogeneity_grid(effects, ses, tau_scale=0.5, mean_sd=4.0)
    mean = float((grid.weight * grid.mean).sum())
    second = float((grid.weight * (grid.sd**2 + grid.mean**2)).sum())
    assert mean == pytest.approx(-0.710245, abs=2e-4)
    assert np.sqrt(second - mean**2) == pytest.approx(0.18723, abs=5e-4)
    assert float((grid.weight * grid.tau).sum()) == pytest.approx(0.571763, abs=5e-7)
