"""`rounds change log`: what was changed of the change while it ran."""

from pathlib import Path
from typing import Literal

from rounds.cli.output import day, show, utc_now

__all__ = ["log_"]


def log_(
    *,
    on: str,
    what: str,
    modified: Literal[
        "content", "context", "training-and-evaluation", "implementation"
    ],
    level: Literal["patients", "clinician", "clinic", "organisation", "system"],
    decided_by: str,
    goal: str,
    planned: bool,
    fidelity_consistent: bool,
    project: Path = Path(),
    json: bool = False,
) -> None:
    """Write an entry into the adaptations log of the running change, after FRAME.

    The evaluation gives the effect, and how many cards are followed, before and after
    each entry's day. An entry is published, and is about no single person.

    Parameters
    ----------
    on
        From which day it held, YYYY-MM-DD.
    what
        What was changed, in words.
    modified
        What kind of thing was modified.
    level
        At what level of delivery.
    decided_by
        Who determined that it should be.
    goal
        What was to be reached by it.
    planned
        Whether it was planned and proactive, or a reaction.
    fidelity_consistent
        Whether core elements stay as they were designed.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.conduct import Desk, Project, log_modification

    opened = Project.open(project)
    with Desk.open(opened, now=utc_now, by=decided_by) as desk:
        entry = log_modification(
            desk,
            on=day(on, "--on"),
            what=what,
            modified=modified.replace("-", "_"),
            level=level,
            decided_by=decided_by,
            goal=goal,
            planned=planned,
            fidelity_consistent=fidelity_consistent,
        )
        desk.ledger.export(opened.ledger)
    kind = "planned" if entry.planned else "reactive"
    lines = [
        f"{entry.on}: {entry.what}",
        f"  {entry.modified.replace('_', ' ')}, {entry.level}, {kind}: {entry.goal}",
        "",
        entry.ref().short,
    ]
    show({"modification": entry, "ref": str(entry.ref())}, lines, as_json=json)
