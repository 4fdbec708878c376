"""What was decided before is kept, found again, and shown when something is like it."""

import datetime as dt
from dataclasses import replace

import pytest

from rounds.conduct import alike, search, tried_before
from rounds.ledger import Ledger
from rounds.nouns import NotEstimable
from stories.hypertension import full, publish


@pytest.fixture
def ledger(tmp_path):
    with Ledger.open(tmp_path / "registry.sqlite") as opened:
        yield opened


@pytest.fixture
def tried(ledger):
    publish(ledger, full("abandon"))
    return tried_before(ledger)


@pytest.fixture
def reminder(tried):
    """The same, of a change that needs more words."""
    (one,) = tried
    treatment = "A reminder card is shown to the clinician at uncontrolled visits"
    return replace(one, treatment=treatment)


def test_a_null_result_is_kept_with_its_number_and_its_reasons(tried):
    (one,) = tried
    story = full("abandon")
    assert one.decided == "abandon"
    assert one.effect == story.evaluation.estimate
    assert one.reasons == story.decision.reasons
    assert one.treatment == story.protocol.primary.estimand.treatment


def test_nothing_was_tried_where_nothing_was_decided(ledger):
    publish(ledger, full(), until="rollout")
    assert tried_before(ledger) == ()


@pytest.mark.parametrize(
    ("words", "n"),
    [([], 1), (["ABANDON"], 1), (["card"], 1), (["car", "inten"], 1), (["surgery"], 0)],
)
def test_it_is_found_by_words_of_what_was_done(tried, words, n):
    assert len(search(tried, words)) == n


def test_every_word_must_be_there(tried):
    assert search(tried, ["card", "surgery"]) == ()
    assert search(tried, ["card surgery"]) == ()


def test_a_like_idea_is_shown_what_came_of_it(reminder):
    (shown,) = alike([reminder], "Show the clinician a CARD when pressure is high")
    assert shown.because == ("a change in like words: card, clinician, show",)
    assert shown.effect == reminder.effect


def test_another_idea_is_not(reminder):
    assert (
        alike([reminder], "Nurses telephone patients after discharge from hospital")
        == ()
    )


def test_two_words_in_common_are_no_likeness(tried):
    assert alike(tried, "Card shown") == ()


def test_the_same_card_or_outcome_is_a_reason_of_its_own(tried):
    (one,) = tried
    (shown,) = alike(
        tried, "Something else", measure=one.measure, knowledge=one.knowledge
    )
    assert shown.because == ("the same knowledge object", "the same primary outcome")


def test_what_has_most_in_common_comes_first(reminder):
    other = replace(reminder, knowledge="knowledge-object/other", title="Other")
    found = alike((other, reminder), reminder.treatment, knowledge=reminder.knowledge)
    assert [each.title for each in found] == [reminder.title, "Other"]


def test_a_proposal_is_not_shown_to_itself(tried):
    (one,) = tried
    asked = {"measure": one.measure, "knowledge": one.knowledge}
    assert alike(tried, one.treatment, **asked)
    assert alike(tried, one.treatment, **asked, but_not=one.protocol) == ()


def test_a_decision_from_elsewhere_is_told_as_far_as_it_is_known(ledger):
    story = full("abandon")
    publish(ledger, story)
    elsewhere = story.decision.model_copy(
        update={
            "name": "elsewhere",
            "protocol": story.protocol.model_copy(update={"name": "other"}).ref(),
            "evaluation": story.evaluation.model_copy(update={"name": "other"}).ref(),
        }
    )
    ledger.publish(elsewhere, at=dt.datetime(2025, 11, 1, tzinfo=dt.UTC), by="Another")
    last = tried_before(ledger)[0]
    assert isinstance(last.effect, NotEstimable)
    assert last.treatment == ""
