"""Whatever the numbers, the rule keeps its promises."""

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from rounds.loop.decision import recommend
from rounds.nouns import BalancingResult, Estimate, Evaluation
from stories import trial

NUMBERS = st.lists(st.floats(-0.3, 0.3, allow_nan=False), min_size=3, max_size=3).map(
    sorted
)


@cache
def whole():
    return trial.judged(trial.World(clinics=12), 1)


def put(effect, harm):
    evaluation, protocol = whole()
    names = ("lower", "value", "upper")
    first = Estimate(scale="risk_difference", **dict(zip(names, effect, strict=True)))
    second = Estimate(scale="risk_difference", **dict(zip(names, harm, strict=True)))
    balancing = BalancingResult(
        name="low-pressure", estimate=second, margin=0.02, verdict="uncertain"
    )
    changes = {"estimate": first, "balancing": (balancing,)}
    return evaluation.model_copy(update=changes), protocol


@given(effect=NUMBERS, harm=NUMBERS)
@settings(max_examples=200, deadline=None)
def test_the_same_numbers_give_the_same_recommendation_after_json(effect, harm):
    """The rule is a function of the noun, and the noun survives JSON."""
    evaluation, protocol = put(effect, harm)
    again = Evaluation.from_json(evaluation.to_json())
    assert recommend(again, protocol) == recommend(evaluation, protocol)


@given(effect=NUMBERS, harm=NUMBERS)
@settings(max_examples=200, deadline=None)
def test_adopting_needs_benefit_shown_and_harm_excluded(effect, harm):
    """Never adopt on an interval that holds nought or a harm beyond the margin."""
    evaluation, protocol = put(effect, harm)
    adopted = recommend(evaluation, protocol).choice == "adopt"
    assert adopted == (effect[0] > 0 and harm[2] < 0.02)


@given(effect=NUMBERS, harm=NUMBERS, more=st.floats(0, 0.2))
@settings(max_examples=200, deadline=None)
def test_more_harm_never_turns_a_decision_into_adopting(effect, harm, more):
    """Moving the whole harm upwards can only lead away from adopting."""
    evaluation, protocol = put(effect, harm)
    worse, _ = put(effect, [h + more for h in harm])
    if recommend(worse, protocol).choice == "adopt":
        assert recommend(evaluation, protocol).choice == "adopt"
