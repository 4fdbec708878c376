"""The audit file: one line for each look at persons, each holding the hash of the last.

An edited, removed or reordered line is found by `faults`. That the last lines are gone
is not, as with any chain: copy the file, or its last line, elsewhere.
"""

import fcntl
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from rounds.nouns import DataError

__all__ = ["append", "faults", "lines_of"]

_FIRST = "0" * 64


def append(path: Path, line: dict[str, Any]) -> None:
    """Write a line and bring it to the disk, with the hash of the line before.

    Raises
    ------
    DataError
        If it cannot be written; then nothing may be shown.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            former = file.read()
            if former and not former.endswith(b"\n"):
                file.write(b"\n")  # A kill left half a line: `faults` shows it.
            last = former.splitlines()[-1] if former else None
            chained = line | {"previous": _hash(last)}
            file.write(json.dumps(chained).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        raise DataError(
            f"{path.name} cannot be written.",
            code="audit-not-written",
            why="Nobody looks at persons without its being written down.",
            remedies=("Check that the disk has room, and who may write there.",),
        ) from None


def lines_of(path: Path) -> list[dict[str, Any]]:
    """Give the lines that can be read, oldest first; none if there is no file."""
    read = [_parsed(line) for line in _raw(path)]
    return [line for line in read if line is not None]


def faults(path: Path) -> list[str]:
    """Say which lines are not as they were written.

    Examples
    --------
    >>> faults(Path("no-such-file"))
    []
    """
    found = []
    before: bytes | None = None
    for number, raw in enumerate(_raw(path), start=1):
        line = _parsed(raw)
        if line is None:
            found.append(f"audit line {number} cannot be read")
        elif line.get("previous", _FIRST) != _hash(before) and "previous" in line:
            found.append(f"audit line {number} does not follow the line before it")
        elif "previous" not in line and before is not None and b"previous" in before:
            found.append(f"audit line {number} has no hash of the line before it")
        before = raw
    return found


def _raw(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines() if path.is_file() else []


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _hash(line: bytes | None) -> str:
    return _FIRST if line is None else hashlib.sha256(line).hexdigest()
