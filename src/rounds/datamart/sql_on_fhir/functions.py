"""The functions of FHIRPath that a view may use, by name."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

from rounds.datamart.sql_on_fhir.boundaries import boundary
from rounds.datamart.sql_on_fhir.elements import family, is_resource, is_type
from rounds.datamart.sql_on_fhir.fhirpath import Expression, FhirPathError, Member
from rounds.datamart.sql_on_fhir.navigation import child, exists, extension, of_type
from rounds.datamart.sql_on_fhir.operators import boolean, number, string
from rounds.datamart.sql_on_fhir.shape import Node, text
from rounds.datamart.sql_on_fhir.values import (
    Value,
    each,
    first,
    items,
    kept,
    nothing,
    one_of,
    only,
)

__all__ = ["FUNCTIONS", "OF_A_CHOICE", "Call", "Function"]


class Call(Protocol):
    """What a function may ask of the compiler about its arguments."""

    @property
    def n(self) -> int:
        """How many arguments there are."""

    def argument(self, place: int) -> Value:
        """Compile an argument where the function stands."""

    def of_each(self, place: int, this: Value) -> Value:
        """Compile an argument for an item, which is `$this`."""

    def written(self, place: int) -> Expression:
        """Give an argument as it is written."""


@dataclass(frozen=True)
class Function:
    """A function, and how many arguments it takes."""

    least: int
    most: int
    compile: "Compile"


Compile: TypeAlias = Callable[[Value, Call], Value]


def _type_argument(call: Call, place: int = 0) -> str:
    written = call.written(place)
    steps: list[str] = []
    while isinstance(written, Member):
        steps.insert(0, written.name)
        if written.of is None:
            return ".".join(steps)
        written = written.of
    raise FhirPathError("the name of a type is needed, for instance Quantity")


def _where(value: Value, call: Call) -> Value:
    return kept(value, lambda one: boolean(call.of_each(0, one)))


def _select(value: Value, call: Call) -> Value:
    return each(value, lambda one: call.of_each(0, one))


def _exists(value: Value, call: Call) -> Value:
    return Value(exists(_where(value, call) if call.n else value), "boolean")


def _empty(value: Value, _: Call) -> Value:
    return Value(f"(NOT {exists(value)})", "boolean")


def _all(value: Value, call: Call) -> Value:
    def fails(one: Value) -> str:
        return f"NOT coalesce({boolean(call.of_each(0, one))}, false)"

    return Value(f"(NOT {exists(kept(value, fails))})", "boolean")


def _not(value: Value, _: Call) -> Value:
    return Value(f"(NOT {boolean(value)})", "boolean")


def _count(value: Value, _: Call) -> Value:
    if value.many:
        return Value(f"coalesce(len({value.sql}), 0)", "integer")
    return Value(f"(CASE WHEN {exists(value)} THEN 1 ELSE 0 END)", "integer")


def _slice(value: Value, lowest: str, highest: str) -> Value:
    if not value.many:
        raise FhirPathError("this is for what repeats: here is at most one item")
    sliced = f"({value.sql})[{lowest}:{highest}]"
    return Value(sliced, value.kind, many=True, node=value.node)


def _last(value: Value, _: Call) -> Value:
    return one_of(value, "-1") if value.many else value


def _distinct(value: Value, _: Call) -> Value:
    if not value.many:
        return value
    one = f"list_distinct({value.sql})"
    return Value(f"list_sort({one})", value.kind, many=True)


def _extension(value: Value, call: Call) -> Value:
    url = call.argument(0)
    if url.literal is None or family(url.kind) != "string":
        raise FhirPathError("extension() takes a URL in quotes, or a constant")
    return extension(value, url.literal)


def _of_type(value: Value, call: Call) -> Value:
    return of_type(value, _known_type(_type_argument(call)))


def _known_type(name: str) -> str:
    plain = name.removeprefix("FHIR.").removeprefix("System.")
    lower = plain[:1].lower() + plain[1:]
    if not is_type(plain) and not is_type(lower):
        raise FhirPathError(f"FHIR R4 has no type {name!r}")
    return name


def _is(value: Value, call: Call) -> Value:
    return Value(exists(_of_type(value, call)), "boolean")


def _join(value: Value, call: Call) -> Value:
    if value.kind and family(value.kind) != "string":
        raise FhirPathError(f"join() is of strings, not of {value.kind}")
    if not value.many:
        return Value(value.sql, "string")
    separator = string(call.argument(0)) if call.n else "''"
    # As FHIRPath has it: the join of nothing is empty, not an empty string.
    return Value(
        f"(CASE WHEN len({value.sql}) > 0 "
        f"THEN array_to_string({value.sql}, {separator}) END)",
        "string",
    )


def _boundary(*, high: bool) -> Compile:
    def compiled(value: Value, call: Call) -> Value:
        precision = None
        if call.n:
            given = call.argument(0)
            if given.kind != "integer" or given.literal is None:
                raise FhirPathError("a precision is an integer, written out")
            precision = int(given.literal)
        return boundary(value, high=high, precision=precision)

    return compiled


def _resource_key(value: Value, _: Call) -> Value:
    if not is_resource(value.kind):
        raise FhirPathError("getResourceKey() is of a resource")
    return Value(child(value, "id").sql, "string", many=value.many)


def _reference_key(value: Value, call: Call) -> Value:
    """Give the id that a reference names: relative, absolute or with a version."""
    if value.kind and value.kind != "Reference":
        raise FhirPathError(f"getReferenceKey() is of a Reference, not of {value.kind}")
    wanted = ""
    if call.n:
        wanted = _type_argument(call).removeprefix("FHIR.")
        if not is_resource(wanted):
            raise FhirPathError(f"{wanted!r} is not a type of resource of FHIR R4")

    def key(one: Value) -> Value:
        return Value(_key(one.sql, wanted), "string")

    return each(child(value, "reference"), key)


def _key(reference: str, wanted: str) -> str:
    kind = wanted or "[A-Z][A-Za-z]+"
    pattern = rf"(?:^|/){kind}/([A-Za-z0-9.-]{{1,64}})(?:/_history/[^/]+)?$"
    slow = f"nullif(regexp_extract({reference}, {text(pattern)}, 1), '')"
    if not wanted:
        return f"({slow})"
    start = f"{wanted}/"
    rest = f"substr({reference}, {len(start) + 1})"
    return (
        f"(CASE WHEN starts_with({reference}, {text(start)}) "
        f"AND NOT contains({rest}, '/') THEN {rest} ELSE {slow} END)"
    )


def _iif(value: Value, call: Call) -> Value:
    condition = boolean(call.of_each(0, value))
    yes = call.argument(1)
    no = call.argument(2) if call.n > 2 else nothing()
    return _alternative(condition, yes, no)


def _coalesce(_: Value, call: Call) -> Value:
    given = [call.argument(place) for place in range(call.n)]
    found = given[-1]
    for before in reversed(given[:-1]):
        found = _alternative(exists(before), before, found)
    if not found.many and found.is_primitive and not found.is_computed:
        listed = ", ".join(value.sql for value in given if value.kind)
        return replace(found, sql=f"coalesce({listed})")
    if all(value.written for value in given):
        listed = ", ".join(value.written for value in given)
        return replace(found, written=f"coalesce({listed})")
    return found


def _alternative(condition: str, yes: Value, no: Value) -> Value:
    if yes.choice is not None or no.choice is not None:
        raise FhirPathError("choose a type with ofType(…) first")
    kinds = {value.kind for value in (yes, no) if value.kind}
    if len({family(kind) for kind in kinds}) > 1:
        raise FhirPathError(f"either {' or '.join(sorted(kinds))}: it needs one type")
    kind = yes.kind or no.kind
    if len(kinds) > 1:
        kind = {"string": "string", "date": "dateTime"}.get(family(kind), "decimal")
    is_computed = family(kind) == "number" and any(
        value.is_computed or (value.kind and value.kind != kind) for value in (yes, no)
    )
    a, b = (_as(value, is_computed=is_computed) for value in (yes, no))
    many = a.many or b.many
    sql_yes, sql_no = (items(a), items(b)) if many else (a.sql, b.sql)
    sql = f"(CASE WHEN {condition} THEN {sql_yes} ELSE {sql_no} END)"
    node = _alike(yes, no)
    return Value(sql, kind, many=many, is_computed=is_computed, node=node)


def _alike(yes: Value, no: Value) -> Node | None:
    """Read of both what is read of either, so that both have one type."""
    if not yes.kind or not no.kind:
        return yes.node or no.node
    if yes.node is None or no.node is None or yes.kind != no.kind or yes.is_primitive:
        return None
    if yes.node is not no.node:
        yes.node.children |= no.node.children
        no.node.children = yes.node.children
        yes.node.is_raw = no.node.is_raw = yes.node.is_raw or no.node.is_raw
    return yes.node


def _as(value: Value, *, is_computed: bool) -> Value:
    if is_computed and value.kind:
        return each(
            value, lambda one: Value(f"CAST({number(one)} AS DOUBLE)", "decimal")
        )
    return value


def _of_string(sql: str, kind: str) -> Compile:
    def compiled(value: Value, call: Call) -> Value:
        arguments = [string(call.argument(place)) for place in range(call.n)]
        return Value(sql.format(string(value), *arguments), kind)

    return compiled


def _substring(value: Value, call: Call) -> Value:
    source, start = string(value), number(call.argument(0))
    length = f", {number(call.argument(1))}" if call.n > 1 else ""
    return Value(
        f"(CASE WHEN {start} >= 0 AND {start} < length({source}) "
        f"THEN substr({source}, {start} + 1{length}) END)",
        "string",
    )


def _to_string(value: Value, _: Call) -> Value:
    if not value.is_primitive:
        raise FhirPathError("toString() is of a primitive")
    value = only(value)
    if family(value.kind) in {"boolean", "number"}:
        return Value(f"CAST({value.sql} AS VARCHAR)", "string")
    return Value(value.sql, "string")


def _place(call: Call) -> str:
    # FHIRPath: skip(n) and take(n) of less than nothing are of nothing.
    return f"greatest({number(call.argument(0))}, 0)"


FUNCTIONS: dict[str, Function] = {
    "where": Function(1, 1, _where),
    "select": Function(1, 1, _select),
    "exists": Function(0, 1, _exists),
    "empty": Function(0, 0, _empty),
    "all": Function(1, 1, _all),
    "not": Function(0, 0, _not),
    "count": Function(0, 0, _count),
    "first": Function(0, 0, lambda value, _: first(value)),
    "last": Function(0, 0, _last),
    "single": Function(0, 0, lambda value, _: only(value)),
    "tail": Function(0, 0, lambda value, _: _slice(value, "2", "")),
    "skip": Function(
        1, 1, lambda value, call: _slice(value, f"{_place(call)} + 1", "")
    ),
    "take": Function(1, 1, lambda value, call: _slice(value, "1", _place(call))),
    "distinct": Function(0, 0, _distinct),
    "extension": Function(1, 1, _extension),
    "ofType": Function(1, 1, _of_type),
    "as": Function(1, 1, _of_type),
    "is": Function(1, 1, _is),
    "join": Function(0, 1, _join),
    "lowBoundary": Function(0, 1, _boundary(high=False)),
    "highBoundary": Function(0, 1, _boundary(high=True)),
    "getResourceKey": Function(0, 0, _resource_key),
    "getReferenceKey": Function(0, 1, _reference_key),
    "iif": Function(2, 3, _iif),
    "coalesce": Function(1, 99, _coalesce),
    "startsWith": Function(1, 1, _of_string("starts_with({}, {})", "boolean")),
    "endsWith": Function(1, 1, _of_string("ends_with({}, {})", "boolean")),
    "contains": Function(1, 1, _of_string("contains({}, {})", "boolean")),
    "matches": Function(1, 1, _of_string("regexp_matches({}, {})", "boolean")),
    "replace": Function(2, 2, _of_string("replace({}, {}, {})", "string")),
    "upper": Function(0, 0, _of_string("upper({})", "string")),
    "lower": Function(0, 0, _of_string("lower({})", "string")),
    "trim": Function(0, 0, _of_string("trim({})", "string")),
    "length": Function(0, 0, _of_string("length({})", "integer")),
    "substring": Function(1, 2, _substring),
    "toString": Function(0, 0, _to_string),
}
"""Each function, by its name."""

OF_A_CHOICE = frozenset(
    {"exists", "empty", "count", "first", "last", "single", "ofType", "as", "is"}
)
"""Those that an element such as `value[x]` may have before its type is chosen."""
