"""What to do when: knowledge that a computer can serve and a person can read."""

from typing import Any, ClassVar, Literal, Self

from pydantic import model_validator

from rounds.nouns.base import Noun, Published
from rounds.nouns.ref import Ref

__all__ = ["KnowledgeExample", "KnowledgeObject", "ServiceInfo"]


class KnowledgeExample(Noun):
    """A test that the knowledge carries: in this context, this answer."""

    title: str
    context: dict[str, Any]
    """Facts by name; a missing fact is left out."""
    fires: bool
    """Whether a card is due."""


class ServiceInfo(Noun):
    """How it is served (CDS Hooks discovery)."""

    id: str
    hook: str = "patient-view"
    title: str
    description: str
    prefetch: dict[str, str]


class KnowledgeObject(Published):
    """Identifier, version, payload, service, metadata, evidence and tests.

    It must carry an example in which it fires and one in which it keeps silent; they
    must pass before it can be published.
    """

    kind: ClassVar[str] = "knowledge-object"
    title: str
    type: Literal["rule"] = "rule"
    payload: dict[str, Any]
    """The JSON rule: `when` (conditions on facts) and `card` (what is said)."""
    service: ServiceInfo
    evidence: Ref | None = None
    """The Evidence it rests on."""
    approved_by: str = ""
    examples: tuple[KnowledgeExample, ...]

    @model_validator(mode="after")
    def _has_both_kinds_of_example(self) -> Self:
        if {example.fires for example in self.examples} != {True, False}:
            raise ValueError(
                "it needs an example in which it fires and one in which it is silent"
            )
        return self
