"""The datamart's folder: which snapshot is in force, which there were, what is kept.

```
<mart>/CURRENT                      the number of the snapshot in force
<mart>/snapshots/000012.json        its manifest, never changed once written
<mart>/parts/<16 hex>.duckdb        immutable, named by manifests
<mart>/vocabularies/<16 hex>.duckdb immutable, named by manifests
<mart>/touched/000012.parquet       whom that load touched, where it did not touch all
<mart>/measures/                    counts kept from former snapshots; may be removed
<mart>/building/                    what a load is making; emptied by the next
<mart>/lock                         held by the one process that writes
```

Nothing that CURRENT leads to is ever written to, so a reader needs no lock.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from rounds.datamart.store import failures
from rounds.datamart.store.manifest import Snapshot, unsealed
from rounds.datamart.store.writing import Clock, Writer, rolled_back, writing
from rounds.nouns.errors import DataError

__all__ = ["Store"]

_OWN = frozenset(
    {
        "CURRENT",
        "building",
        "lock",
        "measures",
        "parts",
        "snapshots",
        "spill",
        "touched",
        "vocabularies",
    }
)


class Store:
    """The snapshots of one datamart.

    Parameters
    ----------
    path : Path
        The datamart's folder, which need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)

    def __repr__(self) -> str:
        """Show where it is."""
        return f"<store at {self.path}>"

    def current(self) -> Snapshot | None:
        """Give the snapshot in force; None where nothing has been loaded yet.

        Raises
        ------
        DataError
            If what stands there is no datamart, or is damaged.
        """
        number = self.current_number()
        return None if number is None else self._manifest(number)

    def current_number(self) -> int | None:
        """Give the number of the snapshot in force.

        Raises
        ------
        DataError
            If what stands there is no datamart, or it is not known which is in force.
        """
        self.insist_on_a_folder()
        try:
            text = (self.path / "CURRENT").read_text("ascii")
        except FileNotFoundError:
            return self._only_one()
        except UnicodeDecodeError:
            text = ""
        if not text.strip().isdecimal():
            raise failures.damaged(self.path, "CURRENT does not hold a number")
        return int(text)

    def _only_one(self) -> int | None:
        """Give the one snapshot that there is where CURRENT is missing; None for none.

        A first load that was killed in its last instant left it whole, or CURRENT was
        lost: either way it is what to go on from. Of several, another may have been
        in force.
        """
        written = self._written()
        if not written:
            return None
        if len(written) > 1:
            raise failures.damaged(self.path, "CURRENT is missing")
        (number,) = written
        if not self.is_kept(self._manifest(number)):
            said = f"CURRENT is missing, and so are files of snapshot {number}"
            raise failures.damaged(self.path, said)
        return number

    def read(self, which: int | str) -> Snapshot:
        """Give a snapshot by its number, or the last one that has an id.

        Raises
        ------
        DefinitionError
            If there is none.
        DataError
            If its manifest is damaged.
        """
        numbers = self.numbers()
        if isinstance(which, int):
            if which not in numbers:
                raise failures.no_such_snapshot(self.path, which, numbers)
            return self._manifest(which)
        for snapshot in self.history():
            if snapshot.id == which:
                return snapshot
        raise failures.no_such_snapshot(self.path, which, numbers)

    def numbers(self) -> list[int]:
        """Give the number of every snapshot up to the one in force, newest first."""
        self.insist_on_a_folder()
        found = self._written()
        try:
            last = self.current_number() or 0
        except DataError:
            last = max(found, default=0)
        # What a killed load left behind has a higher number, and was never in force.
        return sorted((number for number in found if number <= last), reverse=True)

    def history(self) -> tuple[Snapshot, ...]:
        """Give every snapshot whose manifest is whole, newest first."""
        found = map(self._manifest_or_none, self.numbers())
        return tuple(each for each in found if each is not None)

    def damaged(self) -> tuple[int, ...]:
        """Give the numbers of the snapshots whose manifests cannot be read."""
        numbers = self.numbers()
        return tuple(n for n in numbers if self._manifest_or_none(n) is None)

    def is_kept(self, snapshot: Snapshot) -> bool:
        """Tell whether every file of a snapshot is still there, at its size."""
        for part in snapshot.parts:
            path = self.part_path(part.file)
            if not path.is_file() or path.stat().st_size != part.bytes:
                return False
        vocabulary = self.vocabulary_path(snapshot.vocabulary)
        return vocabulary is None or vocabulary.is_file()

    @contextmanager
    def writing(self, wait: float = 0.0) -> Iterator[Writer]:
        """Become the one process that writes; the lock goes with the process.

        Parameters
        ----------
        wait : float
            For how many seconds to wait for another load to end.

        Raises
        ------
        SourceError
            If another load is running.
        DataError
            If something else stands at the path.
        """
        with writing(self, wait) as writer:
            yield writer

    def rollback(
        self, number: int, *, now: Clock | None = None, wait: float = 0.0
    ) -> Snapshot:
        """Put a new snapshot in force whose content is that of a former one.

        Raises
        ------
        DefinitionError
            If there is no snapshot of that number.
        DataError
            If its files are no longer kept.
        SourceError
            If a load is running.
        """
        with writing(self, wait) as writer:
            return rolled_back(self, writer, number, now)

    def part_path(self, file: str) -> Path:
        """Give the place of a part's file."""
        return self.path / "parts" / file

    def vocabulary_path(self, vocabulary: str) -> Path | None:
        """Give the place of a vocabulary's file; None where there is none."""
        if not vocabulary:
            return None
        return self.path / "vocabularies" / f"{vocabulary}.duckdb"

    def touched_path(self, number: int) -> Path:
        """Give the place of the `person_id` of those whom a snapshot's load touched.

        There is no such file where it touched everybody, or it is not known whom.
        """
        return self.path / "touched" / f"{number:06}.parquet"

    def touched_since(self, number: int, until: int) -> tuple[Path, ...] | None:
        """Give the files of those touched after one snapshot, up to another.

        Returns
        -------
        tuple of Path or None
            None where anybody may have been touched.
        """
        steps = range(number + 1, until + 1)
        files = tuple(self.touched_path(step) for step in steps)
        known = number <= until and all(file.is_file() for file in files)
        return files if known else None

    def manifest_path(self, number: int) -> Path:
        """Give the place of a snapshot's manifest."""
        return self.path / "snapshots" / f"{number:06d}.json"

    def insist_on_a_folder(self) -> None:
        """Refuse what is not a datamart's folder; nothing at all is none as well.

        Raises
        ------
        DataError
            If a file stands there, or a folder of something else.
        SourceError
            If it may not be looked at.
        """
        try:
            if self.path.is_dir():
                if not self._is_ours():
                    raise failures.not_a_datamart(self.path)
            elif self.path.is_file():
                if _is_older(self.path):
                    raise failures.made_by_an_older_version(self.path)
                raise failures.not_a_datamart(self.path)
        except PermissionError:
            raise failures.not_permitted(self.path) from None

    def _is_ours(self) -> bool:
        names = {each.name for each in self.path.iterdir()}
        # A first load that was killed leaves some of ours, and no CURRENT.
        return names <= _OWN or ("CURRENT" in names and "snapshots" in names)

    def _written(self) -> list[int]:
        files = (self.path / "snapshots").glob("*.json")
        return [int(each.stem) for each in files if each.stem.isdecimal()]

    def _manifest_or_none(self, number: int) -> Snapshot | None:
        try:
            return self._manifest(number)
        except DataError:
            return None

    def _manifest(self, number: int) -> Snapshot:
        path = self.manifest_path(number)
        try:
            snapshot = unsealed(path.read_text("utf-8"))
        except FileNotFoundError:
            raise failures.damaged(self.path, f"{path.name} is missing") from None
        except PermissionError:
            raise failures.not_permitted(self.path) from None
        except ValueError:
            said = f"{path.name} is not as it was written"
            raise failures.damaged(self.path, said) from None
        if snapshot.number != number:
            raise failures.damaged(self.path, f"{path.name} is of another snapshot")
        return snapshot


def _is_older(path: Path) -> bool:
    """Tell a datamart of one file, as they were before they had snapshots."""
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            tables = connection.execute("SELECT table_name FROM duckdb_tables()")
            return ("rounds_snapshot",) in tables.fetchall()
    except duckdb.Error:
        return False
