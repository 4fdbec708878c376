"""How often the rule errs: by formula, and by applying the rule to drawn trials."""

import numpy as np
import pytest

from rounds.loop.decision import rates, recommend
from rounds.nouns import AfterLooks, BalancingResult, Estimate, NotEstimable
from stories import trial

CHOICES = ("adopt", "adapt", "abandon", "extend")
Z = 1.959963984540054
DRAWS = 1500
#              standard errors of effect and harm
PRECISION = [(0.010, 0.005), (0.020, 0.008), (0.004, 0.012)]


def estimate(value, se):
    return Estimate(
        value=float(value),
        lower=float(value - Z * se),
        upper=float(value + Z * se),
        scale="risk_difference",
        n=900,
    )


def judged(whole, value, se, harm, harm_se):
    evaluation, protocol = whole
    (endpoint,) = (e for e in protocol.endpoints if e.role == "balancing")
    result = BalancingResult(
        name=endpoint.estimand.name,
        estimate=estimate(harm, harm_se),
        margin=endpoint.margin,
        verdict="uncertain",
    )
    changes = {"estimate": estimate(value, se), "balancing": (result,)}
    return evaluation.model_copy(update=changes)


@pytest.fixture(scope="module")
def whole():
    return trial.judged(trial.World(clinics=12), 1)


@pytest.mark.parametrize(("se", "harm_se"), PRECISION)
def test_the_rates_are_those_of_the_rule_itself(whole, se, harm_se):
    protocol = whole[1]
    (margin,) = (e.margin for e in protocol.endpoints if e.role == "balancing")
    least = protocol.decision_rule.least_worthwhile
    truths = {"no_effect": (0, 0), "worthwhile": (least, 0), "harmful": (least, margin)}
    random = np.random.default_rng(20)
    for rate in rates(judged(whole, 0.01, se, 0.0, harm_se), protocol):
        effect, harm = truths[rate.truth]
        drawn = zip(
            random.normal(effect, se, DRAWS),
            random.normal(harm, harm_se, DRAWS),
            strict=True,
        )
        said = [
            recommend(judged(whole, v, se, w, harm_se), protocol).choice
            for v, w in drawn
        ]
        for choice in CHOICES:
            p = getattr(rate, choice)
            error = np.sqrt(max(p * (1 - p), 1 / DRAWS) / DRAWS)
            assert said.count(choice) / DRAWS == pytest.approx(p, abs=4 * error)


@pytest.mark.parametrize(("se", "harm_se"), PRECISION)
def test_a_false_adoption_is_never_more_likely_than_its_level(whole, se, harm_se):
    found = {
        rate.truth: rate for rate in rates(judged(whole, 0, se, 0, harm_se), whole[1])
    }
    assert found["no_effect"].adopt <= 0.025 + 1e-12
    assert found["harmful"].adopt <= 0.025 + 1e-12
    for rate in found.values():
        chances = [getattr(rate, choice) for choice in CHOICES]
        assert sum(chances) == pytest.approx(1)
        assert min(chances) >= 0


def test_where_the_estimates_lie_is_not_read(whole):
    here = rates(judged(whole, 0.05, 0.01, 0.01, 0.005), whole[1])
    assert here == pytest.approx(
        rates(judged(whole, -0.05, 0.01, 0.0, 0.005), whole[1])
    )


@pytest.mark.parametrize("part", ["effect", "harm"])
def test_under_a_seal_or_without_an_estimate_there_are_none(whole, part):
    open_ = judged(whole, 0.05, 0.01, 0.01, 0.005)
    for none in (
        NotEstimable(reason="no patients"),
        Estimate(scale="risk_difference", sealed="deliveries failed"),
    ):
        (result,) = open_.balancing
        changes = {"estimate": none}
        if part == "harm":
            changes = {"balancing": (result.model_copy(update=changes),)}
        assert rates(open_.model_copy(update=changes), whole[1]) == ()


def test_of_a_trial_that_was_looked_at_there_are_none(whole):
    open_ = judged(whole, 0.05, 0.01, 0.01, 0.005)
    looked = open_.model_copy(update={"after_looks": AfterLooks(looks=2)})
    assert rates(open_, whole[1])
    assert rates(looked, whole[1]) == ()
