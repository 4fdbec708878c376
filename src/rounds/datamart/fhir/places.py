"""Organization, Location and Practitioner, which are few: whole, or not at all."""

from collections.abc import Sequence

import duckdb

from rounds.datamart.cdm import insert
from rounds.datamart.fhir.flattening import Flattening
from rounds.datamart.fhir.judging import is_number, reason, set_aside
from rounds.datamart.fhir.keys import key_of, source_value
from rounds.datamart.fhir.paths import fields, text
from rounds.datamart.fhir.targets import fixed_concept, place_tables, resources_of
from rounds.datamart.store.visible import visible_stage

__all__ = ["ADDRESS", "in_force", "is_addressed", "load_places"]

ADDRESS = ("address_1", "city", "state", "county", "zip", "country")
_NAME = "coalesce(full_name, nullif(concat_ws(' ', given, family), ''))"


def is_addressed() -> str:
    """Write a test that a staged row has an address."""
    return " OR ".join(f"{name} IS NOT NULL" for name in ADDRESS)


def load_places(
    connection: duckdb.DuckDBPyConnection,
    views: Flattening,
    held: Sequence[str],
    namespace: str,
) -> bool:
    """Find every place, write all of them if anything changed, and say whether it did.

    Makes `place_key` (kind, key, row_id): every way of referring to a care site or a
    provider; and, where parts are held, `former_place_key`, the same before this load.
    """
    changed = not held or any(
        connection.execute(f"SELECT 1 FROM stage_{kind} LIMIT 1").fetchall()
        for kind in (*place_tables(), *resources_of("role"))
    )
    ways = []
    for kind in (*place_tables(), *resources_of("role")):
        connection.execute(
            f"CREATE TEMP TABLE good_{kind} AS SELECT *, {_why(kind, views)} AS reason "
            f"FROM {in_force(kind, held)}"
        )
        set_aside(connection, kind, f"good_{kind}")
        connection.execute(f"DELETE FROM good_{kind} WHERE reason IS NOT NULL")
        if kind in place_tables():
            ways += _ways(kind, f"good_{kind}", namespace)
    ways += _role_ways("good_PractitionerRole", "good_Practitioner", namespace)
    _make_keys(connection, "place_key", ways)
    if held:
        former = ["FROM place_key"]
        if changed:
            sources = {kind: _former(kind, views, held) for kind in place_tables()}
            former = [
                way
                for kind, source in sources.items()
                for way in _ways(kind, source, namespace)
            ]
            roles = _former("PractitionerRole", views, held)
            former += _role_ways(roles, sources["Practitioner"], namespace)
        _make_keys(connection, "former_place_key", former)
    if changed:
        _write_locations(connection)
        _write_care_sites(connection, namespace)
        _write_providers(connection, namespace)
    return changed


def _why(kind: str, views: Flattening) -> str:
    more = []
    if "latitude" in fields(kind):
        wrong = f"NOT {is_number('latitude')} OR NOT {is_number('longitude')}"
        more.append((wrong, "value of the wrong type: position"))
    return reason(kind, views, *more)


def in_force(kind: str, held: Sequence[str]) -> str:
    """Write every resource of a type that is in force; `mine` if of this load."""
    mine = f"SELECT *, true AS mine FROM stage_{kind} WHERE NOT deleted"
    if not held:
        return f"({mine})"
    return (
        f"({mine} UNION ALL SELECT one.*, false FROM "
        f"{visible_stage(f'stage_{kind}', held)} AS one "
        f"ANTI JOIN stage_{kind} AS new ON new.key = one.key WHERE NOT one.deleted)"
    )


def _former(kind: str, views: Flattening, held: Sequence[str]) -> str:
    return (
        f"(SELECT * FROM (SELECT *, {_why(kind, views)} AS reason FROM "
        f"{visible_stage(f'stage_{kind}', held)} WHERE NOT deleted) "
        "WHERE reason IS NULL)"
    )


def _ways(kind: str, source: str, namespace: str) -> list[str]:
    """Write the ways of referring to a place: by its id, and by its identifier."""
    named = text(kind)
    ways = [f"SELECT {named} AS kind, key, key AS row_id FROM {source}"]
    if "identifier_system" in fields(kind):
        search = f"'{kind}?identifier=' || identifier_system || '|' || identifier_value"
        found = f"{key_of(search, namespace)} AS key, key AS row_id"
        ways.append(f"SELECT {named} AS kind, {found} FROM {source}")
    return ways


def _role_ways(roles: str, practitioners: str, namespace: str) -> list[str]:
    """Write the ways of referring to a practitioner by a role that he or she has."""
    own = _ways("PractitionerRole", roles, namespace)
    return [
        f"SELECT 'Practitioner', way.key, role.practitioner FROM ({way}) AS way "
        f"JOIN {roles} AS role ON role.key = way.row_id "
        f"SEMI JOIN {practitioners} AS who ON who.key = role.practitioner"
        for way in own
    ]


def _make_keys(
    connection: duckdb.DuckDBPyConnection, table: str, ways: list[str]
) -> None:
    none = "SELECT '' AS kind, 0::BIGINT AS key, 0::BIGINT AS row_id WHERE false"
    connection.execute(
        f"CREATE TEMP TABLE {table} AS SELECT kind, key, min(row_id) AS row_id FROM "
        f"({' UNION ALL '.join([none, *ways])}) WHERE key IS NOT NULL GROUP BY ALL"
    )


def _write_locations(connection: duckdb.DuckDBPyConnection) -> None:
    columns = ", ".join(ADDRESS)
    parts = []
    for kind in place_tables():
        if kind == "Location":
            parts.append(
                f"SELECT key, id AS source, {columns}, "
                "TRY_CAST(latitude AS DOUBLE) AS latitude, "
                "TRY_CAST(longitude AS DOUBLE) AS longitude FROM good_Location"
            )
        elif set(ADDRESS) <= set(fields(kind)):
            parts.append(
                f"SELECT key, '{kind}/' || id AS source, {columns} "
                f"FROM good_{kind} WHERE {is_addressed()}"
            )
    same = {name: name for name in ADDRESS if name != "country"}
    insert(
        connection,
        "location",
        {
            "location_id": "key",
            **same,
            "location_source_value": "source",
            "country_source_value": "country",
            "latitude": "latitude",
            "longitude": "longitude",
        },
        f"({' UNION ALL BY NAME '.join(parts)}) ORDER BY key",
    )


def _write_care_sites(connection: duckdb.DuckDBPyConnection, namespace: str) -> None:
    insert(
        connection,
        "care_site",
        {
            "care_site_id": "key",
            "care_site_name": "name",
            "place_of_service_concept_id": "0",
            "location_id": f"CASE WHEN {is_addressed()} THEN key END",
            "care_site_source_value": source_value(namespace),
            "place_of_service_source_value": "coalesce(type.code, type_text)",
        },
        "good_Organization ORDER BY key",
    )


def _write_providers(connection: duckdb.DuckDBPyConnection, namespace: str) -> None:
    coded = "coalesce(specialty.code, specialty_text)"
    agreed = (
        "(SELECT practitioner, "
        f"CASE WHEN count(DISTINCT {coded}) = 1 THEN min({coded}) END AS specialty, "
        "CASE WHEN count(DISTINCT care_site) = 1 THEN min(care_site) END AS care_site "
        "FROM good_PractitionerRole GROUP BY practitioner)"
    )
    insert(
        connection,
        "provider",
        {
            "provider_id": "key",
            "provider_name": _NAME,
            "npi": "npi",
            "specialty_concept_id": "0",
            "care_site_id": "site",
            "specialty_source_value": "specialty",
            "year_of_birth": "TRY_CAST(left(birth, 4) AS INTEGER)",
            "gender_concept_id": fixed_concept("gender", "gender"),
            "provider_source_value": source_value(namespace),
            "gender_source_value": "gender",
        },
        "(SELECT own.*, agreed.specialty, site.key AS site FROM good_Practitioner AS "
        f"own LEFT JOIN {agreed} AS agreed ON agreed.practitioner = own.key "
        "LEFT JOIN good_Organization AS site ON site.key = agreed.care_site) "
        "ORDER BY key",
    )
