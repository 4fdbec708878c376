"""A table's columns as a source has them, cast to the types of the CDM."""

from collections.abc import Mapping

import duckdb

from rounds.datamart.fhir.paths import text
from rounds.datamart.mapping import cdm_columns, mapping
from rounds.datamart.omop.tables import (
    KEYLESS,
    MADE_KEYS,
    UNREAD_TEXT,
    hashed,
    identity,
)

__all__ = ["cast_columns", "listed", "present", "selected", "source_columns"]

_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UINTEGER", "USMALLINT"}
_SAFE = {
    "BIGINT": _INTEGERS,
    "INTEGER": {"TINYINT", "SMALLINT", "INTEGER"},
    "DOUBLE": _INTEGERS | {"DOUBLE", "FLOAT"},
    "DATE": {"DATE"},
    "TIMESTAMP": {"DATE", "TIMESTAMP"},
    "VARCHAR": set[str](),
}
_DATES = {"DATE", "TIMESTAMP"}
_FLOATS = {"DOUBLE", "FLOAT"}


def _cast(given: str, source_type: str, wanted: str) -> str:
    """Write a cast that gives NULL for what cannot be, and never rounds a number."""
    if wanted == "DOUBLE" and source_type in _FLOATS:
        # A table writes "not a number" for what is missing; no measure may meet it.
        return f"CASE WHEN isfinite({given}) THEN CAST({given} AS DOUBLE) END"
    if source_type in _SAFE[wanted]:
        return f"CAST({given} AS {wanted})"
    plain = f"nullif(trim(CAST({given} AS VARCHAR)), '')"
    if wanted == "VARCHAR":
        return plain
    if wanted in {"BIGINT", "INTEGER"}:
        whole = f"regexp_full_match({plain}, '[+-]?[0-9]+(\\.0*)?')"
        return f"CASE WHEN {whole} THEN TRY_CAST({plain} AS {wanted}) END"
    if wanted == "DOUBLE":
        number = f"TRY_CAST({plain} AS DOUBLE)"
        return f"CASE WHEN isfinite({number}) THEN {number} END"
    if wanted == "DATE":
        compact = f"CAST(try_strptime({plain}, '%Y%m%d') AS DATE)"
        digits = f"regexp_full_match({plain}, '[0-9]{{8}}')"
        day = f"TRY_CAST(left({plain}, 10) AS DATE)"
        return f"CASE WHEN {digits} THEN {compact} ELSE {day} END"
    return f"TRY_CAST({plain} AS TIMESTAMP)"


def present(given: str) -> str:
    """Write the test that a value is there at all."""
    return f"nullif(trim(CAST({given} AS VARCHAR)), '') IS NOT NULL"


def source_columns(
    connection: duckdb.DuckDBPyConnection, table: str, relation: str
) -> dict[str, tuple[str, str]]:
    """Give the source's name and type of each CDM column it has, older names too."""
    described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    names = {row[0].lower(): (row[0], row[1].split("(")[0]) for row in described}
    for row in mapping("omop_renames"):
        if row["table"] == table and row["older"] in names:
            names.setdefault(row["column"], names[row["older"]])
    return names


def selected(table: str, names: dict[str, tuple[str, str]]) -> tuple[str, str]:
    """Write a table's columns and the first thing wrong with a row.

    Parameters
    ----------
    table : str
        A CDM table.
    names : dict of str to (str, str)
        Of each CDM column that the source has: its name and type there.

    Returns
    -------
    tuple of str and str
        A select list, and an expression that is NULL where nothing is wrong.
    """
    values, reason = cast_columns(table, names)
    return listed(values), reason


def listed(values: Mapping[str, str]) -> str:
    """Write a select list of columns and their SQL."""
    return ", ".join(f'{value} AS "{name}"' for name, value in values.items())


def cast_columns(
    table: str, names: dict[str, tuple[str, str]]
) -> tuple[dict[str, str], str]:
    """Write each of a table's columns, and the first thing wrong with a row.

    Parameters are those of `selected`.

    Returns
    -------
    tuple of dict of str to str, and str
        Column → SQL over the source, in the CDM's order but for a key that is made; and
        an expression that is NULL where nothing is wrong.
    """
    values: dict[str, str] = {}
    rules: list[tuple[str, str]] = []
    key = identity(table).strip('"')
    for row in cdm_columns(table):
        name, wanted = row["column"], row["type"]
        if name not in names or name in UNREAD_TEXT.get(table, ()):
            values[name] = f"CAST(NULL AS {wanted})"
            continue
        given, source_type = f'"{names[name][0]}"', names[name][1]
        value = values[name] = _cast(given, source_type, wanted)
        if wanted != "VARCHAR" and source_type not in _SAFE[wanted] and name != key:
            kind = "impossible date" if wanted in _DATES else "value of the wrong type"
            bad = f"{present(given)} AND ({value}) IS NULL"
            rules.append((bad, f"{kind}: {name}"))
        if wanted == "DOUBLE" and source_type in _FLOATS:
            rules.append((f"isinf({given})", f"value of the wrong type: {name}"))
    if table in MADE_KEYS and key not in names:
        said = ", ".join(value for name, value in values.items() if name != key)
        values[key] = hashed(f"CAST(row({said}) AS VARCHAR)")
    if table not in KEYLESS:
        rules.insert(0, (f"({values[key]}) IS NULL", "no usable primary key"))
    cases = " ".join(f"WHEN {test} THEN {text(why)}" for test, why in rules)
    return values, f"CASE {cases} END" if cases else "CAST(NULL AS VARCHAR)"
