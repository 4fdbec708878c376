"""`rounds problem watch`: has something got worse? And `answer`: what was found."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rounds.cli.output import day, number, show, utc_now, working

if TYPE_CHECKING:
    from rounds.conduct.alerts import Watched

__all__ = ["answer_", "watch_"]


def watch_(
    measure: str | None = None,
    /,
    *,
    since: str | None = None,
    from_: str | None = None,
    to: str | None = None,
    false_alarm: float = 0.05,
    owner: str = "",
    project: Path = Path(),
    json: bool = False,
) -> None:
    """Watch each site, all together, and the change that was adopted; publish alerts.

    Every unit is held against its own months before. While a trial by site is under way
    sites are left alone.

    Parameters
    ----------
    measure
        As `rounds measure list` names it; that of turn.yaml, if not given.
    since
        First day that is watched, YYYY-MM-DD; a year before the end if not given.
    from_
        First day of the months before; two years before the end if not given.
    to
        Last day, included; the last day of the data if not given.
    false_alarm
        Chance, in 24 months in which nothing changes, of any alert by unit at all.
    owner
        Whose the alerts are; the problem's owner, if not given.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    import datetime as dt

    from rounds.conduct import Desk, Plan, Project, run_watch
    from rounds.conduct.periods import last_twelve_months
    from rounds.loop.problem.watching import Promise
    from rounds.nouns import DefinitionError, Period

    if not 0 < false_alarm < 1:
        raise DefinitionError(
            f"--false-alarm is {false_alarm:g}; it is a chance, between 0 and 1.",
            code="bad-false-alarm",
            why="Who watches long enough is alarmed at last: it says how rarely.",
            remedies=("Take 0.05: one such watch in twenty alarms falsely.",),
        )
    opened = Project.open(project)
    plan = Plan.load(opened.plan_path).problem
    whose = owner or plan.owner
    with Desk.open(opened, now=utc_now, by=whose) as desk:
        period = None
        if from_ or to:
            end = day(to, "--to") if to else None
            if end is None:
                with desk.datamart() as mart:
                    end = last_twelve_months(mart).end
            start = day(from_, "--from") if from_ else end - dt.timedelta(days=729)
            period = Period(start=start, end=end)
        with working("watching"):
            found = run_watch(
                desk,
                measure or plan.measure,
                owner=whose,
                since=day(since, "--since") if since else None,
                period=period,
                promise=Promise(false_alarm=false_alarm),
            )
        desk.ledger.export(opened.ledger)
    show(_plain(found), _lines(found), as_json=json)


def answer_(
    name: str,
    /,
    *,
    status: Literal["acknowledged", "closed"],
    by: str,
    note: str,
    project: Path = Path(),
    json: bool = False,
) -> None:
    """Say what was found of an alert: it is published with who said it.

    Parameters
    ----------
    name
        The alert's, as `rounds problem watch` prints it.
    status
        `acknowledged` while it is being looked into, `closed` when that is done.
    by
        Who answers.
    note
        What was found; about no single person.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.conduct import Desk, Project, answer_alert

    opened = Project.open(project)
    with Desk.open(opened, now=utc_now, by=by) as desk:
        alert = answer_alert(desk, name, status=status, answer=note)
        desk.ledger.export(opened.ledger)
    lines = [f"{alert.title}: {alert.status}", f"  {alert.answer}", alert.ref().short]
    show({"alert": alert, "ref": str(alert.ref())}, lines, as_json=json)


def _plain(found: "Watched") -> dict[str, Any]:
    from rounds.conduct import publishable
    from rounds.loop.evaluation.after_adoption.fading import Fading
    from rounds.nouns import NotEstimable

    units, change = found.units, found.change
    left_out = [] if isinstance(units, NotEstimable) else units.left_out
    plain: dict[str, Any] = {
        "period": found.period,
        "since": found.since,
        "alerts": found.alerts,
        "watched": [] if isinstance(units, NotEstimable) else units.watched,
        "left_out": left_out,
        "sites_masked": found.masked,
        "not_estimable": units.reason if isinstance(units, NotEstimable) else None,
        "change": change if isinstance(change, NotEstimable) else None,
    }
    if isinstance(change, Fading):
        plain["change"] = {
            "verdict": change.decay.verdict,
            "left": publishable(change.left),
            "months": change.n_months,
        }
    return plain


def _lines(found: "Watched") -> list[str]:
    from rounds.loop.evaluation.after_adoption.fading import Fading
    from rounds.nouns import NotEstimable

    units, change = found.units, found.change
    lines = [f"Watched since {found.since}, months from {found.period.start}"]
    if isinstance(units, NotEstimable):
        lines.append(f"  units    {number(units)}")
    else:
        lines.append(f"  units    {len(units.watched)}, left out {len(units.left_out)}")
        lines += [f"  * {said}" for said in units.limitations]
    if found.masked:
        lines.append("  * Sites are left alone while a trial by site is under way.")
    if isinstance(change, Fading):
        left = number(change.left, digits=2)
        lines.append(f"  change   {change.decay.verdict}; left of its gain {left}")
    else:
        lines.append(f"  change   {number(change)}")
    lines.append("")
    if not found.alerts:
        lines.append("No alert.")
    for alert in found.alerts:
        lines += [
            f"{alert.title} ({alert.status})",
            f"  signalled {alert.signalled}, owner {alert.owner}",
            f"  {alert.how}",
            f"  {alert.name}",
        ]
    return lines
