"""The rule that was fixed beforehand: an Evaluation in, a recommendation out.

It reads the prior-free estimate and the balancing results, and net benefit, burden and
groups where the protocol has criteria for them; nothing else. The same numbers always
give the same recommendation.
"""

from dataclasses import dataclass
from typing import Literal

from rounds.loop.decision.weighing import Weighed, explain_weighing, weigh
from rounds.nouns import BalancingResult, Endpoint, Estimate, Evaluation, Protocol

__all__ = ["Recommendation", "explain", "recommend"]

Choice = Literal["adopt", "adapt", "abandon", "extend"]


@dataclass(frozen=True)
class Recommendation:
    """What the rule says, and why, in sentences."""

    choice: Choice
    reasons: tuple[str, ...]


def explain(protocol: Protocol) -> str:
    """Say the protocol's decision rule in plain words.

    Returns
    -------
    str
        The text that a Decision carries as its `rule`.
    """
    primary = protocol.primary
    level = f"{protocol.level:.0%}"
    least = _size(protocol.decision_rule.least_worthwhile, primary)
    margins = "; ".join(
        f"{e.estimand.name}, at most {_size(e.margin or 0.0, e)} worse"
        for e in protocol.endpoints
        if e.role == "balancing"
    )
    said = (
        f"Read the estimate of {primary.estimand.name} without any prior, and every "
        f"balancing measure ({margins}). "
        "Extend while the estimate is sealed or cannot be made, or a balancing measure "
        "cannot. "
        f"Benefit is shown when the {level} interval lies wholly on the better side of "
        "no effect. Harm is shown when a balancing estimate exceeds its margin; it is "
        f"excluded when the whole {level} interval lies within it. "
        "Benefit shown and every harm excluded: adopt. "
        "Benefit shown and a harm shown: adapt. "
        "Benefit shown, harm neither shown nor excluded: extend. "
        "Benefit not shown and a harm shown: abandon. "
        f"Benefit not shown, and the interval leaves out even {least}, the least that "
        "is worth having: abandon. "
        "Otherwise: extend."
        f"{explain_weighing(protocol)}"
    )
    factors = protocol.factors
    if factors is None:
        return said
    least = _size(factors.interaction_margin, primary)
    return (
        f"{said} So for each of the two factors ({factors.first}; {factors.second}), "
        "at the margins. If the test of their interaction has a p-value below "
        f"{factors.interaction_alpha:g}, or they differ from their sum by more than "
        f"{least}, both estimates are sealed."
    )


def recommend(evaluation: Evaluation, protocol: Protocol) -> Recommendation:
    """Apply the rule that `explain` describes.

    Parameters
    ----------
    evaluation : Evaluation
        Of the trial under `protocol`; its posterior is not read.

    Returns
    -------
    Recommendation
        Exactly one of adopt, adapt, abandon and extend, with its reasons.
    """
    estimate = evaluation.estimate
    if not isinstance(estimate, Estimate):
        return _extend(f"The effect cannot be estimated: {_stop(estimate.reason)}")
    if estimate.sealed is not None:
        return _extend(f"The estimate is sealed: {_stop(estimate.sealed)}")
    harms = _Harms(evaluation, protocol)
    harms.join(weigh(evaluation, protocol))
    if harms.unknown:
        return _extend(*harms.unknown)
    shown, said, worthless = _benefit(estimate, protocol)
    if shown and harms.shown:
        return Recommendation("adapt", (said, *harms.shown))
    if harms.shown:
        return Recommendation("abandon", (said, *harms.shown))
    if shown and not harms.open:
        return Recommendation("adopt", (said, *harms.excluded))
    if shown:
        return _extend(said, *harms.open)
    if worthless:
        return Recommendation("abandon", (said, worthless))
    return _extend(
        said, "An effect worth having has not been ruled out: the question is open."
    )


def _extend(*reasons: str) -> Recommendation:
    return Recommendation("extend", reasons)


def _benefit(estimate: Estimate, protocol: Protocol) -> tuple[bool, str, str]:
    primary = protocol.primary
    sign = 1.0 if primary.better == "higher" else -1.0
    _, *limits = (sign * number for number in estimate.numbers)
    low, high = sorted(limits)
    least = protocol.decision_rule.least_worthwhile
    seen = _interval(estimate, primary)
    name = primary.estimand.name
    if low > 0:
        return True, f"Benefit is shown: {name} differs by {seen}.", ""
    said = f"Benefit is not shown: {name} differs by {seen}."
    if high < least:
        worthless = (
            f"Even the better end of the interval is below {_size(least, primary)}, "
            "the least that is worth having."
        )
        return False, said, worthless
    return False, said, ""


class _Harms:
    """Every balancing result against its frozen margin, sorted by what is known."""

    def __init__(self, evaluation: Evaluation, protocol: Protocol) -> None:
        results = {result.name: result for result in evaluation.balancing}
        self.unknown: list[str] = []
        self.shown: list[str] = []
        self.open: list[str] = []
        self.excluded: list[str] = []
        for endpoint in protocol.endpoints:
            if endpoint.role == "balancing":
                self._sort(endpoint, results.get(endpoint.estimand.name))

    def join(self, others: Weighed) -> None:
        """Let what else is weighed count as a harm does."""
        self.unknown += others.unknown
        self.shown += others.shown
        self.open += others.open
        self.excluded += others.excluded

    def _sort(self, endpoint: Endpoint, result: BalancingResult | None) -> None:
        name = endpoint.estimand.name
        if result is None:
            self.unknown.append(f"The balancing measure {name} was not evaluated.")
            return
        estimate = result.estimate
        if not isinstance(estimate, Estimate):
            self.unknown.append(f"{name} cannot be estimated: {_stop(estimate.reason)}")
            return
        if estimate.sealed is not None:
            self.unknown.append(f"{name} is sealed: {_stop(estimate.sealed)}")
            return
        sign = 1.0 if endpoint.better == "lower" else -1.0
        margin = endpoint.margin if endpoint.margin is not None else 0.0
        seen = f"{name} differs by {_interval(estimate, endpoint)}"
        limit = f"the margin of {_size(margin, endpoint)}"
        harm, *limits = (sign * number for number in estimate.numbers)
        if harm > margin:
            self.shown.append(f"Harm is shown: {seen}, beyond {limit}.")
        elif max(limits) < margin:
            self.excluded.append(f"Harm is excluded: {seen}, within {limit}.")
        else:
            self.open.append(f"Harm is not excluded: {seen}, and {limit} lies within.")


def _stop(sentence: str) -> str:
    return sentence.rstrip().rstrip(".") + "."


def _size(value: float, endpoint: Endpoint) -> str:
    if endpoint.estimand.summary_measure == "risk_difference":
        return f"{100 * value:.1f} percentage points"
    return f"{value:.2f}"


def _interval(estimate: Estimate, endpoint: Endpoint) -> str:
    factor = 100.0 if endpoint.estimand.summary_measure == "risk_difference" else 1.0
    digits = 1 if factor > 1 else 2
    value, low, high = (f"{factor * x:+.{digits}f}" for x in estimate.numbers)
    unit = "percentage points" if factor > 1 else estimate.unit
    return f"{value} {unit} ({estimate.level:.0%} interval {low} to {high})"
