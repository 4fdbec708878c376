"""The rule that was fixed beforehand: an Evaluation in, a recommendation out.

It reads the prior-free estimate and the balancing results, and net benefit, burden and
groups where the protocol has criteria for them; nothing else. The same numbers always
give the same recommendation.
"""

from dataclasses import dataclass
from typing import Literal

from rounds.loop.decision.weighing import Weighed, explain_weighing, weigh
from rounds.loop.decision.wording import interval_in_words, margin_in_words, size
from rounds.methods.estimands.scales import additive, distance, is_ratio, no_effect
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
    margins = "; ".join(
        f"{e.estimand.name}, at most {margin_in_words(e)} worse"
        for e in protocol.endpoints
        if e.role == "balancing"
    )
    shown, unshown = _shown_in_words(protocol)
    said = (
        f"Read the estimate of {primary.estimand.name} without any prior, and every "
        f"balancing measure ({margins}). "
        "Extend while the estimate is sealed or cannot be made, or a balancing measure "
        "cannot. "
        f"{shown} Harm is shown when a balancing estimate exceeds its margin; it is "
        f"excluded when the whole {level} interval lies within it. "
        f"{unshown} Otherwise: extend."
        f"{explain_weighing(protocol)}"
    )
    factors = protocol.factors
    if factors is None:
        return said
    least = size(factors.interaction_margin, primary)
    return (
        f"{said} So for each of the two factors ({factors.first}; {factors.second}), "
        "at the margins. If the test of their interaction has a p-value below "
        f"{factors.interaction_alpha:g}, or they differ from their sum by more than "
        f"{least}, both estimates are sealed."
    )


_OPEN = {
    "superiority": (
        "An effect worth having has not been ruled out: the question is open."
    ),
    "non-inferiority": (
        "That it is worse by more than the margin is neither shown nor ruled out: the "
        "question is open."
    ),
    "equivalence": (
        "That it differs by more than the margin is neither shown nor ruled out, or it "
        "is better by more: the question is open."
    ),
}
_CLAIMS = {
    "superiority": "Benefit",
    "non-inferiority": "Non-inferiority",
    "equivalence": "Equivalence",
}
"""What is to be shown, as the rule's sentences begin."""


def _shown_in_words(protocol: Protocol) -> tuple[str, str]:
    """Say when what is asked is shown, and what follows where it is or is not."""
    primary = protocol.primary
    level, claim = f"{protocol.level:.0%}", _CLAIMS[primary.hypothesis]
    worse = f"the {level} interval lies wholly beyond it, on the worse side: abandon."
    if primary.hypothesis == "superiority":
        least = size(protocol.decision_rule.least_worthwhile, primary)
        when = "on the better side of no effect."
        worse = (
            f"the interval leaves out even {least}, the least that is worth having: "
            "abandon."
        )
    elif primary.hypothesis == "non-inferiority":
        when = f"on the better side of the margin, {margin_in_words(primary)} worse."
    else:
        within = margin_in_words(primary)
        when = f"within the margin, {within} worse or better."
    return (
        f"{claim} is shown when the {level} interval lies wholly {when}",
        (
            f"{claim} shown and every harm excluded: adopt. "
            f"{claim} shown and a harm shown: adapt. "
            f"{claim} shown, harm neither shown nor excluded: extend. "
            f"{claim} not shown and a harm shown: abandon. "
            f"{claim} not shown, and {worse}"
        ),
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
    return _extend(said, _OPEN[protocol.primary.hypothesis])


def _extend(*reasons: str) -> Recommendation:
    return Recommendation("extend", reasons)


def _benefit(estimate: Estimate, protocol: Protocol) -> tuple[bool, str, str]:
    """Say whether what is asked is shown, in words, and why it never will be."""
    primary = protocol.primary
    scale, sign = estimate.scale, 1.0 if primary.better == "higher" else -1.0
    _, *limits = (sign * additive(scale, number) for number in estimate.numbers)
    low, high = sorted(limits)
    seen, claim = interval_in_words(estimate, primary), _CLAIMS[primary.hypothesis]
    if primary.hypothesis == "superiority":
        least = protocol.decision_rule.least_worthwhile
        shown, worthless = low > 0, high < distance(scale, least)
        below = "falls short of" if is_ratio(scale) else "is below"
        why = (
            f"Even the better end of the interval {below} {size(least, primary)}, "
            "the least that is worth having."
        )
    else:
        assert primary.margin is not None  # the protocol insists
        margin = distance(scale, primary.margin)
        shown, worthless = low > -margin, high < -margin
        if primary.hypothesis == "equivalence":
            shown = shown and high < margin
        words = margin_in_words(primary)
        seen += f", against the margin of {words}"
        why = f"The whole interval is worse by more than {words}."
    if shown:
        return True, f"{claim} is shown: {seen}.", ""
    return False, f"{claim} is not shown: {seen}.", why if worthless else ""


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
        scale = estimate.scale
        given = endpoint.margin if endpoint.margin is not None else no_effect(scale)
        margin = distance(scale, given)
        seen = interval_in_words(estimate, endpoint)
        limit = f"the margin of {margin_in_words(endpoint)}"
        harm, *limits = (sign * additive(scale, number) for number in estimate.numbers)
        if harm > margin:
            self.shown.append(f"Harm is shown: {seen}, beyond {limit}.")
        elif max(limits) < margin:
            self.excluded.append(f"Harm is excluded: {seen}, within {limit}.")
        else:
            self.open.append(f"Harm is not excluded: {seen}, and {limit} lies within.")


def _stop(sentence: str) -> str:
    return sentence.rstrip().rstrip(".") + "."
