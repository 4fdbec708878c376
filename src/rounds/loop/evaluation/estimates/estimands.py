"""What a protocol may ask: each refusal names the design, and why it is not offered."""

import math
from collections.abc import Iterator, Mapping

from rounds.loop.evaluation.estimates.summaries import (
    BY_LEAST_SQUARES,
    OF_SHARES,
    OF_TIMES,
)
from rounds.methods.estimands.scales import is_ratio
from rounds.nouns import DefinitionError, Endpoint, Measure, Protocol

__all__ = ["check_estimands", "not_offered"]

_FARTHEST = 10.0
"""A ratio's threshold beyond it, or below its inverse, was meant as a difference."""

_OF_DIFFERENCES = {
    "stepped_wedge": (
        "a stepped wedge is read by a linear mixed model, whose effect is a difference"
    ),
    "cluster_crossover": (
        "a cross-over of clinics is read by a linear mixed model, whose effect is a "
        "difference"
    ),
    "factorial": (
        "two factors are read at the margins, and held to their sum, as differences: "
        "what does not interact on one scale does on another"
    ),
    "response_adaptive": (
        "epochs with other chances of the arms are averaged as differences"
    ),
    "matched_pairs": (
        "with an effect of each pair, as many columns as pairs, the variance of a "
        "ratio has no degrees of freedom left"
    ),
}
"""Designs that answer in differences alone, and why."""

_STRATEGIES = {
    "treatment_policy": "",
    "hypothetical": (
        "what would have been without the event is in no data; censoring at it gives "
        "that only if those who had it were like those who had not"
    ),
    "composite_variable": (
        "let the measure count the event itself: write it into the numerator, and "
        "say so in the variable"
    ),
    "while_on_treatment": (
        "the measure's window ends with the follow-up, for both arms alike: end it "
        "with the event in the measure, where it can be known"
    ),
    "principal_stratum": (
        "who would have had the event in either arm is in no data; rounds evaluation "
        "analyse gives the complier average, with its assumptions"
    ),
}

_SCORINGS = {
    "proportion": (*OF_SHARES, "mean_difference"),
    "continuous-variable": ("mean_difference", "risk_difference"),
    "ratio": OF_TIMES,
}
"""A measure's scoring → the summaries that it answers."""


def check_estimands(protocol: Protocol, measures: Mapping[str, Measure]) -> None:
    """Refuse what a design, a measure or a threshold cannot answer; list all of it.

    Parameters
    ----------
    measures : mapping of Ref as text to Measure
        One for each endpoint.

    Raises
    ------
    DefinitionError
        If a summary measure, a weighting, a hypothesis or a strategy is not offered
        for the design or the measure (`estimand-not-offered`), or a margin or the
        least worthwhile effect is not on the summary's scale
        (`threshold-off-scale`).

    References
    ----------
    ICH E9(R1) (2019), A.3.2 (strategies for intercurrent events) and A.3.3.
    """
    problems = [
        f"{endpoint.estimand.name}: {problem}"
        for endpoint in protocol.endpoints
        for problem in (
            *_of_design(endpoint, protocol),
            *_of_measure(endpoint, measures),
            *_of_events(endpoint),
        )
    ]
    if problems:
        listed = "\n".join(f" - {problem}" for problem in problems)
        raise DefinitionError(
            f"The protocol asks for what is not offered:\n{listed}",
            code="estimand-not-offered",
            why="What is asked is answered as it was asked, or not at all.",
            remedies=(
                "Ask for another summary_measure, weighting, hypothesis or strategy.",
                "docs/how-to/choose-an-estimand.md has what each design offers.",
            ),
        )
    _check_thresholds(protocol)


def not_offered(endpoint: Endpoint, protocol: Protocol) -> tuple[str, ...]:
    """Say what an endpoint asks that its protocol's design does not offer, and why."""
    return tuple(_of_design(endpoint, protocol))


def _of_design(endpoint: Endpoint, protocol: Protocol) -> Iterator[str]:
    estimand, kind = endpoint.estimand, _kind(protocol)
    summary = estimand.summary_measure
    words = summary.replace("_", " ")
    if summary not in BY_LEAST_SQUARES:
        if kind in _OF_DIFFERENCES:
            yield f"no {words}, for {_OF_DIFFERENCES[kind]}"
        guarded = {one.endpoint for one in protocol.guardrails}
        watched = endpoint.role == "primary" or estimand.name in guarded
        if protocol.looks is not None and watched:
            yield f"no {words}, for looks and guardrails have bounds of differences"
    if summary == "rmst_difference" and protocol.unit_of_randomisation == "encounter":
        yield "no rmst difference of visits, for those of a patient are not independent"
    if estimand.weighting == "clusters":
        if protocol.unit_of_randomisation != "clinic":
            yield "no average of clusters, for no clusters were randomised"
        elif protocol.schedule is not None or protocol.factors is not None:
            yield "no average of clusters, for this design's model weighs by itself"
        elif summary in ("hazard_ratio", "rmst_difference"):
            yield f"no average of clusters of the {words}: its method has no weights"
    if endpoint.hypothesis != "superiority":
        if protocol.looks is not None:
            yield f"no {endpoint.hypothesis}, for looks are bounded against no effect"
        if protocol.factors is not None:
            yield f"no {endpoint.hypothesis} of two factors, as yet"


def _kind(protocol: Protocol) -> str:
    if protocol.schedule is not None:
        return protocol.schedule.kind
    return "factorial" if protocol.factors is not None else protocol.allocation


def _of_measure(endpoint: Endpoint, measures: Mapping[str, Measure]) -> Iterator[str]:
    measure = measures.get(str(endpoint.measure))
    summary = endpoint.estimand.summary_measure
    if measure is not None and summary not in _SCORINGS[measure.scoring]:
        offered = ", ".join(_SCORINGS[measure.scoring])
        yield (
            f"no {summary.replace('_', ' ')} of a measure whose scoring is "
            f"{measure.scoring}: it answers {offered}"
        )


def _of_events(endpoint: Endpoint) -> Iterator[str]:
    for one in endpoint.estimand.intercurrent_events:
        why = _STRATEGIES[one.strategy]
        if why:
            yield (
                f"{one.event!r} cannot be met by {one.strategy.replace('_', ' ')}: "
                f"{why}"
            )


def _check_thresholds(protocol: Protocol) -> None:
    primary, least = protocol.primary, protocol.decision_rule.least_worthwhile
    named = [("least_worthwhile", primary, least)]
    named += [
        ("margin", endpoint, endpoint.margin)
        for endpoint in protocol.endpoints
        if endpoint.margin is not None
    ]
    problems = [
        f"{name} of {endpoint.estimand.name} is {value:g}: {problem}"
        for name, endpoint, value in named
        if (problem := _off_scale(endpoint, value, name))
    ]
    if problems:
        listed = "\n".join(f" - {problem}" for problem in problems)
        raise DefinitionError(
            f"A threshold is not on its summary's scale:\n{listed}",
            code="threshold-off-scale",
            why="The rule holds the estimate against it as it stands.",
            remedies=(
                (
                    "Write five points of a risk difference as 0.05, a quarter more "
                    "of a ratio as 1.25."
                ),
            ),
        )


def _off_scale(endpoint: Endpoint, value: float, name: str) -> str:
    """Say why a threshold cannot be of an endpoint's scale; "" where it can."""
    summary = endpoint.estimand.summary_measure
    if not math.isfinite(value) or value < 0:
        return "it is a size, 0 or more, whichever direction is better"
    if is_ratio(summary):
        if not 1 / _FARTHEST <= value <= _FARTHEST:
            return (
                f"a {summary.replace('_', ' ')} so far from 1 was meant as a difference"
            )
        if value == 1 and (name == "least_worthwhile" or endpoint.role == "primary"):
            return "of a ratio, 1 is no effect"
    elif summary == "risk_difference" and value >= 1:
        return "a difference of risks is below 1; 0.05 is five points"
    return ""
