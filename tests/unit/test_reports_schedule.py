"""The report of a trial whose arms changed over time says so, wherever it is read."""

import re

import pytest

from rounds.reports import render
from rounds.reports.checklists import checklist
from rounds.reports.schedule_words import schedule_table
from stories.told_designs import scheduled as told


def text_of(story, folder):
    html = render(story, folder / "report.html").read_text("utf-8")
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


@pytest.mark.parametrize(
    ("kind", "title", "plain"),
    [
        ("stepped_wedge", "stepped wedge", "We drew lots to choose the order."),
        ("cluster_crossover", "cross-over", "was on first and then off."),
    ],
)
def test_the_report_says_the_design_and_the_other_looks(tmp_path, kind, title, plain):
    text = text_of(told(kind), tmp_path)
    assert f"in a {title}" in text
    assert f"sequences of a {title}" in text
    assert plain in text
    assert "Sequence 1" in text
    assert ("nobody enrolled" in text) == (kind == "stepped_wedge")
    assert "In period 1 with the card +5.0 points" in text
    assert "p = 0.012" in text
    assert "permuted blocks" not in text


def test_a_sealed_report_shows_no_other_look(tmp_path):
    text = text_of(told("stepped_wedge", sealed=True), tmp_path)
    assert "Other looks" not in text


def test_consort_is_told_the_design_that_was_run():
    found = {x.key: x.answer for x in checklist(told("stepped_wedge"), "consort").lines}
    assert "stepped wedge" in found["3a"].said
    assert "parallel" not in found["3a"].said
    assert "on the day" in found["3a/stepped-wedge"].said
    assert "each sequence once" in found["8b"].said
    assert "day of the index visit" in found["16"].said


def test_a_parallel_trial_has_no_table_of_periods():
    assert schedule_table(None) is None
