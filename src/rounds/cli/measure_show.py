"""`rounds measure show`: what a measure is, as YAML or as the SQL of an engine."""

from pathlib import Path

from rounds.cli.output import period_of, show, utc_now
from rounds.nouns.errors import DefinitionError

__all__ = ["show_"]


def show_(
    name: str,
    /,
    *,
    sql: bool = False,
    dialect: str = "duckdb",
    from_: str | None = None,
    to: str | None = None,
    monthly: bool = False,
    project: Path = Path(),
    json: bool = False,
) -> None:
    """Show a measure as it is written, or the SQL that it becomes.

    Parameters
    ----------
    name
        As `rounds measure list` names it.
    sql
        The SQL, with the concepts that the project's vocabulary has for the codes.
    dialect
        Whose SQL: duckdb, postgresql, spark; and databricks, trino, snowflake, bigquery
        and sqlserver, which Rounds does not run yet.
    from_
        First day, YYYY-MM-DD; for the SQL.
    to
        Last day, included; for the SQL.
    monthly
        The SQL that counts month by month.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    if sql and not (from_ and to):
        raise DefinitionError(
            "SQL is of a period, and it is not said of which.",
            code="period-missing",
            remedies=("Add --from YYYY-MM-DD --to YYYY-MM-DD",),
        )
    from rounds.conduct import Desk, Project
    from rounds.datamart import measure_sql

    with Desk.open(Project.open(project), now=utc_now, by="measure") as desk:
        measure = desk.measure(name)
        if not (sql and from_ and to):
            text = measure.to_yaml()
            show({"measure": name, "yaml": text}, [text], as_json=json)
            return
        period = period_of(from_, to)
        with desk.datamart() as mart:
            text = measure_sql(mart, measure, period, dialect, monthly=monthly)
    found = {"measure": str(measure.ref()), "dialect": dialect, "sql": text}
    show(found, [text], as_json=json)
