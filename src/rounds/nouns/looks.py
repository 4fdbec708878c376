"""How often a running trial is looked at, what is read then, and what is told of it."""

import datetime as dt
from itertools import pairwise
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from rounds.nouns.base import Noun, Published
from rounds.nouns.ref import Ref

__all__ = ["AfterLooks", "Guardrail", "Look", "LookPlan"]

Spend = Literal["lan-demets-of", "lan-demets-pocock", "hsd", "kim-demets"]


class LookPlan(Noun):
    """When the primary endpoint is looked at before its end, and by which bounds.

    The error is that of the protocol's level on the better side, all looks together:
    0.025 at 0.95; looks for safety read guardrails alone, and spend none of it.
    Information is one over the variance of the estimate.
    """

    looks: Literal["group_sequential", "always_valid", "bayesian", "safety"]
    planned_se: float = Field(gt=0)
    """Standard error of the primary estimate that is expected at the end: at it there
    is all information, and an always-valid interval is tightest."""
    fractions: tuple[float, ...] = ()
    """Shares of that information at the looks, up to 1, which is the final evaluation;
    none where looks may be made at any time."""
    dates: tuple[dt.date, ...] = ()
    """Days from which each look but the last may be made; by the same shares of the
    enrolment, and its follow-up, if not given."""
    spending: Spend = "lan-demets-of"
    """How group-sequential looks spend the error."""
    gamma: float | None = None
    """Of hsd and kim-demets."""
    futility: Spend | None = None
    """How the chance of missing the effect is spent, which binds nobody."""
    futility_gamma: float | None = None
    power: float = Field(default=0.9, gt=0.5, lt=1)
    """That futility keeps."""
    prior_mean: float = 0.0
    """Of Bayesian looks: of the effect, benefit above 0, in planned standard errors."""
    prior_sd: float | None = Field(default=None, gt=0)
    """None is a flat prior."""
    futile_probability: float | None = Field(
        default=None, gt=0, lt=0.5, exclude_if=lambda one: one is None
    )
    """Bayesian: futile below this posterior probability of a benefit worth having."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        problems = []
        always = self.at_any_time
        steps = [b - a for a, b in pairwise((0.0, *self.fractions))]
        if always and (self.fractions or self.dates or self.futility):
            problems.append("looks at any time have no fractions, dates or futility")
        if self.futile_probability is not None and self.looks != "bayesian":
            problems.append("a probability of futility is of Bayesian looks")
        if not always and (not self.fractions or self.fractions[-1] != 1):
            problems.append("fractions end at 1, the final evaluation")
        if any(step < 0.01 for step in steps):
            problems.append("fractions increase, by a hundredth at least")
        if self.dates and len(self.dates) != len(self.fractions) - 1:
            problems.append("there is one date for each look before the last")
        if list(self.dates) != sorted(set(self.dates)):
            problems.append("dates increase")
        for name, gamma in (
            (self.spending, self.gamma),
            (self.futility, self.futility_gamma),
        ):
            problems += _gamma_problems(name, gamma)
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def at_any_time(self) -> bool:
        """Whether looks need no planned days: they are always valid, or for safety."""
        return self.looks in {"always_valid", "safety"}


class Guardrail(Noun):
    """An endpoint whose harm pauses the rollout, with an error budget of its own.

    It pauses where harm is shown to exceed the margin, at any look.
    """

    endpoint: str
    """The name of its estimand."""
    margin: float = Field(ge=0)
    """Harm up to it pauses nothing: an effect in the worse direction."""
    planned_se: float = Field(gt=0)
    """Standard error of its estimate that is expected at the end."""
    alpha: float = Field(default=0.025, gt=0, le=0.2)
    """Chance of any false pause, all looks together."""
    looks: Literal["always_valid", "group_sequential"] = "always_valid"
    spending: Spend = "lan-demets-pocock"
    gamma: float | None = None

    @model_validator(mode="after")
    def _sound(self) -> Self:
        problems = _gamma_problems(self.spending, self.gamma)
        if problems:
            raise ValueError("; ".join(problems))
        return self


def _gamma_problems(name: str | None, gamma: float | None) -> list[str]:
    """Say what is wrong with a family of spending and its number."""
    if name not in {"hsd", "kim-demets"}:
        return [] if gamma is None else [f"{name or 'no spending'} has no gamma"]
    if gamma is None:
        return [f"{name} needs a gamma"]
    fits = abs(gamma) <= 40 if name == "hsd" else gamma > 0
    return [] if fits else [f"the gamma of {name} is out of its range"]


class Look(Published):
    """That a running trial was looked at, and what everybody may know of it.

    What was seen is with the monitoring board; `commitment` holds it to that.
    """

    kind: ClassVar[str] = "look"
    title: str
    rollout: Ref
    protocol: Ref
    number: int = Field(ge=1)
    data_until: dt.date
    verdict: Literal["continue", "paused"]
    commitment: str = Field(pattern=r"^[0-9a-f]{64}$")
    """SHA-256 of a secret salt and of what was seen."""


class AfterLooks(Noun):
    """How a trial that was looked at came to its end."""

    looks: int = Field(ge=0)
    """Made before the final evaluation."""
    paused: tuple[dt.date, ...] = ()
    """Days on which a guardrail paused it."""
    crossed: tuple[str, ...] = ()
    """Guardrails that did."""
    stopped: dt.date | None = None
    """The day on which a person ended it early."""
    stopped_by: str = ""
    reason: str = ""
    grounds: Literal["", "benefit", "futility", "harm", "other"] = ""
    """What the last look had said."""
