"""Is the ledger still what was written? Every way in which it may not be, listed."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from rounds.ledger.entry import GENESIS, Entry, Finding, Head
from rounds.ledger.export import HEAD, exported_files
from rounds.ledger.published import FOLDERS

__all__ = ["verify_chain", "verify_export", "verify_head"]


def verify_chain(entries: tuple[Entry, ...]) -> list[Finding]:
    """Check each entry against its own hash and against the entry before it."""
    found = []
    previous, expected = GENESIS, 1
    for entry in entries:
        if entry.sequence != expected:
            what = f"expected entry {expected} here: one was removed or moved"
            found.append(_finding("entry-missing", what, entry))
        if entry.previous_hash != previous:
            what = "it does not follow the entry before it: one was removed or moved"
            found.append(_finding("chain-broken", what, entry))
        found += _verify_content(entry)
        # The stored hash, so that one edit is one finding and not all that follow.
        previous, expected = entry.entry_hash, _number(entry.sequence) + 1
    return found


def _verify_content(entry: Entry) -> list[Finding]:
    found = []
    if entry.computed_hash() != entry.entry_hash:
        what = "its content does not fit its hash: it was edited"
        found.append(_finding("entry-edited", what, entry))
    if hashlib.sha256(entry.payload.encode()).hexdigest() != entry.content_hash:
        what = "its noun does not fit the Ref that points at it"
        found.append(_finding("noun-edited", what, entry))
    return found


def verify_head(
    entries: tuple[Entry, ...], head: Head | Mapping[str, object]
) -> list[Finding]:
    """Check that a head exported earlier is still in the chain."""
    wanted = head.as_dict() if isinstance(head, Head) else head
    sequence, entry_hash = wanted.get("sequence"), wanted.get("entry_hash")
    if not isinstance(sequence, int) or not isinstance(entry_hash, str):
        what = "the head is not of the form {sequence, entry_hash}"
        return [Finding(code="head-unreadable", what=what)]
    if sequence == 0:
        return []
    there = [entry for entry in entries if entry.sequence == sequence]
    if not there:
        what = "the exported head names it, and it is no longer there"
        return [Finding(code="head-missing", what=what, sequence=sequence)]
    if there[-1].entry_hash != entry_hash:
        what = "the exported head gives it another hash: the chain was rewritten"
        return [Finding(code="head-differs", what=what, sequence=sequence)]
    return []


def verify_export(entries: tuple[Entry, ...], folder: Path) -> list[Finding]:
    """Check exported files, byte by byte, against the entries up to their head."""
    try:
        head = json.loads((folder / HEAD).read_text("utf-8"))
    except (OSError, ValueError):
        what = f"{HEAD} is missing or is not JSON"
        return [Finding(code="head-unreadable", what=what)]
    if not isinstance(head, dict):
        what = f"{HEAD} does not hold one object"
        return [Finding(code="head-unreadable", what=what)]
    found = verify_head(entries, head)
    reach = _number(head.get("sequence"))
    try:
        files = exported_files(
            tuple(entry for entry in entries if _number(entry.sequence) <= reach)
        )
    except (KeyError, ValueError):
        what = "the registry's entries can no longer be written as files"
        return [*found, Finding(code="export-impossible", what=what)]
    for name, content in files.items():
        found += _verify_file(folder, name, content)
    return found + _strangers(folder, set(files))


def _verify_file(folder: Path, name: str, content: bytes) -> list[Finding]:
    try:
        same = (folder / name).read_bytes() == content
    except OSError:
        return [Finding(code="file-missing", what=f"the file {name} is missing")]
    if same:
        return []
    what = f"the file {name} is not what the registry holds"
    return [Finding(code="file-differs", what=what)]


def _strangers(folder: Path, known: set[str]) -> list[Finding]:
    there = {
        path.relative_to(folder).as_posix()
        for sub in sorted(set(FOLDERS.values()))
        for path in (folder / sub).glob("*")
        if not path.name.startswith(".")
    }
    return [
        Finding(code="file-unknown", what=f"the file {name} is of no entry")
        for name in sorted(there - known)
    ]


def _finding(code: str, what: str, entry: Entry) -> Finding:
    return Finding(code=code, what=what, sequence=_number(entry.sequence))


def _number(value: object) -> int:
    """Read a sequence that an edit may have turned into anything."""
    return value if isinstance(value, int) else 0
