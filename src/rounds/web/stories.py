"""From the ledger to what a page tells."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rounds.conduct import Project
from rounds.ledger import Ledger
from rounds.loop import STEPS
from rounds.nouns import (
    Alert,
    DefinitionError,
    Maintenance,
    Published,
    Ref,
)
from rounds.reports import Story

__all__ = [
    "KINDS",
    "MAIN",
    "PATHS",
    "QUESTIONS",
    "TITLES",
    "is_kept_back",
    "is_masked",
    "open_ledger",
    "step_of",
    "story_at",
]

PATHS = dict(
    zip(
        STEPS,
        ("problems", "evidence", "changes", "evaluations", "decisions"),
        strict=True,
    )
)
"""The loop written a third time: step and address."""

TITLES = dict(
    zip(
        STEPS,
        ("Problems", "Evidence", "Changes", "Evaluations", "Decisions"),
        strict=True,
    )
)

QUESTIONS = {
    "problem": "Where does practice vary more than chance, fall short, or drift,"
    " and does it matter?",
    "evidence": "What is known already, and what would happen if it were done"
    " differently?",
    "change": "Say it where care is given, to a random part first.",
    "evaluation": "Did care change, did health change, for whom, was anyone harmed?",
    "decision": "Adopt, adapt, abandon, extend; and what to look at next.",
}

KINDS = {
    "problem": (
        "problem",
        "opportunity-list",
        "equity",
        "variance-partition",
        "alert",
        "measure",
        "community",
        "cohort",
        "concept-set",
    ),
    "evidence": ("evidence", "source"),
    "change": ("rollout", "modification", "knowledge-object", "protocol"),
    "evaluation": ("evaluation", "maintenance", "look"),
    "decision": ("decision", "turn"),
}
"""What the ledger keeps of each step, its own noun first."""

MAIN = {step: kinds[0] for step, kinds in KINDS.items()}


def step_of(kind: str) -> str:
    """Say to which step a kind of noun belongs.

    Raises
    ------
    KeyError
        If it belongs to none.
    """
    for step, kinds in KINDS.items():
        if kind in kinds:
            return step
    raise KeyError(kind)


@contextmanager
def open_ledger(project: Project) -> Iterator[Ledger | None]:
    """Open the project's ledger; None where nothing was ever published."""
    if not project.registry.is_file():
        yield None
        return
    with Ledger.open(project.registry) as ledger:
        yield ledger


_THREADS = {
    "evaluation": "evaluation",
    "rollout": "rollout",
    "protocol": "protocol",
    "knowledge_object": "knowledge_object",
    "evidence": "evidence",
    "problem": "problem",
    "measure": "measure",
    "community": "community",
}


def story_at(ledger: Ledger, noun: Published) -> Story | None:
    """Gather the turn up to a noun, back along its Refs; None without a problem."""
    found: dict[str, Any] = {}
    waiting = [noun]
    while waiting:
        one = waiting.pop()
        name = one.kind.replace("-", "_")
        if name in found:
            continue
        found[name] = one
        for field in _THREADS:
            ref = getattr(one, field, None)
            if isinstance(ref, Ref) and field not in found:
                waiting += _read(ledger, ref)
    if "problem" not in found:
        return None
    evidence = found.get("evidence")
    refs = () if evidence is None else evidence.sources
    sources = tuple(s for ref in refs for s in _read(ledger, ref) if s.kind == "source")
    known = {name: found[name] for name in (*_THREADS, "decision") if name in found}
    return Story(**known, sources=sources, maintenance=_lasting(ledger, found))


def _lasting(ledger: Ledger, found: dict[str, Any]) -> Maintenance | None:
    """Give what is left of the decision of a story, as it was read last."""
    decided = found.get("decision")
    if decided is None:
        return None
    ref = ledger.latest(Maintenance.kind, decided.name)
    for one in () if ref is None else _read(ledger, ref):
        if isinstance(one, Maintenance) and one.decision == decided.ref():
            return one
    return None


def _read(ledger: Ledger, ref: Ref) -> list[Any]:
    try:
        return [ledger.read(ref)]
    except DefinitionError:
        return []  # it was never published here; the page does without it


def is_masked(ledger: Ledger) -> bool:
    """Say whether a clinic-randomised trial runs: a rollout without its evaluation."""
    rollouts, evaluated = {}, set()
    for entry in ledger.entries():
        if entry.kind == "rollout":
            rollouts[str(entry.ref)] = entry
        elif entry.kind == "evaluation":
            evaluated.add(str(ledger.read(entry.ref).rollout))  # type: ignore[attr-defined]
    running = [entry for ref, entry in rollouts.items() if ref not in evaluated]
    return any(
        ledger.read(entry.ref).design.unit == "clinic"  # type: ignore[attr-defined]
        for entry in running
    )


def is_kept_back(noun: Published, *, masked: bool) -> bool:
    """Say whether a noun is not shown at all while sites are masked.

    An alert about one site has its name in its title and in its address, and that there
    is one tells what that site does.
    """
    return masked and isinstance(noun, Alert) and noun.is_of_one_site
