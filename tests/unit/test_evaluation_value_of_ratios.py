"""Money is set against a difference, whatever the protocol's summary measure is."""

import numpy as np
import pytest
from pydantic import ValidationError

from rounds.loop.evaluation.after_adoption.maintenance import _kept
from rounds.loop.evaluation.analysis import joined_endpoints
from rounds.loop.evaluation.value.value import value_of
from rounds.nouns import DecisionRule, Estimate, NotEstimable
from stories import priced_trial, trial

RULE = DecisionRule(least_worthwhile=1.2)


def asking(summary):
    primary = trial.endpoint(
        "primary", trial.PRIMARY, "intensified", "higher", summary=summary
    )
    balancing = trial.endpoint(
        "balancing", trial.BALANCING, "low-pressure", "lower", margin=0.02
    )
    return trial.protocol(
        costs=priced_trial.costs(), decision_rule=RULE, endpoints=(primary, balancing)
    )


def valued(plan, sealed=None):
    rows = priced_trial.made(trial.World(clinics=20, effect=0.12), 3)
    people = joined_endpoints(rows, plan)[plan.primary.estimand.name]
    return value_of(people, plan, rows.calls, rows.resources, sealed=sealed)


def test_of_an_odds_ratio_it_is_the_difference_of_risks():
    plain = valued(asking("risk_difference"))
    ratio = valued(asking("odds_ratio"))
    assert ratio.effect.scale == "risk_difference"
    assert ratio.effect.numbers == plain.effect.numbers
    assert ratio.net_benefit.numbers == plain.net_benefit.numbers
    assert valued(asking("risk_ratio"), "why").effect.scale == "risk_difference"


@pytest.mark.parametrize("summary", ["rate_ratio", "hazard_ratio", "rmst_difference"])
def test_times_until_an_event_are_worth_nothing_by_themselves(summary):
    with pytest.raises(ValidationError, match=r"costs\.outcome"):
        asking(summary)


def estimate(scale, *numbers):
    value, lower, upper = numbers
    return Estimate(
        value=value, lower=lower, upper=upper, level=0.95, scale=scale, n=90
    )


def test_a_share_of_a_ratio_is_not_kept():
    change = estimate("risk_difference", -0.01, -0.03, 0.01)
    kept = _kept(change, estimate("odds_ratio", 1.5, 1.2, 1.9), 0.95)
    assert isinstance(kept, NotEstimable)
    assert "odds ratio" in kept.reason
    of_points = _kept(change, estimate("risk_difference", 0.1, 0.06, 0.14), 0.95)
    assert np.isclose(of_points.value, 0.9)
