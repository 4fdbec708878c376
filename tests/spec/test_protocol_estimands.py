"""What a protocol may ask: offered, refused by name, judged on its own scale."""

import math

import pytest

from rounds.loop.decision import as_source, explain, rates, recommend
from rounds.loop.evaluation.estimates.estimands import check_estimands
from rounds.nouns import (
    DefinitionError,
    Estimate,
    Factors,
    HypothesisResult,
    IntercurrentEvent,
    LookPlan,
    Prior,
    PriorComponent,
)
from stories import estimands, trial
from stories.hypertension import full


def refused(plan, measures=None):
    with pytest.raises(DefinitionError) as caught:
        check_estimands(plan, measures or {})
    return str(caught.value)


def with_primary(plan, **changes):
    first = plan.primary
    estimand = first.estimand.model_copy(update=changes)
    first = first.model_copy(update={"estimand": estimand})
    return plan.model_copy(update={"endpoints": (first, *plan.endpoints[1:])})


@pytest.mark.parametrize(
    "summary",
    ["risk_ratio", "odds_ratio", "rate_ratio", "hazard_ratio", "rmst_difference"],
)
@pytest.mark.parametrize("unit", ["clinic", "patient"])
def test_every_summary_is_offered_in_parallel(summary, unit):
    """For clinics and for patients; refused where a method would not be sound."""
    check_estimands(estimands.asked(summary, unit=unit), {})


REFUSED = {
    "matched_pairs": ({"allocation": "matched_pairs"}, "an effect of each pair"),
    "response_adaptive": ({"allocation": "response_adaptive"}, "epochs"),
    "factorial": (
        {"factors": Factors(first="a", second="b", interaction_margin=0.1)},
        "margins",
    ),
}


@pytest.mark.parametrize("design", REFUSED)
def test_a_design_that_answers_in_differences_says_why(design):
    """The refusal names the endpoint, the summary and the reason."""
    changes, why = REFUSED[design]
    plan = estimands.asked("odds_ratio").model_copy(update=changes)
    said = refused(plan)
    assert "intensified: no odds ratio" in said
    assert why in said
    check_estimands(trial.protocol().model_copy(update=changes), {})


def test_looks_are_bounded_on_differences():
    """Looks refuse a ratio and a margin, and leave a secondary ratio be."""
    plan = LookPlan(looks="group_sequential", fractions=(0.5, 1.0), planned_se=0.02)
    looked = estimands.asked("risk_ratio").model_copy(update={"looks": plan})
    assert "looks and guardrails" in refused(looked)
    held = estimands.asked("risk_difference", margin=0.1, hypothesis="non-inferiority")
    held = held.model_copy(update={"looks": plan})
    assert "no non-inferiority, for looks" in refused(held)


def test_an_average_of_clusters_is_of_clusters_that_were_randomised():
    """And of a method that has weights."""
    patients = estimands.asked("risk_ratio", unit="patient", weighting="clusters")
    assert "no clusters were randomised" in refused(patients)
    assert "has no weights" in refused(
        estimands.asked("rmst_difference", weighting="clusters")
    )
    check_estimands(estimands.asked("risk_difference", weighting="clusters"), {})


@pytest.mark.parametrize(
    "strategy",
    ["hypothetical", "composite_variable", "while_on_treatment", "principal_stratum"],
)
def test_an_intercurrent_event_is_met_by_treatment_policy_alone(strategy):
    """Each other strategy is refused by its name, with what to do instead."""
    event = IntercurrentEvent(event="death", strategy=strategy)
    plan = with_primary(trial.protocol(), intercurrent_events=(event,))
    said = refused(plan)
    assert f"'death' cannot be met by {strategy.replace('_', ' ')}" in said
    policy = IntercurrentEvent(event="death", strategy="treatment_policy")
    check_estimands(with_primary(plan, intercurrent_events=(policy,)), {})


@pytest.mark.parametrize(
    ("summary", "least", "margin", "says"),
    [
        ("risk_ratio", 0.02, None, "was meant as a difference"),
        ("odds_ratio", 1.0, None, "1 is no effect"),
        ("risk_difference", 2.0, None, "below 1"),
        ("risk_difference", 0.02, 3.0, "below 1"),
        ("hazard_ratio", 1.2, 40.0, "was meant as a difference"),
    ],
)
def test_a_threshold_is_on_the_scale_of_its_summary(summary, least, margin, says):
    """A ratio's is a ratio, a difference of risks below 1."""
    plan = estimands.asked(summary, least=least, margin=margin)
    said = refused(plan)
    assert says in said
    assert ("margin" if margin else "least_worthwhile") in said


def test_a_margin_belongs_to_a_primary_that_is_held_against_it():
    """Without a margin, or of another endpoint, the protocol does not exist."""
    with pytest.raises(ValueError, match="needs a margin"):
        estimands.asked("risk_ratio", hypothesis="equivalence")
    other = trial.endpoint("balancing", trial.BALANCING, "low", "lower", margin=0.1)
    with pytest.raises(ValueError, match="primary endpoint"):
        type(other).model_validate(
            other.model_dump() | {"hypothesis": "non-inferiority"}
        )


def test_a_protocol_that_asks_nothing_new_keeps_its_hash():
    """As frozen before weighting and hypothesis were there."""
    assert trial.protocol().content_hash() == OLD_HASH


OLD_HASH = "18d09de15030302e1cfc2de3fb779617525e540c6c694b3e3802be4056352624"


def judged(plan, numbers, harm=(0.0, -0.01, 0.01), world=None):
    found, _ = trial.judged(world or trial.World(clinics=12, per_clinic=20), 1)
    value, lower, upper = numbers
    scale = plan.primary.estimand.summary_measure
    estimate = Estimate(value=value, lower=lower, upper=upper, scale=scale, n=900)
    middle, low, high = harm
    balancing = found.balancing[0].model_copy(
        update={
            "estimate": Estimate(
                value=middle, lower=low, upper=high, scale="risk_difference", n=900
            )
        }
    )
    return found.model_copy(update={"estimate": estimate, "balancing": (balancing,)})


@pytest.mark.parametrize(
    ("hypothesis", "numbers", "choice"),
    [
        ("superiority", (1.3, 1.1, 1.5), "adopt"),
        ("superiority", (1.02, 0.97, 1.05), "abandon"),
        ("superiority", (1.1, 0.9, 1.4), "extend"),
        ("non-inferiority", (0.98, 0.85, 1.1), "adopt"),
        ("non-inferiority", (0.9, 0.75, 1.05), "extend"),
        ("non-inferiority", (0.6, 0.5, 0.7), "abandon"),
        ("equivalence", (1.02, 0.9, 1.2), "adopt"),
        ("equivalence", (1.4, 1.3, 1.6), "extend"),
        ("equivalence", (0.6, 0.5, 0.7), "abandon"),
    ],
)
def test_the_rule_reads_a_ratio_against_its_own_margin(hypothesis, numbers, choice):
    """Margin 0.8, which is 1.25 too; the least worthwhile ratio is 1.1."""
    margin = None if hypothesis == "superiority" else 0.8
    plan = estimands.asked("risk_ratio", hypothesis=hypothesis, margin=margin)
    found = recommend(judged(plan, numbers), plan)
    assert found.choice == choice
    assert "risk ratio of intensified is" in found.reasons[0]
    assert "points" not in found.reasons[0]
    said = explain(plan)
    assert ("a risk ratio of 0.80" in said) == (hypothesis != "superiority")
    assert ("even a risk ratio of 1.10" in said) == (hypothesis == "superiority")


def test_where_less_is_better_a_ratio_below_one_is_the_benefit():
    """The same thresholds, turned to the other side."""
    plan = estimands.asked("hazard_ratio", better="lower", least=1.1)
    found = recommend(judged(plan, (0.7, 0.6, 0.85)), plan)
    assert found.choice == "adopt"
    worthless = recommend(judged(plan, (1.0, 0.95, 1.05)), plan)
    assert worthless.choice == "abandon"
    assert "falls short of a hazard ratio of 0.91" in worthless.reasons[1]


def test_rates_of_error_are_told_at_the_margin():
    """Worse by the margin: adopted in at most 2.5%; the chances add up to one."""
    plan = estimands.asked("risk_ratio", hypothesis="non-inferiority", margin=0.8)
    found = {one.truth: one for one in rates(judged(plan, (1.0, 0.9, 1.11)), plan)}
    assert list(found) == ["at_margin", "no_effect", "harmful"]
    assert found["at_margin"].adopt <= 0.025
    assert found["no_effect"].adopt > 0.9
    for one in found.values():
        total = one.adopt + one.adapt + one.abandon + one.extend
        assert total == pytest.approx(1)
    ratio = estimands.asked("risk_ratio")
    assert rates(judged(ratio, (1.0, 0.9, 1.11)), ratio)[0].truth == "no_effect"


def test_a_verdict_against_the_margin_stands_beside_the_estimate():
    """With its bounds on the effect's scale, and its one-sided p-value."""
    plan = estimands.asked(
        "risk_difference", hypothesis="non-inferiority", margin=0.1, unit="clinic"
    )
    found, _ = trial.judged(trial.World(), 2, plan)
    told = found.hypothesis
    assert isinstance(told, HypothesisResult)
    assert told.verdict == "shown"
    assert told.lower_bound == -0.1
    assert told.upper_bound is None
    assert told.p_value < told.one_sided_level
    broken, _ = trial.judged(trial.World(broken="sample ratio"), 2, plan)
    assert broken.estimate.sealed
    assert broken.hypothesis.verdict == "sealed"
    assert broken.hypothesis.p_value is None
    assert trial.judged(trial.World(), 2)[0].hypothesis is None


def test_a_prior_of_logarithms_goes_with_a_risk_ratio():
    """The posterior is a ratio again; beside another scale there is none."""
    parts = (
        PriorComponent(weight=0.8, mean=0.3, sd=0.2, role="informative"),
        PriorComponent(weight=0.2, mean=0.0, sd=2.0, role="vague"),
    )
    known = trial.evidence(Prior(scale="log_risk_ratio", components=parts))
    plan = estimands.asked("risk_ratio", least=1.1)
    found, _ = trial.judged(trial.World(), 2, plan, known)
    value, lower, upper = found.posterior.estimate.numbers
    assert 0 < lower < value < upper
    assert upper - lower < found.estimate.numbers[2] - found.estimate.numbers[1]
    assert found.posterior.probability_benefit > found.posterior.probability_worthwhile
    other, _ = trial.judged(trial.World(), 2, plan)
    assert "the prior is a risk difference" in other.posterior.reason


def test_what_a_turn_found_goes_on_as_a_logarithm():
    """A source of the next turn can be pooled with others of its scale."""
    story = full()
    plan = estimands.asked("odds_ratio", least=1.1)
    found, _ = trial.judged(trial.World(), 2, plan)
    decided = story.decision.model_copy(
        update={"evaluation": found.ref(), "protocol": plan.ref()}
    )
    effect = as_source(found, decided, plan, "turn-1").effect
    assert effect.scale == "log_odds_ratio"
    assert effect.value == pytest.approx(math.log(found.estimate.value))
    assert effect.lower == pytest.approx(math.log(found.estimate.lower))
