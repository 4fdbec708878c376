"""Who is in each count of a measure, for the gate that compares questions.

Nothing of this is shown to anybody: the gate keeps it in `private/`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rounds.datamart.consent import opted_out_when_made
from rounds.datamart.counts import labels_of
from rounds.datamart.rows import Asked, MeasureRows, fetch, prepare
from rounds.methods.differencing import PersonSum
from rounds.nouns import Measure, NotEstimable, Period

__all__ = ["members_of"]

_SCALE = 1000.0
"""Values are told with decimals; sums of them are compared as whole thousandths."""


def members_of(
    datamart: Any,
    measure: Measure,
    period: Period,
    *,
    by: str | None = None,
    without: frozenset[str] = frozenset(),
) -> dict[str, tuple[PersonSum, ...]]:
    """Give the sums over persons that a measure's result is made of.

    Parameters
    ----------
    datamart : Datamart
        Open.
    measure, period, by, without
        As `run_measure` takes them.

    Returns
    -------
    dict of str to tuple of PersonSum
        `overall`, `population NAME`, and `unit LABEL` for each unit; empty where the
        result is not estimable.

    Raises
    ------
    DefinitionError
        If the measure has a problem.
    DataError
        If the datamart cannot be read.
    """
    concepts = prepare(datamart, measure)
    if isinstance(concepts, NotEstimable):
        return {}
    left_out = without | opted_out_when_made(datamart)
    asked = Asked(measure, period, concepts, by, left_out)
    rows = fetch(datamart, asked)
    everybody = np.ones(len(rows), dtype=bool)
    found = {"overall": _told(measure, rows, everybody)}
    for name, chosen in _populations(rows).items():
        found[f"population {name}"] = (_count(rows, chosen),)
    if by is None:
        return found
    split = fetch(datamart, asked, monthly=True) if asked.is_monthly else rows
    labels = labels_of(split, by)
    counted = split.denominator if measure.scoring == "proportion" else split.observed
    for label in np.unique(labels[counted]).tolist():
        found[f"unit {label}"] = _told(measure, split, labels == label)
    return found


def _populations(rows: MeasureRows) -> dict[str, NDArray[np.bool_]]:
    return {
        "initial_population": np.ones(len(rows), dtype=bool),
        "denominator": rows.denominator,
        "denominator_exclusion": rows.excluded,
        "denominator_exception": rows.excepted,
        "numerator": rows.numerator,
        "observed": rows.observed,
    }


def _told(
    measure: Measure, rows: MeasureRows, chosen: NDArray[np.bool_]
) -> tuple[PersonSum, ...]:
    """Give the sums behind one line: its counts; of a mean, its moments as well."""
    if measure.scoring == "proportion":
        counted = chosen & rows.denominator
        return _count(rows, counted), _count(rows, counted & rows.numerator)
    counted = chosen & rows.observed
    values = rows.value[counted]
    first = PersonSum.of(rows.person_id[counted], np.rint(values * _SCALE))
    # The interval gives back the sum of squares.
    second = PersonSum.of(rows.person_id[counted], np.rint(values**2 * _SCALE))
    return _count(rows, counted), first, second


def _count(rows: MeasureRows, chosen: NDArray[np.bool_]) -> PersonSum:
    """Count persons, or visits of persons."""
    return PersonSum.of(rows.person_id[chosen])
