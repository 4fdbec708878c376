"""What every source must offer: the contract that `rounds.conformance` checks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import duckdb

from rounds.datamart.deidentify import Deidentifier
from rounds.datamart.fhir.flattening import Flattening
from rounds.datamart.given.source_files import SourceFile

__all__ = ["Held", "Loaded", "Source", "Tell", "remark_file"]

Tell: TypeAlias = Callable[[str, int], None]
"""Told what is being done, and how many resources or rows have been read so far."""


@dataclass(frozen=True)
class Held:
    """What a source has given before, and under which name it gives."""

    aliases: tuple[str, ...] = ()
    """Its parts, attached to the connection for reading, oldest first; none for a load
    of the whole."""
    namespace: str = ""
    """The source's name; empty for `main`, whose ids and keys are not salted."""
    deidentifier: Deidentifier | None = None
    """What takes identifiers away before anything is written; None for nothing."""
    views: Flattening | None = None
    """Where FHIR has what is mapped; None for the built-in views."""


@dataclass(frozen=True)
class Loaded:
    """What a source says of its files, so that places can be shown as file:line."""

    entries: frozenset[int] = frozenset()
    """Numbers of the files whose records are entries or rows, not lines."""
    entry_name: str = "entry"
    """What a record of theirs is called: entry 3, row 12."""
    header_lines: frozenset[int] = frozenset()
    """Numbers of the files whose first line is a header."""
    rows: Mapping[str, int] = field(default_factory=dict)
    """How many rows it meant to write into each CDM table; the load counts them."""
    places: bool = True
    """Whether care sites, providers and the locations of places are here, whole. If
    not, those of the part before stay in force."""
    about_persons: bool = True
    """Whether it speaks of persons; a source that does has to have some."""
    vocabulary: Mapping[str, str] = field(default_factory=dict)
    """Vocabulary table → how it is read in SQL, where the source brings any."""


class Source(Protocol):
    """One kind of input."""

    @property
    def shape(self) -> str:
        """A short name, shown in reports: `fhir`, `omop`."""

    @property
    def adds(self) -> bool:
        """Whether a load adds to what was given before; otherwise it replaces that."""

    def recognises(self, files: Sequence[SourceFile]) -> bool:
        """Tell whether this source can read what is in the folder."""

    def reads_as(self, file: SourceFile) -> str | None:
        """Tell what a file's name says of how it is read; None if it is not read.

        The same content under a name that says something else is another file.
        """

    def fill(
        self,
        connection: duckdb.DuckDBPyConnection,
        files: Sequence[SourceFile],
        tell: Tell,
        held: Held,
    ) -> Loaded:
        """Fill the CDM tables, and say of each record whether it was mapped.

        The tables `reading`, `mapped` and `problem` take the counts: what is read is
        mapped or set aside with a reason, and nothing is dropped silently. Where parts
        are held, the table `touched(person_id BIGINT)` is made as well: the persons
        whose rows in those parts are no longer seen.
        """


def remark_file(connection: duckdb.DuckDBPyConnection, file: SourceFile) -> None:
    """Remark that a file was left alone."""
    connection.execute(
        "INSERT INTO problem VALUES (?, 0, 'file', 'file not recognised', false)",
        [file.number],
    )
