"""A ViewDefinition as it stands in JSON, read and checked: the whole of it at once.

References
----------
.. [1] HL7, SQL on FHIR v2, logical model ViewDefinition:
   https://sql-on-fhir.org/ig/StructureDefinition-ViewDefinition.html
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rounds.datamart.sql_on_fhir.elements import is_resource
from rounds.datamart.sql_on_fhir.expressions import constant
from rounds.datamart.sql_on_fhir.fhirpath import Expression, FhirPathError, parse
from rounds.datamart.sql_on_fhir.values import Value

__all__ = ["Column", "Problem", "Select", "View", "read_view"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_CONSTANTS = """
    Base64Binary Boolean Canonical Code Date DateTime Decimal Id Instant Integer
    Integer64 Oid String PositiveInt Time UnsignedInt Uri Url Uuid
"""
_CONSTANT_TYPES = {
    f"value{name}": name[0].lower() + name[1:] for name in _CONSTANTS.split()
}
_OF_A_VIEW = """
    resourceType id meta implicitRules language text contained extension
    modifierExtension url identifier version versionAlgorithmString
    versionAlgorithmCoding name title status experimental date publisher contact
    description useContext jurisdiction purpose copyright copyrightLabel
    approvalDate lastReviewDate effectivePeriod topic author editor reviewer
    endorser relatedArtifact resource profile fhirVersion constant select where
"""
_TOP = frozenset(_OF_A_VIEW.split())
_SELECT = frozenset(
    {"column", "select", "unionAll", "forEach", "forEachOrNull", "repeat"}
)
_COLUMN = frozenset({"path", "name", "description", "collection", "type", "tag"})
_ANYWHERE = frozenset({"id", "extension", "modifierExtension"})
_ITERATIONS = ("forEach", "forEachOrNull", "repeat")
_DEEPEST = 30


@dataclass(frozen=True)
class Problem:
    """What is wrong, and where in the JSON."""

    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}" if self.place else self.what


@dataclass(frozen=True)
class Column:
    """One column of a view."""

    place: str
    name: str
    path: Expression
    collection: bool = False
    type: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    written: str = ""
    """The path as it stands in the view."""


@dataclass(frozen=True)
class Select:
    """Columns and further selects, for one item or for each of many."""

    place: str
    columns: tuple[Column, ...] = ()
    selects: "tuple[Select, ...]" = ()
    union: "tuple[Select, ...]" = ()
    for_each: Expression | None = None
    is_or_null: bool = False
    repeat: tuple[Expression, ...] = ()


@dataclass(frozen=True)
class View:
    """A view that is well formed; its paths are parsed but have no types yet."""

    resource: str
    name: str = ""
    constants: dict[str, Value] = field(default_factory=dict)
    select: Select = field(default_factory=lambda: Select("select"))
    where: tuple[tuple[str, Expression], ...] = ()


class _Reader:
    """Reads one document and keeps what is wrong with it."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def wrong(self, place: str, what: str) -> None:
        self.problems.append(Problem(place, what))

    def known(self, of: dict[str, Any], place: str, names: frozenset[str]) -> None:
        for name in of:
            if name not in names | _ANYWHERE and not name.startswith("_"):
                here = f"{place}.{name}" if place else name
                self.wrong(here, "no such element in a ViewDefinition")

    def objects(
        self, of: dict[str, Any], name: str, place: str
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        here = f"{place}.{name}" if place else name
        given = of.get(name, [])
        if not isinstance(given, list):
            self.wrong(here, "a list is needed")
            return
        for number, each in enumerate(given):
            if isinstance(each, dict):
                yield f"{here}[{number}]", each
            else:
                self.wrong(f"{here}[{number}]", "an object is needed")

    def path(self, given: object, place: str) -> Expression | None:
        if not isinstance(given, str):
            self.wrong(place, "a FHIRPath expression in quotes is needed")
            return None
        try:
            return parse(given)
        except FhirPathError as error:
            self.wrong(place, f"{given!r}: {error}")
            return None

    def sql_name(self, of: dict[str, Any], place: str, needed: bool = True) -> str:
        given = of.get("name")
        if given is None and not needed:
            return ""
        if not isinstance(given, str) or not _NAME.fullmatch(given):
            self.wrong(
                f"{place}.name" if place else "name",
                "a name of letters, digits and underscores is needed, a letter first",
            )
            return ""
        return given

    def columns(self, of: dict[str, Any], place: str) -> tuple[Column, ...]:
        found = []
        for here, each in self.objects(of, "column", place):
            self.known(each, here, _COLUMN)
            name = self.sql_name(each, here)
            path = self.path(each.get("path"), f"{here}.path")
            collection = each.get("collection", False)
            if not isinstance(collection, bool):
                self.wrong(f"{here}.collection", "true or false is needed")
            kind = each.get("type")
            if kind is not None and not isinstance(kind, str):
                self.wrong(f"{here}.type", "the name of a type is needed")
                kind = None
            tags = self.tags(each, here)
            if path is not None:
                kind = kind and kind.rsplit("/StructureDefinition/", 1)[-1]
                written = str(each["path"])
                found.append(
                    Column(here, name, path, bool(collection), kind, tags, written)
                )
        return tuple(found)

    def tags(self, of: dict[str, Any], place: str) -> dict[str, str]:
        found = {}
        for here, each in self.objects(of, "tag", place):
            name, value = each.get("name"), each.get("value")
            if isinstance(name, str) and isinstance(value, str):
                found[name] = value
            else:
                self.wrong(here, "a tag has a name and a value, both strings")
        return found

    def select(self, of: dict[str, Any], place: str, depth: int = 0) -> Select:
        if depth > _DEEPEST:
            self.wrong(place, "it is nested too deeply")
            return Select(place)
        self.known(of, place, _SELECT)
        given = [name for name in _ITERATIONS if name in of]
        if len(given) > 1:
            self.wrong(place, f"only one of {', '.join(given)} may be here")
        for_each = None
        for name in given[:1]:
            if name != "repeat":
                for_each = self.path(of[name], f"{place}.{name}")
        select = Select(
            place,
            self.columns(of, place),
            tuple(
                self.select(each, here, depth + 1)
                for here, each in self.objects(of, "select", place)
            ),
            tuple(
                self.select(each, here, depth + 1)
                for here, each in self.objects(of, "unionAll", place)
            ),
            for_each,
            is_or_null="forEachOrNull" in of,
            repeat=self.repeat(of, place) if "repeat" in of else (),
        )
        if not any(of.get(name) for name in ("column", "select", "unionAll")):
            self.wrong(place, "a column, a select or a unionAll is needed")
        return select

    def repeat(self, of: dict[str, Any], place: str) -> tuple[Expression, ...]:
        given = of["repeat"]
        if not isinstance(given, list) or not given:
            self.wrong(f"{place}.repeat", "a list of FHIRPath expressions is needed")
            return ()
        paths = [
            self.path(each, f"{place}.repeat[{number}]")
            for number, each in enumerate(given)
        ]
        return tuple(path for path in paths if path is not None)

    def constants(self, of: dict[str, Any]) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for here, each in self.objects(of, "constant", ""):
            name = self.sql_name(each, here)
            given = [key for key in each if key in _CONSTANT_TYPES]
            self.known(each, here, frozenset({"name", *_CONSTANT_TYPES}))
            if len(given) != 1:
                self.wrong(here, "one value is needed, such as valueString")
                continue
            if name in found:
                self.wrong(here, f"the constant {name!r} is there already")
            value = self.constant(each[given[0]], _CONSTANT_TYPES[given[0]])
            if value is None:
                self.wrong(f"{here}.{given[0]}", "the value is not of this type")
            else:
                found[name] = value
        return found

    @staticmethod
    def constant(given: object, kind: str) -> Value | None:
        if isinstance(given, bool):
            return constant(kind, str(given).lower()) if kind == "boolean" else None
        if kind == "decimal" and isinstance(given, int | float):
            return constant(kind, repr(given))
        if kind in {"integer", "positiveInt", "unsignedInt"}:
            return constant(kind, str(given)) if isinstance(given, int) else None
        if kind == "integer64" and re.fullmatch(r"-?\d+", str(given)):
            return constant(kind, str(given))
        if kind in {"boolean", "decimal", "integer64"} or not isinstance(given, str):
            return None
        return constant(kind, given)


def _names(select: Select, reader: _Reader, before: tuple[str, ...]) -> tuple[str, ...]:
    """Give the names of the columns in order; each may be there once."""
    found = list(before)
    for column in select.columns:
        if column.name and column.name in found:
            reader.wrong(column.place, f"the column {column.name!r} is there already")
        found.append(column.name)
    for each in select.selects:
        found = list(_names(each, reader, tuple(found)))
    branches = [_names(each, reader, tuple(found)) for each in select.union]
    for each, names in zip(select.union, branches, strict=True):
        if names != branches[0]:
            reader.wrong(
                each.place,
                "its columns are not those of the first of the unionAll, in order",
            )
    return branches[0] if branches else tuple(found)


def read_view(document: object) -> tuple[View | None, tuple[Problem, ...]]:
    """Read a ViewDefinition from JSON.

    Returns
    -------
    tuple of View or None, and of tuple of Problem
        The view, as far as it can be read, and everything that is wrong with its form.
    """
    reader = _Reader()
    if not isinstance(document, dict):
        return None, (Problem("", "a JSON object is needed"),)
    reader.known(document, "", _TOP)
    if document.get("resourceType", "ViewDefinition") != "ViewDefinition":
        reader.wrong("resourceType", "it is not a ViewDefinition")
    versions = document.get("fhirVersion") or ["4.0.1"]
    if not any(str(each).startswith("4.") for each in versions):
        reader.wrong("fhirVersion", "it is not for FHIR R4, by which it would be read")
    resource = document.get("resource")
    if not isinstance(resource, str) or not is_resource(resource):
        reader.wrong("resource", "a resource type of FHIR R4 is needed, e.g. Patient")
    selects = tuple(
        reader.select(each, place)
        for place, each in reader.objects(document, "select", "")
    )
    if not document.get("select"):
        reader.wrong("select", "at least one is needed")
    constants = reader.constants(document)
    where = []
    for place, each in reader.objects(document, "where", ""):
        reader.known(each, place, frozenset({"path", "description"}))
        path = reader.path(each.get("path"), f"{place}.path")
        if path is not None:
            where.append((f"{place}.path", path))
    name = reader.sql_name(document, "", needed=False)
    select = Select("select", selects=selects)
    _names(select, reader, ())
    problems = tuple(reader.problems)
    if not isinstance(resource, str) or not is_resource(resource):
        return None, problems
    return View(resource, name, constants, select, tuple(where)), problems
