"""Control charts against qicharts2, NHSRplotthedots and qcc.

Frozen numbers. qicharts2 0.8.1 (commit 569c169, 2025-06-23): its own reference results
in tests/testthat, made by the calls that each test names, of the tables of Montgomery's
"Introduction to Statistical Quality Control". NHSRplotthedots 0.2.2 (commit 050b07d,
2025-09-29): its snapshots and its vignette "Deviations from Excel defaults". qcc 3.0
(commit af35099, 2026-05-04): the printed output of its vignette "A quick tour of qcc".
All read on 2026-11-22.
"""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from rounds.methods import spc

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data" / "crosscheck"

# Montgomery, table 6.7: cost of processing loans by week; lines from weeks 1 to 20.
COST = [310, 288, 297, 298, 307, 303, 294, 297, 308, 306, 294, 299, 297, 299, 314, 295, 293, 306, 301, 304, 305, 282, 305, 296, 314, 295, 287, 301, 298, 311, 310, 292, 305, 299, 304, 310, 304, 305, 333, 328]  # fmt: skip
# Table 7.4: orders with errors, of orders.
ERRORS = [12, 8, 6, 9, 10, 12, 11, 16, 10, 6, 20, 15, 9, 8, 6, 8, 10, 7, 5, 8, 5, 8, 10, 6, 9]  # fmt: skip
ORDERS = [100, 80, 80, 100, 110, 110, 100, 100, 90, 90, 110, 120, 120, 120, 110, 80, 80, 80, 90, 100, 100, 100, 100, 90, 90]  # fmt: skip
# Table 7.8 (qcc's `circuit`): nonconformities; samples 1 to 26 set the lines.
BOARDS = [21, 24, 16, 12, 15, 5, 28, 20, 31, 25, 20, 24, 16, 19, 10, 17, 13, 22, 18, 39, 30, 24, 16, 19, 17, 15, 16, 18, 12, 15, 24, 21, 28, 20, 25, 19, 18, 21, 16, 22, 19, 12, 14, 9, 16, 21]  # fmt: skip
# Table 7.11: defects of dyed cloth, and metres inspected.
DEFECTS = [14, 12, 20, 11, 7, 10, 21, 16, 19, 23]
METRES = [500, 400, 650, 500, 475, 500, 600, 525, 600, 625]
# Table 7.14: hours between failures of a valve.
HOURS = [286, 948, 536, 124, 816, 729, 4, 143, 431, 8, 2837, 596, 81, 227, 603, 492, 1199, 1214, 2831, 96]  # fmt: skip
# Table 6.4: diameters of piston rings, thousandths of a millimetre above 74; 25 samples of
# 3 to 5.
RINGS = [
    [30, 2, 19, -8, 8], [-5, -8, 1], [-12, 24, 21, 5, 2], [2, -4, -7, 15, 9],
    [-8, 7, 15, -11, 14], [9, -6, -3, -15], [-5, 6, -6, 0], [-15, 3, -7, 15, -12],
    [8, -5, 9, 5], [-2, 0, -10, 7, -5], [-6, -2, -6, -5, -10], [4, 0, 7, 0, -4],
    [-17, 2, -2], [6, -33, -6, 0, -16], [12, 14, -2], [0, -16, 5, -2, -4],
    [-6, 12, -14, 5], [6, 10, 18, 3, 0], [-16, 2, 3, 5, -3], [0, 10, 13],
    [-18, 1, 15, 5, -4], [4, -1, -10, 6, 9], [10, -11, -10, 9, 14],
    [15, 8, -7, 0, 10], [-18, -16, -5, 17, 13],
]  # fmt: skip
# R: set.seed(123); rnorm(20), as NHSRplotthedots' tests draw it.
NORMAL = [-0.56047565, -0.23017749, 1.55870831, 0.07050839, 0.12928774, 1.71506499, 0.46091621, -1.26506123, -0.68685285, -0.44566197, 1.22408180, 0.35981383, 0.40077145, 0.11068272, -0.55584113, 1.78691314, 0.49785048, -1.96661716, 0.70135590, -0.47279141]  # fmt: skip


def lines(chart, at=-1):
    return chart.centre[at], chart.lower[at], chart.upper[at]


def test_xmr_agrees_with_qicharts2():
    """qic(weeks, cost, chart = "i", freeze = 20)."""
    chart = spc.xmr_chart(COST, np.arange(40) < 20)
    wanted = (300.5, 279.78331466965284, 321.21668533034716)
    assert lines(chart) == pytest.approx(wanted, rel=1e-13)
    assert np.flatnonzero(chart.beyond).tolist() == [38, 39]
    assert (chart.runs.longest_run, chart.runs.n_crossings) == (6, 20)


def test_moving_ranges_agree_with_qicharts2():
    """qic(weeks, cost, chart = "mr", freeze = 20)."""
    chart = spc.moving_range_chart(COST, np.arange(40) < 20)
    wanted = (7.7894736842105265, 0, 25.44821052631579)
    assert lines(chart) == pytest.approx(wanted, rel=1e-13)


def test_p_agrees_with_qicharts2():
    """qic(sample, count, size, data = tbl_07.04, chart = "p")."""
    chart = spc.p_chart(ERRORS, ORDERS)
    wanted = (0.09551020408163265, 0.0025650562804066107, 0.18845535188285867)
    assert lines(chart) == pytest.approx(wanted, rel=1e-12)
    assert np.flatnonzero(chart.beyond).tolist() == [10]


def test_c_agrees_with_qicharts2_and_qcc():
    """qic(sample, count, data = tbl_07.08, chart = "c", exclude = c(6, 20),
    freeze = 26), and with(circuit, qcc(x[inc], sizes = size[inc], type = "c"))."""
    used = np.arange(46) < 26
    used[[5, 19]] = False
    chart = spc.c_chart(BOARDS, used)
    wanted = (19.666666666666668, 6.3625319710165975, 32.970801362316735)
    assert lines(chart) == pytest.approx(wanted, rel=1e-13)
    assert lines(chart) == pytest.approx((19.66667, 6.362532, 32.9708), abs=5e-5)
    assert np.flatnonzero(chart.beyond).tolist() == [5, 19]


def test_u_agrees_with_qicharts2():
    """qic(roll, count, meters, data = tbl_07.11, chart = "u", multiply = 50)."""
    chart = spc.u_chart(DEFECTS, METRES)
    wanted = (1.4232558139534883, 0.41095932277784886, 2.4355523051291277)
    assert tuple(50 * x for x in lines(chart)) == pytest.approx(wanted, rel=1e-12)


def test_t_agrees_with_qicharts2():
    """qic(failure, hours, data = tbl_07.14, chart = "t")."""
    chart = spc.t_chart(HOURS)
    wanted = (430.04095178975825, 0, 6937.933488166575)
    assert lines(chart) == pytest.approx(wanted, rel=1e-12)


def test_s_agrees_with_qcc():
    """qcc(diameter[1:25,], type = "S"): piston rings, 25 subgroups of 5; its centre
    0.009240037, standard deviation 0.009829977 and upper limit 0.01930242."""
    groups = spc.Subgroups(
        label=np.arange(25).astype(object),
        mean=np.full(25, 74.001176),
        sd=np.full(25, 0.009240037),
        size=np.full(25, 5.0),
    )
    chart = spc.s_chart(groups)
    assert lines(chart) == pytest.approx((0.009240037, 0, 0.01930242), abs=5e-9)
    means = spc.xbar_chart(groups)
    half = 3 * 0.009829977 / np.sqrt(5)
    assert means.upper[0] - means.centre[0] == pytest.approx(half, abs=5e-9)


def test_samples_of_different_sizes_agree_with_qicharts2():
    """qic(sample, obs, data = tbl_06.04, chart = "xbar") and "s": pooled spread, limits
    wider where samples are smaller; the last sample has five."""
    values = [74 + x / 1000 for sample in RINGS for x in sample]
    labels = [i for i, sample in enumerate(RINGS) for _ in sample]
    groups = spc.subgroups(values, labels)
    assert sorted(set(groups.size)) == [3, 4, 5]
    wanted = (74.00075221238937, 73.98606362208984, 74.0154408026889)
    assert lines(spc.xbar_chart(groups)) == pytest.approx(wanted, rel=1e-12)
    wanted = (0.010291177451261065, 0, 0.0214982477613804)
    assert lines(spc.s_chart(groups)) == pytest.approx(wanted, rel=1e-9)


def test_montgomery_s_piston_rings_agree_with_qicharts2():
    """qic(sample, obs, data = tbl_06.03, chart = "xbar") and "s": of 25 subgroups of 5
    the mean is 74.001176, the mean standard deviation 0.009399483885737435."""
    groups = spc.Subgroups(
        label=np.arange(25).astype(object),
        mean=np.full(25, 74.001176),
        sd=np.full(25, 0.009399483885737435),
        size=np.full(25, 5.0),
    )
    wanted = (74.00117599999999, 73.98776012329604, 74.01459187670393)
    assert lines(spc.xbar_chart(groups)) == pytest.approx(wanted, rel=1e-13)
    wanted = (0.009399483885737435, 0, 0.019635501803530197)
    assert lines(spc.s_chart(groups)) == pytest.approx(wanted, rel=1e-12)


def test_phases_and_excluded_points_agree_with_shared_numbers():
    """expected.json, spc: qcc of the orange juice cans, with and without samples 15
    and 23; and qic(..., exclude = c(15, 23), part = 30), whose second phase has its
    centre at 0.1096875 and its limits at 0 and 0.24226995518120034."""
    path = SHARED / "expected.json"
    if not path.exists():
        pytest.skip("shared data absent")
    wanted = json.loads(path.read_text())["spc"]
    with (SHARED / "spc_orangejuice.csv").open() as rows:
        cans = list(csv.DictReader(rows))
    x = np.array([int(row["D"]) for row in cans])
    n = np.array([int(row["size"]) for row in cans])
    trial = np.array([row["trial"] == "TRUE" for row in cans])
    chart = spc.p_chart(x[trial], n[trial])
    assert lines(chart) == pytest.approx(wanted["p_orangejuice_trial"], abs=5e-7)
    used = np.ones(x.size, dtype=bool)
    used[[14, 22]] = False
    chart = spc.p_chart(x, n, used, phases=[spc.Phase(start=30, reason="adjusted")])
    assert lines(chart, 0) == pytest.approx(wanted["p_revised_excl_15_23"], abs=5e-7)


@pytest.mark.parametrize(
    ("replaced", "screen", "wanted"),
    [
        (None, True, (0.1416238, -3.01138, 3.294627)),
        (10, True, (0.6694159, -2.383666, 3.722497)),
        (10, False, (0.6694159, -4.596625, 5.935457)),
    ],
)
def test_xmr_agrees_with_nhsrplotthedots(replaced, screen, wanted):
    """ptd_spc_standard(data, list(value_field = "y", date_field = "x",
    screen_outliers = screen)), with the 15th of 20 values replaced by 10."""
    x = list(NORMAL)
    if replaced is not None:
        x[14] = replaced
    chart = spc.xmr_chart(x, screen=screen, factor=spc.NHS_FACTOR)
    assert lines(chart) == pytest.approx(wanted, abs=6e-7)


@pytest.mark.parametrize(
    ("screen", "wanted"), [(True, (1.94, -0.72, 4.60)), (False, (1.94, -3.06, 6.95))]
)
def test_screening_agrees_with_the_vignette_of_nhsrplotthedots(screen, wanted):
    """ptd_spc(df, value_field = data, date_field = date, screen_outliers = screen);
    the captions of the vignette round to two digits. One point is an improvement."""
    x = [1, 2, 1, 2, 10, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1]
    chart = spc.xmr_chart(x, screen=screen, factor=spc.NHS_FACTOR)
    assert lines(chart) == pytest.approx(wanted, abs=0.005 + 1e-9)
    assert np.flatnonzero(spc.nhs(chart).any).tolist() == [4]


def rules_of(values, centre, upper):
    """Chart values against lines that are given, as tests of the rules do."""
    x = np.asarray(values, dtype=float)
    flat = np.full(x.size, float(centre))
    reach = float(upper) - float(centre)
    chart = spc.Chart(
        kind="xmr",
        value=x,
        centre=flat,
        lower=flat - reach,
        upper=flat + reach,
        near_lower=flat - reach * 2 / 3,
        near_upper=flat + reach * 2 / 3,
        phases=(spc.Phase(start=0, reason=""),),
        level=(float(centre),),
        dispersion=(1.0,),
        baseline=np.ones(x.size, dtype=bool),
    )
    return {
        name: np.flatnonzero(mask).tolist()
        for name, mask in spc.nhs(chart).points.items()
    }


@pytest.mark.parametrize(
    ("close", "wanted"),
    [
        ([1, 0, 1], [0, 2]),
        ([0, 1, 1], [1, 2]),
        ([1, 1, 0], [0, 1]),
        ([0, 0, 1, 0, 1, 0, 0], [2, 4]),
        ([1, 0, 0, 1], []),
        ([1, 0, 0, 1, 1], [3, 4]),
    ],
)
def test_two_of_three_agree_with_nhsrplotthedots(close, wanted):
    """Its tests of ptd_two_in_three and ptd_part_of_two_in_three; all on one side."""
    values = [2.5 if c else 0.1 for c in close]
    assert rules_of(values, 0, 3)["near_limits"] == wanted


def test_two_of_three_need_all_three_on_one_side():
    """The same tests, "when points are on opposite sides of the mean"."""
    assert rules_of([2.5, -0.1, 2.5], 0, 3)["near_limits"] == []
    assert rules_of([2.5, -2.5, 0.1], 0, 3)["near_limits"] == []


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([1, 2, 3, 4, 5, 6], []),
        ([1, 2, 3, 3, 4, 5, 6], []),
        ([1, 2, 3, 4, 5, 6, 7], list(range(7))),
        ([2, 1, 2, 3, 4, 5, 6, 7, 3], list(range(1, 8))),
        ([2, 7, 6, 5, 4, 3, 2, 1, 3], list(range(1, 8))),
    ],
)
def test_trends_agree_with_nhsrplotthedots(values, wanted):
    """Its tests of ptd_seven_point_trend, and of ptd_part_of_seven_trend."""
    assert rules_of(values, 4.5, 40)["trend"] == wanted


@pytest.mark.parametrize(
    ("sides", "wanted"),
    [
        ([1] * 6, []),
        ([1] * 6 + [-1], []),
        ([1] * 8 + [-1], list(range(8))),
        ([-1] * 8 + [1], list(range(8))),
        ([1] * 3 + [0] + [1] * 6, []),
    ],
)
def test_shifts_agree_with_nhsrplotthedots(sides, wanted):
    """Its tests of ptd_seven_point_one_side_mean, and of ptd_part_of_seven_trend."""
    assert rules_of(sides, 0, 40)["shift"] == wanted


# qicharts2's vignette, table of limits: useful points, longest run, fewest crossings.
ANHOJ = [
    (10, 6, 2),
    (12, 7, 3),
    (15, 7, 4),
    (20, 7, 6),
    (24, 8, 8),
    (30, 8, 10),
    (60, 9, 23),
    (100, 10, 41),
]


@pytest.mark.parametrize(("n", "longest", "fewest"), ANHOJ)
def test_limits_of_runs_agree_with_anhoj_s_table(n, longest, fewest):
    """Appendix of the vignette of qicharts2."""
    found = spc.runs(np.tile([1.0, 3.0], n)[:n], 2.0)
    assert (found.longest_run_limit, found.n_crossings_limit) == (longest, fewest)
