"""OMOP rows judged: what lacks something, repeats another, or refers to nobody."""

from collections.abc import Sequence

import duckdb

from rounds.datamart.fhir.paths import text
from rounds.datamart.mapping import cdm_columns
from rounds.datamart.omop.tables import FREE_KEYS, KEYLESS, hashed, identity, needed

__all__ = ["judge", "table_rules"]


def judge(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    *,
    lacking: Sequence[str] | None = None,
) -> None:
    """Say of each bad row of `rows_<table>` why it is set aside.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The datamart that is being built.
    table : str
        A CDM table.
    lacking : sequence of str, optional
        The columns that may not be empty; by default those without which a row of the
        CDM says nothing.
    """
    mine = f"UPDATE rows_{table} SET reason ="
    for name in needed(table) if lacking is None else lacking:
        connection.execute(
            f"{mine} 'required value missing: {name}' "
            f'WHERE reason IS NULL AND "{name}" IS NULL'
        )
    _drop_repeats(connection, table)
    for test, why in table_rules(table):
        connection.execute(f"{mine} {text(why)} WHERE reason IS NULL AND {test}")


def _drop_repeats(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Keep one row of each key; of an event, every row that differs.

    No table is made to refer to an event by its key, so an event that differs from
    another with the same key is no repeat: it is kept under a key of its own, with a
    remark.
    """
    key = identity(table)
    columns = [row["column"] for row in cdm_columns(table)]
    content = ", ".join(f'"{name}"' for name in columns)
    ranked = (
        f"SELECT file_number AS f, record AS r FROM rows_{table} WHERE reason IS NULL"
    )
    if table not in KEYLESS:
        ranked += (
            f" AND {key} IN (SELECT {key} FROM rows_{table} WHERE reason IS NULL "
            "GROUP BY 1 HAVING count(*) > 1)"
        )
    ranked += " QUALIFY row_number() OVER (PARTITION BY "
    order = f"CAST(row({content}) AS VARCHAR), file_number, record"
    free = table in FREE_KEYS or table in KEYLESS
    connection.execute(
        f"UPDATE rows_{table} SET reason = 'duplicate id' FROM ({ranked}"
        f"{content if free else key} ORDER BY {order}) > 1) "
        "WHERE file_number = f AND record = r"
    )
    if table in FREE_KEYS:
        _give_own_keys(connection, table, f"{ranked}{key} ORDER BY {order}) > 1", order)


def _give_own_keys(
    connection: duckdb.DuckDBPyConnection, table: str, again: str, order: str
) -> None:
    """Give a row whose key is another's a key made from that and its place there."""
    key = identity(table)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE rekeyed AS SELECT f, r, row_number() OVER "
        f"(PARTITION BY {key} ORDER BY {order}) AS place FROM ({again}) "
        f"JOIN rows_{table} ON file_number = f AND record = r"
    )
    connection.execute(
        "INSERT INTO problem "
        f"SELECT f, r, '{table}', 'repeated key', false FROM rekeyed"
    )
    own = hashed(f"'{table}|' || {key} || '|' || place")
    connection.execute(
        f"UPDATE rows_{table} SET {key} = {own} FROM rekeyed "
        "WHERE file_number = f AND record = r"
    )


def table_rules(table: str) -> list[tuple[str, str]]:
    """Give the tests that a row fails as a whole, each with what to say of it."""
    rules: list[tuple[str, str]] = []
    person = "person_id IN (SELECT person_id FROM rows_person WHERE reason IS "
    columns = {row["column"] for row in cdm_columns(table)}
    if table == "person":
        rules.append((_IMPOSSIBLE_BIRTH, "impossible date: birth"))
    elif "person_id" in columns:
        rules.append((f"{person}NOT NULL) AND NOT {person}NULL)", "subject set aside"))
        rules.append((f"NOT {person}NULL)", "reference to nothing: person_id"))
    if table == "death":
        born = (
            "SELECT make_date(year_of_birth, coalesce(month_of_birth, 1), "
            "coalesce(day_of_birth, 1)) FROM rows_person AS p "
            "WHERE p.reason IS NULL AND p.person_id = rows_death.person_id"
        )
        rules.append((f"death_date < ({born})", "impossible date: death_date"))
    for start in sorted(columns):
        end = start.replace("_start_date", "_end_date")
        if start.endswith("_start_date") and end in columns and start != end:
            rules.append((f"{end} < {start}", "ends before it begins"))
    return rules


_IMPOSSIBLE_BIRTH = (
    "year_of_birth IS NOT NULL AND "
    "TRY_CAST(printf('%04d-%02d-%02d', year_of_birth, coalesce(month_of_birth, 1), "
    "coalesce(day_of_birth, 1)) AS DATE) IS NULL"
)
