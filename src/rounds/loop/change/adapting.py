"""Patients who arrive one by one, each allocated by the chances in force."""

from collections.abc import Container

from rounds.loop.change.calls import Calls
from rounds.loop.change.rollouts import ResponseAdaptive
from rounds.nouns import Design
from rounds.practice import Assignment
from rounds.practice.allocations import Basis
from rounds.practice.epochs import stratum_of
from rounds.practice.recording import Recording

__all__ = ["Adapting"]


class Adapting:
    """The response-adaptive allocation of one rollout.

    Chances are read inside the transaction that writes the allocations made by them: a
    look that another process writes changes the next patient's chance, not this one's,
    and a kill between the two leaves neither half done.
    """

    def __init__(self, rollout: str, design: Design, seed: bytes) -> None:
        assert design.adaptation is not None
        self._rollout = rollout
        self._allocation = ResponseAdaptive(seed, design.adaptation.fixed_share)

    def __repr__(self) -> str:
        return "<Adapting>"

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
        epoch = desk.epoch(self._rollout)
        stratum = stratum_of(epoch.number)
        place = desk.next_sequences(self._rollout, {stratum})[stratum]
        new: dict[str, Assignment] = {}
        for i in places:
            patient = calls.patient[i]
            if patient in allocated or patient in new:
                continue
            drawn = self._allocation.draw(epoch.number, place, epoch.chance)
            known: Basis = {"share": drawn.share, "chance": drawn.chance}
            new[patient] = Assignment(drawn.arm, stratum, place, known)
            place += 1
        desk.assign(self._rollout, new)
        return new
