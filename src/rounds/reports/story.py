"""What a report tells: the nouns of a turn, as far as it has gone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rounds.nouns import (
    Community,
    ControlChart,
    Decision,
    Evaluation,
    Evidence,
    KnowledgeObject,
    Maintenance,
    Measure,
    NotEstimable,
    Problem,
    Protocol,
    Rollout,
    Source,
    Turn,
)

__all__ = ["Story"]


@dataclass(frozen=True, kw_only=True)
class Story:
    """The nouns of one turn; everything but the problem may still be missing."""

    problem: Problem
    measure: Measure | None = None
    """The one that the problem is about."""
    community: Community | None = None
    sources: tuple[Source, ...] = ()
    evidence: Evidence | None = None
    knowledge_object: KnowledgeObject | None = None
    protocol: Protocol | None = None
    rollout: Rollout | None = None
    evaluation: Evaluation | None = None
    decision: Decision | None = None
    turn: Turn | None = None
    watch: ControlChart | NotEstimable | None = None
    """The measure since the decision came into force."""
    maintenance: Maintenance | None = None
    """What is left of what was adopted."""
    grade: Mapping[str, Any] | None = None
    """Of a made world only: `effect`, `harm` and `equity_gap`, each with `estimate`,
    `lower`, `upper` and `truth` (risk differences; None where there is no number), and
    `weeks`."""
    refs: Mapping[str, str] = field(default_factory=dict)
    """Further published things that the report rests on: name and Ref."""
