"""The operators of FHIRPath, where what is empty makes the result empty.

References
----------
.. [1] HL7, FHIRPath, sections Equality, Comparison, Boolean logic and Math:
   http://hl7.org/fhirpath/#operations
"""

from collections.abc import Callable

from rounds.datamart.sql_on_fhir.elements import INTEGERS, PRIMITIVES, family
from rounds.datamart.sql_on_fhir.fhirpath import FhirPathError
from rounds.datamart.sql_on_fhir.navigation import insist_on_type, whole
from rounds.datamart.sql_on_fhir.values import (
    Value,
    each,
    item,
    items,
    new_name,
    nothing,
    only,
)

__all__ = ["OPERATORS", "boolean", "number", "string", "union"]


def _wanted(value: Value, wanted: str) -> Value:
    insist_on_type(value, f"where a {wanted} is needed")
    if value.kind and family(value.kind) != wanted:
        raise FhirPathError(f"a {wanted} is needed, not a {value.kind}")
    return only(value)


def boolean(value: Value) -> str:
    """Write a condition, which may be NULL."""
    return _wanted(value, "boolean").sql


def string(value: Value) -> str:
    """Write a text, which may be NULL."""
    return _wanted(value, "string").sql


def number(value: Value) -> str:
    """Write a BIGINT or a DOUBLE, which may be NULL."""
    value = _wanted(value, "number")
    if value.kind == "decimal" and not value.is_computed:
        return f"CAST({value.sql} AS DOUBLE)"
    return value.sql


def _comparable(left: Value, right: Value) -> str:
    """Give the family that both are of, or refuse."""
    if left.is_root or right.is_root:
        raise FhirPathError("a whole resource cannot be compared")
    if family(left.kind) != family(right.kind):
        raise FhirPathError(f"a {left.kind} is never equal to a {right.kind}")
    return family(left.kind)


def _plain(value: Value, kind: str) -> Value:
    """Give items in a form in which equal items are equal in SQL."""
    if kind == "number":
        return each(value, lambda one: Value(number(one), "integer"))
    return whole(value)


def _one_by_one(operator: str, left: Value, right: Value, kind: str) -> str:
    if kind == "date":
        return _dates(operator, left, right)
    if kind == "time":
        return (
            f"(TRY_CAST({left.sql} AS TIME) {operator} TRY_CAST({right.sql} AS TIME))"
        )
    return f"({left.sql} {operator} {right.sql})"


def _dates(operator: str, left: Value, right: Value) -> str:
    """Compare as far as both are precise; what then is undecided is empty."""
    a, b = left.sql, right.sql
    length = f"least(length({a}), length({b}), 10)"
    known = (
        f"CASE WHEN left({a}, {length}) <> left({b}, {length}) "
        f"THEN left({a}, {length}) {operator} left({b}, {length}) END"
    )
    days = (
        f"CASE WHEN length({a}) = length({b}) THEN {a} {operator} {b} ELSE {known} END"
    )
    if left.kind == right.kind == "date":
        return f"({days})"
    moments = f"TRY_CAST({a} AS TIMESTAMPTZ) {operator} TRY_CAST({b} AS TIMESTAMPTZ)"
    return (
        f"(CASE WHEN least(length({a}), length({b})) > 10 THEN {moments} "
        f"WHEN greatest(length({a}), length({b})) <= 10 THEN {days} ELSE {known} END)"
    )


def _equal(left: Value, right: Value) -> Value:
    if not left.kind or not right.kind:
        return Value("NULL", "boolean")
    kind = _comparable(left, right)
    left, right = _plain(left, kind), _plain(right, kind)
    if not left.many and not right.many:
        return Value(_one_by_one("=", left, right, kind), "boolean")
    if left.many and right.many:
        a, b = items(left), items(right)
        empty = f"len({a}) = 0 OR len({b}) = 0"
        return Value(f"(CASE WHEN {empty} THEN NULL ELSE {a} = {b} END)", "boolean")
    many, one = (left, right) if left.many else (right, left)
    same = _one_by_one("=", item(many, f"({many.sql})[1]"), one, kind)
    return Value(
        f"(CASE WHEN {one.sql} IS NULL THEN NULL WHEN len({many.sql}) = 1 THEN {same} "
        f"WHEN len({many.sql}) > 1 THEN false END)",
        "boolean",
    )


def _unequal(left: Value, right: Value) -> Value:
    return Value(f"(NOT {_equal(left, right).sql})", "boolean")


def _ordered(operator: str) -> Callable[[Value, Value], Value]:
    def compare(left: Value, right: Value) -> Value:
        if not left.kind or not right.kind:
            return Value("NULL", "boolean")
        kind = _comparable(left, right)
        if kind not in {"string", "number", "date", "time"}:
            raise FhirPathError(f"a {left.kind} has no order")
        left, right = only(_plain(left, kind)), only(_plain(right, kind))
        return Value(_one_by_one(operator, left, right, kind), "boolean")

    return compare


def _logical(sql: str) -> Callable[[Value, Value], Value]:
    def combine(left: Value, right: Value) -> Value:
        return Value(sql.format(boolean(left), boolean(right)), "boolean")

    return combine


def _arithmetic(operator: str) -> Callable[[Value, Value], Value]:
    def compute(left: Value, right: Value) -> Value:
        if operator == "+" and "string" in {family(left.kind), family(right.kind)}:
            return Value(f"({string(left)} || {string(right)})", "string")
        a, b = number(left), number(right)
        if operator in {"/", "div", "mod"}:
            b = f"nullif({b}, 0)"
        whole_numbers = {left.kind, right.kind} <= INTEGERS
        if operator == "div":
            return Value(f"CAST(trunc({a} / {b}) AS BIGINT)", "integer")
        if operator == "/" or not whole_numbers:
            sign = "%" if operator == "mod" else operator
            sql = _rounded(f"CAST({a} {sign} {b} AS DOUBLE)")
            return Value(sql, "decimal", is_computed=True)
        return Value(f"({a} {'%' if operator == 'mod' else operator} {b})", "integer")

    return compute


def _rounded(sql: str) -> str:
    """Round to the 15 digits that a DOUBLE holds, so that 0.1 + 0.2 is 0.3."""
    one = new_name()
    digits = f"14 - CAST(floor(log10(greatest(abs({one}), 1e-15))) AS INTEGER)"
    rounded = f"round({one}, least(15, {digits}))"
    return f"list_transform([{sql}], lambda {one}: {rounded})[1]"


def _joined(left: Value, right: Value) -> Value:
    a, b = string(left), string(right)
    return Value(f"(coalesce({a}, '') || coalesce({b}, ''))", "string")


def _member(left: Value, right: Value) -> Value:
    if not left.kind or not right.kind:
        return Value("NULL" if not left.kind else "false", "boolean")
    kind = _comparable(left, right)
    one, many = only(_plain(left, kind)), _plain(right, kind)
    return Value(
        f"(CASE WHEN {one.sql} IS NOT NULL "
        f"THEN list_contains({items(many)}, {one.sql}) END)",
        "boolean",
    )


def union(left: Value, right: Value) -> Value:
    """Put two collections together; equal items are there once, in order."""
    if not left.kind or not right.kind:
        return left if left.kind else right
    kind = _comparable(left, right)
    of = left.kind
    if left.kind != right.kind:
        of = {"string": "string", "date": "dateTime", "number": "decimal"}[kind]
    if left.kind not in PRIMITIVES and left.kind != right.kind:
        return nothing()
    is_computed = kind == "number" and not {left.kind, right.kind} <= INTEGERS
    left, right = _plain(left, kind), _plain(right, kind)
    listed = f"list_concat({items(left)}, {items(right)})"
    one, place = new_name(), new_name()
    kept_once = (
        f"list_filter({listed}, lambda {one}, {place}: "
        f"list_position({listed}, {one}) = {place})"
    )
    return Value(kept_once, of, many=True, is_computed=is_computed)


OPERATORS: dict[str, Callable[[Value, Value], Value]] = {
    "=": _equal,
    "!=": _unequal,
    "<": _ordered("<"),
    ">": _ordered(">"),
    "<=": _ordered("<="),
    ">=": _ordered(">="),
    "and": _logical("({} AND {})"),
    "or": _logical("({} OR {})"),
    "xor": _logical("({} <> {})"),
    "implies": _logical("(NOT {} OR {})"),
    "+": _arithmetic("+"),
    "-": _arithmetic("-"),
    "*": _arithmetic("*"),
    "/": _arithmetic("/"),
    "div": _arithmetic("div"),
    "mod": _arithmetic("mod"),
    "&": _joined,
    "in": _member,
    "contains": lambda left, right: _member(right, left),
    "|": union,
}
"""Each operator between two values, by how it is written."""
