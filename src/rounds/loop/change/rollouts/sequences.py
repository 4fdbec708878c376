"""Clinics that are known from the start, randomised to the sequences of a schedule.

Within each stratum the clinics are put in a random order; then, one stratum after
another, they are dealt blocks that hold every sequence once, in a random order. So over
all clinics no two sequences differ by more than one, within a stratum by no more than
two, and within a stratum every exchange of two clinics was as likely as what was drawn,
which is what a permutation test of the schedule asks for.

Both orders are Fisher and Yates's, drawn from HMAC-SHA256 keyed with the seed: anyone
who has the seed can replay them, nobody without it can foretell them.

References
----------
RFC 2104, section 2 (HMAC).
"""

import hashlib
import hmac
import itertools
from collections.abc import Iterator, Mapping

from rounds.loop.change.rollouts.draws import below
from rounds.practice import Assignment

__all__ = ["Sequences"]

_LABEL = b"rounds.sequences.1\x00"


class Sequences:
    """An allocation to sequences, for one seed.

    Parameters
    ----------
    seed : bytes, shape (32,)
    names : tuple of str
        The sequences, two at the least.
    """

    def __init__(self, seed: bytes, names: tuple[str, ...]) -> None:
        if len(set(names)) != len(names) or len(names) < 2:
            raise ValueError("names: two different sequences at the least")
        self._seed = seed
        self._names = names

    def __repr__(self) -> str:
        return f"<Sequences: {len(self._names)}>"

    def assign(self, units: Mapping[str, str]) -> dict[str, Assignment]:
        """Allocate every unit; the order in which they are given does not matter.

        Parameters
        ----------
        units : dict
            Unit → stratum.
        """
        dealt = self._dealt()
        allocated = {}
        for stratum in sorted(set(units.values())):
            members = sorted(unit for unit in units if units[unit] == stratum)
            for place, unit in enumerate(self._shuffled(members, b"units", stratum)):
                allocated[unit] = Assignment(next(dealt), stratum, place)
        return allocated

    def _dealt(self) -> Iterator[str]:
        for block in itertools.count():
            yield from self._shuffled(list(self._names), b"block", str(block))

    def _shuffled(self, values: list[str], what: bytes, of: str) -> list[str]:
        stream = self._stream(what + b"\x00" + of.encode())
        for last in range(len(values) - 1, 0, -1):
            chosen = below(stream, last + 1)
            values[last], values[chosen] = values[chosen], values[last]
        return values

    def _stream(self, of: bytes) -> Iterator[int]:
        start = _LABEL + len(of).to_bytes(4) + of
        for counter in itertools.count():
            message = start + counter.to_bytes(8)
            yield from hmac.new(self._seed, message, hashlib.sha256).digest()
