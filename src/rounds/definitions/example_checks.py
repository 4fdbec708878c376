"""Whether a measure puts its example patients where they were expected."""

import datetime as dt
from collections.abc import Mapping

from rounds.definitions.example_patients import (
    ExamplePatients,
    ExampleValue,
    Population,
)
from rounds.definitions.example_tables import tables_of
from rounds.definitions.reference import ReferenceRow, evaluate
from rounds.nouns import DefinitionError, Measure

__all__ = ["Found", "found_of", "unexpected"]

Found = Mapping[dt.date, Population | ExampleValue]
"""Index day → where the subject belongs."""


def found_of(measure: Measure, examples: ExamplePatients) -> list[Found]:
    """Say where the reference engine puts each patient.

    Parameters
    ----------
    measure : Measure
        The measure that they are examples of.
    examples : ExamplePatients
        The patients.

    Returns
    -------
    list of mapping
        Of each patient, in their order: index day → where the subject belongs.
    """
    found: list[dict[dt.date, Population | ExampleValue]]
    found = [{} for _ in examples.patients]
    for row in evaluate(measure, tables_of(examples), examples.period):
        found[row.person_id - 1][row.index_date] = _population(measure, row)
    return list(found)


def unexpected(measure: Measure, examples: ExamplePatients) -> list[str]:
    """List the patients that the measure does not put where they were expected.

    Parameters
    ----------
    measure : Measure
        The measure.
    examples : ExamplePatients
        Its examples.

    Returns
    -------
    list of str
        A sentence for each; empty if all are as expected.

    Raises
    ------
    DefinitionError
        If the examples are of another measure.
    """
    if examples.measure != measure.name:
        raise DefinitionError(
            f"The examples of {examples.measure!r} are not of {measure.name!r}.",
            code="examples-of-another",
            remedies=(f"Write `measure: {measure.name}` into the file.",),
        )
    every = found_of(measure, examples)
    return [
        f"{patient.name!r}: expected {_said(patient.expect)}, found {_told(found)}"
        for patient, found in zip(examples.patients, every, strict=True)
        if not _as_expected(patient.expect, found)
    ]


def _population(measure: Measure, row: ReferenceRow) -> Population | ExampleValue:
    if row.excluded:
        return "denominator_exclusion"
    if row.excepted:
        return "denominator_exception"
    if not row.denominator:
        return "initial_population"
    if not row.observed:
        return "unobserved"
    if measure.scoring == "continuous-variable":
        assert row.value is not None, "an observed subject has its number"
        return ExampleValue(value=row.value)
    return "numerator" if row.numerator else "denominator"


def _as_expected(expected: Population | ExampleValue | Found, found: Found) -> bool:
    if isinstance(expected, dict):
        return expected == found
    return list(found.values()) == ([] if expected == "outside" else [expected])


def _said(expected: object) -> str:
    if isinstance(expected, dict):
        return _told(expected)
    if isinstance(expected, ExampleValue):
        return f"{expected.value:g}"
    return str(expected)


def _told(found: Found) -> str:
    if not found:
        return "outside"
    return ", ".join(f"{_said(one)} ({day})" for day, one in sorted(found.items()))
