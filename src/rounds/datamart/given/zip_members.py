"""Zip archives among the files of a source: their members, unpacked with care.

An archive comes from elsewhere. A member may name a place outside the folder, be a
link, or swell until the disk is full; none of that is followed.
"""

import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from rounds.nouns.errors import DataError, SourceError

__all__ = ["is_zip", "unpack"]

_BLOCK: Final = 1 << 20
_ENDINGS: Final = frozenset(
    {".ndjson", ".json", ".csv", ".tsv", ".txt", ".parquet", ".yaml", ".yml", ".gz"}
)
_MOST_MEMBERS: Final = 100_000
_FREE_BYTES: Final = 1 << 30
_MOST_SWELLING: Final = 200
"""Beyond 1 GiB, no more than this many times the archive's size: FHIR as NDJSON shrinks
to a twentieth, and a bomb to a thousandth."""


def is_zip(path: Path) -> bool:
    """Tell whether a file is a zip archive, by how it begins."""
    with path.open("rb") as stream:
        return stream.read(4) in {b"PK\x03\x04", b"PK\x05\x06"}


def unpack(archive: Path, folder: Path) -> tuple[tuple[str, Path], ...]:
    """Unpack the members of an archive that a source could read.

    Parameters
    ----------
    archive : Path
        The zip file.
    folder : Path
        Where to write, made if it is not there; nothing is written outside it.

    Returns
    -------
    tuple of (str, Path)
        Each member's name, as `archive.zip/folder/name.csv`, and where it is now, in
        the order of the names.

    Raises
    ------
    DataError
        If a member would be written elsewhere, is a link, is locked with a password, is
        there twice, or if the members swell beyond what data do.
    SourceError
        If the archive is damaged, or there is no room for it.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = sorted(_readable(opened, archive), key=lambda each: each.filename)
            _insist_on_room(archive, folder, members)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return tuple(_written(opened, archive, folder, members))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError):
        raise SourceError(
            f"{archive.name} is not a whole zip archive.",
            code="zip-damaged",
            why="What is missing from it would be missing from every count.",
            remedies=("Fetch or make the archive again.", "Unpack it yourself."),
        ) from None


def _readable(opened: zipfile.ZipFile, archive: Path) -> Iterator[zipfile.ZipInfo]:
    """Give the members that may hold data; refuse what no archive of data does."""
    seen: set[str] = set()
    infos = opened.infolist()
    if len(infos) > _MOST_MEMBERS:
        raise _unsafe(archive, f"it has more than {_MOST_MEMBERS:,} members")
    for place, info in enumerate(infos, start=1):
        name = PurePosixPath(info.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts or ":" in name.as_posix():
            raise _unsafe(archive, f"member {place} names a place outside the folder")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise _unsafe(archive, f"member {place} is a link")
        hidden = any(part.startswith((".", "_")) for part in name.parts)
        if info.is_dir() or hidden or name.suffix.lower() not in _ENDINGS:
            continue
        if info.flag_bits & 1:
            raise _unsafe(archive, f"member {place} is locked with a password")
        if name.as_posix().lower() in seen:
            raise _unsafe(archive, f"member {place} has the name of another one")
        seen.add(name.as_posix().lower())
        yield info


def _insist_on_room(
    archive: Path, folder: Path, members: list[zipfile.ZipInfo]
) -> None:
    """Refuse what the archive itself says would not fit."""
    size = sum(info.file_size for info in members)
    if size > _most(archive):
        raise _unsafe(archive, _swollen())
    there = next(each for each in (folder, *folder.parents) if each.exists())
    if size > shutil.disk_usage(there).free:
        raise SourceError(
            f"The disk is full: {archive.name} unpacks to {size:,} bytes.",
            code="disk-full",
            why="Nothing was loaded.",
            remedies=("Free some space.", "Put the project on another disk."),
        )


def _written(
    opened: zipfile.ZipFile,
    archive: Path,
    folder: Path,
    members: list[zipfile.ZipInfo],
) -> Iterator[tuple[str, Path]]:
    left = _most(archive)
    for info in members:
        name = PurePosixPath(info.filename.replace("\\", "/"))
        target = folder.joinpath(*name.parts)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with opened.open(info) as packed, target.open("xb") as stream:
            target.chmod(0o600)
            while block := packed.read(_BLOCK):
                left -= len(block)  # what an archive says of its sizes may be untrue
                if left < 0:
                    raise _unsafe(archive, _swollen())
                stream.write(block)
        yield f"{archive.name}/{name.as_posix()}", target


def _most(archive: Path) -> int:
    return max(_FREE_BYTES, _MOST_SWELLING * archive.stat().st_size)


def _swollen() -> str:
    return f"it swells to more than {_MOST_SWELLING} times its size"


def _unsafe(archive: Path, what: str) -> DataError:
    return DataError(
        f"{archive.name} was not unpacked: {what}.",
        code="zip-unsafe",
        why="An archive of data does no such thing.",
        remedies=(
            "Ask where it comes from.",
            "Unpack it yourself, and load the folder.",
        ),
    )
