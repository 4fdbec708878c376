"""Organization, Location and Practitioner, and the addresses of all."""

import duckdb

from rounds.datamart.cdm import insert
from rounds.datamart.fhir_judging import drop_duplicates, is_number, reason, set_aside
from rounds.datamart.fhir_keys import fixed_concept, make_key

__all__ = ["load_places"]

_ADDRESS = ("address_1", "city", "state", "county", "zip", "country")
_NAME = "coalesce(full_name, nullif(concat_ws(' ', given, family), ''))"


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
    make_key(connection, "care_site", "Organization")
    make_key(connection, "provider", "Practitioner")


def _load_locations(connection: duckdb.DuckDBPyConnection) -> None:
    filled = " OR ".join(f"{name} IS NOT NULL" for name in _ADDRESS)
    columns = ", ".join(_ADDRESS)
    parts = [
        (
            f"SELECT 'Location/' || id AS ref, id AS source, {columns}, "
            "TRY_CAST(latitude AS DOUBLE) AS latitude, "
            "TRY_CAST(longitude AS DOUBLE) AS longitude FROM good_Location"
        )
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
