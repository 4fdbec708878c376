"""Where source files stand, kept outside a de-identified datamart.

A file or its folder may be named after a person, so a manifest holds neither. To read
the files again, they are found by the hash of their content.
"""

import json
import os
from collections.abc import Iterable

from rounds.datamart.deidentify.plan import DeidentifyPlan
from rounds.datamart.given.source_files import SourceFile

__all__ = ["FilePlaces"]


class FilePlaces:
    """The private folder that remembers the names and places of files."""

    def __init__(self, plan: DeidentifyPlan) -> None:
        self._random_bytes = plan.random_bytes
        self._folder = plan.codes.with_name("deidentify-files")

    def keep(self, files: Iterable[SourceFile]) -> None:
        """Remember files, each with its hash, before they are put in force."""
        found = {f.sha256: [f.name, f.origin or str(f.path.absolute())] for f in files}
        if not found:
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = self._random_bytes(8).hex()
        made = self._folder / f".{name}.making"
        handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(found, stream)
                stream.flush()
                os.fsync(stream.fileno())
            made.replace(self._folder / f"{name}.json")
        finally:
            made.unlink(missing_ok=True)

    def find(self) -> dict[str, list[tuple[str, str]]]:
        """Give, by hash, each name and place at which a file was loaded."""
        found: dict[str, list[tuple[str, str]]] = {}
        for kept in sorted(self._folder.glob("*.json")):
            for sha256, (name, path) in json.loads(kept.read_text("utf-8")).items():
                found.setdefault(sha256, []).append((name, path))
        return found
