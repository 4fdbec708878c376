"""What `change.run` refuses, and how it says so."""

import datetime as dt

import pytest

from rounds.loop import change
from rounds.nouns import DefinitionError, Design
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
