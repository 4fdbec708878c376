"""What a finished export says that it holds: its files, and the moment it is true of.

References
----------
HL7 FHIR Bulk Data Access, "Response - Complete Status": required are transactionTime,
requiresAccessToken and output; a file has a url, and, in `output`, its one type.
https://hl7.org/fhir/uv/bulkdata/export.html
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from rounds.datamart.fetch.request import is_instant, is_resource_type
from rounds.datamart.fetch.wire import Answer

__all__ = ["LIMIT", "ListedFile", "Manifest"]

LIMIT = 10 << 20
"""Bytes that a manifest may have."""

Section = Literal["output", "deleted", "error"]
_KIND = {"deleted": "Bundle", "error": "OperationOutcome"}


@dataclass(frozen=True)
class ListedFile:
    """One file of an export.

    Parameters
    ----------
    number : int
        Its place in the manifest, from 1.
    section : str
        `output`, `deleted` or `error`.
    kind : str
        The resource type that it holds.
    count : int or None
        The resources that it should hold, if the server says so.
    url : str
        Where it is; may be a secret by itself.
    """

    number: int
    section: Section
    kind: str
    count: int | None
    url: str = field(repr=False)

    @property
    def name(self) -> str:
        """Give its name here, made of type and number alone, without an extension."""
        middle = ".deleted" if self.section == "deleted" else ""
        return f"{self.kind}{middle}.{self.number:04d}"

    @property
    def shape(self) -> list[str | int | None]:
        """Give what must be the same when the manifest is asked for again."""
        return [self.section, self.kind, self.count]


@dataclass(frozen=True)
class Manifest:
    """All files of an export."""

    transaction_time: str
    requires_token: bool
    files: tuple[ListedFile, ...]

    @classmethod
    def read(cls, answer: Answer) -> Self:
        """Read the answer to a status request that says that the job is done.

        Raises
        ------
        SourceError
            If it is not a manifest that names a whole export.
        """
        found = answer.document()
        problems = list(_problems(found))
        if problems:
            raise answer.unusable("; ".join(problems[:3]))
        return cls(
            transaction_time=found["transactionTime"],
            requires_token=found["requiresAccessToken"],
            files=tuple(_files(found)),
        )

    def is_same(self, other: Self) -> bool:
        """Tell whether it is of the same export; links may be new."""
        ours = self.transaction_time, self.shape
        return ours == (other.transaction_time, other.shape)

    @property
    def shape(self) -> list[list[str | int | None]]:
        """Give what must be the same when the manifest is asked for again."""
        return [each.shape for each in self.files]


def _problems(found: dict[str, Any]) -> Iterator[str]:
    if not is_instant(found.get("transactionTime")):
        yield "it has no transactionTime with its time zone"
    if not isinstance(found.get("requiresAccessToken"), bool):
        yield "it does not say whether its files need a token"
    if "output" not in found:
        yield "it has no output"
    if found.get("link"):
        yield "it is one of several, which were not asked for"
    for section in ("output", "deleted", *_errors(found)):
        listed = found.get(section)
        if listed is not None and not _are_files(listed, typed=section == "output"):
            yield f"a file under {section} has no url, no type, or a count below 0"


def _errors(found: dict[str, Any]) -> Sequence[str]:
    """Give what `error` is called: the next edition's ballot says `outcome`."""
    return tuple(name for name in ("error", "outcome") if name in found)


def _are_files(listed: object, *, typed: bool) -> bool:
    return isinstance(listed, list) and all(_is_file(each, typed) for each in listed)


def _is_file(each: object, typed: bool) -> bool:
    if not isinstance(each, dict) or not isinstance(each.get("url"), str):
        return False
    count = each.get("count")
    counted = isinstance(count, int) and not isinstance(count, bool) and count >= 0
    return (count is None or counted) and (
        not typed or is_resource_type(each.get("type"))
    )


def _files(found: dict[str, Any]) -> Iterator[ListedFile]:
    number = 0
    sections: list[tuple[str, Section]] = [("output", "output"), ("deleted", "deleted")]
    sections += [(name, "error") for name in _errors(found)]
    for name, section in sections:
        for each in found.get(name) or ():
            number += 1
            kind = _KIND.get(section) or each["type"]
            yield ListedFile(number, section, kind, each.get("count"), each["url"])
