"""The form of an OHDSI Circe expression: a table of classes, and what does not fit it.

`circe.csv` says of each class which attributes it has and of which type; a type is
another class, a list of one (`Concept[]`), a simple one, or a choice (`word:` in any
case, `enum:` as written, `number:`). Criteria and end strategies are wrapped in an
object whose one attribute names the class.
"""

import csv
import datetime as dt
import difflib
import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from typing import Any, Final

__all__ = ["attributes", "canonical", "criteria_classes", "misfits", "parts"]

MOST_RULES: Final = 52
"""Circe adds up powers of two of a rule's place in a double: more rules would blur."""
_DEEPEST: Final = 60
_STRATEGIES: Final = {
    "DateOffset": "DateOffsetStrategy",
    "CustomEra": "CustomEraStrategy",
}
_DAY: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")


@cache
def _table() -> dict[str, dict[str, tuple[str, bool]]]:
    found: dict[str, dict[str, tuple[str, bool]]] = {}
    text = (files("rounds.nouns") / "circe.csv").read_text("utf-8")
    for row in csv.DictReader(text.splitlines()):
        kind = (row["type"], row["needed"] == "yes")
        found.setdefault(row["class"], {})[row["attribute"]] = kind
    return found


@cache
def criteria_classes() -> tuple[str, ...]:
    """Give the criteria that Circe has: one for each domain of the CDM, and eras."""
    inner = "DateAdjustment"
    return tuple(name for name, rows in _table().items() if inner in rows)


def attributes(name: str) -> dict[str, str]:
    """Give the attributes of a class, each with its type."""
    return {attribute: kind for attribute, (kind, _) in _table()[name].items()}


def parts(part: Any, kind: str = "CohortExpression") -> Iterator[tuple[str, Any]]:
    """Give every object of an expression with its class, each before those in it.

    Parameters
    ----------
    part : object
        An expression that fits, or a part of one.
    kind : str
        Its type, as `circe.csv` has it.
    """
    if kind.endswith("[]"):
        for one in part:
            yield from parts(one, kind.removesuffix("[]"))
    elif kind in {"Criterion", "EndStrategy"}:
        ((name, body),) = part.items()
        yield from parts(body, _STRATEGIES[name] if kind == "EndStrategy" else name)
    elif kind in _table():
        yield kind, part
        for name, one in part.items():
            yield from parts(one, _table()[kind][name][0])


def canonical(expression: Any) -> Any:
    """Leave out what is null: Circe takes an attribute that is null as not given.

    Raises
    ------
    ValueError
        If a part refers back to one that holds it, or it is nested beyond measure.
    """
    return _canonical(expression, (), "the expression")


def _canonical(part: Any, within: tuple[int, ...], where: str) -> Any:
    if not isinstance(part, dict | list):
        return part
    if id(part) in within:
        raise ValueError(f"{where} holds itself: a cyclic reference has no end")
    if len(within) > _DEEPEST:
        raise ValueError(f"{where} is nested more than {_DEEPEST} levels deep")
    inside = (*within, id(part))
    if isinstance(part, list):
        return [_canonical(one, inside, where) for one in part]
    return {
        str(name): _canonical(one, inside, str(name))
        for name, one in part.items()
        if one is not None or name == "Type"  # without one, Circe takes all events
    }


def misfits(expression: Any) -> tuple[str, ...]:
    """List everything in an expression that is not as Circe has it.

    Parameters
    ----------
    expression : object
        As `canonical` gives it.

    Returns
    -------
    tuple of str
        Each names the place, and where a name is not known, the nearest that is.
    """
    reading = _Reading()
    reading.part(expression, "CohortExpression", "")
    if not reading.found:
        reading.whole(expression)
    return tuple(reading.found)


class _Reading:
    """One walk through an expression: what is wrong, and which concept sets it uses."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.used: dict[int, str] = {}

    def part(self, part: Any, kind: str, where: str) -> None:
        if kind.endswith("[]"):
            self._list(part, kind.removesuffix("[]"), where)
        elif kind in {"Criterion", "EndStrategy"}:
            self._wrapped(part, kind, where)
        elif kind in _table():
            self._object(part, kind, where)
        else:
            self._simple(part, kind, where)

    def _wrong(self, where: str, what: str) -> None:
        self.found.append(f"{where or 'the expression'}: {what}")

    def _list(self, part: Any, kind: str, where: str) -> None:
        if not isinstance(part, list):
            self._wrong(where, "it is not a list")
            return
        for n, one in enumerate(part):
            self.part(one, kind, f"{where}[{n}]")

    def _wrapped(self, part: Any, kind: str, where: str) -> None:
        classes = {name: name for name in criteria_classes()}
        if kind == "EndStrategy":
            classes = _STRATEGIES
        if not isinstance(part, dict) or len(part) != 1:
            one_of = ", ".join(sorted(classes))
            self._wrong(where, f"it is not an object with one of {one_of} in it")
            return
        ((name, body),) = part.items()
        if name in classes:
            self.part(body, classes[name], f"{where}.{name}")
        else:
            self._unknown(where, name, kind, classes)

    def _object(self, part: Any, kind: str, where: str) -> None:
        if not isinstance(part, dict):
            self._wrong(where, f"it is not a {kind}, an object with attributes")
            return
        known = _table()[kind]
        dot = f"{where}." if where else ""
        for name, one in part.items():
            if name in known:
                self.part(one, known[name][0], f"{dot}{name}")
            else:
                self._unknown(where, name, kind, known)
        missing = [
            name for name, (_, need) in known.items() if need and name not in part
        ]
        for name in missing:
            self._wrong(where, f"a {kind} needs the attribute {name!r}")
        if str(part.get("Op", "")).endswith("bt") and "Extent" not in part:
            self._wrong(where, "a range between two values needs its Extent")

    def _unknown(self, where: str, name: str, kind: str, known: Any) -> None:
        folded = {one.lower(): one for one in known}
        near = difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.6)
        meant = f"; did you mean {folded[near[0]]!r}?" if near else ""
        self._wrong(where, f"a {kind} has no attribute {name!r}{meant}")

    def _simple(self, part: Any, kind: str, where: str) -> None:
        if kind == "codeset":
            kind = "integer"
            if isinstance(part, int):
                self.used.setdefault(part, where)
        choice, _, listed = kind.partition(":")
        if listed:
            said = part.lower() if choice == "word" and isinstance(part, str) else part
            among = listed.lower() if choice == "word" else listed
            if isinstance(part, bool) or str(said) not in among.split("|"):
                ways = ", ".join(listed.split("|"))
                self._wrong(where, f"{part!r} is not one of {ways}")
        elif not _FITS[kind](part):
            self._wrong(where, f"{part!r} is not a {kind}")

    def whole(self, expression: dict[str, Any]) -> None:
        """Check what only the whole can show: references, and that anybody enters."""
        sets: dict[int, Any] = {}
        for n, one in enumerate(expression.get("ConceptSets", [])):
            if one["id"] in sets:
                self._wrong(f"ConceptSets[{n}]", f"the id {one['id']} is taken")
            sets[one["id"]] = one
        for number, where in sorted(self.used.items()):
            if number not in sets:
                ids = ", ".join(map(str, sorted(sets))) or "none"
                said = f"there is no concept set {number}; there are: {ids}"
                self._wrong(where, said)
            elif not any(_included(sets[number])):
                said = f"concept set {number} ({_name(sets[number])}) is empty"
                self._wrong(where, f"{said}: it includes no concept")
        if not expression["PrimaryCriteria"]["CriteriaList"]:
            self._wrong("PrimaryCriteria.CriteriaList", "nothing lets anybody enter")
        n_rules = len(expression.get("InclusionRules", []))
        if n_rules > MOST_RULES:
            said = f"{n_rules} rules; Circe can tell {MOST_RULES} apart"
            self._wrong("InclusionRules", said)


def _included(concept_set: dict[str, Any]) -> Iterator[dict[str, Any]]:
    items = concept_set["expression"]["items"]
    return (item for item in items if not item.get("isExcluded"))


def _name(concept_set: dict[str, Any]) -> str:
    return repr(concept_set.get("name", ""))


def _is_day(part: Any) -> bool:
    match = _DAY.fullmatch(part) if isinstance(part, str) else None
    if match is None:
        return False
    try:
        dt.date(*map(int, match.groups()))
    except ValueError:
        return False
    return True


def _is_number(part: Any) -> bool:
    return isinstance(part, int | float) and not isinstance(part, bool)


_FITS: Final[dict[str, Callable[[Any], bool]]] = {
    "text": lambda part: isinstance(part, str),
    "boolean": lambda part: isinstance(part, bool),
    "integer": lambda part: isinstance(part, int) and not isinstance(part, bool),
    "number": _is_number,
    "date": _is_day,
}
