"""A rollout in force: which unit a call belongs to, and in which arm it is."""

import datetime as dt
from collections.abc import Container, Mapping, Sequence
from typing import Literal

from rounds.loop.change.adapting import Adapting
from rounds.loop.change.arrivals import Arrivals
from rounds.loop.change.calls import Calls
from rounds.loop.change.rollouts import PermutedBlocks
from rounds.nouns import Ref, Rollout
from rounds.practice import Assignment, Practice
from rounds.practice.recording import Recording

__all__ = ["NO_ARM", "Trial"]

NO_ARM = ("", "none")
_ONE_BY_ONE: dict[str, type[Arrivals | Adapting]] = {
    "minimisation": Arrivals,
    "response_adaptive": Adapting,
}


class Trial:
    """A rollout in force at one service, with what can no longer change."""

    def __init__(self, practice: Practice, ref: str, service: str) -> None:
        self.rollout: Rollout = practice.rollout(ref)
        self._factor: Literal["first", "second"] = "first"
        second = self.rollout.second_knowledge_object
        if second is not None and practice.knowledge(str(second)).service.id == service:
            self._factor = "second"
        self._practice = practice
        self._ref = ref
        self._starts = int(
            dt.datetime.combine(
                self.rollout.starts, dt.time(), tzinfo=dt.UTC
            ).timestamp()
        )
        self._clinics: dict[str, tuple[str, str]] | None = None
        self._blocks: PermutedBlocks | None = None
        self._arrivals: Arrivals | Adapting | None = None

    def __repr__(self) -> str:
        return f"<trial {self.rollout.name}>"

    def arms(
        self,
        desk: Recording,
        calls: Calls,
        known: Container[str],
        opted_out: Container[str],
        due: Sequence[bool],
        *,
        allocate: bool = True,
    ) -> list[tuple[str, str]]:
        """Give (unit, arm) of each call; ("", "none") where unresolved.

        Where arms change over time, a clinic was allocated a sequence, and its arm is
        the one that the sequence has on the day of the call. Where there are two
        factors it was allocated a cell, and its arm is its own service's factor's.

        A patient met for the first time is allocated, but not by a call that was
        answered before, nor one who opted out, nor while `allocate` is false. An
        encounter is, likewise, by the first of its calls at which the card is `due`;
        without an identifier it stays silent.
        """
        if self.rollout.design.unit == "clinic":
            if self._clinics is None:
                self._clinics = _pairs(desk.assignments(self._ref))
            clinics, schedule = self._clinics, self.rollout.design.schedule
            found = [
                clinics.get(unit, NO_ARM)
                if unit and occurred >= self._starts
                else NO_ARM
                for unit, occurred in zip(calls.clinic, calls.occurred, strict=True)
            ]
            factors = self.rollout.design.factors
            if factors is not None:
                return [
                    (unit, factors.arm(cell, self._factor)) if unit else NO_ARM
                    for unit, cell in found
                ]
            if schedule is None:
                return found
            return [
                (unit, schedule.arm(name, _day(occurred))) if unit else NO_ARM
                for (unit, name), occurred in zip(found, calls.occurred, strict=True)
            ]
        places = [
            i
            for i, hook in enumerate(calls.hook_instance)
            if calls.occurred[i] >= self._starts
            and calls.clinic[i]
            and hook not in known
            and calls.patient[i] not in opted_out
        ]
        units, may = calls.patient, places
        if self.rollout.design.unit == "encounter":
            units = calls.encounter
            may = [i for i in places if due[i] and units[i]]
        met = self._met(desk, calls, units, places, may=may, allocate=allocate)
        allocated = _pairs(met)
        arms = [NO_ARM] * len(calls)
        for i in places:
            arms[i] = allocated.get(units[i], NO_ARM)
        return arms

    def _met(
        self,
        desk: Recording,
        calls: Calls,
        units: Sequence[str],
        places: list[int],
        *,
        may: list[int],
        allocate: bool,
    ) -> dict[str, Assignment]:
        """Give the places of the units of some calls; those that may be are allocated.

        Parameters
        ----------
        units : sequence of str
            The patient or the encounter of each call.
        places, may : list of int
            The calls of the trial, and those of them whose unit may be allocated.
        """
        allocated = desk.assignments(self._ref, {units[i] for i in places})
        if not allocate or all(units[i] in allocated for i in may):
            return allocated
        if desk.is_revealed(self._ref):
            return allocated
        kind = _ONE_BY_ONE.get(self.rollout.design.allocation)
        if kind is not None:
            if self._arrivals is None:
                self._arrivals = kind(self._ref, self.rollout.design, self._seed())
            return allocated | self._arrivals.allocate(desk, calls, places, allocated)
        if self._blocks is None:
            self._blocks = PermutedBlocks(self._seed(), self.rollout.design.block_sizes)
        by_clinic = "clinic" in self.rollout.design.strata
        strata: dict[str, str] = {}
        for i in may:
            if units[i] not in allocated:
                strata.setdefault(units[i], calls.clinic[i] if by_clinic else "all")
        following = desk.next_sequences(self._ref, set(strata.values()))
        new: dict[str, Assignment] = {}
        for unit, stratum in strata.items():
            place = following[stratum]
            following[stratum] = place + 1
            new[unit] = Assignment(self._blocks.arm(stratum, place), stratum, place)
        desk.assign(self._ref, new)
        return allocated | new

    def _seed(self) -> bytes:
        return self._practice.seed(Ref.parse(self._ref)).seed


_EPOCH = dt.date(1970, 1, 1)


def _day(seconds: int) -> dt.date:
    return _EPOCH + dt.timedelta(days=seconds // 86_400)


def _pairs(assignments: Mapping[str, Assignment]) -> dict[str, tuple[str, str]]:
    return {unit: (unit, one.arm) for unit, one in assignments.items()}
