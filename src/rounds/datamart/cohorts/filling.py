"""Rows of cohorts: those that are kept, and the rest computed, here or elsewhere."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rounds.datamart.cohorts.circe_sql import cohort_sql
from rounds.datamart.cohorts.compiling import PLACES
from rounds.datamart.cohorts.elsewhere import filled_elsewhere
from rounds.datamart.cohorts.kept import Kept
from rounds.datamart.cohorts.reading import Reading, reading
from rounds.datamart.cohorts.sharing import compile_together
from rounds.datamart.derived import derived_from
from rounds.datamart.engines.remote import RemoteEngine
from rounds.nouns import Cohort

__all__ = ["filled"]


@contextmanager
def filled(datamart: Any, cohorts: Sequence[Cohort]) -> Iterator[Reading]:
    """Open a datamart with the rows of some cohorts among the results.

    Parameters
    ----------
    datamart : Datamart or CdmDatabase
        Open.
    cohorts : sequence of Cohort
        Their rows are under the ids 1, 2, …

    Raises
    ------
    DefinitionError
        If Circe has no SQL for a cohort, or cohorts are not run on the engine.
    DataError
        If a CDM that is elsewhere lacks a table.
    """
    engine = derived_from(datamart)
    if isinstance(engine, RemoteEngine):
        with filled_elsewhere(engine, cohorts) as opened:
            yield opened
        return
    kept = Kept(datamart)
    with reading(datamart, cohorts) as opened:
        _fill(opened, kept, cohorts)
        yield opened
    kept.forget()


def _fill(opened: Reading, kept: Kept, cohorts: Sequence[Cohort]) -> None:
    """Put the rows of each cohort among the results: kept ones, or computed now."""
    # Of Circe's text, not of the statements: to translate it takes most of the time.
    keys = [
        kept.key([cohort_sql(one.expression, cohort_id=1, places=PLACES)])
        for one in cohorts
    ]
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
