"""What is given to a load: a folder, a file, a zip archive, or a database's address.

Archives and databases are laid out as files in the folder of what is being made, and
read from there. Each such file remembers its origin, where it can be found again.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from rounds.datamart.given.source_files import SourceFile, list_files, reopen
from rounds.datamart.given.zip_members import is_zip, unpack
from rounds.datamart.omop.postgres import is_postgres, place_of, postgres_files

__all__ = ["found_again", "laid_out", "needs_laying_out", "place_given"]

_WITHIN = "!/"
"""Between an archive and its member, and a database and its table."""


def place_given(source: str | Path) -> str:
    """Write where a source is, as it is kept and shown."""
    if is_postgres(source):
        return str(place_of(str(source)))
    return str(Path(source).absolute())


def needs_laying_out(source: str | Path, files: Sequence[SourceFile]) -> bool:
    """Tell whether a source is a database, or one of its files is an archive."""
    return is_postgres(source) or any(is_zip(file.path) for file in files)


def laid_out(
    source: str | Path,
    files: Sequence[SourceFile],
    folder: Path,
    tell: Callable[[str, int], None],
) -> tuple[SourceFile, ...]:
    """Lay a source out as plain files.

    Parameters
    ----------
    source : str or Path
        A database's address, or the folder or file that `files` lists.
    files : sequence of SourceFile
        Its files; of those that are archives, the members take the place.
    folder : Path
        Where to write.
    tell : callable
        Told what is being read, and how many rows so far.

    Returns
    -------
    tuple of SourceFile
        Numbered from 0, in the order of their names.
    """
    if is_postgres(source):
        return _of_database(str(source), str(place_of(str(source))), folder, tell)
    found: list[SourceFile] = []
    for file in files:
        if is_zip(file.path):
            alone = len(files) == 1 and Path(source) == file.path
            found += _of_archive(file.path, file.name, folder, alone=alone)
        else:
            found.append(file)
    ordered = sorted(found, key=lambda each: each.name)
    return tuple(replace(each, number=i) for i, each in enumerate(ordered))


def _of_archive(
    archive: Path, name: str, folder: Path, *, alone: bool
) -> list[SourceFile]:
    """List the members of an archive; one that is given alone is like a folder."""
    into = folder / _short(str(archive.absolute()))
    if not into.exists():
        unpack(archive, into)
    prefix = "" if alone else f"{name}/"
    return [
        replace(
            member,
            name=prefix + member.name,
            origin=f"{archive.absolute()}{_WITHIN}{member.name}",
        )
        for member in list_files(into)
    ]


def _of_database(
    url: str, place: str, folder: Path, tell: Callable[[str, int], None]
) -> tuple[SourceFile, ...]:
    into = folder / _short(place)
    if not into.exists():
        postgres_files(url, into, tell)
    return tuple(
        replace(table, origin=f"{place}{_WITHIN}{table.name}")
        for table in list_files(into)
    )


def _short(place: str) -> str:
    return hashlib.sha256(place.encode()).hexdigest()[:16]


def found_again(
    number: int, name: str, origin: str, sha256: str, folder: Path
) -> SourceFile | None:
    """Find a file that was loaded before; None if it is gone or has changed.

    Parameters
    ----------
    number : int
        Its number in the datamart.
    name : str
        Its name in its source.
    origin : str
        Where it was: a path, an archive and its member, or a database and its table.
    sha256 : str
        What it held.
    folder : Path
        Where archives and databases are laid out, each once.
    """
    place, within, member = origin.rpartition(_WITHIN)
    if not within:
        return reopen(number, name, Path(origin), sha256)
    if is_postgres(place):
        files: Sequence[SourceFile] = _of_database(place, place, folder, _silent)
    elif Path(place).is_file():
        files = _of_archive(Path(place), "", folder, alone=True)
    else:
        return None
    for file in files:
        if file.name == member and file.sha256 == sha256:
            return replace(file, number=number, name=name, origin=origin)
    return None


def _silent(what: str, n: int) -> None:
    """Tell nobody: what is told is the load that made this necessary."""
