"""What a decision rule weighs beside benefit and harm, where a protocol says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from rounds.nouns.base import UNTOLD, UNTOLD_SIZE, Noun

if TYPE_CHECKING:
    from rounds.nouns.protocol import Protocol

__all__ = ["Weighing", "weighing_problems"]


class Weighing(Noun):
    """Criteria for cost, burden and equity; each that is left out is not read."""

    net_benefit: Literal["shown", "positive"] | None = UNTOLD
    """`shown`: the whole interval is above nought; `positive`: the estimate is."""
    most_cards: float | None = UNTOLD_SIZE
    """Cards that a clinician may be shown on a day."""
    most_minutes: float | None = UNTOLD_SIZE
    """Minutes that cards may take of a clinician on a day."""
    no_group_worse: bool = Field(default=False, exclude_if=lambda yes: not yes)
    """Whether a group for which it is shown to do harm counts as a harm."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self == type(self).model_construct():
            raise ValueError("a weighing names at least one criterion")
        return self

    @property
    def reads_burden(self) -> bool:
        """Whether it has a criterion for burden."""
        return self.most_cards is not None or self.most_minutes is not None


def weighing_problems(protocol: Protocol) -> list[str]:
    """Say what is wrong with a protocol's costs and what its rule weighs."""
    problems: list[str] = []
    costs, rule = protocol.costs, protocol.decision_rule.weighing
    if costs is not None:
        if protocol.factors is None and any(part.card for part in costs.programme):
            problems.append("a programme's card is told where two cards are tried")
        if protocol.follow_up_days > 366:
            problems.append("costs are counted within a year, as yet")
        problems += _worth_problems(protocol, costs.outcome)
        named = {e.measure.name.partition("/")[2] for e in protocol.endpoints}
        if costs.outcome and costs.outcome not in named:
            problems.append(f"costs.outcome: {costs.outcome} is no endpoint's measure")
    if rule is None:
        return problems
    if rule.net_benefit is not None and costs is None:
        problems.append("net benefit is weighed where the protocol has costs")
    minutes = None if costs is None else costs.minutes_per_card
    if rule.most_minutes is not None and minutes is None:
        problems.append("minutes are weighed where costs have minutes_per_card")
    if rule.no_group_worse and not protocol.equity_groups:
        problems.append("no_group_worse: the protocol names no equity_groups")
    return problems


def _worth_problems(protocol: Protocol, outcome: str | None) -> list[str]:
    """Say why an endpoint's outcome cannot be worth something."""
    told = [
        endpoint.estimand.summary_measure
        for endpoint in protocol.endpoints
        if (
            endpoint.measure.name.partition("/")[2] == outcome
            if outcome
            else endpoint.role == "primary"
        )
    ]
    if not set(told) & {"rate_ratio", "hazard_ratio", "rmst_difference"}:
        return []
    why = "costs are set against what each patient has or has not, or a value"
    return [f"{why}; name another endpoint's measure as costs.outcome than of times"]
