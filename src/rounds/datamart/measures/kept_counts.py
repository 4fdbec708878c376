"""Counts of a measure, kept from one snapshot to the next, moved by the difference.

What is kept is the counts and the rows that they were made of, for one compiled measure
and one snapshot. When later loads have touched few persons, those alone are computed
again: what they counted then is taken away, and what they count now is added. The
answer is the same as that of a full computation, to the last person.
"""

import hashlib
import json
import os
import secrets
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np

from rounds import __version__
from rounds.datamart.derived import Derived, derived_from
from rounds.datamart.measures.counts import Counts, count
from rounds.datamart.measures.grouped_counts import counts_of
from rounds.datamart.rows import Asked, MeasureRows, fetch, rows_of

__all__ = ["proportion_counts"]

_FEWEST: Final = 20_000
"""Below this many subjects a full computation is as quick."""
_MOST_TOUCHED: Final = 0.2
"""Above this part of the subjects a full computation is as quick."""
_MOST_KEPT: Final = 64
_LONGEST_WRITE: Final = 3600.0
"""Seconds after which what is still in the making was left by a killed process."""


def proportion_counts(datamart: Any, asked: Asked) -> Counts:
    """Give the counts of a proportion, by the difference where that is less work.

    Raises
    ------
    DataError
        If the datamart cannot be read.
    """
    kept = _Kept.of(datamart, asked)
    if kept is None:
        return counts_of(datamart, asked)
    former = kept.read(datamart.number)
    if former is not None:
        moved = _moved(datamart, asked, former)
        if moved is not None:
            return moved
    counts = counts_of(datamart, asked)
    if counts.populations["initial_population"] >= _FEWEST:
        with suppress(OSError, duckdb.IOException):
            # Nothing is kept then; the answer is the same.
            kept.write(datamart, asked, counts)
    return counts


def _moved(datamart: Any, asked: Asked, former: "_Former") -> Counts | None:
    """Give the counts by the difference; None where all must be computed anew."""
    touched = datamart.touched_since(former.number)
    if touched is None or len(touched) > _MOST_TOUCHED * former.n:
        return None
    if not len(touched):
        return former.counts
    try:
        then = former.count(datamart, asked, touched)
    except (duckdb.IOException, duckdb.InvalidInputException):
        return None  # removed meanwhile, or damaged: all is computed anew
    return former.counts - then + _count_of(datamart, asked, touched)


def _count_of(datamart: Any, asked: Asked, persons: np.ndarray) -> Counts:
    parts = [
        fetch(datamart, asked, monthly=monthly, only=persons)
        for monthly in (False, True)[: 1 + asked.is_monthly]
    ]
    return count(asked.measure, parts[0], asked.by, parts[-1])


@dataclass(frozen=True)
class _Former:
    """Counts of an earlier snapshot, and where the rows are that they were made of."""

    folder: Path
    number: int
    """The snapshot's."""
    n: int
    """Subjects."""
    counts: Counts

    def count(self, datamart: Any, asked: Asked, persons: np.ndarray) -> Counts:
        """Count again what some persons counted then."""
        parts = [
            self._rows(datamart, asked, f"rows-{place}.parquet", persons)
            for place in range(1 + asked.is_monthly)
        ]
        return count(asked.measure, parts[0], asked.by, parts[-1])

    def _rows(
        self, datamart: Any, asked: Asked, name: str, persons: np.ndarray
    ) -> MeasureRows:
        path = str(self.folder / name).replace("'", "''")
        listed = ", ".join(str(int(one)) for one in persons)
        derived = derived_from(datamart)
        assert isinstance(derived, Derived), "counts are kept beside a store"
        columns = derived.columns(
            f"SELECT * FROM read_parquet('{path}') WHERE person_id IN ({listed})"
        )
        return rows_of(columns, asked.measure)


@dataclass(frozen=True)
class _Kept:
    """Where one compiled measure's counts are kept: a folder for each snapshot."""

    folder: Path
    key: str

    @classmethod
    def of(cls, datamart: Any, asked: Asked) -> "_Kept | None":
        """Give it; None where nothing can be kept: rows that are not a store's."""
        folder: Path | None = getattr(datamart, "kept", None)
        if folder is None or not os.access(folder.parent, os.W_OK):
            return None
        digest = hashlib.sha256(f"{__version__}\n{asked.by}\n".encode())
        for monthly in (False, True)[: 1 + asked.is_monthly]:
            sql, lists = asked.compiled(monthly=monthly)
            digest.update(repr((dict(sql.tables), sql.query, lists)).encode())
        return cls(folder, digest.hexdigest()[:32])

    def read(self, until: int) -> _Former | None:
        """Give the counts of the latest snapshot up to one; None if there are none."""
        for folder in sorted(self.folder.glob(f"{self.key}.*"), reverse=True):
            number = int(folder.suffix[1:])
            if number > until:
                continue
            try:
                plain = json.loads((folder / "counts.json").read_text())
                counts = Counts(
                    plain["populations"],
                    tuple(plain["overall"]),
                    {unit: tuple(pair) for unit, pair in plain["by"].items()},
                )
                return _Former(folder, number, plain["n"], counts)
            except (OSError, ValueError, KeyError, TypeError):
                continue  # removed meanwhile, or damaged: as if it were not there
        return None

    def write(self, datamart: Any, asked: Asked, counts: Counts) -> None:
        """Keep counts and rows, all or nothing; those of earlier snapshots go."""
        number = datamart.number
        derived = derived_from(datamart)
        assert isinstance(derived, Derived), "counts are kept beside a store"
        place = self.folder / f"{self.key}.{number:09d}"
        self.folder.mkdir(mode=0o700, exist_ok=True)
        making = self.folder / f".{secrets.token_hex(8)}"
        making.mkdir(mode=0o700)
        try:
            for n, monthly in enumerate((False, True)[: 1 + asked.is_monthly]):
                sql, lists = asked.compiled(monthly=monthly)
                path = making / f"rows-{n}.parquet"
                derived.save(sql.tables, sql.query, lists, path)
            plain = {
                "n": counts.populations["initial_population"],
                "populations": dict(counts.populations),
                "overall": counts.overall,
                "by": dict(counts.by),
            }
            (making / "counts.json").write_text(json.dumps(plain))
            for each in making.iterdir():
                with each.open("rb") as written:
                    os.fsync(written.fileno())
            if not place.exists():
                making.rename(place)
        finally:
            shutil.rmtree(making, ignore_errors=True)
        for former in self.folder.glob(f"{self.key}.*"):
            if int(former.suffix[1:]) < number:
                shutil.rmtree(former, ignore_errors=True)
        _forget(self.folder)


def _forget(folder: Path) -> None:
    """Remove what was kept longest ago, beyond as many as are kept."""
    ages = []
    for each in folder.iterdir():
        with suppress(FileNotFoundError):  # another process has removed it
            ages.append((each.stat().st_mtime, each))
    ages.sort(reverse=True)
    newest = ages[0][0] if ages else 0.0
    left_by_a_kill = [
        each
        for age, each in ages
        if each.name.startswith(".") and newest - age > _LONGEST_WRITE
    ]
    old = [each for _, each in ages if not each.name.startswith(".")][_MOST_KEPT:]
    for each in [*left_by_a_kill, *old]:
        shutil.rmtree(each, ignore_errors=True)
