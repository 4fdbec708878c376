"""Standardised rates, O/E, ranks, shrunken estimates and levels against made truth.

The tolerance is the Monte Carlo error.
"""

import numpy as np
import pytest
from scipy.special import expit, logit

from rounds.methods.case_mix.calibration import (
    c_statistic,
    calibration,
    flexible_calibration,
)
from rounds.methods.case_mix.regression import fit_regression
from rounds.methods.case_mix.standardisation import direct, indirect
from rounds.methods.funnels.unit_comparison import compare_units
from rounds.methods.multilevel.nested_intercepts import nested_intercepts
from rounds.methods.multilevel.ranks import ranks
from rounds.methods.multilevel.shrinkage import random_intercept
from rounds.methods.opportunity import spread_draws


def covers(hits, nominal, above=4.0):
    """Say whether coverage is nominal, or higher by no more than allowed."""
    error = np.sqrt(nominal * (1 - nominal) / len(hits))
    return -4 * error <= np.mean(hits) - nominal <= above * error


@pytest.mark.parametrize("interval", ["exact", "byar"])
def test_observed_over_expected_covers(interval):
    """At least 95%, a little more for small counts, over 20,000 units."""
    rng = np.random.default_rng(401)
    expected = rng.uniform(2.0, 60.0, 20_000)
    true = np.exp(0.3 * rng.standard_normal(20_000))
    found = indirect(rng.poisson(expected * true), expected, interval=interval)
    hits = (found.lower <= true) & (true <= found.upper)
    assert covers(hits, 0.95, above=16)


@pytest.mark.parametrize("interval", ["dobson", "fay-feuer"])
def test_directly_standardised_rates_cover_and_are_unbiased(interval):
    """Units of unlike age against a standard population; the gamma interval is known
    to be wide where weights are unlike, so only its lower side is nominal."""
    rng = np.random.default_rng(402)
    units = 8_000
    rates = np.array([0.002, 0.01, 0.04]) * np.exp(
        0.2 * rng.standard_normal((units, 1))
    )
    people = rng.integers(300, 4000, (units, 3))
    standard = [5.0, 3.0, 2.0]
    truth = rates @ standard / 10.0
    found = direct(rng.poisson(rates * people), people, standard, interval=interval)
    hits = (found.lower <= truth) & (truth <= found.upper)
    assert covers(hits, 0.95, above=12)
    error = found.value - truth
    assert abs(error.mean()) < 4 * error.std() / np.sqrt(units)


def made_units(rng, *, unfair):
    """Persons of 40 units alike in care, unlike in age; one unit (0) is worse."""
    unit = np.repeat(np.arange(40), rng.integers(60, 200, 40))
    age = rng.normal(0.0, 1.0, unit.size) + 1.2 * (unit >= 20)
    worse = (unit == 0) * unfair
    y = rng.binomial(1, expit(-2 + age + worse))
    return unit, age, y


def test_adjustment_takes_case_mix_away_and_leaves_care():
    """Crude funnels call the units with old patients; adjusted ones do not, and see the
    unit whose patients do worse than their age explains."""
    rng = np.random.default_rng(403)
    crude, adjusted, found_worse = [], [], []
    for _ in range(60):
        unit, age, y = made_units(rng, unfair=1.5)
        n = np.bincount(unit)
        events = np.bincount(unit, weights=y)
        expected = np.bincount(
            unit, weights=fit_regression("logistic", y, age).expected
        )
        plain = compare_units("proportion", events, n, overdispersion="none")
        fair = compare_units("ratio", events, expected, overdispersion="none")
        crude.append((plain.side(0.998)[1:] != 0).mean())
        adjusted.append((fair.side(0.998)[1:] != 0).mean())
        found_worse.append(fair.side(0.998)[0] == 1)
    assert np.mean(crude) > 0.2
    assert np.mean(adjusted) < 0.002 + 4 * np.sqrt(0.002 / (60 * 39))
    assert np.mean(found_worse) > 0.7


def test_coefficients_are_unbiased_and_their_intervals_cover():
    rng = np.random.default_rng(404)
    errors, hits = [], []
    for _ in range(400):
        x = rng.standard_normal((600, 2))
        y = rng.binomial(1, expit(-1 + x @ [0.5, -0.3]))
        fit = fit_regression("logistic", y, x)
        error = fit.coefficients - [-1, 0.5, -0.3]
        errors.append(error)
        hits.append(np.abs(error) < 1.959964 * fit.se)
    errors = np.array(errors)
    # Maximum likelihood overstates by about β × p/n, added to the Monte Carlo error.
    allowed = 4 * errors.std(axis=0) / 20 + 0.01
    assert (np.abs(errors.mean(axis=0)) < allowed).all()
    for column in np.array(hits).T:
        assert covers(column, 0.95)


def test_calibration_finds_what_was_put_wrong():
    """Risks that are right have a slope of 1 and an intercept of 0; risks spread too
    far have a slope below 1; the flexible curve follows the truth."""
    rng = np.random.default_rng(405)
    true = expit(rng.normal(-1, 1, 40_000))
    y = rng.binomial(1, true)
    right = calibration(y, true)
    assert abs(right.in_the_large) < 4 * right.in_the_large_se
    assert abs(right.slope - 1) < 4 * right.slope_se
    inside = [g.lower <= g.expected <= g.upper for g in right.groups]
    assert sum(inside) >= 7
    spread = expit(2 * logit(true) + 0.5)
    wrong = calibration(y, spread)
    assert abs(wrong.slope - 0.5) < 4 * wrong.slope_se
    at = np.array([0.1, 0.3, 0.6])
    curve = flexible_calibration(y, spread, at)
    assert curve == pytest.approx(expit((logit(at) - 0.5) / 2), abs=0.02)


def test_the_c_statistic_s_interval_covers():
    """Two normal scores a standard deviation apart: the truth is Φ(1/√2) = 0.7602."""
    rng = np.random.default_rng(406)
    hits = []
    for _ in range(1000):
        y = np.repeat([0, 1], [150, 50])
        found = c_statistic(y, rng.standard_normal(200) + y)
        hits.append(found.lower <= 0.7602499389 <= found.upper)
    assert covers(hits, 0.95)


def test_shrunken_estimates_cover():
    """The 95% intervals of shrunken proportions hold the units' truths on average."""
    rng = np.random.default_rng(407)
    hits = []
    for _ in range(25):
        n = rng.integers(10, 200, 50)
        p = expit(rng.normal(-0.5, 0.4, 50))
        fit = random_intercept(rng.binomial(n, p), n)
        hits += ((fit.lower <= p) & (p <= fit.upper)).tolist()
    # Empirical Bayes leaves the spread's own uncertainty out: a little too narrow.
    assert 0.93 < np.mean(hits) < 0.965


def test_intervals_of_ranks_cover_the_true_ranks():
    """Central 95% of a unit's rank holds its true rank in 95% of cases or more."""
    rng = np.random.default_rng(408)
    hits, best = [], []
    for _ in range(25):
        n = rng.integers(20, 300, 30)
        p = expit(rng.normal(0.0, 0.4, 30))
        draws = spread_draws(rng.binomial(n, p), n, rng=rng, n_draws=400)
        found = ranks(draws.proportions)
        true = np.argsort(np.argsort(-p)) + 1
        hits += ((found.lower <= true) & (true <= found.upper)).tolist()
        best.append((found.top.sum(), 8.0))
    assert 0.93 < np.mean(hits) < 0.985
    # Probabilities to be among the best quarter add up to the quarter.
    assert np.allclose(*np.array(best).T)


def test_the_levels_variances_come_back():
    """Region, site and clinician: sds within four Monte Carlo errors of the truth, but
    for the downward bias of maximum likelihood with 12 regions (by 1/2k of itself)."""
    rng = np.random.default_rng(409)
    clinician = np.arange(12 * 5 * 4)
    site, region = clinician // 4, clinician // 20
    truth = np.array([0.5, 0.4, 0.3])
    fits = []
    for _ in range(12):
        u = [
            sd * rng.standard_normal(k)
            for sd, k in zip(truth, (12, 60, 240), strict=True)
        ]
        n = np.full(240, 60)
        x = rng.binomial(n, expit(-0.3 + u[0][region] + u[1][site] + u[2]))
        levels = [("region", region), ("site", site), ("clinician", clinician)]
        fits.append([level.sd for level in nested_intercepts(x, n, levels).levels])
    error = np.array(fits) - truth
    allowed = 4 * error.std(axis=0) / np.sqrt(12) + truth / np.array([12, 60, 240])
    assert (np.abs(error.mean(axis=0)) < allowed).all()
