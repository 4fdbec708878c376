"""One OMOP table's rows: cast, checked, and judged, each with its place."""

from collections.abc import Sequence

import duckdb

from rounds.datamart.cdm import EVENT_TABLES, key_of
from rounds.datamart.fhir_paths import text
from rounds.datamart.mapping import Row, cdm_columns, mapping

__all__ = ["stage_rows"]

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
_FREE_KEYS = set(EVENT_TABLES) - {"visit_occurrence"}


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


def _present(given: str) -> str:
    return f"nullif(trim(CAST({given} AS VARCHAR)), '') IS NOT NULL"


def _source_columns(
    connection: duckdb.DuckDBPyConnection, table: str, relation: str
) -> dict[str, tuple[str, str]]:
    """Give the source's name and type of each CDM column it has, older names too."""
    described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    names = {row[0].lower(): (row[0], row[1].split("(")[0]) for row in described}
    for row in mapping("omop_renames"):
        if row["table"] == table and row["older"] in names:
            names.setdefault(row["column"], names[row["older"]])
    return names


def _required(table: str) -> tuple[str, ...]:
    """Give the columns without which a row says nothing."""
    own = {
        "person": ("year_of_birth",),
        "death": ("death_date",),
        "observation_period": (
            "person_id",
            "observation_period_start_date",
            "observation_period_end_date",
        ),
        "concept": ("concept_name", "domain_id", "vocabulary_id", "concept_code"),
    }
    if table in EVENT_TABLES:
        return ("person_id", EVENT_TABLES[table][1])
    return own.get(table, ())


def _select(table: str, names: dict[str, tuple[str, str]]) -> tuple[str, str]:
    """Write a table's columns and the first thing wrong with a row."""
    key = key_of(table)
    columns, rules = [], []
    for row in cdm_columns(table):
        name, wanted = row["column"], row["type"]
        if name not in names:
            columns.append(f'CAST(NULL AS {wanted}) AS "{name}"')
            continue
        given, source_type = f'"{names[name][0]}"', names[name][1]
        value = _cast(given, source_type, wanted)
        columns.append(f'{value} AS "{name}"')
        if wanted != "VARCHAR" and source_type not in _SAFE[wanted] and name != key:
            kind = "impossible date" if wanted in _DATES else "value of the wrong type"
            bad = f"{_present(given)} AND ({value}) IS NULL"
            rules.append((bad, f"{kind}: {name}"))
        if wanted == "DOUBLE" and source_type in _FLOATS:
            rules.append((f"isinf({given})", f"value of the wrong type: {name}"))
    key_value = _key_value(key, names, cdm_columns(table))
    rules.insert(0, (f"({key_value}) IS NULL", "no usable primary key"))
    cases = " ".join(f"WHEN {test} THEN {text(why)}" for test, why in rules)
    return ", ".join(columns), f"CASE {cases} END"


def _key_value(
    key: str, names: dict[str, tuple[str, str]], columns: Sequence[Row]
) -> str:
    if key not in names:
        return "NULL"
    wanted = next(row["type"] for row in columns if row["column"] == key)
    return _cast(f'"{names[key][0]}"', names[key][1], wanted)


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
        _show(connection, table, f"{_nothing(table)} LIMIT 0", 0)
        return 0
    if len(relations) == 1 and (n := _show_whole(connection, table, *relations[0])):
        return n
    connection.execute(f"CREATE TEMP TABLE rows_{table} AS {_nothing(table)} LIMIT 0")
    n_read = 0
    for number, relation in relations:
        names = _source_columns(connection, table, relation)
        columns, reason = _select(table, names)
        connection.execute(
            f"INSERT INTO rows_{table} SELECT {number}, row_number() OVER (), "
            f"{reason}, {columns} FROM {relation}"
        )
        n = connection.execute(
            f"SELECT count(*) FROM rows_{table} WHERE file_number = {number}"
        ).fetchall()[0][0]
        n += _rejected(connection, table, number)
        connection.execute("INSERT INTO reading VALUES (?, ?, ?)", [number, table, n])
        n_read += n
    _judge(connection, table)
    return n_read


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


def _show(connection: duckdb.DuckDBPyConnection, table: str, rows: str, n: int) -> None:
    """Make `rows_<table>` a view of rows of which all are good, and count them."""
    connection.execute(
        f"CREATE TEMP VIEW rows_{table} AS {rows};"
        f"INSERT INTO mapped VALUES ('{table}', {n})"
    )


def _show_whole(
    connection: duckdb.DuckDBPyConnection, table: str, number: int, relation: str
) -> int:
    """Make `rows_<table>` a view of its source if no row of that has a fault.

    A copy that is then judged costs several times as much as this one look at the few
    columns that can be at fault. Text is always copied: its lines are read but once.

    Returns
    -------
    int
        How many rows were read; 0 if there are none, or if one has a fault.
    """
    if relation.startswith("read_csv("):
        return 0
    columns, reason = _select(table, _source_columns(connection, table, relation))
    faults = [f'"{name}" IS NULL' for name in _required(table)]
    # On `person`, the rules look at nothing else, so its view need not be there yet.
    faults += [
        test for test, why in _table_rules(table) if why != "subject set aside"
    ]  # whose subject was set aside refers to nothing as well
    found = " OR ".join(["reason IS NOT NULL", *(f"({fault})" for fault in faults)])
    n, n_keys, n_faults = connection.execute(
        f"SELECT count(*), count(DISTINCT {key_of(table)}), "
        f"count(*) FILTER (WHERE {found}) "
        f"FROM (SELECT {reason} AS reason, {columns} FROM {relation}) AS rows_{table}"
    ).fetchall()[0]
    if n_faults or n_keys != n or not n:
        return 0
    rows = f"SELECT {number}::INTEGER AS file_number, 0::BIGINT AS record"
    rows += f", NULL::VARCHAR AS reason, {columns} FROM {relation}"
    _show(connection, table, rows, n)
    connection.execute("INSERT INTO reading VALUES (?, ?, ?)", [number, table, n])
    return int(n)


def _rejected(connection: duckdb.DuckDBPyConnection, table: str, number: int) -> int:
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


def _judge(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Set aside what lacks something, repeats a key, or refers to no person."""
    mine = f"UPDATE rows_{table} SET reason ="
    for name in _required(table):
        connection.execute(
            f"{mine} 'required value missing: {name}' "
            f'WHERE reason IS NULL AND "{name}" IS NULL'
        )
    _drop_repeats(connection, table)
    for test, why in _table_rules(table):
        connection.execute(f"{mine} {text(why)} WHERE reason IS NULL AND {test}")


def _drop_repeats(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Keep one row of each key; of an event, every row that differs.

    Nothing refers to an event by its key, so an event that differs from another with
    the same key is no repeat: it is kept under a key of its own, with a remark.
    """
    key = key_of(table)
    columns = [row["column"] for row in cdm_columns(table)]
    content = ", ".join(f'"{name}"' for name in columns)
    ranked = (
        f"SELECT file_number AS f, record AS r FROM rows_{table} WHERE reason IS NULL "
        f"AND {key} IN (SELECT {key} FROM rows_{table} WHERE reason IS NULL "
        "GROUP BY 1 HAVING count(*) > 1) QUALIFY row_number() OVER (PARTITION BY "
    )
    order = f"CAST(row({content}) AS VARCHAR), file_number, record"
    same = content if table in _FREE_KEYS else key
    connection.execute(
        f"UPDATE rows_{table} SET reason = 'duplicate id' FROM ({ranked}{same} "
        f"ORDER BY {order}) > 1) WHERE file_number = f AND record = r"
    )
    if table not in _FREE_KEYS:
        return
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE rekeyed AS SELECT f, r, row_number() OVER "
        f"(ORDER BY {order}) AS place FROM ({ranked}{key} ORDER BY {order}) > 1) "
        f"JOIN rows_{table} ON file_number = f AND record = r"
    )
    connection.execute(
        "INSERT INTO problem "
        f"SELECT f, r, '{table}', 'repeated key', false FROM rekeyed"
    )
    connection.execute(
        f"UPDATE rows_{table} SET {key} = place + "
        f"(SELECT max({key}) FROM rows_{table}) FROM rekeyed "
        "WHERE file_number = f AND record = r"
    )


def _table_rules(table: str) -> list[tuple[str, str]]:
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
    "TRY_CAST(printf('%04d-%02d-%02d', year_of_birth, coalesce(month_of_birth, 1), "
    "coalesce(day_of_birth, 1)) AS DATE) IS NULL"
)
