"""Captions give the days on which a trial enrolled, and those that were planned."""

import re

import pytest

from rounds.reports import render_html
from rounds.reports.brief import brief_html
from rounds.reports.trial_words import enrolled_from_to
from rounds.reports.wording import day, span
from stories.hypertension import full
from stories.told_designs import ENDED, looked_at


def of(story):
    return enrolled_from_to(story.protocol, story.evaluation)


def test_a_trial_that_ended_as_planned_has_its_planned_days():
    story = full()
    assert of(story) == span(story.protocol.enrolment)
    assert enrolled_from_to(None, None) == ""


@pytest.mark.parametrize("write", [render_html, brief_html])
def test_a_trial_that_ended_early_has_both_ends_in_its_captions(write):
    story = looked_at()
    planned = story.protocol.enrolment
    assert planned.start < ENDED.stopped < planned.end
    said = of(story)
    assert said.endswith(f"planned to {day(planned.end)})")
    assert day(ENDED.stopped) in said
    page = re.sub(r"\s+", " ", write(story))
    assert said in page


def test_an_end_after_enrolment_closed_nothing():
    story = looked_at()
    late = ENDED.model_copy(update={"stopped": story.protocol.enrolment.end})
    told = story.evaluation.model_copy(update={"after_looks": late})
    assert enrolled_from_to(story.protocol, told) == span(story.protocol.enrolment)
