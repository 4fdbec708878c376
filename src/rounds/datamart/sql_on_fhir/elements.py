"""What each type of FHIR R4 is made of: `elements.csv`, by type and name."""

import csv
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = [
    "INTEGERS",
    "PRIMITIVES",
    "Element",
    "children_of",
    "element_of",
    "family",
    "is_a",
    "is_resource",
    "is_type",
]

INTEGERS = frozenset({"integer", "positiveInt", "unsignedInt", "integer64"})
_DATES = frozenset({"date", "dateTime", "instant"})
_TEXTS = """
    base64Binary canonical code id markdown oid string uri url uuid xhtml
"""
_STRINGS = frozenset(_TEXTS.split())
PRIMITIVES = INTEGERS | _DATES | _STRINGS | {"boolean", "decimal", "time"}

_BASE_OF_PRIMITIVE = {
    "code": "string",
    "id": "string",
    "markdown": "string",
    "url": "uri",
    "canonical": "uri",
    "oid": "uri",
    "uuid": "uri",
    "positiveInt": "integer",
    "unsignedInt": "integer",
}


@dataclass(frozen=True)
class Element:
    """One element of a type."""

    name: str
    """As it stands in JSON; a choice without its `[x]`."""
    types: tuple[str, ...]
    """Its type, or for a choice each type it may have."""
    many: bool
    is_choice: bool

    def json_name(self, kind: str) -> str:
        """Give the name that the choice of one type has in JSON."""
        return self.name + kind[0].upper() + kind[1:] if self.is_choice else self.name


@cache
def _table() -> tuple[dict[str, str], dict[str, dict[str, Element]]]:
    """Give the base of each type and its own elements."""
    bases: dict[str, str] = dict(_BASE_OF_PRIMITIVE)
    elements: dict[str, dict[str, Element]] = defaultdict(dict)
    source = files("rounds.datamart.sql_on_fhir") / "elements.csv"
    with source.open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if not row["element"]:
                bases[row["type"]] = row["of"]
                continue
            name = row["element"].removesuffix("[x]")
            elements[row["type"]][name] = Element(
                name,
                tuple(row["of"].split("|")),
                many=row["many"] == "many",
                is_choice=name != row["element"],
            )
    return bases, dict(elements)


def family(kind: str) -> str:
    """Give one name to the types whose values can be compared with each other."""
    if kind in _STRINGS:
        return "string"
    if kind in INTEGERS or kind == "decimal":
        return "number"
    return "date" if kind in _DATES else kind


def is_type(name: str) -> bool:
    """Tell whether FHIR R4 has such a type, or such a part of a type."""
    bases, elements = _table()
    return name in PRIMITIVES or name in bases or name in elements


def is_a(kind: str, other: str) -> bool:
    """Tell whether a type is another, or is based on it."""
    bases = _table()[0]
    here: str | None = kind
    while here is not None:
        if here == other:
            return True
        here = bases.get(here)
    return False


def is_resource(name: str) -> bool:
    """Tell whether it is a type of resource, such as Patient."""
    return is_a(name, "Resource") and name not in {"Resource", "DomainResource"}


def element_of(kind: str, name: str) -> Element | None:
    """Give one element of a type, its own or one of the type that it is based on."""
    bases, elements = _table()
    here: str | None = kind
    while here is not None:
        found = elements.get(here, {}).get(name)
        if found is not None:
            return found
        here = bases.get(here)
    return None


@cache
def children_of(kind: str) -> tuple[Element, ...]:
    """Give every element of a type, those of its base last."""
    bases, elements = _table()
    found: dict[str, Element] = {}
    here: str | None = kind
    while here is not None:
        found = {**elements.get(here, {}), **found}
        here = bases.get(here)
    return tuple(found.values())
