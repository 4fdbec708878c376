"""Stratified permuted blocks of random size.

A unit's arm is a function of the seed, its stratum and its place there, and of nothing
else: anyone who has the seed can replay it, nobody without it can foretell it.

Block `b` of a stratum is drawn from HMAC-SHA256, keyed with the seed, over
`rounds.permuted-blocks.1`, the stratum, `b` and a counter. Its bytes choose the block's
size among the design's, and by Fisher–Yates the order of as many `active` as `silent`.

References
----------
RFC 2104, section 2 (HMAC). Blackwell and Hodges' convergence strategy (guess the arm
that lags) is what the conformance suite plays against it.
"""

import hashlib
import hmac
import itertools
from collections.abc import Iterator, Mapping

from rounds.practice import Assignment

__all__ = ["PermutedBlocks", "below"]

_LABEL = b"rounds.permuted-blocks.1\x00"


class PermutedBlocks:
    """An allocation without end, for one seed.

    Parameters
    ----------
    seed : bytes, shape (32,)
    block_sizes : tuple of int
        Even; each block's is drawn from these with equal chance.
    """

    def __init__(self, seed: bytes, block_sizes: tuple[int, ...]) -> None:
        if not block_sizes or any(size < 2 or size % 2 for size in block_sizes):
            raise ValueError("block_sizes: even numbers from 2, e.g. (2, 4)")
        self._seed = seed
        self._sizes = tuple(block_sizes)
        self._made: dict[str, list[str]] = {}
        self._blocks: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"<PermutedBlocks of {self._sizes}>"

    def arm(self, stratum: str, sequence: int) -> str:
        """Give the arm of one place: `active` or `silent`."""
        arms = self._made.setdefault(stratum, [])
        while len(arms) <= sequence:
            block = self._blocks.get(stratum, 0)
            arms.extend(self._block(stratum, block))
            self._blocks[stratum] = block + 1
        return arms[sequence]

    def assign(self, units: Mapping[str, str]) -> dict[str, Assignment]:
        """Allocate units that are known from the start, by their names within strata.

        Parameters
        ----------
        units : dict
            Unit → stratum.
        """
        places: dict[str, Iterator[int]] = {}
        allocated = {}
        for unit in sorted(units):
            stratum = units[unit]
            place = next(places.setdefault(stratum, itertools.count()))
            allocated[unit] = Assignment(self.arm(stratum, place), stratum, place)
        return allocated

    def _block(self, stratum: str, block: int) -> list[str]:
        stream = self._stream(stratum, block)
        size = self._sizes[below(stream, len(self._sizes))]
        arms = ["active", "silent"] * (size // 2)
        for last in range(size - 1, 0, -1):
            chosen = below(stream, last + 1)
            arms[last], arms[chosen] = arms[chosen], arms[last]
        return arms

    def _stream(self, stratum: str, block: int) -> Iterator[int]:
        text = stratum.encode()
        start = _LABEL + len(text).to_bytes(4) + text + block.to_bytes(8)
        for counter in itertools.count():
            message = start + counter.to_bytes(8)
            yield from hmac.new(self._seed, message, hashlib.sha256).digest()


def below(stream: Iterator[int], limit: int) -> int:
    """Draw 0 … limit-1 with equal chances: bytes beyond a multiple are thrown away."""
    if limit == 1:
        return 0
    whole = 65536 - 65536 % limit
    while True:
        number = next(stream) * 256 + next(stream)
        if number < whole:
            return number % limit
