"""What happened to whom, when: one common shape for the events of every type."""

import duckdb

from rounds.datamart.fhir_judging import (
    day,
    drop_duplicates,
    moment,
    reason,
    set_aside,
)
from rounds.datamart.fhir_keys import (
    TYPE_EHR,
    fixed_concept,
    subject_rules,
)
from rounds.datamart.fhir_paths import expressions, fields, text
from rounds.datamart.mapping import mapping

__all__ = ["EVENT_RESOURCES", "load_events"]

EVENT_RESOURCES = (
    "Condition",
    "Observation",
    "Procedure",
    "MedicationRequest",
    "Immunization",
)


_SHAPE = {
    "resource": "VARCHAR",
    "file_number": "INTEGER",
    "record": "BIGINT",
    "id": "VARCHAR",
    "part": "INTEGER",
    "person_id": "BIGINT",
    "visit_occurrence_id": "BIGINT",
    "provider_id": "BIGINT",
    "start_date": "DATE",
    "start_datetime": "TIMESTAMP",
    "end_date": "DATE",
    "end_datetime": "TIMESTAMP",
    "end_date_or_start": "DATE",
    "type_concept_id": "BIGINT",
    "domain": "VARCHAR",
    "code_system": "VARCHAR",
    "code": "VARCHAR",
    "display": "VARCHAR",
    "source_value": "VARCHAR",
    "value_number": "DOUBLE",
    "operator_concept_id": "BIGINT",
    "range_low": "DOUBLE",
    "range_high": "DOUBLE",
    "unit_source_value": "VARCHAR",
    "unit_system": "VARCHAR",
    "value_system": "VARCHAR",
    "value_code": "VARCHAR",
    "value_display": "VARCHAR",
    "value_text": "VARCHAR",
    "value_source_value": "VARCHAR",
    "stop_reason": "VARCHAR",
    "status_source_value": "VARCHAR",
    "quantity": "DOUBLE",
    "days_supply": "INTEGER",
    "refills": "INTEGER",
    "lot_number": "VARCHAR",
}


def load_events(
    connection: duckdb.DuckDBPyConnection, systems: tuple[str, ...]
) -> None:
    """Fill the temporary table `event` from the staging tables of every type."""
    shape = ", ".join(f"{name} {kind}" for name, kind in _SHAPE.items())
    connection.execute(f"CREATE TEMP TABLE event ({shape})")
    for resource in EVENT_RESOURCES:
        if not connection.execute(f"SELECT 1 FROM stage_{resource} LIMIT 1").fetchall():
            continue
        drop_duplicates(connection, resource)
        _judge(connection, resource)
        set_aside(connection, resource, "judged")
        _insert(connection, resource, _columns(resource), "judged")
        if resource == "Observation":
            _insert_components(connection, systems)
        for field, key in (("encounter", "visit_id"), ("performer", "performer_id")):
            _remark(connection, resource, field, key)
    connection.execute("DROP TABLE IF EXISTS judged")


def _judge(connection: duckdb.DuckDBPyConnection, resource: str) -> None:
    more: list[tuple[str, str]] = []
    source = f"stage_{resource}"
    if resource == "MedicationRequest":
        source = _with_contained(source)
        lost = "code.code IS NULL AND code_text IS NULL"
        more.append((lost, "medication not contained"))
    why = reason(resource, *more, *subject_rules("key_person.row_id", "aside.key_ref"))
    if resource == "MedicationRequest":
        absent = '"code".code IS NULL AND "code_text" IS NULL'
        why = why.replace(absent, f"{absent} AND medication_reference IS NULL", 1)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE judged AS SELECT stage.*, {why} AS reason, "
        "key_person.row_id AS person_id, key_visit.row_id AS visit_id, "
        "key_provider.row_id AS performer_id "
        f"FROM {source} AS stage "
        "LEFT JOIN key_person ON key_person.key_ref = stage.subject "
        "LEFT JOIN key_aside AS aside ON aside.key_ref = stage.subject "
        "LEFT JOIN key_visit ON key_visit.key_ref = stage.encounter "
        "LEFT JOIN key_provider ON key_provider.key_ref = stage.performer"
    )


def _with_contained(source: str) -> str:
    """Write a staging table in which a contained Medication gives its code."""
    mine = (
        "list_filter(contained, lambda x: x.\"resourceType\" = 'Medication' "
        "AND '#' || x.id = medication_reference)[1].code"
    )
    return (
        f"(SELECT * REPLACE (CASE WHEN code.code IS NULL AND code_text IS NULL "
        f"THEN {mine}.coding[1] ELSE code END AS code, "
        f'coalesce(code_text, {mine}."text") AS code_text) FROM {source})'
    )


def _domain(resource: str) -> str:
    cases = []
    otherwise = "NULL"
    for row in mapping("fhir_domains"):
        if row["resource"] != resource:
            continue
        if not row["field"]:
            otherwise = text(row["domain"])
        elif row["values"] == "*":
            cases.append(f"WHEN {_number()} IS NOT NULL THEN {text(row['domain'])}")
        else:
            values = ", ".join(text(each) for each in row["values"].split("|"))
            has = f'list_has_any("{row["field"]}", [{values}])'
            cases.append(f"WHEN {has} THEN {text(row['domain'])}")
    return f"CASE {' '.join(cases)} ELSE {otherwise} END" if cases else otherwise


def _number(prefix: str = "") -> str:
    return (
        f"coalesce(TRY_CAST(CAST({prefix}value.value AS VARCHAR) AS DOUBLE), "
        f"TRY_CAST({prefix}value_integer AS DOUBLE))"
    )


def _code_columns() -> dict[str, str]:
    return {
        "code_system": "CASE WHEN code.code IS NULL THEN '' "
        "ELSE coalesce(code.system, '') END",
        "code": "coalesce(code.code, code_text)",
        "display": "coalesce(code.display, code_text, code.code)",
        "source_value": "coalesce(code.code, code_text)",
    }


def _value_columns() -> dict[str, str]:
    plain = "CASE value_boolean WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' END"
    words = f"coalesce(value_text, {plain}, value_code.display, value_code_text)"
    return {
        "value_number": _number(),
        "operator_concept_id": fixed_concept("comparator", "value.comparator", "NULL"),
        "unit_source_value": "coalesce(value.code, value.unit)",
        "unit_system": "CASE WHEN value.code IS NULL THEN '' "
        "ELSE coalesce(value.system, '') END",
        "value_system": "CASE WHEN value_code.code IS NULL THEN '' "
        "ELSE coalesce(value_code.system, '') END",
        "value_code": "value_code.code",
        "value_display": "coalesce(value_code.display, value_code_text)",
        "value_text": words,
        "value_source_value": f"coalesce(value_code.code, {words}, "
        "CAST(value.value AS VARCHAR), value_integer)",
    }


def _columns(resource: str) -> dict[str, str]:
    """Write the event's columns from one type's fields."""
    start, end = '"start"', '"end"'
    ends = "end" in fields(resource)
    columns = {
        "resource": text(resource),
        "file_number": "file_number",
        "record": "record",
        "id": "id",
        "part": "0",
        "person_id": "person_id",
        "visit_occurrence_id": "visit_id",
        "provider_id": "performer_id",
        "start_date": day(start),
        "start_datetime": moment(start),
        "end_date": day(end) if ends else "NULL",
        "end_datetime": moment(end) if ends else "NULL",
        "type_concept_id": TYPE_EHR,
        "domain": _domain(resource),
        **_code_columns(),
    }
    days = "NULL"
    if resource == "Observation":
        columns |= _value_columns()
        for name in ("low", "high"):
            number = f"TRY_CAST(CAST({name}.value AS VARCHAR) AS DOUBLE)"
            columns[f"range_{name}"] = number
    if resource == "Condition":
        columns["stop_reason"] = "nullif(stop_reason.code, 'active')"
        columns["status_source_value"] = "verification.code"
    if resource == "MedicationRequest":
        supply = "TRY_CAST(CAST(days_supply.value AS VARCHAR) AS DOUBLE)"
        in_days = "coalesce(days_supply.code, days_supply.unit, 'd') IN ('d', 'day')"
        days = f"CASE WHEN {in_days} THEN CAST(round({supply}) AS INTEGER) END"
        columns["quantity"] = "TRY_CAST(CAST(quantity.value AS VARCHAR) AS DOUBLE)"
        columns["days_supply"] = days
        columns["refills"] = "TRY_CAST(refills AS INTEGER)"
    if resource == "Immunization":
        columns["lot_number"] = "lot_number"
    later = f"({day(start)}) + CAST(greatest(coalesce({days}, 1), 1) - 1 AS INTEGER)"
    columns["end_date_or_start"] = later
    return columns


def _insert(
    connection: duckdb.DuckDBPyConnection,
    resource: str,
    columns: dict[str, str],
    source: str,
) -> None:
    valueless = ""
    if resource == "Observation":  # a panel is its components, and no row of its own
        valueless = (
            " AND NOT (component IS NOT NULL AND len(component) > 0 "
            "AND value IS NULL AND value_integer IS NULL AND value_code IS NULL "
            "AND value_code_text IS NULL AND value_text IS NULL "
            "AND value_boolean IS NULL)"
        )
    connection.execute(
        f"INSERT INTO event ({', '.join(columns)}) SELECT {', '.join(columns.values())}"
        f" FROM {source} WHERE reason IS NULL{valueless}"
    )


def _insert_components(
    connection: duckdb.DuckDBPyConnection, systems: tuple[str, ...]
) -> None:
    """Make a row of each component: its parent's person, day, visit and domain."""
    own = expressions("Observation.component", systems, "c.")
    kept = (
        "file_number, record, id, person_id, visit_id, performer_id, "
        '"start", category, reason'
    )
    unnested = (
        f"SELECT {kept}, unnest(component) AS c, "
        "unnest(range(1, len(component) + 1)) AS part FROM judged "
        "WHERE reason IS NULL AND component IS NOT NULL"
    )
    flat = f"(SELECT {kept}, part, {', '.join(own)} FROM ({unnested}))"
    columns = _columns("Observation")
    for name in ("low", "high"):
        del columns[f"range_{name}"]
    columns["part"] = "part"
    connection.execute(
        f"INSERT INTO event ({', '.join(columns)}) SELECT {', '.join(columns.values())}"
        f" FROM {flat} WHERE code.code IS NOT NULL OR code_text IS NOT NULL"
    )


def _remark(
    connection: duckdb.DuckDBPyConnection, resource: str, field: str, found: str
) -> None:
    connection.execute(
        f"INSERT INTO problem SELECT file_number, record, {text(resource)}, "
        f"'reference to nothing: {field}', false FROM judged "
        f"WHERE reason IS NULL AND {field} IS NOT NULL AND {found} IS NULL"
    )
