"""What a demo may be asked to vary, and what it gives."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from rounds.conduct.project import Project
from rounds.nouns import (
    Community,
    ControlChart,
    Decision,
    Evaluation,
    Evidence,
    Guardrail,
    KnowledgeObject,
    LookPlan,
    Maintenance,
    Measure,
    NotEstimable,
    Problem,
    Protocol,
    Rollout,
    Source,
    Turn,
)
from rounds.nouns.estimand import SummaryMeasure

__all__ = ["DemoDesign", "DemoOptions", "DemoTurn"]

DemoDesign = Literal[
    "parallel",
    "stepped-wedge",
    "cluster-crossover",
    "factorial",
    "encounter",
    "adaptive",
]


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """What a demo may be asked to vary."""

    people: int = 10_000
    summary: SummaryMeasure = "risk_difference"
    """Of the primary endpoint; `least_worthwhile` goes with it."""
    weeks: int = 26
    seed: int = 1
    effect: float = 0.06
    harm: float = 0.0
    n_clinics: int = 40
    design: DemoDesign = "parallel"
    """Whether arms change over time (`weeks` then hold the transitions too), two cards
    are tried at once, each visit is randomised on its own, or the chances of patients
    change as Bayesian looks find."""
    campaign: float = 0.0
    """What else rises at go-live, everywhere, on the logit scale."""
    second_effect: float = 0.04
    """Planted by the second card of a factorial trial alone; no other has one."""
    problems: tuple[str, ...] = ("hypertension",)
    """What is simulated: hypertension, and beside it `diabetes` and `screening`."""
    allocation: str = "permuted_blocks"
    """How units are given their arm; `minimisation` randomises patients."""
    watch: bool = True
    """Whether care goes on after the decision, with a chart of whether it holds."""
    lasting: bool = False
    """Whether care goes on for more than a year after an adoption, for what is left."""
    publish_files: bool = True
    """Whether the ledger is also exported as files."""
    threads: int | None = None
    """For the datamart's engine; as many as there are cores if not given."""
    looks: LookPlan | None = None
    """When the trial is looked at while it runs; always-valid looks are monthly."""
    guardrails: tuple[Guardrail, ...] = ()
    sealing: bool = True
    """Whether diagnostics are required; without, the grader sees under the seal."""

    def unsealed(self) -> "DemoOptions":
        """Give the same turn with no diagnostic required."""
        return replace(self, sealing=False)


@dataclass(frozen=True, kw_only=True)
class DemoTurn:
    """What one turn gave."""

    project: Project
    truth: Path
    """The world's sealed truth; only the grader opens it."""
    event_log_hash: str | None
    """Of a whole turn; None where care was not lived on to the watch's end."""
    weeks: int
    """From the first card to the decision."""
    measure: Measure
    community: Community
    problem: Problem
    sources: tuple[Source, ...]
    evidence: Evidence
    knowledge_object: KnowledgeObject
    protocol: Protocol
    rollout: Rollout
    evaluation: Evaluation
    decision: Decision
    in_force: str | None
    watch: ControlChart | NotEstimable | None
    maintenance: Maintenance | None
    """None where nothing was adopted, or nobody watched."""
    turn: Turn
    next_source: Source | None
    """What this turn found, as a Source of the next; None while it is sealed."""
