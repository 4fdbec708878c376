"""What the page for patients says, in short sentences with counts out of a hundred."""

from typing import Any

from jinja2 import Environment

from rounds.nouns import (
    DefinitionError,
    Estimate,
    Evaluation,
    NotEstimable,
    Problem,
    Variation,
)
from rounds.reports.figures import shown_units
from rounds.reports.plain_language import (
    HIGHEST_GRADE,
    flesch_kincaid_grade,
    running_text,
)
from rounds.reports.story import Story
from rounds.reports.wording import day

__all__ = ["plain_page"]

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


def plain_page(story: Story, templates: Environment) -> tuple[str, float]:
    """Write the page for patients, and say its reading grade.

    The problem's own statement is left out where it would make the page too hard.

    Returns
    -------
    html, grade : str, float
        Part of a page; its Flesch–Kincaid grade.

    Raises
    ------
    DefinitionError
        If the page is too hard to read all the same.
    """
    template = templates.get_template("plain.html")
    grade = 0.0
    for statement in (story.problem.statement, ""):
        html = template.render(**_context(story), statement=statement)
        grade = flesch_kincaid_grade(running_text(html))
        if grade <= HIGHEST_GRADE:
            return html, grade
    raise DefinitionError(
        f"The page for patients reads at grade {grade:.1f}; {HIGHEST_GRADE:.0f} is the"
        " most.",
        code="plain-page-too-hard",
        why="A page that its readers cannot read keeps them out.",
        remedies=("Shorten the sentences of templates/plain.html and plain_page.py.",),
    )


def _context(story: Story) -> dict[str, Any]:
    problem = story.problem
    n_sites = len(problem.units)
    hidden = sum(unit.suppressed for unit in problem.units)
    variation = problem.variation
    return {
        "goal": _goal(problem.measure.name, _GOAL),
        "is_share": problem.baseline.scale == "proportion"
        if isinstance(problem.baseline, Estimate)
        else 0 <= problem.aim.target <= 1,
        "start": day(problem.period.start),
        "end": day(problem.period.end),
        "baseline": _baseline(problem),
        "aim": _aim(problem),
        "aim_by": day(problem.aim.by),
        "n_sites": n_sites,
        "too_small": n_sites > 1
        and (hidden * 2 > n_sites or len(shown_units(problem)) < n_sites / 2),
        "varies": _varies(variation),
        "evidence": _evidence(story),
        "change": _change(story),
        "result": _result(story),
        "next_steps": _next_steps(story),
    }


def _goal(name: str, otherwise: str) -> str:
    return GOALS.get(name.partition("/")[2] or name, otherwise)


def _known(estimate: Estimate | NotEstimable) -> tuple[float, float, float] | None:
    if isinstance(estimate, NotEstimable) or estimate.sealed is not None:
        return None
    value, lower, upper = estimate.value, estimate.lower, estimate.upper
    assert value is not None
    assert lower is not None
    assert upper is not None
    return value, lower, upper


def _hundred(share: float) -> str:
    """Say a share as so many of a hundred people."""
    number = abs(share) * 100
    return f"{number:.0f}" if number >= 1.95 or number == 0 else f"{number:.1f}"


def _baseline(problem: Problem) -> dict[str, Any] | None:
    baseline, known = problem.baseline, _known(problem.baseline)
    if known is None or isinstance(baseline, NotEstimable):
        return None
    if baseline.scale == "proportion":
        value, low, high = (_hundred(number) for number in known)
        first = f"Out of every 100 people, about {value} did."
    else:
        value, low, high = (f"{number:.0f}" for number in known)
        first = f"The mean was about {value}."
    return {
        "sentence": f"{first} The true number could be from {low} to {high}.",
        "n": None if baseline.n is None else f"{baseline.n:,}",
    }


def _aim(problem: Problem) -> str | None:
    return _hundred(problem.aim.target) if 0 <= problem.aim.target <= 1 else None


def _varies(variation: Variation | NotEstimable) -> bool | None:
    if isinstance(variation, NotEstimable):
        return None
    return variation.phi > 2 or bool(variation.outliers_low + variation.outliers_high)


_CERTAINTY = {
    "high": "We are very sure of this.",
    "moderate": "We are fairly sure of this.",
    "low": "We are not very sure of this.",
    "very low": "We are not at all sure of this.",
    "not yet rated": "No one has yet judged how sure we can be of this.",
}


def _evidence(story: Story) -> dict[str, Any] | None:
    evidence = story.evidence
    if evidence is None:
        return None
    sentence = ""
    pooled = evidence.meta_analysis
    if not isinstance(pooled, NotEstimable):
        known = _known(pooled.pooled)
        if known is not None and pooled.pooled.scale == "risk_difference":
            sentence = f"Taken as one, they found a change of {_span_of_hundred(known)}"
    return {
        "n": len(evidence.sources),
        "sentence": sentence,
        "certainty": _CERTAINTY[evidence.certainty.rating],
    }


def _more(value: float) -> str:
    return f"{_hundred(value)} {'fewer' if value < 0 else 'more'}"


def _span_of_hundred(known: tuple[float, float, float]) -> str:
    value, low, high = known
    return (
        f"about {_more(value)} in every 100. "
        f"The true number could be from {_more(low)} to {_more(high)}."
    )


_NOTICE = {
    "notice": "We told people about this with a notice.",
    "opt_out": "People were told, and could say no. We left out the data of those "
    "who said no.",
    "consent": "Only people who had said yes took part.",
}


def _change(story: Story) -> dict[str, str] | None:
    rollout = story.rollout
    if rollout is None:
        return None
    who = "clinics" if rollout.design.unit == "clinic" else "patients"
    return {
        "chance": f"For some {who} the note was turned on. For the others it was not. "
        "We drew lots to choose.",
        "notice": _NOTICE[rollout.notification],
    }


_SEALED = (
    "We do not show a number here yet.",
    "One of our checks did not pass. That means the number could be wrong.",
    "A wrong number could lead to bad care. We will fix this first.",
)


def _result(story: Story) -> dict[str, list[str]] | None:
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
    known = _known(estimate)
    if known is None:
        return list(_SEALED)
    value, low, high = known
    names = _endpoint_names(story, "primary")
    goal = _goal(names[0], _GOAL) if names else _GOAL
    sentences = []
    if estimate.scale == "risk_difference":
        sentences.append(
            f"When the note was on, about {_more(value)} people in every 100 {goal}. "
            f"The true number could be from {_more(low)} to {_more(high)}."
        )
    if estimate.n is not None:
        sentences.append(f"We counted {estimate.n:,} people.")
    better = story.protocol.primary.better if story.protocol else "higher"
    good = low > 0 if better == "higher" else high < 0
    bad = high < 0 if better == "higher" else low > 0
    if good:
        sentences.append("So we think the note did help.")
    elif bad:
        sentences.append("So we think the note made things worse.")
    else:
        sentences.append("So we can not be sure if the note helps or not.")
    return sentences


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
        goal = _goal(names[i], _HARM) if i < len(names) else _HARM
        known = _known(result.estimate)
        if known is None:
            sentences.append(f"We checked if more people {goal}.")
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
    if any(e.suppressed or _known(e.estimate) is None for e in evaluation.equity):
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


def _next_steps(story: Story) -> list[str]:
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
