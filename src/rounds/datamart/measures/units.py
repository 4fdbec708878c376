"""From counts and rows to results: the whole and its units, each with its interval."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtrit

from rounds.datamart.measures.counts import UNKNOWN, Counts, labels_of, populations_of
from rounds.datamart.rows import MeasureRows
from rounds.methods.proportion import wilson
from rounds.methods.ratio import median, observed_to_expected, ratio_of_totals
from rounds.nouns import Measure, UnitResult

__all__ = ["Found", "of_counts", "of_rows", "used_rows"]


@dataclass(frozen=True)
class Found:
    """What a measure comes to."""

    populations: Mapping[str, int]
    overall: UnitResult
    units: tuple[UnitResult, ...]


def of_counts(measure: Measure, counts: Counts, by: str | None) -> Found | None:
    """Give a proportion and its units; None if nobody is counted."""
    if not counts.overall[0]:
        return None
    labels = _ordered(measure, counts.by, by)
    results = _proportions(
        ["overall", *labels], [counts.overall, *(counts.by[one] for one in labels)]
    )
    return Found(counts.populations, results[0], results[1:])


def of_rows(
    measure: Measure, rows: MeasureRows, split: MeasureRows, by: str | None
) -> Found | None:
    """Give what is no plain count: a mean, a median, a ratio, or beside a model.

    Parameters
    ----------
    measure : Measure
        Whose rows they are.
    rows, split : MeasureRows
        One a subject; and those that are divided into units, where these are others.
    by : str, optional
        The characteristic whose values are the units.

    Returns
    -------
    Found or None
        None where nothing is known of anybody.
    """
    one = _one(measure)
    used = used_rows(measure, rows)
    overall = one("overall", rows, used)
    if overall is None:
        return None
    units: list[UnitResult] = []
    if by:
        labels, known = labels_of(split, by), used_rows(measure, split)
        for label in _ordered(measure, set(labels[known].tolist()), by):
            unit = one(label, split, known & (labels == label))
            units += [unit] if unit is not None else []
    return Found(populations_of(measure, rows), overall, tuple(units))


def _one(
    measure: Measure,
) -> Callable[[str, MeasureRows, Any], UnitResult | None]:
    if measure.scoring == "ratio":
        return _ratio if measure.expected is None else _beside_model
    if measure.scoring == "proportion":
        return _beside_model
    return _mean if measure.aggregate == "mean" else _median


def used_rows(measure: Measure, rows: MeasureRows) -> Any:
    """Say which rows a result rests on: an array of bool, shape (n,)."""
    used = rows.denominator if measure.scoring == "proportion" else rows.observed
    if measure.expected is not None:
        assert rows.expected is not None
        used = used & ~np.isnan(rows.expected)
    return used


def _ordered(measure: Measure, labels: Iterable[str], by: str | None) -> list[str]:
    """Put the units in their order, those of whom it is not known last."""
    for one in measure.stratifiers:
        if one.name == by:
            written = [stratum.label for stratum in one.strata]
            found = set(labels)
            return [label for label in written if label in found] + sorted(
                found - set(written)
            )
    unknown = UNKNOWN.get(by or "", "")
    return sorted(labels, key=lambda one: (one == unknown, one))


def _proportions(
    labels: list[str], pairs: list[tuple[int, int]]
) -> tuple[UnitResult, ...]:
    n, met = (list(column) for column in zip(*pairs, strict=True))
    value, lower, upper = wilson(met, n)
    return tuple(
        UnitResult(
            unit=label,
            denominator=n[i],
            numerator=met[i],
            value=float(value[i]),
            lower=float(lower[i]),
            upper=float(upper[i]),
        )
        for i, label in enumerate(labels)
    )


def _mean(label: str, rows: MeasureRows, used: Any) -> UnitResult | None:
    """Give a mean with a 95% interval from the t distribution, if there are two."""
    values = np.sort(rows.value[used])  # so that no order of rows changes a last digit
    n = len(values)
    if not n:
        return None
    mean = float(values.mean())
    if n == 1:
        return UnitResult(unit=label, denominator=n, value=mean)
    half = float(stdtrit(n - 1, 0.975) * values.std(ddof=1) / np.sqrt(n))
    return UnitResult(
        unit=label, denominator=n, value=mean, lower=mean - half, upper=mean + half
    )


def _median(label: str, rows: MeasureRows, used: Any) -> UnitResult | None:
    values = rows.value[used]
    if not len(values):
        return None
    value, lower, upper = median(values)
    return UnitResult(
        unit=label, denominator=len(values), value=value, lower=lower, upper=upper
    )


def _ratio(label: str, rows: MeasureRows, used: Any) -> UnitResult | None:
    """Give a ratio; its subjects are those in either side."""
    assert rows.numerator_value is not None
    assert rows.denominator_value is not None
    above, below = rows.numerator_value[used], rows.denominator_value[used]
    total = float(np.sort(below).sum())
    if not total > 0:
        return None
    value, lower, upper = ratio_of_totals(above, below)
    return UnitResult(
        unit=label,
        denominator=int(used.sum()),
        numerator=int((rows.numerator & used).sum()),
        value=value,
        lower=lower,
        upper=upper,
        numerator_total=float(np.sort(above).sum()),
        denominator_total=total,
    )


def _beside_model(label: str, rows: MeasureRows, used: Any) -> UnitResult | None:
    """Give a proportion or a ratio with what was expected of the same subjects."""
    assert rows.expected is not None
    expected = float(np.sort(rows.expected[used]).sum())
    if not used.any() or not expected > 0:
        return None
    if np.isnan(rows.value[used]).all():
        found = _ratio(label, rows, used)
        assert rows.numerator_value is not None
        observed = float(np.sort(rows.numerator_value[used]).sum())
    else:
        pair = (int(used.sum()), int((rows.numerator & used).sum()))
        found, observed = _proportions([label], [pair])[0], float(pair[1])
    if found is None:
        return None
    value, lower, upper = observed_to_expected(round(observed), expected)
    return found.model_copy(
        update={
            "expected": expected,
            "observed_to_expected": value,
            "observed_to_expected_lower": lower,
            "observed_to_expected_upper": upper,
        }
    )
