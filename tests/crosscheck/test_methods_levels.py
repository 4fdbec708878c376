"""Intervals of nested levels, and pairs of measures: the numbers of lme4, frozen here."""

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit

from rounds.methods.multilevel.nested_intervals import variance_shares
from rounds.methods.multilevel.paired_intercepts import paired_intercepts

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data" / "crosscheck"


def test_the_profile_interval_agrees_with_lme4_on_its_own_example():
    """lme4 1.1-31, ?glmer: cbpp with (1 | herd), confint(profile(gm1, which =
    "theta_")), R 4.2.2, 2026-11-22. lme4 interpolates its profile with splines."""
    path = SHARED / "cbpp.csv"
    if not path.exists():
        pytest.skip("shared data absent")
    with path.open() as lines:
        rows = list(csv.DictReader(lines))
    found = variance_shares(
        [int(row["incidence"]) for row in rows],
        [int(row["size"]) for row in rows],
        [("herd", [int(row["herd"]) for row in rows])],
        np.array([[row["period"] == p for p in "234"] for row in rows], float),
    )
    (herd,) = found.levels
    assert herd.sd == pytest.approx(0.6422616, abs=2e-4)
    assert herd.sd_lower == pytest.approx(0.3460732033, abs=5e-4)
    assert herd.sd_upper == pytest.approx(1.099974648, abs=5e-4)
    # The median odds ratio is exp(√2 · sd · 0.6745), printed by whoever has the sd.
    assert herd.median_odds_ratio[1] == pytest.approx(
        np.exp(0.953873 * 0.34607), rel=1e-3
    )


def test_three_levels_have_the_profile_intervals_of_lme4():
    """lme4 1.1-31, confint(profile(glmer(cbind(x, n − x) ~ age + (1|region) + (1|site) +
    (1|clinician), binomial, bobyqa), which = "theta_")) on these made rows, R 4.2.2,
    2026-11-22."""
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
    found = variance_shares(x, n, levels, age)
    wanted = {
        "region": (0.3490587190, 0.9787712411),
        "site": (0.2453478986, 0.5339991111),
        "clinician": (0.4634744486, 0.6466466163),
    }
    for one in found.levels:
        assert (one.sd_lower, one.sd_upper) == pytest.approx(wanted[one.name], abs=1e-3)


def test_two_measures_of_units_have_the_correlation_of_lme4():
    """lme4 1.1-31, glmer(cbind(x, n − x) ~ 0 + one + two + (0 + one + two | site),
    binomial, bobyqa), Laplace, on these made rows, R 4.2.2, 2026-11-22."""
    rng = np.random.default_rng(78)
    z = rng.standard_normal((40, 2))
    u = 0.6 * z[:, 0], 0.5 * (0.6 * z[:, 0] + 0.8 * z[:, 1])
    n = np.full(40, 150)
    x, y = (rng.binomial(n, expit(c + e)) for c, e in zip((0.2, -2.0), u, strict=True))
    found = paired_intercepts((x, n), (y, n), n_points=1)
    assert found.correlation == pytest.approx(0.773863, abs=1e-3)
    assert found.sd == pytest.approx((0.59472350, 0.33280164), abs=3e-4)
    assert found.intercept == pytest.approx((0.3119361288, -1.7715356997), abs=3e-4)
    assert found.log_likelihood == pytest.approx(-306.4858773, abs=1e-4)
