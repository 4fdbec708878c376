"""What a rollout design must pass.

- It is reproducible: a function of seed, stratum and place, in whatever order asked.
- It is balanced: within a stratum the arms differ by half a block at the most.
- Strata and seeds are independent of one another.
- It cannot be foretold from the past: the best guesser is right no more often than
  the known bound for its blocks, and where the arms are level, half of the time.

References
----------
The guesser follows Blackwell and Hodges' convergence strategy: name the arm that lags,
toss a coin where they are level. For one permuted block of 2m units it is right
m + 2^(2m-1) / C(2m, m) - 1/2 times on average; the suite sums over the block sizes.
"""

from collections.abc import Mapping
from itertools import combinations
from math import comb, sqrt
from typing import Protocol

import numpy as np

from rounds.practice import Assignment

__all__ = ["BaseRollout", "BaseSequences", "convergence_bound"]

_DRAWS = 10_000


class Design(Protocol):
    """A rollout design for one seed."""

    def arm(self, stratum: str, sequence: int) -> str:
        """Give the arm of one place."""


def convergence_bound(block_sizes: tuple[int, ...]) -> float:
    """Give the share of right guesses of the best guesser, blocks equally likely.

    Examples
    --------
    >>> convergence_bound((2,))
    0.75
    """
    right = 0.0
    for size in block_sizes:
        half = size // 2
        right += half + 2 ** (size - 1) / comb(size, half) - 0.5
    return right / sum(block_sizes)


class BaseRollout:
    """The suite; inherit it and give the design."""

    block_sizes: tuple[int, ...] = (2, 4)

    def design(self, seed: bytes) -> Design:
        """Give the design for a seed of 32 bytes."""
        raise NotImplementedError

    def test_it_is_reproducible_in_any_order(self) -> None:
        """Asked backwards, or by another object, it says the same."""
        seed = bytes(range(32))
        forwards = [self.design(seed).arm("s", i) for i in range(200)]
        again = self.design(seed)
        assert [again.arm("s", i) for i in range(199, -1, -1)] == forwards[::-1]

    def test_it_is_balanced(self) -> None:
        """At every point the arms differ by half the largest block at the most."""
        running = np.cumsum(self._signs(bytes(32), "s"))
        assert np.abs(running).max() <= max(self.block_sizes) // 2
        assert set(np.unique(self._signs(bytes(32), "s"))) == {-1, 1}

    def test_strata_and_seeds_are_independent(self) -> None:
        """Two strata, or two seeds, agree half of the time."""
        one = self._signs(bytes(32), "s")
        others = self._signs(bytes(32), "t"), self._signs(b"\x01" * 32, "s")
        for other in others:
            # Blocks make neighbours negatively dependent, so n/2 is conservative.
            assert abs(np.mean(one == other) - 0.5) < 4 * 0.5 / sqrt(_DRAWS / 2)

    def test_it_cannot_be_foretold(self) -> None:
        """The best guesser reaches the bound and not more."""
        signs = self._signs(b"\x02" * 32, "s")
        before = np.concatenate([[0], np.cumsum(signs)[:-1]])
        level = before == 0
        right = np.where(level, 0.5, np.sign(-before) == signs)
        bound = convergence_bound(self.block_sizes)
        error = right.std() / sqrt(_DRAWS)
        assert abs(right.mean() - bound) < 4 * error
        toss = signs[level] == 1
        assert abs(toss.mean() - 0.5) < 4 * 0.5 / sqrt(level.sum())

    def _signs(self, seed: bytes, stratum: str) -> np.ndarray:
        design = self.design(seed)
        arms = [design.arm(stratum, i) for i in range(_DRAWS)]
        return np.where(np.array(arms) == "active", 1, -1)


class Dealing(Protocol):
    """An allocation of clinics that are known from the start, for one seed."""

    def assign(self, units: Mapping[str, str]) -> Mapping[str, Assignment]:
        """Give each unit (→ stratum) its sequence."""


class BaseSequences:
    """The suite of what randomises clinics to sequences of arms; inherit it.

    It is reproducible, whatever the order in which units are named; sequences are
    level; each clinic is as likely in each; and two clinics of a stratum, exchanged,
    are as likely as they were.
    """

    names: tuple[str, ...] = ("sequence-1", "sequence-2", "sequence-3")
    units: Mapping[str, str] = {
        f"clinic-{i}": "large" if i < 5 else "small" for i in range(9)
    }
    seeds: int = 1_500

    def sequences(self, seed: bytes, names: tuple[str, ...]) -> Dealing:
        """Give the allocation for a seed of 32 bytes."""
        raise NotImplementedError

    def test_it_is_reproducible_in_any_order(self) -> None:
        """Named backwards, or by another object, it says the same."""
        again = dict(reversed(list(self.units.items())))
        one, other = (
            self.sequences(bytes(32), self.names).assign(units)
            for units in (self.units, again)
        )
        assert dict(one) == dict(other)

    def test_sequences_are_level(self) -> None:
        """Over all clinics no two sequences differ by more than one."""
        for drawn in self._drawn(50):
            counts = [drawn.count(name) for name in self.names]
            assert max(counts) - min(counts) <= 1

    def test_each_clinic_is_as_likely_in_each(self) -> None:
        """Over many seeds, within four standard errors."""
        drawn = np.array(self._drawn(self.seeds))
        chance = 1 / len(self.names)
        error = sqrt(chance * (1 - chance) / self.seeds)
        for name in self.names:
            share = (drawn == name).mean(axis=0)
            assert np.abs(share - chance).max() < 4 * error

    def test_two_clinics_of_a_stratum_can_be_exchanged(self) -> None:
        """(First, second) is as likely as (second, first), for each pair of them."""
        drawn = np.array(self._drawn(self.seeds))
        strata = np.array([self.units[unit] for unit in sorted(self.units)])
        first, second = (drawn == name for name in self.names[:2])
        for i, j in combinations(range(len(strata)), 2):
            if strata[i] == strata[j]:
                one = int((first[:, i] & second[:, j]).sum())
                other = int((second[:, i] & first[:, j]).sum())
                assert abs(one - other) < 4 * sqrt(one + other)

    def _drawn(self, n: int) -> list[list[str]]:
        found = []
        for i in range(n):
            allocated = self.sequences(i.to_bytes(32), self.names).assign(self.units)
            found.append([allocated[unit].arm for unit in sorted(self.units)])
        return found
