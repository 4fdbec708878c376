"""Lines that the engine would not read, however good the others are."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from rounds.datamart.given.source_files import SourceFile, open_text

__all__ = ["LONGEST_LINE", "Shortened", "first_line", "shortened"]

LONGEST_LINE = 60 << 20
"""In characters. A resource of 50 MB is read; what is longer is set aside."""
_BLOCK = 1 << 20


def first_line(file: SourceFile) -> str:
    """Give the first line that is not blank, or as much of it as may be read."""
    with open_text(file) as stream:
        while line := stream.readline(LONGEST_LINE):
            if not line.isspace():
                return line
    return ""


@dataclass(frozen=True)
class Shortened:
    """A copy of a file without what makes lines long."""

    file: SourceFile
    too_long: tuple[int, ...]
    """Records (lines that are not blank, from 1) that were too long to be read."""
    longest: int
    """Characters of the longest line that is left."""


def shortened(
    file: SourceFile,
    folder: Path,
    *,
    usual: int,
    longest: int,
    wanted: Callable[[str], Iterable[str]],
) -> Shortened:
    """Copy a file; of long resources, keep the elements that are mapped.

    What makes a resource long is as a rule an attachment or a text, which is not mapped
    and would fill the engine's memory several times over.

    Parameters
    ----------
    file : SourceFile
        A file with one resource a line.
    folder : Path
        Where the copy is written.
    usual : int
        Lines of up to so many characters are copied as they are.
    longest : int
        A longer line is replaced by one that is no JSON.
    wanted : callable
        Gives the names of the elements that are mapped of a resource type.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"shortened-{file.number}{file.extension}"
    found, record, most = [], 0, 0
    with open_text(file) as stream, target.open("w", encoding="utf-8") as copy:
        while line := stream.readline(longest + 1):
            if len(line) > longest and not line.endswith("\n"):
                line = "(too long)\n"
                _skip(stream)
                found.append(record + 1)
            elif len(line) > usual:
                line = _pruned(line, wanted)
            record += not line.isspace()
            most = max(most, len(line))
            copy.write(line)
    return Shortened(
        replace(file, path=target, gzipped=False), tuple(found), max(most, usual)
    )


def _pruned(line: str, wanted: Callable[[str], Iterable[str]]) -> str:
    """Keep what is mapped of the resource on a line; what is no JSON stays no JSON."""
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return "(not JSON)\n"
    return json.dumps(_mapped(document, wanted)) + "\n"


def _mapped(resource: Any, wanted: Callable[[str], Iterable[str]]) -> Any:
    if not isinstance(resource, dict):
        return resource
    kind = resource.get("resourceType")
    if kind == "Bundle" and isinstance(resource.get("entry"), list):
        entries = [
            {**entry, "resource": _mapped(entry["resource"], wanted)}
            if isinstance(entry, dict) and "resource" in entry
            else entry
            for entry in resource["entry"]
        ]
        return {**resource, "entry": entries}
    names = {"resourceType", "id", "meta", *wanted(str(kind))}
    return {name: value for name, value in resource.items() if name in names}


def _skip(stream: IO[str]) -> None:
    """Read to the end of the line."""
    while (block := stream.readline(_BLOCK)) and not block.endswith("\n"):
        pass
