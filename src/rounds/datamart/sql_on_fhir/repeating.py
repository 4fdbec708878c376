"""`repeat`: elements within elements of the same type, to any depth, as one list.

What repeats is read as JSON, since a DuckDB type has a fixed depth; each level is then
read by the types of what the view uses, in the order of a walk that goes deep first.
"""

from rounds.datamart.sql_on_fhir.expressions import Scope, compile_expression
from rounds.datamart.sql_on_fhir.fhirpath import (
    Expression,
    FhirPathError,
    UnknownElementError,
)
from rounds.datamart.sql_on_fhir.shape import Node, json_spec, text
from rounds.datamart.sql_on_fhir.values import Value, items, new_name, nothing

__all__ = ["TOO_DEEP", "repeated"]

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


def repeated(
    paths: tuple[Expression, ...], scope: Scope, node: Node | None, depth: int
) -> tuple[Value, Node | None]:
    """Walk the paths from an item, and from each item found, and so on.

    Parameters
    ----------
    paths : tuple of Expression
        Where to go from each item.
    scope : Scope
        Where to begin.
    node : Node or None
        What the pass before found to be read of each item.
    depth : int
        How many levels are written; a further one is an error when the query runs.

    Returns
    -------
    tuple of Value and of Node or None
        Every item, and what is read of it.
    """
    top = _found(paths, scope)
    kinds = {value.kind for value in top}
    if not kinds:
        return nothing(), None
    if len(kinds) > 1:
        raise FhirPathError(f"its paths lead to {' and to '.join(sorted(kinds))}")
    kind = kinds.pop()
    node = node or Node(kind)
    sql = _levels(_joined(top), paths, node, scope, depth)
    return Value(sql, kind, many=True, node=node), node


def _levels(
    listed: str, paths: tuple[Expression, ...], node: Node, scope: Scope, depth: int
) -> str:
    """Write each item of a list of JSON, typed, each before the items below it."""
    raw, one = new_name(), new_name()
    this = Value(one, node.kind, node=node)
    below = _found(paths, scope.within(this))
    spec = text(json_spec(node, single=True, is_open=True))
    if not node.children:  # nothing is read of it but that it is there
        node.child("id", "string", many=False)
    typed = f"list_transform({listed}, lambda {raw}: from_json({raw}, {spec}))"
    if not below:
        return typed
    if any(value.kind != node.kind for value in below):
        raise FhirPathError("its paths lead to another type at the next level")
    children = _joined(below)
    if depth <= 1:
        more = f"CASE WHEN len({children}) > 0 THEN error({text(TOO_DEEP)}) ELSE [{one}]"
        return f"flatten(list_transform({typed}, lambda {one}: {more} END))"
    further = _levels(children, paths, node, scope, depth - 1)
    return (
        f"flatten(list_transform({typed}, lambda {one}: "
        f"list_concat([{one}], {further})))"
    )
