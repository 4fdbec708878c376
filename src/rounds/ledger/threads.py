"""The threads that one noun holds: Refs, papers, snapshots, and the people in it."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel

from rounds.nouns import (
    DefinitionError,
    Member,
    Provenance,
    Published,
    Ref,
    Signature,
    Source,
)

__all__ = ["Thread", "people_of", "threads_of"]

_PEOPLE = {
    "owner": "owner",
    "responsible": "responsible",
    "reviewer": "reviewer",
    "approved_by": "approved by",
    "decided_by": "determined by",
    "waived_by": "waived by",
    "judged_by": "judged by",
}
"""Fields that hold a person's name, and what to call them."""


@dataclass(frozen=True, kw_only=True)
class Thread:
    """From a noun to something that it rests on."""

    relation: str
    """The field that holds it."""
    target: str
    """The whole Ref, or `pmid:…`, `doi:…`, `snapshot:…` in lower case."""
    is_ref: bool

    @property
    def label(self) -> str:
        """What people read."""
        if self.is_ref:
            return Ref.parse(self.target).short
        scheme, _, value = self.target.partition(":")
        return {"snapshot": "snapshot "}.get(scheme, f"{scheme.upper()}:") + value


def threads_of(noun: Published) -> tuple[Thread, ...]:
    """Give every thread of a noun, each target once, in the order of its fields."""
    found: dict[str, Thread] = {}
    # A field's own name says more than "made from", so provenance comes last.
    for relation, ref in (*_refs(noun, ""), *_made_from(noun)):
        thread = Thread(relation=relation, target=str(ref), is_ref=True)
        found.setdefault(thread.target, thread)
    if isinstance(noun, Source):
        for scheme, value in (("pmid", noun.pmid), ("doi", noun.doi)):
            if value:
                target = f"{scheme}:{value.strip().lower()}"
                found[target] = Thread(relation="", target=target, is_ref=False)
    if noun.provenance.snapshot:
        target = f"snapshot:{noun.provenance.snapshot.lower()}"
        found[target] = Thread(relation="", target=target, is_ref=False)
    return tuple(found.values())


def people_of(noun: Published) -> tuple[str, ...]:
    """Give the people whom a noun names, and as what, each once."""
    return tuple(dict.fromkeys(_people(noun)))


def _made_from(noun: Published) -> Iterator[tuple[str, Ref]]:
    for ref in noun.provenance.made_from:
        yield "made from", ref


def _refs(value: object, relation: str) -> Iterator[tuple[str, Ref]]:
    """Give each Ref inside a value, with the field that holds it."""
    if isinstance(value, Ref):
        yield relation, value
    elif isinstance(value, Source) and value.turn:
        try:
            yield "turn", Ref.parse(value.turn)
        except DefinitionError:
            return  # a turn named in words is not a thread that can be followed
    if isinstance(value, BaseModel) and not isinstance(value, Ref | Provenance):
        for name, inner in value.__dict__.items():
            yield from _refs(inner, name.replace("_", " "))
    elif isinstance(value, tuple | list):
        for inner in value:
            yield from _refs(inner, relation)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _refs(inner, relation)


def _people(value: object) -> Iterator[str]:
    if isinstance(value, Member):
        yield f"{value.name}, {value.role.replace('_', ' ')}"
    elif isinstance(value, Signature):
        known = "" if value.authenticated else ", name typed"
        yield f"signed by {value.name}{known}"
    elif isinstance(value, BaseModel):
        for name, inner in value.__dict__.items():
            if name in _PEOPLE and isinstance(inner, str) and inner.strip():
                yield f"{_PEOPLE[name]} {inner}"
            else:
                yield from _people(inner)
    elif isinstance(value, tuple):
        for inner in value:
            yield from _people(inner)
