"""How often the rule errs, at the precision that a trial reached.

Each estimate is taken as normal around a supposed truth with the width that it was
given, and the measures as independent; then each choice of the rule has a probability
that needs no simulation. With an interval of 95%, an effect of nothing is "shown" in
2.5% by construction. Where benefit and harm go together, chances of both at once differ
from these; docs/reference/accuracy.md has what whole loops give.
"""

from dataclasses import dataclass
from typing import Literal

from scipy.special import ndtr, ndtri

from rounds.nouns import BalancingResult, Estimate, Evaluation, Protocol, RuleRate

__all__ = ["rates"]

_DIFFERENCES = ("risk_difference", "mean_difference")


def rates(evaluation: Evaluation, protocol: Protocol) -> tuple[RuleRate, ...]:
    """Give the chances of each choice under three truths.

    Parameters
    ----------
    evaluation : Evaluation
        Only the widths of its intervals are read, not where they lie.
    protocol : Protocol
        The one that the evaluation names.

    Returns
    -------
    tuple of RuleRate
        Of `no_effect`, `worthwhile` and `harmful`; empty where an estimate is sealed or
        cannot be made, since the rule would extend whatever is true; where one is no
        difference; of a trial that was looked at, whose chances are those of its looks;
        and where the rule weighs more than benefit and harm.
    """
    primary = _spread(evaluation.estimate)
    results = {one.name: one for one in evaluation.balancing}
    balancing = [e for e in protocol.endpoints if e.role == "balancing"]
    harms = [_harm(results.get(e.estimand.name), e.margin) for e in balancing]
    found = [harm for harm in harms if harm is not None]
    looked_at = evaluation.after_looks is not None
    weighs = protocol.decision_rule.weighing is not None
    if weighs or looked_at or primary is None or len(found) < len(harms):
        return ()
    least = protocol.decision_rule.least_worthwhile
    return (
        _rate("no_effect", primary, 0.0, least, found, at_margin=False),
        _rate("worthwhile", primary, least, least, found, at_margin=False),
        _rate("harmful", primary, least, least, found, at_margin=True),
    )


@dataclass(frozen=True)
class _Spread:
    """Half the width of an interval, and the standard deviation that it stands for."""

    half: float
    sd: float


def _spread(estimate: object) -> _Spread | None:
    if not isinstance(estimate, Estimate) or estimate.sealed is not None:
        return None
    if estimate.scale not in _DIFFERENCES:
        return None
    _, lower, upper = estimate.numbers
    half = (upper - lower) / 2
    if not half > 0:
        return None
    return _Spread(half, half / float(ndtri((1 + estimate.level) / 2)))


def _harm(
    result: BalancingResult | None, margin: float | None
) -> tuple[_Spread, float] | None:
    spread = None if result is None else _spread(result.estimate)
    return None if spread is None else (spread, margin or 0.0)


def _rate(
    truth: Literal["no_effect", "worthwhile", "harmful"],
    primary: _Spread,
    effect: float,
    least: float,
    harms: list[tuple[_Spread, float]],
    *,
    at_margin: bool,
) -> RuleRate:
    """Multiply out the rule's table, counting what is better as positive."""
    shown = _below((effect - primary.half) / primary.sd)
    # Too small to be worthwhile, where no benefit is shown either.
    reach = min(least - primary.half, primary.half)
    worthless = _below((reach - effect) / primary.sd)
    no_harm_shown = excluded = 1.0
    for spread, margin in harms:
        harm = margin if at_margin else 0.0
        no_harm_shown *= _below((margin - harm) / spread.sd)
        excluded *= _below((margin - spread.half - harm) / spread.sd)
    adopt = shown * excluded
    adapt = shown * (1 - no_harm_shown)
    abandon = (1 - shown) * (1 - no_harm_shown) + worthless * no_harm_shown
    return RuleRate(
        truth=truth,
        adopt=adopt,
        adapt=adapt,
        abandon=abandon,
        extend=max(0.0, 1 - adopt - adapt - abandon),
    )


def _below(z: float) -> float:
    return float(ndtr(z))
