"""The one process that writes: new files made aside, then put in force in one step.

What makes a kill at any instant harmless is the order: parts and manifest are on the
disk, under names that nothing leads to, before CURRENT is replaced; and what nothing
leads to is swept away by the next writer.
"""

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import duckdb

from rounds.datamart.loading.failures import translated
from rounds.datamart.store import failures
from rounds.datamart.store.manifest import Snapshot, sealed
from rounds.nouns.errors import DataError

if TYPE_CHECKING:
    from rounds.datamart.store.folder import Store

__all__ = ["KEPT_SNAPSHOTS", "Clock", "Writer", "rolled_back", "writing"]

Clock: TypeAlias = Callable[[], datetime]

KEPT_SNAPSHOTS = 10
"""Of how many last snapshots the files are kept, to look back and to go back."""

_POLL_SECONDS = 0.05
_FOLDERS = (
    "building",
    "parts",
    "snapshots",
    "spill",
    "touched",
    "vocabularies",
)


class Writer:
    """What may be done while the lock is held."""

    def __init__(self, store: "Store") -> None:
        self.store = store
        self.number = max(store.numbers(), default=0) + 1
        """The number that the next snapshot will have."""
        self.path = store.path
        self._made = 0

    @property
    def building(self) -> Path:
        """Give the folder in which files are made."""
        return self.store.path / "building"

    def new_part(self) -> tuple[str, Path]:
        """Give the id of a part to be made, and where to make its file."""
        self._made += 1
        named = f"part {self._made} of snapshot {self.number}"
        part = hashlib.sha256(named.encode()).hexdigest()[:16]
        return part, self.building / f"{part}.duckdb"

    def new_vocabulary(self, vocabulary: str) -> Path:
        """Give where to put the file of a new vocabulary."""
        return self.building / f"vocabulary-{vocabulary}.duckdb"

    def part_path(self, file: str) -> Path:
        """Give the place of a part's file, which may still be in the making."""
        made = self.building / file
        return made if made.exists() else self.store.part_path(file)

    def new_touched(self) -> Path:
        """Give where to write whom this load touches, if it does not touch all."""
        return self.building / "touched.parquet"

    def vocabulary_path(self, vocabulary: str) -> Path | None:
        """Give the place of a vocabulary's file; None where there is none."""
        made = self.new_vocabulary(vocabulary)
        return made if made.exists() else self.store.vocabulary_path(vocabulary)

    def commit(self, snapshot: Snapshot) -> Snapshot:
        """Put a snapshot in force, with the files made for it in `building`.

        Parameters
        ----------
        snapshot : Snapshot
            With this writer's number.
        """
        assert snapshot.number == self.number, "a snapshot of another number"
        path = self.store.path
        places = {
            self.part_path(part.file): self.store.part_path(part.file)
            for part in snapshot.parts
        }
        vocabulary = self.vocabulary_path(snapshot.vocabulary)
        if vocabulary is not None:
            place = self.store.vocabulary_path(snapshot.vocabulary)
            assert place is not None
            places[vocabulary] = place
        if self.new_touched().exists():
            places[self.new_touched()] = self.store.touched_path(self.number)
        for made, place in places.items():
            if made != place:
                _sync(made)
                made.chmod(0o400)  # rows about people, and never written to again
                made.replace(place)
        _sync(path / "parts")
        _sync(path / "vocabularies")
        _sync(path / "touched")
        self._put(sealed(snapshot), self.store.manifest_path(self.number))
        _sync(path.parent)
        try:
            self.point_at(self.number)
        except BaseException:
            # Said to have failed, so never taken for what is in force.
            self.store.manifest_path(self.number).unlink()
            raise
        return snapshot

    def point_at(self, number: int) -> None:
        """Say which snapshot is in force."""
        self._put(f"{number}\n", self.store.path / "CURRENT")

    def _put(self, text: str, place: Path) -> None:
        """Write a file whole, then move it to its place, and see both on the disk."""
        made = self.building / place.name
        made.write_text(text, "utf-8")
        made.chmod(0o600)
        _sync(made)
        made.replace(place)
        _sync(place.parent)

    def sweep(self) -> None:
        """Remove what no snapshot leads to: what was being made, by whomever."""
        _empty(self.building)
        _drop_spills(self.store.path / "spill")
        try:
            last = self.store.current_number() or 0
        except DataError:
            return  # Damaged: it is not known what is in force, so nothing is removed.
        if last and not (self.store.path / "CURRENT").exists():
            self.point_at(last)
        for path in (self.store.path / "snapshots").glob("*.json"):
            if path.stem.isdecimal() and int(path.stem) > last:
                path.unlink()
        for path in (self.store.path / "touched").glob("*.parquet"):
            if int(path.stem) > last:
                path.unlink()
        self.remove_old()

    def remove_old(self) -> None:
        """Remove the files that none of the last snapshots needs."""
        store = self.store
        kept: set[Path | None] = set()
        for number in store.numbers()[:KEPT_SNAPSHOTS]:
            try:
                snapshot = store.read(number)
            except DataError:
                return  # Damaged: it is not known which files it needs.
            kept |= {store.part_path(part.file) for part in snapshot.parts}
            kept |= {store.vocabulary_path(snapshot.vocabulary)}
        for folder in ("parts", "vocabularies"):
            for path in (store.path / folder).glob("*.duckdb"):
                if path not in kept:
                    path.unlink()


@contextmanager
def writing(store: "Store", wait: float) -> Iterator[Writer]:
    """Hold the lock; sweep before and after; leave no folder where nothing is held.

    What the engine or the system says is translated here: it may quote the input.
    """
    store.insist_on_a_folder()
    try:
        with _lock(store, wait), _swept(store):
            yield Writer(store)
    except (duckdb.Error, OSError) as error:
        raise translated(error, store.path) from None


@contextmanager
def _swept(store: "Store") -> Iterator[None]:
    try:
        for name in _FOLDERS:
            (store.path / name).mkdir(mode=0o700, exist_ok=True)
        Writer(store).sweep()
        yield
    finally:
        Writer(store).sweep()
        if not (store.path / "CURRENT").exists() and not store.numbers():
            _remove_own(store.path)


def _remove_own(path: Path) -> None:
    """Remove what a first load made that failed, and nothing that was there before."""
    for name in _FOLDERS:
        _empty(path / name)
        (path / name).rmdir()
    if {each.name for each in path.iterdir()} == {"lock"}:
        (path / "lock").unlink()
        path.rmdir()


@contextmanager
def _lock(store: "Store", wait: float) -> Iterator[None]:
    handle = _locked(store, wait)
    try:
        yield
    finally:
        os.close(handle)


def rolled_back(
    store: "Store", writer: Writer, number: int, now: Clock | None
) -> Snapshot:
    """Make a new snapshot whose content is that of a former one."""
    former, readable = store.read(number), store.history()
    kept = [each.number for each in readable if store.is_kept(each)]
    if number not in kept:
        raise failures.snapshot_not_kept(store.path, number, kept)
    again = replace(
        former,
        number=writer.number,
        parent=writer.number - 1,
        made_at=now().isoformat() if now else None,
        made_by=f"rollback {number}",
        next_file=max(each.next_file for each in readable),
    )
    return writer.commit(again)


def _locked(store: "Store", wait: float) -> int:
    """Take the lock; give what holds it until it is closed or the process ends."""
    deadline = time.monotonic() + wait
    # A clone of a project has no private folder: what is made is its owner's.
    store.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    while True:
        store.path.mkdir(mode=0o700, exist_ok=True)
        try:
            handle = os.open(store.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:  # A load that failed has just removed the folder.
            continue
        if _is_held(handle, store.path / "lock"):
            return handle
        os.close(handle)
        if time.monotonic() >= deadline:
            raise failures.load_running(store.path, wait)
        time.sleep(_POLL_SECONDS)


def _is_held(handle: int, path: Path) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # It may have been removed between opening and locking: then it locks nothing.
        return os.path.samestat(os.fstat(handle), path.stat())
    except (BlockingIOError, FileNotFoundError):
        return False


def _sync(path: Path) -> None:
    """See a file's, or a folder's, content on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _empty(folder: Path) -> None:
    for each in folder.iterdir():
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        else:
            each.unlink()


def _drop_spills(folder: Path) -> None:
    """Remove what readers spilled that were killed; it is named by their process."""
    for each in folder.glob("*-*"):
        if not _is_running(int(each.name.partition("-")[0])):
            shutil.rmtree(each)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
