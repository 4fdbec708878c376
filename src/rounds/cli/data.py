"""`rounds init` and `rounds data`: practice to data."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from rounds.cli.output import Progress, show, table, utc_now
from rounds.nouns.errors import DefinitionError

if TYPE_CHECKING:
    from rounds.conduct import Project
    from rounds.datamart import LoadReport
    from rounds.datamart.deidentify import DeidentifyPlan

__all__ = ["history_", "init", "load_", "plan_of", "rollback_", "status_"]


def init(
    folder: Path,
    /,
    *,
    source: Annotated[str | None, Parameter(name="--from")] = None,
    deidentify: Literal["none", "safe_harbor", "shifted"] = "none",
    json: bool = False,
) -> None:
    """Make a project from FHIR R4, OMOP CDM or plain CSV.

    Parameters
    ----------
    folder
        The new project's folder.
    source
        A folder or zip archive of bulk NDJSON, Bundles, OMOP tables, or any CSV with a
        mapping; or postgresql://user@host/database?schema=cdm. Without it, nothing is
        loaded: name a CDM that is already there in `rounds.toml`.
    deidentify
        Take identifiers away on the way in: `safe_harbor` removes the 18 of HIPAA and
        leaves years for dates; `shifted` moves each person's dates by a secret number
        of days, and removes less. Words are kept from lists, codes and units by their
        form; ages over 89 by codes that are known. Neither has been certified.
    json
        Print one JSON object.
    """
    import shutil

    from rounds.conduct import Project
    from rounds.datamart import load
    from rounds.datamart.given.source_given import place_given

    if source is None:
        made = Project.init(folder, source=None, deidentify=deidentify)
        where = made.settings_path
        show(
            {"project": str(folder), "settings": str(where)},
            [f"{folder} holds no data yet: name a CDM in {where}, or load some."],
            as_json=json,
        )
        return
    place_given(source)  # an address with a password is refused before it is kept
    existed = folder.exists()
    project = Project.init(folder, source=source, deidentify=deidentify)
    try:
        report = load(
            source,
            project.datamart,
            progress=_rates(Progress()),
            now=utc_now,
            deidentify=plan_of(project),
            views=project.views,
        )
    except BaseException:
        # Nothing half-made: what this call made goes, what was there stays.
        shutil.rmtree(project.root)
        if existed:
            project.root.mkdir()
        raise
    show(
        report.as_dict() | {"project": project.root},
        [
            *_lines(report),
            "",
            f"Project: {project.root}",
            f"Next: rounds problem run --project {folder}",
        ],
        as_json=json,
    )


def plan_of(project: "Project") -> "DeidentifyPlan | None":
    """Give how the project's data are de-identified on the way in, if they are."""
    from secrets import token_bytes

    from rounds.datamart.deidentify import plan_from

    today = utc_now().date()
    return plan_from(project.settings, project.private, token_bytes, today=today)


def load_(
    source: str | None = None,
    /,
    *,
    name: Annotated[str | None, Parameter(name="--source")] = None,
    wait: float = 0.0,
    project: Path = Path(),
    json: bool = False,
) -> None:
    """Load a folder into the project's datamart, as a new snapshot of it.

    FHIR adds to what its source gave before; OMOP and CSV replace it, and so does a
    table of areas (CDC's SVI by census tract or ZIP Code area), whose values are those
    of whoever lives there. What is reading the datamart meanwhile goes on with the
    snapshot that it opened.

    Parameters
    ----------
    source
        A folder or zip archive, or postgresql://user@host/database?schema=cdm (its
        password comes from ~/.pgpass or PGPASSWORD); the one named in rounds.toml if
        not given.
    name
        Which source it is, where several give to one datamart; `main` if not given,
        and `areas` of a table of areas.
    wait
        For how many seconds to wait for another load to end.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.conduct import Desk, Project, refresh_bedside
    from rounds.datamart import Datamart, coverage_sentences, load

    opened = Project.open(project)
    named = opened.settings.get("data", {}).get("source")
    if source is None and not (isinstance(named, str) and named):
        raise DefinitionError(
            "No folder is named to load from.",
            code="no-source",
            remedies=(
                "Name it: rounds data load PATH",
                "Set source under [data] in rounds.toml",
            ),
        )
    report = load(
        source or named,
        opened.datamart,
        name=name,
        progress=_rates(Progress()),
        now=utc_now,
        wait=wait,
        deidentify=plan_of(opened),
        views=opened.views,
    )
    with Desk.open(opened, now=utc_now, by="load") as desk:
        refresh_bedside(desk)
    with Datamart.open(opened.datamart) as mart:
        reach = coverage_sentences(mart)
    found = report.as_dict() | {"unchanged": report.unchanged, "areas": reach}
    show(found, [*_lines(report), *reach], as_json=json)


def status_(*, project: Path = Path(), json: bool = False) -> None:
    """Say what the datamart holds.

    Parameters
    ----------
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from dataclasses import asdict

    from rounds.conduct import Desk, Gate, Project
    from rounds.datamart import coverage_sentences

    opened = Project.open(project)
    with (
        Gate.open(opened, now=utc_now) as gate,
        Desk.open(opened, now=utc_now, by="status") as desk,
        desk.datamart() as mart,
    ):
        status = asdict(mart.status()) | {"dates": mart.calendar}
        status["areas"] = coverage_sentences(mart)
    # A table of deaths with three rows counts three people; a day may be one person's.
    known = "%Y-%m" if status["dates"] == "day" else "%Y"
    for name in ("first_date", "last_date"):
        status[name] = status[name] and status[name].strftime(known)
    status["rows"] = {table: gate.count(n) for table, n in status["rows"].items()}
    status["persons"] = gate.count(status["persons"])
    sources = status["sources"]
    lines = [
        f"{key}: {gate.profile.suppressed if value is None else value}"
        for key, value in status.items()
        if key not in {"rows", "sources", "areas"}
        and (value is not None or key == "persons")
    ]
    lines += status["areas"]
    lines += table(
        ("source", "shape", "files", "loaded from"),
        [(s["name"], s["shape"], f"{s['files']:,}", s["loaded_from"]) for s in sources],
    )
    lines += table(
        ("table", "rows"),
        [
            (k, gate.profile.suppressed if n is None else f"{n:,}")
            for k, n in status["rows"].items()
        ],
    )
    show(status, lines, as_json=json)


def history_(*, project: Path = Path(), json: bool = False) -> None:
    """List the datamart's snapshots, newest first.

    Parameters
    ----------
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.conduct import Project
    from rounds.datamart import Store

    store = Store(Project.open(project).datamart)
    damaged = store.damaged()
    # No counts: how many a load has added could be few.
    found = [
        {
            "number": each.number,
            "snapshot": each.id,
            "parent": each.parent,
            "made_at": each.made_at,
            "made_by": each.made_by,
            "kept": store.is_kept(each),
            "sources": [
                {"name": s.name, "shape": s.shape, "files": len(s.files)}
                for s in each.sources
            ],
        }
        for each in store.history()
    ]
    rows = [
        (
            str(each["number"]),
            str(each["snapshot"]),
            str(each["made_at"] or "")[:19],
            str(each["made_by"]),
            "" if each["kept"] else "files removed",
        )
        for each in found
    ]
    lines = table(("number", "snapshot", "made at", "made by", ""), rows)
    lines += [f"{number}: its manifest is damaged" for number in damaged]
    show({"snapshots": found, "damaged": damaged}, lines, as_json=json)


def rollback_(
    number: int, /, *, wait: float = 0.0, project: Path = Path(), json: bool = False
) -> None:
    """Go back to a former snapshot; it becomes a new one, and nothing is lost.

    Parameters
    ----------
    number
        The snapshot, as `rounds data history` numbers it.
    wait
        For how many seconds to wait for a load to end.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.conduct import Desk, Project, refresh_bedside
    from rounds.datamart import Store

    opened = Project.open(project)
    made = Store(opened.datamart).rollback(number, now=utc_now, wait=wait)
    with Desk.open(opened, now=utc_now, by="rollback") as desk:
        refresh_bedside(desk)
    found = {"number": made.number, "snapshot": made.id, "parent": made.parent}
    lines = [f"Snapshot {made.number} has the content of {number}: {made.id}"]
    show(found | {"content_of": number}, lines, as_json=json)


def _rates(progress: Progress) -> Callable[[str, int, float], None]:
    """Say how far a load is and how fast, once it has taken two seconds."""

    def told(what: str, n: int, per_second: float) -> None:
        if n > 2 * per_second:
            progress(f"{what}: {n:,} read so far, {per_second:,.0f} a second")

    return told


def _lines(report: "LoadReport") -> list[str]:
    rows = [
        (name, f"{n.read:,}", f"{n.mapped:,}", f"{n.set_aside:,}")
        for name, n in report.by_type.items()
    ]
    rows.append(
        ("all", f"{report.read:,}", f"{report.mapped:,}", f"{report.set_aside:,}")
    )
    lines = table(("type", "read", "mapped", "set aside"), rows)
    for title, reasons in (
        ("Set aside:", report.reasons),
        ("Loaded, with a remark:", report.remarks),
    ):
        if reasons:
            lines += ["", title]
        for reason in reasons:
            where = ", ".join(reason.examples[:3])
            lines.append(f"  {reason.n:,} {reason.type}: {reason.reason} ({where})")
            lines.append(f"      {reason.meaning} {reason.remedy}".rstrip())
    lines += ["", f"{report.persons:,} persons; snapshot {report.snapshot}"]
    if report.unchanged:
        lines.append("Nothing was new: the datamart is as it was.")
    return lines
