"""The ledger as files: five folders to read, one chain and its head to check."""

import contextlib
import json
import os
import tempfile
from pathlib import Path

import yaml

from rounds.ledger.entry import Entry, canonical
from rounds.ledger.published import FOLDERS
from rounds.nouns import SourceError

__all__ = ["CHAIN", "HEAD", "exported_files", "write_export"]

CHAIN = "ledger.jsonl"
HEAD = "HEAD.json"


def exported_files(entries: tuple[Entry, ...]) -> dict[str, bytes]:
    """Give the bytes of every file, by its path in the exported folder.

    Returns
    -------
    dict of str to bytes
        The chain and its head last, so that they are written last.
    """
    files = {path_of(entry): readable(entry) for entry in entries}
    lines = [entry.to_json_line() + "\n" for entry in entries]
    files[CHAIN] = "".join(lines).encode()
    last = entries[-1] if entries else None
    head = {
        "sequence": last.sequence if last else 0,
        "entry_hash": last.entry_hash if last else "",
    }
    files[HEAD] = (canonical(head) + "\n").encode()
    return files


def path_of(entry: Entry) -> str:
    """Give the path of one entry's file, such as `1-problems/00003-problem-bp-1.yaml`.

    Examples
    --------
    >>> path_of(Entry(sequence=3, kind="problem", name="bp", version="1",
    ...     content_hash="", payload="", at="", by="", code_version="",
    ...     previous_hash=""))
    '1-problems/00003-problem-bp-1.yaml'
    """
    stem = f"{entry.sequence:05d}-{entry.kind}-{entry.name}-{entry.version}"
    return f"{FOLDERS[entry.kind]}/{stem}.yaml"


def readable(entry: Entry) -> bytes:
    """Give one entry as YAML for people, its noun unfolded."""
    content = {
        "ref": str(entry.ref),
        "sequence": entry.sequence,
        "at": entry.at,
        "by": entry.by,
        "code_version": entry.code_version,
        "previous_hash": entry.previous_hash,
        "entry_hash": entry.entry_hash,
        "noun": json.loads(entry.payload),
    }
    text: str = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=88)
    return text.encode()


def write_export(entries: tuple[Entry, ...], folder: Path) -> tuple[Path, ...]:
    """Write all files of an export, each replaced as a whole, the head last.

    Raises
    ------
    SourceError
        If the folder cannot be written.
    """
    files = exported_files(entries)
    try:
        for name, content in files.items():
            _replace(folder / name, content)
    except OSError as error:
        raise SourceError(
            f"The ledger cannot be exported to {folder}: {error.strerror}.",
            code="export-failed",
            remedies=("Check that the folder is writable and has room; export again.",),
        ) from None
    return tuple(Path(name) for name in files)


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file() and path.read_bytes() == content:
        return
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".export-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise
