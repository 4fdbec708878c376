"""Among many units the share of wrong calls is what was asked for, and no larger."""

import numpy as np
import pytest
from scipy.special import ndtr

from rounds.methods.false_discovery import discoveries, empirical_null

WORLDS, UNITS = 1000, 200


def false_share(called, null):
    """Give each world's share of wrong calls among its calls; 0 without a call."""
    wrong = (called & null).sum(axis=1)
    return wrong / np.maximum(called.sum(axis=1), 1)


@pytest.mark.parametrize("n_true", [0, 10, 60])
def test_the_rate_is_held_and_more_is_found_than_by_bonferroni(n_true):
    """Benjamini–Hochberg at 10%: at most 10% × the share of nulls, to Monte Carlo."""
    rng = np.random.default_rng(201)
    z = rng.standard_normal((WORLDS, UNITS))
    z[:, :n_true] += 3.0
    null = np.arange(UNITS) >= n_true
    p = 2 * ndtr(-np.abs(z))
    called = np.array([discoveries(row, 0.1) for row in p])
    share = false_share(called, null)
    nominal = 0.1 * (UNITS - n_true) / UNITS
    error = share.std() / np.sqrt(WORLDS)
    assert abs(share.mean() - nominal) < 4 * error
    if n_true:
        power = called[:, :n_true].mean()
        assert power > (p[:, :n_true] < 0.1 / UNITS).mean() + 0.1


def test_the_rate_is_held_under_dependence_too():
    """Units that share a shock: Benjamini–Yekutieli holds the rate with room."""
    rng = np.random.default_rng(202)
    z = rng.standard_normal((WORLDS, UNITS)) + rng.standard_normal((WORLDS, 1))
    p = 2 * ndtr(-np.abs(z / np.sqrt(2)))
    called = np.array([discoveries(row, 0.1, any_dependence=True) for row in p])
    share = false_share(called, np.ones(UNITS, dtype=bool))
    assert share.mean() <= 0.1 + 4 * share.std() / np.sqrt(WORLDS)


def test_the_empirical_null_holds_the_rate_where_ordinary_units_differ():
    """Ordinary spread of twice chance, 5% true outliers: a standard null is wrong in
    most of what it calls; the null read off the middle keeps to the rate."""
    rng = np.random.default_rng(203)
    z = 2.0 * rng.standard_normal((WORLDS, UNITS))
    n_true = UNITS // 20
    z[:, :n_true] += 10.0
    null = np.arange(UNITS) >= n_true
    plain = np.array([discoveries(row, 0.1) for row in 2 * ndtr(-np.abs(z))])
    read = np.array([discoveries(empirical_null(row).p_value, 0.1) for row in z])
    assert false_share(plain, null).mean() > 0.5
    share = false_share(read, null)
    assert share.mean() <= 0.1 + 4 * share.std() / np.sqrt(WORLDS)
    assert read[:, :n_true].mean() > 0.8


def test_the_spread_of_ordinary_units_comes_back():
    """Mean and sd over worlds lie within four Monte Carlo errors of what was made."""
    rng = np.random.default_rng(204)
    made = [empirical_null(0.5 + 1.7 * rng.standard_normal(2000)) for _ in range(300)]
    for values, truth in (
        ([m.mean for m in made], 0.5),
        ([m.sd for m in made], 1.7),
    ):
        assert abs(np.mean(values) - truth) < 4 * np.std(values) / np.sqrt(300) + 0.002
