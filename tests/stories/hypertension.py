"""Stories made by hand for the tests of reports and pages: no datamart, no world."""

import datetime as dt

from rounds.reports import Story
from stories.told_evidence import evidence, knowledge_object, sources
from stories.told_problem import community, estimate, problem, tiny_problem
from stories.told_trial import (
    SEALED,
    decision,
    evaluation,
    protocol,
    rollout,
    watch,
)

__all__ = ["GRADE", "SEALED", "Story", "estimate", "full", "publish", "tiny"]

GRADE = {
    "effect": {"estimate": 0.061, "lower": 0.031, "upper": 0.091, "truth": 0.058},
    "harm": {"estimate": 0.004, "lower": -0.009, "upper": 0.017, "truth": 0.0},
    "equity_gap": {"estimate": -0.033, "lower": -0.114, "upper": 0.048, "truth": -0.02},
    "weeks": 39,
}


def full(decided="adopt", recommended=None, *, sealed=False, unit="clinic", **numbers):
    return Story(
        problem=problem(),
        community=community(),
        sources=sources(),
        evidence=evidence(),
        knowledge_object=knowledge_object(),
        protocol=protocol(unit),
        rollout=rollout(unit),
        evaluation=evaluation(sealed=sealed, **numbers),
        decision=decision(decided, recommended),
        watch=watch() if decided == "adopt" else None,
        grade={
            **GRADE,
            "effect": {"estimate": None, "without": "sealed", "truth": 0.058},
        }
        if sealed
        else GRADE,
        refs={"Code": "rounds 0.1.0"},
    )


def tiny():
    """Seventy-nine small sites: what a problem looks like where little can be told."""
    return Story(problem=tiny_problem())


def publish(ledger, story, *, until="decision", by="The demo"):
    """Publish a story's nouns in order, each pointing at what the ledger holds."""
    days = iter(range(1, 28))

    def put(noun, **refs):
        at = dt.datetime(2025, 10, next(days), 9, tzinfo=dt.UTC)
        return ledger.publish(noun.model_copy(update=refs), at=at, by=by).ref

    community = put(story.community)
    problem = put(story.problem, community=community)
    if until == "problem":
        return
    found = tuple(put(source) for source in story.sources)
    evidence = put(story.evidence, problem=problem, sources=found)
    knowledge = put(story.knowledge_object, evidence=evidence)
    protocol = put(story.protocol, problem=problem)
    rollout = put(
        story.rollout, evidence=evidence, knowledge_object=knowledge, protocol=protocol
    )
    if until == "rollout":
        return
    evaluation = put(
        story.evaluation,
        rollout=rollout,
        protocol=protocol,
        evidence=evidence,
        knowledge_object=knowledge,
    )
    put(
        story.decision,
        evaluation=evaluation,
        protocol=protocol,
        knowledge_object=knowledge,
    )
