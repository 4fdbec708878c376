"""Intervals of ratios, medians and events over expected: tables, and known worlds."""

import numpy as np
import pytest
from scipy import stats

from rounds.methods.ratio import median, observed_to_expected, ratio_of_totals

TURNS = 1000


@pytest.mark.parametrize(
    ("events", "lower", "upper"),
    [
        (0, 0.0, 3.689),
        (1, 0.0253, 5.572),
        (5, 1.623, 11.668),
        (10, 4.795, 18.390),
        (20, 12.217, 30.888),
        (100, 81.364, 121.627),
    ],
)
def test_limits_of_a_poisson_count_are_those_of_garwoods_table(events, lower, upper):
    """Garwood (1936), Biometrika 28: 437-442, and Ulm (1990), Am J Epidemiol 131: 373."""
    found = observed_to_expected(events, 1.0)
    assert found == pytest.approx((events, lower, upper), abs=6e-4)
    halved = observed_to_expected(events, 2.0)
    assert halved == pytest.approx([one / 2 for one in found])


def test_each_limit_leaves_half_of_the_tail():
    """Were the truth a limit, so many events or more (or fewer) come 2.5% of the time."""
    _, lower, upper = observed_to_expected(7, 1.0)
    assert stats.poisson.sf(6, lower) == pytest.approx(0.025)
    assert stats.poisson.cdf(7, upper) == pytest.approx(0.025)


@pytest.mark.parametrize(
    ("n", "ranks"),
    [(6, (1, 6)), (10, (2, 9)), (20, (6, 15)), (50, (18, 33)), (100, (40, 61))],
)
def test_limits_of_a_median_are_at_the_ranks_of_published_tables(n, ranks):
    """Campbell and Gardner (1988), BMJ 296: 1454-6, confidence intervals for medians."""
    assert median(range(n, 0, -1)) == ((n + 1) / 2, *ranks)
    below = stats.binom.cdf(ranks[0] - 1, n, 0.5)
    assert below <= 0.025 < stats.binom.cdf(ranks[0], n, 0.5)


def test_five_values_have_no_interval_for_their_median():
    """Between the least and the greatest of five lies 1 − 2/32, which is below 95%."""
    assert median([1, 2, 3, 4, 5]) == (3.0, None, None)


def test_a_median_is_covered_in_a_skewed_world():
    """At least 95% of intervals hold the truth; one from a mean holds it far less."""
    luck = np.random.default_rng(4)
    draws = luck.exponential(size=(TURNS, 41))
    truth = np.log(2)
    found = [median(one)[1:] for one in draws]
    covered = np.mean([lower <= truth <= upper for lower, upper in found])
    means = stats.ttest_1samp(draws, 0, axis=1).confidence_interval()
    assert covered > 0.95
    assert np.mean((means.low <= truth) & (truth <= means.high)) < 0.6


def test_a_ratio_over_one_for_each_row_is_a_mean():
    """With the interval of the t distribution."""
    values = np.random.default_rng(1).normal(3, 2, 30)
    value, *limits = ratio_of_totals(values, np.ones(30))
    mean = stats.ttest_1samp(values, 0).confidence_interval()
    assert value == pytest.approx(values.mean())
    assert limits == pytest.approx([mean.low, mean.high])


def test_a_ratio_is_covered_where_rates_differ_between_rows():
    """About 95% of intervals hold the truth; a Poisson count's would hold too little."""
    luck = np.random.default_rng(2)
    below = luck.gamma(4, 5, (TURNS, 80))
    above = luck.poisson(luck.gamma(2, 0.05, (TURNS, 80)) * below)
    pairs = list(zip(above, below, strict=True))
    delta = [ratio_of_totals(y, x)[1:] for y, x in pairs]
    poisson = [observed_to_expected(y.sum(), x.sum())[1:] for y, x in pairs]
    covered = [
        np.mean([lower <= 0.1 <= upper for lower, upper in some])
        for some in (delta, poisson)
    ]
    assert 0.925 < covered[0] < 0.975
    assert covered[1] < 0.9


def test_a_count_of_events_is_covered():
    """Never less than 95%, whatever is expected."""
    luck = np.random.default_rng(3)
    for ratio in (0.5, 1.0, 2.0):
        events = luck.poisson(ratio * 8.0, TURNS)
        found = [observed_to_expected(int(one), 8.0)[1:] for one in events]
        assert np.mean([low <= ratio <= high for low, high in found]) > 0.945
