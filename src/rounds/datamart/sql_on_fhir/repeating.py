"""`repeat`: elements within elements of the same type, to any depth, as one list.

What repeats is read as JSON, since a DuckDB type has a fixed depth; each level is then
read by the types of what the view uses. Each level is a column made from the one above,
its items with their place in the tree; sorted by place, all levels together are in the
order of a walk that goes deep first.
"""

from dataclasses import dataclass

from rounds.datamart.sql_on_fhir.expressions import Scope, compile_expression
from rounds.datamart.sql_on_fhir.fhirpath import (
    Expression,
    FhirPathError,
    UnknownElementError,
)
from rounds.datamart.sql_on_fhir.shape import Node, json_spec, text
from rounds.datamart.sql_on_fhir.values import Value, items, new_name, nothing

__all__ = ["TOO_DEEP", "Walk", "repeated"]

TOO_DEEP = "rounds: a repeat goes deeper"
"""What the engine says when there is another level below the last."""


def _found(paths: tuple[Expression, ...], scope: Scope) -> list[Value]:
    """Compile each path; a path that the type does not have gives nothing."""
    found = []
    for path in paths:
        try:
            value = compile_expression(path, scope)
        except UnknownElementError:
            continue
        if not value.kind and value.choice is None:
            continue
        if value.node is None or value.is_primitive or value.is_root:
            raise FhirPathError("a path of repeat leads to elements of the resource")
        value.node.is_raw = True
        found.append(value)
    return found


def _joined(values: list[Value]) -> str:
    """Write the items of several collections as one list of JSON."""
    listed = [items(value) for value in values]
    while len(listed) > 1:
        listed = [f"list_concat({listed[0]}, {listed[1]})", *listed[2:]]
    return f"CAST({listed[0]} AS JSON[])"


@dataclass(frozen=True)
class Walk:
    """Every item of a walk."""

    value: Value
    levels: tuple[tuple[str, str], ...] = ()
    """Columns that must be there before, by name, each made from the one before."""


def repeated(
    paths: tuple[Expression, ...],
    scope: Scope,
    node: Node | None,
    name: str,
    depth: int,
) -> Walk:
    """Walk the paths from an item, and from each item found, and so on.

    Parameters
    ----------
    paths : tuple of Expression
        Where to go from each item.
    scope : Scope
        Where to begin.
    node : Node or None
        What the pass before found to be read of each item.
    name : str
        How the names of its columns begin.
    depth : int
        How many levels are written; a further one is an error when the query runs.
    """
    top = _found(paths, scope)
    kinds = {value.kind for value in top}
    if not kinds:
        return Walk(nothing())
    if len(kinds) > 1:
        raise FhirPathError(f"its paths lead to {' and to '.join(sorted(kinds))}")
    node = node or Node(kinds.pop())
    levels = [(f"{name}_1", _placed(_joined(top), "[]", node))]
    below = _below(paths, node, scope)
    while below and len(levels) <= depth:
        levels.append((f"{name}_{len(levels) + 1}", below.format(levels[-1][0])))
    listed = ", ".join(level for level, _ in levels[:depth])
    place = new_name()
    ordered = (
        f"list_transform(list_sort(flatten([{listed}])), lambda {place}: {place}.item)"
    )
    if below:
        deeper = f"len({levels[-1][0]}) > 0"
        ordered = f"CASE WHEN {deeper} THEN error({text(TOO_DEEP)}) ELSE {ordered} END"
    return Walk(Value(ordered, node.kind, many=True, node=node), tuple(levels))


def _placed(listed: str, above: str, node: Node) -> str:
    """Write each item of a list of JSON, typed, with its place below another's."""
    if not node.children:  # nothing is read of it but that it is there
        node.child("id", "string", many=False)
    spec = text(json_spec(node, single=True, is_open=True))
    raw, place = new_name(), new_name()
    item = (
        f"{{'place': list_append({above}, {place}), 'item': from_json({raw}, {spec})}}"
    )
    return f"list_transform({listed}, lambda {raw}, {place}: {item})"


def _below(paths: tuple[Expression, ...], node: Node, scope: Scope) -> str:
    """Write the level below one whose name is still open; empty if there is none."""
    above = new_name()
    this = Value(f"{above}.item", node.kind, node=node)
    found = _found(paths, scope.within(this))
    if not found:
        return ""
    if any(value.kind != node.kind for value in found):
        raise FhirPathError("its paths lead to another type at the next level")
    placed = _placed(_joined(found), f"{above}.place", node)
    placed = placed.replace("{", "{{").replace("}", "}}")
    return f"flatten(list_transform({{0}}, lambda {above}: {placed}))"
