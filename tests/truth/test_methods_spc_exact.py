"""Lines of charts against the exact laws of what is charted, from long baselines.

Tolerance is Monte Carlo error: four or five standard errors of what is counted.
"""

import numpy as np
import pytest
from scipy.special import gamma
from scipy.stats import expon, geom, norm

from rounds.methods import spc

LONG = 40_000


def seen_as_often(hits, exact):
    error = np.sqrt(exact * (1 - exact) / hits.size)
    assert abs(hits.mean() - exact) < 5 * error, (hits.mean(), exact)


def test_a_g_chart_has_the_rate_of_a_geometric_law():
    """Of which three normal standard deviations leave out 0.135% at most; two, 2.28%."""
    p = 0.02
    gaps = np.random.default_rng(21).geometric(p, LONG) - 1
    chart = spc.g_chart(gaps, limits="probability")
    assert chart.upper[0] == pytest.approx(geom.isf(norm.sf(3), p) - 1, rel=0.02)
    assert chart.near_upper[0] == pytest.approx(geom.isf(norm.sf(2), p) - 1, rel=0.02)
    assert chart.centre_line == pytest.approx(geom.median(p) - 1, abs=1)
    exact = geom.sf(chart.upper[0] + 1, p)
    assert exact <= norm.sf(3) * 1.1
    seen_as_often(chart.beyond, exact)
    assert chart.lower[0] == 0


def test_a_g_chart_of_very_rare_events_has_a_lower_limit():
    """Of a mean of 5,000 cases one gap in 740 is below 7."""
    p = 1 / 5_001
    gaps = np.random.default_rng(23).geometric(p, LONG) - 1
    chart = spc.g_chart(gaps, limits="probability")
    assert chart.lower[0] == pytest.approx(geom.ppf(norm.sf(3), p) - 1, abs=1)
    assert chart.lower[0] > 0
    seen_as_often(chart.value < chart.lower[0], geom.cdf(chart.lower[0], p))


def test_a_g_chart_of_three_sigma_leaves_out_one_gap_in_sixty():
    """Mean (1 − p)/p, standard deviation √(1 − p)/p, and what lies three beyond it."""
    p = 0.02
    gaps = np.random.default_rng(21).geometric(p, LONG) - 1
    chart = spc.g_chart(gaps)
    mean, sd = (1 - p) / p, np.sqrt(1 - p) / p
    assert chart.upper[0] == pytest.approx(mean + 3 * sd, rel=0.02)
    seen_as_often(chart.beyond, geom.sf(np.floor(chart.upper[0]) + 1, p))
    assert chart.lower[0] == 0
    assert 1 / 70 < chart.beyond.mean() < 1 / 50


def test_a_t_chart_has_the_lines_of_an_exponential_law():
    """Raised to 1/3.6 it is Weibull with shape 3.6: mean Γ(1 + 1/3.6), and a mean
    distance of neighbours of 2 (1 − 2^(−1/3.6)) times that."""
    times = np.random.default_rng(22).exponential(30.0, LONG)
    chart = spc.t_chart(times, screen=False)
    mean = gamma(1 + 1 / 3.6)
    reach = 3 / 1.128 * 2 * mean * (1 - 2 ** (-1 / 3.6))
    assert chart.centre_line == pytest.approx(30 * mean**3.6, rel=0.02)
    assert chart.upper[0] == pytest.approx(30 * (mean + reach) ** 3.6, rel=0.02)
    inner = 30 * (mean + reach * 2 / 3) ** 3.6
    assert chart.near_upper[0] == pytest.approx(inner, rel=0.02)
    seen_as_often(chart.beyond, expon.sf((mean + reach) ** 3.6))


def test_laney_s_sigma_z_is_the_spread_that_was_planted():
    """Months' own spread beside chance: √(variance in truth / variance of chance)."""
    rng = np.random.default_rng(23)
    n, p, own = 300, 0.6, 0.04
    x = rng.binomial(n, p + own * rng.standard_normal(LONG))
    chance = p * (1 - p) / n
    truth = np.sqrt((chance - own**2 / n + own**2) / chance)
    chart = spc.p_prime_chart(x, np.full(LONG, n), screen=False)
    assert chart.sigma_z == pytest.approx(truth, rel=0.015)
    mean, own = 30, 0.2
    rate = mean * rng.gamma(1 / own**2, own**2, LONG)
    chart = spc.u_prime_chart(rng.poisson(rate), np.full(LONG, 10.0), screen=False)
    # The mean distance of neighbours is not quite that of a normal law here.
    assert chart.sigma_z == pytest.approx(np.sqrt(1 + mean * own**2), rel=0.03)
    width = 3 * chart.sigma_z * np.sqrt(mean / 10 / 10)
    assert chart.upper[0] - chart.centre[0] == pytest.approx(width, rel=0.01)


COUNTS = [40, 55, 61, 48, 52, 44, 57, 50]
SIZES = [100, 110, 120, 95, 105, 90, 115, 100]


@pytest.mark.parametrize(
    "chart",
    [
        spc.xmr_chart(COUNTS),
        spc.p_chart(COUNTS, SIZES),
        spc.p_prime_chart(COUNTS, SIZES),
        spc.u_chart(COUNTS, SIZES),
        spc.c_chart(COUNTS),
        spc.xbar_chart(spc.subgroups(COUNTS, list("aabbccdd"))),
    ],
    ids=lambda chart: chart.kind,
)
def test_a_point_is_near_a_limit_beyond_two_thirds_of_the_way(chart):
    """Making Data Count: two of three beyond two sigma."""
    for near, limit in (
        (chart.near_upper, chart.upper),
        (chart.near_lower, chart.lower),
    ):
        way = chart.centre + (limit - chart.centre) * 2 / 3
        assert near == pytest.approx(way, rel=1e-12)


def test_a_range_is_near_its_limit_beyond_two_thirds_of_the_way():
    chart = spc.moving_range_chart(COUNTS)
    way = chart.centre + (chart.upper - chart.centre) * 2 / 3
    assert chart.near_upper == pytest.approx(way, rel=1e-12)


def test_the_range_into_a_phase_belongs_to_neither():
    """Each phase's ranges are those of its own values; the leap between is no range."""
    before, after = [1.0, 2.0, 4.0, 3.0], [50.0, 58.0, 54.0, 60.0]
    chart = spc.moving_range_chart(
        before + after, phases=[spc.Phase(start=4, reason="new ward")]
    )
    assert chart.level == pytest.approx((4 / 3, 18 / 3))
    assert chart.value.tolist() == [1, 2, 1, 47, 8, 4, 6]


def test_counts_alone_are_called_overdispersed_in_about_one_series_of_twenty():
    rng = np.random.default_rng(24)
    for n in (24, 60):
        kinds = [spc.propose_counts(rng.poisson(20, n)).kind for _ in range(800)]
        assert 0.02 <= np.mean([kind == "xmr" for kind in kinds]) <= 0.08
        wide = 20 * rng.gamma(4, 0.25, (200, n))
        kinds = [spc.propose_counts(rng.poisson(one)).kind for one in wide]
        assert np.mean([kind == "xmr" for kind in kinds]) >= 0.95
