"""What an expression compiles to: SQL with its FHIR type, and how items are kept.

A collection that may hold many items is an SQL list without NULLs, and where it is
empty NULL or an empty list. A collection of at most one item is a plain SQL value, NULL
where it is empty. Which of the two it is follows from the types alone.
"""

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, replace
from itertools import count

from rounds.datamart.sql_on_fhir.elements import PRIMITIVES, Element
from rounds.datamart.sql_on_fhir.shape import Node, text

__all__ = [
    "MANY_VALUES",
    "Value",
    "each",
    "first",
    "fresh_names",
    "item",
    "items",
    "kept",
    "new_name",
    "nothing",
    "one_of",
    "only",
    "without_null",
]

MANY_VALUES = "rounds: more than one value where one was expected"
"""What the engine says when a path gives many values and the view allows one."""

_NAMES: ContextVar[Iterator[int]] = ContextVar("_NAMES")


@dataclass(frozen=True)
class Value:
    """A compiled expression."""

    sql: str
    kind: str
    """Its FHIR type; empty for what is always empty, and for a choice not yet made."""
    many: bool = False
    node: Node | None = None
    """Where it is read, if it is an element as it stands in the resource."""
    parent: "Value | None" = None
    """What it is an element of, if nothing has been done to it since."""
    name: str = ""
    """Its name there."""
    choice: Element | None = None
    """The element of which one type is still to be chosen, by `ofType`."""
    written: str = ""
    """For a boolean or a number that is an element: the SQL of how it is written."""
    is_computed: bool = False
    """Whether a decimal is a DOUBLE that was computed, not text as it is written."""
    is_root: bool = False
    """Whether it is the resource itself, whose elements are columns."""
    guard: str = ""
    """For the resource itself: the condition under which it is there."""
    literal: str | None = None
    """The value, if it is written out in the expression."""

    @property
    def is_primitive(self) -> bool:
        """Whether it has a value and no elements."""
        return self.kind in PRIMITIVES


def fresh_names() -> None:
    """Begin to count names anew, so that a view always compiles to the same SQL."""
    _NAMES.set(count(1))


def new_name() -> str:
    """Give a name for the parameter of a lambda, which no other has."""
    return f"x{next(_NAMES.get())}"


def nothing() -> Value:
    """Give the collection that is always empty."""
    return Value("NULL", "")


def item(value: Value, sql: str) -> Value:
    """Give one item of a collection, called by a name."""
    return replace(value, sql=sql, many=False, written="", literal=None, parent=None)


def without_null(listed: str) -> str:
    """Write a list without its NULLs."""
    name = new_name()
    return f"list_filter({listed}, lambda {name}: {name} IS NOT NULL)"


def each(value: Value, change: Callable[[Value], Value]) -> Value:
    """Apply a change to the one item, or to each of many, and join the results."""
    if not value.many:
        return change(value)
    name = new_name()
    new = change(item(value, name))
    if not new.kind:
        return new
    listed = f"list_transform({value.sql}, lambda {name}: {new.sql})"
    if new.many:
        return replace(new, sql=f"flatten({listed})", written="", parent=None)
    written = new.written
    if written:
        written = f"list_transform({value.sql}, lambda {name}: {written})"
    return replace(
        new, sql=without_null(listed), many=True, written=written, parent=None
    )


def kept(value: Value, criterion: Callable[[Value], str]) -> Value:
    """Keep the items for which a condition holds."""
    if value.is_root:
        condition = criterion(value)
        both = f"{value.guard} AND {condition}" if value.guard else condition
        return replace(value, guard=f"({both})")
    if not value.many:
        sql = f"CASE WHEN {criterion(value)} THEN {value.sql} END"
        return replace(value, sql=f"({sql})", written="", literal=None, parent=None)
    name = new_name()
    filtered = (
        f"list_filter({value.sql}, lambda {name}: {criterion(item(value, name))})"
    )
    return replace(value, sql=filtered, written="", parent=None)


def one_of(value: Value, place: str) -> Value:
    """Give the item at a place, counted from 1, which is SQL."""
    if value.many:
        return item(value, f"({value.sql})[{place}]")
    if place == "1":
        return value
    return kept(value, lambda _: f"{place} = 1")


def first(value: Value) -> Value:
    """Give the first item."""
    return one_of(value, "1")


def only(value: Value) -> Value:
    """Give the one item; more than one is an error when the query runs."""
    if not value.many:
        return value
    sql = value.sql
    checked = (
        f"CASE WHEN len({sql}) > 1 THEN error({text(MANY_VALUES)}) ELSE ({sql})[1]"
    )
    return item(value, f"({checked} END)")


def items(value: Value) -> str:
    """Write the items as a list that is never NULL."""
    if not value.kind:
        return "[]"
    if value.many:
        return f"coalesce({value.sql}, [])"
    return f"CASE WHEN {value.sql} IS NULL THEN [] ELSE [{value.sql}] END"
