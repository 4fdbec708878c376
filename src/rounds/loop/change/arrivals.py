"""Patients who arrive one by one, each allocated with regard to those before."""

from collections.abc import Container

import numpy as np

from rounds.loop.change.calls import Calls
from rounds.loop.change.rollouts import ARMS, Minimisation
from rounds.methods.allocations.minimisation import MarginalTotals
from rounds.nouns import Design, age_band
from rounds.practice import Assignment
from rounds.practice.recording import Recording

__all__ = ["Arrivals"]

_STRATUM = "all"
"""Minimisation has no strata: a place is the place in the order of arrival."""
_SIGNS = {arm: sign for sign, arm in ARMS.items()}


class Arrivals:
    """The minimisation of one rollout.

    The totals come from the rows of the store, read inside the transaction that writes
    the next one: after a kill, or beside another process, they are what was committed.
    Rows never change, so only those since the last call are read again.
    """

    def __init__(self, rollout: str, design: Design, seed: bytes) -> None:
        self._rollout = rollout
        self._factors = design.balances
        self._minimisation = Minimisation(seed, design.biased_coin)
        self._totals = MarginalTotals()
        self._counted = 0

    def __repr__(self) -> str:
        return f"<Arrivals: {self._counted:,}>"

    def allocate(
        self,
        desk: Recording,
        calls: Calls,
        places: list[int],
        allocated: Container[str],
    ) -> dict[str, Assignment]:
        """Allocate the patients of these calls who have no arm yet, and write it.

        Parameters
        ----------
        places : list of int
            Which calls, in their order.
        allocated : container of str
            Patients who have an arm.
        """
        self._catch_up(desk)
        # A copy: what is decided now may be rolled back, what was counted is committed.
        totals, place = self._totals.copy(), self._counted
        new: dict[str, Assignment] = {}
        for i in places:
            patient = calls.patient[i]
            if patient in allocated or patient in new:
                continue
            levels = self._levels(calls, i)
            arm = self._minimisation.arm(place, totals.lag(levels))
            totals.add(levels, _SIGNS[arm])
            new[patient] = Assignment(arm, _STRATUM, place, levels)
            place += 1
        desk.assign(self._rollout, new)
        return new

    def _catch_up(self, desk: Recording) -> None:
        for arm, levels in desk.arrivals(self._rollout, _STRATUM, self._counted):
            self._totals.add(levels, _SIGNS[arm])
            self._counted += 1

    def _levels(self, calls: Calls, i: int) -> dict[str, str]:
        """Give the level of each factor of one call's patient."""
        told = {
            "clinic": calls.clinic[i],
            "sex": (calls.sex[i] if calls.sex else "") or "unknown",
            "age_band": age_band(_number(calls.facts.get("age"), i)),
        }
        return {factor: told[factor] for factor in self._factors}


def _number(column: np.ndarray | None, i: int) -> float | None:
    return None if column is None or column[i] is None else float(column[i])
