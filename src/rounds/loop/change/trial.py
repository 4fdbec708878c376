"""A rollout in force: which unit a call belongs to, and in which arm it is."""

import datetime as dt
from collections.abc import Container, Mapping

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
    """A rollout in force, with what of its allocation can no longer change."""

    def __init__(self, practice: Practice, ref: str) -> None:
        self.rollout: Rollout = practice.rollout(ref)
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
        *,
        allocate: bool = True,
    ) -> list[tuple[str, str]]:
        """Give (unit, arm) of each call; ("", "none") where unresolved.

        Where arms change over time, a clinic was allocated a sequence, and its arm is
        the one that the sequence has on the day of the call.

        A patient met for the first time is allocated, but not by a call that was
        answered before, nor one who opted out, nor while `allocate` is false.
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
        allocated = _pairs(self._patients(desk, calls, places, allocate))
        arms = [NO_ARM] * len(calls)
        for i in places:
            arms[i] = allocated.get(calls.patient[i], NO_ARM)
        return arms

    def _patients(
        self, desk: Recording, calls: Calls, places: list[int], allocate: bool
    ) -> dict[str, Assignment]:
        met = {calls.patient[i] for i in places}
        allocated = desk.assignments(self._ref, met)
        closed = not allocate or desk.is_revealed(self._ref)
        if len(allocated) == len(met) or closed:
            return allocated
        kind = _ONE_BY_ONE.get(self.rollout.design.allocation)
        if kind is not None:
            if self._arrivals is None:
                self._arrivals = kind(self._ref, self.rollout.design, self._seed())
            return allocated | self._arrivals.allocate(desk, calls, places, allocated)
        if self._blocks is None:
            self._blocks = PermutedBlocks(self._seed(), self.rollout.design.block_sizes)
        by_clinic = "clinic" in self.rollout.design.strata
        following: dict[str, int] = {}
        new: dict[str, Assignment] = {}
        for i in places:
            patient = calls.patient[i]
            if patient in allocated or patient in new:
                continue
            stratum = calls.clinic[i] if by_clinic else "all"
            if stratum not in following:
                following[stratum] = desk.next_sequence(self._ref, stratum)
            place = following[stratum]
            following[stratum] = place + 1
            arm = self._blocks.arm(stratum, place)
            new[patient] = Assignment(arm, stratum, place)
        desk.assign(self._ref, new)
        return allocated | new

    def _seed(self) -> bytes:
        return self._practice.seed(Ref.parse(self._ref)).seed


_EPOCH = dt.date(1970, 1, 1)


def _day(seconds: int) -> dt.date:
    return _EPOCH + dt.timedelta(days=seconds // 86_400)


def _pairs(assignments: Mapping[str, Assignment]) -> dict[str, tuple[str, str]]:
    return {unit: (unit, one.arm) for unit, one in assignments.items()}
