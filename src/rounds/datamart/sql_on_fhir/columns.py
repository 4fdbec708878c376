"""From a compiled path to a column of the result: one value or a list, in its type."""

import re
from dataclasses import replace

from rounds.datamart.sql_on_fhir.elements import (
    PRIMITIVES,
    family,
    is_a,
    is_type,
)
from rounds.datamart.sql_on_fhir.fhirpath import FhirPathError
from rounds.datamart.sql_on_fhir.navigation import AS_JSON, whole
from rounds.datamart.sql_on_fhir.pipeline import Output
from rounds.datamart.sql_on_fhir.shape import Node, duckdb_type, quoted
from rounds.datamart.sql_on_fhir.values import Value, items, new_name
from rounds.datamart.sql_on_fhir.view_definition import Column

__all__ = ["ELEMENTS_TAG", "output_of"]

_TYPE_TAG = "ansi/type"
ELEMENTS_TAG = "rounds/elements"
_SQL_TYPE = re.compile(
    r"(CHARACTER VARYING|CHARACTER|CHAR|VARCHAR|TEXT|BOOLEAN|SMALLINT|INTEGER|INT"
    r"|BIGINT|DECIMAL|NUMERIC|REAL|FLOAT|DOUBLE PRECISION|DOUBLE|DATE|TIME"
    r"|TIMESTAMP WITH TIME ZONE|TIMESTAMP|BINARY VARYING|BINARY|VARBINARY)"
    r"(\(\d+(?:, *\d+)?\))?",
    re.IGNORECASE,
)
_DUCKDB = {
    "CHARACTER VARYING": "VARCHAR",
    "CHARACTER": "VARCHAR",
    "CHAR": "VARCHAR",
    "TEXT": "VARCHAR",
    "INT": "INTEGER",
    "NUMERIC": "DECIMAL",
    "FLOAT": "DOUBLE",
    "DOUBLE PRECISION": "DOUBLE",
    "BINARY VARYING": "BLOB",
    "BINARY": "BLOB",
    "VARBINARY": "BLOB",
}
_DEFAULT = {
    "boolean": "BOOLEAN",
    "integer": "INTEGER",
    "positiveInt": "INTEGER",
    "unsignedInt": "INTEGER",
    "integer64": "BIGINT",
    "instant": "TIMESTAMP WITH TIME ZONE",
    "base64Binary": "BLOB",
}
"""The SQL types that the specification gives; every other primitive is VARCHAR."""


def output_of(column: Column, value: Value, ready: int) -> Output:
    """Give the column that a compiled path makes.

    Raises
    ------
    FhirPathError
        If its type is not the one that the view declares, or cannot be given.
    """
    if value.is_root:
        raise FhirPathError("a whole resource cannot be given: name its elements")
    named = column.tags.get(ELEMENTS_TAG, "")
    names = tuple(name.strip() for name in named.split(",") if name.strip())
    value = whole(value, names)
    kind = _kind(column, value)
    if kind in PRIMITIVES:
        value, single, cast = _primitive(column, value, kind)
    else:
        value, single, cast = _complex(value, names)
    if column.collection:
        listed = items(value) if value.kind else "[]"
        if cast != "{}":
            name = new_name()
            listed = f"list_transform({listed}, lambda {name}: {cast.format(name)})"
        listed = f"CAST({listed} AS {single}[])" if not value.kind else listed
        plain = value.sql if cast == "{}" else ""
        return Output(column.name, listed, ready, f"{single}[]", kind, plain=plain)
    return Output(
        column.name,
        value.sql if value.kind else f"CAST(NULL AS {single})",
        ready,
        single,
        kind,
        is_checked=value.many,
        cast=cast,
    )


def _kind(column: Column, value: Value) -> str:
    """Give the FHIR type of the column: what is declared, if the path agrees."""
    declared = column.type
    if declared is not None and not is_type(declared) and declared != "integer64":
        raise FhirPathError(f"FHIR R4 has no type {declared!r}")
    if declared is None:
        if value.kind and not value.is_primitive:
            raise FhirPathError(
                f"it gives a {value.kind}: a type must be declared for what is not a "
                "primitive"
            )
        return value.kind or "string"
    if not value.kind or value.kind == declared or is_a(value.kind, declared):
        return declared
    is_whole_number = family(value.kind) == "number" and value.kind != "decimal"
    agrees = family(value.kind) == family(declared) and (
        is_whole_number or declared == "decimal" or family(declared) != "number"
    )
    if not agrees:
        raise FhirPathError(f"it gives a {value.kind}, not a {declared} as is declared")
    return declared


def _primitive(column: Column, value: Value, kind: str) -> tuple[Value, str, str]:
    """Give the value, the SQL type and how the one is turned into the other."""
    given = column.tags.get(_TYPE_TAG)
    single = _DEFAULT.get(kind, "VARCHAR")
    if given is not None:
        single = _sql_type(given)
    if single == "VARCHAR":
        return _as_text(value, is_asked=given is not None)
    if single == "BLOB":
        return value, single, "from_base64({})"
    if value.kind == kind == "boolean" and single == "BOOLEAN":
        return value, single, "{}"
    return value, single, f"CAST({{}} AS {single})"


def _sql_type(given: str) -> str:
    found = _SQL_TYPE.fullmatch(given.strip())
    if found is None:
        raise FhirPathError(f"the tag {_TYPE_TAG} names no SQL type: {given!r}")
    name = " ".join(found[1].upper().split())
    name = _DUCKDB.get(name, name)
    return name + (found[2] or "") if name == "DECIMAL" else name


def _as_text(value: Value, *, is_asked: bool) -> tuple[Value, str, str]:
    """Give a text; a number or a boolean as it is written, if a text is asked for."""
    if is_asked and value.written:
        return replace(value, sql=value.written), "VARCHAR", "{}"
    if value.kind == "decimal" and not value.is_computed and value.literal is None:
        # Text that is no number must not pass for one.
        return (
            value,
            "VARCHAR",
            "CASE WHEN CAST({0} AS DOUBLE) IS NOT NULL THEN {0} END",
        )
    if family(value.kind) in {"number", "boolean"}:
        return value, "VARCHAR", "CAST({} AS VARCHAR)"
    return value, "VARCHAR", "{}"


def _complex(value: Value, names: tuple[str, ...]) -> tuple[Value, str, str]:
    """Give a struct of every element that is read, or of those that are named."""
    node = value.node
    if not value.kind:
        return value, "JSON", "{}"
    if node is None:
        raise FhirPathError(f"a {value.kind} cannot be given whole from here")
    single = duckdb_type(node, single=True)
    if not names or names == AS_JSON:
        return value, single, "{}"
    wanted = _pruned(node, [name.split(".") for name in names])
    asked = duckdb_type(wanted, single=True)
    return value, asked, "{}" if asked == single else _rebuilt("{0}", wanted)


def _pruned(node: Node, paths: list[list[str]]) -> Node:
    """Give the part of a shape that is named, in the order in which it is named."""
    kept = Node(node.kind, node.many, is_raw=node.is_raw)
    for name in dict.fromkeys(path[0] for path in paths):
        below = [path[1:] for path in paths if path[0] == name and path[1:]]
        one = node.children[name]
        kept.children[name] = _pruned(one, below) if below else one
    return kept


def _rebuilt(sql: str, wanted: Node) -> str:
    """Write a struct anew, with the elements that are wanted and no other."""
    parts = []
    for name, node in wanted.children.items():
        here = f"{sql}.{quoted(name)}"
        if node.is_json or node.is_primitive:
            parts.append(f"{quoted(name)} := {here}")
        elif node.many:
            one = new_name()
            inner = _rebuilt(one, node)
            parts.append(
                f"{quoted(name)} := list_transform({here}, lambda {one}: {inner})"
            )
        else:
            parts.append(f"{quoted(name)} := {_rebuilt(here, node)}")
    packed = f"struct_pack({', '.join(parts)})"
    return f"CASE WHEN {sql} IS NOT NULL THEN {packed} END"
