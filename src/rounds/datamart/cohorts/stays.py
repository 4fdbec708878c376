"""Who is in a cohort that a measure reads: computed where the measure is run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import duckdb

from rounds.datamart.cohorts.elsewhere import reading_elsewhere, stays_query
from rounds.datamart.cohorts.filling import filled
from rounds.datamart.cohorts.limits import (
    insist_on_tables,
    limitations_of,
    without_days,
)
from rounds.datamart.cohorts.reading import Reading
from rounds.datamart.cohorts.unused import unused_concepts
from rounds.datamart.derived import derived_from
from rounds.datamart.engines.remote import RemoteEngine
from rounds.nouns import Cohort, NotEstimable, Ref
from rounds.nouns.errors import DataError, DefinitionError

__all__ = ["Stays", "stays_in"]

_SCHEMA: Final = "rounds_stays"


@dataclass(frozen=True)
class Stays:
    """The stays of persons in the cohorts that a measure reads."""

    queries: Mapping[Ref, str] = field(default_factory=dict)
    """For each cohort, a query of its rows: subject_id, cohort_start_date,
    cohort_end_date."""
    limitations: tuple[str, ...] = ()
    """What their results lack, for the reader of the measure's."""


def stays_in(datamart: Any, refs: Iterable[Ref]) -> Stays | NotEstimable:
    """Run the cohorts of some Refs, so that a measure can read their rows.

    A cohort is run once while the datamart is open. Who opted out is among the rows:
    the measure leaves them out.

    Parameters
    ----------
    datamart : Datamart or CdmDatabase
        Open; its `cohorts` are the definitions that a Ref may name.
    refs : iterable of Ref
        What the measure reads.

    Returns
    -------
    Stays or NotEstimable
        NotEstimable where dates were de-identified and a cohort needs days that are
        gone.

    Raises
    ------
    DefinitionError
        If the datamart has no definition of that name, version and content; Circe has
        no SQL for it; or cohorts are not run on the engine.
    DataError
        If the datamart cannot be read, or lacks a table.
    """
    queries: dict[Ref, str] = {}
    said: list[str] = []
    for ref in refs:
        cohort = _definition(datamart, ref)
        refused = without_days(datamart, cohort)
        if refused is not None:
            return refused
        if ref not in datamart.stays:
            insist_on_tables(cohort)
            datamart.stays[ref] = _run(datamart, ref, cohort)
        queries[ref], limitations = datamart.stays[ref]
        said += limitations
    return Stays(queries, tuple(dict.fromkeys(said)))


def _definition(datamart: Any, ref: Ref) -> Cohort:
    known: Mapping[Ref, Cohort] = getattr(datamart, "cohorts", {})
    if ref in known:
        return known[ref]
    like = [one.short for one in known if one.name == ref.name]
    found = f"There is {', '.join(like)}, which is another." if like else ""
    raise DefinitionError(
        f"A measure reads the cohort {ref.short}, and no rows of it are given, nor is "
        f"its definition at hand. {found}".rstrip(),
        code="cohort-not-given",
        why="A cohort is known by its content: another one has other persons in it.",
        remedies=(
            "Put its file, as ATLAS exports it, into definitions/cohorts/.",
            "Write the Ref that `rounds cohort show FILE` prints into the measure.",
        ),
    )


def _run(datamart: Any, ref: Ref, cohort: Cohort) -> tuple[str, tuple[str, ...]]:
    """Give the query of a cohort's rows, and what is to be said of them."""
    engine = derived_from(datamart)
    if isinstance(engine, RemoteEngine):
        query = stays_query(engine, cohort)
        with reading_elsewhere(engine, [cohort]) as opened:
            return query, _limitations(opened, cohort)
    name = f"{_SCHEMA}.stays_{ref.hash[:24]}_{datamart.snapshot[:12]}"
    columns = "subject_id, cohort_start_date, cohort_end_date"
    try:
        with filled(datamart, [cohort]) as opened:
            opened.cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {_SCHEMA}")
            opened.cursor.execute(
                f"CREATE TABLE IF NOT EXISTS {name} AS SELECT {columns} "
                f"FROM {opened.places['cohort']} ORDER BY ALL"
            )
            said = _limitations(opened, cohort)
    except duckdb.Error as error:
        # The database's own words may hold a value from a row: only its kind is shown.
        raise DataError(
            f"The datamart could not be read for a cohort ({type(error).__name__}).",
            code="datamart-unreadable",
            remedies=("Run `rounds data status` to see whether it is whole.",),
        ) from None
    return f"SELECT {columns} FROM {name}", said


def _limitations(opened: Reading, cohort: Cohort) -> tuple[str, ...]:
    [unused] = unused_concepts(opened, [cohort])
    told = (f"codes that the data never use: {sentence}" for sentence in unused)
    return tuple(
        f"Cohort {cohort.title}: {one}"
        for one in (*limitations_of(opened, cohort), *told)
    )
