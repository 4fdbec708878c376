"""Codes that stand in another resource: a Medication's, a Device's.

Such a resource makes no row. What refers to it has its code, whichever came first.
"""

from collections.abc import Sequence

import duckdb

from rounds.datamart.fhir_judging import reason, set_aside
from rounds.datamart.fhir_paths import fields

__all__ = ["REFERRED", "judge_referred", "lost_rule", "with_referred"]

REFERRED = {"medication_reference": "Medication", "device_reference": "Device"}
"""Fields that refer to a resource with a code, and its type."""


def _field(resource: str) -> str | None:
    return next((name for name in REFERRED if name in fields(resource)), None)


def _columns(resource: str) -> list[str]:
    """Give the flat columns that a type's fields make, but its own status."""
    columns = []
    for name, row in fields(resource).items():
        if name not in {"status", "code_words"}:
            columns.append(name)
            if row["kind"] == "code":
                columns.append(f"{name}_text")
    return columns


def judge_referred(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `code_<Type>` of the good resources of each referred-to type."""
    for kind in REFERRED.values():
        source = f"slice_{kind}"
        if "code_words" in fields(kind):
            words = "coalesce(code_text, code_words) AS code_text"
            source = f"(SELECT * REPLACE ({words}) FROM {source})"
        connection.execute(
            f"CREATE TEMP TABLE judged_{kind} AS "
            f"SELECT *, {reason(kind)} AS reason FROM {source}"
        )
        set_aside(connection, kind, f"judged_{kind}")
        listed = ", ".join(f'"{name}"' for name in _columns(kind))
        connection.execute(
            f"CREATE TEMP TABLE code_{kind} AS SELECT key, {listed} "
            f"FROM judged_{kind} WHERE reason IS NULL"
        )


def with_referred(resource: str, source: str) -> str:
    """Write a relation in which what is absent is that of the resource referred to.

    Parameters
    ----------
    resource : str
        A type of events.
    source : str
        The relation of its flat rows.
    """
    field = _field(resource)
    if field is None:
        return source
    kind = REFERRED[field]
    absent = "own.code.code IS NULL AND own.code_text IS NULL"
    replaced = ", ".join(
        f'CASE WHEN {absent} THEN referred."{name}" ELSE own."{name}" END AS "{name}"'
        for name in _columns(kind)
    )
    return (
        f"(SELECT own.* REPLACE ({replaced}) FROM {source} AS own "
        f"LEFT JOIN code_{kind} AS referred ON referred.key = own.{field})"
    )


def lost_rule(resource: str) -> Sequence[tuple[str, str]]:
    """Write the rule for a code that is referred to and not there."""
    field = _field(resource)
    if field is None:
        return ()
    lost = f"{field} IS NOT NULL AND code.code IS NULL AND code_text IS NULL"
    return ((lost, f"{REFERRED[field].lower()} not found"),)
