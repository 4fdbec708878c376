"""Run lengths and scores: the tables that the literature prints.

As R's spc 0.7.2 reprints them in man/xcusum.arl.Rd and man/xewma.arl.Rd (cran/spc on
GitHub, read 2026-11-22), and R's vlad 0.2.2 in tests/testthat/test-llr_score.R.
Tolerance is the printed precision.
"""

import pytest

from rounds.methods.watching.cusum import likelihood_scores
from rounds.methods.watching.run_length import (
    cusum_arl,
    cusum_threshold,
    ewma_arl,
    ewma_width,
)

SHIFTS = [0, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4, 5]
# Lucas and Crosier (1982), Table 1, k = 0.5, h = 4.
LUCAS_CROSIER = [168, 74.2, 26.6, 13.3, 8.38, 4.75, 3.34, 2.62, 2.19, 1.71, 1.31]
# Vance (1986), Table 1, one-sided, k = 0, h = 10.
VANCE = {
    -0.25: 2071.51,
    -0.125: 400.28,
    0: 124.66,
    0.125: 59.30,
    0.25: 36.71,
    0.5: 20.37,
    0.75: 14.06,
    1: 10.75,
}
# Lucas and Saccucci (1990), Table 3: shift → λ = 0.5, L = 3.071; λ = 0.03, L = 2.437.
LUCAS_SACCUCCI = {
    0: (500, 500),
    0.25: (255, 76.7),
    0.5: (88.8, 29.3),
    0.75: (35.9, 17.6),
    1: (17.5, 12.6),
    1.5: (6.53, 8.07),
    2: (3.63, 5.99),
    2.5: (2.50, 4.80),
    3: (1.93, 4.03),
    3.5: (1.58, 3.49),
    4: (1.34, 3.11),
    5: (1.07, 2.55),
}
# Crowder (1987), Table 1: shift → λ = 0.5, λ = 0.05, both L = 2.
CROWDER = {
    0: (26.45, 127.53),
    0.5: (11.89, 18.97),
    1: (4.91, 8.38),
    2: (1.94, 4.04),
    3: (1.26, 2.76),
    4: (1.05, 2.15),
}


def to_three_figures(value):
    """Half a unit of the last of three digits, as these tables print."""
    return 0.51 * 10.0 ** (len(str(int(value))) - 3)


@pytest.mark.parametrize(
    ("shift", "wanted"), list(zip(SHIFTS, LUCAS_CROSIER, strict=True))
)
def test_cusum_agrees_with_lucas_and_crosier(shift, wanted):
    found = cusum_arl(0.5, 4, shift=shift, two_sided=True)
    assert found == pytest.approx(wanted, abs=to_three_figures(wanted))


@pytest.mark.parametrize(("shift", "wanted"), VANCE.items())
def test_cusum_agrees_with_vance(shift, wanted):
    # The longest, printed as 2071.51, differs in the sixth figure: 2071.57 here, with
    # any number of nodes.
    assert cusum_arl(0, 10, shift=shift) == pytest.approx(wanted, rel=4e-5, abs=0.0051)


def test_cusum_agrees_with_brook_evans_waldmann_and_sas():
    # Brook and Evans print 117.59 from a coarser chain; Waldmann 117.4 to 117.6.
    assert cusum_arl(0.5, 3) == pytest.approx(117.6, abs=0.05)
    assert cusum_arl(0.5, 3, shift=1.5) == pytest.approx(3.75, abs=0.005)
    assert cusum_arl(0.5, 3, shift=-0.5) == pytest.approx(1963, abs=1)
    assert cusum_arl(0.5, 3, shift=0.5) == pytest.approx(17.35, abs=0.01)
    # SAS/QC 1999: 4.1500836225 and, of both sides, 4.1500826715.
    assert cusum_arl(0.25, 8, shift=2.5) == pytest.approx(4.1500836225, abs=1e-6)


@pytest.mark.parametrize(("shift", "wanted"), LUCAS_SACCUCCI.items())
def test_ewma_agrees_with_lucas_and_saccucci(shift, wanted):
    for (smoothing, width), value in zip(
        ((0.5, 3.071), (0.03, 2.437)), wanted, strict=True
    ):
        found = ewma_arl(smoothing, width, shift=shift)
        assert found == pytest.approx(value, abs=to_three_figures(value))


@pytest.mark.parametrize(("shift", "wanted"), CROWDER.items())
def test_ewma_agrees_with_crowder_and_sas(shift, wanted):
    for smoothing, value in zip((0.5, 0.05), wanted, strict=True):
        assert ewma_arl(smoothing, 2, shift=shift) == pytest.approx(value, abs=0.011)
    # SAS/QC 1999.
    assert ewma_arl(0.25, 3, shift=1) == pytest.approx(11.154267016, abs=1e-8)


def test_thresholds_give_the_run_length_back():
    assert cusum_threshold(0.5, 500) == pytest.approx(4.389, abs=0.001)
    assert ewma_width(0.5, 500) == pytest.approx(3.071, abs=5e-4)
    assert ewma_width(0.03, 500) == pytest.approx(2.437, abs=5e-4)


@pytest.mark.parametrize(
    ("odds_ratio", "wanted"),
    [(2, (-0.024, 0.669, -0.433, 0.260)), (0.5, (0.012, -0.681, 0.316, -0.377))],
)
def test_scores_agree_with_steiner(odds_ratio, wanted):
    """Steiner (2014) p. 234: Parsonnet scores 0 and 50, logit = −3.68 + 0.077 s."""
    risks = [0.0246, 0.0246, 0.5424, 0.5424]
    found = likelihood_scores([0, 1, 0, 1], [1] * 4, risks, odds_ratio=odds_ratio)
    assert found == pytest.approx(wanted, abs=6e-4)
