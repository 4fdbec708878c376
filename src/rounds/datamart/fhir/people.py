"""Patient into person and death; Encounter into visit_occurrence."""

from typing import Final

import duckdb

from rounds.datamart.cdm import insert
from rounds.datamart.fhir.flattening import Flattening
from rounds.datamart.fhir.judging import day, measured, moment, reason, set_aside
from rounds.datamart.fhir.keys import source_value
from rounds.datamart.fhir.paths import fields, text
from rounds.datamart.fhir.places import ADDRESS, is_addressed
from rounds.datamart.fhir.referred import with_referred
from rounds.datamart.fhir.targets import TYPE_EHR, fixed_concept
from rounds.datamart.fhir.verdicts import good_rows, judge

__all__ = [
    "joined",
    "load_people",
    "load_visits",
    "write_visits",
]

_LIVES: Final = f"{is_addressed()} OR tract IS NOT NULL"
_DISCHARGE_SYSTEM: Final = "coalesce(discharge.system, '')"


def joined(resource: str, *, judged: bool = False, leads: bool = True) -> str:
    """Write a type's slice with what its references lead to, and its measured columns.

    Adds `is_person` (NULL for a subject that is nobody, false for one set aside),
    `visit_id`, the visit of the same person, `provider_id` and `care_site_id`.

    Parameters
    ----------
    resource : str
        A type whose resources are about persons.
    judged : bool
        Whether to leave out what `judge` has found to be set aside, and `is_person`.
    leads : bool
        Whether to look up visits, providers and care sites; otherwise they are NULL.
    """
    columns, joins = ["slice.*", *measured(resource)], []
    if not judged:
        columns.append("subject.is_person")
        joins.append("LEFT JOIN subject ON subject.key = slice.person_key")
    if leads and "encounter" in fields(resource):
        columns.append("visit.key AS visit_id")
        joins.append(
            "LEFT JOIN visit ON visit.key = slice.encounter "
            "AND visit.person_id = slice.person_key"
        )
    else:
        columns.append("CAST(NULL AS BIGINT) AS visit_id")
    more, places = _place_joins(
        resource,
        {"provider_id": "performer", "care_site_id": "care_site"},
        leads=leads,
    )
    source = good_rows(resource) if judged else f"slice_{resource}"
    return (
        f"SELECT {', '.join([*columns, *more])} FROM "
        f"{with_referred(resource, source)} AS slice "
        f"{' '.join([*joins, *places])}"
    )


def _place_joins(
    resource: str, found: dict[str, str], *, leads: bool = True
) -> tuple[list[str], list[str]]:
    """Write columns and joins from fields that refer to places to the places' ids."""
    kinds = {"provider_id": "Practitioner", "care_site_id": "Organization"}
    columns, joins = [], []
    for name, field in found.items():
        if leads and field in fields(resource):
            columns.append(f"{name}.row_id AS {name}")
            joins.append(
                f"LEFT JOIN place_key AS {name} ON {name}.kind = {text(kinds[name])} "
                f'AND {name}.key = slice."{field}"'
            )
        else:
            columns.append(f"CAST(NULL AS BIGINT) AS {name}")
    return columns, joins


def load_people(
    connection: duckdb.DuckDBPyConnection, views: Flattening, namespace: str
) -> int:
    """Load Patient into person, death and location; say how many persons there are.

    Makes `subject` (key, is_person): every patient, and whether he or she is a person.
    """
    birth, death = "coalesce(left(birth, 10), '')", day("deceased")
    born = (
        f"CASE length({birth}) WHEN 4 THEN TRY_CAST({birth} || '-01-01' AS DATE) "
        f"WHEN 7 THEN TRY_CAST({birth} || '-01' AS DATE) "
        f"WHEN 10 THEN TRY_CAST({birth} AS DATE) END"
    )
    why = reason(
        "Patient",
        views,
        ("born IS NULL", "impossible date"),
        (
            (
                "length(deceased) >= 10 AND died IS NULL OR NOT "
                "regexp_matches(deceased, '^[0-9]{4}(-(0[1-9]|1[0-2])($|-))?')"
            ),
            "impossible date",
        ),
        ("died < born", "impossible date"),
    )
    columns, joins = _place_joins(
        "Patient", {"provider_id": "provider", "care_site_id": "care_site"}
    )
    connection.execute(
        f"CREATE TEMP TABLE good_Patient AS SELECT *, {why} AS reason FROM ("
        f"SELECT slice.*, {born} AS born, {death} AS died, {', '.join(columns)} "
        f"FROM slice_Patient AS slice {' '.join(joins)})"
    )
    set_aside(connection, "Patient", "good_Patient")
    connection.execute(
        "CREATE TEMP TABLE subject AS SELECT key, reason IS NULL AS is_person "
        "FROM good_Patient"
    )
    _insert_people(connection, namespace)
    connection.execute(
        "INSERT INTO problem SELECT file_number, record, 'Patient', "
        "'dead on an unknown day', false FROM good_Patient "
        "WHERE reason IS NULL AND mine AND died IS NULL "
        "AND (is_deceased = 'true' OR deceased IS NOT NULL)"
    )
    counted = connection.execute(
        "SELECT count(*) FROM good_Patient WHERE reason IS NULL"
    )
    return int(counted.fetchall()[0][0])


def _insert_people(connection: duckdb.DuckDBPyConnection, namespace: str) -> None:
    good = "good_Patient WHERE reason IS NULL"
    insert(
        connection,
        "person",
        {
            "person_id": "key",
            "gender_concept_id": fixed_concept("gender", "gender"),
            "year_of_birth": "year(born)",
            "month_of_birth": "CASE WHEN length(birth) >= 7 THEN month(born) END",
            "day_of_birth": "CASE WHEN length(birth) >= 10 THEN day(born) END",
            "race_concept_id": fixed_concept("race", "race.code"),
            "ethnicity_concept_id": fixed_concept("ethnicity", "ethnicity.code"),
            "location_id": f"CASE WHEN {_LIVES} THEN key END",
            "provider_id": "provider_id",
            "care_site_id": "care_site_id",
            "person_source_value": source_value(namespace),
            "gender_source_value": "gender",
            "gender_source_concept_id": "0",
            "race_source_value": "coalesce(race.display, race.code)",
            "race_source_concept_id": "0",
            "ethnicity_source_value": "coalesce(ethnicity.display, ethnicity.code)",
            "ethnicity_source_concept_id": "0",
        },
        f"{good} ORDER BY key",
    )
    insert(
        connection,
        "location",
        {
            "location_id": "key",
            **{name: name for name in ADDRESS if name != "country"},
            "location_source_value": "coalesce(tract, 'Patient/' || id)",
            "country_source_value": "country",
        },
        f"{good} AND ({_LIVES}) ORDER BY key",
    )
    insert(
        connection,
        "death",
        {
            "person_id": "key",
            "death_date": "died",
            "death_datetime": moment("deceased"),
            "death_type_concept_id": TYPE_EHR,
        },
        f"{good} AND died IS NOT NULL ORDER BY key",
    )


def load_visits(connection: duckdb.DuckDBPyConnection, views: Flattening) -> None:
    """Judge every Encounter; `write_visits` writes the good ones.

    Makes the views `visit` (key, person_id) and `discharge_code` (system, code,
    display, domain): where patients were discharged to.
    """
    lost = {
        "performer": "performer IS NOT NULL AND provider_id IS NULL",
        "care_site": "care_site IS NOT NULL AND care_site_id IS NULL",
    }
    judge(connection, views, "Encounter", joined("Encounter"), lost)
    good = good_rows("Encounter")
    connection.execute(
        f"INSERT INTO mapped SELECT 'Encounter', count(*) FROM {good} WHERE mine"
    )
    connection.execute(
        f"CREATE TEMP VIEW visit AS SELECT key, person_key AS person_id FROM {good}"
    )
    connection.execute(
        f"CREATE TEMP VIEW discharge_code AS SELECT DISTINCT {_DISCHARGE_SYSTEM} "
        "AS system, discharge.code AS code, discharge.display AS display, "
        f"'Visit' AS domain FROM {good} WHERE discharge.code IS NOT NULL"
    )


def write_visits(connection: duckdb.DuckDBPyConnection) -> int:
    """Write the good Encounters into visit_occurrence; say how many there are.

    The codes of where patients were discharged to have been resolved.
    """
    insert(
        connection,
        "visit_occurrence",
        {
            "visit_occurrence_id": "key",
            "person_id": "person_key",
            "visit_concept_id": fixed_concept("visit", "class.code"),
            "visit_start_date": "start_day",
            "visit_start_datetime": moment('"start"'),
            "visit_end_date": "coalesce(end_day, start_day)",
            "visit_end_datetime": moment('"end"'),
            "visit_type_concept_id": TYPE_EHR,
            "provider_id": "provider_id",
            "care_site_id": "care_site_id",
            "visit_source_value": "class.code",
            "visit_source_concept_id": "0",
            "admitted_from_source_value": "coalesce(admission.code, admission_text)",
            "discharged_to_concept_id": (
                "coalesce(nullif(place.concept_id, 0), place.source_concept_id)"
            ),
            "discharged_to_source_value": "coalesce(discharge.code, discharge_text)",
        },
        f"({joined('Encounter', judged=True)}) "
        "LEFT JOIN (SELECT * FROM code_concept WHERE target = 0) "
        f"AS place ON place.system = {_DISCHARGE_SYSTEM} "
        "AND place.code = discharge.code ORDER BY person_key, start_day, key",
    )
    return int(connection.execute("SELECT count(*) FROM visit").fetchall()[0][0])
