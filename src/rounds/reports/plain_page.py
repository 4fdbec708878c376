"""What the page for patients says, in short sentences with counts out of a hundred."""

from typing import Any

from jinja2 import Environment

from rounds.nouns import (
    DefinitionError,
    Estimate,
    NotEstimable,
    Problem,
    Variation,
)
from rounds.reports.case_mix_words import plain_case_mix
from rounds.reports.factor_words import plain_factors
from rounds.reports.figures import shown_units
from rounds.reports.plain_language import (
    HIGHEST_GRADE,
    flesch_kincaid_grade,
    running_text,
)
from rounds.reports.plain_sentences import (
    change_sentences,
    evidence_sentences,
    goal_of,
    hundred,
    next_steps,
    numbers_of,
    result_sentences,
)
from rounds.reports.story import Story
from rounds.reports.wording import day

__all__ = ["plain_page"]


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
        remedies=(
            "Shorten the sentences of templates/plain.html and plain_sentences.py.",
        ),
    )


def _context(story: Story) -> dict[str, Any]:
    problem = story.problem
    n_sites = len(problem.units)
    hidden = sum(unit.suppressed for unit in problem.units)
    variation = problem.variation
    return {
        "goal": goal_of(problem.measure.name),
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
        "case_mix": plain_case_mix(problem),
        "evidence": evidence_sentences(story),
        "change": change_sentences(story),
        "result": result_sentences(story),
        "second_note": plain_factors(story),
        "may_decline": story.rollout is not None
        and story.rollout.notification != "notice",
        "next_steps": next_steps(story),
    }


def _baseline(problem: Problem) -> dict[str, Any] | None:
    baseline, known = problem.baseline, numbers_of(problem.baseline)
    if known is None or isinstance(baseline, NotEstimable):
        return None
    if baseline.scale == "proportion":
        value, low, high = (hundred(number) for number in known)
        first = f"Out of every 100 people, about {value} did."
    else:
        value, low, high = (f"{number:.0f}" for number in known)
        first = f"The mean was about {value}."
    return {
        "sentence": f"{first} The true number could be from {low} to {high}.",
        "n": None if baseline.n is None else f"{baseline.n:,}",
    }


def _aim(problem: Problem) -> str | None:
    return hundred(problem.aim.target) if 0 <= problem.aim.target <= 1 else None


def _varies(variation: Variation | NotEstimable) -> bool | None:
    if isinstance(variation, NotEstimable):
        return None
    return variation.phi > 2 or bool(variation.outliers_low + variation.outliers_high)
