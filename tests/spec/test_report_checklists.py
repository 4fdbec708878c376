"""Reporting guidelines filled from the record: nothing made up, nothing unsealed."""

import csv
import datetime as dt
import io
import re
from dataclasses import replace

import pytest

from rounds.nouns import AfterLooks, DefinitionError, Guardrail, LookPlan
from rounds.nouns.spreadsheet_cells import as_cell
from rounds.reports.checklists import (
    checklist,
    checklist_csv,
    checklist_html,
    read_additions,
)
from stories.hypertension import SEALED, full, tiny

ROUTINE = {f"ROUTINE-{n}" for n in range(1, 6)}
CONSORT = {
    *("1a", "1b", "2a", "2b", "3a", "3b", "4a", "4b", "5", "6a", "6b", "7a", "7b"),
    *("8a", "8b", "9", "10", "11a", "11b", "12a", "12b", "13a", "13b", "14a", "14b"),
    *("15", "16", "17a", "17b", "18", "19", "20", "21", "22", "23", "24", "25"),
}
SQUIRE_PARTS = {"8": 2, "9": 2, "10": 3, "11": 2, "13": 6, "14": 2, "15": 5, "16": 3}


def by_key(found):
    return {line.key: line.answer for line in found.lines}


def test_consort_has_every_item_of_the_statement_and_of_its_extension():
    found = by_key(checklist(full(), "consort"))
    assert {key for key in found if "/" not in key} == CONSORT | ROUTINE
    modified = {key.split("/")[0] for key in found if key.endswith("/routine")}
    assert modified == {"1b", "3a", "4a", "6a", "9", "13a", "22", "25"}


def test_squire_has_every_item():
    found = by_key(checklist(full(), "squire"))
    parts = {
        f"{item}{'abcdef'[n]}" for item, k in SQUIRE_PARTS.items() for n in range(k)
    }
    single = {str(n) for n in (1, 2, 3, 4, 5, 6, 7, 12, 18)}
    assert set(found) == parts | single | {f"17{letter}" for letter in "abcde"}


def test_what_is_reported_says_where_and_what_is_not_says_what_is_missing():
    for standard in ("consort", "squire"):
        for line in checklist(full(), standard).lines:
            answer = line.answer
            told = bool(answer.said), bool(answer.where), bool(answer.missing)
            assert (
                told
                == {
                    "reported": (True, True, False),
                    "partly": (True, True, True),
                    "not reported": (False, False, True),
                    "not yet": (False, False, True),
                    "not applicable": (True, False, False),
                }[answer.status]
            ), line.key


def test_where_patients_were_randomised_nobody_asks_for_clusters():
    found = checklist(full(unit="patient"), "consort")
    assert "cluster" not in {line.layer for line in found.lines}
    assert "randomised by patient" in by_key(found)["3a"].said


def test_the_numbers_are_those_of_the_evaluation():
    story = full()
    found = by_key(checklist(story, "consort"))
    assert f"{100 * story.evaluation.estimate.value:+.1f} points" in found["17a"].said
    assert f"{story.evaluation.icc:.3f}" in found["17a/cluster"].said
    assert story.protocol.ref().short in found["24"].said


def test_a_sealed_estimate_gives_its_reason_and_no_number():
    sealed = checklist(full(sealed=True), "consort")
    found = by_key(sealed)
    assert SEALED in found["17a"].said
    assert found["17b"].status == "not yet"
    assert found["17a/cluster"].status == "not yet"
    open_ = by_key(checklist(full(), "consort"))["17a"].said
    number = re.search(r"[+−][\d.]+ points", open_).group()
    assert number not in checklist_html(sealed)
    assert number not in checklist_html(checklist(full(sealed=True), "squire"))


def test_before_the_evaluation_results_wait_for_it():
    story = replace(full(), evaluation=None, decision=None)
    found = by_key(checklist(story, "consort"))
    assert found["17a"].missing == "It waits for the evaluation."
    assert found["3b"].status == "not yet"
    assert found["8a"].status == "reported"
    assert by_key(checklist(story, "squire"))["14a"].status == "not yet"


def test_a_decision_that_is_not_there_yet_is_waited_for():
    story = replace(full(), decision=None)
    assert by_key(checklist(story, "consort"))["22"].status == "not yet"
    assert by_key(checklist(story, "squire"))["17a"].status == "not yet"


def test_small_counts_are_left_out_of_a_story_that_was_never_published():
    story = full()
    arms = tuple(
        arm.model_copy(update={"n": 7, "numerator": 3})
        for arm in story.evaluation.flow.arms
    )
    flow = story.evaluation.flow.model_copy(update={"arms": arms})
    few = replace(story, evaluation=story.evaluation.model_copy(update={"flow": flow}))
    found = by_key(checklist(few, "consort"))
    assert "7 patients" not in found["13a"].said + found["16"].said
    assert "suppressed" in found["16"].said


def test_what_a_person_adds_stands_beside_what_the_record_says():
    added = read_additions('"23": Registered as ISRCTN1.\n4a/routine: Audited yearly.')
    found = by_key(checklist(full(), "consort", additions=added))
    assert found["23"].said == "Registered as ISRCTN1."
    assert found["23"].status == found["4a/routine"].status == "by hand"
    assert found["4a/routine"].said.endswith("Audited yearly.")
    assert found["4a/routine"].where.endswith("by hand")


def test_an_addition_to_no_item_is_refused():
    with pytest.raises(DefinitionError, match="99z") as caught:
        checklist(full(), "consort", additions={"99z": "x"})
    assert caught.value.code == "checklist-item"


@pytest.mark.parametrize("text", ["- a list", "4a: [1, 2]", "4a: ''", "{", "4a: 3"])
def test_additions_that_are_no_sentences_are_refused(text):
    with pytest.raises(DefinitionError) as caught:
        read_additions(text)
    assert caught.value.code == "checklist-additions"


def test_without_a_rollout_there_is_nothing_to_report():
    with pytest.raises(DefinitionError) as caught:
        checklist(tiny(), "consort")
    assert caught.value.code == "nothing-to-report"


def test_the_table_holds_what_the_page_shows():
    found = checklist(full(), "consort")
    rows = list(csv.DictReader(io.StringIO(checklist_csv(found))))
    page = checklist_html(found)
    assert [row["item"] for row in rows] == [line.item for line in found.lines]
    for line, row in zip(found.lines, rows, strict=True):
        assert row["said"] == as_cell(line.answer.said)
        assert row["status"] == line.answer.status
    assert page.count('<th scope="row">') == len(rows)
    assert "<script" not in page


def test_looks_and_an_early_end_are_told_as_they_were():
    """Where looks were planned nobody reads that there were none."""
    story = full()
    plan = LookPlan(looks="group_sequential", planned_se=0.02, fractions=(0.5, 1.0))
    harmed = story.protocol.endpoints[-1].estimand.name
    guard = Guardrail(endpoint=harmed, margin=0.01, planned_se=0.01)
    ended = AfterLooks(
        looks=1,
        stopped=dt.date(2025, 6, 2),
        stopped_by="Mr Jonas Berg",
        reason="the board recommended it",
        grounds="harm",
    )
    changed = replace(
        story,
        protocol=story.protocol.model_copy(
            update={"looks": plan, "guardrails": (guard,)}
        ),
        evaluation=story.evaluation.model_copy(update={"after_looks": ended}),
    )
    found = by_key(checklist(changed, "consort"))
    assert "group sequential at 50%, 100%" in found["7b"].said
    assert harmed in found["7b"].said
    assert "Mr Jonas Berg ended it on 2025-06-02" in found["14b"].said
    assert "closed on 2 June 2025" in found["14a"].said
    plain = by_key(checklist(story, "consort"))
    assert "closed" not in plain["14a"].said
    assert plain["7b"].said.startswith("None")
    assert plain["14b"].said.startswith("It ended as planned")


def test_who_is_allocated_later_is_not_said_to_have_been_at_the_start():
    of_clinics, of_patients = (
        by_key(checklist(full(unit=unit), "consort")) for unit in ("clinic", "patient")
    )
    assert "when the rollout was registered" in of_clinics["10"].said
    assert "at each patient's first call" in of_patients["10"].said


def test_pairs_are_the_clusters_where_clinics_were_matched():
    story = full()
    design = story.rollout.design.model_copy(
        update={"allocation": "matched_pairs", "strata": ()}
    )
    rollout = story.rollout.model_copy(update={"design": design})
    found = by_key(checklist(replace(story, rollout=rollout), "consort"))
    assert "pairs of clinics as clusters" in found["12a/cluster"].said
    assert (
        "clinics as clusters" in by_key(checklist(story, "consort"))["12a/cluster"].said
    )
