"""Cells of persons: what hides one, and everything that could give it back."""

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from rounds.methods.disclosure.suppression import (
    THRESHOLD,
    Suppression,
    is_small,
    suppress,
)
from rounds.nouns import Estimate, NotEstimable

__all__ = [
    "HIDDEN",
    "coarse",
    "coarse_limits",
    "gives_back_a_count",
    "has_small_part",
    "hide_estimate",
    "missing_counts",
    "rounded",
    "suppress_counted",
    "without_small_n",
]

HIDDEN = NotEstimable(
    reason="Withheld: it would show, or give back, a count of 1 to 10 persons."
)
"""What stands where a number could reveal a person."""

_DIFFERENCES = {"risk_difference", "proportion"}


class Counted(Protocol):
    """Anything with a denominator and, it may be, a numerator; None where unknown."""

    @property
    def denominator(self) -> int | None:
        """Persons."""

    @property
    def numerator(self) -> int | None:
        """Of these, those counted."""


def suppress_counted(
    cells: Sequence[Counted],
    total: tuple[int, int] | None = None,
    *,
    suppressed: Sequence[bool] = (),
    threshold: int = THRESHOLD,
) -> Suppression:
    """Choose the cells of a table to hide.

    Parameters
    ----------
    cells : sequence of Counted
        Those without a denominator are hidden already, or empty.
    total : (denominator, numerator), optional
        The table's total where it is known from elsewhere.
    suppressed : sequence of bool, optional
        Cells hidden before; where any is, the table has been through here, and only
        what is small on its own is hidden now.
    threshold : int
        Greatest small count.
    """
    if any(suppressed):
        small = [has_small_part(cell, threshold) for cell in cells]
        hidden = np.array(suppressed, dtype=bool) | np.array(small, dtype=bool)
        return Suppression(hidden, total=False)
    d = np.array([cell.denominator or 0 for cell in cells], dtype=np.int64)
    if any(cell.numerator is None for cell in cells if cell.denominator):
        sizes = None if total is None else (total[0], 0)
        return suppress(d, total=sizes, threshold=threshold)
    k = np.array([cell.numerator or 0 for cell in cells], dtype=np.int64)
    return suppress(d, k, total=total, threshold=threshold)


def has_small_part(cell: Counted, threshold: int = THRESHOLD) -> bool:
    """Say whether a cell, what is counted of it, or the rest is small.

    Parameters
    ----------
    cell : Counted
    threshold : int
        Greatest small count.
    """
    d, k = cell.denominator or 0, cell.numerator or 0
    return any(is_small(part, threshold) for part in (d, k, d - k))


def missing_counts(estimate: Estimate) -> tuple[int, int] | None:
    """Give denominator and numerator that a proportion and its n give back.

    Returns
    -------
    (int, int) or None
        None where no whole count fits: the estimate is modelled, sealed, or has no n.
    """
    if estimate.sealed is not None or not estimate.n or estimate.value is None:
        return None
    if estimate.scale != "proportion":
        return None
    count = estimate.value * estimate.n
    if not math.isclose(count, round(count), abs_tol=1e-6):
        return None
    return estimate.n, round(count)


def gives_back_a_count(estimate: Estimate | NotEstimable) -> bool:
    """Say whether an estimate shows a small count, or one can be worked out from it."""
    if isinstance(estimate, NotEstimable) or estimate.n is None:
        return False
    if is_small(estimate.n):
        return True
    counts = missing_counts(estimate)
    if counts is None:
        return False
    d, k = counts
    return is_small(k) or is_small(d - k)


def hide_estimate(estimate: Estimate | NotEstimable) -> Estimate | NotEstimable:
    """Withhold an estimate that gives back a small count; leave any other."""
    return HIDDEN if gives_back_a_count(estimate) else estimate


def without_small_n(estimate: Estimate) -> Estimate:
    """Leave the number, hide a small denominator."""
    if estimate.n is not None and is_small(estimate.n):
        return estimate.model_copy(update={"n": None})
    return estimate


def coarse(estimate: Estimate | NotEstimable) -> Estimate | NotEstimable:
    """Round an estimate so that hidden counts cannot be fitted to its last digits.

    Differences and proportions keep three decimals, others three significant digits;
    limits are rounded outwards, so that the interval still covers.
    """
    if isinstance(estimate, NotEstimable) or estimate.sealed is not None:
        return estimate
    value, lower, upper = estimate.value, estimate.lower, estimate.upper
    if value is None or lower is None or upper is None:
        return estimate
    places = 3
    if estimate.scale not in _DIFFERENCES:
        places = 2 - _magnitude(max(abs(value), abs(lower), abs(upper)))
    return estimate.model_copy(
        update={
            "value": round(value, places),
            "lower": _down(lower, places),
            "upper": -_down(-upper, places),
        }
    )


def coarse_limits(estimate: Estimate | NotEstimable) -> Estimate | NotEstimable:
    """Round an interval outwards, and leave the value, which shown counts give.

    Its width was made of sites that are hidden, too; they move its third digit at most.
    """
    rough = coarse(estimate)
    if isinstance(rough, NotEstimable) or isinstance(estimate, NotEstimable):
        return estimate
    return rough.model_copy(update={"value": estimate.value})


def rounded(number: float | None) -> float | None:
    """Keep three significant digits of a number of a table with hidden cells."""
    if number is None or number == 0:
        return number
    return round(number, 2 - _magnitude(abs(number)))


def _magnitude(number: float) -> int:
    return math.floor(math.log10(number)) if number > 0 else 0


def _down(number: float, places: int) -> float:
    near = round(number, places)
    if near <= number or math.isclose(near, number, rel_tol=1e-12):
        return near
    return round(near - 10.0**-places, places)
