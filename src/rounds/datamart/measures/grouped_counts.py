"""Counts of a proportion that the engine itself has grouped: no row leaves it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import duckdb
import numpy as np

from rounds.datamart.compiling.period_sets import MOST_PERIODS
from rounds.datamart.derived import derived_from
from rounds.datamart.measures.counts import Counts, labels_of
from rounds.datamart.rows import Asked, MeasureRows, rows_of
from rounds.datamart.unanswered import unreadable
from rounds.nouns import Measure

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["counts_each", "counts_of"]

Columns = Mapping[str, "NDArray[Any]"]

_NOT_ASKED: Final = {
    "person_source_value": "",
    "care_site": "",
    "provider": "",
    "sex": "",
    "stratum": "",
    "index_date": np.datetime64("1970-01-01"),
}


def counts_of(datamart: Any, asked: Asked) -> Counts:
    """Count a proportion over one period.

    Raises
    ------
    DataError
        If the datamart cannot be read.
    """
    if not asked.is_monthly:
        columns = _fetched(datamart, asked, asked.splits)
        return _counts(asked, columns, columns)
    whole = _fetched(datamart, asked, ())
    months = _fetched(datamart, asked, asked.splits, monthly=True)
    return _counts(asked, whole, months)


def counts_each(datamart: Any, asked: Asked) -> list[Counts]:
    """Count a proportion over several periods in one query; give the counts of each.

    Beyond `MOST_PERIODS` of them, it is a query for each so many.

    Raises
    ------
    DataError
        If the datamart cannot be read.
    """
    if len(asked.periods) > MOST_PERIODS:
        first, rest = asked.periods[:MOST_PERIODS], asked.periods[MOST_PERIODS:]
        return [
            *counts_each(datamart, replace(asked, periods=first)),
            *counts_each(datamart, replace(asked, periods=rest)),
        ]
    columns = _fetched(datamart, asked, asked.splits)
    if len(asked.periods) == 1:
        return [_counts(asked, columns, columns)]
    every = []
    for place in range(len(asked.periods)):
        its = np.asarray(columns["period"]) == place
        chosen = {name: np.asarray(each)[its] for name, each in columns.items()}
        every.append(_counts(asked, chosen, chosen))
    return every


def _counts(asked: Asked, whole: Columns, split: Columns) -> Counts:
    totals = {name: int(np.sum(whole[name])) for name in _POPULATIONS}
    populations = {
        said: totals[name]
        for name, said in _POPULATIONS.items()
        if _is_told(asked.measure, name)
    }
    return Counts(
        populations,
        (totals["denominator"], totals["numerator"]),
        _by_unit(asked, split) if asked.by else {},
    )


_POPULATIONS: Final = {
    "subjects": "initial_population",
    "denominator": "denominator",
    "excluded": "denominator_exclusion",
    "excepted": "denominator_exception",
    "numerator": "numerator",
    "observed": "observed",
}
"""Column → the population's name of FHIR."""


def _is_told(measure: Measure, column: str) -> bool:
    if column == "excepted":
        return measure.denominator_exception is not None
    return column != "observed" or measure.observed_when is not None


def _by_unit(asked: Asked, columns: Columns) -> dict[str, tuple[int, int]]:
    assert asked.by is not None, "units are of a characteristic"
    counted = np.asarray(columns["denominator"]) > 0
    if not counted.any():
        return {}
    given = {name: np.asarray(each)[counted] for name, each in columns.items()}
    n = int(counted.sum())
    absent = {
        name: np.full(n, _NOT_ASKED.get(name, 0))
        for name in MeasureRows.names()
        if name not in given
    }
    rows = rows_of({**absent, **given}, asked.measure)
    labels, place = np.unique(labels_of(rows, asked.by), return_inverse=True)
    sums = (
        np.bincount(place, weights=given[name]).astype(int).tolist()
        for name in ("denominator", "numerator")
    )
    return dict(zip(labels.tolist(), zip(*sums, strict=True), strict=True))


def _fetched(
    datamart: Any, asked: Asked, by: tuple[str, ...], *, monthly: bool = False
) -> dict[str, "NDArray[Any]"]:
    """Run the compiled measure and give its counts, and no row of a person.

    Parameters
    ----------
    by : tuple of str
        Characteristics; there is an entry for each of their values that has a subject.
    monthly : bool
        Of subjects that are a person and month.

    Returns
    -------
    dict of str to array
        The columns of `compile_described.counts_sql`.
    """
    sql, lists = asked.compiled(monthly=monthly, counted_by=by)
    try:
        return derived_from(datamart).read(sql.tables, sql.query, lists)
    except duckdb.Error as error:
        raise unreadable(error) from None
