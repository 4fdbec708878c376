"""Bounds for several looks: the numbers that rpact, gsDesign and confseq print.

rpact (R): `expected.json`, `gsd_rpact`; and the expected values of its own unit tests,
tests/testthat/test-f_design_group_sequential.R and test-f_analysis_base_survival.R of
cran/rpact on GitHub at 129df163. gsDesign 3.11.0.9003 (R): tests/testthat/test-base.R
and _snaps/independent-test-print.gsDesign.md of keaven/gsDesign at 2a568884; its tests
named test.JT hold it to the tables of Jennison and Turnbull (2000). confseq (C++):
test/uniform_boundaries_unittest.cpp of gostevehoward/confseq at 70b1ef30. All read
2026-11-22. Tolerance is the printed precision, or the tolerance of the program.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq

from rounds.methods.sequential import (
    Boundaries,
    HwangShihDeCani,
    KimDeMets,
    LanDeMetsOBrienFleming,
    Planned,
    after_stopping,
    characteristics,
    exit_probabilities,
    expected_information,
    mixture_bound,
    mixture_log_evidence,
    mixture_rho,
    proportion_sequence,
    repeated_intervals,
    shaped_bounds,
    spending_bounds,
    with_futility,
)

EXPECTED = Path(__file__).parents[3] / "shared/data/crosscheck/expected.json"
RPACT = 3e-7
"""rpact stops its searches at 1e-8 of a probability."""


def equal(looks):
    return np.arange(1, looks + 1) / looks


def test_five_looks_agree_with_rpact():
    """getDesignGroupSequential(kMax = 5, alpha = 0.025, sided = 1), "OF" and "asOF"."""
    # As the file holds them; read again where it is there.
    wanted = {
        "OF_K5": [4.561742, 3.225639, 2.633723, 2.280871, 2.040073],
        "LDOF_K5": [4.876885, 3.357012, 2.68028, 2.289817, 2.031032],
    }
    if EXPECTED.exists():
        assert json.loads(EXPECTED.read_text())["gsd_rpact"] == wanted
    shaped = shaped_bounds(equal(5), alpha=0.025)
    spent = spending_bounds(equal(5), LanDeMetsOBrienFleming(), alpha=0.025)
    assert shaped.upper == pytest.approx(wanted["OF_K5"], abs=6e-7)
    assert spent.upper == pytest.approx(wanted["LDOF_K5"], abs=6e-7)


def test_exits_agree_with_rpact():
    """getGroupSequentialProbabilities, four looks, both bounds qnorm(0.95)."""
    z = 1.6448536269514722
    found = exit_probabilities(equal(4), upper=[z] * 4, lower=[-z] * 4)
    assert found.below == pytest.approx(
        [0.05, 0.030074925, 0.020961248, 0.01595848], abs=1e-8
    )


@pytest.mark.parametrize(
    ("looks", "wanted"), [(2, 0.042), (4, 0.063), (10, 0.097), (20, 0.124)]
)
def test_repeated_tests_err_as_often_as_gsdesign_says(looks, wanted):
    """test.Deming.gsProb: one side of tests at 0.05, again and again."""
    z = 1.959963984540054
    found = exit_probabilities(equal(looks), upper=[z] * looks, lower=[-z] * looks)
    assert found.above.sum() == pytest.approx(wanted, abs=5e-4)


def test_spending_agrees_with_rpact_at_unequal_looks():
    """typeOfDesign "asHSD", "asKD" and "asUser"."""
    plan = spending_bounds([0.2, 0.4, 1], HwangShihDeCani(0), alpha=0.03)
    assert plan.upper == pytest.approx([2.5121443, 2.4228747, 2.0280392], abs=RPACT)
    plan = spending_bounds([0.3, 0.7, 1], KimDeMets(2.2), alpha=0.03)
    assert plan.upper == pytest.approx([2.8594012, 2.2435708, 1.9735737], abs=RPACT)
    user = Planned((0.25, 0.5, 0.75, 1.0), (0.2, 0.4, 0.6, 1.0))
    plan = spending_bounds(equal(4), user, alpha=0.05)
    assert plan.upper == pytest.approx(
        [2.3263479, 2.2192994, 2.1201347, 1.8189562], abs=RPACT
    )


def test_two_sides_agree_with_rpact():
    """sided = 2, informationRates = c(0.3, 0.4, 0.8, 1), asKD, gammaA = 2.5.

    The upper bounds of a design whose futility does not bind, so that it has no part
    in them: test-f_design_group_sequential_beta_spending.R at 36a756f8.
    """
    plan = spending_bounds([0.3, 0.4, 0.8, 1], KimDeMets(2.5), alpha=0.05, sides=2)
    assert plan.upper == pytest.approx(
        [3.0276355, 2.8984727, 2.2289649, 2.0639032], abs=RPACT
    )
    assert plan.spent == pytest.approx(
        [0.0024647515, 0.0050596443, 0.028621671, 0.05], abs=1e-8
    )


def test_the_cost_agrees_with_rpact():
    """getDesignCharacteristics of asHSD, gammaA = 0, beta = 0.14."""
    plan = spending_bounds([0.2, 0.4, 1], HwangShihDeCani(0), alpha=0.03)
    found = characteristics(plan, power=0.86)
    assert found.effect**2 == pytest.approx(9.4594102, abs=RPACT)
    assert found.inflation == pytest.approx(1.0788327, abs=1e-7)
    assert found.expected_effect == pytest.approx(0.83081135, abs=1e-7)
    assert found.expected_between == pytest.approx(1.0142116, abs=1e-7)
    assert found.expected_null == pytest.approx(1.0697705, abs=1e-7)
    assert np.cumsum(plan.exits(found.effect).above) == pytest.approx(
        [0.12783451, 0.34055165, 0.86], abs=1e-7
    )


HSD = spending_bounds([0.2, 0.4, 1], HwangShihDeCani(-1), alpha=0.07)
KD = spending_bounds([0.3, 0.7, 1], KimDeMets(2.2), alpha=0.03)
OF3 = spending_bounds(equal(3), LanDeMetsOBrienFleming(), alpha=0.03)
OFU = spending_bounds([0.4, 0.75, 1], LanDeMetsOBrienFleming(), alpha=0.03)


@pytest.mark.parametrize(
    ("plan", "beta", "power", "binding", "wanted"),
    [
        pytest.param(
            HSD,
            HwangShihDeCani(-2),
            0.86,
            False,
            ([-1.1063623, -0.35992438], [2.364813, 2.1928805, 1.5660474]),
            id="bsHSD",
        ),
        pytest.param(
            KD,
            KimDeMets(3.2),
            0.66,
            False,
            ([-1.1558435, 0.72836893], [2.8594012, 2.2435708, 1.9735737]),
            id="bsKD",
        ),
        pytest.param(
            OF3,
            Planned((1 / 3, 2 / 3, 1.0), (1 / 30, 1 / 6, 1.0)),
            0.7,
            False,
            ([-0.92327973, 0.29975473], [3.5815302, 2.417863, 1.9175839]),
            id="bsUser",
        ),
        pytest.param(
            OFU,
            KimDeMets(2.5),
            0.8,
            True,
            ([-0.29391761, 1.0736333], [3.2384592, 2.2562378, 1.905812]),
            id="binding",
        ),
    ],
)
def test_futility_agrees_with_rpact(plan, beta, power, binding, wanted):
    lower, upper = wanted
    found, effect = with_futility(plan, beta, power=power, binding=binding)
    assert found.lower[:-1] == pytest.approx(lower, abs=2e-6)
    assert found.upper == pytest.approx(upper, abs=2e-6)
    assert found.exits(effect).above.sum() == pytest.approx(power, abs=1e-8)


def test_what_futility_costs_agrees_with_rpact():
    found, effect = with_futility(HSD, HwangShihDeCani(-2), power=0.86)
    cost = characteristics(found, power=0.86, effect=effect)
    assert effect**2 == pytest.approx(7.1015943, abs=1e-6)
    assert cost.inflation == pytest.approx(1.0869177, abs=1e-7)
    assert cost.expected_effect == pytest.approx(0.82636428, abs=1e-7)
    assert cost.expected_between == pytest.approx(0.91614201, abs=1e-7)
    assert cost.expected_null == pytest.approx(0.79471657, abs=1e-7)


@pytest.mark.parametrize(
    ("binding", "lower", "upper", "inflation", "expected"),
    [
        (
            True,
            [-0.92, -0.07, 0.66, 1.32, 1.97],
            [3.25, 2.99, 2.69, 2.37, 1.97],
            1.069,
            (0.5636, 0.7306),
        ),
        (
            False,
            [-0.90, -0.04, 0.69, 1.36, 2.03],
            [3.25, 2.99, 2.69, 2.37, 2.03],
            881.5 / 800,
            (458.0 / 800, 595.2 / 800),
        ),
    ],
)
def test_futility_agrees_with_gsdesign(binding, lower, upper, inflation, expected):
    """print of gsDesign(k = 5, test.type = 3 and 4): sfHSD(-4), sfHSD(-2), beta 0.1.

    Type 4 is printed for n.fix = 800: 882 persons at most, once rounded up.
    """
    plan = spending_bounds(equal(5), HwangShihDeCani(-4), alpha=0.025)
    found, effect = with_futility(plan, HwangShihDeCani(-2), power=0.9, binding=binding)
    assert found.lower == pytest.approx(lower, abs=0.0051)
    assert found.upper == pytest.approx(upper, abs=0.0051)
    cost = characteristics(found, power=0.9, effect=effect)
    assert cost.inflation == pytest.approx(inflation, abs=6.5e-4)
    assert (cost.expected_null, cost.expected_effect) == pytest.approx(
        expected, abs=1e-4
    )


@pytest.mark.parametrize(
    ("looks", "shape", "power", "wanted"),
    [
        (5, 0.0, 0.8, {"most": 102.8, 0: 102.1}),
        (20, 0.0, 0.9, {"most": 104.5, 0: 103.4}),
        (4, 0.5, 0.8, {"most": 120.2, 0: 117.5, 0.5: 108.8, 1: 80.5, 1.5: 52.2}),
        (15, 0.5, 0.9, {"most": 130.5, 0: 126.4, 0.5: 111.2, 1: 66.4, 1.5: 35.4}),
        (9, 0.1, 0.9, {"most": 104.8}),
        (6, 0.25, 0.8, {"most": 107.7}),
        (7, 0.4, 0.8, {"most": 115.9}),
    ],
)
def test_shapes_cost_what_jennison_and_turnbull_print(looks, shape, power, wanted):
    """test.JT.OFss, test.JT.Pocock, test.JT.WT: two sides, 0.05."""
    plan = shaped_bounds(equal(looks), alpha=0.05, sides=2, shape=shape)
    agrees(plan, power, wanted)


@pytest.mark.parametrize(
    ("looks", "power", "wanted"),
    [
        (3, 1, {"most": 111.7, 0: 109.9, 0.5: 103.4, 1: 81.2, 1.5: 56.5}),
        (10, 2, {"most": 108.1, 0: 106.6, 0.5: 99.7, 1: 76.2, 1.5: 51.0}),
        (2, 3, {"most": 101.0, 0: 100.7, 0.5: 98.9, 1: 89.5, 1.5: 70.7}),
    ],
)
def test_power_families_cost_what_jennison_and_turnbull_print(looks, power, wanted):
    """test.JT.Power.symm: two sides, 0.05, power 0.8."""
    plan = spending_bounds(equal(looks), KimDeMets(power), alpha=0.05, sides=2)
    agrees(plan, 0.8, wanted)


@pytest.mark.parametrize(
    ("looks", "rho", "power", "wanted"),
    [
        (5, 2, 0.95, {"most": 110.1, 0: 63.4, 0.5: 80.3, 1: 63.4}),
        (10, 3, 0.95, {"most": 106.9, 0: 63.1, 0.5: 79.5, 1: 63.1}),
        (3, 2, 0.9, {"most": 107.2, 0: 68.1, 0.5: 83.9, 1: 73.8}),
        (2, 2, 0.8, {"most": 104.3, 0: 74.5, 0.5: 87.8, 1: 84.6}),
        (15, 3, 0.8, {"most": 106.9, 0: 62.2, 0.5: 77.3, 1: 73.0}),
    ],
)
def test_binding_futility_costs_what_jennison_and_turnbull_print(
    looks, rho, power, wanted
):
    """test.JT.Power.type3: one side, alpha 0.05, both errors spent as t^ρ."""
    plan = spending_bounds(equal(looks), KimDeMets(rho), alpha=0.05)
    found, effect = with_futility(plan, KimDeMets(rho), power=power, binding=True)
    agrees(found, power, wanted, effect)


def agrees(plan, power, wanted, effect=None):
    """Hold the most and the expected information, in percent, to one digit."""
    cost = characteristics(plan, power=power, effect=effect)
    assert 100 * cost.inflation == pytest.approx(wanted["most"], abs=0.051)
    for times, percent in wanted.items():
        if times != "most":
            found = expected_information(plan, times * cost.effect) * cost.inflation
            assert 100 * found == pytest.approx(percent, abs=0.051), times


def test_a_statistic_far_beyond_its_bounds_has_an_estimate():
    """Whoever did not stop before is taken to be below it: the order of stages."""
    plan = spending_bounds([0.5, 1], LanDeMetsOBrienFleming(), alpha=0.025)
    found = after_stopping(plan, 2, 1_000.0, se=1.0)
    assert found.lower < found.estimate < found.upper < 1_000


def test_what_is_said_after_stopping_agrees_with_rpact():
    """getAnalysisResults of log-rank statistics 1.92 and 2.1 with 8 and 20 events.

    informationRates = c(0.4, 1), typeOfDesign = "WT", deltaWT = 0.25, binding futility
    at 0; hazard ratios, whose logarithm has the standard error 2 / √events.
    """
    t = np.array([0.4, 1.0])
    shape = t**-0.25

    def excess(height):
        exits = exit_probabilities(t, upper=height * shape, lower=[0.0, -np.inf])
        return exits.above.sum() - 0.025

    upper = brentq(excess, 1.5, 3.0, xtol=1e-12) * shape
    plan = Boundaries(
        fractions=t,
        upper=upper,
        lower=np.array([0.0, upper[1]]),
        alpha=0.025,
        sides=1,
        binding=True,
    )
    z, se = np.array([1.92, 2.1]), 2 / np.sqrt([8, 20])
    lower, _ = repeated_intervals(plan, z * se, se)
    assert np.exp(lower) == pytest.approx([0.65051922, 1.04083], rel=1e-6)
    found = after_stopping(plan, 2, 2.1, se=float(se[1]))
    assert found.p_value == pytest.approx(0.021122043, rel=1e-5)
    assert np.exp([found.lower, found.estimate, found.upper]) == pytest.approx(
        [1.0341796, 2.5476534, 6.2409205], rel=1e-5
    )


def test_mixtures_agree_with_confseq():
    """TestTwoSidedNormalMixture and TestOneSidedNormalMixture, v_opt = 100."""
    rho = mixture_rho(100, 0.05)
    assert rho == pytest.approx(12.60056, abs=1e-5)
    assert mixture_log_evidence(10, 100, rho=rho) == pytest.approx(-0.6510052, abs=1e-6)
    assert mixture_bound(100, rho=rho, alpha=0.05) == pytest.approx(30.35209, abs=1e-5)
    rho = mixture_rho(100, 2 * 0.05)
    assert mixture_log_evidence(10, 100, rho=rho, sides=1) == pytest.approx(
        -0.06502391, abs=1e-6
    )
    assert mixture_bound(100, rho=rho, alpha=0.05, sides=1) == pytest.approx(
        27.66071, abs=1e-5
    )


@pytest.mark.parametrize(
    ("events", "total", "tightest", "wanted"),
    [
        (700, 1000, 100, (0.651629, 0.745949)),
        (15, 50, 50, (0.129556, 0.511896)),
        (5, 50, 50, (0.013021, 0.269264)),
        (1, 50, 50, (0.0, 0.13489)),
        (1, 2, 50, (0.0, 1.0)),
    ],
)
def test_proportions_agree_with_confseq(events, total, tightest, wanted):
    """BernoulliConfidenceIntervalTest, alpha = 0.05."""
    lower, upper = proportion_sequence([events], [total], alpha=0.05, tightest=tightest)
    assert (lower[0], upper[0]) == pytest.approx(wanted, abs=1e-5)
