"""Everything wrong with a measure, at once."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator

from rounds.definitions.graph import clauses, day_in, named_sets, nodes
from rounds.nouns import (
    Age,
    Comparison,
    DefinitionError,
    Events,
    Measure,
    Noun,
    Period,
    Point,
    Reading,
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
    problems = [*_names(measure), *measure.misplaced(), *_concept_sets(measure)]
    for path, root in clauses(measure):
        for where, node in nodes(root, path):
            problems.extend(f"{where}: {text}" for text in _node(node))
    known = {one.name for one in measure.concept_sets}
    used = dict(named_sets(measure))
    problems.extend(
        _unknown(path, name, known) for path, name in used.items() if name not in known
    )
    problems.extend(
        f"concept_sets: {one.name!r} is not used by any clause; remove it"
        for one in measure.concept_sets
        if one.name not in used.values()
    )
    problems.extend(
        f"stratifiers.{one.name}: every measure can be split by {one.name}; name it "
        "otherwise"
        for one in measure.stratifiers
        if one.name in {"provider", "sex", "age", "month"}
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


def _node(node: Noun) -> Iterator[str]:
    if isinstance(node, Age) and (node.from_years or 0) > (
        200 if node.to_years is None else node.to_years
    ):
        yield f"from {node.from_years} to {node.to_years} years is nobody"
    if isinstance(node, Window) and _is_empty(node):
        yield "the window ends before it starts; exchange the two"
    if isinstance(node, Comparison) and _is_nowhere(node):
        yield "no number is in this range; exchange its bounds"
    if (
        isinstance(node, Events)
        and node.domain == "measurement"
        and node.value
        and not node.units
    ):
        yield "values are compared, so name the accepted units"
    if (
        isinstance(node, Reading)
        and node.pick not in {"count", "days"}
        and node.events.number_read == "value_as_number"
        and not node.events.units
    ):
        yield "a value is read, so name the accepted units of its events"


def _unknown(where: str, name: str, known: set[str]) -> str:
    listed = ", ".join(sorted(known)) or "none"
    return f"{where}: there is no concept set {name!r}; there are: {listed}"


def _is_empty(window: Window) -> bool:
    start, end = window.start, window.end
    if start is None or end is None:
        return False
    if isinstance(start.at, dt.date) and isinstance(end.at, dt.date):
        anywhere = Period(start=start.at, end=start.at)
        return day_in(anywhere, start) > day_in(anywhere, end)
    if start.at == end.at:
        return _offset(start) > _offset(end)
    # Whatever the period and the index are, these ends are not before those starts.
    ends_first = {
        ("period_end", "period_start"),
        ("index_end", "index"),
        ("event_end", "event"),
    }
    first, last = _offset(start), _offset(end)
    return (start.at, end.at) in ends_first and first >= (0, 0) >= last and first > last


def _offset(point: Point) -> tuple[int, float]:
    """Give how far from its anchor a point lies, in months, then days."""
    days = point.days if point.hours is None else point.hours / 24
    return point.months, days


def _is_nowhere(one: Comparison) -> bool:
    """Tell whether the bounds of a range exclude one another."""
    lows = [low for low in (one.at_least, one.above) if low is not None]
    highs = [high for high in (one.at_most, one.below) if high is not None]
    if not lows or not highs:
        return False
    strict = one.above == max(lows) or one.below == min(highs)
    return max(lows) > min(highs) or (strict and max(lows) == min(highs))
