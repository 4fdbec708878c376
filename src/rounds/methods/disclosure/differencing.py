"""What has been told of whom, and whether one more sum would tell too much.

A told count is a sum over persons: a row of 0 and 1 (a told sum of values, a row of
integers). Whoever has been told several can add and subtract them, and every
combination of the rows is told as well. `Cover` keeps the rows such that none of these
combinations, nothing aside, touches few persons.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from rounds.methods.disclosure.modular import (
    MOST_SUMMED,
    N_SKETCHES,
    reciprocal,
    residue,
    sketch,
)

__all__ = ["Cover", "PersonSum"]

_MOST_ROWS = MOST_SUMMED
_FIRST_LOOK = 256
_LAST_LOOK = 2**14
_FIRST_ROWS = 16
_NOBODY_TOLD = np.iinfo(np.int64).max

Keys = NDArray[np.uint64]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class PersonSum:
    """A sum over persons that is, or may be, told: a count, or a sum of values.

    Attributes
    ----------
    keys : array of uint64, shape (n,)
        The persons, each once, ascending.
    weights : array of int, shape (n,), or None
        What each adds to the sum; None for 1 each.
    """

    keys: Keys
    weights: NDArray[np.int64] | None = None

    @classmethod
    def of(cls, persons: NDArray[Any], values: NDArray[Any] | None = None) -> Self:
        """Make one of persons who may stand there several times.

        Examples
        --------
        >>> twice = PersonSum.of(np.array([7, 5, 7]))
        >>> twice.keys.tolist(), twice.weights.tolist()
        ([5, 7], [1, 2])
        """
        keys, place = np.unique(persons.astype(np.uint64), return_inverse=True)
        sums = np.bincount(place, weights=values, minlength=len(keys))
        weights = np.rint(sums).astype(np.int64)
        return cls(keys, None if (weights == 1).all() else weights)

    @property
    def total(self) -> int:
        """The sum itself."""
        return len(self.keys) if self.weights is None else int(self.weights.sum())

    def __len__(self) -> int:
        """How many persons there are."""
        return len(self.keys)

    def __repr__(self) -> str:
        """Show the size alone: no person is ever printed."""
        return f"<sum over {len(self):,} persons>"


class Cover:
    """Rows of which every combination, but that of nothing, touches many persons.

    It holds `depth` sets of persons, disjoint, on each of which the rows are linearly
    independent. A combination that is not zero is then not zero on each of these sets,
    so that it touches at least `depth` persons. No group of fewer can be told from the
    rest by adding and subtracting what has been told, however often it was asked.

    The first of the sets also keeps clear of the persons of `avoid`: no combination
    rests on them alone, so that bounds known of their counts fix none of these.

    Parameters
    ----------
    depth : int
        The least number of persons that a combination may touch; one more than the
        greatest small count.

    Notes
    -----
    Arithmetic is modulo a prime: independence modulo a prime is independence over the
    rationals, so what is admitted is admitted rightly. That a row depends on others,
    and so tells nothing new, is judged by six sketches modulo the prime, and is wrong
    with a probability of about 10^-36.

    That a matroid has `k` disjoint bases only if each set of elements outside a flat
    has at least `k` times the rank that it adds is Edmonds' theorem; bases are found
    greedily here, so that a row may be turned away that a longer search would admit.

    References
    ----------
    Edmonds J (1965). Lehman's switching game and a theorem of Tutte and Nash-Williams.
    Journal of Research of the National Bureau of Standards 69B: 73–77, theorem 1.

    Examples
    --------
    >>> everybody = np.arange(100)
    >>> cover = Cover(depth=11)
    >>> [cover.admit(PersonSum.of(everybody[:n])) for n in (100, 97, 60)]
    [True, False, True]
    """

    def __init__(self, depth: int) -> None:
        if depth < 1:
            raise ValueError(f"depth is {depth}; expected at least 1")
        self.depth = depth
        self._keys: Keys = np.array([], dtype=np.uint64)
        self._order: NDArray[np.intp] = np.array([], dtype=np.intp)
        self._n_rows = 0
        self._bits = np.zeros((_FIRST_ROWS, 0), dtype=np.uint8)
        self._valued: dict[int, NDArray[np.int32]] = {}
        self._sketches = np.zeros((_FIRST_ROWS, N_SKETCHES))
        self._bases = np.zeros((depth, _FIRST_ROWS), dtype=np.intp)
        self._inverses = np.zeros((depth, _FIRST_ROWS, _FIRST_ROWS))
        self._taken = np.zeros(0, dtype=bool)
        self._avoided = np.zeros(0, dtype=bool)
        self._room = np.zeros(0, dtype=np.int64)

    def __len__(self) -> int:
        """How many independent rows there are."""
        return self._n_rows

    def __repr__(self) -> str:
        """Show the sizes alone: no person is ever printed."""
        return f"<cover: {len(self)} rows, {len(self._keys):,} persons>"

    def knows(self, told: PersonSum) -> bool:
        """Say whether a sum follows from those admitted, so that it tells nothing."""
        places = self._places(told.keys)
        row = self._row(places, told.weights)
        return not self._left_over(places, row, self._given(0, row)).any()

    def admit(self, told: PersonSum) -> bool:
        """Take in a sum, if every combination then still touches enough persons.

        Returns
        -------
        bool
            False if it was not taken in; then nothing has changed.
        """
        places = self._places(told.keys)
        row = self._row(places, told.weights)
        first = self._given(0, row)
        if not self._left_over(places, row, first).any():
            return True
        if len(told) < self.depth or self._n_rows >= _MOST_ROWS:
            return False
        found = self._pick(first, row, places)
        if found is None:
            return False
        self._take(row, places, *found)
        return True

    def avoid(self, keys: Keys) -> bool:
        """Keep the first set clear of some persons.

        Returns
        -------
        bool
            False if that cannot be done, because some combination rests on avoided
            persons alone; then nothing has changed.
        """
        places = self._places(keys)
        new = places[~self._avoided[places]]
        self._avoided[new] = True
        if all(self._exchange(at) for at in self._to_exchange()):
            return True
        self._avoided[new] = False
        return False

    def _to_exchange(self) -> list[int]:
        first = self._bases[0, : self._n_rows]
        return np.flatnonzero(self._avoided[first]).tolist()

    def _exchange(self, at: int) -> bool:
        """Put another person into the first set where an avoided one stands."""
        n = self._n_rows
        inverse = self._inverses[0, :n, :n]
        free = np.flatnonzero(~self._taken & ~self._avoided)
        for most in (_FIRST_LOOK, _LAST_LOOK):
            places = self._roomiest(free, most)
            columns = self._columns(places)
            fit = np.flatnonzero(residue(inverse[at] @ columns))
            if len(fit):
                break
        else:
            return False
        place = places[fit[0]]
        change = residue(inverse @ columns[:, fit[0]])
        pivot = reciprocal(change[at])
        change[at] -= 1
        change = residue(change * pivot)
        self._inverses[0, :n, :n] = residue(inverse - np.outer(change, inverse[at]))
        self._taken[self._bases[0, at]] = False
        self._taken[place] = True
        self._bases[0, at] = place
        return True

    # -- persons and rows

    def _places(self, keys: Keys) -> NDArray[np.intp]:
        """Give the columns of persons, making those that are new."""
        keys = np.asarray(keys, dtype=np.uint64)
        found = self._look_up(keys)
        new = np.unique(keys[found < 0])
        if len(new):
            self._grow(new)
            found = self._look_up(keys)
        return found

    def _look_up(self, keys: Keys) -> NDArray[np.intp]:
        if not len(self._keys):
            return np.full(len(keys), -1, dtype=np.intp)
        at = np.searchsorted(self._keys, keys, sorter=self._order)
        at = self._order[np.minimum(at, len(self._keys) - 1)]
        return np.where(self._keys[at] == keys, at, -1)

    def _grow(self, new: Keys) -> None:
        self._keys = np.concatenate([self._keys, new])
        self._order = np.argsort(self._keys, kind="stable")
        more = -(-len(self._keys) // 8) - self._bits.shape[1]
        self._bits = np.pad(self._bits, ((0, 0), (0, more)))
        self._valued = {
            at: np.pad(row, (0, len(self._keys) - len(row)))
            for at, row in self._valued.items()
        }
        self._taken = np.pad(self._taken, (0, len(new)))
        self._avoided = np.pad(self._avoided, (0, len(new)))
        self._room = np.pad(self._room, (0, len(new)), constant_values=_NOBODY_TOLD)

    def _row(
        self, places: NDArray[np.intp], weights: NDArray[np.int64] | None
    ) -> NDArray[np.int32]:
        row = np.zeros(len(self._keys), dtype=np.int32)
        row[places] = 1 if weights is None else residue(weights.astype(float))
        return row

    def _columns(self, places: NDArray[np.intp]) -> Numbers:
        """Give what some persons add to each row, shape (n_rows, n_places)."""
        # A bit for each person and row: a million persons in a thousand rows fit.
        bytes_ = self._bits[: self._n_rows, places >> 3]
        columns = ((bytes_ >> (7 - (places & 7)).astype(np.uint8)) & 1).astype(float)
        for at, row in self._valued.items():
            columns[at] = row[places]
        return columns

    # -- arithmetic modulo the prime

    def _given(self, at: int, row: NDArray[np.int32]) -> Numbers:
        """Give the coefficients with which the rows give this one on one set."""
        n = self._n_rows
        on_set = row[self._bases[at, :n]].astype(float)
        return residue(on_set @ self._inverses[at, :n, :n])

    def _left_over(
        self, places: NDArray[np.intp], row: NDArray[np.int32], combined: Numbers
    ) -> Numbers:
        """Sketch what is left over of a row: all zero if the rows give it everywhere.

        Rows that give it everywhere give it with the coefficients that do on one set.
        """
        own = sketch(self._keys[places], row[places])
        return residue(own - residue(combined @ self._sketches[: self._n_rows]))

    def _pick(
        self, first: Numbers, row: NDArray[np.int32], members: NDArray[np.intp]
    ) -> tuple[Numbers, list[tuple[int, float]]] | None:
        """Choose a person for each set on whom the row is not what others give.

        Returns
        -------
        combined : array, shape (depth, n_rows)
            The coefficients with which the rows give this one on each set.
        picked : list of (int, float)
            For each set, the person, and what is left of the row there.
        """
        free = ~self._taken
        everybody = np.flatnonzero(free)
        outside = np.flatnonzero(free & (row == 0))
        looks = (
            self._roomiest(members[free[members]], _FIRST_LOOK),
            self._roomiest(outside, _FIRST_LOOK),
            self._roomiest(everybody, _LAST_LOOK),
        )
        others = (self._given(at, row) for at in range(1, self.depth))
        combined = np.stack([first, *others])
        # Of all sets at once, and of the later looks only where they are needed.
        lefts: dict[int, Numbers] = {}
        picked: list[tuple[int, float]] = []
        used: set[int] = set()
        for at in range(self.depth):
            for which, look in enumerate(looks):
                if which not in lefts:
                    lefts[which] = self._left(combined, row, look)
                one = self._not_given(lefts[which][at], look, used, first=at == 0)
                if one is not None:
                    break
            else:
                return None
            used.add(one[0])
            picked.append(one)
        return combined, picked

    def _left(
        self, combined: Numbers, row: NDArray[np.int32], places: NDArray[np.intp]
    ) -> Numbers:
        """Give what is left of a row on each set's terms, shape (depth, n_places)."""
        given = residue(combined @ self._columns(places))
        return residue(row[places] - given)

    def _roomiest(self, places: NDArray[np.intp], most: int) -> NDArray[np.intp]:
        """Give those who are in no small told set first: the others may be needed."""
        if len(places) > most:
            part = np.argpartition(-self._room[places], most)[:most]
            places = places[part]
        return places[np.argsort(-self._room[places], kind="stable")]

    def _not_given(
        self,
        left: Numbers,
        places: NDArray[np.intp],
        used: set[int],
        *,
        first: bool,
    ) -> tuple[int, float] | None:
        """Give the first person on whom something is left, and how much."""
        for i in np.flatnonzero(left):
            place = int(places[i])
            if place not in used and not (first and self._avoided[place]):
                return place, float(left[i])
        return None

    def _take(
        self,
        row: NDArray[np.int32],
        members: NDArray[np.intp],
        combined: Numbers,
        picked: list[tuple[int, float]],
    ) -> None:
        """Add the row, and one person to each set, bordering each inverse."""
        n = self._n_rows
        if n == len(self._bits):
            self._double()
        places = np.array([place for place, _ in picked], dtype=np.intp)
        pivots = np.array([reciprocal(left) for _, left in picked])
        column = self._columns(places).T
        inverses = self._inverses[:, :n, :n]
        # The inverse of [[M, c], [r, x]] with s = x − r M⁻¹ c, as persons by rows.
        given = residue(np.matmul(inverses, column[:, :, None])[:, :, 0])
        lower = residue(-combined * pivots[:, None])
        for at in range(self.depth):  # one at a time: the products are large
            inverses[at] = residue(inverses[at] - np.outer(given[at], lower[at]))
        self._inverses[:, :n, n] = residue(-given * pivots[:, None])
        self._inverses[:, n, :n] = lower
        self._inverses[:, n, n] = pivots
        self._bases[:, n] = places
        self._taken[places] = True
        self._bits[n] = np.packbits(row == 1)
        if (row[members] != 1).any():
            self._valued[n] = row
        self._sketches[n] = sketch(self._keys[members], row[members])
        self._room[members] = np.minimum(self._room[members], len(members))
        self._n_rows += 1

    def _double(self) -> None:
        n = self._n_rows
        self._bits = np.pad(self._bits, ((0, n), (0, 0)))
        self._sketches = np.pad(self._sketches, ((0, n), (0, 0)))
        self._bases = np.pad(self._bases, ((0, 0), (0, n)))
        self._inverses = np.pad(self._inverses, ((0, 0), (0, n), (0, n)))
