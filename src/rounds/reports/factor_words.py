"""Two cards in one trial: what a sponsor and patients are told of the second."""

from typing import Final

from rounds.nouns import Estimate, Evaluation, NotEstimable, Protocol
from rounds.reports.story import Story
from rounds.reports.wording import named, percent, said

__all__ = ["factor_lines", "plain_factors"]

_VERDICTS: Final = {
    "within_margin": "harm beyond the margin is excluded",
    "exceeds_margin": "more harm than the margin",
    "uncertain": "harm beyond the margin is not excluded",
    "sealed": "not shown, since a required check has not passed",
}


def factor_lines(story: Story) -> list[tuple[str, str, str, bool]]:
    """Say for a sponsor what the second factor and both together did.

    Returns
    -------
    list of tuple
        What is asked, what was found, what goes beside it, and whether the number is
        withheld; empty where the trial had one factor.
    """
    evaluation, protocol = story.evaluation, story.protocol
    two = None if evaluation is None else evaluation.factorial
    if two is None or protocol is None:
        return []
    first, second = two.names
    effect, together = said(two.second.estimate), said(two.interaction)
    lines = [
        (
            f"And {second}? {protocol.primary.estimand.variable}",
            effect.line,
            f"Over both arms of {first}. The first row is of {first}, in the same way.",
            bool(effect.withheld),
        )
    ]
    for one in two.second.balancing:
        found = said(one.estimate)
        asked = f"Was anyone harmed by {second}? {named(one.name)}"
        verdict = _VERDICTS[one.verdict]
        beside = f"{verdict[:1].upper()}{verdict[1:]}."
        lines.append((asked, found.line, beside, bool(found.withheld)))
    beside = "What both do beyond the sum of each."
    if two.reading == "inside_the_table":
        beside += " They are not read one by one, and nothing is decided by them."
    elif not together.withheld:
        beside += f" {_against_nothing(two.interaction)}"
    lines.append(("Do they work together?", together.line, beside, False))
    return [*lines, *_decided(story, second)]


def _against_nothing(interaction: Estimate | NotEstimable) -> str:
    """Say no more than the interval: not shown is not the same as none."""
    assert isinstance(interaction, Estimate)
    _, lower, upper = interaction.numbers
    if lower <= 0 <= upper:
        return "Chance alone could give this; it does not show that there is none."
    return "It is beyond chance."


def _decided(story: Story, second: str) -> list[tuple[str, str, str, bool]]:
    decision = story.decision
    if decision is None or decision.second is None:
        return []
    made = decision.second
    beside = f"The rule recommends {made.recommended}."
    rates = {rate.truth: rate for rate in made.rates}
    if {"no_effect", "worthwhile"} <= rates.keys():
        beside += (
            f" It would adopt {percent(rates['no_effect'].adopt)} of changes that do "
            f"nothing, and miss {percent(1 - rates['worthwhile'].adopt)} of those "
            "just worth having."
        )
    asked = f"What was decided of {second}?"
    return [(asked, f"{made.decided.capitalize()}.", beside, False)]


_PLAIN: Final = {
    "adopt": "We will keep the second note, and turn it on for all.",
    "adapt": "We will change the second note and test it again.",
    "abandon": "We will stop using the second note.",
    "extend": "We do not know enough yet to decide on the second note.",
}


def plain_factors(story: Story) -> list[str]:
    """Say for patients what the second note did, and what both did at once.

    Returns
    -------
    list of str
        Short sentences; empty where there was one note, or while a number is sealed.
    """
    evaluation, protocol = story.evaluation, story.protocol
    if evaluation is None or protocol is None or evaluation.factorial is None:
        return []
    two = evaluation.factorial
    if two.reading != "margins":
        return []
    return [
        *_plain_effect(two.second.estimate, protocol),
        *_plain_harms(evaluation),
        *_plain_both(two.interaction),
        *([] if story.decision is None else _plain_decision(story)),
    ]


def _number(estimate: Estimate | NotEstimable) -> tuple[float, float, float] | None:
    if isinstance(estimate, NotEstimable) or estimate.sealed is not None:
        return None
    return estimate.numbers


def _plain_effect(estimate: Estimate | NotEstimable, protocol: Protocol) -> list[str]:
    known = _number(estimate)
    if known is None or not isinstance(estimate, Estimate):
        return ["For the second note, there is no number to show."]
    value, low, high = known
    told = []
    if estimate.scale == "risk_difference":
        told.append(
            f"When the second note was on, it was about {_more(value)} people in every "
            f"100. The true number could be from {_more(low)} to {_more(high)}."
        )
    if protocol.primary.better == "lower":
        low, high = -high, -low
    if low > 0:
        told.append("So we think the second note did help.")
    elif high < 0:
        told.append("So we think the second note made things worse.")
    else:
        told.append("So we can not be sure if the second note helps or not.")
    return told


def _plain_harms(evaluation: Evaluation) -> list[str]:
    two = evaluation.factorial
    assert two is not None
    verdicts = {one.verdict for one in two.second.balancing}
    if "exceeds_margin" in verdicts:
        return ["It came with more harm than the limit that we had set."]
    if verdicts == {"within_margin"}:
        return ["The harm that we looked out for stayed below the limit."]
    return ["We can not rule out that the second note does harm."]


def _plain_both(interaction: Estimate | NotEstimable) -> list[str]:
    known = _number(interaction)
    if known is None:
        return ["We can not tell what the two notes do when both are on."]
    _, low, high = known
    if low <= 0 <= high:
        return [
            "We also asked if one note works better or worse when both are on.",
            "We saw no clear sign of it. That does not mean that there is none.",
        ]
    how = "higher" if low > 0 else "lower"
    return [f"With both notes on, it was {how} than what the two add up to."]


def _plain_decision(story: Story) -> list[str]:
    assert story.decision is not None
    second = story.decision.second
    return [] if second is None else [_PLAIN[second.decided]]


def _more(value: float) -> str:
    number = abs(value) * 100
    shown = f"{number:.0f}" if number >= 1.95 or number == 0 else f"{number:.1f}"
    return f"{shown} {'fewer' if value < 0 else 'more'}"
