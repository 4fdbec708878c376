"""`rounds data view`: any ViewDefinition of SQL on FHIR, run to CSV or parquet."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from rounds.cli.output import show

__all__ = ["view_"]


def view_(
    file: Path,
    /,
    *,
    source: Annotated[Path, Parameter(name="--from")],
    out: Path,
    json: bool = False,
) -> None:
    """Run a ViewDefinition (SQL on FHIR v2) over a folder of FHIR.

    The rows are about persons: they are written to a file that its owner alone can
    read, and none of them is printed.

    Parameters
    ----------
    file
        The ViewDefinition, as JSON.
    source
        A folder of FHIR R4: NDJSON, plain or gzip, or Bundles.
    out
        The file to write; it ends in .csv or .parquet.
    json
        Print one JSON object.
    """
    from dataclasses import asdict

    from rounds.datamart.sql_on_fhir import ViewDefinition, find_files, run_view

    report = run_view(ViewDefinition.parse(file), find_files(source), out)
    lines = [f"{report.rows:,} rows from {report.read:,} {report.resource} resources."]
    if report.set_aside:
        lines.append("Set aside, and not in the result:")
        lines += [f"  {n:,} in {name}: {why}" for name, why, n in report.set_aside]
    lines.append(f"Written to {report.out}, for you alone to read.")
    show(asdict(report), lines, as_json=json)
