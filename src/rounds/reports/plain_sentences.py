"""The sentences of the page for patients: short, and with counts out of a hundred."""

from typing import Any

from rounds.methods.estimands.scales import no_effect
from rounds.nouns import Estimate, Evaluation, NotEstimable
from rounds.reports.schedule_words import plain_allocation
from rounds.reports.story import Story
from rounds.reports.wording import day

__all__ = [
    "change_sentences",
    "evidence_sentences",
    "goal_of",
    "hundred",
    "next_steps",
    "numbers_of",
    "result_sentences",
]

GOALS = {
    "blood-pressure-control": "had their blood pressure under control",
    "treatment-intensified": "had their pills changed soon after a high reading",
    "intensified-after-first-uncontrolled": (
        "had their pills changed within two weeks of a high reading"
    ),
    "controlled-after-first-uncontrolled": "then had it under control",
    "low-pressure-after-first-uncontrolled": "had a reading that was too low",
}
"""Measures in the words of a person who is measured; others are said in general."""
_GOAL = "had the good care that we look for"
_HARM = "had the harm that we looked out for"


def goal_of(name: str, otherwise: str = _GOAL) -> str:
    """Say what a measure asks, in the words of a person who is measured."""
    return GOALS.get(name.partition("/")[2] or name, otherwise)


def numbers_of(estimate: Estimate | NotEstimable) -> tuple[float, float, float] | None:
    """Give value, lower and upper; None where there is no number to be read."""
    if isinstance(estimate, NotEstimable) or estimate.sealed is not None:
        return None
    value, lower, upper = estimate.value, estimate.lower, estimate.upper
    assert value is not None
    assert lower is not None
    assert upper is not None
    return value, lower, upper


def hundred(share: float) -> str:
    """Say a share as so many of a hundred people."""
    number = abs(share) * 100
    return f"{number:.0f}" if number >= 1.95 or number == 0 else f"{number:.1f}"


_CERTAINTY = {
    "high": "We are very sure of this.",
    "moderate": "We are fairly sure of this.",
    "low": "We are not very sure of this.",
    "very low": "We are not at all sure of this.",
    "not yet rated": "No one has yet judged how sure we can be of this.",
}


def evidence_sentences(story: Story) -> dict[str, Any] | None:
    """Say what others found, and how sure one can be; None before the evidence."""
    evidence = story.evidence
    if evidence is None:
        return None
    sentence = ""
    pooled = evidence.meta_analysis
    if not isinstance(pooled, NotEstimable):
        known = numbers_of(pooled.pooled)
        if known is not None and pooled.pooled.scale == "risk_difference":
            n = len(pooled.studies)
            which = "they" if n == len(evidence.sources) else f"{n} of them"
            sentence = f"Taken as one, {which} found a change of "
            sentence += _span_of_hundred(known)
    return {
        "n": len(evidence.sources),
        "sentence": sentence,
        "certainty": _CERTAINTY[evidence.certainty.rating],
    }


def _more(value: float) -> str:
    return f"{hundred(value)} {'fewer' if value < 0 else 'more'}"


def _span_of_hundred(known: tuple[float, float, float]) -> str:
    value, low, high = known
    return (
        f"about {_more(value)} people in every 100. "
        f"The true number could be from {_more(low)} to {_more(high)}."
    )


_NOTICE = {
    "notice": "We told people about this with a notice.",
    "opt_out": "People were told, and could say no. We left out the data of those "
    "who said no.",
    "consent": "Only people who had said yes took part.",
}


_TWO_NOTES = (
    "We tried two notes at once. Some clinics had one note, some had the other, some "
    "had both, and some had none. We drew lots to choose. What we say here is of the "
    "first note."
)


def change_sentences(story: Story) -> dict[str, str] | None:
    """Say what was tried and how people were told; None before the rollout."""
    rollout = story.rollout
    if rollout is None:
        return None
    named = {"clinic": "clinics", "patient": "patients", "encounter": "visits"}
    who = named[rollout.design.unit]
    return {
        "chance": _TWO_NOTES
        if rollout.design.factors is not None
        else plain_allocation(rollout.design, who),
        "notice": _NOTICE[rollout.notification],
    }


_MIXED = (
    "We tried two notes at once. What one does goes with the other.",
    "So there is no one number for each of them. We show no number here.",
)
_SEALED = (
    "We do not show a number here yet.",
    "One of our checks did not pass. That means the number could be wrong.",
    "A wrong number could lead to bad care. We will fix this first.",
)


def result_sentences(story: Story) -> dict[str, list[str]] | None:
    """Say what was found, the harm, and for whom; None before the evaluation."""
    evaluation = story.evaluation
    if evaluation is None:
        return None
    return {
        "sentences": _found(story, evaluation),
        "harms": _harms(story, evaluation),
        "groups": _groups(evaluation),
    }


def _endpoint_names(story: Story, role: str) -> list[str]:
    if story.protocol is None:
        return []
    return [e.measure.name for e in story.protocol.endpoints if e.role == role]


def _found(story: Story, evaluation: Evaluation) -> list[str]:
    estimate = evaluation.estimate
    if isinstance(estimate, NotEstimable):
        return ["The data can not tell us. There is no number to show."]
    known = numbers_of(estimate)
    two = evaluation.factorial
    if known is None:
        mixed = two is not None and two.reading == "inside_the_table"
        return list(_MIXED if mixed else _SEALED)
    value, low, high = known
    names = _endpoint_names(story, "primary")
    goal = goal_of(names[0], _GOAL) if names else _GOAL
    sentences = []
    if estimate.scale == "risk_difference":
        sentences.append(
            f"When the note was on, {_times(story, value)} {goal}. "
            f"The true number could be from {_more(low)} to {_more(high)}."
        )
    else:
        sentences += _in_times(estimate, goal)
    if estimate.n is not None:
        what = "visits" if _of_visits(story) else "people"
        sentences.append(f"We counted {estimate.n:,} {what}.")
    better = story.protocol.primary.better if story.protocol else "higher"
    none = no_effect(estimate.scale)
    good = low > none if better == "higher" else high < none
    bad = high < none if better == "higher" else low > none
    if evaluation.hypothesis is not None:
        sentences.append(_AGAINST[evaluation.hypothesis.verdict])
    elif good:
        sentences.append("So we think the note did help.")
    elif bad:
        sentences.append("So we think the note made things worse.")
    else:
        sentences.append("So we can not be sure if the note helps or not.")
    return sentences


_AGAINST = {
    "shown": "So we think the note is not worse than the limit that we had set.",
    "not_shown": "So we can not be sure that the note stays in the limit we had set.",
    "contrary_shown": "So we think the note is not in the limit that we had set.",
    "sealed": "We do not show this yet, as one of our checks did not pass.",
}
_TIMES = {
    "risk_ratio": "the chance that people {goal} was {value} times as high",
    "odds_ratio": "the odds that people {goal} were {value} times as high",
    "rate_ratio": "what we count came {value} times as often",
    "hazard_ratio": "on each day, the chance of what we watch for was {value} times "
    "as high",
}
"""Ratios, each in its own words: odds are no chances, and none of them are people."""


_TRUE = "The true number could be from"


def _in_times(estimate: Estimate, goal: str) -> list[str]:
    """Say an effect that is no share: so many times, or so many days; else nothing."""
    value, low, high = estimate.numbers
    if estimate.scale == "rmst_difference":
        said = f"people went {_days(value)} before it came"
        ends = f"{_days(low)} to {_days(high)}"
        return [f"When the note was on, {said}. {_TRUE} {ends}."]
    words = _TIMES.get(estimate.scale)
    if words is None:
        return []
    said = words.format(goal=goal, value=f"{value:.2f}")
    return [f"When the note was on, {said}. {_TRUE} {low:.2f} to {high:.2f}."]


def _days(value: float) -> str:
    return f"{abs(value):.1f} {'fewer' if value < 0 else 'more'} days"


def _of_visits(story: Story) -> bool:
    return (
        story.protocol is not None
        and story.protocol.unit_of_randomisation == "encounter"
    )


def _times(story: Story, value: float) -> str:
    """Say an effect as so many people, or so many of their visits, of a hundred."""
    if _of_visits(story):
        return f"at about {_more(value)} visits in every 100 people"
    return f"about {_more(value)} people in every 100"


_VERDICTS = {
    "within_margin": "The harm stayed below the limit that we had set at the start.",
    "exceeds_margin": "This is more harm than the limit that we had set at the start.",
    "uncertain": "We can not rule out more harm than the limit that we had set.",
    "sealed": "We do not show this number yet, as one of our checks did not pass.",
}


def _harms(story: Story, evaluation: Evaluation) -> list[str]:
    names = _endpoint_names(story, "balancing")
    sentences = []
    for i, result in enumerate(evaluation.balancing):
        goal = goal_of(names[i], _HARM) if i < len(names) else _HARM
        known = numbers_of(result.estimate)
        scale = getattr(result.estimate, "scale", "")
        if known is None or scale != "risk_difference":
            sentences.append(f"We checked if more people {goal}.")
            if known is not None and isinstance(result.estimate, Estimate):
                sentences += _in_times(result.estimate, goal)
        else:
            value, low, high = known
            sentences.append(
                f"We checked if more people {goal}. When the note was on, it was about "
                f"{_more(value)} in every 100. The true number could be from "
                f"{_more(low)} to {_more(high)}."
            )
        sentences.append(_VERDICTS[result.verdict])
    return sentences or ["We did not look at this. We should have."]


_PEOPLE = {
    "sex": "women and men",
    "age": "young and old",
    "svi_quartile": "people in rich and in poor areas",
}


def _groups(evaluation: Evaluation) -> list[str]:
    looked = dict.fromkeys(_PEOPLE[e.characteristic] for e in evaluation.equity)
    if not looked:
        return []
    sentences = [f"We looked at {_listed(list(looked))}."]
    if any(e.suppressed or numbers_of(e.estimate) is None for e in evaluation.equity):
        sentences.append("For some groups we can not show a number.")
    sentences.append(
        "Each group is small. So a gap between two of them may be due to chance."
    )
    return sentences


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])}, and {words[-1]}"


_DECISIONS = {
    "adopt": "We will keep the note, and turn it on for all. We will go on to check "
    "that it still helps.",
    "adapt": "We will change the note and test it again. It is not yet fit for all.",
    "abandon": "We will stop using the note. To know what does not work helps too.",
    "extend": "We will go on with the test. We do not know enough yet to decide.",
}


def next_steps(story: Story) -> list[str]:
    """Say what happens now."""
    decision = story.decision
    if decision is not None:
        signed = decision.signed_by
        steps = [_DECISIONS[decision.decided]]
        if decision.decided != decision.recommended:
            steps.append(
                "This is not what our rule said to do. The first part of this report "
                "says why."
            )
        steps.append(f"{signed.name} signed this on {day(signed.at)}.")
        return steps
    if story.evaluation is not None:
        return ["Next, a person will decide what to do, by a rule that is already set."]
    if story.rollout is not None:
        return ["The test is under way. We will tell you what we find."]
    if story.evidence is not None:
        return ["Next, we will try out a change in a fair test."]
    return ["Next, we will look for what has helped others with the same problem."]
