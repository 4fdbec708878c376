"""Which resources load and which are set aside: rules in tables, SQL from them."""

import duckdb

from rounds.datamart.fhir_paths import fields, text
from rounds.datamart.mapping import mapping

__all__ = ["day", "drop_duplicates", "is_number", "moment", "reason", "set_aside"]


def day(field: str) -> str:
    """Write a date: the local day as it is written, no time zone ever converted."""
    return (
        f"CASE WHEN length({field}) >= 10 THEN TRY_CAST(left({field}, 10) AS DATE) END"
    )


def moment(field: str) -> str:
    """Write a local date and time as it is written; NULL where no time is given."""
    return (
        f"CASE WHEN length({field}) >= 16 "
        f"THEN TRY_CAST(replace(left({field}, 19), 'T', ' ') AS TIMESTAMP) END"
    )


def is_number(field: str) -> str:
    """Write a test that JSON kept as text is a number (or is not there).

    `Infinity` and `NaN`, which the engine reads though JSON has neither, are none.
    """
    finite = f"isfinite(TRY_CAST({field} AS DOUBLE))"
    return f"({field} IS NULL OR coalesce({finite}, false))"


def _value(resource: str, field: str) -> str:
    kind = fields(resource)[field]["kind"]
    return f'"{field}".code' if kind in {"code", "coding"} else f'"{field}"'


def _status_rules(resource: str) -> list[tuple[str, str]]:
    rules = []
    for row in mapping("fhir_set_aside"):
        if row["resource"] == resource:
            values = ", ".join(text(each) for each in row["values"].split("|"))
            condition = f"{_value(resource, row['field'])} IN ({values})"
            rules.append((condition, row["reason"]))
    return rules


def _missing_rules(resource: str) -> list[tuple[str, str]]:
    rules = [("id IS NULL", "no id")]
    for name, row in fields(resource).items():
        if not row["required"]:
            continue
        absent = f'"{name}" IS NULL'
        if row["kind"] == "code":
            absent = f'"{name}".code IS NULL AND "{name}_text" IS NULL'
        rules.append((absent, row["required"]))
    return rules


def _type_rules(resource: str) -> list[tuple[str, str]]:
    rules = []
    for name, row in fields(resource).items():
        shown = row["path"].split(" | ")[0].replace("[]", "")
        wrong = f"value of the wrong type: {shown}"
        if row["kind"] == "number":
            quoted = f'"{name}"'
            rules.append((f"NOT {is_number(quoted)}", wrong))
        elif row["kind"] == "boolean":
            rules.append((f"\"{name}\" NOT IN ('true', 'false')", wrong))
        elif row["kind"] == "quantity":
            given = f'CAST("{name}".value AS VARCHAR)'
            plain = f"nullif({given}, 'null')"
            rules.append((f"NOT {is_number(plain)}", f"{wrong}.value"))
        elif row["kind"] == "code":
            structure = "('{\"', '[\"', '[{')"
            rules.append((f'left("{name}".code, 2) IN {structure}', wrong))
        elif row["kind"] == "components":
            rules += _component_rules()
    return rules


def _component_rules() -> list[tuple[str, str]]:
    number = 'CAST(c."valueQuantity"."value" AS VARCHAR)'
    plain = f"nullif({number}, 'null')"
    bad = f"NOT {is_number(plain)}"
    found = f"len(list_filter(component, lambda c: {bad})) > 0"
    return [(found, "value of the wrong type: component.valueQuantity.value")]


def _date_rules(resource: str) -> list[tuple[str, str]]:
    rules = []
    for name in ("start", "end"):
        if name not in fields(resource):
            continue
        partial = f"regexp_full_match(\"{name}\", '[0-9]{{4}}(-[0-9]{{2}})?')"
        given = f'"{name}"'
        impossible = f"{given} IS NOT NULL AND ({day(given)}) IS NULL"
        rules.append((f"({impossible}) AND {partial}", "date not precise to the day"))
        rules.append((impossible, "impossible date"))
    if "end" in fields(resource):
        begin, end = day('"start"'), day('"end"')
        rules.append((f"({end}) < ({begin})", "ends before it begins"))
    return rules


def reason(resource: str, *more: tuple[str, str]) -> str:
    """Write the expression that gives why a row is set aside, or NULL if it is not.

    Parameters
    ----------
    resource : str
        A mapped resource type.
    *more : tuple of (str, str)
        Conditions and reasons that only this type has, tried last.
    """
    rules = [
        *_status_rules(resource),
        *_missing_rules(resource),
        *_type_rules(resource),
        *_date_rules(resource),
        *more,
    ]
    cases = " ".join(f"WHEN {test} THEN {text(why)}" for test, why in rules)
    return f"CASE {cases} END"


def drop_duplicates(connection: duckdb.DuckDBPyConnection, resource: str) -> None:
    """Keep one of the resources that share an id: the last updated, else any one.

    What "any one" is follows from the content and never from the order of the lines.
    """
    table = f"stage_{resource}"
    n, distinct = connection.execute(
        f"SELECT count(id), count(DISTINCT id) FROM {table}"
    ).fetchall()[0]
    if n == distinct:
        return
    described = connection.execute(f"DESCRIBE {table}").fetchall()
    place = {"file_number", "record"}
    columns = ", ".join(f'"{row[0]}"' for row in described if row[0] not in place)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE repeated AS SELECT file_number, record FROM "
        f"{table} WHERE id IN (SELECT id FROM {table} GROUP BY id HAVING count(*) > 1) "
        "QUALIFY row_number() OVER (PARTITION BY id ORDER BY updated DESC NULLS LAST, "
        f"CAST(row({columns}) AS VARCHAR), file_number, record) > 1"
    )
    connection.execute(
        f"INSERT INTO problem SELECT file_number, record, {text(resource)}, "
        "'duplicate id', true FROM repeated"
    )
    connection.execute(
        f"DELETE FROM {table} USING repeated WHERE "
        f"{table}.file_number = repeated.file_number "
        f"AND {table}.record = repeated.record"
    )


def set_aside(connection: duckdb.DuckDBPyConnection, resource: str, table: str) -> None:
    """Write down what a judged table holds that is not loaded, and count the rest."""
    connection.execute(
        "INSERT INTO problem SELECT file_number, record, "
        f"{text(resource)}, reason, true FROM {table} WHERE reason IS NOT NULL"
    )
    connection.execute(
        f"INSERT INTO mapped SELECT {text(resource)}, count(*) FROM {table} "
        "WHERE reason IS NULL"
    )
