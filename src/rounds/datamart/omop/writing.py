"""Judged OMOP rows to the tables, sorted, under the ids that they have here."""

import duckdb

from rounds.datamart.mapping import cdm_columns
from rounds.datamart.omop.concepts import Known, concept_columns, find_concepts
from rounds.datamart.omop.tables import in_source, row_order, row_tables
from rounds.datamart.periods import derive_observation_periods
from rounds.nouns.errors import DataError

__all__ = ["account", "write_tables"]

_FALLBACK = {
    "visit_end_date": "coalesce(visit_end_date, visit_start_date)",
    "visit_detail_end_date": "coalesce(visit_detail_end_date, visit_detail_start_date)",
    "drug_exposure_end_date": (
        "coalesce(drug_exposure_end_date, drug_exposure_start_date)"
    ),
}


def write_tables(
    connection: duckdb.DuckDBPyConnection, namespace: str
) -> dict[str, int]:
    """Write the good rows of every table, sorted by person and date.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The part that is being built, with `rows_<table>` of every table.
    namespace : str
        The name of the source; empty for `main`.

    Returns
    -------
    dict of str to int
        How many rows of the source each table should hold.
    """
    good = dict(connection.execute("FROM mapped").fetchall())
    known = find_concepts(connection)
    for table in row_tables():
        if good.get(table) != 0:
            _write(connection, table, namespace, known)
        if table not in good:
            account(connection, table)
    if "concept" not in good:
        account(connection, "concept")
    written = dict(
        connection.execute(
            "SELECT resource_type, n FROM mapped WHERE resource_type <> 'concept' "
            "AND n > 0 ORDER BY 1"
        ).fetchall()
    )
    if not connection.execute("FROM observation_period LIMIT 1").fetchall():
        derive_observation_periods(connection)
    return written


def _write(
    connection: duckdb.DuckDBPyConnection, table: str, namespace: str, known: Known
) -> None:
    concepts, joins = concept_columns(connection, table, known)
    columns = []
    for row in cdm_columns(table):
        name = row["column"]
        value = concepts.get(name, _FALLBACK.get(name, f'"{name}"'))
        if row["required"] == "yes" and name.endswith("_concept_id"):
            value = f"coalesce({value}, 0)"
        columns.append(f'{in_source(table, row, value, namespace)} AS "{name}"')
    connection.execute(
        f'INSERT INTO "{table}" SELECT * FROM (SELECT {", ".join(columns)} '
        f"FROM rows_{table}{joins} WHERE reason IS NULL) ORDER BY {row_order(table)}"
    )
    keys = [row["column"] for row in cdm_columns(table) if row["primary_key"] == "yes"]
    if namespace and keys:
        _insist_on_keys(connection, table, keys[0])


def _insist_on_keys(
    connection: duckdb.DuckDBPyConnection, table: str, key: str
) -> None:
    """Refuse two rows that have come to share a key by chance, one in 10**18."""
    n, n_keys = connection.execute(
        f'SELECT count(*), count(DISTINCT "{key}") FROM "{table}"'
    ).fetchall()[0]
    if n != n_keys:
        raise DataError(
            f"Two different rows of {table} have come to share a key.",
            code="key-collision",
            why="One would stand for the other in every count.",
            remedies=("Load the source under another name.",),
        )


def account(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Count the good rows of a table, and keep the others with their places."""
    connection.execute(
        f"INSERT INTO problem SELECT file_number, record, '{table}', reason, true "
        f"FROM rows_{table} WHERE reason IS NOT NULL"
    )
    connection.execute(
        f"INSERT INTO mapped SELECT '{table}', count(*) FROM rows_{table} "
        "WHERE reason IS NULL"
    )
