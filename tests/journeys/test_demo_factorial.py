"""Two cards round the whole loop, beside the world's sealed truth."""

import datetime as dt
import json

import pytest

from rounds.cli.demo import lines, story_of
from rounds.conduct.demo import DemoOptions, run_demo
from rounds.conduct.desk import Desk
from rounds.conduct.plan import Plan
from rounds.conduct.steps import run_decision
from rounds.loop.change.rollouts import Sequences
from rounds.nouns import Factors, KnowledgeObject
from rounds.reports import render
from rounds.school import grade


@pytest.fixture(scope="module")
def turned(tmp_path_factory):
    """One small turn, not watched on."""
    options = DemoOptions(
        design="factorial",
        people=4_000,
        n_clinics=16,
        weeks=13,
        effect=0.2,
        second_effect=0.1,
        seed=2,
        watch=False,
        publish_files=False,
        threads=1,
    )
    return run_demo(tmp_path_factory.mktemp("turn") / "demo", options)


def test_each_interval_holds_the_truth_of_its_own_estimand(turned):
    """Both at the margins, the interaction and every cell; every check has passed."""
    graded = grade(turned)
    assert {d.verdict for d in turned.evaluation.diagnostics} == {"pass"}
    assert graded.effect.covered
    assert graded.second.covered
    assert graded.interaction.covered
    assert graded.effect.truth > graded.second.truth > 0.03
    told = json.loads(turned.truth.read_text())["factorial"]
    for name in ("first_alone", "second_alone", "both"):
        estimate = getattr(turned.evaluation.factorial, name)
        assert estimate.lower < told[name] < estimate.upper


def test_the_truth_adds_up(turned):
    """The margins are the averages of what is inside the table."""
    truth = json.loads(turned.truth.read_text())
    told = truth["factorial"]
    beside = told["both"] - told["second_alone"]
    margin = (told["first_alone"] + beside) / 2
    assert truth["effect"]["overall"] == pytest.approx(margin)
    assert told["interaction"] == pytest.approx(beside - told["first_alone"])
    other = (told["second_alone"] + told["both"] - told["first_alone"]) / 2
    assert told["second"]["effect"]["overall"] == pytest.approx(other)
    assert turned.evaluation.estimate.n == truth["population"]["n"]


def test_what_was_frozen_served_and_replayed_is_one_deal(turned):
    """The protocol says how it is read; the seed gives exactly these cells."""
    factors = turned.protocol.factors
    assert turned.rollout.design.factors == factors
    assert "without their interaction" in turned.protocol.analysis
    with Desk.open(turned.project, now=lambda: None, by="t", threads=1) as desk:
        allocated = desk.practice.assignments(turned.rollout.ref())
        seed, _ = desk.practice.reveal(
            turned.rollout.ref(),
            on=turned.protocol.enrolment.end + dt.timedelta(days=1),
        )
    strata = {unit: one.stratum for unit, one in allocated.items()}
    assert Sequences(seed, Factors.CELLS).assign(strata) == allocated


def test_each_card_is_decided_and_put_in_force_by_itself(turned):
    """As the rule said; then, where a person departs from it, each as was signed."""
    signed = turned.decision
    part = Plan.load(turned.project.plan_path).decision
    with Desk.open(turned.project, now=_noon, by="t", threads=1) as desk:
        assert states(desk, signed) == [meant(signed), meant(signed.second)]
        changed, said = run_decision(
            desk,
            part,
            decided="adopt",
            second_decided="abandon",
            departure_reason="A test.",
        )
        assert states(desk, changed) == ["all", "off"]
        assert "is now shown everywhere; " in said
        assert changed.allocation_seed


def _noon():
    return dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)


def meant(one):
    return {"adopt": "all", "extend": "trial"}.get(one.decided, "off")


def states(desk, signed):
    refs = (signed.knowledge_object, signed.second.knowledge_object)
    services = [desk.read(ref, KnowledgeObject).service.id for ref in refs]
    return [desk.practice.in_force(service).state for service in services]


def test_the_report_tells_of_both(turned, tmp_path):
    graded = grade(turned)
    page = render(story_of(turned, graded), tmp_path / "report.html").read_text("utf-8")
    for words in (
        "The card with the next step, at the margins",
        "Inside the table",
        "to the four cells of two factors",
        "Effect of the second card",
        "We tried two notes at once.",
        "Interaction",
    ):
        assert words in page
    said = "\n".join(lines(turned, graded, tmp_path, tmp_path))
    assert "second card" in said
    assert "to the four cells of two cards" in said
