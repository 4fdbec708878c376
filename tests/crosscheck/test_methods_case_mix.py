"""Case-mix models, standardised rates and nested levels: the numbers of R, frozen here."""

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit, logit
from statsmodels.api import GLM, add_constant, families

from rounds.methods.case_mix.calibration import c_statistic, calibration
from rounds.methods.case_mix.regression import fit_regression
from rounds.methods.case_mix.standardisation import byar_limits, direct, indirect
from rounds.methods.multilevel.nested_intercepts import (
    nested_intercepts,
    variance_explained,
)

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data" / "crosscheck"
# Car insurance claims of Baxter, Coutts and Ross (1980): R's MASS, `Insurance`, which is
# 4 districts × 4 groups of engine × 4 groups of age, the last changing fastest.
CLAIMS = [
    *(38, 35, 20, 156, 63, 84, 89, 400, 19, 52, 74, 233, 4, 18, 19, 77),
    *(22, 19, 22, 87, 25, 51, 49, 290, 14, 46, 39, 143, 4, 15, 12, 53),
    *(5, 11, 10, 67, 10, 24, 37, 187, 8, 19, 24, 101, 3, 2, 8, 37),
    *(2, 5, 4, 36, 7, 10, 22, 102, 5, 7, 16, 63, 0, 6, 8, 33),
]
HOLDERS = [
    *(197, 264, 246, 1680, 284, 536, 696, 3582, 133, 286, 355, 1640, 24, 71, 99, 452),
    *(85, 139, 151, 931, 149, 313, 419, 2443, 66, 175, 221, 1110, 9, 48, 72, 322),
    *(35, 73, 89, 648, 53, 155, 240, 1635, 24, 78, 121, 692, 7, 29, 43, 245),
    *(20, 33, 40, 316, 31, 81, 122, 724, 18, 39, 68, 344, 3, 16, 25, 114),
]
# Fleiss 1981, p. 249: Down syndrome by mother's age, first and fifth or later births;
# the example of epitools' ageadjust.direct.
BIRTHS = np.array(
    [
        [230061, 329449, 114920, 39487, 14208, 3052],
        [327, 30666, 123419, 149919, 104088, 34392],
    ]
)
CASES = np.array([[107, 141, 60, 40, 39, 25], [0, 8, 63, 112, 262, 295]])
ALL_BIRTHS = [319933, 931318, 786511, 488235, 237863, 61313]


def test_poisson_regression_agrees_with_r():
    """R 4.2.2, glm(Claims ~ District + Group + Age + offset(log(Holders)), poisson)
    with the factors as integers, 2026-11-22."""
    cells = np.indices((4, 4, 4)).reshape(3, -1).T + 1.0
    fit = fit_regression("poisson", CLAIMS, cells, exposure=HOLDERS)
    assert fit.coefficients == pytest.approx(
        [-1.92738742298, 0.05488052412, 0.19715360611, -0.17923254225], abs=1e-9
    )
    assert fit.se == pytest.approx(
        [0.08478773013, 0.01792085076, 0.02081057167, 0.01853988207], abs=1e-8
    )
    assert fit.deviance == pytest.approx(57.02676929, abs=5e-9)
    assert fit.expected.sum() == pytest.approx(sum(CLAIMS))


@pytest.mark.parametrize("model", ["logistic", "poisson"])
def test_regressions_agree_with_statsmodels(model):
    """statsmodels 0.15, GLM, on made persons with columns on far apart scales."""
    rng = np.random.default_rng(301)
    x = np.column_stack(
        [rng.uniform(18, 95, 800), rng.integers(0, 2, 800), rng.normal(0, 1e-3, 800)]
    )
    eta = -3 + 0.03 * x[:, 0] + 0.5 * x[:, 1] + 300 * x[:, 2]
    y = rng.binomial(1, expit(eta)) if model == "logistic" else rng.poisson(np.exp(eta))
    fit = fit_regression(model, y, x)
    family = families.Binomial() if model == "logistic" else families.Poisson()
    theirs = GLM(y, add_constant(x), family=family).fit(tol=1e-14)
    assert fit.coefficients == pytest.approx(theirs.params, rel=1e-8)
    assert fit.se == pytest.approx(theirs.bse, rel=1e-6)
    assert fit.log_likelihood == pytest.approx(theirs.llf, rel=1e-10)
    assert fit.deviance == pytest.approx(theirs.deviance, rel=1e-10)
    assert fit.predict(x[:5]) == pytest.approx(fit.expected[:5], rel=1e-10)


def test_direct_standardisation_agrees_with_epitools():
    """epitools 0.5-10, ageadjust.direct on Fleiss' table (its documented example),
    evaluated in R 4.2.2: rates per 100,000 with the gamma interval of Fay and Feuer."""
    found = direct(CASES, BIRTHS, ALL_BIRTHS, interval="fay-feuer")
    per = np.column_stack([found.value, found.lower, found.upper]) * 1e5
    assert per[0] == pytest.approx([92.30452553, 80.44174985, 105.76334575], abs=5e-9)
    assert per[1] == pytest.approx([75.52900745, 67.70212042, 188.30017273], abs=5e-8)


def test_dobson_s_limits_agree_with_their_formula_in_r():
    """R 4.2.2, poisson.test of the total, moved to the weighted sum."""
    found = direct(CASES, BIRTHS, ALL_BIRTHS)
    per = np.column_stack([found.lower, found.upper]) * 1e5
    assert per[0] == pytest.approx([80.32948083, 105.18700553], abs=5e-8)
    assert per[1] == pytest.approx([67.63283526, 83.86703174], abs=5e-8)


def test_byar_s_limits_agree_with_r():
    """The formula as PHEindicatormethods' byars_lower and byars_upper, in R 4.2.2."""
    lower, upper = byar_limits([412, 740])
    assert lower == pytest.approx([373.17169032, 687.63598494], abs=5e-8)
    assert upper == pytest.approx([453.77036562, 795.29405328], abs=5e-8)
    smr = indirect([412], [400.0], interval="byar")
    assert (smr.lower[0], smr.upper[0]) == pytest.approx(
        (lower[0] / 400, upper[0] / 400)
    )


def test_c_statistic_agrees_with_the_pairs_themselves():
    """DeLong's components counted pair by pair, ties as halves."""
    rng = np.random.default_rng(302)
    risk = np.round(rng.uniform(0, 1, 300), 1)
    y = rng.binomial(1, risk * 0.8)
    found = c_statistic(y, risk)
    ill, well = risk[y == 1][:, None], risk[y == 0][None, :]
    won = (ill > well) + 0.5 * (ill == well)
    assert found.value == pytest.approx(won.mean(), abs=1e-12)
    variance = won.mean(1).var(ddof=1) / ill.size + won.mean(0).var(ddof=1) / well.size
    assert found.se == pytest.approx(np.sqrt(variance), abs=1e-12)


def test_calibration_in_the_large_and_slope_agree_with_statsmodels():
    """statsmodels 0.15: an offset for the intercept, a regression for the slope."""
    rng = np.random.default_rng(303)
    risk = expit(rng.normal(-1, 1, 600))
    y = rng.binomial(1, expit(0.3 + 0.7 * logit(risk)))
    found = calibration(y, risk)
    large = GLM(
        y, np.ones((600, 1)), family=families.Binomial(), offset=logit(risk)
    ).fit(tol=1e-14)
    slope = GLM(y, add_constant(logit(risk)), family=families.Binomial()).fit(tol=1e-14)
    assert found.in_the_large == pytest.approx(large.params[0], abs=1e-9)
    assert found.in_the_large_se == pytest.approx(large.bse[0], rel=1e-6)
    assert found.slope == pytest.approx(slope.params[1], rel=1e-8)
    assert found.slope_se == pytest.approx(slope.bse[1], rel=1e-6)
    assert sum(group.n for group in found.groups) == 600


def test_nested_levels_agree_with_lme4_on_its_own_example():
    """lme4 1.1-31, ?glmer: cbpp with (1 | herd) + (1 | obs), Laplace, R 4.2.2,
    2026-11-22; lme4's printed digits are 0.8911 and 0.1840 for the two levels."""
    path = SHARED / "cbpp.csv"
    if not path.exists():
        pytest.skip("shared data absent")
    with path.open() as lines:
        rows = list(csv.DictReader(lines))
    herd = [int(row["herd"]) for row in rows]
    period = np.array([[row["period"] == p for p in "234"] for row in rows], float)
    fit = nested_intercepts(
        [int(row["incidence"]) for row in rows],
        [int(row["size"]) for row in rows],
        [("herd", herd), ("observation", np.arange(len(rows)))],
        period,
    )
    assert fit.coefficients == pytest.approx(
        [-1.500289859, -1.226498433, -1.328831477, -1.866247810], abs=3e-5
    )
    assert fit.se == pytest.approx(
        [0.2967073842, 0.4802938609, 0.4938983638, 0.5935803926], abs=1e-4
    )
    assert fit.levels[0].sd == pytest.approx(0.1839562724, abs=2e-5)
    assert fit.levels[1].sd == pytest.approx(0.8910693171, abs=2e-5)
    assert fit.log_likelihood == pytest.approx(-87.31916357, abs=2e-5)
    assert fit.levels[0].effects[:3] == pytest.approx(
        [0.0896843161, -0.0141866900, 0.0526733810], abs=2e-5
    )


def made_regions():
    """Give 10 regions × 6 sites × 4 clinicians × 2 ages of 15 persons, from a seed."""
    rng = np.random.default_rng(77)
    clinician = np.repeat(np.arange(240), 2)
    site, age = clinician // 4, np.tile([0.0, 1.0], 240)
    region = site // 6
    effects = [
        sd * rng.standard_normal(k) for sd, k in ((0.5, 10), (0.4, 60), (0.6, 240))
    ]
    eta = -0.5 + 0.8 * age + effects[0][region] + effects[1][site]
    n = np.full(480, 15)
    x = rng.binomial(n, expit(eta + effects[2][clinician]))
    levels = [("region", region), ("site", site), ("clinician", clinician)]
    return x, n, levels, age


def test_three_levels_agree_with_lme4():
    """lme4 1.1-31, glmer(cbind(x, n − x) ~ age + (1|r) + (1|s) + (1|c), binomial) with
    bobyqa, on these made rows, R 4.2.2, 2026-11-22. glmer stops a little before the
    maximum, hence four digits; ours is at the higher likelihood."""
    x, n, levels, age = made_regions()
    fit = nested_intercepts(x, n, levels, age)
    assert fit.coefficients == pytest.approx([-0.5210204270, 0.7693997032], abs=2e-4)
    assert fit.se == pytest.approx([0.1913130332, 0.0521080845], abs=2e-4)
    sds = [level.sd for level in fit.levels]
    assert sds == pytest.approx([0.5614348141, 0.3819575282, 0.5495049377], abs=5e-5)
    assert -1104.1663 <= fit.log_likelihood < -1104.1655
    assert fit.levels[0].effects[:3] == pytest.approx(
        [0.3502170513, -0.4324682814, 0.9747273985], abs=1e-4
    )
    before = nested_intercepts(x, n, levels)
    sds = [level.sd for level in before.levels]
    assert sds == pytest.approx([0.5427652654, 0.3694432097, 0.5265466417], abs=5e-5)
    explained = variance_explained(before, fit)
    wanted = 1 - (0.5614348141 / 0.5427652654) ** 2
    assert explained["region"] == pytest.approx(wanted, abs=5e-4)
