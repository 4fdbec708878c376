"""Rows of cohorts, kept for one snapshot: the same definition on it is computed once.

What is kept is about persons, so it stays in the datamart's folder, readable by its
owner alone. It is known by what was run, to the letter, and by the snapshot.
"""

import hashlib
import os
import secrets
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import duckdb

from rounds import __version__
from rounds.datamart.cohorts.reading import Reading
from rounds.datamart.fhir.paths import text

__all__ = ["Kept"]

_MOST: Final = 2_048
"""Cohorts: those used longest ago go first."""
_FILES: Final = ("cohort", "attrition")


class Kept:
    """The folder of one datamart in which rows of cohorts are kept.

    Parameters
    ----------
    datamart : Datamart
        Open.
    """

    def __init__(self, datamart: Any) -> None:
        folder: Path | None = getattr(datamart, "path", None)
        usable = folder is not None and os.access(folder, os.W_OK)
        self.folder = folder / "cohorts" if usable and folder else None
        self.snapshot = datamart.snapshot

    def key(self, statements: Sequence[str]) -> str:
        """Give the name under which the rows of these statements are kept."""
        told = "\n;\n".join((__version__, self.snapshot, *statements))
        return hashlib.sha256(told.encode()).hexdigest()[:40]

    def read(self, reading: Reading, key: str, cohort_id: int) -> bool:
        """Put kept rows among the results; tell whether there were any to put."""
        place = self.folder / key if self.folder else None
        if place is None or not place.is_dir():
            return False
        try:
            for name in _FILES:
                file = text(str(place / f"{name}.parquet"))
                reading.cursor.execute(
                    f"INSERT INTO {reading.places[name]} SELECT {cohort_id} AS "
                    "cohort_definition_id, * EXCLUDE (cohort_definition_id) "
                    f"FROM read_parquet({file})"
                )
            os.utime(place)
        except (duckdb.IOException, duckdb.InvalidInputException, OSError):
            # Removed meanwhile, or damaged: computed and kept anew.
            shutil.rmtree(place, ignore_errors=True)
            for name in _FILES:
                reading.cursor.execute(
                    f"DELETE FROM {reading.places[name]} "
                    f"WHERE cohort_definition_id = {cohort_id}"
                )
            return False
        return True

    def write(self, reading: Reading, key: str, cohort_id: int) -> None:
        """Keep the rows of one cohort, all or nothing."""
        if self.folder is None:
            return
        with suppress(OSError):  # Nothing is kept then; the answer is the same.
            self.folder.mkdir(mode=0o700, exist_ok=True)
            making = self.folder / f".{secrets.token_hex(8)}"
            making.mkdir(mode=0o700)
            try:
                for name in _FILES:
                    file = text(str(making / f"{name}.parquet"))
                    reading.cursor.execute(
                        f"COPY (FROM {reading.places[name]} WHERE cohort_definition_id "
                        f"= {cohort_id} ORDER BY ALL) TO {file} (FORMAT parquet)"
                    )
                if not (self.folder / key).exists():
                    making.rename(self.folder / key)
            finally:
                shutil.rmtree(making, ignore_errors=True)

    def forget(self) -> None:
        """Remove what was used longest ago, beyond as many as are kept."""
        if self.folder is None or not self.folder.is_dir():
            return
        ages = []
        for each in self.folder.iterdir():
            with suppress(FileNotFoundError):  # another process has removed it
                ages.append((each.stat().st_mtime, each.name))
        for _, name in sorted(ages, reverse=True)[_MOST:]:
            shutil.rmtree(self.folder / name, ignore_errors=True)
