"""Charts of one example or none elsewhere, watching, RII and ranks, as R has them.

`frozen/charts.R` writes its rows by formula, or takes a package's published table, and
its numbers to the JSON beside it, with the versions of R and of the packages, and the
day it was run. The packages: qicharts2 0.8.1 (commit 569c169), qcc 2.7 (11b6ece), and
of vlad 0.2.2 the one function `racusum_scores`.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from rounds.methods import spc
from rounds.methods.inequality.slope_index import slope_index
from rounds.methods.multilevel.ranks import ranks
from rounds.methods.watching.cusum import cusum, likelihood_scores, shift_scores
from rounds.methods.watching.ewma import ewma

R = json.loads((Path(__file__).parent / "frozen" / "charts.json").read_text())
ROW = np.arange(1, 31)
"""`i` of the R script."""
VALUE = 20 + ((ROW * 17) % 13) / 2 + (ROW * 7) % 5
SIZE = 300 + (ROW * 53) % 190
COUNT = 20 + (ROW * 31) % 29 + (ROW % 3) * 8
TIME = 2 + ((ROW * 37) % 41) ** 2 / 7
DEFECTS = [14, 12, 20, 11, 7, 10, 21, 16, 19, 23]
METRES = [500, 400, 650, 500, 475, 500, 600, 525, 600, 625]


def agree(chart, told):
    """See lines, points beyond them, and where runs are counted, runs."""
    for line in ("centre", "lower", "upper"):
        ours = getattr(chart, line)
        assert ours == pytest.approx(np.broadcast_to(told[line], ours.shape), rel=1e-10)
    assert np.flatnonzero(chart.beyond).tolist() == told["beyond"]
    if chart.kind != "mr":
        ours = (chart.runs.longest_run, chart.runs.n_crossings)
        assert ours == (told["longest"], told["crossings"])


@pytest.mark.parametrize(
    ("kind", "draw"),
    [
        ("mr", lambda: spc.moving_range_chart(VALUE)),
        ("u", lambda: spc.u_chart(COUNT, SIZE)),
        ("p_prime", lambda: spc.p_prime_chart(COUNT, SIZE, screen=False)),
        ("u_prime", lambda: spc.u_prime_chart(COUNT, SIZE / 1000, screen=False)),
        ("t", lambda: spc.t_chart(TIME)),
    ],
)
def test_charts_by_formula(kind, draw):
    """qicharts2 `qic(i, value, chart = "mr")`; "u"; "pp"; "up"; "t"."""
    agree(draw(), R["formula"][kind])


def test_dyed_cloth_with_laney_s_limits():
    """qicharts2 `qic(roll, count, meters, data = tbl_07.11, chart = "up")`."""
    agree(spc.u_prime_chart(DEFECTS, METRES, screen=False), R["cloth"])


def test_circuit_boards():
    """qicharts2 `qic(sample, count, size, data = tbl_07.10, chart = "u")`."""
    told = R["boards"]
    agree(spc.u_chart(told["count"], told["size"]), told)


def test_attendances_with_laney_s_limits():
    """qicharts2 `qic(i, r, n, data = nhs_accidents, chart = "pp")`: Mohammed 2013."""
    told = R["accidents"]
    agree(spc.p_prime_chart(told["r"], told["n"], screen=False), told)


@pytest.mark.parametrize("told", [*R["gaps"], R["rare"]], ids=["cabg", "short", "long"])
def test_cases_between_events(told):
    """qcc `limits.g(mean(x) + 1, conf = 2 * pnorm(3) - 1)`, `qgeom`; qicharts2
    `qic(x, chart = "g")`. Gaps between deaths after a bypass are qicharts2's `cabg`."""
    agree(spc.g_chart(told["gaps"]), told["sigma"])
    chart = spc.g_chart(told["gaps"], limits="probability")
    ours = [chart.lower[0], chart.near_lower[0], chart.near_upper[0], chart.upper[0]]
    assert ours == told["qgeom"]
    assert [ours[0], ours[-1]] == told["probability"]


def test_an_ewma_with_its_limits():
    """qcc `ewma(x, center = 50, std.dev = 2, lambda = 0.2, nsigmas = 3)`."""
    told = R["ewma"]
    found = ewma(watched(), mean=50, sd=2, smoothing=0.2, width=3)
    for line in ("value", "lower", "upper"):
        assert getattr(found, line) == pytest.approx(told[line], rel=1e-12)


def test_a_tabular_cusum():
    """qcc `cusum(x, center = 50, std.dev = 2, se.shift = 1)`, both ways."""
    for shift, way in ((1.0, "up"), (-1.0, "down")):
        scores = shift_scores(watched(), mean=50, sd=2, shift=shift)
        found = cusum(scores, 4.0, reset=False)
        assert found.value == pytest.approx(R["cusum"][way], abs=1e-12)


def test_a_risk_adjusted_cusum():
    """vlad `racusum_scores(wt1, wt2)` of log-likelihood ratios by `dbinom`."""
    told = R["adjusted"]
    died = np.array(told["died"])
    for odds, way in ((2, "doubled"), (0.5, "halved")):
        scores = likelihood_scores(
            died, np.ones_like(died), told["risk"], odds_ratio=odds
        )
        found = cusum(scores, 4.5, reset=False)
        assert found.value == pytest.approx(told[way], rel=1e-10, abs=1e-12)


def test_relative_indices():
    """R `glm` in the ridit: binomial at both ends, and log-linear."""
    rows = ([60, 88, 30, 99, 33], [120, 200, 90, 310, 150], range(1, 6))
    assert slope_index(*rows).rii == pytest.approx(R["logistic_rii"], rel=1e-8)
    found = slope_index(*rows, model="structured")
    assert found.rii == pytest.approx(R["log_rii"], rel=1e-8)


def test_ranks_where_less_is_better():
    """R `rank(draws, ties.method = "min")` by draw, `quantile(type = 1)`."""
    told = R["ranks"]
    a, b = np.arange(1, 61)[:, None], np.arange(1, 10)
    draws = ((a * 11 * b + b**2 * 5) % 37) / 3 + b
    found = ranks(draws, more_is_better=False, share=0.25, level=0.9)
    assert found.rank.tolist() == told["rank"]
    for name in ("mean", "top", "bottom"):
        assert getattr(found, name) == pytest.approx(told[name], rel=1e-12)
    # A unit's own rank is held, even where its draws' interval leaves it out.
    assert found.lower.tolist() == np.minimum(told["lower"], told["rank"]).tolist()
    assert found.upper.tolist() == np.maximum(told["upper"], told["rank"]).tolist()


def watched():
    """Thirty values of which the last ten are a standard deviation higher."""
    return 50 + 2 * (((ROW * 19) % 23) / 8 - 1.4) + (ROW > 20) * 2
