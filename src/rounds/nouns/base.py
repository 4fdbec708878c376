"""What every noun has: frozen, self-checking, JSON and YAML both ways, a hash."""

import hashlib
import json
from typing import ClassVar, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rounds.nouns.errors import DefinitionError
from rounds.nouns.ref import Ref

__all__ = ["UNTOLD", "UNTOLD_SET", "UNTOLD_SIZE", "Noun", "Provenance", "Published"]

UNTOLD = Field(default=None, exclude_if=lambda value: value is None)
UNTOLD_SIZE = Field(default=None, gt=0, exclude_if=lambda value: value is None)
UNTOLD_SET = Field(default=(), exclude_if=lambda value: not value)
"""Of a field that is left out of JSON where it is None, so that older nouns keep their
hash."""


class Noun(BaseModel):
    """A word of the house: valid, or it does not exist.

    Fields are keyword-only and frozen; a field that the noun does not have is refused.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
        defer_build=True,  # Most commands use few of the nouns.
    )
    told_in: ClassVar[str] = "GLOSSARY.md"
    """Where a person reads what it holds; a site's file has a page of its own."""

    def to_json(self) -> str:
        """Give canonical JSON: keys sorted and no white space, for a stable hash."""
        return json.dumps(
            self.model_dump(mode="json"),
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
            allow_nan=False,
        )

    def to_yaml(self) -> str:
        """Give YAML for people to read and review."""
        plain = self.model_dump(mode="json")
        text: str = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=88)
        return text

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        Raises
        ------
        DefinitionError
            If the text is not JSON, or not this noun; every problem is listed.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise _as_definition_error(cls, error) from None

    @classmethod
    def from_yaml(cls, text: str) -> Self:
        """Read what `to_yaml` wrote, or what a person typed.

        Raises
        ------
        DefinitionError
            If the text is not YAML, or not this noun; every problem is listed.
        """
        try:
            plain = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise DefinitionError(
                f"This {cls.__name__} is not YAML: {error}",
                code="not-yaml",
                remedies=("Check the indentation near the line that is named.",),
            ) from None
        try:
            # JSON rules (dates as text, lists for tuples), which YAML shares.
            return cls.model_validate_json(json.dumps(plain, default=str))
        except ValidationError as error:
            raise _as_definition_error(cls, error) from None

    def content_hash(self) -> str:
        """Give the SHA-256 of the canonical JSON, 64 hexadecimal digits."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


def _as_definition_error(noun: type[Noun], error: ValidationError) -> DefinitionError:
    name, problems = noun.__name__, []
    for item in error.errors(include_url=False, include_input=False):
        where = ".".join(str(step) for step in item["loc"]) or name
        problems.append(f"{where}: {item['msg']}")
    listed = "\n".join(f" - {problem}" for problem in problems)
    return DefinitionError(
        f"This is not a valid {name}; {len(problems)} problem(s):\n{listed}",
        code="invalid-noun",
        remedies=(f"Correct each field; {noun.told_in} says what a {name} holds.",),
    )


class Provenance(Noun):
    """What a noun was made from, the threads that `why` and `impact` follow."""

    made_from: tuple[Ref, ...] = ()
    """The published nouns that it rests on."""
    snapshot: str | None = None
    """The datamart's snapshot that was read, if any."""
    code_version: str = ""
    """The version of Rounds that made it."""


class Published(Noun):
    """A noun that the ledger keeps and that others point at by its `Ref`."""

    kind: ClassVar[str]
    """Its kind in a Ref, lower case: `problem`, `knowledge-object`, …"""
    name: str
    """Computer-friendly name: lower-case letters, digits and hyphens."""
    version: str = "1"
    """Its version (FHIR `version`)."""
    provenance: Provenance = Provenance()

    def ref(self) -> Ref:
        """Give the Ref that points at exactly this content."""
        return Ref(
            name=f"{self.kind}/{self.name}",
            version=self.version,
            hash=self.content_hash(),
        )
