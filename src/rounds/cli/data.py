"""`rounds init` and `rounds data`: practice to data."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from rounds.cli.output import Progress, show, table
from rounds.nouns.errors import DefinitionError

if TYPE_CHECKING:
    from rounds.datamart import LoadReport

__all__ = ["init", "load_", "status_"]


def init(
    folder: Path,
    /,
    *,
    source: Annotated[Path, Parameter(name="--from")],
    json: bool = False,
) -> None:
    """Make a project from a folder of FHIR R4 or of OMOP CDM.

    Parameters
    ----------
    folder
        The new project's folder.
    source
        Bulk NDJSON, Bundles, or OMOP tables as parquet or CSV.
    json
        Print one JSON object.
    """
    import shutil

    from rounds.conduct import Project
    from rounds.datamart import load

    existed = folder.exists()
    project = Project.init(folder, source=source)
    try:
        report = load(source, project.datamart, progress=_rates(Progress()))
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


def load_(
    source: Path | None = None, /, *, project: Path = Path(), json: bool = False
) -> None:
    """Load a folder into the project's datamart.

    Parameters
    ----------
    source
        The folder; the one named in rounds.toml if not given.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.conduct import Project
    from rounds.datamart import load

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
    report = load(source or Path(named), opened.datamart, progress=_rates(Progress()))
    show(report.as_dict(), _lines(report), as_json=json)


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

    from rounds.cli.output import utc_now
    from rounds.conduct import Desk, Project
    from rounds.methods.disclosure import is_small

    opened = Project.open(project)
    with Desk.open(opened, now=utc_now, by="status") as desk, desk.datamart() as mart:
        status = asdict(mart.status())
    # A table of deaths with three rows counts three people; a day may be one person's.
    for name in ("first_date", "last_date"):
        status[name] = status[name] and f"{status[name]:%Y-%m}"
    status["rows"] = {k: None if is_small(n) else n for k, n in status["rows"].items()}
    status["persons"] = None if is_small(status["persons"]) else status["persons"]
    lines = [f"{key}: {value}" for key, value in status.items() if key != "rows"]
    lines += table(
        ("table", "rows"),
        [
            (k, "suppressed (1–10)" if n is None else f"{n:,}")
            for k, n in status["rows"].items()
        ],
    )
    show(status, lines, as_json=json)


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
    return [*lines, "", f"{report.persons:,} persons; snapshot {report.snapshot}"]
