"""Which codes."""

from typing import Self

from pydantic import Field, model_validator

from rounds.nouns.base import Noun

__all__ = ["Addition", "Code", "CodePrefix", "ConceptSet"]


class Code(Noun):
    """One code of one code system, by the system's URI as FHIR writes it."""

    system: str = Field(min_length=1)
    code: str = Field(min_length=1)
    display: str = ""


class CodePrefix(Noun):
    """Every code of a system that begins so, for systems whose codes are a tree."""

    system: str = Field(min_length=1)
    code_prefix: str = Field(min_length=1)
    display: str = ""


class ConceptSet(Noun):
    """A named set of codes: what is included, less what is excluded.

    A row belongs to it if its own concept or its source concept is one of these codes.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: str = ""
    include: tuple[Code | CodePrefix, ...] = Field(min_length=1)
    exclude: tuple[Code | CodePrefix, ...] = ()
    descendants: bool = False
    """Codes below these too: in the vocabulary's hierarchy or, where it has none of a
    code, those that begin with it, in systems whose codes are a tree."""
    mapped: bool = False
    """Source codes that map to these in the vocabulary too."""
    stands_for: tuple[str, ...] = Field(default=(), exclude_if=lambda urls: not urls)
    """The published value sets (FHIR canonical URLs, without a version) whose place it
    takes; a site that has those value sets as files has their codes instead."""
    note: str = ""
    """What a reviewer should know: where the codes are from, what is left out."""

    @model_validator(mode="after")
    def _not_all_excluded(self) -> Self:
        if set(self.include) <= set(self.exclude):
            raise ValueError(f"concept set {self.name!r} excludes all that it includes")
        return self


class Addition(Noun):
    """Codes that widen a concept set beyond what the measure follows; switchable."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    concept_set: str
    """The concept set that is widened."""
    include: tuple[Code | CodePrefix, ...] = Field(min_length=1)
    reason: str
    """Why it is here, as `explain` says it."""
    enabled: bool = True
