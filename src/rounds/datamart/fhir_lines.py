"""Lines that the engine would not read, however good the others are."""

from dataclasses import replace
from pathlib import Path
from typing import IO

from rounds.datamart.source_files import SourceFile, open_text

__all__ = ["LONGEST_LINE", "first_line", "without_long_lines"]

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


def without_long_lines(
    file: SourceFile, folder: Path, longest: int
) -> tuple[SourceFile, tuple[int, ...]]:
    """Copy a file, each line that is too long replaced by one that is no JSON.

    Parameters
    ----------
    file : SourceFile
        A file with one resource a line.
    folder : Path
        Where the copy is written.
    longest : int
        The most characters that a line may have.

    Returns
    -------
    tuple of (SourceFile, tuple of int)
        The copy, and which records (lines that are not blank, from 1) are too long.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"shortened-{file.number}{file.extension}"
    found, record = [], 0
    with open_text(file) as stream, target.open("w", encoding="utf-8") as copy:
        while line := stream.readline(longest + 1):
            if len(line) > longest and not line.endswith("\n"):
                line = "(too long)\n"
                _skip(stream)
                found.append(record + 1)
            record += not line.isspace()
            copy.write(line)
    return replace(file, path=target, gzipped=False), tuple(found)


def _skip(stream: IO[str]) -> None:
    """Read to the end of the line."""
    while (block := stream.readline(_BLOCK)) and not block.endswith("\n"):
        pass
