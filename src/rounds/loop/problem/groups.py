"""Counts by group of patients, from rows that have been read once."""

from collections.abc import Sequence

import numpy as np

from rounds.datamart.measures.running import AGE_BANDS
from rounds.datamart.rows import MeasureRows
from rounds.nouns import UnitResult

__all__ = ["by_group", "in_age_band"]

_UNKNOWN = {
    "care_site": "(no site)",
    "sex": "(not recorded)",
    "age": "(not recorded)",
    "svi_quartile": "(no SVI)",
}


def by_group(rows: MeasureRows, characteristic: str) -> tuple[UnitResult, ...]:
    """Count denominator and numerator by one characteristic.

    The same labels, order and counts as `rounds.datamart.run_measure` gives,
    without asking the datamart again.

    Parameters
    ----------
    rows : MeasureRows
        A proportion's rows.
    characteristic : str
        `care_site`, `sex`, `age` or `svi_quartile`.

    Returns
    -------
    tuple of UnitResult
        Groups that have anyone in the denominator, the unknown ones last.
    """
    unknown = _UNKNOWN[characteristic]
    labels = _labels(rows, characteristic)
    counted = np.asarray(rows.denominator)
    met = np.asarray(rows.numerator) & counted
    names, index = np.unique(labels[counted], return_inverse=True)
    denominators = np.bincount(index, minlength=names.size)
    numerators = np.bincount(index, weights=met[counted], minlength=names.size)
    units = [
        UnitResult(unit=str(name), denominator=int(n), numerator=int(x))
        for name, n, x in zip(names, denominators, numerators, strict=True)
    ]
    return tuple(sorted(units, key=lambda unit: (unit.unit == unknown, unit.unit)))


def in_age_band(ages: Sequence[int] | np.ndarray, label: str) -> np.ndarray:
    """Say who is in the age group of that label."""
    low, high = _BANDS[label]
    years = np.asarray(ages)
    return (years >= low) & (years <= high)


_BANDS = {
    f"{low}+" if high == 200 else f"{low}–{high}": (low, high)
    for low, high in AGE_BANDS
}


def _labels(rows: MeasureRows, characteristic: str) -> np.ndarray:
    unknown = _UNKNOWN[characteristic]
    if characteristic == "age":
        labels = np.full(len(rows), unknown, dtype="U20")
        for label in _BANDS:
            labels[in_age_band(rows.age, label)] = label
        return labels
    if characteristic == "svi_quartile":
        quartile = np.asarray(rows.svi_quartile)
        named = np.char.add("SVI quartile ", quartile.astype(str))
        return np.where(quartile > 0, named, unknown)
    column = np.asarray(getattr(rows, characteristic))
    return np.where(column == "", unknown, column)
