"""The list of opportunities, and the Problem that one of its lines becomes."""

import datetime as dt
from pathlib import Path

from rounds.conduct.desk import Desk
from rounds.conduct.periods import last_twelve_months
from rounds.conduct.plan import AimPlan, ProblemPlan
from rounds.conduct.publishing import (
    members_of_opportunities,
    publishable_opportunities,
)
from rounds.conduct.reconcile import reconcile
from rounds.conduct.steps import run_problem
from rounds.loop.problem import list_opportunities
from rounds.loop.problem.stakes import Stakes
from rounds.nouns import (
    DefinitionError,
    Opportunity,
    OpportunityList,
    Period,
    Problem,
)

__all__ = ["opened_problem", "run_opportunities"]


def run_opportunities(desk: Desk, period: Period | None = None) -> OpportunityList:
    """Rank every measure and site by what is to be gained, and publish the list.

    Parameters
    ----------
    period : Period, optional
        The twelve months that end with the last day of the data, if not given.

    Raises
    ------
    DefinitionError
        If `stakes.yaml` is not valid, or names a measure that there is not.
    """
    reconcile(desk)
    measures = list(desk.measures().values())
    without = desk.practice.opt_outs()
    with desk.datamart() as mart:
        found = list_opportunities(
            measures,
            mart,
            period or last_twelve_months(mart),
            stakes=_stakes(desk.project.stakes_path),
            without=without,
        )
        if desk.practice.is_masked(desk.now()):
            found = _without_sites(found)
        members = members_of_opportunities(mart, measures, found, without=without)
    found = publishable_opportunities(
        found, measures, members, desk.project, now=desk.now
    )
    for measure in measures:
        if any(line.measure == measure.ref() for line in found.lines):
            desk.publish(measure)
    return desk.publish(found)


def _without_sites(found: OpportunityList) -> OpportunityList:
    """Leave out what each site does, as while a trial randomises sites."""
    said = "Sites are not listed while a trial runs among them."
    return found.model_copy(
        update={
            "lines": tuple(line for line in found.lines if line.unit is None),
            "limitations": (*found.limitations, said),
        }
    )


def _stakes(path: Path) -> Stakes | None:
    return Stakes.from_yaml(path.read_text("utf-8")) if path.is_file() else None


def opened_problem(
    desk: Desk,
    plan: ProblemPlan,
    measure: str,
    *,
    name: str = "",
    title: str = "",
    statement: str = "",
    owner: str = "",
    target: float | None = None,
    by: dt.date | None = None,
) -> Problem:
    """Turn a line of the last list into a Problem, and publish it.

    Parameters
    ----------
    plan : ProblemPlan
        Its community is the Problem's; its owner too, where none is given.
    measure : str
        The measure's name, as the list has it.
    name, title, statement, owner : str
        Of the Problem; made from the measure's where not given.
    target : float, optional
        The aim; where all sites would be, were each like the best quarter, if not
        given.
    by : date, optional
        Of the aim; a year after the list's period, if not given.

    Raises
    ------
    DefinitionError
        If no list has been published, it has no such line, or its number is hidden
        and no target is given.
    """
    found = desk.latest(OpportunityList)
    line = _line(found, measure)
    chosen = desk.measure(measure)
    if line.measure != chosen.ref():
        raise DefinitionError(
            f"The measure {measure!r} is no longer the one that was listed.",
            code="opportunity-outdated",
            why="A Problem must be of the measure that was ranked.",
            remedies=("List again: rounds problem list",),
        )
    opened = ProblemPlan(
        name=name or measure,
        title=title or chosen.title,
        statement=statement,
        measure=measure,
        aim=AimPlan(target=_target(line, chosen.improvement_notation, target), by=by),
        owner=owner or plan.owner,
        community=plan.community,
    )
    return run_problem(desk, opened, found.period)


def _line(found: OpportunityList, measure: str) -> Opportunity:
    lines = {
        line.measure.name.removeprefix("measure/"): line
        for line in found.lines
        if line.unit is None
    }
    if measure not in lines:
        raise DefinitionError(
            f"The last list has no line of {measure!r}.",
            code="opportunity-unknown",
            remedies=(
                f"Choose one of: {', '.join(sorted(lines)) or 'none was told'}.",
                "List again: rounds problem list",
            ),
        )
    return lines[measure]


def _target(line: Opportunity, better: str, target: float | None) -> float:
    """Give the target, or where all sites would be, were each like the best."""
    if target is not None:
        return target
    if line.patients is None or not line.denominator or line.numerator is None:
        raise DefinitionError(
            "The line's numbers are hidden, so no target can be taken from it.",
            code="opportunity-hidden",
            remedies=("Give one: rounds problem open MEASURE --target 0.75",),
        )
    reached = (line.numerator + line.patients.numbers[0]) / line.denominator
    return round(reached if better == "increase" else 1 - reached, 3)
