"""The files of a source: which they are, what is in them, and their fingerprint."""

import gzip
import hashlib
import os
import zlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from rounds.datamart.mapping import mapping_version
from rounds.nouns.errors import SourceError

__all__ = [
    "BROKEN_GZIP",
    "SourceFile",
    "insist_unchanged",
    "list_files",
    "open_text",
    "reopen",
    "salvage",
    "snapshot_of",
    "true_lines",
]

BROKEN_GZIP = (EOFError, gzip.BadGzipFile, zlib.error)
"""What Python raises when a gzip file is cut off or damaged."""

_BLOCK = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class SourceFile:
    """One file of a source."""

    number: int
    """Its place in the sorted list, from 0; in a datamart, unique over its life."""
    name: str
    """Its path within the folder, with forward slashes."""
    path: Path
    sha256: str
    size: int
    gzipped: bool
    stamp: tuple[int, int, int] | None = None
    """Size, time of change in nanoseconds and inode before it was first read; None for
    what is no file that could change."""
    shown_as: str = ""
    """The name to keep and show, where its own could name a person."""

    read_as: str | None = ""
    """What its name says of how it is read, for a source that reads one content in
    several ways; None if it is not read."""
    origin: str | None = None
    """Where it can be found again, if that is not its path."""

    @property
    def label(self) -> str:
        """The name under which it is kept and shown."""
        return self.shown_as or self.name

    @property
    def extension(self) -> str:
        """The last suffix but `.gz`, in lower case, with its dot."""
        name = self.path.name.lower().removesuffix(".gz")
        return Path(name).suffix


def _fingerprint(path: Path) -> tuple[str, bool]:
    with path.open("rb") as stream:
        gzipped = stream.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
        stream.seek(0)
        return hashlib.file_digest(stream, "sha256").hexdigest(), gzipped


def list_files(
    source: Path, named: Callable[[Sequence[SourceFile]], None] | None = None
) -> tuple[SourceFile, ...]:
    """List and fingerprint every file of a folder, or the one file that is given.

    Parameters
    ----------
    source : Path
        The folder, or the file.
    named : callable, optional
        Told which files there are before one of them is opened.

    Raises
    ------
    SourceError
        If there is no such folder, or it or a file in it cannot be read.
    """
    try:
        if source.is_dir():
            paths = sorted(_walk(source))
            names = [path.relative_to(source).as_posix() for path in paths]
        elif source.exists():
            paths, names = [source], [source.name]
        else:
            raise SourceError(
                f"There is no folder at {source}.",
                code="source-missing",
                why="Nothing can be loaded from it.",
                remedies=(
                    "Check the path for a typing slip.",
                    "Give the folder that holds the FHIR or OMOP files.",
                ),
            )
        numbers = range(len(names))
        if named is not None:
            named([*map(_unread, numbers, names, paths)])
        listed = sorted(
            zip(numbers, names, paths, strict=True),
            key=lambda each: -_stamp(each[2])[0],
        )  # the largest first, so that no thread is left with it at the end
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            found = pool.map(lambda each: _look_at(*each), listed)
            return tuple(sorted(found, key=lambda each: each.number))
    except PermissionError as error:
        raise SourceError(
            f"{error.filename or source} cannot be read: permission denied.",
            code="source-not-readable",
            why="A load that skips what it may not read would give wrong counts.",
            remedies=(
                "Ask the folder's owner for read permission (on the folder: r and x).",
                "Copy the files to a folder that you own.",
            ),
        ) from None


def _unread(number: int, name: str, path: Path) -> SourceFile:
    return SourceFile(number, name, path, sha256="", size=0, gzipped=False)


def _look_at(number: int, name: str, path: Path) -> SourceFile:
    stamp = _stamp(path)
    digest, gzipped = _fingerprint(path)
    return SourceFile(number, name, path, digest, stamp[0], gzipped, stamp)


def _stamp(path: Path) -> tuple[int, int, int]:
    found = os.stat(path)  # noqa: PTH116 - what is asked for is the system's answer
    return found.st_size, found.st_mtime_ns, found.st_ino


def reopen(number: int, name: str, path: Path, sha256: str) -> SourceFile | None:
    """Look at a file that was loaded before; None if it is gone or has changed."""
    try:
        found = _look_at(number, name, path)
    except OSError:
        return None
    return found if found.sha256 == sha256 else None


def insist_unchanged(files: Iterable[SourceFile]) -> None:
    """Refuse what was read of files that changed meanwhile.

    Raises
    ------
    SourceError
        If the size, time of change or inode of one is another than before.
    """
    for file in files:
        try:
            now = _stamp(file.path) if file.stamp else None
        except OSError:
            now = (-1, -1, -1)
        if now != file.stamp:
            raise SourceError(
                f"{file.label} changed while it was being read.",
                code="source-changed",
                why="Half of it would be of before and half of after.",
                remedies=(
                    "Load again when nothing is writing to the folder.",
                    "Export to another folder, and rename it when it is complete.",
                ),
            )


def _walk(folder: Path) -> Iterable[Path]:
    for path in folder.iterdir():
        if path.name.startswith((".", "_")):
            continue
        if path.is_dir():
            yield from _walk(path)
        elif path.is_file():
            yield path


def snapshot_of(
    given: Iterable[tuple[str, str, str]],
    *,
    vocabulary: str = "",
    deidentification: str = "",
    views: str = "",
) -> str:
    """Give the snapshot id: the same files and mapping always give the same one.

    Parameters
    ----------
    given : iterable of (str, str, str)
        Source, shape and content of each file in force. They are taken as a set: the
        order of loads, and a file that is there twice, change nothing.
    vocabulary : str
        The id of the vocabulary in force.
    deidentification : str
        The id of the de-identification's settings.
    views : str
        The hash of the site's own views, if it has any.
    """
    digest = hashlib.sha256(f"{mapping_version()}\n{vocabulary}\n".encode())
    digest.update(f"{deidentification}\n".encode())
    if views:
        digest.update(f"{views}\n".encode())
    for source, shape, content in sorted(set(given)):
        digest.update(f"{source}\t{shape}\t{content}\n".encode())
    return digest.hexdigest()[:16]


def open_text(file: SourceFile) -> IO[str]:
    """Open a plain or gzip file as text; bytes that are not UTF-8 are replaced."""
    if not file.gzipped:
        return file.path.open("r", encoding="utf-8", errors="replace", newline="\n")
    return gzip.open(file.path, "rt", encoding="utf-8", errors="replace", newline="\n")


def true_lines(
    file: SourceFile, records: Iterable[int], *, skipped: frozenset[int] = frozenset()
) -> dict[int, int]:
    """Give the line number of each record, where blank lines are not records.

    Parameters
    ----------
    file : SourceFile
        A file with one record a line.
    records : iterable of int
        Places of records, from 1.
    skipped : frozenset of int
        Line numbers that were not read as records.
    """
    wanted = sorted(set(records))
    lines: dict[int, int] = {}
    if not wanted:
        return lines
    position, record = 0, 0
    line_number = 0
    try:
        with open_text(file) as stream:
            for line_number, line in enumerate(stream, start=1):
                if line.isspace() or line_number in skipped:
                    continue
                record += 1
                if record == wanted[position]:
                    lines[record] = line_number
                    position += 1
                    if position == len(wanted):
                        break
    except BROKEN_GZIP:  # what is left is the line at which the file breaks off
        lines.update(dict.fromkeys(wanted[position:], line_number + 1))
    return lines


def salvage(file: SourceFile, folder: Path) -> SourceFile:
    """Write what can still be read of a broken gzip file, ending in a broken line."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"salvaged-{file.number}{file.extension}"
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
    last = b"\n"
    with file.path.open("rb") as packed, target.open("wb") as stream:
        try:
            while block := packed.read(_BLOCK):
                plain = unpacking.decompress(block)
                stream.write(plain)
                last = plain[-1:] or last
        except zlib.error:
            pass  # the rest cannot be read; the broken line below says so
        if last == b"\n":
            stream.write(b"(the file breaks off here)\n")
    return replace(file, path=target, gzipped=False)
