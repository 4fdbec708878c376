"""Which resources load and which are set aside: rules in tables, SQL from them."""

import duckdb

from rounds.datamart.fhir.flattening import Flattening
from rounds.datamart.fhir.paths import fields, text
from rounds.datamart.fhir.targets import REFERRED, referring_field
from rounds.datamart.mapping import mapping

__all__ = ["day", "is_number", "measured", "moment", "reason", "set_aside"]


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


def measured(resource: str) -> list[str]:
    """Write the columns that the rules and the rows both need, so each is made once.

    These are `start_day` and `end_day`, and `<field>_number` of each quantity.
    """
    columns = []
    for name, row in fields(resource).items():
        if name in {"start", "end"}:
            given = f'"{name}"'
            columns.append(f"{day(given)} AS {name}_day")
        elif row["kind"] == "quantity":
            number = f'TRY_CAST(CAST("{name}".value AS VARCHAR) AS DOUBLE)'
            columns.append(f"{number} AS {name}_number")
    return columns


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
    rules = []
    for name, row in fields(resource).items():
        if not row["required"]:
            continue
        absent = f'"{"person_key" if name == "subject" else name}" IS NULL'
        if row["kind"] == "code":
            absent = f'"{name}".code IS NULL AND "{name}_text" IS NULL'
        if name == "code" and referring_field(resource):
            absent += f" AND {referring_field(resource)} IS NULL"
        rules.append((absent, row["required"]))
    return rules


def _type_rules(resource: str, views: Flattening) -> list[tuple[str, str]]:
    rules = []
    for name, row in fields(resource).items():
        wrong = f"value of the wrong type: {views.shown(resource, name)}"
        if row["kind"] == "number":
            quoted = f'"{name}"'
            rules.append((f"NOT {is_number(quoted)}", wrong))
        elif row["kind"] == "boolean":
            rules.append((f"\"{name}\" NOT IN ('true', 'false')", wrong))
        elif row["kind"] == "quantity":
            given = f'"{name}".value IS NOT NULL'
            number = f"coalesce(isfinite({name}_number), false)"
            is_null = f"CAST(\"{name}\".value AS VARCHAR) = 'null'"
            bad = f"{given} AND NOT {number} AND NOT {is_null}"
            rules.append((bad, f"{wrong}.value"))
        elif row["kind"] == "code":
            structure = "('{\"', '[\"', '[{')"
            rules.append((f'left("{name}".code, 2) IN {structure}', wrong))
        elif row["kind"] in {"components", "items"}:
            rules += _entry_rules(resource, name, views)
    return rules


def _entry_rules(resource: str, part: str, views: Flattening) -> list[tuple[str, str]]:
    """Write the rules for the numbers in the entries of a list."""
    rules = []
    name = f"{resource}.{part}"
    written = views.field_columns(name, "c.")
    for field, row in fields(name).items():
        inner = {"quantity": ".value", "number": ""}.get(row["kind"])
        if inner is None:
            continue
        plain = f"nullif(CAST({written[field]}{inner} AS VARCHAR), 'null')"
        bad = f"NOT {is_number(plain)}"
        found = f'len(list_filter("{part}", lambda c: {bad})) > 0'
        shown = f"{part}.{views.shown(name, field)}{inner}"
        rules.append((found, f"value of the wrong type: {shown}"))
    return rules


def _date_rules(resource: str) -> list[tuple[str, str]]:
    rules = []
    for name in ("start", "end"):
        if name not in fields(resource):
            continue
        partial = f"regexp_full_match(\"{name}\", '[0-9]{{4}}(-[0-9]{{2}})?')"
        impossible = f'"{name}" IS NOT NULL AND {name}_day IS NULL'
        rules.append((f"({impossible}) AND {partial}", "date not precise to the day"))
        rules.append((impossible, "impossible date"))
    if "end" in fields(resource):
        rules.append(("end_day < start_day", "ends before it begins"))
    return rules


def reason(resource: str, views: Flattening, *more: tuple[str, str]) -> str:
    """Write the expression that gives why a row is set aside, or NULL if it is not.

    Parameters
    ----------
    resource : str
        A mapped resource type.
    views : Flattening
        Where its fields are.
    *more : tuple of (str, str)
        Conditions and reasons that only this type has, tried last.
    """
    rules = [
        *_status_rules(resource),
        *_missing_rules(resource),
        *_type_rules(resource, views),
        *_date_rules(resource),
    ]
    if field := referring_field(resource):
        lost = "code.code IS NULL AND code_text IS NULL"
        rules.append((lost, f"{REFERRED[field].lower()} not found"))
    cases = " ".join(f"WHEN {test} THEN {text(why)}" for test, why in [*rules, *more])
    return f"CASE WHEN fault IS NOT NULL THEN fault {cases} END"


def set_aside(connection: duckdb.DuckDBPyConnection, resource: str, table: str) -> None:
    """Write down what a judged table holds that is not loaded, and count the rest.

    Only resources of this load count; those held were counted when they came.
    """
    connection.execute(
        "INSERT INTO problem SELECT file_number, record, "
        f"{text(resource)}, reason, true FROM {table} WHERE reason IS NOT NULL AND mine"
    )
    connection.execute(
        f"INSERT INTO mapped SELECT {text(resource)}, count(*) FROM {table} "
        "WHERE reason IS NULL AND mine"
    )
