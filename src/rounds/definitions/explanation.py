"""A measure in plain words, clause by clause, to be reviewed without code."""

from collections.abc import Iterator

from rounds.definitions.explanation_criteria import indented, say
from rounds.definitions.graph import CLAUSES
from rounds.nouns import Measure
from rounds.nouns.concept_set import Code, CodePrefix

__all__ = ["explain"]

_MOST_CODES = 120
"""Of one concept set: a value set of a site may have thousands."""

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
    "numerator_observation": "What each adds to the numerator",
    "denominator_observation": "What each adds to the denominator",
    "expected": "What is expected of each (risk model)",
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
            yield from indented(say(measure, root), 1)
        elif clause == "denominator":
            yield ""
            yield f"{_TITLES[clause]}: the initial population."
    yield from _strata(measure)
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
    what = measure.basis
    counted = f"in the period{_counted(measure)}"
    if measure.index == "first":
        return f"persons, at their first {what} of the initial population {counted}"
    return f"every {what} {counted} that belongs to the initial population (one a day)"


def _counted(measure: Measure) -> str:
    return " by the day on which it ended" if measure.index_day == "end" else ""


def _scoring(measure: Measure) -> str:
    if measure.scoring == "continuous-variable":
        unit = f" in {measure.unit}" if measure.unit else ""
        return f"the {measure.aggregate} of a number{unit}"
    if measure.scoring == "proportion":
        return "a proportion"
    unit = f", in {measure.unit}" if measure.unit else ""
    return (
        f"a ratio{unit}: the numerator's total over the denominator's, and neither "
        "need lie within the other"
    )


def _better(measure: Measure) -> str:
    better = "higher" if measure.improvement_notation == "increase" else "lower"
    return f"{better} is better"


def _codes(measure: Measure) -> Iterator[str]:
    for one in measure.concept_sets:
        yield ""
        below = " and what is below them" if one.descendants else ""
        mapped = " and what maps to them" if one.mapped else ""
        yield f"Codes of {one.title or one.name}{below}{mapped}:"
        yield from (f"  - {_code(code)}" for code in one.include[:_MOST_CODES])
        if len(one.include) > _MOST_CODES:
            yield f"  - and {len(one.include) - _MOST_CODES} more codes"
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


def _strata(measure: Measure) -> Iterator[str]:
    for one in measure.stratifiers:
        yield ""
        name = f"{one.name} ({one.title})" if one.title else one.name
        yield f"Can be split by {name}, the first that holds:"
        for stratum in one.strata:
            first, *rest = say(measure, stratum.when)
            yield f"  - {stratum.label}: {first}"
            yield from (f"    {line}" for line in rest)
