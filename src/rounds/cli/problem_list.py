"""`rounds problem list` and `open`: where the most is to be gained."""

from collections.abc import Mapping
from pathlib import Path

from rounds.cli.output import day, number, show, table, utc_now, working, year_of
from rounds.nouns import Estimate, Opportunity, OpportunityList, Ref

__all__ = ["list_", "open_"]

_MOST = 20


def list_(
    *,
    project: Path = Path(),
    from_: str | None = None,
    to: str | None = None,
    by: str = "",
    json: bool = False,
) -> None:
    """Rank all measures and sites by what is to be gained, and publish the list.

    Ranked by patients who would do well were every site like the best quarter. Where
    stakes.yaml says what is at stake for each measure, by net health benefit.

    Parameters
    ----------
    project
        The project's folder.
    from_
        First day, YYYY-MM-DD; a year before the last day if not given.
    to
        Last day, included; a year after the first if not given, or the last day of
        the data if neither is.
    by
        In whose name it is published; the problem's owner, if not given.
    json
        Print one JSON object.
    """
    from rounds.conduct import Desk, Plan, Project, publishable, run_opportunities

    opened = Project.open(project)
    owner = Plan.load(opened.plan_path).problem.owner
    period = year_of(from_, to)
    with Desk.open(opened, now=utc_now, by=by or owner) as desk:
        with working("comparing measures and sites"):
            found = publishable(run_opportunities(desk, period))
        titles = {measure.ref(): measure.title for measure in desk.measures().values()}
        desk.ledger.export(opened.ledger)
    lines = [
        f"Opportunities, {found.period.start} to {found.period.end}",
        f"ranked by {found.ranked_by.replace('_', ' ')}; intervals of 95%",
        "",
        *_table(found, titles, sites=False),
    ]
    if any(line.unit for line in found.lines):
        lines += ["", *_table(found, titles, sites=True)]
    untold = {each.measure: each.reason for each in found.untold}
    if untold:
        lines += ["", "Nothing can be told, or weighed, of:"]
        lines += [f"  {titles[ref]}: {reason}" for ref, reason in untold.items()]
    lines += ["", *(f"  * {sentence}" for sentence in found.limitations)]
    lines += ["", "Open one: rounds problem open MEASURE"]
    show({"list": found, "ref": str(found.ref())}, lines, as_json=json)


def _table(
    found: OpportunityList, titles: Mapping[Ref, str], *, sites: bool
) -> list[str]:
    chosen = [line for line in found.lines if (line.unit is not None) == sites]
    told = [line for line in chosen if not line.suppressed]
    rows = [_row(line, titles[line.measure], sites=sites) for line in told[:_MOST]]
    heads = ("site and measure" if sites else "measure", "rank", "patients", "QALYs")
    lines = list(table(heads, rows))
    if len(told) > _MOST:
        lines.append(f"… and {len(told) - _MOST} more (--json shows all)")
    if len(told) < len(chosen):
        lines.append(f"{len(chosen) - len(told)} sites are too small to be shown.")
    return lines


def _row(line: Opportunity, title: str, *, sites: bool) -> tuple[str, ...]:
    rank = "–"
    if line.rank is not None:
        rank = f"{line.rank} ({line.rank_lower}–{line.rank_upper})"
    return (
        f"{line.unit}: {title}" if sites else title,
        rank,
        "–" if line.patients is None else _short(line.patients, 0),
        "–" if line.benefit is None else _short(line.benefit, 2),
    )


def _short(found: Estimate, digits: int) -> str:
    value, lower, upper = found.numbers
    return f"{value:,.{digits}f} ({lower:,.{digits}f} to {upper:,.{digits}f})"


def open_(
    measure: str,
    /,
    *,
    project: Path = Path(),
    name: str = "",
    title: str = "",
    statement: str = "",
    owner: str = "",
    target: float | None = None,
    by: str | None = None,
    json: bool = False,
) -> None:
    """Turn a line of the last list into a Problem: baseline, aim, community.

    The community is that of turn.yaml's section `problem`.

    Parameters
    ----------
    measure
        The measure's name.
    project
        The project's folder.
    name
        The Problem's computer name; the measure's if not given.
    title
        Its title; the measure's if not given.
    statement
        The need in plain words, best in a patient's voice.
    owner
        Who answers for it; the owner in turn.yaml if not given.
    target
        The aim, between 0 and 1; what all would reach, were every site like the best
        quarter, if not given.
    by
        The day of the aim, YYYY-MM-DD; a year after the list's period if not given.
    json
        Print one JSON object.
    """
    from rounds.conduct import (
        Desk,
        Plan,
        Project,
        opened_problem,
        publishable,
        without_sites,
    )

    opened = Project.open(project)
    plan = Plan.load(opened.plan_path).problem
    with Desk.open(opened, now=utc_now, by=owner or plan.owner) as desk:
        with working("comparing sites, months and groups"):
            found = publishable(
                opened_problem(
                    desk,
                    plan,
                    measure,
                    name=name,
                    title=title,
                    statement=statement,
                    owner=owner,
                    target=target,
                    by=day(by, "--by") if by else None,
                )
            )
        desk.ledger.export(opened.ledger)
        ref = found.ref()
        if desk.practice.is_masked(utc_now()):
            found = without_sites(found)
    lines = [
        f"{found.title}, {found.period.start} to {found.period.end}",
        f"  baseline  {number(found.baseline)}",
        f"  aim       {100 * found.aim.target:.1f}% by {found.aim.by}",
        f"  owner     {found.owner}",
        "",
        ref.short,
    ]
    show({"problem": found, "ref": str(ref)}, lines, as_json=json)
