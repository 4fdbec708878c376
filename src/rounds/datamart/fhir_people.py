"""Patient into person and death; Encounter into visit_occurrence."""

import duckdb

from rounds.datamart.cdm import insert
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
    make_key,
    remark_lost,
    subject_rules,
)

__all__ = ["load_people", "load_visits"]


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
            (
                f"length(deceased) >= 10 AND ({death}) IS NULL OR NOT "
                "regexp_matches(deceased, '^[0-9]{4}(-(0[1-9]|1[0-2])($|-))?')"
            ),
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
    make_key(connection, "person", "Patient")


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
        "CREATE TEMP TABLE good_Encounter AS "
        f"SELECT stage.*, key_person.row_id AS person, {why} AS reason, "
        f"{day('start')} AS first_day, {day(end)} AS last_day "
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
        "CREATE TEMP TABLE key_visit AS "
        "SELECT ref AS key_ref, min(visit) AS row_id FROM ("
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
        "ordered_visit AS v "
        "LEFT JOIN key_provider ON key_provider.key_ref = v.performer "
        "LEFT JOIN key_care_site ON key_care_site.key_ref = v.care_site ORDER BY visit",
    )
    for field, key in (("performer", "key_provider"), ("care_site", "key_care_site")):
        remark_lost(connection, "Encounter", "ordered_visit", field, key)
