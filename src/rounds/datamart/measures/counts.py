"""How many are counted and how many meet a measure: numbers that add and subtract.

The counts of a whole are those of its parts together, so when few persons change, what
they counted before is taken away and what they count now is added.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rounds.nouns import Measure

if TYPE_CHECKING:
    from rounds.datamart.rows import MeasureRows

__all__ = ["AGE_BANDS", "UNKNOWN", "Counts", "count", "labels_of", "populations_of"]

AGE_BANDS: Final = ((0, 17), (18, 44), (45, 64), (65, 74), (75, 200))
"""Completed years, both included; the last band is open."""
SEPARATOR: Final = " · "
"""Between the labels of a unit that is split by several characteristics."""
UNKNOWN: Final = {
    "care_site": "(no site)",
    "provider": "(no clinician)",
    "sex": "(not recorded)",
    "age": "(not recorded)",
    "svi_quartile": "(no SVI)",
}


@dataclass(frozen=True)
class Counts:
    """Counts of a measure over some subjects; of a proportion.

    Examples
    --------
    >>> a = Counts({"initial_population": 3}, (2, 1), {"x": (2, 1)})
    >>> b = Counts({"initial_population": 1}, (1, 1), {"y": (1, 1)})
    >>> (a + b).by
    {'x': (2, 1), 'y': (1, 1)}
    >>> a + b - a == b
    True
    """

    populations: Mapping[str, int]
    overall: tuple[int, int]
    """Those counted (the denominator), and of them those in the numerator."""
    by: Mapping[str, tuple[int, int]]
    """The same for each unit that has somebody."""

    def __add__(self, other: "Counts") -> "Counts":
        """Give the counts of both together."""
        return self._combined(other, 1)

    def __sub__(self, other: "Counts") -> "Counts":
        """Give the counts of those in this one who are not in the other."""
        return self._combined(other, -1)

    def _combined(self, other: "Counts", sign: int) -> "Counts":
        names = [*self.populations, *(set(other.populations) - set(self.populations))]
        units = sorted({*self.by, *other.by})
        by = {
            unit: _plus(self.by.get(unit, (0, 0)), other.by.get(unit, (0, 0)), sign)
            for unit in units
        }
        return Counts(
            {
                name: self.populations.get(name, 0)
                + sign * other.populations.get(name, 0)
                for name in names
            },
            _plus(self.overall, other.overall, sign),
            {unit: pair for unit, pair in by.items() if pair[0]},
        )


def _plus(one: tuple[int, int], other: tuple[int, int], sign: int) -> tuple[int, int]:
    return one[0] + sign * other[0], one[1] + sign * other[1]


def count(
    measure: Measure,
    rows: "MeasureRows",
    by: str | None = None,
    split: "MeasureRows | None" = None,
) -> Counts:
    """Count the rows of a proportion.

    Parameters
    ----------
    measure : Measure
        A proportion.
    rows : "MeasureRows"
        One a subject.
    by : str, optional
        The characteristic whose values are the units.
    split : "MeasureRows", optional
        The rows that are divided into units, if they are others (months).
    """
    populations = populations_of(measure, rows)
    divided = rows if split is None else split
    return Counts(
        populations,
        (populations["denominator"], populations["numerator"]),
        _by_unit(divided, by) if by else {},
    )


def populations_of(measure: Measure, rows: "MeasureRows") -> dict[str, int]:
    """Count the populations of a measure, each by its name of FHIR."""
    populations = {
        "initial_population": len(rows),
        "denominator": int(rows.denominator.sum()),
        "denominator_exclusion": int(rows.excluded.sum()),
    }
    if measure.denominator_exception is not None:
        populations["denominator_exception"] = int(rows.excepted.sum())
    if measure.numerator is not None:
        populations["numerator"] = int(rows.numerator.sum())
    if measure.observed_when is not None or measure.scoring != "proportion":
        populations["observed"] = int(rows.observed.sum())
    return populations


def _by_unit(rows: "MeasureRows", by: str) -> dict[str, tuple[int, int]]:
    if not rows.denominator.any():
        return {}
    labels, place = np.unique(
        labels_of(rows, by)[rows.denominator], return_inverse=True
    )
    met = rows.numerator[rows.denominator]
    n = np.bincount(place, minlength=len(labels)).tolist()
    n_met = np.bincount(place, weights=met, minlength=len(labels)).tolist()
    return {
        label: (one, int(some))
        for label, one, some in zip(labels.tolist(), n, n_met, strict=True)
    }


def labels_of(rows: "MeasureRows", by: str) -> Any:
    """Give each row's unit.

    Returns
    -------
    array of str, shape (n,)
    """
    if "," in by:
        each = [labels_of(rows, one) for one in by.split(",")]
        joined = [SEPARATOR.join(one) for one in zip(*each, strict=True)]
        return np.array(joined, dtype=str)
    unknown = UNKNOWN.get(by, "")
    if by == "month":
        return rows.index_date.astype("datetime64[M]").astype(str)
    if by == "age":
        labels = np.full(len(rows), unknown, dtype="U20")
        for low, high in AGE_BANDS:
            name = f"{low}+" if high == 200 else f"{low}–{high}"
            labels[(rows.age >= low) & (rows.age <= high)] = name
        return labels
    if by == "svi_quartile":
        named = np.char.add("SVI quartile ", rows.svi_quartile.astype(str))
        return np.where(rows.svi_quartile > 0, named, unknown)
    if by not in UNKNOWN:
        assert rows.stratum is not None, "its stratifier was not asked for"
        return np.where(rows.stratum == "", "(in none of these)", rows.stratum)
    column = getattr(rows, by)
    return np.where(column == "", unknown, column)
