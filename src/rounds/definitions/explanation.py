"""A measure in plain words, clause by clause, to be reviewed without code."""

from collections.abc import Iterator

from rounds.definitions.graph import CLAUSES, concept_set_of
from rounds.nouns import (
    Age,
    All,
    Any,
    Compare,
    Comparison,
    Events,
    Exists,
    IndexVisit,
    LastDayWithAll,
    Measure,
    NewCode,
    Not,
    Noun,
    Point,
    Reading,
    Window,
)
from rounds.nouns.concept_set import Code, CodePrefix

__all__ = ["explain"]

_TITLES = {
    "initial_population": "Who is looked at (initial population)",
    "denominator": "Who is counted (denominator)",
    "denominator_exclusion": "Who is left out (denominator exclusion)",
    "denominator_exception": (
        "Who is left out unless the numerator is met (denominator exception)"
    ),
    "numerator": "What counts as met (numerator)",
    "numerator_exclusion": "What does not count as met (numerator exclusion)",
    "measure_observation": "What is measured (measure observation)",
    "observed_when": "When the outcome can be known (observed)",
}
_DAYS = {
    "period_start": "the period's first day",
    "period_end": "the period's last day",
    "index": "the index visit's day",
}


def explain(measure: Measure) -> str:
    """Say a measure in plain words: every clause, every code, what it leaves out.

    Parameters
    ----------
    measure : Measure
        A measure that `check` finds nothing wrong with.

    Returns
    -------
    str
        Lines of text, without markup.

    Raises
    ------
    KeyError
        If a clause names a concept set that the measure does not hold.
    """
    return "\n".join(_lines(measure))


def _lines(measure: Measure) -> Iterator[str]:
    yield f"{measure.title} ({measure.name}, version {measure.version})"
    if measure.description:
        yield measure.description
    yield ""
    yield (
        f"After {measure.follows}, with the differences listed below."
        if measure.follows
        else "Follows no published measure."
    )
    yield (
        f"Counts {_basis(measure)}; {_scoring(measure)}; {measure.type} measure; "
        f"{_better(measure)}."
    )
    for clause in CLAUSES:
        root = getattr(measure, clause)
        if root is not None:
            yield ""
            yield f"{_TITLES[clause]}:"
            yield from _indented(_say(measure, root), 1)
        elif clause == "denominator":
            yield ""
            yield f"{_TITLES[clause]}: the initial population."
    yield from _codes(measure)
    if measure.leaves_out:
        yield ""
        yield "What it leaves out, and does differently:"
        yield from (f"  - {sentence}" for sentence in measure.leaves_out)
    if measure.source:
        yield ""
        yield "Written from:"
        yield from (f"  - {source}" for source in measure.source)


def _basis(measure: Measure) -> str:
    if measure.basis == "person":
        return "persons"
    if measure.index == "first":
        return "persons, at their first visit of the initial population in the period"
    return (
        "every visit of the period that belongs to the initial population (one a day)"
    )


def _scoring(measure: Measure) -> str:
    if measure.scoring == "proportion":
        return "a proportion"
    unit = f" in {measure.unit}" if measure.unit else ""
    return f"the mean of a number{unit}"


def _better(measure: Measure) -> str:
    better = "higher" if measure.improvement_notation == "increase" else "lower"
    return f"{better} is better"


def _codes(measure: Measure) -> Iterator[str]:
    for one in measure.concept_sets:
        yield ""
        below = " and what is below them" if one.descendants else ""
        mapped = " and what maps to them" if one.mapped else ""
        yield f"Codes of {one.title or one.name}{below}{mapped}:"
        yield from (f"  - {_code(code)}" for code in one.include)
        yield from (f"  - but not {_code(code)}" for code in one.exclude)
        if one.note:
            yield f"  {one.note}"
        for addition in measure.additions:
            if addition.concept_set == one.name:
                state = "on" if addition.enabled else "off"
                named = f"  Addition {addition.name!r}, switched {state}"
                yield f"{named}: {addition.reason}"
                yield from (f"    - {_code(code)}" for code in addition.include)


def _code(code: Code | CodePrefix) -> str:
    shown = f" {code.display}" if code.display else ""
    if isinstance(code, CodePrefix):
        return (
            f"every code of {code.system} that begins with {code.code_prefix}:{shown}"
        )
    return f"{code.system} {code.code}:{shown}"


def _indented(lines: Iterator[str], depth: int) -> Iterator[str]:
    yield from ("  " * depth + line for line in lines)


def _say(measure: Measure, node: Noun) -> Iterator[str]:
    if isinstance(node, All | Any):
        yield "all of these hold:" if isinstance(node, All) else "any of these holds:"
        for part in node.of:
            first, *rest = _say(measure, part)
            yield f"  - {first}"
            yield from (f"    {line}" for line in rest)
    elif isinstance(node, Not):
        yield "it is not so that:"
        yield from _indented(_say(measure, node.of), 1)
    elif isinstance(node, Age):
        yield _age(node)
    elif isinstance(node, IndexVisit):
        yield f"the index visit is {_or(node.classes)}"
    elif isinstance(node, Exists):
        yield from _labelled(node.label, _exists(measure, node))
    elif isinstance(node, NewCode):
        yield from _labelled(
            node.label,
            f"{_events(measure, node.events)}, with a code that the person had never "
            "had before",
        )
    elif isinstance(node, Compare):
        yield f"{_reading(measure, node.reading)} is {_range(node.range)}"
    elif isinstance(node, Reading):
        yield _reading(measure, node)


def _labelled(label: str, sentence: str) -> Iterator[str]:
    if label:
        yield label
        yield f"  (exactly: {sentence})"
    else:
        yield sentence


def _age(node: Age) -> str:
    day = _DAYS[node.at]
    if node.to_years is None:
        return f"aged {node.from_years} or older on {day}"
    if node.from_years is None:
        return f"aged {node.to_years} or younger on {day}"
    return f"aged {node.from_years} to {node.to_years} on {day}"


def _exists(measure: Measure, node: Exists) -> str:
    number = "at least one" if node.at_least == 1 else f"at least {node.at_least}"
    return f"{number} {_events(measure, node.events)}"


def _events(measure: Measure, events: Events) -> str:
    parts: list[str] = [events.domain]
    if events.visit_classes:
        parts.append(f"({_or(events.visit_classes)})")
    if events.concept_set:
        one = concept_set_of(measure, events.concept_set)
        parts.append(f"of '{one.title or one.name}'")
    if events.value:
        parts.append(f"with a value {_range(events.value)}")
    if events.units:
        parts.append(f"in {_or(events.units)}")
    if events.not_from:
        parts.append(f"not from a visit that is {_or(events.not_from)}")
    parts.append(_window(events.window, overlaps=events.match == "overlaps"))
    return " ".join(part for part in parts if part)


def _window(window: Window, *, overlaps: bool) -> str:
    start, end = window.start, window.end
    if overlaps:
        begun = f"begun by {_point(end)}" if end else "begun at any time"
        return f"{begun} and not ended before {_point(start)}" if start else begun
    if start is None and end is None:
        return "at any time"
    if start is None:
        assert end is not None
        return f"at any time up to {_point(end)}"
    if end is None:
        return f"from {_point(start)} on"
    if start == end:
        return f"on {_point(start)}"
    return f"from {_point(start)} to {_point(end)}, both included"


def _point(point: Point) -> str:
    said = _DAYS[point.at]
    for number, word in ((point.months, "month"), (point.days, "day")):
        if number:
            plural = "" if abs(number) == 1 else "s"
            side = "after" if number > 0 else "before"
            said = f"{abs(number)} {word}{plural} {side} {said}"
    return said


def _reading(measure: Measure, node: Reading) -> str:
    said = f"the {node.pick} value of {_events(measure, node.events)}"
    return f"{said}, on {_day(measure, node.day)}," if node.day else said


def _day(measure: Measure, day: LastDayWithAll) -> str:
    sets = [
        concept_set_of(measure, one.concept_set).title
        if one.concept_set
        else one.domain
        for one in day.events
    ]
    if len(sets) == 1:
        return "the latest day with such a value"
    return f"the latest day with at least one such value of each: {' and '.join(sets)}"


def _range(one: Comparison) -> str:
    words = (
        (one.at_least, "at least"),
        (one.above, "above"),
        (one.at_most, "at most"),
        (one.below, "below"),
    )
    return " and ".join(
        f"{word} {bound:g}" for bound, word in words if bound is not None
    )


def _or(words: tuple[str, ...]) -> str:
    return " or ".join(words)
