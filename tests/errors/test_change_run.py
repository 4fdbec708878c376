"""What `change.run` refuses, and how it says so."""

import datetime as dt
import sqlite3

import pytest

from rounds.loop import change
from rounds.nouns import DefinitionError, Design, SourceError
from rounds.practice import Practice
from stories import practice as story


@pytest.fixture
def practice(tmp_path):
    with Practice.open(tmp_path / "private" / "practice.sqlite") as opened:
        yield opened


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ({"determination": None}, "determination"),
        ({"notification": None}, "notification"),
        ({"notification": "rumour"}, "notification"),
        ({"responsible": "  "}, "responsible"),
    ],
)
def test_no_rollout_starts_without_its_safeguards(practice, missing, said):
    """Each safeguard that is missing is named, and nothing goes live."""
    with pytest.raises(DefinitionError, match=said) as caught:
        story.start(practice, **missing)
    assert caught.value.code == "safeguard-missing"
    assert caught.value.remedies
    assert practice.services() == ()


def test_knowledge_whose_examples_fail_is_refused(practice):
    """The example is named by its title."""
    payload = story.knowledge().payload
    wrong = {**payload, "when": {"fact": "age", "op": ">", "value": 200}}
    with pytest.raises(DefinitionError, match="Exactly at the limit"):
        story.start(practice, knowledge_object=story.knowledge(payload=wrong))
    assert practice.services() == ()


@pytest.mark.parametrize(
    ("change_card", "said"),
    [
        ({"summary": "x" * 140}, "summary"),
        ({"indicator": "loud"}, "indicator"),
        ({"source": {}}, "source"),
        ({"suggestions": [{}]}, "suggestions"),
        ({"overrideReasons": [{"code": "x", "system": "y"}]}, "overrideReasons"),
        ({"selectionBehavior": "all"}, "selectionBehavior"),
        ({"sound": "beep"}, "sound"),
    ],
)
def test_a_card_that_is_not_one_is_refused(change_card, said):
    """All that is wrong with a card is listed by field."""
    payload = story.knowledge().payload
    card = {**payload["card"], **change_card}
    wrong = story.knowledge(payload={**payload, "card": card})
    with pytest.raises(DefinitionError, match=said):
        change.check_knowledge(wrong)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"seed": b"short"}, "seed-length"),
        ({"salt": bytes(33)}, "seed-length"),
        ({"units": {"clinic-1": "s"}}, "too-few-units"),
        ({"starts": dt.date(2024, 1, 1)}, "rollout-inconsistent"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(practice, wrong, code):
    """Each is a DefinitionError with its code."""
    with pytest.raises(DefinitionError) as caught:
        story.start(practice, **wrong)
    assert caught.value.code == code


def test_a_design_other_than_the_protocols_is_refused(practice):
    """The protocol fixed the unit of randomisation."""
    with pytest.raises(DefinitionError, match="randomises by clinic"):
        change.run(
            story.evidence(),
            story.knowledge(),
            story.protocol("clinic"),
            Design(unit="patient"),
            practice,
            **story.arguments("patient"),
        )


def test_knowledge_on_other_evidence_is_refused(practice):
    """What the knowledge says it rests on is what is handed in."""
    other = story.knowledge(evidence=story.ref("evidence/other"))
    with pytest.raises(DefinitionError, match="other evidence"):
        story.start(practice, knowledge_object=other)


def test_patients_are_not_allocated_from_a_list(practice):
    """They are allocated when they are first met."""
    with pytest.raises(DefinitionError) as caught:
        story.start(practice, unit="patient", units={"patient-1": "s"})
    assert caught.value.code == "units-given"


def test_a_second_trial_of_a_service_is_refused(practice):
    """It would withdraw what patients get now."""
    story.start(practice)
    with pytest.raises(DefinitionError) as caught:
        story.start(practice, name="another")
    assert caught.value.code == "service-taken"


def test_a_missing_file_of_knowledge_is_said(tmp_path):
    """The error names the file."""
    with pytest.raises(DefinitionError, match="absent"):
        change.load_knowledge(tmp_path / "absent.yaml")


def test_individual_consent_is_refused_until_it_can_be_kept(practice):
    """Rather than shown to those who were never asked."""
    with pytest.raises(DefinitionError) as caught:
        story.start(practice, notification="consent")
    assert caught.value.code == "consent-not-yet"


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ({"fact": "shoe_size", "op": ">", "value": 1}, "shoe_size is not one of age"),
        ({"fact": "age", "op": "==", "value": True}, "age is a number"),
        (
            {"fact": "n_antihypertensives", "op": "<", "value": 4},
            "antihypertensives is needed",
        ),
    ],
)
def test_a_fact_that_cannot_reach_the_bedside_is_refused(when, said):
    """It would be silent for ever, and nobody would know why."""
    payload = {**story.knowledge().payload, "when": when}
    with pytest.raises(DefinitionError, match=said):
        change.check_knowledge(story.knowledge(payload=payload))


def test_a_prefetch_template_that_is_missing_is_named():
    """Without it every call would be answered 412."""
    knowledge = story.knowledge()
    prefetch = {k: v for k, v in knowledge.service.prefetch.items() if k != "patient"}
    service = knowledge.service.model_copy(update={"prefetch": prefetch})
    with pytest.raises(DefinitionError, match="patient is needed for age"):
        change.check_knowledge(story.knowledge(service=service))


def test_a_full_or_lost_store_is_said_without_a_row(practice):
    """The store's own message could hold what was written."""
    story.start(practice)
    connection = sqlite3.connect(practice.path)
    connection.execute("drop table opt_out")
    connection.commit()
    connection.close()
    with pytest.raises(SourceError) as caught:
        practice.opt_out("patient-1", story.NOW)
    assert caught.value.code == "practice-unwritable"
    assert "patient-1" not in str(caught.value)
    assert caught.value.__suppress_context__
    with pytest.raises(SourceError):
        practice.opt_outs()
