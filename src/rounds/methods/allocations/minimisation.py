"""Minimisation: which arm would balance the marginal totals better."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

import scipy

__all__ = ["Coins", "MarginalTotals", "coins"]


class MarginalTotals:
    """How many of each arm have each level of each factor."""

    def __init__(self, lead: Mapping[tuple[str, str], int] | None = None) -> None:
        self._lead = dict(lead or {})

    def copy(self) -> Self:
        """Give totals that can go on by themselves."""
        return type(self)(self._lead)

    def add(self, levels: Mapping[str, str], arm: int) -> None:
        """Count one unit; `arm` is 1 for the first arm and -1 for the second."""
        for level in levels.items():
            self._lead[level] = self._lead.get(level, 0) + arm

    def lag(self, levels: Mapping[str, str]) -> int:
        """Give the arm that lags among units with these levels: 1, -1, or 0 if level.

        The imbalance that counts is the sum of squared differences between the arms'
        marginal totals. Putting a unit in the first arm adds 2d + 1 for a difference
        d, in the second 1 - 2d: the sum of the differences decides.

        References
        ----------
        Pocock SJ, Simon R (1975). Sequential treatment assignment with balancing for
        prognostic factors in the controlled clinical trial. Biometrics 31:103-115.
        Cited for the idea, not read; the sum of squares is one of the measures that
        minimisation is known with, and the algebra above is all that is used.

        Examples
        --------
        >>> totals = MarginalTotals()
        >>> totals.add({"sex": "female", "clinic": "a"}, 1)
        >>> totals.lag({"sex": "female", "clinic": "b"})
        -1
        """
        ahead = sum(self._lead.get(level, 0) for level in levels.items())
        return (ahead < 0) - (ahead > 0)


@dataclass(frozen=True)
class Coins:
    """How the coins of a minimisation fell, seen from its record."""

    followed: int
    """Units put in the arm that lagged."""
    biased: int
    """Units for which an arm lagged."""
    first: int
    """Units put in the first arm while the arms were level."""
    fair: int
    """Units met while the arms were level."""

    def p_value(self, chance: float) -> float:
        """Give the p-value that the coins fell as they should, two exact tests.

        Parameters
        ----------
        chance : float
            Of the arm that lags, in [0.5, 1).
        """
        ways = []
        if self.biased:
            ways.append(
                scipy.stats.binomtest(self.followed, self.biased, chance).pvalue
            )
        if self.fair:
            ways.append(scipy.stats.binomtest(self.first, self.fair, 0.5).pvalue)
        return min(1.0, len(ways) * float(min(ways))) if ways else 1.0


def coins(record: Iterable[tuple[Mapping[str, str], int]]) -> Coins:
    """Replay a minimisation from what was known and drawn, without its seed.

    Parameters
    ----------
    record : iterable of (levels, arm)
        In the order of arrival; `arm` is 1 or -1. Each coin is independent of all
        before it, so both counts are binomial.
    """
    totals, followed, biased, first, fair = MarginalTotals(), 0, 0, 0, 0
    for levels, arm in record:
        lag = totals.lag(levels)
        if lag:
            biased += 1
            followed += arm == lag
        else:
            fair += 1
            first += arm == 1
        totals.add(levels, arm)
    return Coins(followed, biased, first, fair)
