"""What will be done, before it is done."""

import datetime as dt
import math
from itertools import pairwise
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from rounds.nouns.adaptation import Adaptation
from rounds.nouns.base import UNTOLD, UNTOLD_SET, Noun, Published
from rounds.nouns.costs import Costs
from rounds.nouns.estimand import Estimand
from rounds.nouns.factors import Factors
from rounds.nouns.looks import Guardrail, LookPlan
from rounds.nouns.period import Period
from rounds.nouns.ref import Ref
from rounds.nouns.rollout import Allocation
from rounds.nouns.schedule import Schedule
from rounds.nouns.weighing import Weighing, weighing_problems

__all__ = ["DecisionRule", "Endpoint", "Protocol"]

_BONFERRONI = 0.975
"""Of each of two intervals, so that both hold in 95 of 100 trials."""


class Endpoint(Noun):
    """A measure read as the variable of an estimand."""

    role: Literal["primary", "secondary", "balancing"]
    measure: Ref
    estimand: Estimand
    better: Literal["higher", "lower"]
    margin: float | None = None
    """Greatest harm that would be accepted, on the scale of the summary measure; a
    balancing endpoint has one, and a primary one unless superiority is to be shown."""
    hypothesis: Literal["superiority", "non-inferiority", "equivalence"] = Field(
        default="superiority", exclude_if=lambda which: which == "superiority"
    )
    """What is to be shown of the primary endpoint."""

    @model_validator(mode="after")
    def _has_its_margin(self) -> Self:
        if self.role == "balancing" and self.margin is None:
            raise ValueError("a balancing endpoint has a margin, fixed beforehand")
        if self.hypothesis != "superiority":
            if self.role != "primary":
                raise ValueError(
                    f"{self.hypothesis} is shown of the primary endpoint; a balancing "
                    "one is held to its margin anyway"
                )
            if self.margin is None:
                raise ValueError(f"{self.hypothesis} needs a margin, fixed beforehand")
        return self


class DecisionRule(Noun):
    """The rule by which the evaluation is read; it knows no prior."""

    least_worthwhile: float = Field(gt=0)
    """Smallest benefit worth having, on the primary estimand's scale; of a ratio 1.25
    and 0.8 are the same."""
    text: str = ""
    """The same in words."""
    weighing: Weighing | None = UNTOLD
    """What is weighed beside benefit and harm; None is nothing else."""


class Protocol(Published):
    """Estimand, endpoints, analysis, diagnostics, decision rule; frozen and hashed."""

    kind: ClassVar[str] = "protocol"
    title: str
    design: Literal["randomised", "emulation"] = "randomised"
    problem: Ref
    unit_of_randomisation: Literal["clinic", "patient", "encounter"]
    allocation: Allocation = Field(
        default="permuted_blocks", exclude_if=lambda one: one == "permuted_blocks"
    )
    """How units are given their arm, which the analysis follows."""
    go_live: dt.date
    """Time zero of the trial: the first day on which a card may be shown."""
    enrolment: Period
    """Index visits on these days enrol."""
    baseline: Period
    """From which covariates are taken; it ends before go-live."""
    follow_up_days: int = Field(gt=0)
    endpoints: tuple[Endpoint, ...]
    covariates: tuple[str, ...] = ()
    """Adjusted for, as specified here: `stratum`, `baseline_rate`, `age`, …"""
    analysis: str
    """The estimator, in words."""
    required_diagnostics: tuple[str, ...]
    equity_groups: tuple[Literal["sex", "age", "svi_quartile"], ...] = ()
    decision_rule: DecisionRule
    level: float = Field(default=0.95, gt=0, lt=1)
    schedule: Schedule | None = UNTOLD
    """Where arms change over time, when and in which order."""
    factors: Factors | None = UNTOLD
    """Where two things are tried at once, and how they will be read."""
    adaptation: Adaptation | None = UNTOLD
    """Where chances of the arms follow what looks see."""
    looks: LookPlan | None = UNTOLD
    """None is one look, at the end."""
    guardrails: tuple[Guardrail, ...] = UNTOLD_SET
    """What pauses the rollout by itself; read at each look."""
    costs: Costs | None = UNTOLD
    """At what prices its cost and net benefit are counted."""

    @property
    def primary(self) -> Endpoint:
        """The one primary endpoint."""
        return next(e for e in self.endpoints if e.role == "primary")

    @model_validator(mode="after")
    def _sound(self) -> Self:
        problems = []
        if sum(e.role == "primary" for e in self.endpoints) != 1:
            problems.append("name exactly one primary endpoint")
        if not any(e.role == "balancing" for e in self.endpoints):
            problems.append("name a balancing endpoint: what might get worse?")
        if self.baseline.end >= self.go_live:
            problems.append("the baseline must end before go-live")
        if self.enrolment.start < self.go_live:
            problems.append("enrolment cannot begin before go-live")
        if self.schedule is not None:
            problems += self.schedule.problems_within(
                self.enrolment, self.follow_up_days, self.unit_of_randomisation
            )
        problems += self._factor_problems()
        problems += self._adaptation_problems()
        problems += self._look_problems()
        problems += weighing_problems(self)
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _factor_problems(self) -> list[str]:
        """Say what does not go with two factors, as yet."""
        problems: list[str] = []
        if self.factors is None:
            return problems
        if self.unit_of_randomisation != "clinic" or self.schedule is not None:
            problems.append("two factors are crossed among clinics in parallel")
        if self.allocation != "permuted_blocks":
            problems.append("clinics are dealt to the cells of two factors in blocks")
        if self.looks is not None and self.looks.looks != "safety":
            problems.append("looks at two factors are for safety: guardrails alone")
        if self.factors.multiplicity == "bonferroni" and self.level < _BONFERRONI:
            problems.append(f"two comparisons by Bonferroni: level {_BONFERRONI}")
        return problems

    def _adaptation_problems(self) -> list[str]:
        """Say what is wrong with an adaptation."""
        adapts = self.allocation == "response_adaptive"
        if adapts != (self.adaptation is not None):
            return ["an adaptation is of a response-adaptive allocation, and it alone"]
        plan = self.looks
        if not adapts:
            return []
        if plan is None or plan.looks != "bayesian" or len(plan.fractions) < 2:
            return ["chances follow Bayesian looks: plan one before the end"]
        if self._first_look(plan) > self.enrolment.end:
            return ["chances change once enrolment is over: plan an earlier look"]
        return []

    def _first_look(self, plan: LookPlan) -> dt.date:
        if plan.dates:
            return plan.dates[0]
        days = (self.enrolment.end - self.enrolment.start).days + 1
        wait = math.ceil(plan.fractions[0] * days) + self.follow_up_days
        return self.enrolment.start + dt.timedelta(days=wait)

    def _look_problems(self) -> list[str]:
        """Say what is wrong with looks and guardrails."""
        problems = []
        guarded = [guardrail.endpoint for guardrail in self.guardrails]
        known = {e.estimand.name for e in self.endpoints if e.role != "secondary"}
        problems += self._stepped_look_problems()
        if guarded and self.looks is None:
            problems.append("guardrails are read at looks: plan them")
        if self.looks is not None and self.looks.looks == "safety" and not guarded:
            problems.append("looks for safety read guardrails: name one")
        if len(set(guarded)) != len(guarded):
            problems.append("an endpoint has two guardrails")
        if set(guarded) - known:
            problems.append("a guardrail names a primary or balancing estimand")
        if self.looks is not None and self.looks.dates:
            first, last = self.looks.dates[0], self.looks.dates[-1]
            if not self.enrolment.start < first <= last <= self.ends:
                problems.append("looks are made after enrolment begins, before the end")
        return problems

    def _stepped_look_problems(self) -> list[str]:
        """Say which looks at a schedule see no whole step more than the one before."""
        plan, schedule = self.looks, self.schedule
        if plan is None or schedule is None or plan.at_any_time:
            return []
        if len(plan.dates) != len(plan.fractions) - 1:
            return [f"looks at a {schedule.title} have dates, each after whole periods"]
        wait, ends = dt.timedelta(days=self.follow_up_days), self.enrolment.end
        seen = [schedule.whole_periods(day - wait, ends) for day in plan.dates]
        steps = [1, *seen, len(schedule.period_starts)]
        if any(b <= a for a, b in pairwise(steps)):
            what = "a look at a schedule is made once two periods are followed up, the "
            return [what + "next once another is, and the last before all are"]
        return []

    @property
    def ends(self) -> dt.date:
        """The last day of follow-up of the last enrolled."""
        return self.enrolment.end + dt.timedelta(days=self.follow_up_days)
