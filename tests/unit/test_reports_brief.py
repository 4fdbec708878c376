"""The page for a sponsor: the answer with its doubt, and nothing under a seal."""

import datetime as dt
import re
from dataclasses import replace

import pytest

from rounds.nouns import AfterLooks, DefinitionError, NotEstimable
from rounds.reports.brief import brief_html
from stories.hypertension import full, tiny


def words(html):
    body = html[html.index("<body>") :]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


@pytest.fixture(scope="module")
def told():
    return words(brief_html(full()))


def test_it_says_the_effect_with_its_interval_and_in_people(told):
    value, lower, _ = full().evaluation.estimate.numbers
    assert f"{100 * value:+.1f} points (95% CI {100 * lower:+.1f} to" in told
    assert f"About {100 * value:.0f} more in every 100 patients" in told


def test_it_asks_of_harm_cost_reach_and_trust(told):
    for question in (
        "Did it work?",
        "Was anyone harmed?",
        "For whom?",
        "Did it reach them?",
        "What did it cost? Not measured.",
        "May it be trusted?",
    ):
        assert question in told


def test_it_names_who_signed_and_what_comes_next(told):
    decision = full().decision
    assert decision.signed_by.name in told
    assert decision.next_question in told


def test_under_a_seal_there_is_a_reason_and_no_number():
    value = 100 * full().evaluation.estimate.value
    html = brief_html(full("extend", sealed=True))
    assert "sealed" in words(html)
    assert f"{value:+.1f} points" not in html
    assert "Not passed:" in words(html)
    assert "in every 100 patients" not in html


def test_a_departure_from_the_rule_is_said_with_its_reason():
    told = words(brief_html(full("extend", "adopt")))
    assert "Extend: the rule recommends adopt" in told
    assert "The board wants another site first." in told


def test_before_a_decision_it_says_whose_turn_it_is():
    told = words(brief_html(replace(full(), decision=None)))
    assert "Evaluated, not decided yet" in told
    assert "A named person signs" in told


def test_what_cannot_be_estimated_is_said_so():
    story = full()
    none = NotEstimable(reason="No patients came.")
    changed = story.evaluation.model_copy(update={"estimate": none, "equity": ()})
    told = words(brief_html(replace(story, evaluation=changed)))
    assert "No patients came." in told
    assert "No group has a number that may be shown." in told


def test_without_an_evaluation_there_is_nothing_to_say():
    with pytest.raises(DefinitionError) as caught:
        brief_html(tiny())
    assert caught.value.code == "nothing-to-brief"


def test_an_early_end_is_said_with_its_reason():
    story = full()
    ended = AfterLooks(
        looks=1,
        stopped=dt.date(2025, 5, 1),
        stopped_by="Dr Ida Mann",
        reason="Benefit was shown.",
        grounds="benefit",
    )
    changed = story.evaluation.model_copy(update={"after_looks": ended})
    told = words(brief_html(replace(story, evaluation=changed)))
    assert "Ended early on 1 May 2025: Benefit was shown." in told
