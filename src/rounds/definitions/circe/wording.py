"""How parts of a Circe expression are said: ranges, concepts, windows, counts."""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

__all__ = [
    "SetNames",
    "attribute_words",
    "noun_of",
    "said",
    "set_name",
    "times",
    "window",
]

SetNames = Mapping[int, str]
"""Concept set's id → its name."""

_COMPARED: Final = {
    "lt": "less than {}",
    "lte": "at most {}",
    "eq": "{}",
    "!eq": "other than {}",
    "gt": "more than {}",
    "gte": "at least {}",
    "bt": "{} to {}",
    "!bt": "not {} to {}",
}
_DATED: Final = {
    "lt": "before {}",
    "lte": "on or before {}",
    "eq": "on {}",
    "!eq": "on another day than {}",
    "gt": "after {}",
    "gte": "on or after {}",
    "bt": "from {} to {}",
    "!bt": "not from {} to {}",
}
_TEXTUAL: Final = {
    "eq": "is {!r}",
    "!eq": "is not {!r}",
    "startsWith": "begins with {!r}",
    "!startsWith": "does not begin with {!r}",
    "contains": "contains {!r}",
    "!contains": "does not contain {!r}",
    "endsWith": "ends with {!r}",
    "!endsWith": "does not end with {!r}",
}
_HOW_MANY: Final = {0: "exactly", 1: "at most", 2: "at least"}
_COUNTED: Final = {
    "DAYS_SUPPLY": "different days of supply",
    "DOMAIN_CONCEPT": "different concepts",
    "DOMAIN_SOURCE_CONCEPT": "different source concepts",
    "DURATION": "different durations",
    "END_DATE": "different last days",
    "ERA_OCCURRENCES": "different numbers of records",
    "GAP_DAYS": "different gaps",
    "QUANTITY": "different quantities",
    "RANGE_HIGH": "different upper limits",
    "RANGE_LOW": "different lower limits",
    "REFILLS": "different refills",
    "START_DATE": "different first days",
    "UNIT": "different units",
    "VALUE_AS_NUMBER": "different values",
    "VISIT_ID": "different visits",
    "VISIT_DETAIL_ID": "different visit details",
}


@cache
def _words() -> dict[tuple[str, str], str]:
    written = (files(__package__) / "words.csv").read_text("utf-8")
    rows = csv.DictReader(written.splitlines())
    return {(row["class"], row["attribute"]): row["words"] for row in rows}


def noun_of(kind: str) -> str:
    """Give the plain name of a criterion: `ConditionOccurrence` → `condition`."""
    return _words()[kind, ""]


def attribute_words(kind: str, attribute: str) -> str:
    """Give how an attribute of a class is said, with {} for its value.

    Raises
    ------
    KeyError
        If there are no words for it.
    """
    words = _words()
    return words.get((kind, attribute)) or words["", attribute]


def said(kind: str, value: Any, sets: SetNames) -> str:
    """Say a value of a type of Circe.

    Parameters
    ----------
    kind : str
        As `circe.csv` has it: `NumericRange`, `Concept[]`, `codeset`, …
    value : object
        A value of this type.
    sets : mapping of int to str
        Names of the concept sets.
    """
    if kind in {"NumericRange", "DateRange"}:
        ways = _COMPARED if kind == "NumericRange" else _DATED
        return ways[value["Op"]].format(value["Value"], value.get("Extent"))
    if kind == "TextFilter":
        return _TEXTUAL[value["Op"]].format(value["Text"])
    if kind == "Concept[]":
        return " or ".join(_concept(one) for one in value)
    if kind == "ConceptSetSelection":
        number, but_not = value.get("CodesetId"), value.get("IsExclusion")
        if number is None:
            return "not recorded" if but_not else "recorded"
        return f"{'not ' if but_not else ''}in {set_name(number, sets)}"
    if kind == "codeset":
        return set_name(value, sets)
    if kind == "Period":
        return _period(value)
    if kind == "DateAdjustment":
        return _adjusted(value)
    return str(value)


def set_name(number: int, sets: SetNames) -> str:
    """Give a concept set's name, in quotes."""
    return f"“{sets.get(number) or f'concept set {number}'}”"


def _concept(concept: Mapping[str, Any]) -> str:
    return str(concept.get("CONCEPT_NAME") or f"concept {concept['CONCEPT_ID']}")


def _period(value: Mapping[str, Any]) -> str:
    start = f"from {value['StartDate']}" if "StartDate" in value else ""
    end = f"until {value['EndDate']}" if "EndDate" in value else ""
    return " ".join(filter(None, (start, end))) or "as it is"


def _adjusted(value: Mapping[str, Any]) -> str:
    ends = {"START_DATE": "start", "END_DATE": "end"}

    def point(which: str, default: str) -> str:
        days = value.get(f"{which}Offset", 0)
        at = ends[value.get(f"{which}With", default)]
        if not days:
            return f"its {at}"
        return f"{_days(abs(days))} {'after' if days > 0 else 'before'} its {at}"

    return f"from {point('Start', 'START_DATE')} to {point('End', 'END_DATE')}"


def times(occurrence: Mapping[str, Any]) -> str:
    """Say how often something must be: `at least 2, of different first days`."""
    how = f"{_HOW_MANY[occurrence['Type']]} {occurrence['Count']}"
    if occurrence["Count"] == 0 and occurrence["Type"] != 2:
        how = "no"
    if not occurrence.get("IsDistinct"):
        return how
    column = occurrence.get("CountColumn", "DOMAIN_CONCEPT")
    return f"{how} {_COUNTED[column]} among"


def window(part: Mapping[str, Any], around: str, *, ends: bool) -> str:
    """Say a window of days.

    Parameters
    ----------
    part : mapping
        A Circe Window.
    around : str
        What its days are counted from: "the entry event".
    ends : bool
        Whether it is of the end of what is looked for, if it does not say.
    """
    what = "ends" if part.get("UseEventEnd", ends) else "starts"
    index = f"{around}'s {'end' if part.get('UseIndexEnd') else 'start'}"
    start, end = part["Start"], part["End"]
    if "Days" not in start and "Days" not in end:
        return f"that {what} at any time"
    return f"that {what} from {_point(start, index)} to {_point(end, index)}"


def _point(point: Mapping[str, Any], index: str) -> str:
    side = "before" if point["Coeff"] < 0 else "after"
    if "Days" not in point:
        return f"any time {side}"
    if point["Days"] == 0:
        return index
    return f"{_days(point['Days'])} {side} {index}"


def _days(n: int) -> str:
    return f"{n} day" if n == 1 else f"{n} days"
