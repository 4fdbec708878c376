"""The columns of an event, written from the fields that its resource type has."""

from rounds.datamart.fhir_judging import moment
from rounds.datamart.fhir_paths import fields, text
from rounds.datamart.fhir_targets import TYPE_EHR, fixed_concept
from rounds.datamart.mapping import mapping

__all__ = ["EVENT_SHAPE", "component_columns", "constant_columns", "event_columns"]

EVENT_SHAPE = {
    "resource": "VARCHAR",
    "file_number": "INTEGER",
    "record": "BIGINT",
    "key": "BIGINT",
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
"""What every event has, whatever it was made from; the rest is NULL."""


def constant_columns(resource: str) -> dict[str, str]:
    """Write the columns that are the same in every event of a type."""
    columns = {
        "resource": text(resource),
        "type_concept_id": TYPE_EHR,
        "source_value": "code",
    }
    rows = [row for row in mapping("fhir_domains") if row["resource"] == resource]
    if [row["field"] for row in rows] == [""]:
        columns["domain"] = text(rows[0]["domain"])
    return columns


def event_columns(resource: str) -> dict[str, str]:
    """Write the columns of a type's events from its joined and measured slice."""
    columns = {
        "file_number": "file_number",
        "record": "record",
        "key": "key",
        "person_id": "person_key",
        "visit_occurrence_id": "visit_id",
        "provider_id": "provider_id",
        "start_date": "start_day",
        "start_datetime": moment('"start"'),
        **_code_columns(),
        **_drug_columns(resource),
    }
    given = fields(resource)
    if "domain" not in constant_columns(resource):
        columns["domain"] = _domain(resource)
    if "end" in given:
        columns |= {"end_date": "end_day", "end_datetime": moment('"end"')}
    if "value" in given:
        columns |= _value_columns("value_number")
    for name in ("low", "high"):
        if name in given:
            columns[f"range_{name}"] = f"{name}_number"
    if "stop_reason" in given:
        columns["stop_reason"] = "nullif(stop_reason.code, 'active')"
    if "verification" in given:
        columns["status_source_value"] = "verification.code"
    if "lot_number" in given:
        columns["lot_number"] = "lot_number"
    return columns


def component_columns(resource: str) -> dict[str, str]:
    """Write the columns that a component has of its own; the rest is its parent's."""
    number = "TRY_CAST(CAST(value.value AS VARCHAR) AS DOUBLE)"
    return {
        **_code_columns(),
        **_value_columns(number),
        "domain": _domain(resource, number),
    }


def _drug_columns(resource: str) -> dict[str, str]:
    given = fields(resource)
    columns, days = {}, "1"
    if "days_supply" in given:
        in_days = "coalesce(days_supply.code, days_supply.unit, 'd') IN ('d', 'day')"
        supply = (
            f"CASE WHEN {in_days} THEN CAST(round(days_supply_number) AS INTEGER) END"
        )
        columns["days_supply"] = supply
        days = f"greatest(coalesce({supply}, 1), 1)"
    if "quantity" in given:
        columns["quantity"] = "quantity_number"
    if "refills" in given:
        columns["refills"] = "TRY_CAST(refills AS INTEGER)"
    if days != "1":
        columns["end_date_or_start"] = f"start_day + CAST({days} - 1 AS INTEGER)"
    return columns


def _domain(resource: str, number: str = "value_number") -> str:
    cases = []
    otherwise = "NULL"
    for row in mapping("fhir_domains"):
        if row["resource"] != resource:
            continue
        if not row["field"]:
            otherwise = text(row["domain"])
        elif row["values"] == "*":
            cases.append(
                f"WHEN {_number(number)} IS NOT NULL THEN {text(row['domain'])}"
            )
        else:
            values = ", ".join(text(each) for each in row["values"].split("|"))
            has = f'list_has_any("{row["field"]}", [{values}])'
            cases.append(f"WHEN {has} THEN {text(row['domain'])}")
    return f"CASE {' '.join(cases)} ELSE {otherwise} END" if cases else otherwise


def _number(number: str) -> str:
    return f"coalesce({number}, TRY_CAST(value_integer AS DOUBLE))"


def _code_columns() -> dict[str, str]:
    return {
        "code_system": "CASE WHEN code.code IS NULL THEN '' "
        "ELSE coalesce(code.system, '') END",
        "code": "coalesce(code.code, code_text)",
        "display": "coalesce(code.display, code_text, code.code)",
    }


def _value_columns(number: str) -> dict[str, str]:
    plain = "CASE value_boolean WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' END"
    words = f"coalesce(value_text, {plain}, value_code.display, value_code_text)"
    return {
        "value_number": _number(number),
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
