"""How often the rule errs, at the precision that a trial reached.

Each estimate is taken as normal around a supposed truth with the width that it was
given, and the measures as independent; then each choice of the rule has a probability
that needs no simulation. With an interval of 95%, an effect of nothing is "shown" in
2.5% by construction. Where benefit and harm go together, chances of both at once differ
from these; docs/reference/accuracy.md has what whole loops give.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from scipy.special import ndtr, ndtri

from rounds.methods.estimands.scales import additive, distance
from rounds.nouns import (
    BalancingResult,
    Endpoint,
    Estimate,
    Evaluation,
    Protocol,
    RuleRate,
)
from rounds.nouns.estimand import SummaryMeasure

__all__ = ["rates"]

_SCALES = (*get_args(SummaryMeasure),)


@dataclass(frozen=True)
class _Spread:
    """Half the width of an interval, and the standard deviation that it stands for."""

    half: float
    sd: float


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
        Of `no_effect`, `worthwhile` and `harmful`; of non-inferiority and equivalence
        of `at_margin`, `no_effect` and `harmful`. Ratios are taken as normal on their
        logarithm. Empty where an estimate is sealed or cannot be made, since the rule
        would extend whatever is true; of a trial that was looked at, whose chances are
        those of its looks; and where the rule weighs more than benefit and harm.
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
    asked = protocol.primary
    scale = asked.estimand.summary_measure
    if asked.hypothesis != "superiority":
        assert asked.margin is not None  # the protocol insists
        margin = distance(scale, asked.margin)
        held = _against_margin(asked, margin, primary)
        return (
            _rate("at_margin", *held(-margin), found, at_margin=False),
            _rate("no_effect", *held(0.0), found, at_margin=False),
            _rate("harmful", *held(0.0), found, at_margin=True),
        )
    least = distance(scale, protocol.decision_rule.least_worthwhile)
    superior = _against_nothing(least, primary)
    return (
        _rate("no_effect", *superior(0.0), found, at_margin=False),
        _rate("worthwhile", *superior(least), found, at_margin=False),
        _rate("harmful", *superior(least), found, at_margin=True),
    )


_Chances = Callable[[float], tuple[float, float]]
"""True effect, better counted positive → the chances that what is asked is shown, and
that it is not and never will be."""


def _against_nothing(least: float, primary: _Spread) -> _Chances:
    # Too small to be worthwhile, where no benefit is shown either.
    reach = min(least - primary.half, primary.half)

    def chances(effect: float) -> tuple[float, float]:
        shown = _below((effect - primary.half) / primary.sd)
        return shown, _below((reach - effect) / primary.sd)

    return chances


def _against_margin(asked: Endpoint, margin: float, primary: _Spread) -> _Chances:
    def chances(effect: float) -> tuple[float, float]:
        shown = _below((effect + margin - primary.half) / primary.sd)
        if asked.hypothesis == "equivalence":
            beyond = _below((effect - margin + primary.half) / primary.sd)
            shown = max(0.0, shown - beyond)
        return shown, _below((-margin - primary.half - effect) / primary.sd)

    return chances


def _spread(estimate: object) -> _Spread | None:
    if not isinstance(estimate, Estimate) or estimate.sealed is not None:
        return None
    if estimate.scale not in _SCALES:
        return None
    _, lower, upper = (additive(estimate.scale, x) for x in estimate.numbers)
    half = (upper - lower) / 2
    if not half > 0:
        return None
    return _Spread(half, half / float(ndtri((1 + estimate.level) / 2)))


def _harm(
    result: BalancingResult | None, margin: float | None
) -> tuple[_Spread, float] | None:
    spread = None if result is None else _spread(result.estimate)
    if spread is None or result is None or not isinstance(result.estimate, Estimate):
        return None
    scale = result.estimate.scale
    return spread, 0.0 if margin is None else distance(scale, margin)


def _rate(
    truth: Literal["no_effect", "worthwhile", "harmful", "at_margin"],
    shown: float,
    worthless: float,
    harms: list[tuple[_Spread, float]],
    *,
    at_margin: bool,
) -> RuleRate:
    """Multiply out the rule's table, counting what is better as positive."""
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
