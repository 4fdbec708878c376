"""Funnels: the numbers of FunnelPlotR and of a published table, frozen here."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2

from rounds.methods.false_discovery import adjusted_p_values, discoveries
from rounds.methods.funnels.exact_limits import binomial_limits, poisson_limits
from rounds.methods.funnels.overdispersion import dispersion
from rounds.methods.funnels.unit_comparison import compare_units, limits_at

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data" / "crosscheck"
# WinBUGS examples vol 1, "Surgical: institutional ranking": hospitals A to L.
SURGICAL_N = [47, 148, 119, 810, 211, 196, 148, 215, 207, 97, 256, 360]
SURGICAL_R = [0, 18, 8, 46, 8, 13, 9, 31, 14, 8, 29, 24]
# FunnelPlotR's own tests (tests/testthat/test-funnel_plot.R): observed and expected.
OBSERVED = [100, 150, 180, 80, 120, 225]
EXPECTED = [108, 112, 165, 95, 100, 220]


def test_proportions_agree_with_funnelplotr_to_nine_digits():
    """FunnelPlotR 0.5, data_type "PR", trim_by 0.1, on the surgical deaths."""
    found = compare_units("proportion", SURGICAL_R, SURGICAL_N)
    assert found.target == pytest.approx(0.073916134, abs=5e-10)
    assert found.dispersion.phi == pytest.approx(2.3797915, abs=5e-8)
    assert found.dispersion.tau2 == pytest.approx(0.0018095708, abs=5e-11)
    assert (found.lower[1, 7], found.upper[1, 7]) == pytest.approx(
        (0.011376, 0.184377), abs=5e-7
    )
    assert found.side(0.998).tolist() == [-1] + [0] * 11


def test_exact_limits_agree_with_the_interpolated_binomial_of_spiegelhalter():
    """Hospital H, 99.8%: R 4.2.2, qbinom and pbinom as in Spiegelhalter's appendix."""
    found = compare_units("proportion", SURGICAL_R, SURGICAL_N, overdispersion="none")
    ends = (found.lower[1, 7], found.upper[1, 7])
    assert ends == pytest.approx((0.022649, 0.132218), abs=5e-7)
    assert found.side(0.998).tolist() == [0] * 7 + [1] + [0] * 4


def test_the_shared_file_holds_the_same_numbers():
    """So that the frozen copy cannot drift from it."""
    path = SHARED / "expected.json"
    if not path.exists():
        pytest.skip("shared data absent")
    wanted = json.loads(path.read_text())["funnel_surgical"]
    found = compare_units("proportion", SURGICAL_R, SURGICAL_N)
    assert found.target == pytest.approx(wanted["pooled"], abs=5e-10)
    assert found.dispersion.phi == pytest.approx(wanted["phi"], abs=5e-8)
    assert found.dispersion.tau2 == pytest.approx(wanted["tau2"], abs=5e-11)
    lower, upper = binomial_limits([215], found.target, 0.998)
    assert [lower[0], upper[0]] == pytest.approx(wanted["interp_binom_998_H"], abs=5e-7)


@pytest.mark.parametrize(
    ("share", "phi", "tau2"),
    [(0.1, 2.32717825759, 0.00343978015419), (0.05, 2.74678261151, 0.00440597597932)],
)
def test_ratios_agree_with_funnelplotr(share, phi, tau2):
    """FunnelPlotR at commit 9020d49, R 4.2.2: transformed_zscore, winsorisation,
    phi_func and tau_func with data_type "SR", sr_method "CQC", on its tests' data."""
    found = compare_units("ratio", OBSERVED, EXPECTED, winsorise=share)
    assert found.dispersion.phi == pytest.approx(phi, abs=5e-12)
    assert found.dispersion.tau2 == pytest.approx(tau2, abs=5e-15)
    chance = compare_units("ratio", OBSERVED, EXPECTED, overdispersion="none")
    assert chance.z == pytest.approx(
        [
            -0.784609690827,
            3.328886939315,
            1.142350572667,
            -1.605044869620,
            1.908902300207,
            0.335206051617,
        ],
        abs=5e-13,
    )


def test_the_rate_of_a_ratio_s_expectation_is_the_ratio():
    """A rate's funnel is the ratio's with E = target × time, times the target."""
    rate = compare_units("rate", OBSERVED, EXPECTED, target=0.5, overdispersion="none")
    ratio = compare_units("ratio", OBSERVED, np.array(EXPECTED) * 0.5)
    alone = compare_units(
        "ratio", OBSERVED, np.array(EXPECTED) * 0.5, overdispersion="none"
    )
    assert rate.dispersion == ratio.dispersion
    assert rate.lower == pytest.approx(alone.lower * 0.5)
    assert rate.upper == pytest.approx(alone.upper * 0.5)


@pytest.mark.parametrize("expected", [15.0, 20.0, 30.0])
@pytest.mark.parametrize("level", [0.95, 0.998])
def test_funnelplotr_s_chi_squared_limits_lie_within_one_event_of_the_exact(
    expected, level
):
    """FunnelPlotR's tests print 0.5596924 … 1.427562 for E = 15, 20, 30, which are
    limits of the mean of a count of E; the exact ones are quantiles of a count of mean
    E. They are not the same thing, and differ by less than an event or so."""
    printed = {
        15.0: (0.5596924, 1.649348),
        20.0: (0.6108260, 1.544419),
        30.0: (0.6746958, 1.427562),
    }
    tail = (1 - level) / 2
    mean = (
        chi2.ppf(tail, 2 * expected) / 2 / expected,
        chi2.ppf(1 - tail, 2 * (expected + 1)) / 2 / expected,
    )
    if level == 0.95:
        assert mean == pytest.approx(printed[expected], abs=5e-7)
    lower, upper = poisson_limits([expected], level)
    assert lower[0] < mean[0] < lower[0] + 2.5 / expected
    assert upper[0] < mean[1] < upper[0] + 3.5 / expected


def test_multiplicative_limits_are_those_of_chance_times_the_root_of_phi():
    """Spiegelhalter 2005, section 4: the standard error times √phi."""
    found = compare_units(
        "proportion", SURGICAL_R, SURGICAL_N, overdispersion="multiplicative"
    )
    centre, phi = np.arcsin(np.sqrt(found.target)), found.dispersion.phi
    half = 3.090232306167813 * np.sqrt(phi) * 0.5 / np.sqrt(215)
    assert found.lower[1, 7] == pytest.approx(np.sin(centre - half) ** 2, abs=1e-12)
    assert found.upper[1, 7] == pytest.approx(np.sin(centre + half) ** 2, abs=1e-12)


def test_no_overdispersion_gives_the_exact_limits():
    """Where units vary less than chance allows, no limit is narrower than chance's."""
    x, n = [20, 20, 21, 20], [100, 100, 100, 100]
    for how in ("additive", "multiplicative"):
        found = compare_units("proportion", x, n, overdispersion=how)
        exact = limits_at(
            "proportion", n, found.target, found.dispersion, overdispersion="none"
        )
        assert found.dispersion.phi < 1
        assert found.chance_alone
        assert found.lower[1].tolist() == exact[0].tolist()


def test_dispersion_of_two_units_is_refused_below_two():
    with pytest.raises(ValueError, match="at least two units"):
        dispersion([1.0], [0.1])


def test_adjusted_p_values_agree_with_r_on_the_first_published_example():
    """The 15 p-values of Benjamini and Hochberg 1995, section 4 (thrombolysis trial);
    R 4.2.2, p.adjust(p, "BH") and p.adjust(p, "BY"). At 5% they call four."""
    p = [
        *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
        *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
    ]
    assert adjusted_p_values(p)[:9] == pytest.approx(
        [
            *(0.0015, 0.003, 0.0095, 0.035625, 0.0603),
            *(0.0638571428571, 0.0638571428571, 0.0645, 0.0765),
        ],
        abs=5e-13,
    )
    by = adjusted_p_values(p, any_dependence=True)
    assert by[:4] == pytest.approx(
        [0.00497734348984, 0.00995468697969, 0.03152317543568, 0.11821190788378],
        abs=5e-13,
    )
    assert by[9:].tolist() == [1.0] * 6
    assert discoveries(p).tolist() == [True] * 4 + [False] * 11
