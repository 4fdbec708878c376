"""What the methods that compare units refuse, in words and never with a NaN."""

import numpy as np
import pytest

from rounds.methods.case_mix.calibration import (
    c_statistic,
    calibration,
    flexible_calibration,
)
from rounds.methods.case_mix.regression import fit_regression
from rounds.methods.case_mix.standardisation import direct, indirect
from rounds.methods.false_discovery import (
    adjusted_p_values,
    discoveries,
    empirical_null,
)
from rounds.methods.funnels.exact_limits import binomial_limits, poisson_limits
from rounds.methods.funnels.overdispersion import Dispersion, dispersion, widened
from rounds.methods.funnels.unit_comparison import compare_units
from rounds.methods.multilevel.explained_variance import explained_shares
from rounds.methods.multilevel.nested_intercepts import (
    nested_intercepts,
    variance_explained,
)
from rounds.methods.multilevel.nested_intervals import variance_shares
from rounds.methods.multilevel.paired_intercepts import paired_intercepts
from rounds.methods.multilevel.ranks import ranks
from rounds.methods.multilevel.standings import differing, standings

X = np.arange(12.0)[:, None]
Y = [0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 0]
HALF = [0.5] * 12
NESTED = [("region", [0, 0, 1, 1]), ("site", [0, 1, 2, 3])]

REFUSED = {
    "one unit": (lambda: compare_units("ratio", [3], [2.0]), "from two on"),
    "no size": (lambda: compare_units("ratio", [3, 1], [0.0, 2.0]), "above 0"),
    "a total of zero": (
        lambda: compare_units("proportion", [0, 1], [0, 2]),
        "at least 1",
    ),
    "too many events": (
        lambda: compare_units("proportion", [3, 1], [2, 2]),
        "lie between",
    ),
    "events below zero": (lambda: compare_units("rate", [-3, 1], [2, 2]), "at least 0"),
    "half an event": (lambda: compare_units("rate", [1.5, 1], [2, 2]), "whole number"),
    "a NaN": (lambda: compare_units("rate", [np.nan, 1], [2, 2]), "finite"),
    "no event": (lambda: compare_units("rate", [0, 0], [2, 2]), "above 0"),
    "all events": (
        lambda: compare_units("proportion", [2, 2], [2, 2]),
        "between 0 and 1",
    ),
    "unequal lengths": (
        lambda: compare_units("rate", [1, 2, 3], [2, 2]),
        "for 2 units",
    ),
    "no level": (lambda: compare_units("rate", [1, 2], [2, 2], levels=()), "one level"),
    "a level of 1": (
        lambda: compare_units("rate", [1, 2], [2, 2], levels=(1,)),
        "level",
    ),
    "another family": (lambda: compare_units("mean", [1, 2], [2, 2]), "a proportion"),
    "another widening": (
        lambda: widened([1.0], Dispersion(phi=1, tau2=0), "both"),
        "additive",
    ),
    "half of it winsorised": (lambda: dispersion([1.0, 2.0], [1, 1], 0.5), "winsorise"),
    "half a person": (lambda: binomial_limits([2.5], 0.5), "whole"),
    "a target of 1": (lambda: binomial_limits([2], 1.0), "strictly"),
    "nothing expected": (lambda: poisson_limits([0.0]), "above 0"),
    "no p-value": (lambda: adjusted_p_values([]), "no p-value"),
    "a p-value of NaN": (lambda: adjusted_p_values([np.nan]), "between 0 and 1"),
    "a rate of 1": (lambda: discoveries([0.1], 1.0), "rate"),
    "few units for a null": (lambda: empirical_null(np.arange(19.0)), "from 20 on"),
    "z-scores all alike": (lambda: empirical_null(np.zeros(40)), "all equal"),
    "a level of all draws": (lambda: ranks([[1.0, 2.0]], level=1.0), "level"),
    "one unit to rank": (lambda: ranks([[1.0]]), "two units"),
    "a draw of NaN": (lambda: ranks([[1.0, np.nan]]), "finite"),
    "collinear columns": (
        lambda: fit_regression("logistic", Y, np.hstack([X, 2 * X]), names=["a", "b"]),
        "collinear",
    ),
    "a column that never varies": (
        lambda: fit_regression("logistic", Y, np.ones((12, 1)), names=["sex"]),
        "sex",
    ),
    "complete separation": (
        lambda: fit_regression("logistic", X[:, 0] > 5, X, names=["age"]),
        "separation: age",
    ),
    "a group without an event": (
        lambda: fit_regression("logistic", Y, [[i in {0, 2, 3}] for i in range(12)]),
        "separation",
    ),
    "a group without an event, of counts": (
        lambda: fit_regression("poisson", Y, [[i in {0, 2, 3}] for i in range(12)]),
        "separation",
    ),
    "events all alike": (lambda: fit_regression("logistic", [1] * 12, X), "all"),
    "counts in a logistic model": (
        lambda: fit_regression("logistic", X[:, 0], X),
        "0 or 1",
    ),
    "no time at risk": (
        lambda: fit_regression("poisson", Y, X, exposure=[0] * 12),
        "exposure",
    ),
    "fewer rows than columns": (
        lambda: fit_regression("logistic", [0, 1], np.eye(2)),
        "too few",
    ),
    "an infinite covariate": (
        lambda: fit_regression("logistic", Y, np.full((12, 1), np.inf)),
        "finite",
    ),
    "a model by another name": (lambda: fit_regression("probit", Y, X), "logistic or"),
    "a prediction of other columns": (
        lambda: fit_regression("logistic", Y, X).predict(np.ones((2, 3))),
        "columns for a model",
    ),
    "a risk of 1": (lambda: calibration(Y, [1.0] * 12), "strictly"),
    "risks all alike": (lambda: calibration(Y, HALF), "same in every row"),
    "no event to calibrate": (lambda: calibration([0] * 12, HALF), "all alike"),
    "a curve of equal risks": (lambda: flexible_calibration(Y, HALF, [0.5]), "alike"),
    "one event to discriminate": (
        lambda: c_statistic([1] + [0] * 11, X[:, 0]),
        "two rows",
    ),
    "nothing to standardise to": (lambda: direct([[1]], [[2]], [0]), "standard"),
    "an empty stratum": (lambda: direct([[0, 1]], [[0, 2]], [1, 1]), "nobody"),
    "an expectation of zero": (lambda: indirect([1], [0.0]), "above 0"),
    "another interval": (
        lambda: indirect([1], [1.0], interval="wald"),
        "exact or byar",
    ),
    "a site in two regions": (
        lambda: nested_intercepts(
            [1, 2, 1, 2], [3] * 4, [("region", [0, 1, 1, 0]), ("site", [0, 0, 1, 1])]
        ),
        "not nested",
    ),
    "one region": (
        lambda: nested_intercepts([1, 2, 1, 2], [3] * 4, [("region", [0] * 4)]),
        "fewer than two",
    ),
    "a covariate said twice": (
        lambda: nested_intercepts(
            [1, 2, 1, 2], [3] * 4, NESTED, np.array([[0, 0], [1, 2], [0, 0], [1, 2]])
        ),
        "collinear",
    ),
    "levels that are not the same": (
        lambda: variance_explained(
            nested_intercepts([1, 2, 1, 2], [3] * 4, NESTED),
            nested_intercepts([1, 2, 1, 2], [3] * 4, NESTED[1:]),
        ),
        "different levels",
    ),
    "a level of intervals above 1": (
        lambda: variance_shares([1, 2, 1, 2], [3] * 4, NESTED, level=1.5),
        "between 0 and 1",
    ),
    "a likelihood without an end": (
        lambda: variance_shares([0, 3] * 3, [3] * 6, [("site", range(6))]),
        "too flat",
    ),
    "nothing explained by nothing": (
        lambda: explained_shares(
            [1, 2, 1, 2], [3] * 4, NESTED, [None, None], rng=np.random.default_rng(1)
        ),
        "two models",
    ),
    "one site drawn together": (
        lambda: standings([1, 2], [3, 3], [0, 0], rng=np.random.default_rng(1)),
        "fewer than two",
    ),
    "no variance of chance": (lambda: differing([1], [1], [0]), "above 0"),
    "expectations of other units": (lambda: differing([1], [1, 2], [1, 1]), "1 events"),
    "four units on two measures": (
        lambda: paired_intercepts(([1] * 4, [3] * 4), ([1] * 4, [3] * 4)),
        "five units",
    ),
    "two measures of other units": (
        lambda: paired_intercepts(([1] * 5, [3] * 5), ([1] * 6, [3] * 6)),
        "5 units of one",
    ),
    "a measure that nobody met": (
        lambda: paired_intercepts(([1] * 5, [3] * 5), ([0] * 5, [3] * 5)),
        "none is",
    ),
    "an infinite offset": (
        lambda: paired_intercepts(
            ([1] * 5, [3] * 5), ([1] * 5, [3] * 5), offsets=([np.inf] * 5, [0] * 5)
        ),
        "finite number",
    ),
    "a correlation's level of 0": (
        lambda: paired_intercepts(([1] * 5, [3] * 5), ([1] * 5, [3] * 5), level=0),
        "between 0 and 1",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_the_impossible_is_refused_in_words(case):
    call, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        call()


def test_nothing_that_is_given_is_a_nan_where_counts_are_at_their_edges():
    """Units with no event, or nothing but events, have limits, scores and intervals."""
    for family in ("proportion", "rate", "ratio"):
        for how in ("none", "additive", "multiplicative"):
            found = compare_units(family, [0, 5, 1], [5, 5, 500], overdispersion=how)
            for values in (found.lower, found.upper, found.z, found.p_value):
                assert np.isfinite(values).all()
    found = direct([[0, 0], [0, 5]], [[10, 10], [10, 10]], [1, 1])
    for values in (found.value, found.lower, found.upper):
        assert np.isfinite(values).all()
    assert found.lower[0] == 0
    assert found.upper[0] > 0
