"""Whose rows a load makes anew: everybody's, or those whom a change has touched.

Touched are the persons of every resource that changed, before and after, and those
whose resources refer to a place that appeared or disappeared, or to a Medication or
Device that changed. A slice is every
resource in force of the touched persons, new or held; with nothing held it is the
whole stage, and the same statements map it.
"""

from collections.abc import Sequence

import duckdb

from rounds.datamart.fhir.documents import DELETE
from rounds.datamart.fhir.places import in_force
from rounds.datamart.fhir.staging import reference_fields, staged_types
from rounds.datamart.fhir.targets import resources_of

__all__ = ["choose_slices", "held_rows"]


def choose_slices(connection: duckdb.DuckDBPyConnection, held: Sequence[str]) -> None:
    """Make `slice_<Type>` for every type but places, and `touched` if parts are held.

    A slice has the columns of the stage and `mine`: whether the row is of this load.
    """
    for resource in staged_types(connection):
        connection.execute(
            f"INSERT INTO mapped SELECT '{DELETE}', count(*) FROM stage_{resource} "
            "WHERE deleted"
        )
    if held:
        _find_touched(connection, held)
    for resource in resources_of("code"):
        connection.execute(
            f"CREATE TEMP VIEW slice_{resource} AS FROM {in_force(resource, held)}"
        )
    for resource in _of_persons():
        kind = "TABLE" if held else "VIEW"
        connection.execute(
            f"CREATE TEMP {kind} slice_{resource} AS {_slice(resource, held)}"
        )


def _of_persons() -> tuple[str, ...]:
    roles = ("person", "visit", "event", "consent")
    return tuple(each for role in roles for each in resources_of(role))


def _find_touched(connection: duckdb.DuckDBPyConnection, held: Sequence[str]) -> None:
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE moved_place AS "
        "(FROM place_key EXCEPT FROM former_place_key) UNION "
        "(FROM former_place_key EXCEPT FROM place_key)"
    )
    for resource in resources_of("code"):  # another code, another row
        connection.execute(
            f"INSERT INTO moved_place (key) SELECT key FROM stage_{resource}"
        )
    moved = bool(connection.execute("FROM moved_place LIMIT 1").fetchall())
    ways = []
    for resource in _of_persons():
        table = f"stage_{resource}"
        ways.append(f"SELECT person_key FROM {table}")
        for alias in held:
            former = f'"{alias}".{table}'
            ways.append(
                f"SELECT one.person_key FROM {former} AS one SEMI JOIN {table} "
                "USING (key)"
            )
            if moved:
                ways += [
                    f"SELECT one.person_key FROM {former} AS one SEMI JOIN moved_place "
                    f'ON moved_place.key = one."{name}"'
                    for name in _place_fields(resource)
                ]
    # With UNION in place of UNION ALL, the parts would be read one after another.
    connection.execute(
        "CREATE TABLE touched AS SELECT DISTINCT person_key AS person_id FROM "
        f"({' UNION ALL '.join(ways)}) WHERE person_key IS NOT NULL ORDER BY ALL"
    )


def _place_fields(resource: str) -> tuple[str, ...]:
    """Give the references of a type that may lead to a place."""
    return tuple(name for name in reference_fields(resource) if name != "encounter")


def _slice(resource: str, held: Sequence[str]) -> str:
    table = f"stage_{resource}"
    # What this load brought is of touched persons, or of nobody at all.
    mine = f"SELECT *, true AS mine FROM {table} WHERE NOT deleted"
    if not held:
        return mine
    chosen = "SEMI JOIN touched ON touched.person_id = one.person_key"
    former = held_rows(table, held, chosen, hidden_by=table)
    return f"{mine} UNION ALL SELECT *, false FROM {former} WHERE NOT deleted"


def held_rows(
    table: str, held: Sequence[str], chosen: str, *, hidden_by: str | None = None
) -> str:
    """Write the few staged rows of held parts that are chosen and not overridden.

    `visible_stage` gives the same for all rows. Here those that are chosen are found
    first, so that only their rows are read whole.

    Parameters
    ----------
    table : str
        A staging table.
    held : sequence of str
        The parts that have it, oldest first; at least one.
    chosen : str
        A SEMI JOIN with `one`, the table.
    hidden_by : str, optional
        A later table, whose keys hide those of all.
    """
    selects = []
    for place, alias in enumerate(held, start=1):
        later = [f'"{other}".{table}' for other in held[place:]]
        later += [hidden_by] if hidden_by else []
        select = f'SELECT one.* FROM "{alias}".{table} AS one {chosen}'
        if later:
            keys = " UNION ALL ".join(f"SELECT key FROM {each}" for each in later)
            select += f" ANTI JOIN ({keys}) AS later ON later.key = one.key"
        selects.append(select)
    return f"({' UNION ALL '.join(selects)})"
