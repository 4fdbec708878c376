"""Tables of counts in several dimensions, with their margins: which cells to hide.

The choice is a rule of thumb; that it suffices is then proved, cell by cell, by linear
programming: what an attacker who adds and subtracts can say of each hidden small count.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array

from rounds.methods.disclosure.suppression import THRESHOLD

__all__ = ["TableSuppression", "intervals", "suppress_table", "with_margins"]

Counts = NDArray[np.int64]
Mask = NDArray[np.bool_]
_NEAR = 1e-6


@dataclass(frozen=True)
class TableSuppression:
    """What to hide of a table with margins.

    Attributes
    ----------
    hidden : array of bool, shape (n_1 + 1, …, n_k + 1)
        Whether to hide each cell; the last place of each axis is its margin.
    lower, upper : array of float, same shape
        What can be worked out of each cell: least and greatest count; the count itself
        where it is shown, inf where nothing bounds it.
    """

    hidden: Mask
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]


def with_margins(table: Counts) -> Counts:
    """Add the margins of a table, as the last place of each axis.

    Parameters
    ----------
    table : array of int, shape (n_1, …, n_k)

    Returns
    -------
    array of int, shape (n_1 + 1, …, n_k + 1)

    Examples
    --------
    >>> with_margins(np.array([[1, 2], [3, 4]])).tolist()
    [[1, 2, 3], [3, 4, 7], [4, 6, 10]]
    """
    whole = np.asarray(table, dtype=np.int64)
    for axis in range(whole.ndim):
        margin = whole.sum(axis=axis, keepdims=True)
        whole = np.concatenate([whole, margin], axis=axis)
    return whole


def suppress_table(
    table: Counts, *, threshold: int = THRESHOLD, protection: int | None = None
) -> TableSuppression:
    """Choose the cells and margins of a table that must be hidden.

    Small counts are hidden first, in the table and in its margins. Then, as long as
    anybody could narrow one of them to fewer than `protection` counts more than one,
    the least-filled shown cell of a line that narrows it is hidden too.

    Parameters
    ----------
    table : array of int, shape (n_1, …, n_k)
        Persons in each cell, of one to any number of dimensions.
    threshold : int
        Greatest small count; 0 is not small.
    protection : int, optional
        How far apart the least and the greatest possible count of each small cell must
        be; `threshold` if not given, so that it could also be 0 or not be small.

    Returns
    -------
    TableSuppression

    Raises
    ------
    ValueError
        If a count is negative.

    Notes
    -----
    The attacker knows the shown cells, that each line adds up to its margin, and that
    no count is negative. Finding the fewest cells to hide is NP-hard; the rule hides
    more than the fewest at times, never less than the proof asks for.

    References
    ----------
    Hundepool A, Domingo-Ferrer J, Franconi L, et al. Handbook on Statistical Disclosure
    Control, chapter 4, "Secondary cell suppression" and its audit by the feasibility
    interval. https://sdctools.github.io/HandbookSDC/

    Examples
    --------
    >>> table = np.array([[20, 5, 40], [30, 60, 35], [50, 70, 80]])
    >>> suppress_table(table).hidden.sum().item()
    4
    """
    table = np.asarray(table, dtype=np.int64)
    if (table < 0).any():
        raise ValueError("table holds a negative count; expected counts of persons")
    whole = with_margins(table)
    least = threshold if protection is None else protection
    small = (whole >= 1) & (whole <= threshold)
    hidden = small.copy()
    lines = _lines(whole.shape)
    while True:
        lower, upper = intervals(whole, hidden, only=small)
        open_still = np.argwhere(small & (upper - lower < least - _NEAR))
        if not len(open_still) or hidden.all():
            break
        place = np.ravel_multi_index(tuple(open_still[0]), whole.shape)
        hidden.ravel()[_next(whole.ravel(), hidden.ravel(), lines, int(place))] = True
    lower, upper = intervals(whole, hidden)
    return TableSuppression(hidden, lower, upper)


def intervals(
    whole: Counts, hidden: Mask, *, only: Mask | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Work out what anybody can say of each hidden cell.

    Parameters
    ----------
    whole : array of int, shape (n_1 + 1, …, n_k + 1)
        The table with its margins.
    hidden : array of bool, same shape
        The cells that are not shown.
    only : array of bool, same shape, optional
        The cells that are asked for; all if not given.

    Returns
    -------
    lower, upper : array of float, same shape
        Least and greatest possible count; inf where nothing bounds it.
    """
    lower, upper = whole.astype(float), whole.astype(float)
    places = np.flatnonzero(hidden)
    wanted = hidden if only is None else hidden & only
    if not wanted.any():
        return lower, upper
    sums, right = _equations(whole.ravel(), hidden.ravel(), places, whole.shape)
    for column in np.flatnonzero(wanted.ravel()[places]):
        aim = np.zeros(len(places))
        aim[column] = 1.0
        ends = [
            linprog(sign * aim, A_eq=sums, b_eq=right, bounds=(0, None))
            for sign in (1.0, -1.0)
        ]
        at = places[column]
        lower.ravel()[at] = ends[0].fun
        # Status 3: unbounded.
        upper.ravel()[at] = np.inf if ends[1].status == 3 else -ends[1].fun
    return lower, upper


def _equations(
    counts: Counts, hidden: Mask, places: NDArray[np.intp], shape: tuple[int, ...]
) -> tuple[csr_array, NDArray[np.float64]]:
    """Write each line with a hidden cell as: its parts less its margin make nothing."""
    column = {int(place): i for i, place in enumerate(places)}
    entries: list[tuple[int, int, float]] = []
    right: list[float] = []
    for line in _lines(shape):
        if not hidden[line].any():
            continue
        known = 0.0
        for place in line:
            sign = -1.0 if place == line[-1] else 1.0
            if hidden[place]:
                entries.append((len(right), column[int(place)], sign))
            else:
                known += sign * counts[place]
        right.append(-known)
    rows, columns, signs = zip(*entries, strict=True)
    size = (len(right), len(places))
    return csr_array((signs, (rows, columns)), shape=size), np.array(right)


def _lines(shape: tuple[int, ...]) -> list[NDArray[np.intp]]:
    """Give every line along every axis as places in the flat table, its margin last."""
    flat = np.arange(int(np.prod(shape))).reshape(shape)
    found = []
    for axis in range(len(shape)):
        others = [range(n) for i, n in enumerate(shape) if i != axis]
        moved = np.moveaxis(flat, axis, -1)
        found += [moved[where] for where in product(*others)]
    return found


def _next(
    counts: Counts, hidden: Mask, lines: list[NDArray[np.intp]], place: int
) -> int:
    """Choose what to hide next so that a cell becomes less certain.

    A line in which the cell, or a cell hidden with it, is the only hidden one gives it
    away. Of these lines' shown cells that one is taken which closes most of them, and
    of several the least filled that is not empty.
    """
    near = _connected(hidden, lines, place)
    alone = [line for line in near if hidden[line].sum() == 1]
    for chosen in (alone, near, lines):
        empty = np.array([], dtype=np.intp)
        cells, closes = np.unique(np.concatenate([empty, *chosen]), return_counts=True)
        shown = ~hidden[cells]
        if shown.any():
            cells, closes = cells[shown], closes[shown]
            order = np.lexsort((counts[cells], -closes, counts[cells] == 0))
            return int(cells[order[0]])
    raise AssertionError("there is no shown cell left to hide")


def _connected(
    hidden: Mask, lines: list[NDArray[np.intp]], place: int
) -> list[NDArray[np.intp]]:
    """Give the lines that hold a cell, or cells that share hidden lines with it."""
    reached, waiting = {place}, [place]
    found = []
    seen = set()
    while waiting:
        now = waiting.pop()
        for number, line in enumerate(lines):
            if number in seen or now not in line:
                continue
            seen.add(number)
            found.append(line)
            more = {int(p) for p in line[hidden[line]]} - reached
            reached |= more
            waiting += more
    return found
