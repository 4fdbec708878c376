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

from math import comb, sqrt
from typing import Protocol

import numpy as np

__all__ = ["BaseRollout", "convergence_bound"]

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
