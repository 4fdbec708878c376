"""Run cohorts on a datamart: rows once a snapshot, counts without who opted out."""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import duckdb

from rounds.datamart.cohorts.counting import Counted, count
from rounds.datamart.cohorts.filling import filled
from rounds.datamart.cohorts.limits import (
    insist_on_tables,
    limitations_of,
    without_days,
)
from rounds.datamart.cohorts.members import CohortMembers, members
from rounds.datamart.cohorts.reading import Reading
from rounds.datamart.cohorts.unused import unused_concepts
from rounds.datamart.consent import opted_out_when_made
from rounds.datamart.deidentify.known import known_as
from rounds.nouns import Cohort, CohortResult, NotEstimable
from rounds.nouns.errors import DataError

__all__ = ["Found", "run_cohorts", "run_cohorts_with_members"]

Found: TypeAlias = tuple[CohortResult | NotEstimable, CohortMembers]
"""What one cohort comes to, and who is in each line of it."""

_AT_ONCE: Final = 128
"""So many share their tables; more would hold too much at a time."""


def run_cohorts(
    datamart: Any, cohorts: Sequence[Cohort], *, without: frozenset[str] = frozenset()
) -> tuple[CohortResult | NotEstimable, ...]:
    """Run cohorts on one snapshot, those that have something in common together.

    Parameters
    ----------
    datamart : Datamart or CdmDatabase
        Open. A CDM that is elsewhere is read, and nothing is written there.
    cohorts : sequence of Cohort
        What to compute.
    without : frozenset of str
        `person_source_value` of those who opted out.

    Returns
    -------
    tuple of CohortResult or NotEstimable
        One each, in their order. Counts are exact. NotEstimable where dates were
        de-identified and the cohort needs the days that are gone.

    Raises
    ------
    DefinitionError
        If Circe has no SQL for a cohort, or cohorts are not run on the engine.
    DataError
        If the datamart cannot be read, or lacks a table that CDM 5.4 does not have.
    """
    found = _in_lots(datamart, cohorts, without, named=False)
    return tuple(result for result, _ in found)


def run_cohorts_with_members(
    datamart: Any, cohorts: Sequence[Cohort], *, without: frozenset[str] = frozenset()
) -> tuple[Found, ...]:
    """Run cohorts, and say who is in each count: for the gate, and nobody else.

    Parameters and errors are those of `run_cohorts`.

    Returns
    -------
    tuple of (CohortResult or NotEstimable, dict of str to tuple of PersonSum)
        One each, in their order. Nobody is named where a cohort is not estimable.
    """
    return tuple(_in_lots(datamart, cohorts, without, named=True))


def _in_lots(
    datamart: Any, cohorts: Sequence[Cohort], without: frozenset[str], *, named: bool
) -> list[Found]:
    found: list[Found] = []
    for first in range(0, len(cohorts), _AT_ONCE):
        lot = cohorts[first : first + _AT_ONCE]
        found += _run(datamart, lot, without, named=named)
    return found


def _run(
    datamart: Any, cohorts: Sequence[Cohort], without: frozenset[str], *, named: bool
) -> list[Found]:
    for cohort in cohorts:
        insist_on_tables(cohort)
    refused = [without_days(datamart, one) for one in cohorts]
    answerable = [one for one, no in zip(cohorts, refused, strict=True) if no is None]
    if not answerable:
        return [(no, {}) for no in refused if no is not None]
    left_out = known_as(datamart, without) | opted_out_when_made(datamart)
    try:
        with filled(datamart, answerable) as opened:
            counted = count(opened, answerable, without=left_out)
            who = members(opened, answerable) if named else [{}] * len(answerable)
            unused = unused_concepts(opened, answerable)
            made = [
                _result(datamart, opened, *each)
                for each in zip(answerable, counted, unused, strict=True)
            ]
    except duckdb.Error as error:
        # The database's own words may hold a value from a row: only its kind is shown.
        raise DataError(
            f"The datamart could not be read for a cohort ({type(error).__name__}).",
            code="datamart-unreadable",
            remedies=(
                "Run `rounds data status` to see whether it is whole.",
                "Load the data again with `rounds data load`.",
            ),
        ) from None
    results = zip(made, who, strict=True)
    return [(no, {}) if no is not None else next(results) for no in refused]


def _result(
    datamart: Any,
    opened: Reading,
    cohort: Cohort,
    counted: Counted,
    unused: tuple[str, ...],
) -> CohortResult:
    return CohortResult(
        cohort=cohort.ref(),
        title=cohort.title,
        snapshot=datamart.snapshot,
        attrition=counted.attrition,
        persons=counted.persons,
        periods=counted.periods,
        by_sex=counted.by_sex,
        by_age=counted.by_age,
        unused_concepts=unused,
        limitations=(
            *limitations_of(opened, cohort),
            *getattr(datamart, "limitations", ()),
        ),
    )
