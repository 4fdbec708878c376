"""Margins: how often what is not so is shown, on the margin itself."""

import numpy as np
import pytest

from rounds.methods.clusters.least_squares import cluster_ols
from rounds.methods.estimands.margins import judge

WORLDS = 400
MARGIN = 0.3


def judged(rng, effect, **asked):
    arm = np.arange(120) % 2
    y = effect * arm + rng.normal(size=120)
    fit = cluster_ols(y, np.column_stack([arm, np.ones(120)]), None)
    ends = (fit.estimate, fit.lower, fit.upper)
    return judge(*ends, level=0.95, margin=MARGIN, se=fit.se, df=fit.df, **asked)


@pytest.mark.parametrize(
    ("asked", "effect"),
    [
        ({"hypothesis": "non-inferiority", "better": "lower"}, MARGIN),
        ({"hypothesis": "non-inferiority", "better": "higher"}, -MARGIN),
        ({"hypothesis": "superiority", "better": "higher"}, MARGIN),
    ],
)
def test_on_the_margin_it_errs_once_in_forty(asked, effect):
    rng = np.random.default_rng(2)
    found = [judged(rng, effect, **asked) for _ in range(WORLDS)]
    rate = np.mean([one.verdict == "shown" for one in found])
    assert abs(rate - 0.025) < 4 * np.sqrt(0.025 * 0.975 / WORLDS)
    for one in found:
        assert (one.p_value < 0.025) is (one.verdict == "shown")


def test_equivalence_errs_no_more_and_is_found_where_it_is():
    rng = np.random.default_rng(4)
    asked = {"hypothesis": "equivalence"}
    rate = np.mean(
        [judged(rng, MARGIN, **asked).verdict == "shown" for _ in range(WORLDS)]
    )
    assert rate < 0.025 + 4 * np.sqrt(0.025 * 0.975 / WORLDS)
    near = judge(0, -0.2, 0.2, level=0.9, margin=MARGIN, **asked)
    assert near.verdict == "shown"
    assert near.one_sided_level == pytest.approx(0.05)


def test_a_ratio_has_one_margin_written_two_ways():
    for margin in (0.8, 1.25):
        found = judge(
            1, 0.85, 1.2, hypothesis="equivalence", level=0.9, margin=margin, ratio=True
        )
        assert (found.lower_bound, found.upper_bound) == pytest.approx((0.8, 1.25))
        assert found.verdict == "shown"
