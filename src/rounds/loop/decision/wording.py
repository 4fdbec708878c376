"""How the rule writes effects and thresholds, each on its own scale."""

from rounds.methods.estimands.scales import is_ratio
from rounds.nouns import Endpoint, Estimate

__all__ = ["interval_in_words", "margin_in_words", "size"]


def size(value: float, endpoint: Endpoint) -> str:
    """Write a threshold: percentage points, a ratio, or the measure's own unit."""
    summary = endpoint.estimand.summary_measure
    if summary == "risk_difference":
        return f"{100 * value:.1f} percentage points"
    if is_ratio(summary):
        return f"a {summary.replace('_', ' ')} of {_as_seen(value, endpoint):.2f}"
    return f"{value:.2f}"


def margin_in_words(endpoint: Endpoint) -> str:
    """Write an endpoint's margin: of a ratio, how many times as much or as little."""
    summary = endpoint.estimand.summary_measure
    if endpoint.margin is None:
        return "nothing"
    if is_ratio(summary):
        farther = max(endpoint.margin, 1 / endpoint.margin)
        turned = farther if endpoint.better == "lower" else 1 / farther
        return f"a {summary.replace('_', ' ')} of {turned:.2f}"
    return size(endpoint.margin, endpoint)


def _as_seen(value: float, endpoint: Endpoint) -> float:
    """Turn a ratio to the side on which a benefit of that size would be seen."""
    farther = max(value, 1 / value)
    return farther if endpoint.better == "higher" else 1 / farther


def interval_in_words(estimate: Estimate, endpoint: Endpoint) -> str:
    """Say what was seen of an endpoint, in a clause.

    A difference says by how much, a ratio what it is: no ratio is told as points.
    """
    name, level = endpoint.estimand.name, f"{estimate.level:.0%}"
    if is_ratio(estimate.scale):
        value, low, high = (f"{x:.2f}" for x in estimate.numbers)
        what = estimate.scale.replace("_", " ")
        return f"the {what} of {name} is {value} ({level} interval {low} to {high})"
    points = estimate.scale == "risk_difference"
    factor, digits = (100.0, 1) if points else (1.0, 2)
    value, low, high = (f"{factor * x:+.{digits}f}" for x in estimate.numbers)
    unit = "percentage points" if points else estimate.unit
    return f"{name} differs by {value} {unit} ({level} interval {low} to {high})"
