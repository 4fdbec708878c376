"""What people say before each step: the file `turn.yaml`."""

import datetime as dt
import json
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import Field, ValidationError

from rounds.nouns import (
    PICO,
    Community,
    DefinitionError,
    Design,
    Determination,
    Guardrail,
    IntercurrentEvent,
    LookPlan,
    Noun,
    Weighing,
)
from rounds.nouns.estimand import SummaryMeasure

__all__ = [
    "ChangePlan",
    "DecisionPlan",
    "EvidencePlan",
    "Plan",
    "ProblemPlan",
    "allocated_by",
]


class AimPlan(Noun):
    """How much, by when; without a day, a year after the period's end."""

    target: float
    by: dt.date | None = None


class ProblemPlan(Noun):
    """What the first step needs from people."""

    name: str
    title: str
    statement: str = ""
    measure: str
    aim: AimPlan
    adjust: tuple[Literal["age", "sex", "svi_quartile", "diagnoses"], ...] = (
        "age",
        "sex",
    )
    """What sites are compared after, beside the comparison as they are."""
    owner: str
    community: Community


class Judgement(Noun):
    """A reviewer's confirmation of one GRADE domain."""

    domain: str
    judgement: Literal["not_serious", "serious", "very_serious"]
    reviewer: str
    reason: str = ""


class EvidencePlan(Noun):
    """What the second step needs from people."""

    name: str
    title: str
    question: PICO
    sources: tuple[str, ...]
    """Files (YAML or RIS) beside this plan."""
    scale: Literal["risk_difference", "mean_difference", "log_risk_ratio"] = Field(
        default="risk_difference", exclude_if=lambda one: one == "risk_difference"
    )
    """On which effects are pooled; of a risk ratio's prior, its logarithm."""
    judgements: tuple[Judgement, ...] = ()


class EndpointPlan(Noun):
    """One endpoint: the measure that computes it, and its question."""

    role: Literal["primary", "secondary", "balancing"]
    measure: str
    variable: str
    better: Literal["higher", "lower"]
    summary_measure: SummaryMeasure = "risk_difference"
    weighting: Literal["participants", "clusters"] = Field(
        default="participants", exclude_if=lambda whose: whose == "participants"
    )
    """Whose average it is: each participant counts alike, or each cluster."""
    margin: float | None = None
    """On the summary's scale; a ratio for a ratio, 1.25 or 0.8 for a quarter."""
    hypothesis: Literal["superiority", "non-inferiority", "equivalence"] = Field(
        default="superiority", exclude_if=lambda which: which == "superiority"
    )
    """What is to be shown of the primary endpoint, against its margin."""
    intercurrent_events: tuple[IntercurrentEvent, ...] = Field(
        default=(), exclude_if=lambda some: not some
    )
    """Beside those of every trial here, each with its strategy."""


class ProtocolPlan(Noun):
    """What is fixed before the first card is shown."""

    name: str
    title: str
    go_live: dt.date
    weeks: int = Field(default=26, ge=1, le=520)
    """Of enrolment."""
    baseline_weeks: int = Field(default=52, ge=4)
    follow_up_days: int = Field(default=90, gt=0)
    population: str
    treatment: str
    comparator: str
    endpoints: tuple[EndpointPlan, ...]
    covariates: tuple[str, ...] = ("stratum", "baseline_rate")
    required_diagnostics: tuple[str, ...] = (
        "sample_ratio",
        "deliveries",
        "contamination",
        "missing_outcomes",
    )
    equity_groups: tuple[Literal["sex", "age", "svi_quartile"], ...] = (
        "svi_quartile",
        "sex",
        "age",
    )
    least_worthwhile: float = 0.02
    looks: LookPlan | None = None
    """When the trial is looked at before its end; None is not at all."""
    guardrails: tuple[Guardrail, ...] = ()
    """What pauses it by itself; `endpoint` is the name of an endpoint's measure."""
    costs: str | None = None
    """File of what things cost, beside this plan."""
    weighing: Weighing | None = None
    """What the rule weighs beside benefit and harm."""


class ChangePlan(Noun):
    """What the third step needs from people."""

    name: str
    title: str
    knowledge_object: str
    """File of the knowledge object, beside this plan."""
    second_knowledge_object: str | None = None
    """The same of the second factor, where the design has two."""
    design: Design
    determination: Determination
    notification: Literal["notice", "opt_out", "consent"]
    responsible: str
    protocol: ProtocolPlan


def allocated_by(plan: ChangePlan, allocation: str) -> ChangePlan:
    """Give the same plan with another allocation, and what it must adjust for."""
    arrive = allocation in ("minimisation", "response_adaptive")
    unit = "patient" if arrive else "clinic"
    design = Design.model_validate({"unit": unit, "allocation": allocation})
    covariates = dict.fromkeys(design.adjusts)
    if allocation == "covariate_constrained":
        covariates |= dict.fromkeys(plan.protocol.covariates)
    protocol = plan.protocol.model_copy(update={"covariates": tuple(covariates)})
    return plan.model_copy(update={"design": design, "protocol": protocol})


class DecisionPlan(Noun):
    """Who signs, and what to ask next."""

    name: str
    title: str
    signed_by: str
    role: str = ""
    next_question: str = ""


class Plan(Noun):
    """The whole of `turn.yaml`; a later step may be left out until it is reached."""

    problem: ProblemPlan
    evidence: EvidencePlan | None = None
    change: ChangePlan | None = None
    decision: DecisionPlan | None = None

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a plan.

        Raises
        ------
        DefinitionError
            If the file is missing, is not YAML, or is not a plan; all is listed.
        """
        try:
            plain = yaml.safe_load(Path(path).read_text())
            return cls.model_validate_json(json.dumps(plain, default=str))
        except FileNotFoundError:
            raise DefinitionError(
                f"{path} does not exist.",
                code="no-plan",
                remedies=("Make a project first: rounds init DIR --from PATH",),
            ) from None
        except yaml.YAMLError as error:
            raise DefinitionError(
                f"{path} is not YAML: {error}",
                code="bad-plan",
                remedies=("Check the indentation near the line that is named.",),
            ) from None
        except ValidationError as error:
            listed = "\n".join(
                f" - {'.'.join(map(str, item['loc']))}: {item['msg']}"
                for item in error.errors(include_url=False, include_input=False)
            )
            raise DefinitionError(
                f"{path} is not a whole plan:\n{listed}",
                code="bad-plan",
                remedies=("Correct each line that is named.",),
            ) from None

    def need(self, step: Literal["evidence", "change", "decision"]) -> Any:
        """Give one step's part: an EvidencePlan, a ChangePlan or a DecisionPlan.

        Raises
        ------
        DefinitionError
            If the plan does not say it yet.
        """
        part = getattr(self, step)
        if part is None:
            raise DefinitionError(
                f"turn.yaml has no section {step!r}.",
                code="plan-incomplete",
                remedies=(
                    (
                        f"Write the section; `rounds demo` makes a project whose "
                        f"turn.yaml shows a whole {step} section."
                    ),
                ),
            )
        return part
