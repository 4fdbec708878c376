"""A criterion or a number in plain words."""

from collections.abc import Iterator

from rounds.definitions.explanation_events import (
    any_of,
    named,
    said_days,
    said_events,
    said_point,
    said_range,
    said_window,
)
from rounds.nouns import (
    Age,
    All,
    Any,
    Compare,
    DaysBetween,
    Exists,
    InCohort,
    IndexProcedure,
    IndexVisit,
    Measure,
    NewCode,
    Not,
    Noun,
    Number,
    Reading,
    Score,
    Sex,
    Years,
)

__all__ = ["indented", "say"]

_LINKS = {
    "identity": "the sum of:",
    "logit": "a probability, by logistic regression (the inverse logit of the sum):",
    "log": "an expected count, by Poisson regression (the exponential of the sum):",
}


def indented(lines: Iterator[str], depth: int) -> Iterator[str]:
    """Give lines with two spaces before them for each depth."""
    yield from ("  " * depth + line for line in lines)


def say(measure: Measure, node: Noun) -> Iterator[str]:
    """Say a criterion or a number, line by line.

    Raises
    ------
    KeyError
        If it names a concept set that the measure does not hold.
    """
    if isinstance(node, All | Any):
        yield "all of these hold:" if isinstance(node, All) else "any of these holds:"
        for part in node.of:
            yield from _item(say(measure, part))
    elif isinstance(node, Not):
        yield "it is not so that:"
        yield from indented(say(measure, node.of), 1)
    elif isinstance(node, Compare):
        yield from _compare(measure, node)
    elif isinstance(node, Reading | Years | DaysBetween | Score):
        yield from _number(measure, node)
    else:
        yield from _labelled(getattr(node, "label", ""), _leaf(measure, node))


def _item(lines: Iterator[str]) -> Iterator[str]:
    first, *rest = lines
    yield f"  - {first}"
    yield from (f"    {line}" for line in rest)


def _labelled(label: str, sentence: str) -> Iterator[str]:
    if label:
        yield label
        yield f"  (exactly: {sentence})"
    else:
        yield sentence


def _leaf(measure: Measure, node: Noun) -> str:
    if isinstance(node, Age):
        return _age(measure, node)
    if isinstance(node, Sex):
        return f"recorded as {node.of}"
    if isinstance(node, IndexVisit):
        parts = [any_of(node.classes)] if node.classes else []
        if node.discharged_to:
            parts.append(
                f"ended with discharge to {named(measure, node.discharged_to)}"
            )
        return f"the index visit is {' and '.join(parts)}"
    if isinstance(node, IndexProcedure):
        return f"the index procedure is one of {named(measure, node.concept_set)}"
    if isinstance(node, InCohort):
        within = said_window(measure, node.window, node.match)
        return f"in the cohort {node.cohort.short}, with a stay that {within}"
    if isinstance(node, NewCode):
        return (
            f"{said_events(measure, node.events)}, with a code that the person had "
            "never had before"
        )
    assert isinstance(node, Exists), f"no words for {type(node).__name__}"
    many = "at least one" if node.at_least == 1 else f"at least {node.at_least}"
    days = "day with " if node.count == "days" and node.at_least == 1 else ""
    if node.count == "days" and node.at_least > 1:
        days = "different days with "
    return f"{many} {days}{said_events(measure, node.events)}"


def _age(measure: Measure, node: Age) -> str:
    day = said_point(measure, node.point)
    if node.to_years is None:
        return f"aged {node.from_years} or older on {day}"
    if node.from_years is None:
        return f"aged {node.to_years} or younger on {day}"
    return f"aged {node.from_years} to {node.to_years} on {day}"


def _compare(measure: Measure, node: Compare) -> Iterator[str]:
    missing = ", or there is none" if node.if_missing else ""
    first, *rest = _number(measure, node.reading)
    if node.label:
        yield node.label
        first = f"  (exactly: {first}"
    end = ")" if node.label else ""
    yield f"{first.rstrip(':')} is {said_range(node.range)}{missing}{end}" + (
        ", where it is of:" if rest else ""
    )
    yield from rest


def _number(measure: Measure, node: Number) -> Iterator[str]:
    if isinstance(node, Years):
        yield f"the age in completed years on {said_point(measure, node.at)}"
    elif isinstance(node, DaysBetween):
        start, end = said_point(measure, node.start), said_point(measure, node.end)
        absent = ""
        if node.otherwise is not None:
            absent = f" ({node.otherwise:g} where there is none)"
        yield f"the number of days from {start} to {end}{absent}"
    elif isinstance(node, Reading):
        yield _reading(measure, node)
    else:
        name = f"{node.label}: " if node.label else ""
        yield f"{name}{_LINKS[node.link]}"
        if node.intercept:
            yield f"  - {node.intercept:g}"
        for term in node.terms:
            what = term.when or term.number
            assert what is not None, "a term has a criterion or a number"
            times = (
                f"{term.coefficient:g} if" if term.when else f"{term.coefficient:g} ×"
            )
            first, *rest = say(measure, what)
            label = f"{term.label}: " if term.label else ""
            yield f"  - {label}{times} {first}"
            yield from (f"    {line}" for line in rest)


def _reading(measure: Measure, node: Reading) -> str:
    events = said_events(measure, node.events)
    if node.pick == "count":
        said = f"the number of {events}"
    elif node.pick == "days":
        said = f"the number of days with {events}"
    else:
        value = (node.events.number_read or "value").replace("_", " ")
        value = "value" if value == "value as number" else value
        place = f" (number {node.nth} from that side)" if node.nth > 1 else ""
        said = f"the {node.pick} {value}{place} of {events}"
    if node.day:
        said = f"{said}, on {said_days(measure, node.day)},"
    if node.otherwise is not None:
        said = f"{said} ({node.otherwise:g} where there is none)"
    return said
