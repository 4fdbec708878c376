"""One OMOP table's rows: read, cast and judged, each with its place."""

from collections.abc import Sequence

import duckdb

from rounds.datamart.mapping import cdm_columns
from rounds.datamart.omop.casts import (
    cast_columns,
    listed,
    present,
    selected,
    source_columns,
)
from rounds.datamart.omop.judging import judge, table_rules
from rounds.datamart.omop.tables import (
    KEYLESS,
    UNREAD_TEXT,
    identity,
    is_concept,
    needed,
)
from rounds.datamart.vocabulary.concepts import FIRST_LOCAL

__all__ = ["add_rows", "prepare_rows", "rejected_lines", "stage_rows"]


def stage_rows(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    relations: Sequence[tuple[int, str]],
) -> int:
    """Make `rows_<table>` of every row of a table, with why it is set aside.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The datamart that is being built; `person` is staged before the others.
    table : str
        A CDM table.
    relations : sequence of (int, str)
        The number of each file that holds the table, and how it is read in SQL.

    Returns
    -------
    int
        How many rows were read. If none of them has a fault, they are in `mapped`.
    """
    if not relations:
        columns = ", ".join(f'"{r["column"]}" {r["type"]}' for r in cdm_columns(table))
        connection.execute(
            f"CREATE TEMP TABLE rows_{table} (file_number INTEGER, record BIGINT, "
            f"reason VARCHAR, {columns}); INSERT INTO mapped VALUES ('{table}', 0)"
        )
        return 0
    if len(relations) == 1 and (n := _show_whole(connection, table, *relations[0])):
        return n
    prepare_rows(connection, table)
    n_read = 0
    for number, relation in relations:
        add_rows(connection, table, number, relation)
        n = connection.execute(
            f"SELECT count(*) FROM rows_{table} WHERE file_number = {number}"
        ).fetchall()[0][0]
        n += rejected_lines(connection, table, number)
        connection.execute("INSERT INTO reading VALUES (?, ?, ?)", [number, table, n])
        n_read += n
    judge(connection, table)
    for number, relation in relations:
        _remark_text(connection, table, number, relation)
    return n_read


def prepare_rows(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Make `rows_<table>`, empty."""
    connection.execute(f"CREATE TEMP TABLE rows_{table} AS {_nothing(table)} LIMIT 0")


def add_rows(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    number: int,
    relation: str,
    *,
    record: str = "row_number() OVER ()",
) -> None:
    """Add a file's rows to `rows_<table>`, cast, each with its place in the file.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The datamart that is being built.
    table : str
        A CDM table.
    number : int
        The number of the file.
    relation : str
        How it is read in SQL.
    record : str
        Its place, as SQL over the relation.
    """
    names = source_columns(connection, table, relation)
    columns, reason = selected(table, names)
    connection.execute(
        f"INSERT INTO rows_{table} SELECT {number}, {record}, {reason}, {columns} "
        f"FROM {relation}"
    )


def _nothing(table: str) -> str:
    """Write a row of `rows_<table>`, to be limited to none, for its types."""
    columns = ", ".join(
        f'CAST(NULL AS {row["type"]}) AS "{row["column"]}"'
        for row in cdm_columns(table)
    )
    return (
        "SELECT 0::INTEGER AS file_number, 0::BIGINT AS record, "
        f"NULL::VARCHAR AS reason, {columns}"
    )


def _show_whole(
    connection: duckdb.DuckDBPyConnection, table: str, number: int, relation: str
) -> int:
    """Make `rows_<table>` a view of its source if no row of that has a fault.

    A copy that is then judged costs several times as much as this one look at the few
    columns that can be at fault, or hold a concept of the source's own: these are kept
    in `own_columns`. Text is always copied: its lines are read but once.

    Returns
    -------
    int
        How many rows were read; 0 if there are none, or if one has a fault.
    """
    if relation.startswith("read_csv(") or table in KEYLESS or table in UNREAD_TEXT:
        return 0
    names = source_columns(connection, table, relation)
    values, reason = cast_columns(table, names)
    faults = [f'"{name}" IS NULL' for name in needed(table)]
    # On `person`, the rules look at nothing else, so its view need not be there yet.
    faults += [
        test for test, why in table_rules(table) if why != "subject set aside"
    ]  # whose subject was set aside refers to nothing as well
    found = " OR ".join(["reason IS NOT NULL", *(f"({fault})" for fault in faults)])
    concepts = [name for name in values if name in names and is_concept(name)]
    greatest = "".join(f', max("{name}")' for name in concepts)
    asked = (
        f"count(*), count(DISTINCT {identity(table)}), "
        f"count(*) FILTER (WHERE {found}){greatest}"
    )
    # Of the others, some twenty, it takes longer to bind the casts than to look.
    few = {name: value for name, value in values.items() if name in asked}
    n, n_keys, n_faults, *most = connection.execute(
        f"SELECT {asked} FROM (SELECT {reason} AS reason, {listed(few)} "
        f"FROM {relation}) AS rows_{table}"
    ).fetchall()[0]
    if n_faults or n_keys != n or not n:
        return 0
    rows = f"SELECT {number}::INTEGER AS file_number, 0::BIGINT AS record"
    rows += f", NULL::VARCHAR AS reason, {listed(values)} FROM {relation}"
    own = [
        name
        for name, one in zip(concepts, most, strict=True)
        if one is not None and one >= FIRST_LOCAL
    ]
    connection.execute(
        f"CREATE TEMP VIEW rows_{table} AS {rows};"
        f"INSERT INTO mapped VALUES ('{table}', {n});"
        f"INSERT INTO reading VALUES ({number}, '{table}', {n});"
        f"INSERT INTO own_columns VALUES ('{table}', {own})"
    )
    return int(n)


def rejected_lines(
    connection: duckdb.DuckDBPyConnection, table: str, number: int
) -> int:
    """Set aside the lines that the CSV reader could not read; count them."""
    found = connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE table_name = ?",
        [f"rejected_{number}"],
    ).fetchall()[0][0]
    if not found:
        return 0
    lines = f"SELECT DISTINCT CAST(line AS BIGINT) AS line FROM rejected_{number}"
    connection.execute(
        f"INSERT INTO problem SELECT {number}, -line, '{table}', "
        f"'line that is not CSV', true FROM ({lines})"
    )
    return int(connection.execute(f"SELECT count(*) FROM ({lines})").fetchall()[0][0])


def _remark_text(
    connection: duckdb.DuckDBPyConnection, table: str, number: int, relation: str
) -> None:
    """Remark on each row whose free text was left behind."""
    names = source_columns(connection, table, relation)
    left = [
        f'"{names[name][0]}"' for name in UNREAD_TEXT.get(table, ()) if name in names
    ]
    if left:
        test = " OR ".join(present(name) for name in left)
        places = f"SELECT row_number() OVER () AS r, ({test}) AS has FROM {relation}"
        connection.execute(
            f"INSERT INTO problem SELECT {number}, r, '{table}', 'text not loaded', "
            f"false FROM ({places}) JOIN rows_{table} ON record = r "
            f"AND file_number = {number} WHERE has AND reason IS NULL"
        )
