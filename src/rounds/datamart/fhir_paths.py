"""From the paths of `fhir_fields.csv` to DuckDB types and expressions.

A path is written as FHIR writes it, with three additions: `name[]` takes the first of
a list, `extension[url=…]` the first whose field has that value, and
`contained[#device]` the contained resource that `device` refers to. Alternatives are
divided by ` | `; the first that is there is taken.
"""

import re
from functools import cache
from typing import Any, TypeAlias

from rounds.datamart.fhir_kinds import ITEM, KINDS, answers
from rounds.datamart.mapping import Row, mapping

__all__ = [
    "duckdb_type",
    "expressions",
    "fields",
    "json_spec",
    "resources",
    "schema",
    "text",
    "wrong_type",
]

Tree: TypeAlias = Any
"""An object is a dict, a list a list of one, a value the name of its type."""

_CODING = {"system": "VARCHAR", "code": "VARCHAR", "display": "VARCHAR"}
_CODE = {"coding": [_CODING], "text": "VARCHAR"}
_QUANTITY = {
    "value": "JSON",
    "comparator": "VARCHAR",
    "unit": "VARCHAR",
    "system": "VARCHAR",
    "code": "VARCHAR",
}
_SEGMENT = re.compile(r"(\w+)(\[(?:(\w+)=([^\]]*)|#(\w+))?\])?(?:\.|$)")


def text(value: str) -> str:
    """Write a constant of ours as an SQL string."""
    return "'" + value.replace("'", "''") + "'"


def resources() -> tuple[str, ...]:
    """Give the resource types that are mapped, in the order of the table."""
    named = dict.fromkeys(row["resource"] for row in mapping("fhir_fields"))
    return tuple(name for name in named if "." not in name)


def fields(resource: str) -> dict[str, Row]:
    """Give the fields of one resource type by name."""
    rows = mapping("fhir_fields")
    return {row["field"]: row for row in rows if row["resource"] == resource}


def _leaf(row: Row) -> Tree:
    kind = row["kind"]
    kinds: dict[str, Tree] = {
        "text": "VARCHAR",
        "number": "JSON",  # kept as written, so that "5" is told from 5
        "boolean": "JSON",
        "coding": _CODING,
        "code": _CODE,
        "codes": [_CODE],
        "reference": {"reference": "VARCHAR"},
        "quantity": _QUANTITY,
        "texts": ["VARCHAR"],
        "codings": [_CODING],
        "concepts": [_CODE],
        "canonical": "VARCHAR",
        "present": "JSON",
        "items": "JSON",
        "reference_type": {"reference": "VARCHAR", "type": "VARCHAR"},
        "organization": dict.fromkeys(("reference", "type", "display"), "VARCHAR"),
        "plan": [{"type": _CODE, "value": "VARCHAR", "name": "VARCHAR"}],
    }
    if kind == "components":
        return [_tree(f"{row['resource']}.{row['field']}")]
    return kinds[kind]


def _grow(tree: Tree, path: str, leaf: Tree) -> None:
    segments = list(_SEGMENT.finditer(path))
    for position, segment in enumerate(segments):
        name, is_list, key = segment[1], segment[2] is not None, segment[3]
        last = position == len(segments) - 1
        branch = leaf if last else {}
        new = [branch] if is_list else branch
        if isinstance(new, dict | list) and name in tree:
            known = tree[name]
            new = known | new if last and isinstance(new, dict) else known
        tree[name] = new
        if not last:
            tree = new[0] if is_list else new
            if key or segment[5]:
                tree[key or "id"] = "VARCHAR"


def _tree(resource: str) -> dict[str, Tree]:
    tree: dict[str, Tree] = {}
    for row in fields(resource).values():
        if row["kind"] != "constant":
            for path in row["path"].split(" | "):
                _grow(tree, path, _leaf(row))
    return tree


@cache
def schema(resource: str) -> dict[str, Tree]:
    """Give the part of a resource's shape that the mapping reads."""
    base = {"resourceType": "VARCHAR", "id": "VARCHAR"}
    meta = {"lastUpdated": "VARCHAR", "versionId": "VARCHAR"}
    return {**base, "meta": meta, **_tree(resource)}


def duckdb_type(tree: Tree) -> str:
    """Write a shape as a DuckDB type."""
    if isinstance(tree, dict):
        inner = ", ".join(f'"{name}" {duckdb_type(sub)}' for name, sub in tree.items())
        return f"STRUCT({inner})"
    if isinstance(tree, list):
        return f"{duckdb_type(tree[0])}[]"
    return str(tree)


def json_spec(tree: Tree) -> str:
    """Write a shape as `json_transform` wants it."""
    if isinstance(tree, dict):
        inner = ",".join(f'"{name}":{json_spec(sub)}' for name, sub in tree.items())
        return "{" + inner + "}"
    if isinstance(tree, list):
        return f"[{json_spec(tree[0])}]"
    return f'"{tree}"'


def _steps(path: str) -> str:
    expression = ""
    for segment in _SEGMENT.finditer(path):
        name, brackets, key, value, referring = segment.groups()
        step = f'{expression}."{name}"' if expression else f'"{name}"'
        if key:
            found = f'list_filter({step}, lambda x: x."{key}" = {text(value)})'
            step = f"({found})[1]"
        elif referring:
            mine = f'lambda x: \'#\' || x."id" = "{referring}".reference'
            step = f"list_filter({step}, {mine})[1]"
        elif brackets:
            step = f"{step}[1]"
        expression = step
    return expression


def _chosen(code: str, systems: str) -> str:
    """Give the one coding that stands for a CodeableConcept: a known system's first."""
    known = f"x.code IS NOT NULL AND x.system IN ({systems})"
    return (
        f"CASE WHEN len({code}.coding) = 1 THEN {code}.coding[1] ELSE coalesce("
        f"list_filter({code}.coding, lambda x: {known})[1], "
        f"list_filter({code}.coding, lambda x: x.code IS NOT NULL)[1]) END"
    )


def _codes(list_of_codes: str) -> str:
    one = f"len({list_of_codes}) = 1 AND len({list_of_codes}[1].coding) = 1"
    every = f"flatten(list_transform({list_of_codes}, lambda x: x.coding))"
    return (
        f"CASE WHEN {one} THEN [{list_of_codes}[1].coding[1].code] "
        f"ELSE list_transform({every}, lambda y: y.code) END"
    )


def _relative(reference: str) -> str:
    """Write an absolute or versioned reference as Type/id; leave others as they are."""
    path = r"([A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64})(/_history/[^/]*)?$"
    return (
        f"CASE WHEN starts_with({reference}, 'http') "
        f"OR contains({reference}, '/_history/') "
        f"THEN regexp_extract({reference}, {text(path)}, 1) ELSE {reference} END"
    )


def _constant(name: str, path: str) -> list[str]:
    """Write a code that is the same for every resource: `system|code|display`."""
    pairs = zip(_CODING, path.split("|"), strict=True)
    struct = ", ".join(f"'{key}': {text(value)}" for key, value in pairs)
    return [f'{{{struct}}} AS "{name}"', f'NULL::VARCHAR AS "{name}_text"']


def expressions(resource: str, systems: tuple[str, ...], prefix: str = "") -> list[str]:
    """Write one SELECT expression for each field of a resource.

    Parameters
    ----------
    resource : str
        A resource type, or `Observation.component`.
    systems : tuple of str
        Code system URIs whose codes are preferred.
    prefix : str
        What stands before each path, for instance the alias of a component.
    """
    known = ", ".join(text(each) for each in systems)
    written = []
    for name, row in fields(resource).items():
        if row["kind"] == "constant":
            written += _constant(name, row["path"])
            continue
        steps = [_steps(f"{prefix}{path}") for path in row["path"].split(" | ")]
        if row["kind"] == "reference":
            steps = [_relative(f"{step}.reference") for step in steps]
        first = steps[0] if len(steps) == 1 else f"coalesce({', '.join(steps)})"
        if row["kind"] == "code":
            written.append(f'{_chosen(first, known)} AS "{name}"')
            written.append(f'{first}."text" AS "{name}_text"')
        elif row["kind"] == "codes":
            written.append(f'{_codes(first)} AS "{name}"')
        elif row["kind"] in {"number", "boolean"}:
            written.append(f"nullif(CAST({first} AS VARCHAR), 'null') AS \"{name}\"")
        elif row["kind"] in KINDS:
            written.append(f'{KINDS[row["kind"]](steps)} AS "{name}"')
        elif row["kind"] == "items":
            shape = _tree(f"{resource}.{name}")
            given = {name: sub for name, sub in shape.items() if name not in ITEM}
            written.append(f'{answers(first, json_spec([given]))} AS "{name}"')
        else:
            written.append(f'{first} AS "{name}"')
    return written


def _containers(tree: Tree, path: str, shown: str) -> list[tuple[str, str, str]]:
    if isinstance(tree, dict):
        found = [] if path == "$" else [(path, shown, "OBJECT")]
        for name, sub in tree.items():
            dotted = f"{shown}.{name}" if shown else name
            found += _containers(sub, f"{path}.{name}", dotted)
        return found
    if isinstance(tree, list):
        return [(path, shown, "ARRAY"), *_containers(tree[0], f"{path}[*]", shown)]
    return []


def wrong_type(resource: str, json: str) -> str:
    """Write an expression naming the first path that is not an object or a list.

    It is used only for files that the typed reading refused.
    """
    cases = []
    for path, shown, expected in _containers(schema(resource), "$", ""):
        kinds = f"('{expected}', 'NULL')"
        if "[*]" in path:
            bad = f"lambda x: x NOT IN {kinds}"
            wrong = f"len(list_filter(json_type({json}, '{path}'), {bad})) > 0"
        else:
            wrong = f"json_type({json}, '{path}') NOT IN {kinds}"
        cases.append(f"WHEN {wrong} THEN '{shown}'")
    return f"CASE {' '.join(cases)} END"
