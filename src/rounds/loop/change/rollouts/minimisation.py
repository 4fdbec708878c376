"""Minimisation with a random element, for patients who arrive one by one.

The arm that would leave the factors' marginal totals more alike gets the next patient
with the chance of a biased coin; where the arms are level, with one half. The coin of
place `i` is a number of eight bytes of HMAC-SHA256, keyed with the seed, over
`rounds.minimisation.1` and `i`: it depends on nobody's characteristics. The same seed
and the same patients in the same order give the same arms.
"""

import itertools
from collections.abc import Iterable, Mapping

from rounds.loop.change.rollouts.draws import chance
from rounds.methods.allocations.minimisation import MarginalTotals

__all__ = ["ARMS", "Minimisation"]

ARMS = {1: "active", -1: "silent"}
"""How `rounds.methods.allocations.minimisation` counts the arms."""
_LABEL = "rounds.minimisation.1"
_WHOLE = 1 << 64


class Minimisation:
    """An allocation without end, for one seed.

    Parameters
    ----------
    seed : bytes, shape (32,)
    biased_coin : float
        The chance of the arm that lags, in [0.5, 1).
    """

    def __init__(self, seed: bytes, biased_coin: float) -> None:
        if not 0.5 <= biased_coin < 1:
            raise ValueError("biased_coin lies in [0.5, 1): 1 can be foretold")
        self._seed = seed
        self._coin = biased_coin

    def __repr__(self) -> str:
        return f"<Minimisation with a coin of {self._coin}>"

    def arm(self, place: int, lag: int) -> str:
        """Give the arm of the patient at a place in the order of arrival.

        Parameters
        ----------
        lag : int
            The arm that lags: 1 (`active`), -1 (`silent`), or 0 where they are level.
        """
        drawn = bytes(itertools.islice(chance(self._seed, _LABEL, str(place)), 8))
        threshold = int((self._coin if lag else 0.5) * _WHOLE)
        heads = int.from_bytes(drawn) < threshold
        return ARMS[(lag or 1) if heads else -(lag or 1)]

    def replay(self, arrivals: Iterable[Mapping[str, str]]) -> list[str]:
        """Give the arms of patients in the order of their arrival, from the first."""
        totals, arms = MarginalTotals(), []
        for place, levels in enumerate(arrivals):
            arm = self.arm(place, totals.lag(levels))
            totals.add(levels, 1 if arm == "active" else -1)
            arms.append(arm)
        return arms
