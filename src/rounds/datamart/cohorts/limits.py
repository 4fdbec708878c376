"""What of a datamart a cohort cannot be computed on, or only with something to say."""

from typing import Any, Final

from rounds.datamart.cohorts.eras import GAP_DAYS
from rounds.datamart.cohorts.reading import Reading, tables_of
from rounds.datamart.deidentify.calendar import calendar_of, refuse_calendar
from rounds.datamart.mapping import cdm_tables
from rounds.nouns import Cohort, NotEstimable
from rounds.nouns.circe import parts
from rounds.nouns.errors import DataError

__all__ = ["insist_on_tables", "limitations_of", "without_days"]

_DATED: Final = {"DateRange", "Period"}


def insist_on_tables(cohort: Cohort) -> None:
    """Refuse a cohort that reads a table which CDM 5.4 does not have.

    Raises
    ------
    DataError
        The tables are named.
    """
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


def without_days(datamart: Any, cohort: Cohort) -> NotEstimable | None:
    """Say why a cohort cannot be computed without days, if it cannot."""
    kind = calendar_of(datamart)
    if kind == "shifted":
        dated = any(name in _DATED and part for name, part in parts(cohort.expression))
        what = f"{cohort.title}, which asks for days of the calendar,"
        return refuse_calendar(kind, what) if dated else None
    return refuse_calendar(kind, f"{cohort.title}, whose windows are counted in days,")


def limitations_of(opened: Reading, cohort: Cohort) -> tuple[str, ...]:
    """Say what a cohort's result lacks for want of tables or of a vocabulary."""
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
