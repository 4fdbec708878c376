"""Inequality: the same numbers as WHO's healthequal and statsmodels.

healthequal 1.0.1 (github.com/WHOequity/healthequal), tests/testthat/test-{sii,rii,aci,
rci,paf,parisk}.R, read 2026-11-22. Their data are `set.seed(123); pop <-
round(rnorm(5, 100, 40))` with estimates of 20 to 60 percent.
"""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit

from rounds.methods.inequality.between_groups import attributable
from rounds.methods.inequality.concentration import concentration
from rounds.methods.inequality.ordered_groups import ridits
from rounds.methods.inequality.slope_index import slope_index

POPULATION = np.array([78.0, 91.0, 162.0, 103.0, 105.0])
PERCENT = np.array([20, 30, 40, 50, 60])
EVENTS = POPULATION * PERCENT / 100
ORDER = np.arange(1, 6)


def test_sii_and_rii_agree_with_healthequal():
    """`sii(...)$estimate` 44.44502 percent and `rii(...)$estimate` 3.159506.

    It rounds events to whole persons, and gives each group's counts its population as a
    weight besides: so here each person is counted as often as the group has persons.
    """
    events = np.round(EVENTS)
    found = slope_index(
        events * POPULATION, POPULATION**2, ORDER, population=POPULATION
    )
    assert 100 * found.sii == pytest.approx(44.44502, abs=5e-6)
    assert found.rii == pytest.approx(3.159506, abs=5e-7)


def test_concentration_agrees_with_healthequal():
    """`aci(...)$estimate` 7.3284202 percent, `rci(...)$estimate` .17776859 (1e-6)."""
    found = concentration(EVENTS, POPULATION, ORDER)
    assert 100 * found.absolute.value == pytest.approx(7.3284202, rel=1e-6)
    assert found.relative.value == pytest.approx(0.17776859, rel=1e-6)


def test_what_all_would_gain_agrees_with_healthequal():
    """`parisk`: 18.775509, se 4.4066348 (percent; 1e-2); `paf`: 45.544548 percent, se
    .10689361 as a fraction (1e-6)."""
    found = attributable(EVENTS, POPULATION, 4)
    assert 100 * found.difference == pytest.approx(18.775509, rel=1e-6)
    assert 100 * found.fraction == pytest.approx(45.544548, rel=1e-6)
    assert found.fraction_se == pytest.approx(0.10689361, rel=1e-6)
    half = 100 * (found.upper - found.lower) / 2 / 1.959964
    assert half == pytest.approx(4.4066348, rel=1e-5)


def test_the_sandwich_agrees_with_statsmodels():
    """statsmodels 0.15: GEE(…, Independence()).fit(cov_type="bias_reduced")."""
    rng = np.random.default_rng(0)
    site = np.repeat(np.arange(20), 40)
    group = rng.integers(1, 5, site.size)
    level = 0.4 * rng.standard_normal(20)
    y = (rng.random(site.size) < expit(0.5 - 0.3 * group + level[site])).astype(float)
    X = sm.add_constant(ridits(np.bincount(group)[1:])[group - 1])
    for family, model in ((sm.families.Binomial(), "logistic"), (None, "structured")):
        fit = sm.GEE(
            y, X, groups=site, family=family, cov_struct=sm.cov_struct.Independence()
        ).fit(cov_type="bias_reduced")
        ours = slope_index(y, np.ones(y.size), group, clusters=site, model=model)
        b, V = fit.params, fit.cov_params()
        if model == "structured":
            sii, se = b[1], np.sqrt(V[1, 1])
        else:
            first, last = expit(b[0]), expit(b.sum())
            slope = np.array([first * (1 - first), last * (1 - last)])
            gradient = np.array([slope[1] - slope[0], slope[1]])
            sii, se = last - first, np.sqrt(gradient @ V @ gradient)
        assert ours.sii == pytest.approx(sii, abs=1e-9)
        assert ours.sii_se == pytest.approx(se, rel=1e-7)
