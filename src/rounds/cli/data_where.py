"""`rounds data where`: from a count to its persons, from a row to its file and line."""

import datetime as dt
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from rounds.cli.output import show, utc_now
from rounds.nouns.errors import DefinitionError, DisclosureError

__all__ = ["where_"]


def where_(
    table: str | None = None,
    row: int | None = None,
    /,
    *,
    measure: str | None = None,
    start: Annotated[dt.date | None, Parameter(name="--from")] = None,
    end: Annotated[dt.date | None, Parameter(name="--to")] = None,
    population: str = "denominator",
    by: str | None = None,
    unit: str | None = None,
    out: Path | None = None,
    persons: bool = False,
    project: Path = Path(),
    json: bool = False,
) -> None:
    """Say where a row came from, or who is in a count.

    `rounds data where measurement 123 --persons` names the resource, the file and the
    line. `rounds data where --measure NAME --from DATE --to DATE --out FILE --persons`
    writes one line for each who is counted. Only who stands in `persons` under
    [disclosure] in rounds.toml may ask. Each use is written into private/audit.jsonl:
    when and what was asked, and of nobody what was found.

    Parameters
    ----------
    table
        An OMOP table.
    row
        The row's primary key.
    measure
        A measure, to ask who is in one of its counts.
    start
        The first day of the period.
    end
        The last day, included.
    population
        initial_population, denominator or numerator.
    by
        A characteristic, with --unit: one site, one month.
    unit
        Its value.
    out
        The CSV file to write.
    persons
        Say that you may see it: the answer is about persons.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    if not persons:
        raise DisclosureError(
            "The answer is about single persons.",
            code="lineage-of-persons",
            why="A row, or the line that it came from, is somebody's.",
            remedies=("If you may see it, add --persons; it is written down.",),
        )
    from rounds.conduct import Desk, Gate, Project

    opened = Project.open(project)
    with (
        Gate.open(opened, now=utc_now) as gate,
        Desk.open(opened, now=utc_now, by="where") as desk,
        desk.own_datamart() as mart,
    ):
        if table is not None and row is not None:
            persons_of = gate.persons(mart, "data where", table)
            _of_row(persons_of, table, row, as_json=json)
        elif measure is not None and start and end and out:
            what = f"{measure} {population}"
            _of_count(
                desk,
                gate.persons(mart, "data where", what),
                (measure, start, end, population, by, unit),
                out,
                as_json=json,
            )
        else:
            raise DefinitionError(
                "It is not said what to look for.",
                code="nothing-asked",
                remedies=(
                    "A row: rounds data where TABLE ROW --persons",
                    "A count: add --measure, --from, --to, --out and --persons.",
                ),
            )


def _of_row(persons_of: Any, table: str, row: int, *, as_json: bool) -> None:
    from dataclasses import asdict

    places = persons_of.origins(table, row)
    lines = []
    for one in places:
        at = f", row {one.row}" if one.row else ""
        at = f", line {one.line}" if one.line else at
        what = f"{one.resource_type} in " if one.resource_type else ""
        lines.append(f"{what}{one.file}{at} (source {one.source}, {one.folder})")
    found = {"table": table, "origins": [asdict(one) for one in places]}
    show(found, lines or [f"No source knows such a row of {table}."], as_json=as_json)


def _of_count(
    desk: Any, persons_of: Any, asked: tuple[Any, ...], out: Path, *, as_json: bool
) -> None:
    from rounds.nouns import DataError, NotEstimable, Period

    name, start, end, population, by, unit = asked
    found = persons_of.subjects(
        desk.measure(name),
        Period(start=start, end=end),
        out,
        population=population,
        by=by,
        unit=unit,
        without=frozenset(desk.practice.opt_outs()),
    )
    if isinstance(found, NotEstimable):
        raise DataError(
            f"Nobody can be counted: {found.reason}",
            code="nobody-counted",
            remedies=("Look at what was loaded: rounds data status",),
        )
    show(
        {"subjects": found.subjects, "persons": found.persons, "path": out},
        [f"{found.subjects:,} subjects, {found.persons:,} persons: {out}"],
        as_json=as_json,
    )
