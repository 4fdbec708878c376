"""Concept sets of several cohorts as one list, each of equal content once."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from rounds.nouns.circe import attributes, parts

__all__ = ["renumbered"]


def renumbered(
    expressions: Sequence[Mapping[str, Any]],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Give the expressions with ids of concept sets that hold for all of them.

    Sets that no criterion uses are left out.

    Returns
    -------
    (list of dict, list of dict)
        The expressions, and the concept sets that they share.
    """
    known: dict[tuple[Any, ...], int] = {}
    shared: list[dict[str, Any]] = []
    found = []
    for expression in expressions:
        mine = copy.deepcopy(dict(expression))
        numbers: dict[int, int] = {}
        for one in mine.get("ConceptSets", []):
            content = _content(one)
            if content not in known:
                known[content] = len(known)
            numbers[one["id"]] = known[content]
        used = _renumber(mine, numbers)
        sets = {numbers[one["id"]]: one for one in mine.pop("ConceptSets", [])}
        have = {one["id"] for one in shared}
        shared += [{**sets[n], "id": n} for n in sorted(used - have)]
        mine["ConceptSets"] = []
        found.append(mine)
    return found, sorted(shared, key=lambda one: int(one["id"]))


def _content(concept_set: Mapping[str, Any]) -> tuple[Any, ...]:
    flags = ("isExcluded", "includeDescendants", "includeMapped")
    items = concept_set["expression"]["items"]
    return tuple(
        sorted(
            (one["concept"]["CONCEPT_ID"], *(bool(one.get(flag)) for flag in flags))
            for one in items
        )
    )


def _renumber(expression: dict[str, Any], numbers: Mapping[int, int]) -> set[int]:
    """Change the ids where they are used; give those that are."""
    used = set()
    for kind, part in parts(expression):
        for name, type_ in attributes(kind).items():
            if type_ == "codeset" and part.get(name) is not None:
                part[name] = numbers[part[name]]
                used.add(part[name])
    return used
