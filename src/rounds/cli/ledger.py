"""`rounds ledger`, `rounds why`, `rounds impact`, `rounds loop`."""

from pathlib import Path

from rounds.cli.output import show, utc_now

__all__ = ["export_", "impact", "loop", "verify_", "why"]


def verify_(
    *, project: Path = Path(), head: Path | None = None, json: bool = False
) -> int:
    """Find an entry that was edited, removed or put elsewhere.

    The audit file, of who looked at single persons, is read in the same way.

    Parameters
    ----------
    project
        The project's folder.
    head
        A HEAD.json that was exported before; with it the removal of the last entries
        is found too. The project's own ledger/HEAD.json if not given.
    json
        Print one JSON object.
    """
    from rounds.conduct import Project
    from rounds.ledger import Ledger

    opened = Project.open(project)
    audit = opened.audit_faults()
    exported = head or opened.ledger / "HEAD.json"
    with Ledger.open(opened.registry) as ledger:
        # A head that was named must be there: without it nothing is compared.
        known = read_head(exported) if head or exported.exists() else None
        folder = opened.ledger if known and head is None else None
        findings = ledger.verify(head=known, exported=folder)
        n_entries = len(ledger.entries())
    found = {
        "ok": not (findings or audit),
        "entries": n_entries,
        "head": str(exported) if known else None,
        "findings": [finding.as_dict() for finding in findings],
        "audit": audit,
    }
    lines = [f"* {finding}" for finding in (*findings, *audit)]
    if not findings:
        against = f"against {exported}" if known else "without an exported head"
        lines.append(f"{n_entries} entries, each as it was written ({against}).")
    show(found, lines, as_json=json)
    return 11 if findings or audit else 0


def read_head(path: Path) -> dict[str, object]:
    """Read a HEAD.json.

    Raises
    ------
    DataError
        If it is not one.
    """
    from json import loads

    from rounds.nouns import DataError

    try:
        head = loads(path.read_text())
        return {"sequence": head["sequence"], "entry_hash": head["entry_hash"]}
    except (OSError, ValueError, KeyError, TypeError):
        raise DataError(
            f"{path} is not a HEAD.json that Rounds exported.",
            code="bad-head",
            remedies=("Export it anew: rounds ledger export",),
        ) from None


def export_(
    folder: Path | None = None, /, *, project: Path = Path(), json: bool = False
) -> None:
    """Write the ledger as files: 1-problems/ … 5-decisions/.

    Parameters
    ----------
    folder
        Where to; the project's ledger/ if not given.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.conduct import Project
    from rounds.ledger import Ledger

    opened = Project.open(project)
    target = folder or opened.ledger
    with Ledger.open(opened.registry) as ledger:
        ledger.export(target)
        n_entries = len(ledger.entries())
    show(
        {"folder": target, "entries": n_entries},
        [f"{n_entries} entries in {target}"],
        as_json=json,
    )


def why(ref: str, /, *, project: Path = Path(), json: bool = False) -> None:
    """Walk back from a noun to its sources, snapshot, files and people.

    Parameters
    ----------
    ref
        A reference, its beginning, or kind/name for the latest.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.conduct import Desk, Project, why_with_files

    with Desk.open(Project.open(project), now=utc_now, by="why") as desk:
        tree = why_with_files(desk, ref)
    show(tree.as_dict(), tree.lines(), as_json=json)


def impact(target: str, /, *, project: Path = Path(), json: bool = False) -> None:
    """Walk forward to every decision and live card that rests on something.

    Parameters
    ----------
    target
        A reference, `PMID:…`, `DOI:…`, a datamart's snapshot, or `file:…` with the
        name of a file that was loaded or the beginning of its SHA-256.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.conduct import Desk, Project, impact_of_file

    with Desk.open(Project.open(project), now=utc_now, by="impact") as desk:
        if target.startswith("file:"):
            tree = impact_of_file(desk, target.removeprefix("file:"))
        else:
            tree = desk.ledger.impact(target)
        live = [
            service
            for service in desk.practice.services()
            if (standing := desk.practice.in_force(service)) is not None
            and standing.state != "off"
            and standing.knowledge in {str(ref) for ref in tree.live}
        ]
    lines = list(tree.lines())
    lines += [f"served now: {service}" for service in live]
    show(tree.as_dict() | {"served_now": live}, lines, as_json=json)


def loop(*, project: Path = Path(), json: bool = False) -> None:
    """Draw the ring with what stands where.

    Parameters
    ----------
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.conduct import Project
    from rounds.ledger import Ledger

    steps = (
        ("problem", "problem"),
        ("evidence", "evidence"),
        ("change", "rollout"),
        ("evaluation", "evaluation"),
        ("decision", "decision"),
    )
    with Ledger.open(Project.open(project).registry) as ledger:
        standing = {
            step: (ref.short if (ref := ledger.latest(kind)) else None)
            for step, kind in steps
        }
    lines = [
        f"{'└▶' if i else '┌▶'} {step:<11} {ref or 'not reached yet'}"
        for i, (step, ref) in enumerate(standing.items())
    ]
    show(standing, [*lines, "└─ and round again"], as_json=json)
