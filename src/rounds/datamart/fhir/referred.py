"""Codes that stand in another resource: a Medication's, a Device's.

Such a resource makes no row. What refers to it has its code, whichever came first.
"""

import duckdb

from rounds.datamart.fhir.flattening import Flattening
from rounds.datamart.fhir.judging import reason, set_aside
from rounds.datamart.fhir.paths import fields
from rounds.datamart.fhir.targets import REFERRED, referring_field, resources_of

__all__ = ["judge_referred", "with_referred"]


def judge_referred(connection: duckdb.DuckDBPyConnection, views: Flattening) -> None:
    """Make `code_<Type>` of the good resources of each referred-to type."""
    for kind in resources_of("code"):
        why = reason(kind, views)
        connection.execute(
            f"CREATE TEMP TABLE judged_{kind} AS SELECT *, {why} AS reason "
            f"FROM {_worded(kind, f'slice_{kind}')}"
        )
        set_aside(connection, kind, f"judged_{kind}")
        listed = ", ".join(f'"{name}"' for name in _columns(kind))
        connection.execute(
            f"CREATE TEMP TABLE code_{kind} AS SELECT key, {listed} "
            f"FROM judged_{kind} WHERE reason IS NULL"
        )


def with_referred(resource: str, source: str) -> str:
    """Write a relation in which an absent code is that of the resource referred to.

    Parameters
    ----------
    resource : str
        A type of events.
    source : str
        The relation of its flat rows.
    """
    field = referring_field(resource)
    if field is None:
        return _worded(resource, source)
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


def _worded(resource: str, source: str) -> str:
    """Write a relation in which words stand for a code that is absent."""
    if "code_words" not in fields(resource):
        return source
    words = "CASE WHEN code.code IS NULL THEN coalesce(code_text, code_words) "
    return f"(SELECT * REPLACE ({words} ELSE code_text END AS code_text) FROM {source})"


def _columns(resource: str) -> list[str]:
    """Give the columns that what refers to a type takes from it."""
    columns = []
    for name, row in fields(resource).items():
        if name not in {"status", "code_words"}:
            columns.append(name)
            if row["kind"] == "code":
                columns.append(f"{name}_text")
    return columns
