"""The page for patients can be read by them, and the grade is the real one."""

import runpy
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment

from rounds.nouns import DefinitionError
from rounds.reports.plain_language import (
    HIGHEST_GRADE,
    flesch_kincaid_grade,
    running_text,
    syllables,
)
from rounds.reports.plain_page import plain_page
from rounds.reports.templating import templates

STORIES = runpy.run_path(str(Path(__file__).parents[1] / "stories" / "hypertension.py"))
KNOWN = {
    "a": 1, "care": 1, "checked": 1, "clinic": 2, "decided": 3, "people": 2, "blood": 1,
    "pressure": 2, "control": 2, "patients": 2, "medicine": 3, "trial": 2, "table": 2,
    "counted": 2, "changes": 2, "clinics": 2, "places": 2, "pills": 1, "hypertension": 4,
    "period": 3, "question": 2, "reading": 2, "serious": 3, "variation": 4, "note": 1,
    "diabetes": 4, "uncontrolled": 3, "sometimes": 2, "study": 2, "studies": 2,
}  # fmt: skip


def test_syllables_of_known_words_are_counted_as_a_dictionary_does():
    found = {word: syllables(word) for word in KNOWN}
    assert found == KNOWN


def test_a_number_is_not_an_easy_word():
    assert syllables("9,120") == 4


def test_the_formula_is_kincaids():
    """Two sentences, 8 words, 13 syllables, worked by hand."""
    text = ["The patients took medicine. They checked the pressure."]
    words, sentences, sounds = 8, 2, 1 + 2 + 1 + 3 + 1 + 1 + 1 + 2
    by_hand = 0.39 * words / sentences + 11.8 * sounds / words - 15.59
    assert flesch_kincaid_grade(text) == pytest.approx(by_hand)


def test_longer_words_and_longer_sentences_raise_the_grade():
    easy = flesch_kincaid_grade(["We gave them pills. They got well."])
    longer = flesch_kincaid_grade(["We gave them pills and they got well."])
    harder = flesch_kincaid_grade(["Antihypertensive medication ameliorated outcomes."])
    assert easy < longer < harder


def test_a_text_without_words_has_no_grade():
    with pytest.raises(ValueError, match="no word"):
        flesch_kincaid_grade(["…"])


def test_headings_and_pictures_do_not_flatter_the_grade():
    html = (
        "<h2>Why</h2><svg><title>Ring</title></svg><p>We <b>asked</b>.</p><li>So.</li>"
    )
    assert running_text(html) == ["We asked.", "So."]


CASES = {
    "problem alone": STORIES["tiny"],
    **{
        choice: (lambda choice=choice: STORIES["full"](choice))
        for choice in ("adopt", "adapt", "abandon", "extend")
    },
    "departure": lambda: STORIES["full"]("extend", "adopt"),
    "sealed": lambda: STORIES["full"]("extend", sealed=True),
    "no effect, and harm": lambda: STORIES["full"](
        "abandon", effect=(0.002, -0.02, 0.024), harm=(0.05, 0.035, 0.065)
    ),
    "worse": lambda: STORIES["full"](
        "abandon", effect=(-0.05, -0.08, -0.02), harm=(0.02, -0.01, 0.05)
    ),
    "by patient": lambda: STORIES["full"]("adopt", unit="patient"),
}


@pytest.mark.parametrize("name", CASES)
def test_every_outcome_is_told_at_grade_eight_or_lower(name):
    html, grade = plain_page(CASES[name](), templates())
    assert grade <= HIGHEST_GRADE
    assert grade == flesch_kincaid_grade(running_text(html))


def test_each_outcome_is_told_differently():
    told = {name: plain_page(story(), templates())[0] for name, story in CASES.items()}
    assert len(set(told.values())) == len(told)
    assert "turn it on for all" in told["adopt"]
    assert "stop using the note" in told["abandon"]
    assert "not what our rule said" in told["departure"]
    assert "made things worse" in told["worse"]
    assert "can not be sure if the note helps" in told["no effect, and harm"]
    assert "more harm than the limit" in told["no effect, and harm"]
    assert "did help" not in told["sealed"]


def test_a_sealed_estimate_shows_no_number_to_patients():
    html, _ = plain_page(CASES["sealed"](), templates())
    result = html.split("What did we find?")[1].split("Did it work for all?")[0]
    assert "do not show a number" in result
    assert not any(digit in result.replace("h2", "") for digit in "123456789")


def test_a_statement_that_is_too_hard_is_left_out():
    story = STORIES["tiny"]()
    hard = "Antihypertensive intensification " * 60
    problem = story.problem.model_copy(update={"statement": hard})
    html, grade = plain_page(STORIES["Story"](problem=problem), templates())
    assert "intensification" not in html
    assert grade <= HIGHEST_GRADE


def test_a_page_that_is_too_hard_all_the_same_is_refused():
    hard = Environment(
        loader=DictLoader(
            {
                "plain.html": "<p>Multidisciplinary organisations deliberate interminably</p>"
            }
        ),
        autoescape=True,
    )
    with pytest.raises(DefinitionError, match="reads at grade"):
        plain_page(STORIES["tiny"](), hard)


def test_studies_that_were_read_are_not_all_said_to_be_added_up():
    story = STORIES["full"]()
    html, _ = plain_page(story, templates())
    assert "We read 4 studies by others. Taken as one, they found" in html
    more = (*story.evidence.sources, story.evidence.sources[0])
    evidence = story.evidence.model_copy(update={"sources": more})
    changed = STORIES["Story"](problem=story.problem, evidence=evidence)
    html, _ = plain_page(changed, templates())
    assert "We read 5 studies by others. Taken as one, 4 of them found" in html


def test_people_are_told_that_they_may_decline_only_where_they_may():
    story = STORIES["full"]()
    assert "You can say no at any time" in plain_page(story, templates())[0]
    rollout = story.rollout.model_copy(update={"notification": "notice"})
    told = STORIES["Story"](problem=story.problem, rollout=rollout)
    assert "You can say no" not in plain_page(told, templates())[0]
