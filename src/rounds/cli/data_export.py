"""`rounds data export`: the datamart's rows, written out as OMOP CDM 5.4."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from rounds.cli.output import show, table
from rounds.nouns.errors import DisclosureError

__all__ = ["export_"]


def export_(
    *,
    out: Path,
    form: Annotated[str, Parameter(name="--format")] = "parquet",
    tables: tuple[str, ...] = (),
    persons: bool = False,
    project: Path = Path(),
    json: bool = False,
) -> None:
    """Write the datamart's rows into a new folder, as OMOP CDM 5.4.

    This is one row for each event of each person, with all that was loaded about them.
    Only who stands in `persons` under [disclosure] in rounds.toml may do it, and each
    time is written into private/audit.jsonl.
    It is never for publishing: only you can read the folder, and whoever you give it to
    must be allowed to have it.

    Parameters
    ----------
    out
        The folder to make.
    form
        parquet or csv.
    tables
        Some tables only; all that have rows if not given.
    persons
        Say that you mean it: what is written is about persons.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    if not persons:
        raise DisclosureError(
            "An export holds one row for each event of each person.",
            code="export-of-persons",
            why="Whoever has it can recognise people in it.",
            remedies=(
                "If you may have it and mean it, add --persons.",
                "For what can be published: rounds ledger export.",
            ),
        )
    from rounds.cli.output import utc_now, working
    from rounds.conduct import Gate, Project
    from rounds.datamart import Datamart

    opened = Project.open(project)
    with (
        Gate.open(opened, now=utc_now) as gate,
        Datamart.open(opened.datamart) as mart,
    ):
        persons_of = gate.persons(mart, "data export", form)
        with working(f"writing {out}"):
            found = persons_of.export(out, form=form, tables=tables or None)
    # A table of deaths with three rows counts three people.
    rows = {name: gate.count(n) for name, n in found.rows.items()}
    lines = table(
        ("table", "rows"),
        [
            (name, gate.profile.suppressed if n is None else f"{n:,}")
            for name, n in rows.items()
        ],
    )
    lines += ["", f"{out}: rows about persons, of snapshot {found.snapshot}."]
    lines += ["Only you can read it. It is not for publishing."]
    show({"folder": found.folder, "snapshot": found.snapshot, "rows": rows},
         lines, as_json=json)  # fmt: skip
