"""The folder that records are fetched into, and what it remembers of its fetches.

```
FOLDER/0001/Patient.0001.ndjson     a fetch that came whole
FOLDER/0001/_errors/…               what the server could not give, in its own words
FOLDER/0002/…                       the next one, since the one before
FOLDER/.fetch/state.json            fetches done, and the job under way
FOLDER/.fetch/0003/…                a fetch that is not whole yet: no load sees it
FOLDER/.fetch/lock                  held by the one process that fetches
```

A load skips what begins with a dot or an underscore; a fetch enters the folder by one
renaming, when all of it is there.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from rounds.datamart.fetch.failures import folder_unusable
from rounds.nouns.errors import DataError

NOTE = "_fetch.json"
"""What a fetch says of itself; written when all of its files are there."""

__all__ = ["NOTE", "Done", "Folder", "Job", "opened", "write_whole"]


@dataclass(frozen=True, kw_only=True)
class Job:
    """An export under way.

    Parameters
    ----------
    number : int
        The number that its folder has, or will have.
    scope, since
        What was asked for (`FetchRequest.scope`), and since when.
    begun : str
        When it was kicked off here.
    status_url : str
        Where the server tells of it.
    transaction_time, shape
        What its manifest said; None before there is one.
    """

    number: int
    scope: dict[str, Any]
    since: str | None
    begun: str
    status_url: str = field(repr=False)
    transaction_time: str | None = None
    shape: list[list[str | int | None]] | None = None


@dataclass(frozen=True, kw_only=True)
class Done:
    """A fetch that came whole."""

    number: int
    scope: dict[str, Any]
    since: str | None
    begun: str
    finished: str
    transaction_time: str


@dataclass
class Folder:
    """The folder, held by this process alone."""

    path: Path
    done: tuple[Done, ...] = ()
    job: Job | None = None

    @property
    def hidden(self) -> Path:
        """Give the folder of what is under way."""
        return self.path / ".fetch"

    def under_way(self, job: Job) -> Path:
        """Give the folder of a fetch that is not whole yet."""
        return self.hidden / f"{job.number:04d}"

    def whole(self, job: Job) -> Path:
        """Give the folder of a fetch when it is whole."""
        return self.path / f"{job.number:04d}"

    def next_number(self) -> int:
        """Give a number that no folder has."""
        names = [each.name for each in self.path.iterdir()]
        taken = [int(name) for name in names if name.isascii() and name.isdigit()]
        return max([0, *taken, *(each.number for each in self.done)]) + 1

    def last(self, scope: dict[str, Any]) -> Done | None:
        """Give the last fetch of the same scope."""
        same = [each for each in self.done if each.scope == scope]
        return same[-1] if same else None

    def begin(self, job: Job) -> None:
        """Remember a job from its first moment."""
        clear(self.under_way(job))
        self.under_way(job).mkdir(mode=0o700)
        (self.under_way(job) / "_working").mkdir(mode=0o700)
        self._set(job)

    def note(self, transaction_time: str, shape: list[list[str | int | None]]) -> None:
        """Remember what the job's manifest says."""
        assert self.job is not None
        if (self.job.transaction_time, self.job.shape) not in (
            (None, None),
            (transaction_time, shape),
        ):
            self.begin(self.job)
        self._set(replace(self.job, transaction_time=transaction_time, shape=shape))

    def forget(self) -> None:
        """Forget the job, and what came of it so far."""
        if self.job is not None:
            number = self.under_way(self.job)
            self._set(None)
            clear(number)

    def is_all_here(self) -> bool:
        """Tell whether every file of the job is here, in its place or soon in it."""
        assert self.job is not None
        return self.is_placed() or (self.under_way(self.job) / NOTE).exists()

    def is_placed(self) -> bool:
        """Tell whether the job's files are where a load sees them."""
        assert self.job is not None
        return self.whole(self.job).exists()

    def place(self) -> None:
        """Bring the whole fetch into the folder, at once, if it is not there yet."""
        assert self.job is not None
        if not self.is_placed():
            clear(self.under_way(self.job) / "_working")
            sync(self.under_way(self.job))
            self.under_way(self.job).rename(self.whole(self.job))
            sync(self.path)

    def finish(self, finished: str) -> None:
        """Remember that the job is done."""
        assert self.job is not None
        assert self.job.transaction_time is not None
        done = Done(
            number=self.job.number,
            scope=self.job.scope,
            since=self.job.since,
            begun=self.job.begun,
            finished=finished,
            transaction_time=self.job.transaction_time,
        )
        self.done = (*self.done, done)
        self._set(None)

    def _set(self, job: Job | None) -> None:
        self.job = job
        write_whole(
            self.hidden / "state.json",
            {
                "done": [asdict(each) for each in self.done],
                "job": asdict(job) if job else None,
            },
        )

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what the folder remembers; nothing if there is no such folder.

        Raises
        ------
        DataError
            If its state cannot be read.
        """
        state = path / ".fetch" / "state.json"
        try:
            found = json.loads(state.read_bytes())
            job = found["job"]
            return cls(
                path,
                tuple(Done(**each) for each in found["done"]),
                None if job is None else Job(**job),
            )
        except (FileNotFoundError, NotADirectoryError):
            return cls(path)
        except OSError:
            raise folder_unusable(path, "its .fetch folder cannot be read") from None
        except (ValueError, TypeError, KeyError, RecursionError):
            raise DataError(
                f"{state} is not what a fetch writes there.",
                code="fetch-state-unreadable",
                why="Without it, it is not known what was fetched, and up to when.",
                remedies=(
                    "Fetch into a new folder, all of it: --out FOLDER",
                    "Take the file from a backup of the folder.",
                ),
            ) from None


@contextmanager
def opened(path: Path) -> Iterator[Folder]:
    """Make the folder if it is not there, and hold it against other fetches.

    Raises
    ------
    DataError
        If it cannot be written to, another process fetches into it, or its state
        cannot be read.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        (path / ".fetch").mkdir(mode=0o700, exist_ok=True)
        lock = os.open(path / ".fetch" / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        raise folder_unusable(path, "it is no folder that can be written to") from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DataError(
                f"Another fetch into {path} is under way.",
                code="fetch-busy",
                why="Two at once would write the same files.",
                remedies=(
                    "Wait until it is done.",
                    "Name another folder: --out FOLDER",
                ),
            ) from None
        yield Folder.read(path)
    finally:
        os.close(lock)


def write_whole(path: Path, found: Any) -> None:
    """Write a JSON file so that a kill leaves the old one or the new one, whole."""
    beside = path.with_name(f"{path.name}.new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        json.dump(found, stream, indent=1, ensure_ascii=False)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)
    sync(path.parent)


def sync(folder: Path) -> None:
    """Make sure that the names in a folder outlast a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def clear(folder: Path) -> None:
    """Remove a folder of ours, if it is there."""
    shutil.rmtree(folder, ignore_errors=True)
