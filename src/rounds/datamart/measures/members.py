"""Who is in each count of a measure, for the gate that compares questions.

Nothing of this is shown to anybody: the gate keeps it in `private/`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rounds.datamart.measures.counts import labels_of, populations_of
from rounds.datamart.measures.running import asked_for, asked_over
from rounds.datamart.measures.units import used_rows
from rounds.datamart.rows import MeasureRows, fetch, fetch_each
from rounds.methods.disclosure.differencing import PersonSum
from rounds.nouns import Measure, MeasureResult, NotEstimable, Period, Ref

__all__ = ["members_of", "members_of_each", "members_of_months", "members_over"]

_SCALE: Final = 1e3
"""Values are told with decimals; sums of them are compared as whole thousandths."""
_RISK_SCALE: Final = 1e6
"""Risks as whole millionths: one of a few in ten thousand must not become nothing."""
_MOST_ROWS: Final = 2_000_000
"""So many subjects are read at once, unless one period alone has more."""

Chosen = NDArray[np.bool_] | NDArray[np.intp]
Numbers = NDArray[np.float64]


def members_of(
    datamart: Any,
    measure: Measure,
    period: Period,
    *,
    by: str | None = None,
    without: frozenset[str] = frozenset(),
    cohorts: Mapping[Ref, str] | None = None,
) -> dict[str, tuple[PersonSum, ...]]:
    """Give the sums over persons that a measure's result is made of.

    Parameters
    ----------
    datamart : Datamart
        Open.
    measure, period, by, without, cohorts
        As `run_measure` takes them.

    Returns
    -------
    dict of str to tuple of PersonSum
        `overall`, `population NAME`, and `unit LABEL` for each unit; empty where the
        result is not estimable. Of a line the count comes first, then the numerator's
        (of a mean there is none), then the sums of values that stand in it or that its
        interval gives back.

    Raises
    ------
    DefinitionError
        If the measure has a problem, or cannot be split so.
    DataError
        If the datamart cannot be read.
    """
    asked = asked_for(
        datamart, measure, period, by=by, without=without, cohorts=cohorts
    )
    if isinstance(asked, NotEstimable):
        return {}
    rows = fetch(datamart, asked)
    split = fetch(datamart, asked, monthly=True) if asked.is_monthly else rows
    return _members(measure, rows, split, by)


def members_over(
    datamart: Any,
    measure: Measure,
    results: Sequence[MeasureResult],
    *,
    without: frozenset[str] = frozenset(),
    cohorts: Mapping[Ref, str] | None = None,
) -> Iterator[dict[str, tuple[PersonSum, ...]]]:
    """Give the sums over persons of the results of several periods, one by one.

    Periods are read together, in lots that fit into memory.

    Parameters
    ----------
    datamart : Datamart
        Open.
    measure, without, cohorts
        As `run_measure_over` took them.
    results : sequence of MeasureResult
        Exact, as `run_measure_over` gave them.

    Yields
    ------
    dict of str to tuple of PersonSum
        Of each result, as `members_of` gives it of its period.

    Raises
    ------
    DefinitionError, DataError
        As `run_measure_over` does.
    """
    for lot in _lots(results):
        by = lot[0].by_characteristic
        asked = asked_over(
            datamart,
            measure,
            [one.period for one in lot],
            by=by,
            without=without,
            cohorts=cohorts,
        )
        if isinstance(asked, NotEstimable):  # A database of others may have changed.
            yield from ({} for _ in lot)
            continue
        for rows in fetch_each(datamart, asked):
            yield _members(measure, rows, rows, by)


def _lots(results: Sequence[MeasureResult]) -> Iterator[list[MeasureResult]]:
    """Put results into lots, none of more subjects than are read at once."""
    lot: list[MeasureResult] = []
    n = 0
    for one in results:
        size = one.populations.get("initial_population") or 0
        if lot and n + size > _MOST_ROWS:
            yield lot
            lot, n = [], 0
        lot.append(one)
        n += size
    if lot:
        yield lot


def _members(
    measure: Measure, rows: MeasureRows, split: MeasureRows, by: str | None
) -> dict[str, tuple[PersonSum, ...]]:
    """Give the sums of the whole, of its populations and, where split, of its units."""
    found = {"overall": _told(measure, rows, used_rows(measure, rows))}
    for name, chosen in _populations(measure, rows).items():
        found[f"population {name}"] = (_count(rows, chosen),)
    return found if by is None else found | _by_label(measure, split, by, "unit")


def members_of_each(
    datamart: Any,
    measure: Measure,
    period: Period,
    characteristics: Sequence[str],
    *,
    without: frozenset[str] = frozenset(),
) -> dict[str, tuple[PersonSum, ...]]:
    """Give the sums over persons of a measure, split by one thing after another.

    The rows are read once, so that no characteristic may be `month`.

    Returns
    -------
    dict of str to tuple of PersonSum
        `overall`, and `CHARACTERISTIC LABEL` for each group that has somebody; else as
        `members_of` gives it.

    Raises
    ------
    DefinitionError, DataError
        As `members_of` does.
    """
    asked = asked_for(datamart, measure, period, without=without)
    if isinstance(asked, NotEstimable):
        return {}
    rows = fetch(datamart, asked)
    found = {"overall": _told(measure, rows, used_rows(measure, rows))}
    for by in characteristics:
        found |= _by_label(measure, rows, by, by)
    return found


def members_of_months(
    datamart: Any,
    measure: Measure,
    period: Period,
    *,
    without: frozenset[str] = frozenset(),
) -> dict[str, tuple[PersonSum, ...]]:
    """Give the sums over persons of a measure's months alone.

    Returns
    -------
    dict of str to tuple of PersonSum
        `month LABEL`, as `members_of` gives `unit LABEL` by month.

    Raises
    ------
    DefinitionError, DataError
        As `members_of` does.
    """
    asked = asked_for(datamart, measure, period, by="month", without=without)
    if isinstance(asked, NotEstimable):
        return {}
    rows = fetch(datamart, asked, monthly=asked.is_monthly)
    return _by_label(measure, rows, "month", "month")


def _by_label(
    measure: Measure, rows: MeasureRows, by: str, called: str
) -> dict[str, tuple[PersonSum, ...]]:
    """Give the sums of each unit that has somebody, by `CALLED LABEL`."""
    used = np.flatnonzero(used_rows(measure, rows))
    labels, unit = np.unique(labels_of(rows, by)[used], return_inverse=True)
    # Rows of one unit beside each other, in the order that they had.
    order = used[np.argsort(unit, kind="stable")]
    ends = np.cumsum(np.bincount(unit, minlength=labels.size))[:-1]
    return {
        f"{called} {label}": _told(measure, rows, chosen)
        for label, chosen in zip(labels.tolist(), np.split(order, ends), strict=True)
    }


def _populations(measure: Measure, rows: MeasureRows) -> dict[str, Chosen]:
    chosen: dict[str, Chosen] = {
        "initial_population": np.ones(len(rows), dtype=bool),
        "denominator": rows.denominator,
        "denominator_exclusion": rows.excluded,
        "denominator_exception": rows.excepted,
        "numerator": rows.numerator,
        "observed": rows.observed,
    }
    return {name: chosen[name] for name in populations_of(measure, rows)}


def _told(measure: Measure, rows: MeasureRows, chosen: Chosen) -> tuple[PersonSum, ...]:
    """Give the sums behind one line: its counts, and what is made of values.

    `chosen` says which rows, by their places or each with yes or no.
    """

    def total(values: Numbers, scale: float = _SCALE) -> PersonSum:
        return PersonSum.of(rows.person_id[chosen], np.rint(values * scale))

    sums = [_count(rows, chosen)]
    if measure.scoring != "continuous-variable":
        sums.append(PersonSum.of(rows.person_id[chosen][rows.numerator[chosen]]))
    if measure.scoring == "ratio":
        above = _column(rows.numerator_value)[chosen]
        below = _column(rows.denominator_value)[chosen]
        # The interval gives back the sum of (above − value × below)²: whatever the
        # value is, it is a sum of these three.
        moments = (above**2, above * below, below**2)
        sums += [total(values) for values in (above, below, *moments)]
    elif measure.scoring == "continuous-variable":
        values = rows.value[chosen]
        # A mean's interval gives back the sum of squares.
        sums += [total(values), total(values**2)]
    if measure.expected is not None:
        sums.append(total(_column(rows.expected)[chosen], _RISK_SCALE))
    return tuple(sums)


def _column(values: Numbers | None) -> Numbers:
    """Give a column that the measure has fetched."""
    if values is None:
        raise ValueError("the rows were fetched of another measure")
    return values


def _count(rows: MeasureRows, chosen: Chosen) -> PersonSum:
    """Count persons, or visits of persons."""
    return PersonSum.of(rows.person_id[chosen])
