"""Everything wrong with a measure, at once."""

from collections import Counter
from collections.abc import Iterator

from rounds.definitions.graph import CLAUSES, nodes
from rounds.nouns import (
    Age,
    DefinitionError,
    Events,
    IndexVisit,
    Measure,
    Noun,
    Point,
    Window,
)

__all__ = ["check"]


def check(measure: Measure) -> list[str]:
    """List every problem of a measure that its fields alone cannot show.

    Parameters
    ----------
    measure : Measure
        A measure whose fields are valid.

    Returns
    -------
    list of str
        Each problem as `field: what is wrong, and what to do`; empty if there is none.
    """
    problems = [*_names(measure), *_concept_sets(measure)]
    used = set()
    for clause in CLAUSES:
        root = getattr(measure, clause)
        if root is None:
            continue
        for path, node in nodes(root, clause):
            problems.extend(f"{path}: {text}" for text in _node(measure, node))
            if isinstance(node, Events) and node.concept_set:
                used.add(node.concept_set)
    problems.extend(
        f"concept_sets: {one.name!r} is not used by any clause; remove it"
        for one in measure.concept_sets
        if one.name not in used
    )
    return problems


def _names(measure: Measure) -> Iterator[str]:
    try:
        measure.ref()
    except (DefinitionError, ValueError):
        yield (
            f"name: {measure.name!r}, version {measure.version!r}: use lower-case "
            "letters, digits and hyphens"
        )


def _concept_sets(measure: Measure) -> Iterator[str]:
    known = {one.name for one in measure.concept_sets}
    for field, names in (
        ("concept_sets", [one.name for one in measure.concept_sets]),
        ("additions", [one.name for one in measure.additions]),
    ):
        for name, times in Counter(names).items():
            if times > 1:
                yield f"{field}: {name!r} is given {times} times"
    for addition in measure.additions:
        if addition.concept_set not in known:
            yield _unknown(f"additions.{addition.name}", addition.concept_set, known)
    holders = [
        (f"concept_sets.{s.name}", (*s.include, *s.exclude))
        for s in measure.concept_sets
    ]
    holders += [(f"additions.{a.name}", a.include) for a in measure.additions]
    for where, codes in holders:
        for system in sorted({code.system for code in codes}):
            if not system.startswith(("http://", "https://", "urn:")):
                yield (
                    f"{where}: system {system!r} is not a URI; write it as FHIR does, "
                    "e.g. http://snomed.info/sct"
                )


def _node(measure: Measure, node: Noun) -> Iterator[str]:
    person = measure.basis == "person"
    if person and isinstance(node, IndexVisit):
        yield "index_visit needs basis: visit"
    if person and isinstance(node, Age | Point) and node.at == "index":
        yield "persons have no index; anchor to the period, or use basis: visit"
    if isinstance(node, Age) and (node.from_years or 0) > (
        200 if node.to_years is None else node.to_years
    ):
        yield f"from {node.from_years} to {node.to_years} years is nobody"
    if isinstance(node, Window) and _is_empty(node):
        yield "the window ends before it starts; exchange the two"
    if isinstance(node, Events):
        known = {one.name for one in measure.concept_sets}
        if node.concept_set and node.concept_set not in known:
            yield _unknown("concept_set", node.concept_set, known)
        if node.domain == "measurement" and node.value and not node.units:
            yield "values are compared, so name the accepted units"
    if getattr(node, "pick", None) and not node.events.units:  # type: ignore[attr-defined]
        yield "a value is read, so name the accepted units of its events"


def _unknown(where: str, name: str, known: set[str]) -> str:
    listed = ", ".join(sorted(known)) or "none"
    return f"{where}: there is no concept set {name!r}; there are: {listed}"


def _is_empty(window: Window) -> bool:
    start, end = window.start, window.end
    if start is None or end is None or start.at != end.at:
        return False
    return (start.months, start.days) > (end.months, end.days)
