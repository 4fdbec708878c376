"""The columns of an event, written from the fields that its resource type has.

A field of one name feeds the same columns in every type that has it, so a type needs no
code of its own. What hangs on a field's value stands in tables: `fhir_domains` (which
OMOP table), `fhir_provenance` (which type concept) and `fhir_meanings` (which concept,
where the resource's code is a part only of what is said).
"""

from collections.abc import Mapping
from typing import Final

from rounds.datamart.fhir.judging import moment
from rounds.datamart.fhir.paths import fields, text
from rounds.datamart.fhir.targets import fixed_concept
from rounds.datamart.fhir.tests import chosen, is_one_of, of_type
from rounds.datamart.mapping import Row, mapping

__all__ = ["EVENT_SHAPE", "constant_columns", "event_columns", "part_columns"]

EVENT_SHAPE: Final[dict[str, str]] = {
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
    "type_concept_id": "BIGINT",
    "domain": "VARCHAR",
    "stays": "BOOLEAN",
    "given_concept_id": "BIGINT",
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
    "detail_domain": "VARCHAR",
    "detail_system": "VARCHAR",
    "detail_code": "VARCHAR",
    "detail_display": "VARCHAR",
    "detail_source_value": "VARCHAR",
    "stop_reason": "VARCHAR",
    "status_source_value": "VARCHAR",
    "quantity": "DOUBLE",
    "dose_unit": "VARCHAR",
    "days_supply": "INTEGER",
    "refills": "INTEGER",
    "lot_number": "VARCHAR",
    "unique_device_id": "VARCHAR",
    "production_id": "VARCHAR",
    "payer": "VARCHAR",
    "plan": "VARCHAR",
}
"""What every event has, whatever it was made from; the rest is NULL."""

_DETAILS = {"route": "Route", "site": "Spec Anatomic Site", "qualifier": "Observation"}
_HALTED = ("stopped", "on-hold")
_SAME = ("lot_number", "payer", "plan")


def constant_columns(resource: str) -> dict[str, str]:
    """Write the columns that are the same in every event of a type."""
    columns = {"resource": text(resource), "source_value": "code"}
    found = _from_tables(resource, fields(resource)).items()
    columns |= {name: value for name, value in found if not value.startswith("CASE")}
    detail = next((name for name in _DETAILS if name in fields(resource)), None)
    if detail:
        columns["detail_domain"] = text(_DETAILS[detail])
    return columns


def event_columns(resource: str) -> dict[str, str]:
    """Write the columns of a type's events from its joined and measured slice."""
    named = fields(resource)
    columns = {
        "file_number": "file_number",
        "record": "record",
        "key": "key",
        "person_id": "person_key",
        "visit_occurrence_id": "visit_id",
        "provider_id": "provider_id",
        "start_date": "start_day",
        "start_datetime": moment('"start"'),
        **_varying(resource, named),
        **_code(named),
        **_value(named, "value_number"),
        **_detail(named),
        **_plain(named),
    }
    if "end" in named:
        columns |= {"end_date": "end_day", "end_datetime": moment('"end"')}
    return columns


def part_columns(resource: str, part: str) -> dict[str, str]:
    """Write the columns that an entry of a list has of its own, not of its owner.

    Parameters
    ----------
    resource : str
        A type of events.
    part : str
        Its field whose entries become rows.
    """
    own = fields(f"{resource}.{part}")
    measured = "TRY_CAST(CAST(value.value AS VARCHAR) AS DOUBLE)"
    columns = {**_code(own), **_value(own, measured)}
    if "value" in own:
        columns |= _varying(resource, {**fields(resource), **own}, measured, "domain")
    return columns


def _from_tables(
    resource: str, named: Mapping[str, Row], measured: str = "value_number"
) -> dict[str, str]:
    """Write what the tables say of a type: its provenance, domain and meaning."""
    number = _number(named, measured)
    domains = of_type("fhir_domains", resource)
    types = {
        row["code"]: row["concept_id"]
        for row in mapping("fixed_concepts")
        if row["group"] == "type"
    }
    return {
        "type_concept_id": chosen(
            [
                (is_one_of(named, row["field"], row["values"]), types[row["type"]])
                for row in of_type("fhir_provenance", resource)
            ],
            types["ehr"],
        ),
        "domain": chosen(
            [
                (
                    f"{number} IS NOT NULL"
                    if row["values"] == "*"
                    else is_one_of(named, row["field"], row["values"]),
                    text(row["domain"]),
                )
                for row in domains
            ],
            "NULL",
        ),
        "stays": "true" if any(row["stays"] for row in domains) else "false",
        "given_concept_id": chosen(
            [
                (
                    " AND ".join(
                        is_one_of(named, row[field], row[values])
                        for field, values in _CONDITIONS
                        if row[field]
                    ),
                    row["concept_id"],
                )
                for row in of_type("fhir_meanings", resource)
            ],
            "NULL",
        ),
    }


_CONDITIONS = (("field", "values"), ("and_field", "and_values"))


def _varying(
    resource: str,
    named: Mapping[str, Row],
    measured: str = "value_number",
    *only: str,
) -> dict[str, str]:
    found = _from_tables(resource, named, measured)
    return {
        name: value
        for name, value in found.items()
        if value.startswith("CASE") and (not only or name in only)
    }


def _number(named: Mapping[str, Row], measured: str) -> str:
    given = [measured] if "value" in named else []
    if "value_integer" in named:
        given.append("TRY_CAST(value_integer AS DOUBLE)")
    return f"coalesce({', '.join(given)})" if given else "NULL"


def _system(field: str) -> str:
    return (
        f"CASE WHEN {field}.code IS NULL THEN '' ELSE coalesce({field}.system, '') END"
    )


def _code(named: Mapping[str, Row]) -> dict[str, str]:
    if "link" in named:  # the answer to a question, which the form alone explains
        return {
            "code_system": "questionnaire",
            "code": "link",
            "display": "coalesce(question, link)",
        }
    if "code" not in named:
        return {}
    return {
        "code_system": _system("code"),
        "code": "coalesce(code.code, code_text)",
        "display": "coalesce(code.display, code_text, code.code)",
    }


def _value(named: Mapping[str, Row], measured: str) -> dict[str, str]:
    columns: dict[str, str] = {}
    words: list[str] = []
    codes: list[str] = []
    numbers: list[str] = []
    if "value_text" in named:
        words.append("value_text")
    if "value_boolean" in named:
        plain = "CASE value_boolean WHEN 'true' THEN 'true' WHEN 'false' THEN 'false'"
        words.append(f"{plain} END")
    if "value_code" in named:
        shown = ["value_code.display"]
        if named["value_code"]["kind"] == "code":
            shown.append("value_code_text")
        words += shown
        codes.append("value_code.code")
        columns |= {
            "value_system": _system("value_code"),
            "value_code": "value_code.code",
            "value_display": f"coalesce({', '.join(shown)})",
        }
    if "value" in named:
        numbers.append("CAST(value.value AS VARCHAR)")
        compared = fixed_concept("comparator", "value.comparator", "NULL")
        columns |= {"operator_concept_id": compared, **_unit("value")}
    if "value_integer" in named:
        numbers.append("value_integer")
    if numbers:
        columns["value_number"] = _number(named, measured)
    if words:
        columns["value_text"] = f"coalesce({', '.join(words)})"
    if words or numbers:
        given = ", ".join([*codes, *words, *numbers])
        columns["value_source_value"] = f"coalesce({given})"
    for name in ("low", "high"):
        if name in named:
            columns[f"range_{name}"] = f"{name}_number"
    return columns


def _unit(field: str) -> dict[str, str]:
    return {
        "unit_source_value": f"coalesce({field}.code, {field}.unit)",
        "unit_system": _system(field),
    }


def _detail(named: Mapping[str, Row]) -> dict[str, str]:
    """Write the one thing that a row says beside its code: how, where, or who."""
    for name in _DETAILS:
        if name not in named:
            continue
        if named[name]["kind"] != "code":
            return {"detail_source_value": name}
        return {
            "detail_system": _system(name),
            "detail_code": f"{name}.code",
            "detail_display": f"coalesce({name}.display, {name}_text)",
            "detail_source_value": f"coalesce({name}.code, {name}_text)",
        }
    return {}


def _plain(named: Mapping[str, Row]) -> dict[str, str]:
    columns = {name: f'"{name}"' for name in _SAME if name in named}
    for name in ("quantity", "dose", "amount"):
        if name in named:
            columns["quantity"] = f"{name}_number"
    if "dose" in named:
        columns["dose_unit"] = "coalesce(dose.code, dose.unit)"
    if "amount" in named:
        columns |= _unit("amount")
    if "days_supply" in named:
        in_days = "coalesce(days_supply.code, days_supply.unit, 'd') IN ('d', 'day')"
        columns["days_supply"] = (
            f"CASE WHEN {in_days} THEN CAST(round(days_supply_number) AS INTEGER) END"
        )
    if "refills" in named:
        columns["refills"] = "TRY_CAST(refills AS INTEGER)"
    if "verification" in named:
        columns["status_source_value"] = "verification.code"
    if "stop_reason" in named:
        columns["stop_reason"] = _stopped(named)
    if "device_reference" in named:
        columns["unique_device_id"] = "udi"
        numbers = "concat_ws(' ', lot_number, serial_number)"
        columns["production_id"] = f"nullif({numbers}, '')"
    return columns


def _stopped(named: Mapping[str, Row]) -> str:
    halted = ""
    if "status" in named:
        listed = ", ".join(text(each) for each in _HALTED)
        halted = f", CASE WHEN status IN ({listed}) THEN status END"
    return f"nullif(coalesce(stop_reason.code{halted}), 'active')"
