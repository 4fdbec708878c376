"""Which cells of a table to hide so that no small count can be worked out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["THRESHOLD", "Suppression", "is_small", "suppress"]

THRESHOLD = 10
"""Counts of 1 to this are small."""


@dataclass(frozen=True)
class Suppression:
    """What to hide.

    Attributes
    ----------
    cells : array of bool, shape (n_cells,)
        Whether to hide each cell, with everything that could give it back.
    total : bool
        Whether to hide the table's total as well.
    """

    cells: NDArray[np.bool_]
    total: bool


def is_small(count: int, threshold: int = THRESHOLD) -> bool:
    """Say whether a count of persons is small: 1 to `threshold`; 0 is not.

    Examples
    --------
    >>> [is_small(count) for count in (0, 1, 10, 11)]
    [False, True, True, False]
    """
    return 1 <= count <= threshold


def suppress(
    denominator: NDArray[np.int64],
    numerator: NDArray[np.int64] | None = None,
    *,
    total: tuple[int, int] | None = None,
    threshold: int = THRESHOLD,
) -> Suppression:
    """Choose the cells of a one-way table with a total that must be hidden.

    A cell is a denominator with, it may be, a numerator. It is small, and hidden
    first, if its denominator, its numerator or their difference is 1 to `threshold`
    (primary suppression). Whoever knows the total can subtract what is shown, so that
    the hidden cells together are one more cell that is in effect shown. Further cells,
    smallest first, are hidden until that one is not small either, so that there are at
    least two, and they hold more persons than cells (complementary suppression).
    Where all cells together do not suffice, the total is hidden too.

    Parameters
    ----------
    denominator : array of int, shape (n_cells,)
        Persons in each cell.
    numerator : array of int, shape (n_cells,), optional
        Of these, those counted; in [0, denominator].
    total : (denominator, numerator), optional
        The table's total where it is more than the sum of the cells: the rest,
        persons in no cell, is a hidden cell. By default, the sum. A total smaller
        than the sum (cells that overlap) is not one that could be subtracted from,
        and the sum is taken.
    threshold : int
        Greatest small count.

    Returns
    -------
    Suppression
        Which cells, and whether the total too.

    Raises
    ------
    ValueError
        If the arrays' shapes differ, or a numerator is not in [0, denominator].

    Notes
    -----
    After it, an attacker who knows every shown cell, the total, that counts are not
    negative and that hidden cells are not empty has two or more candidates for each
    small count. One who also inverts this rule itself may narrow these further.

    References
    ----------
    Centers for Medicare & Medicaid Services. CMS Cell Size Suppression Policy (version
    of 26 January 2024): no cell of 1 to 10, nor any from which one can be derived.
    https://resdac.org/node/1506

    Hundepool A, Domingo-Ferrer J, Franconi L, et al. Handbook on Statistical
    Disclosure Control, chapter 4 "Magnitude tabular data" (primary and secondary cell
    suppression) and chapter 5 "Frequency tables". https://sdctools.github.io/HandbookSDC/

    Examples
    --------
    >>> suppress(np.array([40, 5, 30])).cells.tolist()
    [False, True, True]
    """
    parts = _parts(denominator, numerator)
    rest = _rest(parts, total)
    size = parts.sum(axis=0) // 2  # numerator + difference + denominator = 2 × d
    small: NDArray[np.bool_] = np.any(_small(parts, threshold), axis=0)
    hidden = small.copy()
    if not small.any() and not _small(rest, threshold).any():
        return Suppression(hidden, _total_small(parts, rest, threshold))
    for cell in np.argsort(size, kind="stable"):
        if _safe(parts, hidden, rest, threshold):
            break
        if not hidden[cell] and size[cell] > 0:
            hidden[cell] = True
    enough = _safe(parts, hidden, rest, threshold)
    return Suppression(hidden, not enough or _total_small(parts, rest, threshold))


def _parts(
    denominator: NDArray[np.int64], numerator: NDArray[np.int64] | None
) -> NDArray[np.int64]:
    """Give numerators, differences and denominators, shape (3, n_cells)."""
    d = np.asarray(denominator, dtype=np.int64)
    k = np.zeros_like(d) if numerator is None else np.asarray(numerator, dtype=np.int64)
    if d.ndim != 1 or k.shape != d.shape:
        raise ValueError(
            f"denominator has shape {d.shape} and numerator {k.shape}; "
            "expected one and the same (n_cells,)"
        )
    if (k < 0).any() or (k > d).any():
        raise ValueError("numerator is not in [0, denominator] in every cell")
    return np.stack([k, d - k, d])


def _rest(parts: NDArray[np.int64], total: tuple[int, int] | None) -> NDArray[np.int64]:
    """Give the parts of those in no cell; zeros if there are none."""
    nobody = np.zeros(3, dtype=np.int64)
    if total is None:
        return nobody
    d, k = total
    rest = np.array([k, d - k, d], dtype=np.int64) - parts.sum(axis=1)
    return nobody if (rest < 0).any() else rest


def _small(counts: NDArray[np.int64], threshold: int) -> NDArray[np.bool_]:
    return (counts >= 1) & (counts <= threshold)


def _total_small(
    parts: NDArray[np.int64], rest: NDArray[np.int64], threshold: int
) -> bool:
    return bool(_small(parts.sum(axis=1) + rest, threshold).any())


def _safe(
    parts: NDArray[np.int64],
    hidden: NDArray[np.bool_],
    rest: NDArray[np.int64],
    threshold: int,
) -> bool:
    """Say whether the hidden cells cannot be told apart given their sum."""
    together = parts[:, hidden].sum(axis=1) + rest
    n_hidden = int(hidden.sum()) + int(rest[2] > 0)
    return not _small(together, threshold).any() and int(together[2]) > n_hidden
