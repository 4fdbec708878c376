"""Net benefit and Fieller's interval, as R's linear models of clinic means have them."""

import numpy as np
import pytest

from rounds.methods.clusters.least_squares import cluster_ols
from rounds.methods.net_benefit import Fitted, joint_by, net_benefit, ratio


def twelve_clinics():
    """Sixty persons in twelve clinics of five, by a rule that R repeats."""
    i, j = np.repeat(np.arange(12), 5), np.tile(np.arange(5), 12)
    arm = i % 2
    cost = 100 + 7 * ((3 * i + 2 * j) % 5) + 3 * ((5 * i) % 7) + 6 * arm
    effect = ((i + 2 * j) % 3 == 0) + 0.4 * arm + 0.05 * ((2 * i) % 5)
    design = np.column_stack([arm, np.ones(60)]).astype(float)

    def fitted(outcome):
        found = cluster_ols(outcome, design, i)
        return Fitted(found.estimate, found.se**2, found.df)

    return joint_by(fitted, cost.astype(float), effect)


def test_the_joint_estimate_is_that_of_a_multivariate_linear_model():
    """R 4.2.2, 23 November 2026: `f <- lm(cbind(cost, effect) ~ arm, m)`, `vcov(f)`,
    with m the clinics' means; equal clinics make CR2 the same."""
    joint = twelve_clinics()
    assert joint.cost == pytest.approx(7.0, abs=1e-12)
    assert joint.effect == pytest.approx(0.416666666667, abs=1e-11)
    assert joint.cost_variance == pytest.approx(16.1, abs=1e-10)
    assert joint.effect_variance == pytest.approx(0.00572222222222, abs=1e-13)
    assert joint.covariance == pytest.approx(-0.0966666666667, abs=1e-10)
    assert joint.df == pytest.approx(10, abs=1e-9)


@pytest.mark.parametrize(
    ("worth", "value", "lower", "upper", "probability"),
    [
        (0, -7.0, -15.9403637607239, 1.9403637607239, 0.0558297168215),
        (50, 13.833333333333, -0.271370293182, 27.938036959849, 0.973117850508),
        (200, 76.333333333333, 38.806847361615, 113.859819305052, 0.999456235422),
    ],
)
def test_net_benefit_is_a_t_test_of_clinics_net_benefits(
    worth, value, lower, upper, probability
):
    """R 4.2.2, 23 November 2026: `t.test((w*effect-cost) ~ I(-arm), data=m,
    var.equal=TRUE)` and `pt(statistic, 10)`."""
    found = net_benefit(twelve_clinics(), worth)
    assert found.value == pytest.approx(value, abs=1e-10)
    assert found.lower == pytest.approx(lower, abs=1e-10)
    assert found.upper == pytest.approx(upper, abs=1e-10)
    assert found.probability == pytest.approx(probability, abs=1e-10)


def test_fiellers_limits_are_where_net_benefit_is_no_longer_significant():
    """R 4.2.2, 23 November 2026: `uniroot` of the t test's p-value less 0.05 over w,
    on either side of the ratio (Heitjan 2000)."""
    found = ratio(twelve_clinics())
    assert found.value == pytest.approx(16.8, abs=1e-10)
    assert found.lower == pytest.approx(-4.17970935775, abs=1e-8)
    assert found.upper == pytest.approx(50.96371201639, abs=1e-8)
