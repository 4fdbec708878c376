"""Lots of CSV lines to judged rows of the OMOP tables, each with its place."""

from collections.abc import Sequence

import duckdb

from rounds.datamart.csv_files.lots import Lot
from rounds.datamart.csv_files.settling import FIRST_LOT, NOBODYS, settle
from rounds.datamart.fhir.paths import text
from rounds.datamart.mapping import cdm_columns
from rounds.datamart.omop.casts import selected, source_columns
from rounds.datamart.omop.judging import judge
from rounds.datamart.omop.rows import prepare_rows
from rounds.datamart.omop.tables import EVENTS, hashed, needed, row_tables
from rounds.datamart.vocabulary.concepts import BESIDE, resolve_codes

__all__ = ["stage_lots"]

_UCUM = "http://unitsofmeasure.org"
_PLACES = (("care_site", "unit"), ("provider", "clinician"))


def stage_lots(connection: duckdb.DuckDBPyConnection, lots: Sequence[Lot]) -> None:
    """Make `rows_<table>` of every table out of lots, judged, with what was read."""
    _find_codes(connection, lots)
    for table in (*row_tables(), "concept"):
        prepare_rows(connection, table)
    for number, lot in enumerate(lots, start=FIRST_LOT):
        _add(connection, lot, number)
    judge(connection, "person", lacking=())
    _derive_persons(connection, lots)
    for table, kind in _PLACES:
        judge(connection, table)
        _derive_places(connection, lots, table, kind)
    connection.execute(
        "UPDATE rows_drug_exposure SET drug_exposure_end_date = "
        "drug_exposure_start_date + days_supply - 1 "
        "WHERE drug_exposure_end_date IS NULL AND days_supply > 0"
    )
    for table in sorted(
        {lot.table for lot in lots} - {"person", "care_site", "provider"}
    ):
        judge(connection, table, lacking=needed(table))
    settle(connection, lots)


def _find_codes(connection: duckdb.DuckDBPyConnection, lots: Sequence[Lot]) -> None:
    """Make `code_concept` of every code and unit, as it is made for FHIR."""
    parts = [
        (
            "SELECT 0 AS file_number, 0::BIGINT AS record, '' AS resource, "
            "'' AS code_system, '' AS code, '' AS display, '' AS domain, "
            "'' AS unit_system, '' AS unit_source_value WHERE false"
        )
    ]
    for lot in lots:
        if lot.code is not None:
            vocabulary, code, display = lot.code
            ucum = lot.ucum or "CAST(NULL AS VARCHAR)"
            parts.append(
                f"SELECT {lot.sheet.number}, record, {text(lot.table)}, {vocabulary}, "
                f"{code}, {display}, {text(lot.domain)}, {text(_UCUM)}, {ucum} "
                f"FROM {lot.sheet.table} WHERE {lot.where} AND {code} IS NOT NULL"
            )
    nothing = ", ".join(
        f"CAST(NULL AS VARCHAR) AS {name}"
        for name in BESIDE
        if not name.startswith("unit_")
    )
    connection.execute(
        f"CREATE TEMP TABLE event AS SELECT *, {nothing} "
        f"FROM ({' UNION ALL '.join(parts)})"
    )
    resolve_codes(connection)


def _add(connection: duckdb.DuckDBPyConnection, lot: Lot, number: int) -> None:
    """Add a lot to the rows of its table, with what its own cells lack."""
    columns, joins = dict(lot.columns), ""
    if lot.code is not None:
        stem = EVENTS[lot.table][0]
        columns[f"{stem}_concept_id"] = "code.concept_id"
        columns[f"{stem}_source_concept_id"] = "code.source_concept_id"
        joins += _joined("code", lot.code[0], lot.code[1])
    if lot.ucum is not None:
        columns["unit_concept_id"] = "unit.concept_id"
        columns["unit_source_concept_id"] = "unit.source_concept_id"
        joins += _joined("unit", text(_UCUM), lot.ucum)
    tests = [(f"{word} IS NULL", f"required value missing: {key}") for key, word in
             lot.wants.items()] + list(lot.faults)  # fmt: skip
    cases = " ".join(f"WHEN {test} THEN {text(why)}" for test, why in tests)
    own = f"CASE {cases} END" if cases else "CAST(NULL AS VARCHAR)"
    listed = ", ".join(f'{value} AS "{name}"' for name, value in columns.items())
    relation = (
        f"(SELECT record, {own} AS own_reason, {listed} FROM {lot.sheet.table} AS line"
        f"{joins} WHERE {lot.where})"
    )
    cast, reason = selected(lot.table, source_columns(connection, lot.table, relation))
    n = connection.execute(
        f"INSERT INTO rows_{lot.table} SELECT {number}, record, "
        f"coalesce(own_reason, {reason}), {cast} FROM {relation}"
    ).fetchall()[0][0]
    connection.execute(
        "INSERT INTO reading VALUES (?, ?, ?)", [lot.sheet.number, lot.table, n]
    )


def _joined(name: str, system: str, code: str) -> str:
    return (
        f" LEFT JOIN (SELECT system, code AS word, concept_id, source_concept_id "
        f"FROM code_concept WHERE target = 0) AS {name} "
        f"ON {name}.system = {system} AND {name}.word = {code}"
    )


def _derive_persons(connection: duckdb.DuckDBPyConnection, lots: Sequence[Lot]) -> None:
    """Make a person of each whom lines name, or are, where no file lists persons."""
    listed = any(lot.row == "person" for lot in lots)
    parts = [
        f"SELECT {lot.person} AS word FROM {lot.sheet.table} WHERE {lot.where}"
        for lot in lots
        if lot.person is not None and not (listed and lot.names_person)
    ]
    if parts:
        words = " UNION ALL ".join(parts)
        _derive(connection, "person", words, {"person_id": "person/"})


def _derive_places(
    connection: duckdb.DuckDBPyConnection, lots: Sequence[Lot], table: str, kind: str
) -> None:
    """Make a care site or a clinician of each that is named and not listed."""
    parts = [
        f"SELECT {getattr(lot, kind)} AS word FROM {lot.sheet.table}"
        for lot in lots
        if getattr(lot, kind) is not None and lot.row != kind
    ]
    if parts:
        _derive(
            connection, table, " UNION ALL ".join(parts), {f"{table}_id": f"{kind}/"}
        )


def _derive(
    connection: duckdb.DuckDBPyConnection, table: str, words: str, key: dict[str, str]
) -> None:
    ((column, beginning),) = key.items()
    made = hashed(f"{text(beginning)} || word")
    values = {column: made, f"{table}_source_value": "word"}
    if table == "care_site":
        values["care_site_name"] = "word"
    listed = ", ".join(
        f'{values.get(row["column"], "NULL")} AS "{row["column"]}"'
        for row in cdm_columns(table)
    )
    connection.execute(
        f"INSERT INTO rows_{table} SELECT {NOBODYS}, "
        f"row_number() OVER (ORDER BY word), NULL, {listed} "
        f"FROM (SELECT DISTINCT word FROM ({words})) "
        f"WHERE word IS NOT NULL AND {made} NOT IN "
        f"(SELECT {column} FROM rows_{table} WHERE reason IS NULL)"
    )
