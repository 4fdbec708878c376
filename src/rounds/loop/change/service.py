"""Calls in, advice out: decide and write down, for one call or many at once.

This is the one path by which a card is given, whether over HTTP or in this process.
What is in force, who opted out and which unit is in which arm are read inside the
transaction that records the exposures, so a change made by another process takes
effect on the next call, and nothing is answered that was not written before.
"""

import datetime as dt
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from rounds.datamart.bedside import Bedside
from rounds.loop.change.calls import Calls
from rounds.loop.change.knowledge import Rule, compile_rule
from rounds.loop.change.trial import NO_ARM, Trial
from rounds.nouns import DataError
from rounds.practice import InForce, Practice
from rounds.practice.recording import (
    Recorded,
    Recording,
    microseconds_of,
    recording,
)

__all__ = ["Advice", "KnowledgeChanged", "Service"]


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


_NOTHING = Advice()
_Value = TypeVar("_Value")


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
        self._trials: dict[str, Trial] = {}
        self._bedside = Bedside(practice.path.with_name("bedside.sqlite"))

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
        clinicians = self.practice.pseudonyms(calls.clinician)
        with recording(self.practice, self.id) as desk:
            if desk.current is None:
                raise unknown_service(self.id)
            if calls.knowledge not in ("", desk.current.knowledge):
                raise KnowledgeChanged
            known = desk.known(calls.hook_instance)
            opted_out = desk.opted_out(calls.patient) | self._bedside.denied(
                calls.patient, research=desk.current.in_trial
            )
            first = _first(calls, known)
            rows = self._rows(desk, calls, first, known, opted_out)
            if clinicians is not None:
                rows["clinician"] = [
                    clinicians[i] if rows["person_source_value"][k] else ""
                    for k, i in enumerate(first.values())
                ]
            rows["received"] = [microseconds_of(received)] * len(first)
            desk.add(rows)
            given = self._given(calls, first, rows)
            if len(first) < len(calls):
                known |= _recorded(rows)
                silenced = opted_out
                if desk.current.is_silent:
                    silenced = opted_out.union(calls.patient)
                self._repeat(calls, first, known, silenced, given)
        return given

    def _rows(
        self,
        desk: Recording,
        calls: Calls,
        first: Mapping[str, int],
        known: Mapping[str, Recorded],
        opted_out: frozenset[str],
    ) -> dict[str, list[Any]]:
        """Decide for each `hookInstance` met for the first time; columns of one length.

        Of a patient who opted out only the fact of a call is kept, not whose it was.
        """
        current = desk.current
        if current is None:
            raise unknown_service(self.id)
        rule = self.rule(current.knowledge)
        facts = self._with_states(rule, calls)
        due = rule.fires_each(facts, len(calls)).tolist()
        pairs = self._arms(desk, calls, known, opted_out, due)
        patient, encounter, clinic = calls.patient, calls.encounter, calls.clinic
        if opted_out:
            out = [one in opted_out for one in patient]
            due = [one and not gone for one, gone in zip(due, out, strict=True)]
            pairs = _blanked(pairs, out, NO_ARM)
            patient, encounter, clinic = (
                _blanked(column, out, "") for column in (patient, encounter, clinic)
            )
        rows: dict[str, list[Any]] = {
            "hook_instance": calls.hook_instance,
            "person_source_value": patient,
            "encounter": [one or None for one in encounter],
            "clinic": [one or None for one in clinic],
            "unit": [unit or None for unit, _ in pairs],
            "arm": [arm for _, arm in pairs],
            "due": due,
            "occurred": calls.occurred,
        }
        if len(first) < len(calls):
            kept = list(first.values())
            rows = {name: [column[i] for i in kept] for name, column in rows.items()}
        cards = _cards(rule, rows, silent=current.is_silent)
        return rows | cards | self._constants(current, len(first))

    def _with_states(self, rule: Rule, calls: Calls) -> Mapping[str, Any]:
        """Add what the datamart published of the patients, if the rule asks for it."""
        if not rule.states:
            return calls.facts
        days = [_day(seconds) for seconds in calls.occurred]
        return {
            **calls.facts,
            **self._bedside.facts(rule.states, calls.patient, days),
        }

    def _constants(self, current: InForce, n: int) -> dict[str, list[Any]]:
        """Give what is the same for all that is recorded together."""
        return {
            "service": [self.id] * n,
            "in_force": [current.number] * n,
            "knowledge": [current.knowledge] * n,
            "version": [current.version] * n,
            "rollout": [current.rollout if current.in_trial else None] * n,
        }

    def _given(
        self, calls: Calls, first: Mapping[str, int], rows: Mapping[str, list[Any]]
    ) -> list[Advice]:
        """Give what each call is answered that was recorded now; nothing to others."""
        given = [_NOTHING] * len(calls)
        seen = itertools.compress(
            zip(
                first.values(),
                rows["card"],
                rows["suggestion"],
                rows["knowledge"],
                strict=True,
            ),
            rows["shown"],
        )
        for i, card, suggestion, knowledge in seen:
            rule = self.rule(knowledge)
            given[i] = Advice(
                shown=True, card=card or "", suggestion=suggestion or "", rule=rule
            )
        return given

    def _repeat(
        self,
        calls: Calls,
        first: Mapping[str, int],
        known: Mapping[str, Recorded],
        silenced: frozenset[str],
        given: list[Advice],
    ) -> None:
        """Answer again what was answered before, or earlier in the same batch."""
        for i, hook in enumerate(calls.hook_instance):
            if first.get(hook) != i:
                patient = calls.patient[i]
                given[i] = self._again(known[hook], patient, patient in silenced)

    def _arms(
        self,
        desk: Recording,
        calls: Calls,
        known: Mapping[str, Recorded],
        opted_out: frozenset[str],
        due: list[bool],
    ) -> list[tuple[str, str]]:
        """Give (unit, arm) of each call, allocating what is met for the first time."""
        current = desk.current
        if current is None or current.state == "off":
            return [NO_ARM] * len(calls)
        unit = "clinic"
        if current.rollout is not None:
            trial = self._trial(current.rollout)
            unit = trial.rollout.design.unit
            if current.in_trial:
                may = not current.is_silent
                return trial.arms(desk, calls, known, opted_out, due, allocate=may)
        named = {"patient": calls.patient, "encounter": calls.encounter}
        units = named.get(unit, calls.clinic)
        return [(one, "all") for one in units]

    def _trial(self, ref: str) -> Trial:
        if ref not in self._trials:
            self._trials[ref] = Trial(self.practice, ref, self.id)
        return self._trials[ref]

    def _again(self, recorded: Recorded, patient: str, silent: bool) -> Advice:
        if recorded.person_source_value not in ("", patient):
            return Advice(conflict=True)
        if silent or not recorded.shown:
            return _NOTHING
        rule = self.rule(recorded.knowledge)
        return Advice(
            shown=True, card=recorded.card, suggestion=recorded.suggestion, rule=rule
        )


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


_SEEN = ("active", "all")
_EPOCH = dt.date(1970, 1, 1)


def _day(seconds: int) -> dt.date:
    return _EPOCH + dt.timedelta(days=seconds // 86_400)


def _first(calls: Calls, known: Mapping[str, Recorded]) -> dict[str, int]:
    """Give hookInstance → place of its first call, of those not answered before."""
    hooks = calls.hook_instance
    if not known and len(set(hooks)) == len(hooks):
        return dict(zip(hooks, range(len(hooks)), strict=True))
    first: dict[str, int] = {}
    for i, hook in enumerate(hooks):
        if hook not in known:
            first.setdefault(hook, i)
    return first


def _blanked(column: list[_Value], out: list[bool], blank: _Value) -> list[_Value]:
    return [blank if gone else one for one, gone in zip(column, out, strict=True)]


def _cards(
    rule: Rule, rows: Mapping[str, list[Any]], *, silent: bool
) -> dict[str, list[Any]]:
    """Say which calls are shown the card, and name each card and its suggestion."""
    shown = [
        due and arm in _SEEN and not silent
        for due, arm in zip(rows["due"], rows["arm"], strict=True)
    ]
    card: list[str | None] = [None] * len(shown)
    suggestion: list[str | None] = [None] * len(shown)
    for i in itertools.compress(range(len(shown)), shown):
        one, other = rule.identify(rows["hook_instance"][i])
        card[i], suggestion[i] = one or None, other or None
    return {"shown": shown, "card": card, "suggestion": suggestion}


def _recorded(rows: Mapping[str, list[Any]]) -> dict[str, Recorded]:
    """Give hookInstance → what was recorded a moment ago."""
    columns = (
        rows[name]
        for name in (
            "hook_instance",
            "person_source_value",
            "knowledge",
            "shown",
            "card",
            "suggestion",
        )
    )
    return {
        hook: Recorded(person, knowledge, shown, card or "", suggestion or "")
        for hook, person, knowledge, shown, card, suggestion in zip(
            *columns, strict=True
        )
    }
