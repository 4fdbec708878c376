"""Where a row of OMOP or CSV stands in its file: looked for there when it is asked.

Nothing is kept for it: the file, if it is as it was, is read again for the row's key.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from rounds.datamart.cdm import key_of
from rounds.datamart.csv_files.lots import lots_of
from rounds.datamart.csv_files.reading import read_sheet
from rounds.datamart.given.source_files import SourceFile, open_text, reopen
from rounds.datamart.loading import problems
from rounds.datamart.mapping import cdm_columns
from rounds.datamart.omop.casts import selected, source_columns
from rounds.datamart.omop.tables import FREE_KEYS, hashed, in_source
from rounds.datamart.sources.csv import mapped_sheets
from rounds.datamart.sources.omop import table_relations
from rounds.datamart.store import SourceInForce

__all__ = ["Standing", "line_of", "standings"]

_REPEATS = 16
"""So many rows of one key are told apart."""
_TEXT = frozenset({".csv", ".tsv", ".txt"})


@dataclass(frozen=True)
class Standing:
    """One place of a row."""

    file_number: int
    row: int
    """Its place among the rows of the file, from 1, without a header."""
    line: int | None
    """On which it begins, of a file of text."""


def standings(source: SourceInForce, table: str, row_id: int) -> tuple[Standing, ...]:
    """Find a row in the files of its source, as far as they are as they were.

    Parameters
    ----------
    source : SourceInForce
        Of shape `omop` or `csv`.
    table : str
        A CDM table.
    row_id : int
        The row's key in the datamart.

    Returns
    -------
    tuple of Standing
        None where the file is gone, was de-identified on the way in, or is in an
        archive or a database; or where the row was derived from others. Several where
        rows say the same, or share one key.
    """
    files = [
        there
        for file in source.files
        if file.path
        and (there := reopen(file.number, file.name, Path(file.path), file.sha256))
    ]
    namespace = "" if source.name == "main" else source.name
    with duckdb.connect() as connection:
        problems.prepare(connection)
        looked = _in_omop if source.shape == "omop" else _in_csv
        places = [
            (number, row)
            for number, rows in looked(connection, files, table, namespace)
            for row in _matching(connection, rows, table, row_id)
        ]
        broken = _broken_lines(connection)
    named = {file.number: file for file in files}
    return tuple(
        Standing(number, row, line_of(named[number], row, broken.get(number, ())))
        for number, row in places
    )


def _in_omop(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[SourceFile],
    table: str,
    namespace: str,
) -> Iterator[tuple[int, str]]:
    """Give each file that has the table, and its rows in SQL: record, key, own."""
    for name, number, relation in table_relations(connection, files):
        if name == table:
            names = source_columns(connection, table, relation)
            columns, reason = selected(table, names)
            rows = (
                f"SELECT row_number() OVER () AS record, {reason} AS reason, {columns} "
                f"FROM {relation}"
            )
            good = f"SELECT * FROM ({rows}) WHERE reason IS NULL"
            yield number, _keyed(good, table, namespace)


def _in_csv(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[SourceFile],
    table: str,
    namespace: str,
) -> Iterator[tuple[int, str]]:
    """Give the same of each lot of lines that make rows of the table."""
    for sheet in mapped_sheets(files):
        lots = [lot for lot in lots_of(sheet) if lot.table == table]
        lots = [lot for lot in lots if key_of(table) in lot.columns]
        if lots:
            read_sheet(connection, sheet, table)
        for lot in lots:
            rows = (
                f'SELECT record, {lot.columns[key_of(table)]} AS "{key_of(table)}" '
                f"FROM {sheet.table} WHERE {lot.where}"
            )
            yield sheet.number, _keyed(rows, table, namespace)


def _keyed(rows: str, table: str, namespace: str) -> str:
    """Write rows with the key that they have here, and the key that was read."""
    name = key_of(table)
    (row,) = [each for each in cdm_columns(table) if each["column"] == name]
    here = in_source(table, row, "own", namespace)
    read = f'SELECT record, CAST("{name}" AS BIGINT) AS own FROM ({rows})'
    again = ", ".join(
        in_source(table, row, hashed(f"'{table}|' || own || '|' || {n}"), namespace)
        for n in range(1, _REPEATS)
    )
    return f"SELECT record, own, {here} AS key, [{again}] AS again FROM ({read})"


def _matching(
    connection: duckdb.DuckDBPyConnection, rows: str, table: str, row_id: int
) -> list[int]:
    """Give the records with a key; of a key that several have, all of these."""
    mine = f"SELECT record FROM ({rows}) WHERE key = {int(row_id)} ORDER BY record"
    found = connection.execute(mine).fetchall()
    if not found and table in FREE_KEYS:
        # An event whose key another has was given a key made from that.
        shared = f"SELECT own FROM ({rows}) GROUP BY own HAVING count(*) > 1"
        found = connection.execute(
            f"SELECT record FROM ({rows}) WHERE own IN ({shared}) "
            f"AND list_contains(again, {int(row_id)}) ORDER BY record"
        ).fetchall()
    return [record for (record,) in found]


def _broken_lines(connection: duckdb.DuckDBPyConnection) -> dict[int, tuple[int, ...]]:
    """Give the lines of each file that are not CSV, and so are no rows."""
    tables = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE "
        "regexp_full_match(table_name, 'rejected_[0-9]+')"
    ).fetchall()
    found = {}
    for (table,) in tables:
        lines = connection.execute(f"SELECT DISTINCT line FROM {table}").fetchall()
        found[int(table.removeprefix("rejected_"))] = tuple(n for (n,) in lines)
    return found


def line_of(file: SourceFile, row: int, broken: Sequence[int]) -> int | None:
    """Give the line on which a row begins; a value in quotes may have several lines.

    Parameters
    ----------
    file : SourceFile
        A file of text with a header, as it was; of another kind there is no line.
    row : int
        Its place among the rows that were read, from 1.
    broken : sequence of int
        Lines that are not CSV, and so are no rows.
    """
    if file.extension not in _TEXT:
        return None
    begun, counted, quoted, seen = 0, 0, False, -1  # the header is no row
    with open_text(file) as stream:
        for number, line in enumerate(stream, start=1):
            if not quoted:
                begun = number
                counted += 1  # as the reader counts: what is within quotes is none
            quoted ^= line.count('"') % 2 == 1
            if quoted or counted in broken or line.isspace():
                continue
            seen += 1
            if seen == row:
                return begun
    return None
