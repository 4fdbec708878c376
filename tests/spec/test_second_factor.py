"""The second card of a factorial trial is decided, handed on and told like the first."""

import datetime as dt
import re
from dataclasses import replace

import pytest

from rounds.loop import decision
from rounds.loop.evidence.pooling import sort_out
from rounds.nouns import (
    Decision,
    DefinitionError,
    DiagnosticError,
    FactorDecision,
    Signature,
)
from rounds.reports import render_html
from rounds.reports.brief import brief_html
from rounds.reports.factor_words import factor_lines, plain_factors
from stories import factorial_trial, trial
from stories.told_designs import factorial

SIGNED = Signature(
    name="A", at=dt.datetime(2025, 1, 1, tzinfo=dt.UTC), authenticated=False
)


def decided(world=None, seed=1):
    plan = factorial_trial.protocol()
    found = factorial_trial.judged(world or factorial_trial.World(), seed, plan)
    signed = decision.run(found, plan, SIGNED, name="d", title="D")
    return found, signed, plan


def words(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def told():
    """A whole story whose decision is of both factors."""
    story = factorial()
    found, signed, _ = decided()
    second = signed.second
    return replace(
        story,
        evaluation=story.evaluation.model_copy(update={"factorial": found.factorial}),
        decision=story.decision.model_copy(update={"second": second}),
    )


def test_the_rates_of_the_second_are_those_of_its_own_intervals():
    found, signed, plan = decided()
    second = found.factorial.second
    alone = found.model_copy(
        update={"estimate": second.estimate, "balancing": second.balancing}
    )
    assert signed.second.rates == decision.rates(alone, plan) != ()
    for rate in signed.second.rates:
        chances = rate.adopt + rate.adapt + rate.abandon + rate.extend
        assert chances == pytest.approx(1)
    assert signed.second.rates != signed.rates


def test_a_sealed_second_has_no_rates():
    world = factorial_trial.World(broken="missing outcomes", of="second")
    found, signed, _ = decided(world)
    assert found.factorial.second.estimate.sealed
    assert signed.second.rates == ()


def test_a_decision_that_was_stored_before_is_read_and_keeps_its_hash():
    _, signed, _ = decided()
    old = signed.model_copy(
        update={"second": signed.second.model_copy(update={"rates": ()})}
    )
    assert "rates" not in old.model_dump(mode="json")["second"]
    again = Decision.model_validate(old.model_dump(mode="json"))
    assert again.ref() == old.ref()
    assert isinstance(again.second, FactorDecision)


def test_what_the_second_did_is_a_source_of_the_next_turn():
    found, signed, plan = decided()
    source = decision.second_as_source(found, signed, plan, "htn-turn-1")
    estimate = found.factorial.second.estimate
    effect = source.effect
    assert (effect.value, effect.lower, effect.upper) == estimate.numbers
    assert source.pico.intervention == "the letter"
    assert source.provenance.made_from == (found.ref(), signed.ref(), plan.ref())
    assert source.includes == ()


def test_one_of_a_turn_is_pooled_for_both_are_of_the_same_people():
    found, signed, plan = decided()
    first = decision.as_source(found, signed, plan, "htn-turn-1")
    second = decision.second_as_source(found, signed, plan, "htn-turn-1")
    pooled, shown = sort_out([first, second], "risk_difference")
    assert pooled == (first,)
    assert shown[0].source == second.ref()
    assert "same people" in shown[0].reason
    other = second.model_copy(update={"turn": "htn-turn-2"})
    assert sort_out([first, other], "risk_difference")[0] == (first, other)


def test_a_sealed_second_is_not_handed_on():
    found, signed, plan = decided(factorial_trial.World(broken="missing outcomes"))
    with pytest.raises(DiagnosticError):
        decision.second_as_source(found, signed, plan, "htn-turn-1")


def test_nouns_of_another_turn_are_refused():
    found, signed, plan = decided()
    other = signed.model_copy(update={"evaluation": trial.ref("evaluation/other")})
    with pytest.raises(DefinitionError) as caught:
        decision.second_as_source(found, other, plan, "htn-turn-1")
    assert caught.value.code == "turn-mismatch"


def test_one_factor_has_no_second_to_hand_on():
    found, signed, plan = decided()
    single = found.model_copy(update={"factorial": None})
    with pytest.raises(DefinitionError) as caught:
        decision.second_as_source(single, signed, plan, "htn-turn-1")
    assert caught.value.code == "no-second-factor"


def test_the_decision_and_the_pages_tell_of_both():
    story = told()
    page, sheet = words(render_html(story)), words(brief_html(story))
    assert "How often this rule errs, of the second factor" in page
    assert "What of the second note?" in page
    second = story.evaluation.factorial.second.estimate
    number = f"{100 * second.value:+.1f} points".replace("-", "−")
    assert f"And the letter? {story.protocol.primary.estimand.variable}" in sheet
    assert number in sheet
    assert "What was decided of the letter? Adopt." in sheet
    assert "It would adopt 2.5% of changes that do nothing" in sheet


def test_an_interaction_that_is_not_shown_is_not_said_to_be_none():
    story = told()
    lower, upper = story.evaluation.factorial.interaction.numbers[1:]
    assert lower < 0 < upper
    asked = {line[0]: line for line in factor_lines(story)}
    assert "does not show that there is none" in asked["Do they work together?"][2]
    assert "That does not mean that there is none" in " ".join(plain_factors(story))


def test_a_sealed_second_shows_no_number_anywhere():
    story = factorial(sealed=True)
    assert plain_factors(story) == []
    assert all(
        withheld or not re.search(r"\d points", found)
        for _, found, _, withheld in factor_lines(story)[:1]
    )


def test_a_trial_of_one_factor_says_nothing_of_a_second():
    story = told()
    single = replace(
        story, evaluation=story.evaluation.model_copy(update={"factorial": None})
    )
    assert factor_lines(single) == plain_factors(single) == []
