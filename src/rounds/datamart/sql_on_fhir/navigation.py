"""Steps from a value to its elements, by the types of FHIR R4 and never by the data."""

from difflib import get_close_matches

from rounds.datamart.sql_on_fhir.elements import (
    INTEGERS,
    Element,
    children_of,
    element_of,
    is_a,
    is_resource,
)
from rounds.datamart.sql_on_fhir.fhirpath import FhirPathError, UnknownElementError
from rounds.datamart.sql_on_fhir.shape import Node, json_spec, quoted, text
from rounds.datamart.sql_on_fhir.values import (
    Value,
    each,
    kept,
    new_name,
    nothing,
    without_null,
)

__all__ = [
    "AS_JSON",
    "child",
    "exists",
    "extension",
    "insist_on_type",
    "of_type",
    "whole",
]

AS_JSON = ("*",)
"""Instead of names of elements: all of it, as JSON."""
_NOT_BOOLEAN = "rounds: not a boolean"
_NOT_INTEGER = "rounds: not an integer"


def child(value: Value, name: str) -> Value:
    """Give an element of each item.

    Raises
    ------
    FhirPathError
        If the type has no such element.
    """
    insist_on_type(value, f"before '.{name}'")
    if not value.kind:
        return value
    if value.is_primitive:
        return _beside(value, name)
    element = element_of(value.kind, name)
    if element is None:
        raise UnknownElementError(_unknown(value.kind, name))
    if element.is_choice:
        return Value("NULL", "", parent=value, name=name, choice=element)
    return _step(value, name, element.types[0], many=element.many)


def _choose(value: Value, where: str) -> str:
    assert value.choice is not None
    kinds = ", ".join(value.choice.types)
    return f"'{value.name}' may be {kinds}: write {value.name}.ofType(…) {where}"


def insist_on_type(value: Value, where: str) -> None:
    """Refuse a choice of which no type is chosen.

    Raises
    ------
    FhirPathError
        If it is one.
    """
    if value.choice is not None:
        raise FhirPathError(_choose(value, where))


def _unknown(kind: str, name: str) -> str:
    known = children_of(kind)
    for element in known:
        for each_kind in element.types if element.is_choice else ():
            if element.json_name(each_kind) == name:
                return f"write '{element.name}.ofType({each_kind})' for '{name}'"
    close = get_close_matches(name, [element.name for element in known], n=1)
    hint = f"; did you mean '{close[0]}'?" if close else ""
    return f"FHIR R4's {kind} has no element '{name}'{hint}"


def _step(value: Value, name: str, kind: str, *, many: bool) -> Value:
    if value.node is None:
        raise FhirPathError(f"'{name}' cannot be reached through what stands before it")
    node = value.node.child(name, kind, many=many)
    found = each(value, lambda one: _field(one, name, node, kind))
    is_new = not (value.is_root and value.guard)
    return Value(
        found.sql,
        kind,
        many=found.many,
        node=node,
        parent=value if is_new else None,
        name=name,
        written=found.written,
    )


def _field(one: Value, name: str, node: Node, kind: str) -> Value:
    assert one.node is not None
    if one.is_root:
        sql = quoted(name)
        if one.guard:
            sql = f"(CASE WHEN {one.guard} THEN {sql} END)"
    elif one.node.is_raw:  # its elements are read from the JSON
        spec = text(json_spec(one.node, single=True, is_open=True))
        sql = f"from_json({one.sql}, {spec}).{quoted(name)}"
    else:
        sql = f"{one.sql}.{quoted(name)}"
    return _decoded(sql, kind, many=node.many)


def _decoded(sql: str, kind: str, *, many: bool) -> Value:
    """Read a boolean or a number from how it is written, and nothing else as one."""
    if not Value("", kind).is_primitive:
        return Value(sql, kind, many=many)
    if many:
        name = new_name()
        one = _decoded(name, kind, many=False)
        if one.sql != name:
            sql = f"list_transform({sql}, lambda {name}: {one.sql})"
        return Value(without_null(sql), kind, many=True)
    written = f"nullif(CAST({sql} AS VARCHAR), 'null')"
    if kind == "boolean":
        read = (
            f"(CASE CAST({sql} AS VARCHAR) WHEN 'true' THEN true "
            "WHEN 'false' THEN false WHEN 'null' THEN NULL "
            f"ELSE CASE WHEN {sql} IS NOT NULL "
            f"THEN error({text(_NOT_BOOLEAN)}) END END)"
        )
    elif kind in INTEGERS:
        read = (
            f"(CASE WHEN contains({written}, '.') THEN error({text(_NOT_INTEGER)}) "
            f"ELSE CAST({written} AS BIGINT) END)"
        )
    elif kind == "decimal":
        read = written
    else:
        return Value(sql, kind)
    return Value(read, kind, written=written)


def _beside(value: Value, name: str) -> Value:
    """Give the id or the extensions of a primitive, which stand beside it in JSON."""
    if value.parent is None or name not in {"id", "extension"}:
        raise FhirPathError(f"a {value.kind} has no element '{name}' here")
    many = value.node is not None and value.node.many
    beside = _step(value.parent, f"_{value.name}", "Element", many=many)
    return child(beside, name)


def exists(value: Value) -> str:
    """Write whether there is any item; it is never NULL."""
    if value.choice is not None:
        found = [exists(of_type(value, kind)) for kind in value.choice.types]
        return f"({' OR '.join(found)})"
    if not value.kind:
        return "false"
    if value.is_root:
        return f"coalesce({value.guard}, false)" if value.guard else "true"
    if value.many:
        return f"(coalesce(len({value.sql}), 0) > 0)"
    return f"({value.sql} IS NOT NULL)"


def extension(value: Value, url: str) -> Value:
    """Give the extensions of a URL."""
    found = child(value, "extension")
    return kept(found, lambda one: f"{child(one, 'url').sql} = {text(url)}")


_SYSTEM_TYPES = {
    "Boolean": "boolean",
    "String": "string",
    "Integer": "integer",
    "Decimal": "decimal",
    "Date": "date",
    "DateTime": "dateTime",
    "Time": "time",
}


def of_type(value: Value, name: str) -> Value:
    """Keep the items of a type; the type of a choice is chosen so."""
    kind = name.removeprefix("FHIR.").removeprefix("System.")
    kind = _SYSTEM_TYPES.get(kind, kind)
    if value.choice is not None:
        assert value.parent is not None
        chosen = _chosen(value.choice, kind)
        return _step(value.parent, value.choice.json_name(chosen), chosen, many=False)
    if not value.kind or is_a(value.kind, kind):
        return value
    if is_a("Patient", value.kind) and is_resource(kind):  # any resource may be there
        node = value.node
        if node is not None:
            node.child("resourceType", "code", many=False)
        found = kept(value, lambda one: f'{one.sql}."resourceType" = {text(kind)}')
        return Value(found.sql, kind, many=found.many, node=node)
    return nothing()


def _chosen(element: Element, kind: str) -> str:
    if kind in element.types:
        return kind
    close = [each_kind for each_kind in element.types if is_a(each_kind, kind)]
    if len(close) == 1:
        return close[0]
    kinds = ", ".join(element.types)
    raise FhirPathError(f"'{element.name}' is never of type {kind}: it may be {kinds}")


def whole(value: Value, only: tuple[str, ...] = ()) -> Value:
    """Read every element of a value that is given whole, or those that are named."""
    insist_on_type(value, "to give it")
    if value.is_root:
        raise FhirPathError("a whole resource cannot be given: name its elements")
    if value.kind and not value.is_primitive and value.node is not None:
        if only == AS_JSON:
            value.node.is_raw = True
        elif only:
            value.node.read_only(only, value.kind)
        elif is_resource(value.kind):
            raise FhirPathError("a whole resource cannot be given: name its elements")
        else:
            value.node.read_whole()
    return value
