"""Response-adaptive: patients as they arrive, by the chances that are in force.

Two numbers of eight bytes each, of HMAC-SHA256, keyed with the seed, over
`rounds.response-adaptive.1`, the epoch and the place within it, decide. The first says
whether the patient is of the even share, allocated 1:1 whatever looks saw; the second
falls below the chance for `active`. Neither knows anything of the patient. The seed,
the chances by epoch and the order of arrival give the same arms again.

Chances are not drawn here: they follow from a look, and are in the store.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rounds.loop.change.rollouts.draws import chance as bytes_of

__all__ = ["Drawn", "ResponseAdaptive"]

_LABEL = "rounds.response-adaptive.1"
_WHOLE = 1 << 64
EVEN = 0.5


@dataclass(frozen=True)
class Drawn:
    """How one patient was allocated.

    Parameters
    ----------
    arm : str
        `active` or `silent`.
    share : str
        `even` or `adaptive`.
    chance : float
        Of `active`, by which it was drawn.
    """

    arm: str
    share: str
    chance: float

    def __repr__(self) -> str:
        return "<Drawn>"


class ResponseAdaptive:
    """An allocation without end, for one seed.

    Parameters
    ----------
    seed : bytes, shape (32,)
    fixed_share : float
        Of patients who are allocated evenly throughout, in [0, 1).
    """

    def __init__(self, seed: bytes, fixed_share: float) -> None:
        if not 0 <= fixed_share < 1:
            raise ValueError("fixed_share lies in [0, 1)")
        self._seed = seed
        self._even = fixed_share

    def __repr__(self) -> str:
        return f"<ResponseAdaptive with {self._even:g} always 1:1>"

    def draw(self, epoch: int, place: int, chance: float) -> Drawn:
        """Allocate the patient at a place of an epoch.

        Parameters
        ----------
        epoch : int
            From 0.
        place : int
            Within the epoch, in the order of arrival, from 0.
        chance : float
            Of `active` in force, in (0, 1).
        """
        if not 0 < chance < 1:
            raise ValueError("a chance lies between 0 and 1: neither arm is certain")
        stream = bytes_of(self._seed, _LABEL, str(epoch), str(place))
        is_even = _number(stream) < int(self._even * _WHOLE)
        by = EVEN if is_even else chance
        active = _number(stream) < int(by * _WHOLE)
        return Drawn(
            "active" if active else "silent", "even" if is_even else "adaptive", by
        )

    def replay(self, epochs: Sequence[tuple[float, int]]) -> list[list[Drawn]]:
        """Give every patient's draw again, from chances and numbers of arrivals.

        Parameters
        ----------
        epochs : sequence of (chance, n_patients)
            In order, from the first.
        """
        return [
            [self.draw(epoch, place, chance) for place in range(n)]
            for epoch, (chance, n) in enumerate(epochs)
        ]


def _number(stream: Iterator[int]) -> int:
    return int.from_bytes(bytes(itertools.islice(stream, 8)))
