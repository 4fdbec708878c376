"""What people ordinarily ask is answered."""

import datetime as dt

import pytest

from rounds.conduct import Gate, Project
from rounds.nouns import DisclosureError
from stories.asked_world import AskedWorld, ordinary_questions

AT = dt.datetime(2025, 2, 3, 9, 0, tzinfo=dt.UTC)
CLOSE = "what you were told before"


@pytest.mark.slow
def test_nine_in_ten_ordinary_questions_of_one_person_are_answered(tmp_path):
    """In order, by one person, in a house of 12,000; small sites may stay hidden.

    A question counts as answered if no line was left out for what was asked before.
    """
    world = AskedWorld(12_000, seed=11)
    questions = ordinary_questions()
    assert len(questions) >= 60
    answered = []
    project = Project.init(tmp_path / "h", source=None)
    with Gate.open(project, now=lambda: AT, asker="ana") as gate:
        for question in questions:
            try:
                told = world.ask(gate, question)
            except DisclosureError:
                continue
            if not any(CLOSE in sentence for sentence in told.limitations):
                assert not told.overall.suppressed
                answered.append(str(question))
    assert len(answered) >= 0.9 * len(questions), sorted(
        set(map(str, questions)) - set(answered)
    )
