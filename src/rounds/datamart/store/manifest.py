"""What a snapshot is made of, as its manifest says it: files, parts, sources.

A manifest is JSON with a checksum over its content, and is never changed once written.
It holds numbers, names and hashes of files, and no row.
"""

import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, Self

__all__ = ["FileInForce", "Part", "Snapshot", "SourceInForce", "sealed", "unsealed"]

_FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class FileInForce:
    """A file whose content is in a snapshot."""

    number: int
    """Unique over the datamart's life: what `rounds_load_issue` points at."""
    name: str
    """Its path within the folder it was loaded from."""
    path: str
    """Where it stood when it was loaded."""
    sha256: str
    size: int
    read_as: str = ""
    """What its name said of how it is read, where one content can be read in several
    ways."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A DuckDB file with what one load, or several merged, gave of one source."""

    id: str
    """16 hexadecimal digits; its file is `parts/<id>.duckdb`."""
    bytes: int
    rows: dict[str, int]
    """Rows of each CDM table in this part, seen or hidden by later ones."""
    touched: int = 0
    """How many persons' rows in earlier parts it hides."""
    places: bool = True
    """Whether care sites, providers and the locations of places are here, whole."""
    place_locations: int = 0
    """How many of its locations are not a patient's address."""

    @property
    def alias(self) -> str:
        """Under which name it is attached."""
        return f"part_{self.id}"

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.id}.duckdb"


@dataclass(frozen=True, kw_only=True)
class SourceInForce:
    """What one source has given, as far as it is in force."""

    name: str
    shape: str
    """`fhir`, `omop`, `csv`, `areas`."""
    adds: bool
    """Whether its loads add to each other; otherwise each replaces the one before."""
    loaded_from: str
    """The folder or file of its last load."""
    files: tuple[FileInForce, ...]
    parts: tuple[Part, ...]
    """Oldest first: a base, and the increments after it."""
    places: str
    """The id of the part that holds its care sites, providers and places."""
    rows: dict[str, int]
    """Rows of each CDM table that are seen, all parts together."""
    report: dict[str, Any]
    """The `LoadReport` of its last load, as JSON."""

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> Self:
        """Read back what JSON holds."""
        files = tuple(FileInForce(**each) for each in kept["files"])
        parts = tuple(Part(**each) for each in kept["parts"])
        return cls(**{**kept, "files": files, "parts": parts})


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The datamart as it was after one load, whole."""

    number: int
    """From 1; the next load makes the next."""
    id: str
    """The same files under the same mapping always give the same one."""
    parent: int | None
    """The snapshot that was in force when this one was made."""
    made_at: str | None
    """When, in ISO 8601, if the door that made it had a clock."""
    made_by: str
    """`load NAME`, `rollback NUMBER` or `vocabulary`."""
    mapping_version: str
    vocabulary: str = ""
    """The id of the vocabulary in force; empty for none."""
    deidentification: str = ""
    """The id of the de-identification's settings; empty for none."""
    next_file: int = 0
    """The number that the next file will get."""
    concepts: int = 0
    """How many concepts are seen: the vocabulary's, the sources' and local ones."""
    area_rows: int = 0
    """How many observations areas make of persons; they are in no source's rows."""
    sources: tuple[SourceInForce, ...] = field(default=())
    """By name."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """Every part of every source."""
        return tuple(part for source in self.sources for part in source.parts)

    @property
    def rows(self) -> dict[str, int]:
        """Rows of each CDM table that are seen, all sources together."""
        total: Counter[str] = Counter()
        for source in self.sources:
            total.update(source.rows)
        if self.area_rows:
            total["observation"] += self.area_rows
        return {**total, "concept": self.concepts}

    def source(self, name: str) -> SourceInForce | None:
        """Give one source by its name; None if nothing of it is in force."""
        return next((each for each in self.sources if each.name == name), None)

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> Self:
        """Read back what JSON holds."""
        sources = tuple(SourceInForce.from_dict(each) for each in kept["sources"])
        return cls(**{**kept, "sources": sources})


def sealed(snapshot: Snapshot) -> str:
    """Write a manifest: the snapshot as JSON, with a checksum."""
    content = asdict(snapshot)
    return json.dumps(
        {"format": _FORMAT, "sha256": _checksum(content), "snapshot": content}
    )


def unsealed(text: str) -> Snapshot:
    """Read a manifest.

    Raises
    ------
    ValueError
        If it is not a manifest, or not as it was written.
    """
    try:
        whole = json.loads(text)
        content = whole["snapshot"]
        is_whole = whole["format"] == _FORMAT and whole["sha256"] == _checksum(content)
        snapshot = Snapshot.from_dict(content) if is_whole else None
    except (ValueError, KeyError, TypeError, AttributeError):
        snapshot = None
    if snapshot is None:
        raise ValueError("not a manifest, or not as it was written")
    return snapshot


def _checksum(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
