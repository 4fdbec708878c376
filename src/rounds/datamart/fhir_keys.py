"""What FHIR refers to, found by every way of referring to it."""

import duckdb

from rounds.datamart.fhir_paths import text
from rounds.datamart.mapping import mapping

__all__ = [
    "TYPE_EHR",
    "fixed_concept",
    "keep_crosswalk",
    "make_key",
    "remark_lost",
    "subject_rules",
]

TYPE_EHR = next(
    row["concept_id"] for row in mapping("fixed_concepts") if row["group"] == "type"
)


def fixed_concept(group: str, code: str, otherwise: str = "0") -> str:
    """Write the look-up of a standard concept whose id OMOP has fixed."""
    rows = [row for row in mapping("fixed_concepts") if row["group"] == group]
    cases = " ".join(
        f"WHEN {text(row['code'])} THEN {row['concept_id']}" for row in rows
    )
    return f"CASE {code} {cases} ELSE {otherwise} END"


def make_key(connection: duckdb.DuckDBPyConnection, table: str, kind: str) -> None:
    """Make `key_<table>`: every way of referring to a row, and its id."""
    ways = [
        (
            f"SELECT '{kind}/' || {table}_source_value AS ref, {table}_id AS id "
            f"FROM {table}"
        )
    ]
    if kind in {"Organization", "Practitioner"}:
        ways.append(
            f"SELECT '{kind}?identifier=' || identifier_system || '|' || "
            f"identifier_value, {table}_id FROM good_{kind} JOIN {table} "
            f"ON {table}_source_value = good_{kind}.id"
        )
    ways.append(
        f"SELECT alias, {table}_id FROM alias JOIN {table} "
        f"ON target = '{kind}/' || {table}_source_value"
    )
    connection.execute(
        f"CREATE TEMP TABLE key_{table} AS SELECT ref AS key_ref, min(id) AS row_id "
        f"FROM ({' UNION ALL '.join(ways)}) WHERE ref IS NOT NULL GROUP BY ref"
    )


def keep_crosswalk(connection: duckdb.DuckDBPyConnection) -> None:
    """Keep which resource became which row, of every type that others refer to."""
    parts = [
        f"SELECT '{kind}' AS resource_type, {table}_source_value AS resource_id, "
        f"'{table}' AS table_name, {table}_id AS row_id FROM {table}"
        for kind, table in (
            ("Patient", "person"),
            ("Organization", "care_site"),
            ("Practitioner", "provider"),
        )
    ]
    parts.append("SELECT 'Encounter', id, 'visit_occurrence', visit FROM ordered_visit")
    parts.append(
        "SELECT 'Location', source, 'location', location_id FROM place "
        "WHERE starts_with(ref, 'Location/')"
    )
    connection.execute(
        f"INSERT INTO rounds_resource {' UNION ALL '.join(parts)} ORDER BY ALL"
    )


def subject_rules(person: str, aside: str) -> tuple[tuple[str, str], ...]:
    """Write the rules for a subject that is not among the persons."""
    return (
        (f"{aside} IS NOT NULL", "subject set aside"),
        (f"{person} IS NULL", "reference to nothing"),
    )


def remark_lost(
    connection: duckdb.DuckDBPyConnection,
    resource: str,
    table: str,
    field: str,
    key: str,
) -> None:
    """Count references, other than the subject, that lead to nothing."""
    connection.execute(
        f"INSERT INTO problem SELECT file_number, record, {text(resource)}, "
        f"'reference to nothing: {field}', false FROM {table} ANTI JOIN {key} "
        f'ON {key}.key_ref = {table}."{field}" WHERE {table}."{field}" IS NOT NULL'
    )
