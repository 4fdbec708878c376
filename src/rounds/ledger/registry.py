"""The ledger: publish a noun, get its receipt, read it back in ten years."""

import datetime as dt
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from rounds import __version__
from rounds.ledger.disclosure import safe
from rounds.ledger.entry import GENESIS, Entry, Finding, Head, Receipt
from rounds.ledger.export import write_export
from rounds.ledger.provenance import Impact, Trail, trace_back, trace_forward
from rounds.ledger.published import FOLDERS, kinds
from rounds.ledger.store import Store
from rounds.ledger.verification import verify_chain, verify_export, verify_head
from rounds.nouns import (
    AccessError,
    DataError,
    DefinitionError,
    Noun,
    Published,
    Ref,
)

__all__ = ["Ledger"]

_SHORT = re.compile(
    r"(?P<kind>[a-z][a-z-]*)(/(?P<name>[a-z0-9][a-z0-9.-]*))?"
    r"(\|(?P<version>[A-Za-z0-9][A-Za-z0-9.-]*))?(#(?P<hash>[0-9a-f]{4,64}))?"
)
_HASH = re.compile(r"#?([0-9a-f]{4,64})")


class Ledger:
    """An append-only, hash-chained registry of published nouns.

    Make one with `Ledger.open`; several processes may have the same file open.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Open the registry file, making it if it is not there.

        Raises
        ------
        SourceError
            If the file cannot be made or is not a registry.
        """
        return cls(Store(Path(path)))

    @property
    def path(self) -> Path:
        """The registry's file."""
        return self._store.path

    def publish(self, noun: Published, *, at: dt.datetime, by: str) -> Receipt:
        """Append a noun, with its small counts suppressed, and give its receipt.

        What is stored, hashed and pointed at is `safe(noun)`: hand the next step
        `read(receipt.ref)`, so that its Refs point at what the ledger holds.
        Publishing the same content again gives the first receipt again.

        Parameters
        ----------
        noun : Published
            Never an `Exposure`, nor anything else about one person.
        at : datetime
            When; from the caller's clock.
        by : str
            Who, as a name or a program.

        Returns
        -------
        Receipt
            Its `ref` differs from `noun.ref()` where a count was suppressed.

        Raises
        ------
        AccessError
            If this kind of noun is not for publishing.
        DefinitionError
            If its name is not fit for a Ref, or other content already has this
            kind, name and version.
        SourceError
            If the registry cannot be written.
        """
        _refuse_unpublishable(noun)
        shown = safe(noun)
        ref = _ref_of(shown)
        with self._store.writing() as connection:
            key = {"kind": noun.kind, "name": noun.name, "version": noun.version}
            there = self._store.find(connection, **key)
            if there is not None:
                _refuse_other_content(there, ref)
                return _receipt(there)
            last = self._store.find(connection)
            entry = Entry(
                **key,
                sequence=1 if last is None else last.sequence + 1,
                content_hash=ref.hash,
                payload=shown.to_json(),
                at=at.isoformat(),
                by=by,
                code_version=__version__,
                previous_hash=GENESIS if last is None else last.entry_hash,
            )
            entry = Entry(**{**vars(entry), "entry_hash": entry.computed_hash()})
            self._store.add(connection, entry)
        return _receipt(entry)

    def receipt(self, ref: Ref | str) -> Receipt:
        """Give the receipt of a published noun.

        Raises
        ------
        DefinitionError
            If no entry, or more than one, answers to the reference.
        """
        return _receipt(self._entry(ref))

    def read(self, ref: Ref | str) -> Published:
        """Give the noun that a Ref points at, as an object of its own class.

        Raises
        ------
        DefinitionError
            If no entry, or more than one, answers to the reference.
        DataError
            If the entry is no longer what was published.
        """
        return _noun(self._entry(ref))

    def resolve(self, text: Ref | str) -> Ref:
        """Give the whole Ref for a short one.

        Parameters
        ----------
        text : Ref or str
            A whole Ref; the start of its hash (4 digits or more), with or without
            `kind/name|version`; or `kind/name` or `kind` alone, for the latest.

        Raises
        ------
        DefinitionError
            If no entry, or more than one, answers to it.
        """
        return self._entry(text).ref

    def latest(self, kind: str, name: str | None = None) -> Ref | None:
        """Give the Ref last published of this kind, and name; None where none is."""
        equal = {"kind": kind} if name is None else {"kind": kind, "name": name}
        with self._store.reading() as connection:
            entry = self._store.find(connection, **equal)
        return None if entry is None else entry.ref

    def entries(self) -> tuple[Entry, ...]:
        """Give every entry, oldest first."""
        with self._store.reading() as connection:
            return self._store.all(connection)

    def head(self) -> Head | None:
        """Give the last entry's sequence and hash; None while nothing is published."""
        with self._store.reading() as connection:
            last = self._store.find(connection)
        if last is None:
            return None
        return Head(sequence=last.sequence, entry_hash=last.entry_hash)

    def verify(
        self,
        head: Head | Mapping[str, object] | None = None,
        exported: Path | str | None = None,
    ) -> tuple[Finding, ...]:
        """Find entries edited, removed or reordered; empty where all is as written.

        Parameters
        ----------
        head : Head or mapping, optional
            A head exported earlier; without one, the removal of the last entries
            cannot be seen.
        exported : path, optional
            A folder that `export` wrote: its files and its head are checked too.
        """
        with self._store.reading() as connection:
            faults = self._store.faults(connection)
            entries = self._store.all(connection)
        found = [Finding(code="file-damaged", what=text) for text in faults]
        found += verify_chain(entries)
        if head is not None:
            found += verify_head(entries, head)
        if exported is not None:
            found += verify_export(entries, Path(exported))
        return tuple(dict.fromkeys(found))

    def export(self, folder: Path | str) -> tuple[Path, ...]:
        """Write every entry as a file, the chain and its head; safe to publish.

        The same registry gives the same bytes; each file is replaced as a whole.

        Returns
        -------
        tuple of Path
            The files, relative to `folder`.

        Raises
        ------
        SourceError
            If the folder cannot be written.
        """
        return write_export(self.entries(), Path(folder))

    def why(self, ref: Ref | str) -> Trail:
        """Walk back from a noun to its sources, snapshots and people.

        Raises
        ------
        DefinitionError
            If no entry, or more than one, answers to the reference.
        """
        start = self._entry(ref)
        return trace_back(start, self.entries(), _noun)

    def impact(self, target: Ref | str) -> Impact:
        """Walk forward to every decision and live card that rests on something.

        Parameters
        ----------
        target : Ref or str
            A reference as `resolve` takes it, `PMID:…`, `DOI:…`, or a snapshot.

        Raises
        ------
        DefinitionError
            If the ledger holds nothing of that name.
        """
        return trace_forward(target, self.entries(), _noun, self._entry)

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()

    def __enter__(self) -> Self:
        """Serve in a `with` statement."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def _entry(self, ref: Ref | str) -> Entry:
        text = str(ref)
        if isinstance(ref, Ref):
            kind, name = ref.name.split("/", 1)
            key = {"kind": kind, "name": name, "version": ref.version}
            with self._store.reading() as connection:
                there = self._store.find(connection, **key, content_hash=ref.hash)
            if there is not None:
                return there
        matches = [entry for entry in self.entries() if _answers(entry, text)]
        whole = "#" in text or _HASH.fullmatch(text)
        if len(matches) > 1 and not whole:
            matches = matches[-1:]  # kind or name alone: the latest
        if len(matches) == 1:
            return matches[0]
        raise _unresolved(text, matches)


def _answers(entry: Entry, text: str) -> bool:
    short = _SHORT.fullmatch(text)
    if short is not None and (short["kind"] in FOLDERS or "/" in text):
        wanted = short.groupdict()
        return (
            entry.kind == wanted["kind"]
            and wanted["name"] in {None, entry.name}
            and wanted["version"] in {None, entry.version}
            and entry.content_hash.startswith(wanted["hash"] or "")
        )
    prefix = _HASH.fullmatch(text)
    return prefix is not None and entry.content_hash.startswith(prefix[1])


def _unresolved(text: str, matches: list[Entry]) -> DefinitionError:
    if not matches:
        return DefinitionError(
            f"The ledger holds nothing that answers to {text!r}.",
            code="no-such-ref",
            remedies=(
                "Write kind/name|version#hash, kind/name, a kind, or some of a hash.",
                "See the files that 'rounds ledger export' writes: each names its Ref.",
            ),
        )
    listed = ", ".join(entry.ref.short for entry in matches[:5])
    return DefinitionError(
        f"{text!r} answers to {len(matches)} entries: {listed}.",
        code="ambiguous-ref",
        remedies=("Give more digits of the hash.",),
    )


def _refuse_unpublishable(noun: Noun) -> None:
    if isinstance(noun, Published) and noun.kind in FOLDERS:
        return
    raise AccessError(
        f"A noun of the class {type(noun).__name__} is never published.",
        code="not-for-publishing",
        why="Only nouns about no single person leave the house.",
        remedies=(
            f"Publish one of: {', '.join(sorted(set(FOLDERS) & set(kinds())))}.",
        ),
    )


def _refuse_other_content(there: Entry, ref: Ref) -> None:
    if there.content_hash == ref.hash:
        return
    raise DefinitionError(
        f"{ref.name}|{ref.version} is already published with other content,"
        f" as entry {there.sequence}.",
        code="version-exists",
        why="Others point at that content; it cannot change under them.",
        remedies=("Give the new content a new version.",),
    )


def _ref_of(noun: Published) -> Ref:
    try:
        return noun.ref()
    except ValidationError:
        raise DefinitionError(
            f"{type(noun).__name__}.name is {noun.name!r} and its version"
            f" {noun.version!r}: no Ref can be made of them.",
            code="name-not-fit",
            remedies=(
                "Use lower-case letters, digits and hyphens: 'blood-pressure-control'.",
            ),
        ) from None


def _receipt(entry: Entry) -> Receipt:
    return Receipt(
        ref=entry.ref,
        sequence=entry.sequence,
        entry_hash=entry.entry_hash,
        at=dt.datetime.fromisoformat(entry.at),
    )


@lru_cache(maxsize=128)
def _noun(entry: Entry) -> Published:
    noun = kinds()[entry.kind].from_json(entry.payload)
    if entry.computed_hash() != entry.entry_hash or noun.ref() != entry.ref:
        raise DataError(
            f"Entry {entry.sequence} is no longer what was published.",
            code="entry-altered",
            why="Its hash does not fit its content.",
            remedies=("Run 'rounds ledger verify' and put back a copy.",),
        )
    return noun
