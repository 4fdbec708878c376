"""What is left to do once CSV rows are judged: links, words, places, and the count."""

from collections.abc import Sequence

import duckdb

from rounds.datamart.csv_files.lots import Lot
from rounds.datamart.mapping import mapping
from rounds.datamart.omop.tables import row_tables

__all__ = ["FIRST_LOT", "NOBODYS", "settle"]

FIRST_LOT = 1_000_000_000
"""While rows are judged, the lot stands in their file's place: one line has several."""
NOBODYS = FIRST_LOT - 1
"""The lot of what is named in lines and listed in no file."""

_WORDS = (
    ("person", "gender_source_value", "gender_concept_id", "sex"),
    ("visit_occurrence", "visit_source_value", "visit_concept_id", "class"),
)


def settle(connection: duckdb.DuckDBPyConnection, lots: Sequence[Lot]) -> None:
    """Check links, drop persons of whom nothing is left, and put places back."""
    tables = sorted({lot.table for lot in lots} | {"person", "care_site", "provider"})
    for table in tables:
        if table != "visit_occurrence" and any(
            lot.table == table and "visit_occurrence_id" in lot.columns for lot in lots
        ):
            _check_visits(connection, table)
    _drop_empty_persons(connection)
    _remark_words(connection)
    for table in tables:
        _say_keys(connection, table)
    _put_places_back(connection, lots, tables)


def _check_visits(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """A visit counts only if it is there, and of the same person."""
    lost = (
        f"SELECT file_number AS f, record AS r FROM rows_{table} AS t "
        "ANTI JOIN (SELECT visit_occurrence_id, person_id FROM rows_visit_occurrence "
        "WHERE reason IS NULL) AS v USING (visit_occurrence_id, person_id) "
        "WHERE t.visit_occurrence_id IS NOT NULL AND t.reason IS NULL"
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE lost_visit AS {lost}")
    connection.execute(
        f"INSERT INTO problem SELECT f, r, '{table}', 'reference to nothing: visit', "
        "false FROM lost_visit"
    )
    connection.execute(
        f"UPDATE rows_{table} SET visit_occurrence_id = NULL FROM lost_visit "
        "WHERE file_number = f AND record = r"
    )


def _drop_empty_persons(connection: duckdb.DuckDBPyConnection) -> None:
    """Forget persons that only lines set aside have named."""
    living = " UNION ".join(
        f"SELECT person_id FROM rows_{table} WHERE reason IS NULL"
        for table in (*_with_person(), "death")
    )
    connection.execute(
        f"DELETE FROM rows_person WHERE file_number = {NOBODYS} "
        f"AND person_id NOT IN ({living})"
    )


def _with_person() -> list[str]:
    return sorted({row["table"] for row in mapping("csv_columns") if row["takes"] ==
                   "time"})  # fmt: skip


def _remark_words(connection: duckdb.DuckDBPyConnection) -> None:
    for table, word, concept, key in _WORDS:
        connection.execute(
            f"INSERT INTO problem SELECT file_number, record, '{table}', "
            f"'word not known: {key}', false FROM rows_{table} "
            f"WHERE reason IS NULL AND {word} IS NOT NULL AND {concept} IS NULL"
        )


def _say_keys(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Name a fault after the mapping's key, and not after OMOP's column."""
    for rule in mapping("csv_columns"):
        if rule["table"] == table and rule["column"]:
            for name in {rule["column"], rule["column"].replace("_date", "_datetime")}:
                connection.execute(
                    f"UPDATE rows_{table} SET reason = "
                    f"replace(reason, ': {name}', ': {rule['key']}') "
                    f"WHERE ends_with(reason, ': {name}')"
                )
    if table not in {"person", "care_site", "provider", "death"}:
        connection.execute(
            f"UPDATE rows_{table} SET reason = 'repeated row' "
            "WHERE reason = 'duplicate id'"
        )


def _put_places_back(
    connection: duckdb.DuckDBPyConnection, lots: Sequence[Lot], tables: Sequence[str]
) -> None:
    """Give each row the number of its file in place of its lot's, and count the rest.

    What is named in lines and listed in no file counts as read, and stands under the
    first file of all.
    """
    first = min(lot.sheet.number for lot in lots)
    connection.execute("CREATE TEMP TABLE lot (lot INTEGER, file INTEGER)")
    places = [(FIRST_LOT + i, lot.sheet.number) for i, lot in enumerate(lots)]
    connection.executemany("INSERT INTO lot VALUES (?, ?)", [*places, (NOBODYS, first)])
    for table in tables:
        connection.execute(
            f"INSERT INTO reading SELECT {first}, '{table}', count(*) "
            f"FROM rows_{table} WHERE file_number = {NOBODYS} HAVING count(*) > 0"
        )
        connection.execute(
            f"UPDATE rows_{table} SET file_number = file FROM lot "
            "WHERE lot = file_number"
        )
    connection.execute(
        "UPDATE problem SET file_number = file FROM lot WHERE lot = file_number"
    )
    aside = " UNION ".join(
        f"SELECT file_number AS f, record AS r, '{table}' AS kind FROM rows_{table} "
        "WHERE reason IS NOT NULL"
        for table in row_tables()
    )
    connection.execute(
        "DELETE FROM problem USING "
        f"({aside}) WHERE f = file_number AND r = record AND kind = resource_type "
        "AND reason = 'unit that is not UCUM'"
    )
