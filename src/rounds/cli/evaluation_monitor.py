"""`rounds evaluation monitor` and `stop`: a running trial, looked at by its plan."""

from pathlib import Path

from rounds.cli.output import show, utc_now, working
from rounds.nouns.errors import DefinitionError

__all__ = ["monitor_", "stop_"]


def monitor_(
    *,
    packet: Path | None = None,
    member: str = "",
    project: Path = Path(),
    json: bool = False,
) -> None:
    """Look at the running trial as its protocol plans; a crossed guardrail pauses it.

    Everybody is told whether it continues or is paused, and no number. The same data
    again give the same answer, and spend nothing.

    Parameters
    ----------
    packet
        A folder for what was seen, for the monitoring board alone: HTML, CSV, JSON.
    member
        The member of the board whom the packet is for.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.conduct import Desk, Plan, Project, board_packet, run_monitor

    if (packet is None) == bool(member.strip()):
        raise DefinitionError(
            "A packet is written into a folder, for a named member of the board.",
            code="packet-for-nobody",
            remedies=('Write both: --packet DIR --member "Dr Ida Mann"',),
        )
    opened = Project.open(project)
    plan = Plan.load(opened.plan_path)
    with Desk.open(opened, now=utc_now, by=plan.problem.owner) as desk:
        with working("looking, as the protocol says"):
            found = run_monitor(desk)
        desk.ledger.export(opened.ledger)
        look = found.look
        lines = [f"{look.title}, data until {look.data_until}: {look.verdict}"]
        if packet is not None:
            from rounds.reports import write_board_packet

            written = write_board_packet(
                board_packet(desk, member.strip(), packet).as_dict(), packet
            )
            lines += [f"  {path}" for path in written]
    if found.state == "paused":
        resume = f"rounds change resume {found.service} --by … --reason …"
        lines += [
            "",
            f"{found.service} is paused: no card is shown. Resume it: {resume}",
        ]
    told = {"look": look, "ref": str(look.ref()), "state": found.state}
    show(told, lines, as_json=json)


def stop_(*, by: str, reason: str, project: Path = Path(), json: bool = False) -> None:
    """End the running trial early: no card, no enrolment; then it can be evaluated.

    Parameters
    ----------
    by
        Who ends it.
    reason
        Why, e.g. what the monitoring board recommended.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.conduct import Desk, Project, run_stop

    with Desk.open(Project.open(project), now=utc_now, by=by) as desk:
        ended = run_stop(desk, reason=reason)
    show(
        {"by": ended.by, "at": ended.at, "reason": ended.reason},
        [f"Ended by {ended.by} on {ended.at:%Y-%m-%d}: {ended.reason}"],
        as_json=json,
    )
