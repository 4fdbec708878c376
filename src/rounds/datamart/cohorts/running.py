"""Run cohorts on a datamart: rows once a snapshot, counts without who opted out."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias

import duckdb

from rounds.datamart.cohorts.compiling import PLACES, compile_cohort
from rounds.datamart.cohorts.counting import Counted, count
from rounds.datamart.cohorts.eras import GAP_DAYS
from rounds.datamart.cohorts.kept import Kept
from rounds.datamart.cohorts.members import CohortMembers, members
from rounds.datamart.cohorts.reading import Reading, reading, tables_of
from rounds.datamart.cohorts.sharing import compile_together
from rounds.datamart.cohorts.unused import unused_concepts
from rounds.datamart.consent import opted_out_when_made
from rounds.datamart.deidentify.calendar import calendar_of, refuse_calendar
from rounds.datamart.deidentify.known import known_as
from rounds.datamart.mapping import cdm_tables
from rounds.nouns import Cohort, CohortResult, NotEstimable
from rounds.nouns.circe import parts
from rounds.nouns.errors import DataError

__all__ = ["Found", "run_cohorts", "run_cohorts_with_members"]

Found: TypeAlias = tuple[CohortResult | NotEstimable, CohortMembers]
"""What one cohort comes to, and who is in each line of it."""

_AT_ONCE: Final = 128
"""So many share their tables; more would hold too much at a time."""
_DATED: Final = {"DateRange", "Period"}


def run_cohorts(
    datamart: Any, cohorts: Sequence[Cohort], *, without: frozenset[str] = frozenset()
) -> tuple[CohortResult | NotEstimable, ...]:
    """Run cohorts on one snapshot, those that have something in common together.

    Parameters
    ----------
    datamart : Datamart
        Open.
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
        If Circe has no SQL for a cohort.
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
        _insist_on_tables(cohort)
    refused = [_without_days(datamart, one) for one in cohorts]
    answerable = [one for one, no in zip(cohorts, refused, strict=True) if no is None]
    if not answerable:
        return [(no, {}) for no in refused if no is not None]
    left_out = known_as(datamart, without) | opted_out_when_made(datamart)
    kept = Kept(datamart)
    try:
        with reading(datamart, answerable) as opened:
            _fill(opened, kept, answerable)
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
    kept.forget()
    results = zip(made, who, strict=True)
    return [(no, {}) if no is not None else next(results) for no in refused]


def _fill(opened: Reading, kept: Kept, cohorts: Sequence[Cohort]) -> None:
    """Put the rows of each cohort among the results: kept ones, or computed now."""
    keys = [kept.key(compile_cohort(one, "duckdb", places=PLACES)) for one in cohorts]
    new: dict[str, int] = {}
    for n, key in enumerate(keys):
        if key not in new and not kept.read(opened, key, n + 1):
            new[key] = n
    if new:
        _compute(opened, [cohorts[n] for n in new.values()], list(new.values()))
    for key, n in new.items():
        kept.write(opened, key, n + 1)
    for n, key in enumerate(keys):
        if new.get(key, n) != n:
            _repeat(opened, new[key] + 1, n + 1)


def _compute(opened: Reading, cohorts: Sequence[Cohort], ids: Sequence[int]) -> None:
    together = compile_together(
        [one.expression for one in cohorts],
        "duckdb",
        places=opened.places,
        ids=[n + 1 for n in ids],
    )
    for statement in _in_order(together.before, *together.each, together.after):
        opened.cursor.execute(statement)


def _in_order(*groups: Iterable[str]) -> Iterable[str]:
    return (statement for group in groups for statement in group)


def _repeat(opened: Reading, one: int, other: int) -> None:
    """Give a cohort the rows of another whose definition is the same."""
    for name in ("cohort", "attrition"):
        opened.cursor.execute(
            f"INSERT INTO {opened.places[name]} SELECT * REPLACE ({other} AS "
            f"cohort_definition_id) FROM {opened.places[name]} "
            f"WHERE cohort_definition_id = {one}"
        )


def _insist_on_tables(cohort: Cohort) -> None:
    lacking = sorted(tables_of(cohort) - set(cdm_tables()))
    if lacking:
        raise DataError(
            f"The cohort {cohort.name!r} reads {', '.join(lacking)}, which OMOP CDM "
            "5.4 does not have.",
            code="cohort-table-missing",
            why="Circe wrote LocationRegion for a later CDM: it needs a history of "
            "where a person lived.",
            remedies=("Leave the criterion LocationRegion out.",),
        )


def _without_days(datamart: Any, cohort: Cohort) -> NotEstimable | None:
    """Say why a cohort cannot be computed without days, if it cannot."""
    kind = calendar_of(datamart)
    if kind == "shifted":
        dated = any(name in _DATED and part for name, part in parts(cohort.expression))
        what = f"{cohort.title}, which asks for days of the calendar,"
        return refuse_calendar(kind, what) if dated else None
    return refuse_calendar(kind, f"{cohort.title}, whose windows are counted in days,")


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
        limitations=_limitations(opened, cohort),
    )


def _limitations(opened: Reading, cohort: Cohort) -> tuple[str, ...]:
    read = tables_of(cohort)
    said = []
    if not opened.has_vocabulary:
        said.append(
            "No vocabulary with a hierarchy is loaded: only the concepts that are "
            "listed are counted, none below them and none that maps to them."
        )
    said += [
        f"The datamart holds no row of {table}, so nothing that is asked of it is met."
        for table in opened.empty
        if table in read
    ]
    derived = [table for table in opened.derived if table in read]
    if derived:
        said.append(
            f"No source gave {' or '.join(derived)}: derived as the CDM says, with a "
            f"persistence window of {GAP_DAYS} days."
        )
    if "drug_era" in derived and not opened.has_ingredients:
        said.append(
            "No vocabulary says which ingredients a drug has: in drug eras each drug "
            "concept stands for itself."
        )
    return tuple(said)
