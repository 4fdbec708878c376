"""`rounds data view`: any ViewDefinition of SQL on FHIR, run to CSV or parquet."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from rounds.cli.output import show, utc_now
from rounds.nouns.errors import DisclosureError

__all__ = ["view_"]


def view_(
    file: Path,
    /,
    *,
    source: Annotated[Path, Parameter(name="--from")],
    out: Path,
    persons: bool = False,
    project: Path = Path(),
    json: bool = False,
) -> None:
    """Run a ViewDefinition (SQL on FHIR v2) over a folder of FHIR.

    The rows are about persons: they are written to a file that its owner alone can
    read, and none of them is printed. Only who stands in `persons` under [disclosure]
    in rounds.toml may do it, and each time is written into private/audit.jsonl.

    Parameters
    ----------
    file
        The ViewDefinition, as JSON.
    source
        A folder of FHIR R4: NDJSON, plain or gzip, or Bundles.
    out
        The file to write; it ends in .csv or .parquet.
    persons
        Say that you mean it: what is written is about persons.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    if not persons:
        raise DisclosureError(
            "A view holds rows about single persons.",
            code="view-of-persons",
            why="Whoever has it can recognise people in it, and how many rows fit a "
            "condition can be one person's as well.",
            remedies=(
                "If you may have it and mean it, add --persons; it is written down.",
                "For counts, which need no such right: rounds measure run",
            ),
        )
    from dataclasses import asdict

    from rounds.conduct import Gate, Project
    from rounds.datamart.deidentify import shown_name
    from rounds.datamart.sql_on_fhir import ViewDefinition

    with Gate.open(Project.open(project), now=utc_now) as gate:
        view = ViewDefinition.parse(file)
        report = gate.person_files("data view", view.resource).view(view, source, out)
        counts = (report.rows, report.read, report.other)
        rows, read, others = map(gate.count, counts)
        # A file may be named after a person.
        aside = [
            (shown_name(number, name), why, gate.count(n))
            for number, (name, why, n) in enumerate(report.set_aside, start=1)
        ]
        few = gate.profile.suppressed

    def said(count: int | None) -> str:
        return few if count is None else f"{count:,}"

    lines = [f"{said(rows)} rows from {said(read)} {report.resource} resources."]
    if aside:
        lines.append("Set aside, and not in the result:")
        lines += [f"  {said(n)} in {name}: {why}" for name, why, n in aside]
    lines.append(f"Written to {report.out}, for you alone to read.")
    told = {"rows": rows, "read": read, "other": others, "set_aside": aside}
    found = asdict(report) | told
    show(found, lines, as_json=json)
