"""Numbers that no bound, path or interval can be made of are refused by name."""

import numpy as np
import pytest

from rounds.methods.sequential import (
    HwangShihDeCani,
    KimDeMets,
    LanDeMetsOBrienFleming,
    Planned,
    after_stopping,
    bounded_mean_sequence,
    calibrated_threshold,
    cluster_path,
    confidence_sequence,
    effect_for_power,
    exit_probabilities,
    mean_path,
    mixture_bound,
    mixture_rho,
    posterior_bounds,
    posterior_probability,
    proportion_difference_sequence,
    proportion_log_evidence,
    proportion_path,
    proportion_sequence,
    repeated_intervals,
    shaped_bounds,
    spending_bounds,
    with_futility,
)

OF = LanDeMetsOBrienFleming()
PLAN = spending_bounds([0.5, 1], OF, alpha=0.025)
TWO = spending_bounds([0.5, 1], OF, alpha=0.05, sides=2)
NAN = float("nan")
RNG = np.random.default_rng(1)
ONES = np.ones((1, 2))

BAD = {
    "looks that fall": (
        lambda: spending_bounds([0.5, 0.4], OF, alpha=0.05),
        "increases",
    ),
    "no look": (lambda: spending_bounds([], OF, alpha=0.05), "shape"),
    "a look that is no number": (
        lambda: shaped_bounds([NAN, 1], alpha=0.05),
        "finite",
    ),
    "two looks at once": (
        lambda: spending_bounds([0.5, 0.5001, 1], OF, alpha=0.05),
        "closer",
    ),
    "an error of 0": (lambda: shaped_bounds([1], alpha=0), "alpha"),
    "an error above a half": (lambda: shaped_bounds([1], alpha=0.6), "alpha"),
    "an error that is no number": (lambda: shaped_bounds([1], alpha=NAN), "alpha"),
    "three sides": (lambda: shaped_bounds([1], alpha=0.05, sides=3), "sides"),
    "a shape beyond Pocock's": (
        lambda: shaped_bounds([1], alpha=0.05, shape=0.6),
        "shape",
    ),
    "a shape short of 1": (lambda: shaped_bounds([0.5, 0.9], alpha=0.05), "last"),
    "bounds of another number": (
        lambda: exit_probabilities([0.5, 1], upper=[2.0]),
        "looks",
    ),
    "bounds that cross": (
        lambda: exit_probabilities([1], upper=[1.0], lower=[2.0]),
        "lower",
    ),
    "an effect that is no number": (
        lambda: exit_probabilities([1], upper=[1.0], effect=NAN),
        "effect",
    ),
    "a power of 0": (lambda: KimDeMets(0), "power"),
    "a gamma without digits": (lambda: HwangShihDeCani(-50), "gamma"),
    "a fraction below 0": (lambda: OF([-0.1], 0.05), "fractions"),
    "an error to be spent above 1": (lambda: OF([0.5], 1.5), "error"),
    "a plan that ends early": (lambda: Planned((0.5, 0.9), (0.5, 1.0)), "to 1"),
    "a plan that takes back": (lambda: Planned((0.5, 1.0), (0.9, 0.8)), "never fall"),
    "a plan of unequal length": (lambda: Planned((1.0,), (0.5, 1.0)), "shares"),
    "a power below the error": (lambda: effect_for_power(PLAN, 0.02), "power"),
    "futility on two sides": (lambda: with_futility(TWO, OF, power=0.8), "one-sided"),
    "futility before the end": (
        lambda: with_futility(spending_bounds([0.5], OF, alpha=0.05), OF, power=0.8),
        "last",
    ),
    "a look that is not planned": (
        lambda: after_stopping(PLAN, 3, 2.0, se=1.0),
        "look",
    ),
    "no standard error": (lambda: after_stopping(PLAN, 1, 2.0, se=0.0), "standard"),
    "more estimates than looks": (
        lambda: repeated_intervals(PLAN, [1] * 3, [1] * 3),
        "looks",
    ),
    "a standard error below 0": (lambda: repeated_intervals(PLAN, [1], [-1]), "above"),
    "no information": (lambda: mixture_rho(0, 0.05), "information"),
    "a mixture without an error": (lambda: mixture_rho(1, 1.5), "alpha"),
    "information below 0": (lambda: mixture_bound(-1, rho=1, alpha=0.05), "informat"),
    "a tuning of 0": (lambda: mixture_bound(1, rho=0, alpha=0.05), "above 0"),
    "estimates without errors": (
        lambda: confidence_sequence([1, 2], [1], alpha=0.05, tightest=1),
        "shape",
    ),
    "an estimate that is no number": (
        lambda: confidence_sequence([NAN], [1], alpha=0.05, tightest=1),
        "finite",
    ),
    "no degrees of freedom": (
        lambda: confidence_sequence([1], [1], alpha=0.05, tightest=1, df=0),
        "freedom",
    ),
    "more events than persons": (
        lambda: proportion_sequence([3], [2], alpha=0.05, tightest=10),
        "events",
    ),
    "counts of unequal shape": (
        lambda: proportion_sequence([3], [2, 3], alpha=0.05, tightest=10),
        "totals",
    ),
    "a proportion of 0 to be tested": (
        lambda: proportion_log_evidence([1], [2], 0.0, alpha=0.05, tightest=10),
        "tested",
    ),
    "one arm": (
        lambda: proportion_difference_sequence([[1]], [[2]], alpha=0.05, tightest=10),
        "looks, 2",
    ),
    "a value above 1": (lambda: bounded_mean_sequence([1.5], alpha=0.05), "between"),
    "bounded without an error": (
        lambda: bounded_mean_sequence([0.5], alpha=0),
        "alpha",
    ),
    "a path of one arm": (lambda: proportion_path([[1]], [[2]]), "looks, 2"),
    "a path with too many events": (lambda: proportion_path(2 * ONES, ONES), "events"),
    "squares that are too small": (
        lambda: mean_path(4 * ONES, 8 * ONES, ONES),
        "squares",
    ),
    "persons below 0": (lambda: mean_path(-ONES, ONES, ONES), "totals"),
    "clusters of another number": (
        lambda: cluster_path(ONES, ONES, [True]),
        "arms",
    ),
    "too few clusters": (
        lambda: cluster_path(ONES, ONES, [True, False]),
        "clusters",
    ),
    "cluster sums that are no numbers": (
        lambda: cluster_path(ONES, NAN * ONES, [True, False]),
        "finite",
    ),
    "a prior without spread": (
        lambda: posterior_probability([1.0], [1.0], prior_sd=0),
        "prior",
    ),
    "a threshold of 1": (lambda: posterior_bounds([1.0], 1.0), "threshold"),
    "too few trials": (
        lambda: calibrated_threshold([1.0], alpha=0.05, rng=RNG, n_trials=10),
        "n_trials",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_number_that_cannot_be_is_refused(name):
    ask, words = BAD[name]
    with pytest.raises(ValueError, match=words):
        ask()
