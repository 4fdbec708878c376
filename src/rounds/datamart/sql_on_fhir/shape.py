"""Which part of a resource is read: a tree that grows as paths are compiled.

From it come the DuckDB types for `read_ndjson`, the same for `json_transform`, and a
judgement of single lines where a file is not as expected.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from rounds.datamart.sql_on_fhir.elements import INTEGERS, PRIMITIVES, children_of
from rounds.datamart.sql_on_fhir.fhirpath import FhirPathError

__all__ = ["Node", "duckdb_type", "json_spec", "quoted", "text", "wrong_type"]

_AS_WRITTEN = INTEGERS | {"boolean", "decimal"}
"""Read as JSON, so that 5 is told from "5" and 5.5, and true from 1."""


_OBJECT = "'OBJECT', 'NULL'"
_ARRAY = "'ARRAY', 'NULL'"


def text(value: str) -> str:
    """Write a string as SQL."""
    return "'" + value.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """Write a name as SQL."""
    return '"' + name.replace('"', '""') + '"'


@dataclass
class Node:
    """One element that is read, with those of its children that are read."""

    kind: str
    """Its FHIR type."""
    many: bool = False
    children: "dict[str, Node]" = field(default_factory=dict)
    is_raw: bool = False
    """Whether it is read as JSON, unparsed, since its depth is not known."""

    def child(self, name: str, kind: str, *, many: bool) -> "Node":
        """Give a child, which is read from now on."""
        found = self.children.setdefault(name, Node(kind, many))
        if found.kind != kind or found.many != many:
            raise FhirPathError(
                f"'{name}' is read as {found.kind} and as {kind}: "
                "use two views, one for each"
            )
        return found

    def read_whole(self, seen: tuple[str, ...] = ()) -> None:
        """Read every element that the type has, and theirs, but no extension.

        A type within itself is read as JSON, as deep as it goes.
        """
        if self.kind in PRIMITIVES:
            return
        if self.kind in seen:
            self.is_raw = True
            return
        for element in children_of(self.kind):
            if element.name in {"extension", "modifierExtension", "contained"}:
                continue
            for kind in element.types:
                node = self.child(element.json_name(kind), kind, many=element.many)
                node.read_whole((*seen, self.kind))

    def read_only(self, names: tuple[str, ...], kind: str) -> None:
        """Read the elements that are named, as dotted paths, in that order."""
        for name in names:
            node, of = self, kind
            for step in name.split("."):
                node = node.named(step, of)
                of = node.kind
            node.read_whole()

    def named(self, name: str, of: str) -> "Node":
        """Give the child of a JSON name, such as `valueQuantity`, of a type."""
        for element in children_of(of):
            for kind in element.types:
                if element.json_name(kind) == name:
                    return self.child(name, kind, many=element.many)
        if name == "resourceType":
            return self.child(name, "code", many=False)
        raise FhirPathError(f"FHIR R4's {of} has no element '{name}'")

    @property
    def is_primitive(self) -> bool:
        """Whether it has a value and no elements."""
        return self.kind in PRIMITIVES

    @property
    def is_json(self) -> bool:
        """Whether it is read as JSON, whole."""
        if self.kind in PRIMITIVES:
            return self.kind in _AS_WRITTEN
        return self.is_raw or not self.children


def _single_type(node: Node) -> str:
    if node.is_json:
        return "JSON"
    if node.kind in PRIMITIVES:
        return "VARCHAR"
    inner = (
        f"{quoted(name)} {duckdb_type(sub)}" for name, sub in node.children.items()
    )
    return f"STRUCT({', '.join(inner)})"


def duckdb_type(node: Node, *, single: bool = False) -> str:
    """Write what is read as a DuckDB type, or the type of one item of it."""
    return _single_type(node) + ("[]" if node.many and not single else "")


def json_spec(node: Node, *, single: bool = False, is_open: bool = False) -> str:
    """Write what is read as `json_transform` wants it.

    Parameters
    ----------
    node : Node
        An element, or the resource.
    single : bool
        Whether one item is meant where the element repeats.
    is_open : bool
        Whether its elements are meant though it is read as JSON itself.
    """
    if node.is_json and not (is_open and node.children):
        inner = '"JSON"'
    elif node.kind in PRIMITIVES:
        inner = '"VARCHAR"'
    else:
        parts = (f'"{name}":{json_spec(sub)}' for name, sub in node.children.items())
        inner = "{" + ",".join(parts) + "}"
    return f"[{inner}]" if node.many and not single else inner


def _expected(node: Node) -> str | None:
    if node.kind == "boolean":
        return "'BOOLEAN', 'NULL'"
    if node.kind == "decimal":
        return "'BIGINT', 'UBIGINT', 'HUGEINT', 'UHUGEINT', 'DOUBLE', 'NULL'"
    if node.kind in _AS_WRITTEN:
        return "'BIGINT', 'UBIGINT', 'NULL'"
    if node.kind in PRIMITIVES or node.is_json:
        return None
    return _OBJECT


def _places(node: Node, path: str, shown: str) -> Iterator[tuple[str, str, str]]:
    """Give each element's path, how it is shown, and which types it may have."""
    for name, sub in node.children.items():
        here, there = f'{path}."{name}"', f"{shown}.{name}" if shown else name
        if sub.many:
            yield here, there, _ARRAY
            here += "[*]"
        expected = _expected(sub)
        if expected is not None:
            yield here, there, expected
        if not sub.is_raw:
            yield from _places(sub, here, there)


def wrong_type(root: Node, json: str, *, structure_only: bool = False) -> str:
    """Write an expression naming the first element that is not of its type.

    It is used only for files that the typed reading refused.

    Parameters
    ----------
    root : Node
        What is read of the resource.
    json : str
        SQL of the resource as JSON.
    structure_only : bool
        Whether values are left to be judged by the reader, and only objects and lists
        are looked for.
    """
    cases = []
    for path, shown, expected in _places(root, "$", ""):
        if structure_only and expected not in {_OBJECT, _ARRAY}:
            continue
        if "[*]" in path:
            bad = f"lambda x: x NOT IN ({expected})"
            wrong = f"len(list_filter(json_type({json}, {text(path)}), {bad})) > 0"
        else:
            wrong = f"json_type({json}, {text(path)}) NOT IN ({expected})"
        cases.append(f"WHEN {wrong} THEN {text(shown)}")
    return f"CASE {' '.join(cases)} END" if cases else "NULL"
