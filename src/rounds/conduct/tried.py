"""What was tried before: every decision, to be searched, and to be shown when alike.

A change that did nothing is as much of an answer as one that worked; it is lost when
nobody meets it again before the same idea is put to patients once more.
"""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from rounds.ledger import Ledger
from rounds.nouns import (
    Decision,
    DefinitionError,
    Estimate,
    Evaluation,
    NotEstimable,
    Protocol,
    Ref,
)

__all__ = ["Tried", "alike", "search", "tried_before"]

_ALIKE: Final = 0.5
"""Of the words of the shorter description, so many are in the longer one. A rule of
thumb with no source: it is to remind, and errs on the side of showing."""
_FEWEST_WORDS: Final = 3
_COMMON: Final = frozenset(
    [
        *("a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "in", "is"),
        *("it", "no", "not", "of", "on", "or", "that", "the", "their", "this", "to"),
        *("when", "who", "whose", "with"),
    ]
)
_STEM: Final = 4
"""From so many letters on, words of which one begins with the other are one."""


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One decision with what it was about and what was found."""

    decision: Ref
    protocol: Ref
    title: str
    decided: str
    on: dt.date
    signed_by: str
    reasons: tuple[str, ...]
    treatment: str
    comparator: str
    population: str
    outcome: str
    measure: str
    """Name of the primary endpoint's measure."""
    knowledge: str
    """Name of the knowledge object."""
    effect: Estimate | NotEstimable
    because: tuple[str, ...] = ()
    """Why it is shown, where it is shown for being alike."""


def tried_before(ledger: Ledger) -> tuple[Tried, ...]:
    """Give every decision of the ledger, the last first.

    Parameters
    ----------
    ledger : Ledger

    Returns
    -------
    tuple of Tried
        Also those whose evaluation was never published here; it is then said that the
        effect is not known.
    """
    found = [
        _tried(ledger, decision)
        for entry in ledger.entries()
        if entry.kind == "decision"
        and isinstance(decision := ledger.read(entry.ref), Decision)
    ]
    return tuple(reversed(found))


def search(tried: Iterable[Tried], words: Sequence[str]) -> tuple[Tried, ...]:
    """Give those in which every word stands, in any of what is told of them.

    Parameters
    ----------
    words : sequence of str
        In any case; the beginning of a word is enough.
    """
    wanted = [word.lower() for text in words for word in text.split()]
    return tuple(
        one
        for one in tried
        if all(any(w.startswith(word) for w in _all_words(one)) for word in wanted)
    )


def alike(
    tried: Iterable[Tried],
    words: str,
    *,
    measure: str = "",
    knowledge: str = "",
    but_not: Ref | None = None,
) -> tuple[Tried, ...]:
    """Give what was tried before and is like what is proposed, each with the reason.

    Parameters
    ----------
    tried : iterable of Tried
        As `tried_before` gives them.
    words : str
        What is proposed to be done.
    measure : str
        Name of its primary endpoint's measure, as in a Ref.
    knowledge : str
        Name of its knowledge object, as in a Ref.
    but_not : Ref, optional
        The proposal's own protocol: what was decided on it is the proposal.

    Returns
    -------
    tuple of Tried
        Those with the most reasons first, and of these the last first.
    """
    own = _words(words)
    found = []
    for one in tried:
        if but_not is not None and one.protocol == but_not:
            continue
        because = []
        if knowledge and one.knowledge == knowledge:
            because.append("the same knowledge object")
        theirs = _words(one.treatment)
        shared = {word for word in own if any(_same(word, w) for w in theirs)}
        least = min(len(own), len(theirs))
        if least >= _FEWEST_WORDS and len(shared) >= _ALIKE * least:
            listed = ", ".join(sorted(shared))
            because.append(f"a change in like words: {listed}")
        if measure and one.measure == measure:
            because.append("the same primary outcome")
        if because:
            found.append(replace(one, because=tuple(because)))
    return tuple(sorted(found, key=lambda one: -len(one.because)))


def _tried(ledger: Ledger, decision: Decision) -> Tried:
    protocol = _read(ledger, decision.protocol)
    evaluation = _read(ledger, decision.evaluation)
    asked: Any = None
    measure = ""
    if isinstance(protocol, Protocol):
        asked, measure = protocol.primary.estimand, protocol.primary.measure.name
    unknown = NotEstimable(reason="The evaluation was not published here.")
    effect = evaluation.estimate if isinstance(evaluation, Evaluation) else unknown
    return Tried(
        decision=decision.ref(),
        protocol=decision.protocol,
        title=decision.title,
        decided=decision.decided,
        on=decision.signed_by.at.date(),
        signed_by=decision.signed_by.name,
        reasons=decision.reasons,
        treatment="" if asked is None else asked.treatment,
        comparator="" if asked is None else asked.comparator,
        population="" if asked is None else asked.population,
        outcome="" if asked is None else asked.variable,
        measure=measure,
        knowledge=decision.knowledge_object.name,
        effect=effect,
    )


def _read(ledger: Ledger, ref: Ref) -> object:
    try:
        return ledger.read(ref)
    except DefinitionError:
        return None  # a decision that came from elsewhere is told as far as it is known


def _all_words(one: Tried) -> set[str]:
    told = (one.title, one.decided, one.treatment, one.comparator, one.population)
    names = (one.outcome, one.measure, one.knowledge, one.signed_by)
    return _split(" ".join((*told, *names)))


def _split(text: str) -> set[str]:
    return set(re.findall(r"[^\W_]+", text.lower()))


def _words(text: str) -> set[str]:
    return {word for word in _split(text) if word not in _COMMON and len(word) > 1}


def _same(one: str, other: str) -> bool:
    if min(len(one), len(other)) < _STEM:
        return one == other
    return one.startswith(other) or other.startswith(one)
