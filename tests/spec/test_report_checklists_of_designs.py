"""The checklist of an evaluation is that of its design, and points to what is there."""

import html
import re
from dataclasses import replace

import pytest

from rounds.reports import render_html
from rounds.reports.checklists import checklist, checklist_html
from rounds.reports.safety import made_safe
from stories.hypertension import SEALED, full
from stories.told_designs import factorial, looked_at, scheduled

ITEMS = {
    "stepped-wedge": {
        *("1a", "1b", "2a", "3a", "4a", "5", "7a", "8b", "9", "10a", "10b", "10c"),
        *("11a", "12a", "13a", "13b", "14a", "15", "16", "17a", "26"),
    },
    "crossover": {
        *("1a", "1b", "2a", "3a", "7a", "10", "12a", "13a", "13b", "14a", "15", "16"),
        *("17a", "19", "20"),
    },
    "factorial": {
        *("1a", "1b", "2a", "2b", "3a", "4a", "5", "6a", "7a", "7b", "8b", "11a"),
        *("12a", "13a", "15", "16", "17a", "17c", "19", "20", "22"),
    },
    "adaptive": {
        *("1b", "3b", "3c", "6a", "6b", "7a", "7b", "8b", "11c", "12b", "13a", "14a"),
        *("14c", "15b", "17c", "20", "24b"),
    },
}


STORIES = {
    "parallel, by clinic": (full, {"cluster"}),
    "parallel, by patient": (lambda: full(unit="patient"), set()),
    "stepped wedge": (
        lambda: scheduled("stepped_wedge"),
        {"cluster", "stepped-wedge"},
    ),
    "cross-over": (lambda: scheduled("cluster_crossover"), {"cluster", "crossover"}),
    "factorial": (factorial, {"cluster", "factorial"}),
    "looked at": (looked_at, {"cluster", "adaptive"}),
    "response-adaptive": (lambda: looked_at(tilted=True), {"adaptive"}),
}
PAGES = ("parallel, by clinic", "stepped wedge", "factorial", "response-adaptive")
"""Drawn whole, which takes a second each."""
SEALED_STORIES = {
    "stepped wedge": lambda: scheduled("stepped_wedge", sealed=True),
    "cross-over": lambda: scheduled("cluster_crossover", sealed=True),
    "factorial": lambda: factorial(sealed=True),
}


def by_key(found):
    return {line.key: line.answer for line in found.lines}


@pytest.mark.parametrize("name", STORIES)
def test_a_design_is_asked_what_its_extension_asks(name):
    make, layers = STORIES[name]
    found = checklist(make(), "consort")
    assert {line.layer for line in found.lines} == {"consort", "routine"} | layers
    for layer in layers & ITEMS.keys():
        asked = {line.item for line in found.lines if line.layer == layer}
        assert asked == ITEMS[layer]


def test_a_stepped_wedge_is_not_asked_twice():
    """Its extension words anew what that for clusters asks."""
    found = checklist(scheduled("stepped_wedge"), "consort")
    left = {line.item for line in found.lines if line.layer == "cluster"}
    assert left == {"2b", "6a"}


@pytest.mark.parametrize("name", PAGES)
def test_each_item_points_to_a_part_of_the_page_and_to_a_field(name):
    story = STORIES[name][0]()
    page = html.unescape(render_html(story))
    heads = [
        re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", text)).strip()
        for text in re.findall("<h[1-4][^>]*>(.*?)</h[1-4]>", page, re.DOTALL)
    ]
    nouns = {
        noun.ref().short: noun
        for noun in vars(made_safe(story)).values()
        if hasattr(noun, "ref")
    }
    lines = [
        line
        for standard in ("consort", "squire")
        for line in checklist(story, standard).lines
    ]
    for line in lines:
        if line.answer.where == "the head of the report":
            continue
        for place in filter(None, line.answer.where.split("; ")):
            part, ref, fields = place.split(" · ")
            for head in part.split(", "):
                stands = any(re.search(rf"(^|\d ){re.escape(head)}", h) for h in heads)
                assert stands, (line.key, head)
            for field in fields.replace("all of it", "name").split(", "):
                at = nouns[ref]
                for step in field.split("."):
                    at = at[0] if isinstance(at, tuple) else at
                    assert hasattr(at, step), (line.key, field)
                    at = getattr(at, step)


@pytest.mark.parametrize("name", STORIES)
def test_an_answer_says_what_its_status_says(name):
    for line in checklist(STORIES[name][0](), "consort").lines:
        told = line.answer
        said = bool(told.said), bool(told.where), bool(told.missing)
        assert (
            said
            == {
                "reported": (True, True, False),
                "partly": (True, True, True),
                "not reported": (False, False, True),
                "not yet": (False, False, True),
                "not applicable": (True, False, False),
            }[told.status]
        ), line.key


@pytest.mark.parametrize("name", SEALED_STORIES)
def test_while_sealed_no_item_of_a_design_holds_a_result(name):
    story = SEALED_STORIES[name]()
    found = checklist(story, "consort")
    layer = name.replace(" ", "-").replace("cross-over", "crossover")
    result = by_key(found)[f"17a/{layer}"]
    assert SEALED in result.said or result.missing.endswith("checks that failed.")
    numbers = re.findall(r"[+−]\d+\.\d points", checklist_html(found))
    open_ = checklist_html(checklist(STORIES[name][0](), "consort"))
    assert len(numbers) < len(re.findall(r"[+−]\d+\.\d points", open_))
    told = by_key(found)
    assert not re.search(r"[+−]\d+\.\d points", told[f"17a/{layer}"].said)


@pytest.mark.parametrize("name", STORIES)
def test_before_the_evaluation_the_items_of_a_design_wait_too(name):
    make, layers = STORIES[name]
    story = replace(make(), evaluation=None, decision=None)
    found = by_key(checklist(story, "consort"))
    for layer in layers & ITEMS.keys():
        results = [i for i in ITEMS[layer] if i.startswith(("13", "14", "16", "17"))]
        assert results
        for item in results:
            assert found[f"{item}/{layer}"].status == "not yet", item


def test_a_stepped_wedge_tells_its_steps_and_the_effect_by_time():
    found = by_key(checklist(scheduled("stepped_wedge"), "consort"))
    assert "2 sequences, 3 periods" in found["3a/stepped-wedge"].said
    assert "how many clinics each sequence got" in found["3a/stepped-wedge"].missing
    assert "6 July 2025" in found["14a/stepped-wedge"].said
    assert "in period 1 with the card +5.0 points" in found["17a/stepped-wedge"].said


def test_two_factors_tell_both_effects_and_their_interaction():
    story = factorial()
    two = story.evaluation.factorial
    found = by_key(checklist(story, "consort"))
    second = f"{100 * two.second.estimate.value:+.1f} points".replace("-", "−")
    together = f"{100 * two.interaction.value:+.1f} points".replace("-", "−")
    assert f"{two.names[1]}, at the margins: {second}" in found["17a/factorial"].said
    assert together in found["17c/factorial"].said
    assert two.second.balancing[0].verdict.replace("_", " ") in (
        found["19/factorial"].said
    )


def test_a_trial_that_looks_ended_tells_what_was_planned_and_what_was_decided():
    found = by_key(checklist(looked_at(tilted=True), "consort"))
    assert "response-adaptive" in found["3b/adaptive"].said
    assert "ended it on 2 June 2025" in found["14c/adaptive"].said
    assert "50.0%, 70.0%" in found["14c/adaptive"].said
    assert "monitoring board" in found["17c/adaptive"].missing


def test_the_page_names_its_extensions_and_their_sources():
    page = checklist_html(checklist(factorial(), "consort"))
    assert "cluster trials, factorial trials and routine data" in page
    assert "jama.2023.19793" in page
    assert "bmj.k1614" not in page
