"""A knowledge type: a rule, `when` (conditions on facts) and `card` (what is said).

The card follows CDS Hooks 2.0, "Card Attributes". Its text is fixed: no value of a
patient is ever put into it, so the same version says the same to everyone.
"""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from rounds.datamart.bedside import FIELDS, parse_fact
from rounds.loop.change.cds_hooks.patient_view import FACTS
from rounds.loop.change.knowledge.grammar import Condition, parse
from rounds.nouns import DefinitionError, KnowledgeObject

__all__ = ["Rule", "check", "compile_rule"]

_CARD_KEYS = {"summary", "indicator", "detail", "source", "suggestions"}
_CARD_KEYS |= {"selectionBehavior", "overrideReasons", "links"}
_INDICATORS = ("info", "warning", "critical")


@dataclass(frozen=True)
class Rule:
    """A rule that can be asked.

    Parameters
    ----------
    salt : str
        `service|version`, from which with a `hookInstance` a card's uuid is made.
    """

    condition: Condition
    template: Mapping[str, Any]
    salt: str

    @property
    def facts(self) -> tuple[str, ...]:
        """Give the names of the facts that it needs."""
        return tuple(self.condition.facts)

    @property
    def states(self) -> dict[str, tuple[str, str]]:
        """Give those facts that are a measure's state, with measure and field."""
        parsed = {fact: parse_fact(fact) for fact in self.facts}
        return {fact: state for fact, state in parsed.items() if state is not None}

    def fires(self, context: Mapping[str, Any]) -> bool:
        """Say whether a card is due for one person; silent if a fact is missing."""
        return self.condition.fires(context)

    def fires_each(self, columns: Mapping[str, np.ndarray], n: int) -> np.ndarray:
        """Say it for many: arrays by fact; gives bool, shape (n,)."""
        return self.condition.fires_each(columns, n)

    def identify(self, hook_instance: str) -> tuple[str, str]:
        """Give the uuids of a call's card and of its first suggestion ("" if none).

        They are functions of the call and the version, so a repeated call, and the
        in-process mode, give the same.
        """
        namespace = uuid.UUID(hook_instance).bytes
        card = _uuid5(namespace, f"{self.salt}|card")
        if not self.template.get("suggestions"):
            return card, ""
        return card, _uuid5(namespace, f"{self.salt}|suggestion|0")

    def card(self, hook_instance: str) -> dict[str, Any]:
        """Give the card of a call, as CDS Hooks writes it."""
        namespace = uuid.UUID(hook_instance)
        card = dict(self.template)
        card["uuid"] = self.identify(hook_instance)[0]
        if card.get("suggestions"):
            card["suggestions"] = [
                {
                    **one,
                    "uuid": str(uuid.uuid5(namespace, f"{self.salt}|suggestion|{i}")),
                }
                for i, one in enumerate(card["suggestions"])
            ]
            card.setdefault("selectionBehavior", "at-most-one")
        return card


_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def _uuid5(namespace: bytes, name: str) -> str:
    """Write what `str(uuid.uuid5(…))` does, in a quarter of the time: twice a card."""
    made = hashlib.sha1(namespace + name.encode(), usedforsecurity=False).hexdigest()
    return (
        f"{made[:8]}-{made[8:12]}-5{made[13:16]}-"
        f"{_VARIANT[made[16]]}{made[17:20]}-{made[20:32]}"
    )


def check(knowledge: KnowledgeObject) -> list[str]:
    """List all that is wrong with a rule: its grammar, its card, its own examples."""
    payload = knowledge.payload
    problems = [f"payload.{key}: unknown" for key in payload.keys() - _PAYLOAD_KEYS]
    if knowledge.service.hook != "patient-view":
        problems.append("service.hook: only patient-view is served")
    condition, wrong = parse(payload.get("when"))
    problems += [f"payload.{one}" for one in wrong]
    problems += _check_codes(payload.get("codes", {}))
    if condition is not None:
        problems += _check_served(knowledge, condition)
    problems += [f"payload.card.{one}" for one in _check_card(payload.get("card"))]
    if condition is None:
        return problems
    for example in knowledge.examples:
        if condition.fires(example.context) != example.fires:
            meant = "fire" if example.fires else "keep silent"
            problems.append(f"example {example.title!r} should {meant} and does not")
    return problems


_PAYLOAD_KEYS = {"when", "card", "codes"}


def compile_rule(knowledge: KnowledgeObject) -> Rule:
    """Make a rule that can be asked.

    Raises
    ------
    DefinitionError
        If `check` finds anything; all of it is listed.
    """
    return _compile(knowledge.to_json())


@lru_cache(maxsize=64)
def _compile(text: str) -> Rule:
    knowledge = KnowledgeObject.from_json(text)
    problems = check(knowledge)
    condition, _ = parse(knowledge.payload.get("when"))
    if problems or condition is None:
        listed = "\n".join(f" - {one}" for one in problems)
        raise DefinitionError(
            f"{knowledge.name} cannot be served; {len(problems)} problem(s):\n{listed}",
            code="knowledge-invalid",
            why="Knowledge is served only if its own examples pass.",
            remedies=("Correct each of them, then check again.",),
        )
    salt = f"{knowledge.service.id}|{knowledge.version}"
    return Rule(condition, knowledge.payload["card"], salt)


def _check_served(knowledge: KnowledgeObject, condition: Condition) -> list[str]:
    """Whether each fact that it names can reach it at the bedside."""
    problems = []
    codes = knowledge.payload.get("codes", {})
    for fact, kind in condition.facts.items():
        state = parse_fact(fact)
        if state is None and fact not in FACTS:
            known = ", ".join([*FACTS, f"measure.NAME.{'|'.join(FIELDS)}"])
            problems.append(f"payload.when: {fact} is not one of {known}")
            continue
        is_kind = FACTS[fact].kind if state is None else FIELDS[state[1]]
        if kind is not is_kind:
            what = "true or false" if is_kind is bool else "a number"
            problems.append(f"payload.when: {fact} is {what}")
        if state is not None:  # it comes from the datamart's states, not from prefetch
            continue
        asked = FACTS[fact]
        if asked.key not in knowledge.service.prefetch:
            problems.append(f"service.prefetch: {asked.key} is needed for {fact}")
        if asked.codes and not (isinstance(codes, Mapping) and codes.get(asked.codes)):
            problems.append(f"payload.codes: {asked.codes} is needed for {fact}")
    return problems


def _check_codes(codes: Any) -> list[str]:
    if not isinstance(codes, Mapping):
        return ["payload.codes: name → list of system|code"]
    return [
        f"payload.codes.{name}: a list of system|code"
        for name, values in codes.items()
        if not isinstance(values, list)
        or not all(isinstance(v, str) and "|" in v for v in values)
    ]


def _check_card(card: Any) -> list[str]:
    if not isinstance(card, Mapping):
        return ["an object with summary, indicator and source"]
    problems = [f"{key}: unknown" for key in card.keys() - _CARD_KEYS]
    summary = card.get("summary")
    if not isinstance(summary, str) or not 0 < len(summary) < 140:
        problems.append("summary: one sentence of less than 140 characters")
    if card.get("indicator") not in _INDICATORS:
        problems.append(f"indicator: one of {', '.join(_INDICATORS)}")
    if not isinstance(card.get("detail", ""), str):
        problems.append("detail: text")
    source = card.get("source")
    if not isinstance(source, Mapping) or not _is_text(source.get("label")):
        problems.append("source.label: who says so")
    if not _all_have(card.get("suggestions", []), "label"):
        problems.append("suggestions: a list of objects with a label")
    reasons = card.get("overrideReasons", [])
    if not all(_all_have(reasons, key) for key in ("code", "system", "display")):
        problems.append("overrideReasons: a list of code, system and display")
    if card.get("selectionBehavior", "any") not in ("any", "at-most-one"):
        problems.append("selectionBehavior: at-most-one or any")
    return problems


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _all_have(items: Any, key: str) -> bool:
    return isinstance(items, list) and all(
        isinstance(item, Mapping) and _is_text(item.get(key)) for item in items
    )
