"""Whether a measure puts its example patients where they were expected."""

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple

from rounds.definitions.example_patients import (
    ExamplePatients,
    ExampleValue,
    Population,
)
from rounds.definitions.example_tables import stays_of, tables_of
from rounds.definitions.reference import ReferenceRow, evaluate
from rounds.nouns import DefinitionError, Measure

__all__ = ["Found", "Outcome", "found_of", "insist_proven", "outcomes", "unexpected"]

Found = Mapping[dt.date, Population | ExampleValue]
"""Index day → where the subject belongs."""


class Outcome(NamedTuple):
    """Where one example patient was expected, and where it was found, in words."""

    patient: str
    expected: str
    found: str
    as_expected: bool


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
    stays = stays_of(measure, examples)
    rows = evaluate(measure, tables_of(examples), examples.period, cohorts=stays)
    for row in rows:
        found[row.person_id - 1][row.index_date] = _population(measure, row)
    return list(found)


def outcomes(measure: Measure, examples: ExamplePatients) -> list[Outcome]:
    """Run a measure on its example patients.

    Parameters
    ----------
    measure : Measure
        The measure.
    examples : ExamplePatients
        Its examples.

    Returns
    -------
    list of Outcome
        Of each patient, in their order.

    Raises
    ------
    DefinitionError
        If the examples are of another measure, or a patient is in a cohort that this
        one does not read.
    """
    if examples.measure != measure.name:
        raise DefinitionError(
            f"The examples of {examples.measure!r} are not of {measure.name!r}.",
            code="examples-of-another",
            remedies=(f"Write `measure: {measure.name}` into the file.",),
        )
    every = found_of(measure, examples)
    return [
        Outcome(
            patient.name,
            _said(patient.expect),
            _told(found),
            _as_expected(patient.expect, found),
        )
        for patient, found in zip(examples.patients, every, strict=True)
    ]


def unexpected(measure: Measure, examples: ExamplePatients) -> list[str]:
    """List the patients that the measure does not put where they were expected.

    Parameters and errors are those of `outcomes`.

    Returns
    -------
    list of str
        A sentence for each; empty if all are as expected.
    """
    return [
        f"{one.patient!r}: expected {one.expected}, found {one.found}"
        for one in outcomes(measure, examples)
        if not one.as_expected
    ]


def insist_proven(measure: Measure, examples: ExamplePatients | None) -> None:
    """Refuse a measure that its example patients do not prove.

    Parameters
    ----------
    measure : Measure
        The measure.
    examples : ExamplePatients, optional
        Its examples, if there are any.

    Raises
    ------
    DefinitionError
        If there are none, or some patient is put elsewhere: each is named, with where
        it was expected and where it was found. They are made up, so they may be shown.
    """
    where = f"definitions/measures/{measure.name}.examples.yaml"
    if examples is None:
        raise DefinitionError(
            f"Measure.{measure.name} has no example patients: there is no {where}.",
            code="examples-missing",
            why="A definition that nobody has tried may count other people than its "
            "authors mean, and nothing in a result would show it.",
            remedies=(
                f"Write {where}: made-up patients, and where each belongs.",
                f"See some: rounds measure example {measure.name} --make 1",
            ),
        )
    wrong = unexpected(measure, examples)
    if wrong:
        listed = "\n".join(f" - {one}" for one in wrong)
        raise DefinitionError(
            f"Measure.{measure.name} puts {len(wrong)} of {len(examples.patients)} "
            f"example patients elsewhere than {where} expects:\n{listed}",
            code="examples-fail",
            why="Either the definition or the example says what its authors do not "
            "mean.",
            remedies=(
                f"Correct the measure, or the patient's `expect` in {where}.",
                f"Then look again: rounds measure example {measure.name}",
            ),
        )


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
