"""Calls in, advice out: decide and write down, for one call or many at once.

This is the one path by which a card is given, whether over HTTP or in this process.
What is in force, who opted out and which unit is in which arm are read inside the
transaction that records the exposures, so a change made by another process takes
effect on the next call, and nothing is answered that was not written before.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rounds.loop.change.knowledge import Rule, compile_rule
from rounds.loop.change.rollouts import PermutedBlocks
from rounds.nouns import DataError, Ref, Rollout
from rounds.practice import Assignment, InForce, Practice
from rounds.practice.recording import (
    Recorded,
    Recording,
    microseconds_of,
    recording,
)

__all__ = ["Advice", "Calls", "KnowledgeChanged", "Service"]


@dataclass(frozen=True, kw_only=True, repr=False)
class Calls:
    """Calls of one service, in the order of their arrival; lists of one length.

    Parameters
    ----------
    clinic : list of str
        Organization id; "" where it could not be resolved.
    occurred : list of int
        Seconds since 1970 of the encounter's start, local time as written.
    facts : dict
        Name → array; NaN is missing, and so is an absent column.
    """

    hook_instance: list[str]
    patient: list[str]
    encounter: list[str]
    clinic: list[str]
    occurred: list[int]
    facts: Mapping[str, np.ndarray]
    knowledge: str = ""
    """The Ref of the knowledge for which the facts were read; "" for any."""

    def __len__(self) -> int:
        return len(self.hook_instance)

    def __repr__(self) -> str:
        return f"<calls: {len(self):,}>"


@dataclass(frozen=True, slots=True, repr=False)
class Advice:
    """The answer to one call.

    Parameters
    ----------
    conflict : bool
        The `hookInstance` was used for another patient before: nothing is answered.
    """

    shown: bool = False
    card: str = ""
    suggestion: str = ""
    rule: Rule | None = None
    """The rule whose card is shown; None where none is."""
    conflict: bool = False


class KnowledgeChanged(Exception):  # noqa: N818  (not an error: read again)
    """Other knowledge came into force while a call was read; nothing was written."""


class Service:
    """One CDS service of a practice.

    Parameters
    ----------
    service_id : str
        The `id` of CDS Hooks discovery.
    """

    def __init__(self, practice: Practice, service_id: str) -> None:
        self.practice = practice
        self.id = service_id
        self._rules: dict[str, Rule] = {}
        self._trials: dict[str, _Trial] = {}

    def __repr__(self) -> str:
        return f"<Service {self.id}>"

    def rule(self, knowledge: str) -> Rule:
        """Give the rule of a version that is or was in force."""
        if knowledge not in self._rules:
            self._rules[knowledge] = compile_rule(self.practice.knowledge(knowledge))
        return self._rules[knowledge]

    def answer(self, calls: Calls, received: dt.datetime) -> list[Advice]:
        """Decide and write down; what is returned is durable already.

        A call whose `hookInstance` was answered before gets that answer again and no
        second row; but nobody gets a card from what has been switched off since, and
        nobody who opted out since.

        Raises
        ------
        DataError
            If the service was never in force, or its seed is lost.
        KnowledgeChanged
            If other knowledge is in force than the facts were read for.
        """
        with recording(self.practice, self.id) as desk:
            if desk.current is None:
                raise unknown_service(self.id)
            if calls.knowledge not in ("", desk.current.knowledge):
                raise KnowledgeChanged
            known = desk.known(set(calls.hook_instance))
            opted_out = desk.opted_out(set(calls.patient))
            due = self.rule(desk.current.knowledge).fires_each(calls.facts, len(calls))
            rows: list[dict[str, Any]] = []
            answers = []
            first: dict[str, Recorded] = dict(known)
            fresh = self._fresh(calls, known, opted_out)
            arms = self._arms(desk, calls, fresh)
            stamp = microseconds_of(received)
            for i, hook in enumerate(calls.hook_instance):
                if hook not in first:
                    row = self._row(desk.current, calls, i, arms[i], bool(due[i]))
                    row["received"] = stamp
                    if calls.patient[i] in opted_out:
                        row |= _OPTED_OUT
                    rows.append(row)
                    first[hook] = _recorded(row)
                silent = calls.patient[i] in opted_out or desk.current.state == "off"
                answers.append(self._again(first[hook], calls.patient[i], silent))
            desk.add(rows)
        return answers

    def _fresh(
        self, calls: Calls, known: Mapping[str, Recorded], opted_out: frozenset[str]
    ) -> list[int]:
        return [
            i
            for i, hook in enumerate(calls.hook_instance)
            if hook not in known and calls.patient[i] not in opted_out
        ]

    def _arms(
        self, desk: Recording, calls: Calls, fresh: list[int]
    ) -> list[tuple[str, str]]:
        """Give (unit, arm) of each call, allocating patients met for the first time."""
        current = desk.current
        nothing = [("", "none")] * len(calls)
        if current is None or current.state == "off":
            return nothing
        unit = "clinic"
        if current.rollout is not None:
            trial = self._trial(current.rollout)
            unit = trial.rollout.design.unit
            if current.state == "trial":
                return trial.arms(desk, calls, fresh)
        units = calls.clinic if unit == "clinic" else calls.patient
        return [(one, "all") for one in units]

    def _trial(self, ref: str) -> "_Trial":
        if ref not in self._trials:
            self._trials[ref] = _Trial(self.practice, ref)
        return self._trials[ref]

    def _row(
        self,
        current: InForce,
        calls: Calls,
        i: int,
        unit_and_arm: tuple[str, str],
        due: bool,
    ) -> dict[str, Any]:
        unit, arm = unit_and_arm
        shown = due and arm in ("active", "all")
        card = suggestion = ""
        if shown:
            rule = self.rule(current.knowledge)
            card, suggestion = rule.identify(calls.hook_instance[i])
        return {
            "service": self.id,
            "hook_instance": calls.hook_instance[i],
            "in_force": current.number,
            "knowledge": current.knowledge,
            "version": current.version,
            "rollout": current.rollout if current.state == "trial" else None,
            "person_source_value": calls.patient[i],
            "encounter": calls.encounter[i] or None,
            "clinic": calls.clinic[i] or None,
            "unit": unit or None,
            "arm": arm,
            "due": due,
            "shown": shown,
            "card": card or None,
            "suggestion": suggestion or None,
            "occurred": calls.occurred[i],
        }

    def _again(self, recorded: Recorded, patient: str, silent: bool) -> Advice:
        if recorded.person_source_value not in ("", patient):
            return Advice(conflict=True)
        if silent or not recorded.shown:
            return Advice()
        rule = self.rule(recorded.knowledge)
        return Advice(
            shown=True, card=recorded.card, suggestion=recorded.suggestion, rule=rule
        )


# Of a patient who opted out only the fact of a call is kept, not whose it was.
_OPTED_OUT: dict[str, Any] = {
    "person_source_value": "",
    "encounter": None,
    "clinic": None,
    "unit": None,
    "arm": "none",
    "due": False,
    "shown": False,
    "card": None,
    "suggestion": None,
}


class _Trial:
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
        self._clinics: dict[str, Assignment] | None = None
        self._blocks: PermutedBlocks | None = None

    def __repr__(self) -> str:
        return f"<trial {self.rollout.name}>"

    def arms(
        self, desk: Recording, calls: Calls, fresh: list[int]
    ) -> list[tuple[str, str]]:
        """Give (unit, arm) of each fresh call; ("", "none") where unresolved."""
        places = {i for i in fresh if calls.occurred[i] >= self._starts}
        places = {i for i in places if calls.clinic[i]}
        if self.rollout.design.unit == "clinic":
            if self._clinics is None:
                self._clinics = desk.assignments(self._ref)
            allocated, units = self._clinics, calls.clinic
        else:
            allocated = self._patients(desk, calls, sorted(places))
            units = calls.patient
        return [
            (units[i], allocated[units[i]].arm)
            if i in places and units[i] in allocated
            else ("", "none")
            for i in range(len(calls))
        ]

    def _patients(
        self, desk: Recording, calls: Calls, places: list[int]
    ) -> dict[str, Assignment]:
        met = {calls.patient[i] for i in places}
        allocated = desk.assignments(self._ref, met)
        if len(allocated) == len(met) or desk.is_revealed(self._ref):
            return allocated
        if self._blocks is None:
            seed = self._practice.seed(Ref.parse(self._ref)).seed
            self._blocks = PermutedBlocks(seed, self.rollout.design.block_sizes)
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


def unknown_service(service: str) -> DataError:
    """Say that there is no such service."""
    return DataError(
        f"There is no service {service[:80]!r} here.",
        code="unknown-service",
        remedies=("Ask /cds-services which services there are.",),
    )


def reused() -> DataError:
    """Say that a `hookInstance` was used for two patients."""
    return DataError(
        "This hookInstance was used for another patient before.",
        code="hook-instance-reused",
        why="An exposure would be written to the wrong patient.",
        remedies=("Make a new UUID for each call of a hook.",),
    )


def _recorded(row: Mapping[str, Any]) -> Recorded:
    return Recorded(
        row["person_source_value"],
        row["knowledge"],
        row["shown"],
        row["card"] or "",
        row["suggestion"] or "",
    )
