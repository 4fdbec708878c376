"""The list of opportunities, and the Problem that one of its lines becomes."""

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from rounds.conduct.desk import Desk
from rounds.conduct.masking import without_sites
from rounds.conduct.periods import last_twelve_months
from rounds.conduct.plan import AimPlan, ProblemPlan
from rounds.conduct.publishing import (
    members_of_opportunities,
    publishable_opportunities,
)
from rounds.conduct.reconcile import reconcile
from rounds.conduct.steps import run_problem
from rounds.ledger import safe
from rounds.loop.problem.opportunities import Counted, count_sites, opportunities_of
from rounds.loop.problem.stakes import Stakes
from rounds.nouns import (
    DefinitionError,
    NotEstimable,
    Opportunity,
    OpportunityList,
    Period,
    Problem,
    Ref,
)

__all__ = ["opened_problem", "run_opportunities", "told_of"]

_ASSUMED = (
    "Of sites whose numbers are hidden the sum alone counts: they are taken to differ "
    "from each other as the others of their measure do."
)


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
        snapshot, period = mart.snapshot, period or last_twelve_months(mart)
        counted = count_sites(measures, mart, period, without=without)
        stakes = _stakes(desk.project.stakes_path)
        found = opportunities_of(counted, period, snapshot=snapshot, stakes=stakes)
        pooled = _hidden_sites(safe(found), counted)
        if desk.practice.is_masked(desk.now()):
            found = without_sites(found)
        members = members_of_opportunities(mart, measures, found, without=without)
    told = publishable_opportunities(
        found, measures, members, desk.project, now=desk.now
    )
    told = told_of(
        counted,
        period,
        snapshot=snapshot,
        stakes=stakes,
        told=told,
        pooled=pooled,
    )
    named = {line.measure for line in told.lines}
    for measure in measures:
        if measure.ref() in named:
            desk.publish(measure)
    return desk.publish(told)


def told_of(
    counted: Sequence[Counted],
    period: Period,
    *,
    snapshot: str | None,
    stakes: Stakes | None,
    told: OpportunityList,
    pooled: Mapping[Ref, frozenset[str]] | None = None,
) -> OpportunityList:
    """Give a list whose small sites are hidden estimates and ranks that hide them too.

    Parameters
    ----------
    counted, period, snapshot, stakes
        As `opportunities_of` took them.
    told : OpportunityList
        Of these, what may be told.
    pooled : mapping of Ref to frozenset of str, optional
        Sites that are hidden, by measure, besides those that `told` says are.
    """
    hidden = _hidden_sites(told, counted)
    for ref, sites in (pooled or {}).items():
        hidden[ref] = hidden.get(ref, frozenset()) | sites
    if not hidden:
        return told
    again = opportunities_of(
        counted, period, snapshot=snapshot, stakes=stakes, pooled=hidden
    )
    return _made_anew(told, again)


def _hidden_sites(
    told: OpportunityList, counted: Sequence[Counted]
) -> dict[Ref, frozenset[str]]:
    """Give the sites whose counts are not told, by measure; all where it is left out.

    A list without single sites says of none that it is hidden.
    """
    hidden: dict[Ref, frozenset[str]] = {}
    for one in counted:
        ref = one.measure.ref()
        mine = [line for line in told.lines if line.measure == ref]
        named = {line.unit for line in mine if line.unit and line.suppressed}
        if not mine and not isinstance(one.sites, NotEstimable):
            named = {site.unit for site in one.sites}
        if named:
            hidden[ref] = frozenset(named)
    return hidden


def _made_anew(told: OpportunityList, again: OpportunityList) -> OpportunityList:
    """Give what may be told the estimates and ranks that were made from it alone."""
    made = {(line.measure, line.unit): line for line in again.lines}
    names = ("patients", "benefit", "rank", "rank_lower", "rank_upper")
    lines = []
    for line in told.lines:
        its = made[line.measure, line.unit]
        given = {} if line.suppressed else {name: getattr(its, name) for name in names}
        lines.append(line.model_copy(update=given))
    lines.sort(key=lambda line: (line.unit is not None, line.suppressed, _rank(line)))
    said = (*told.limitations, _ASSUMED)
    return told.model_copy(update={"lines": tuple(lines), "limitations": said})


def _rank(line: Opportunity) -> float:
    return math.inf if line.rank is None else line.rank


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
        adjust=plan.adjust,
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
