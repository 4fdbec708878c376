"""The report speaks on the scale that was asked: a ratio is nowhere told as points."""

import re
from dataclasses import replace

import pytest

from rounds.ledger.disclosure.evaluation import safe_evaluation
from rounds.loop.decision import explain, rates, recommend
from rounds.loop.evaluation import analyse
from rounds.nouns import Endpoint
from rounds.reports import render
from rounds.reports.brief import brief_html
from rounds.reports.checklists import checklist
from rounds.reports.plain_sentences import result_sentences
from stories import estimands, trial
from stories.estimands import Made
from stories.hypertension import full


def told(summary, kind, *, hypothesis="superiority", margin=None, graded=None):
    """Give a story around an evaluation that a made trial gave."""
    plan = estimands.asked(summary, hypothesis=hypothesis, margin=margin)
    plan = plan.model_copy(update={"equity_groups": ("sex",)})
    world = trial.World(clinics=20, per_clinic=40)
    known = trial.evidence()
    judged = analyse(
        estimands.rows_of(Made(0.2, 0.2 if kind != "shares" else 0.02), world, 5, kind),
        trial.rollout(plan, known),
        plan,
        known,
        receipt=trial.ZERO,
        snapshot="snapshot",
    )
    said = recommend(judged, plan)
    story = full()
    decision = story.decision.model_copy(
        update={
            "recommended": said.choice,
            "decided": said.choice,
            "reasons": said.reasons,
            "rule": explain(plan),
            "rates": rates(judged, plan),
        }
    )
    grade = story.grade if graded is None else story.grade | {"effect": graded}
    return replace(
        story,
        protocol=plan,
        evaluation=safe_evaluation(judged),
        decision=decision,
        grade=grade,
    )


def words(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.mark.parametrize(
    ("summary", "kind"),
    [("odds_ratio", "shares"), ("rate_ratio", "rates"), ("rmst_difference", "times")],
)
def test_the_clinicians_page_names_the_scale(summary, kind, tmp_path):
    """The answer, the groups, the rule and the endpoints' table."""
    story = told(summary, kind)
    said = words(render(story, tmp_path / "report.html").read_text("utf-8"))
    name = summary.replace("_", " ")
    assert name in said
    answer = said.partition("The answer:")[2].partition("Arm Units")[0]
    assert "points" not in answer
    digits = 2 if summary.endswith("ratio") else 1
    assert f"{abs(story.evaluation.estimate.value):.{digits}f}" in answer
    if summary.endswith("ratio"):
        assert f"worth having from an {name} of 1.10" in said or (
            f"worth having from a {name} of 1.10" in said
        )
        assert name.capitalize() in answer


def test_a_rate_is_no_share(tmp_path):
    """Events over time at risk stand as a number in the arms' table."""
    story = told("rate_ratio", "rates")
    said = words(render(story, tmp_path / "report.html").read_text("utf-8"))
    arms = said.partition("With outcome Crude")[2].partition("Joined to what")[0]
    assert f"{story.evaluation.flow.arms[0].value:.3g}" in arms
    assert "%" not in arms


def test_the_page_says_what_was_shown_against_the_margin(tmp_path):
    """With the verdict, the p-value and the chance to err at the margin."""
    story = told("risk_ratio", "shares", hypothesis="non-inferiority", margin=0.8)
    said = words(render(story, tmp_path / "report.html").read_text("utf-8"))
    assert "Non-inferiority, margin a risk ratio of 0.80: shown" in said
    assert "worse by the margin, no harm" in said
    one_page = words(brief_html(story))
    assert "Non-inferiority, margin a risk ratio of 0.80: shown" in one_page
    assert "worse by the margin would be adopted" in one_page


def test_patients_read_of_times_and_not_of_points():
    """Each ratio has its own words; shares of a hundred are for differences."""
    said = " ".join(result_sentences(told("odds_ratio", "shares"))["sentences"])
    assert "the odds that people" in said
    assert "in every 100" not in said
    days = " ".join(result_sentences(told("rmst_difference", "times"))["sentences"])
    assert "fewer days before it came" in days


def test_a_checklist_tells_the_ratio_by_its_name():
    """The primary result, what was sought, and that a hazard ratio has no difference."""
    story = told("odds_ratio", "shares")
    items = {line.key: line.answer.said for line in checklist(story, "consort").lines}
    assert "Primary, odds ratio: " in items["17a"]
    assert "1.1 (odds ratio)" in items["2b"]


def test_a_ratio_is_graded_as_a_ratio(tmp_path):
    """In the table beside the truth, and not on an axis of points."""
    graded = {
        "scale": "odds_ratio",
        "estimate": 1.5,
        "lower": 1.1,
        "upper": 2.0,
        "truth": 1.42,
    }
    story = told("odds_ratio", "shares", graded=graded)
    said = words(render(story, tmp_path / "report.html").read_text("utf-8"))
    assert "Effect, odds ratio" in said
    assert "1.42" in said
    assert isinstance(story.protocol.primary, Endpoint)
