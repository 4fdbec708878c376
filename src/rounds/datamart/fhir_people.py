"""Who and where: Patient, Organization, Location, Practitioner and Encounter."""

import duckdb

from rounds.datamart.cdm import insert
from rounds.datamart.fhir_judging import (
    day,
    drop_duplicates,
    is_number,
    moment,
    reason,
    set_aside,
)
from rounds.datamart.fhir_paths import text
from rounds.datamart.mapping import mapping

__all__ = ["fixed_concept", "keep_crosswalk", "load_people", "load_places", "load_visits"]

TYPE_EHR = next(
    row["concept_id"] for row in mapping("fixed_concepts") if row["group"] == "type"
)
_ADDRESS = ("address_1", "city", "state", "county", "zip", "country")
_NAME = "coalesce(full_name, nullif(concat_ws(' ', given, family), ''))"


def fixed_concept(group: str, code: str, otherwise: str = "0") -> str:
    """Write the look-up of a standard concept whose id OMOP has fixed."""
    rows = [row for row in mapping("fixed_concepts") if row["group"] == group]
    cases = " ".join(
        f"WHEN {text(row['code'])} THEN {row['concept_id']}" for row in rows
    )
    return f"CASE {code} {cases} ELSE {otherwise} END"


def load_places(connection: duckdb.DuckDBPyConnection) -> None:
    """Load Organization, Location and Practitioner, and the addresses of all."""
    kinds = ("Location", "Organization", "Practitioner", "Patient")
    for kind in kinds:
        drop_duplicates(connection, kind)
    latitude = f"NOT {is_number('latitude')} OR NOT {is_number('longitude')}"
    for kind in kinds[:3]:
        more = [(latitude, "value of the wrong type: position")]
        why = reason(kind, *(more if kind == "Location" else []))
        connection.execute(
            f"CREATE TEMP TABLE good_{kind} AS SELECT *, {why} AS reason "
            f"FROM stage_{kind}"
        )
        set_aside(connection, kind, f"good_{kind}")
        connection.execute(f"DELETE FROM good_{kind} WHERE reason IS NOT NULL")
    _load_locations(connection)
    insert(
        connection,
        "care_site",
        {
            "care_site_id": "row_number() OVER (ORDER BY good.id)",
            "care_site_name": "good.name",
            "place_of_service_concept_id": "0",
            "location_id": "place.location_id",
            "care_site_source_value": "good.id",
            "place_of_service_source_value": "coalesce(type.code, type_text)",
        },
        "good_Organization AS good LEFT JOIN place "
        "ON place.ref = 'Organization/' || good.id ORDER BY good.id",
    )
    insert(
        connection,
        "provider",
        {
            "provider_id": "row_number() OVER (ORDER BY id)",
            "provider_name": _NAME,
            "npi": "npi",
            "specialty_concept_id": "0",
            "year_of_birth": "TRY_CAST(left(birth, 4) AS INTEGER)",
            "gender_concept_id": fixed_concept("gender", "gender"),
            "provider_source_value": "id",
            "gender_source_value": "gender",
        },
        "good_Practitioner ORDER BY id",
    )
    _key(connection, "care_site", "Organization")
    _key(connection, "provider", "Practitioner")


def _load_locations(connection: duckdb.DuckDBPyConnection) -> None:
    filled = " OR ".join(f"{name} IS NOT NULL" for name in _ADDRESS)
    columns = ", ".join(_ADDRESS)
    parts = [
        f"SELECT 'Location/' || id AS ref, id AS source, {columns}, "
        "TRY_CAST(latitude AS DOUBLE) AS latitude, "
        "TRY_CAST(longitude AS DOUBLE) AS longitude FROM good_Location"
    ]
    for kind, table in (("Organization", "good_"), ("Patient", "stage_")):
        parts.append(
            f"SELECT '{kind}/' || id, '{kind}/' || id, {columns}, NULL, NULL "
            f"FROM {table}{kind} WHERE id IS NOT NULL AND ({filled})"
        )
    connection.execute(
        "CREATE TEMP TABLE place AS SELECT *, row_number() OVER (ORDER BY ref) "
        f"AS location_id FROM ({' UNION ALL '.join(parts)}) ORDER BY ref"
    )
    same = {name: name for name in _ADDRESS if name != "country"}
    insert(
        connection,
        "location",
        {
            "location_id": "location_id",
            **same,
            "location_source_value": "source",
            "country_source_value": "country",
            "latitude": "latitude",
            "longitude": "longitude",
        },
        "place ORDER BY location_id",
    )


def _key(connection: duckdb.DuckDBPyConnection, table: str, kind: str) -> None:
    """Make `key_<table>`: every way of referring to a row, and its id."""
    ways = [
        f"SELECT '{kind}/' || {table}_source_value AS ref, {table}_id AS id "
        f"FROM {table}"
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


def load_people(connection: duckdb.DuckDBPyConnection) -> None:
    """Load Patient into person and death."""
    birth, death = "coalesce(left(birth, 10), '')", day("deceased")
    born = (
        f"CASE length({birth}) WHEN 4 THEN TRY_CAST({birth} || '-01-01' AS DATE) "
        f"WHEN 7 THEN TRY_CAST({birth} || '-01' AS DATE) "
        f"WHEN 10 THEN TRY_CAST({birth} AS DATE) END"
    )
    why = reason(
        "Patient",
        (f"({born}) IS NULL", "impossible date"),
        (
            f"length(deceased) >= 10 AND ({death}) IS NULL OR NOT "
            "regexp_matches(deceased, '^[0-9]{4}(-(0[1-9]|1[0-2])($|-))?')",
            "impossible date",
        ),
        (f"({death}) < ({born})", "impossible date"),
    )
    connection.execute(
        f"CREATE TEMP TABLE good_Patient AS SELECT *, {why} AS reason, {born} AS born, "
        f"{death} AS died FROM stage_Patient"
    )
    set_aside(connection, "Patient", "good_Patient")
    _insert_people(connection)
    connection.execute(
        "CREATE TEMP TABLE key_aside AS SELECT 'Patient/' || id AS key_ref "
        "FROM good_Patient WHERE reason IS NOT NULL AND id IS NOT NULL"
    )
    connection.execute(
        "INSERT INTO problem SELECT file_number, record, 'Patient', "
        "'dead on an unknown day', false FROM good_Patient "
        "WHERE reason IS NULL AND died IS NULL "
        "AND (is_deceased = 'true' OR deceased IS NOT NULL)"
    )
    _key(connection, "person", "Patient")


def _insert_people(connection: duckdb.DuckDBPyConnection) -> None:
    insert(
        connection,
        "person",
        {
            "person_id": "row_number() OVER (ORDER BY good.id)",
            "gender_concept_id": fixed_concept("gender", "gender"),
            "year_of_birth": "year(born)",
            "month_of_birth": "CASE WHEN length(birth) >= 7 THEN month(born) END",
            "day_of_birth": "CASE WHEN length(birth) >= 10 THEN day(born) END",
            "race_concept_id": fixed_concept("race", "race.code"),
            "ethnicity_concept_id": fixed_concept("ethnicity", "ethnicity.code"),
            "location_id": "place.location_id",
            "provider_id": "key_provider.row_id",
            "care_site_id": "key_care_site.row_id",
            "person_source_value": "good.id",
            "gender_source_value": "gender",
            "gender_source_concept_id": "0",
            "race_source_value": "coalesce(race.display, race.code)",
            "race_source_concept_id": "0",
            "ethnicity_source_value": "coalesce(ethnicity.display, ethnicity.code)",
            "ethnicity_source_concept_id": "0",
        },
        "good_Patient AS good LEFT JOIN place ON place.ref = 'Patient/' || good.id "
        "LEFT JOIN key_provider ON key_provider.key_ref = good.provider "
        "LEFT JOIN key_care_site ON key_care_site.key_ref = good.care_site "
        "WHERE reason IS NULL ORDER BY good.id",
    )
    insert(
        connection,
        "death",
        {
            "person_id": "person_id",
            "death_date": "died",
            "death_datetime": moment("deceased"),
            "death_type_concept_id": TYPE_EHR,
        },
        "good_Patient JOIN person ON person_source_value = id "
        "WHERE reason IS NULL AND died IS NOT NULL ORDER BY person_id",
    )


def load_visits(connection: duckdb.DuckDBPyConnection) -> None:
    """Load Encounter into visit_occurrence."""
    drop_duplicates(connection, "Encounter")
    end = '"end"'
    why = reason("Encounter", *subject_rules("key_person.row_id", "key_aside.key_ref"))
    connection.execute(
        "CREATE TEMP TABLE good_Encounter AS SELECT stage.*, key_person.row_id AS person, "
        f"{why} AS reason, {day('start')} AS first_day, {day(end)} AS last_day "
        "FROM stage_Encounter AS stage "
        "LEFT JOIN key_person ON key_person.key_ref = stage.subject "
        "LEFT JOIN key_aside ON key_aside.key_ref = stage.subject"
    )
    set_aside(connection, "Encounter", "good_Encounter")
    connection.execute(
        "CREATE TEMP TABLE ordered_visit AS SELECT row_number() OVER () AS visit, * "
        "FROM (SELECT * FROM good_Encounter WHERE reason IS NULL "
        "ORDER BY person, first_day, id)"
    )
    _insert_visits(connection)
    connection.execute(
        "CREATE TEMP TABLE key_visit AS SELECT ref AS key_ref, min(visit) AS row_id FROM ("
        "SELECT 'Encounter/' || id AS ref, visit FROM ordered_visit UNION ALL "
        "SELECT alias, visit FROM alias JOIN ordered_visit "
        "ON target = 'Encounter/' || id) GROUP BY ref"
    )


def _insert_visits(connection: duckdb.DuckDBPyConnection) -> None:
    concept = fixed_concept("visit", "class.code")
    insert(
        connection,
        "visit_occurrence",
        {
            "visit_occurrence_id": "visit",
            "person_id": "person",
            "visit_concept_id": concept,
            "visit_start_date": "first_day",
            "visit_start_datetime": moment("start"),
            "visit_end_date": "coalesce(last_day, first_day)",
            "visit_end_datetime": moment('"end"'),
            "visit_type_concept_id": TYPE_EHR,
            "provider_id": "key_provider.row_id",
            "care_site_id": "key_care_site.row_id",
            "visit_source_value": "class.code",
            "visit_source_concept_id": "0",
            "admitted_from_source_value": "coalesce(admission.code, admission_text)",
            "discharged_to_source_value": "coalesce(discharge.code, discharge_text)",
        },
        "ordered_visit AS v LEFT JOIN key_provider ON key_provider.key_ref = v.performer "
        "LEFT JOIN key_care_site ON key_care_site.key_ref = v.care_site ORDER BY visit",
    )
    for field, key in (("performer", "key_provider"), ("care_site", "key_care_site")):
        remark_lost(connection, "Encounter", "ordered_visit", field, key)


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
    parts.append(
        "SELECT 'Encounter', id, 'visit_occurrence', visit FROM ordered_visit"
    )
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
