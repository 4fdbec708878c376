"""How nouns point at each other: name, version and content hash."""

import re
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, model_serializer, model_validator

from rounds.nouns.errors import DefinitionError

__all__ = ["Ref"]

_FORM = re.compile(
    r"(?P<name>[a-z][a-z-]*/[a-z0-9][a-z0-9.-]*)"
    r"\|(?P<version>[A-Za-z0-9][A-Za-z0-9.-]*)#(?P<hash>[0-9a-f]{64})"
)


class Ref(BaseModel):
    """A pointer `kind/name|version#hash`, the idea of FHIR's canonical references.

    It serialises as that one string.

    Examples
    --------
    >>> str(Ref.parse("measure/bp-control|1#" + "0" * 64))[:23]
    'measure/bp-control|1#00'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """Kind and name, `problem/hypertension-control`."""
    version: str
    hash: str
    """SHA-256 of the content, 64 hexadecimal digits."""

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        match = _FORM.fullmatch(value)
        if match is None:
            raise ValueError(f"{value!r} is not a Ref such as problem/bp|1#<64 digits>")
        return match.groupdict()

    @model_validator(mode="after")
    def _well_formed(self) -> Self:
        if _FORM.fullmatch(str(self)) is None:
            raise ValueError(f"{str(self)!r} is not a Ref such as problem/bp|1#<hash>")
        return self

    @model_serializer
    def _to_text(self) -> str:
        return str(self)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a Ref from its text.

        Raises
        ------
        DefinitionError
            If the text is not of the form `kind/name|version#hash`.
        """
        try:
            return cls.model_validate(text)
        except ValueError:
            raise DefinitionError(
                f"{text!r} is not a reference.",
                code="not-a-ref",
                remedies=("Write it as kind/name|version#hash, as the ledger prints.",),
            ) from None

    @property
    def kind(self) -> str:
        """The part before the slash: which noun it points at."""
        return self.name.partition("/")[0]

    @property
    def short(self) -> str:
        """The Ref with the first 12 digits of the hash, for people to read."""
        return f"{self.name}|{self.version}#{self.hash[:12]}"

    def __str__(self) -> str:
        """Give the whole Ref as text."""
        return f"{self.name}|{self.version}#{self.hash}"
