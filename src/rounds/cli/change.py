"""`rounds change`: say it where care is given, to a random part first."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from rounds.cli.output import show, utc_now, working
from rounds.nouns.errors import DefinitionError

if TYPE_CHECKING:
    from rounds.nouns import Rollout

__all__ = [
    "adopt_",
    "kill_",
    "opt_out_",
    "resume_",
    "rollback_",
    "run_",
    "status_",
]

_NOT_ONE_ID = re.compile(r"""[\s,;"']""")

By = Annotated[str, Parameter(name="--by")]


def run_(*, project: Path = Path(), json: bool = False) -> None:
    """Freeze the protocol and start the rollout that turn.yaml describes.

    Parameters
    ----------
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.cli.decision_list import tried_lines, tried_objects
    from rounds.conduct import Desk, Plan, Project, alike, run_change, tried_before

    opened = Project.open(project)
    part = Plan.load(opened.plan_path).need("change")
    with Desk.open(opened, now=utc_now, by=part.responsible) as desk:
        with working("stratifying and allocating"):
            rollout, protocol = run_change(desk, part)
        receipt = desk.ledger.receipt(protocol.ref())
        before = alike(
            tried_before(desk.ledger),
            protocol.primary.estimand.treatment,
            measure=protocol.primary.measure.name,
            knowledge=rollout.knowledge_object.name,
            but_not=protocol.ref(),
        )
        desk.ledger.export(opened.ledger)
    found = {
        "rollout": str(rollout.ref()),
        "protocol": str(protocol.ref()),
        "receipt": receipt.entry_hash,
        "seed_commitment": rollout.seed_commitment,
        "units": rollout.n_units,
        "allocation": rollout.design.allocation,
        "left_out": rollout.left_out,
        "constrained_set": rollout.constrained_set,
        "tried_before": tried_objects(before),
    }
    lines = [
        f"{rollout.title}: randomised by {rollout.design.unit}{_in_steps(rollout)}",
        f"  protocol        {protocol.ref().short}, frozen",
        f"  receipt         {receipt.entry_hash}",
        f"  seed commitment {rollout.seed_commitment}",
        f"  units           {rollout.n_units or 'as they arrive'}",
        f"  allocation      {rollout.design.in_words}",
        *_of_allocation(rollout),
        *(["", "Tried here before:", *tried_lines(before)] if before else []),
        "",
        f"Serve it: rounds serve --project {project}",
    ]
    show(found, lines, as_json=json)


def _of_allocation(rollout: "Rollout") -> list[str]:
    """Say who was left out, and how free a constrained allocation was."""
    said, drawn_from = [], rollout.constrained_set
    if rollout.left_out:
        said.append(
            f"  left out        {rollout.left_out}: an odd clinic has no partner, and "
            "is in no arm"
        )
    if drawn_from is not None:
        said.append(
            f"  drawn from      {drawn_from.admitted} of {drawn_from.candidates} "
            f"allocations; two clinics share an arm in "
            f"{drawn_from.least_together:.0%} to {drawn_from.most_together:.0%} of them"
        )
    return said


def _in_steps(rollout: "Rollout") -> str:
    schedule, factors = rollout.design.schedule, rollout.design.factors
    if factors is not None:
        return f", to the four cells of {factors.first} and {factors.second}"
    if schedule is None:
        return ""
    days = ", ".join(str(start) for start in schedule.period_starts)
    return f", a {schedule.title} with periods from {days}"


def status_(*, project: Path = Path(), json: bool = False) -> None:
    """Say what is in force where care is given.

    Parameters
    ----------
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.conduct import reconcile

    with _desk(project, "status") as desk:
        reconcile(desk)
        found = {one: _standing(desk, one) for one in desk.practice.services()}
    lines = [
        f"{service}: {standing['state']}, {standing['knowledge_object']}, "
        f"since {standing['at']:%Y-%m-%d} by {standing['by']}"
        for service, standing in found.items()
    ]
    show(found, lines or ["Nothing is in force."], as_json=json)


def adopt_(
    service: str, /, *, by: By, project: Path = Path(), json: bool = False
) -> None:
    """Show the card everywhere, from the next call on.

    Parameters
    ----------
    service
        The service's id, as `rounds change status` names it.
    by
        Who says so.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    _switch("adopt", service, by, project, as_json=json)


def rollback_(
    service: str, /, *, by: By, project: Path = Path(), json: bool = False
) -> None:
    """Go back to what was in force before, from the next call on.

    Parameters
    ----------
    service
        The service's id, as `rounds change status` names it.
    by
        Who says so.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    _switch("rollback", service, by, project, as_json=json)


def kill_(
    service: str, /, *, by: By, project: Path = Path(), json: bool = False
) -> None:
    """Switch a service off, from the next call on.

    Parameters
    ----------
    service
        The service's id, as `rounds change status` names it.
    by
        Who says so.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    _switch("kill", service, by, project, as_json=json)


def resume_(
    service: str,
    /,
    *,
    by: By,
    reason: str = "",
    project: Path = Path(),
    json: bool = False,
) -> None:
    """Undo the kill switch, or a trial's pause, from the next call on.

    Parameters
    ----------
    service
        The service's id, as `rounds change status` names it.
    by
        Who says so.
    reason
        Why; a trial that paused itself is not resumed without.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    _switch("resume", service, by, project, as_json=json, reason=reason)


def opt_out_(
    *,
    listed: Annotated[Path, Parameter(name="--from")],
    project: Path = Path(),
    json: bool = False,
) -> None:
    """Record patients who decline, from a file with one patient id a line.

    Parameters
    ----------
    listed
        The file; ids are never typed on a command line, which others can read. An id is
        as the record gives it, with or without `Patient/` before it; also where the
        datamart holds pseudonyms.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    ids = _ids(listed)
    with _desk(project, "opt-out") as desk:
        for one in ids:
            desk.practice.opt_out(one, at=utc_now())
        total = len(desk.practice.opt_outs())
    show(
        {"recorded": len(ids), "total": total},
        [f"{len(ids)} recorded; {total} people have opted out in all."],
        as_json=json,
    )


def _ids(listed: Path) -> list[str]:
    """Read the ids of a file, all or none; no message holds one."""
    try:
        lines = listed.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        raise DefinitionError(
            f"{listed} cannot be read as text.",
            code="opt-outs-unreadable",
            why="Nobody's wish was recorded.",
            remedies=("Name a text file (UTF-8) with one patient id a line.",),
        ) from None
    ids: dict[str, None] = {}
    for number, line in enumerate(lines, start=1):
        one = line.strip().rpartition("Patient/")[2]
        if one and _NOT_ONE_ID.search(one):
            raise DefinitionError(
                f"{listed}:{number} is not one patient id.",
                code="opt-outs-unreadable",
                why="A wish that is recorded under no one's id would not be honoured.",
                remedies=(
                    "Write one id a line, without heading, comment or quotes.",
                    "Run it again: nobody's wish was recorded.",
                ),
            )
        if one:
            ids[one] = None
    return list(ids)


def _switch(
    verb: str, service: str, by: str, project: Path, *, as_json: bool, **more: str
) -> None:
    if not by.strip():
        raise DefinitionError(
            "--by names nobody.",
            code="nobody-named",
            why="Who changes what patients get stands by it.",
            remedies=('Name the person, e.g. --by "Dr Rosa Lind".',),
        )
    from rounds.conduct import refresh_bedside

    with _desk(project, by) as desk:
        getattr(desk.practice, verb)(service, by=by, at=utc_now(), **more)
        if verb != "kill":
            refresh_bedside(desk)
        standing = _standing(desk, service)
    show(standing, [f"{service}: {standing['state']}"], as_json=as_json)


def _standing(desk: Any, service: str) -> dict[str, Any]:
    entry = desk.practice.in_force(service)
    return {
        "service": service,
        "state": entry.state,
        "knowledge_object": entry.knowledge,
        "version": entry.version,
        "by": entry.by,
        "at": entry.at,
        "reason": entry.reason,
        "decision": entry.decision,
    }


def _desk(project: Path, by: str) -> Any:
    from rounds.conduct import Desk, Project

    return Desk.open(Project.open(project), now=utc_now, by=by)
