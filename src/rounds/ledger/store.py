"""Where entries are kept: one SQLite table that is only ever added to.

Writers in several processes take turns (`BEGIN IMMEDIATE`), an answered append has
reached the disk (`synchronous=FULL`), and triggers refuse UPDATE and DELETE. The
triggers keep honest programs honest; `verify` finds what went around them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import NullPool

from rounds.ledger.entry import FIELDS, Entry
from rounds.nouns import SourceError

__all__ = ["TRIGGERS", "Store"]

BUSY_SECONDS = 30
"""How long a writer waits for its turn."""

_METADATA = sa.MetaData()

ENTRIES = sa.Table(
    "entries",
    _METADATA,
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
    *(
        sa.Column(name, sa.Text, nullable=False)
        for name in FIELDS
        if name != "sequence"
    ),
    sa.UniqueConstraint("kind", "name", "version"),
)

TRIGGERS = {
    f"entries_refuse_{verb.lower()}": (
        f"CREATE TRIGGER IF NOT EXISTS entries_refuse_{verb.lower()} "
        f"BEFORE {verb} ON entries "
        "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
    )
    for verb in ("UPDATE", "DELETE")
}


class Store:
    """The table of entries in one SQLite file.

    Parameters
    ----------
    path : Path
        The file; it and its folder are made if they are not there.

    Raises
    ------
    SourceError
        If the file cannot be made, opened, or is not a registry.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with translated(path):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._engine = _engine(path)
            with self.writing() as connection:
                _METADATA.create_all(connection)
                for statement in TRIGGERS.values():
                    connection.exec_driver_sql(statement)

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Hold the one right to write until the block ends, then commit."""
        engine = self._engine.execution_options(immediate=True)
        with translated(self.path), engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """See one unchanging state of the table until the block ends."""
        with translated(self.path), self._engine.begin() as connection:
            yield connection

    def add(self, connection: sa.Connection, entry: Entry) -> None:
        """Append an entry inside `writing`."""
        values = {name: getattr(entry, name) for name in FIELDS}
        connection.execute(ENTRIES.insert().values(values))

    def find(self, connection: sa.Connection, **equal: object) -> Entry | None:
        """Give the last entry in which these columns have these values."""
        query = sa.select(ENTRIES).order_by(ENTRIES.c.sequence.desc()).limit(1)
        for name, value in equal.items():
            query = query.where(ENTRIES.c[name] == value)
        row = connection.execute(query).first()
        return None if row is None else _entry(row)

    def all(self, connection: sa.Connection) -> tuple[Entry, ...]:
        """Give every entry, oldest first."""
        query = sa.select(ENTRIES).order_by(ENTRIES.c.sequence)
        return tuple(_entry(row) for row in connection.execute(query))

    def faults(self, connection: sa.Connection) -> tuple[str, ...]:
        """Say what SQLite itself finds wrong, and which guards are gone."""
        rows = connection.exec_driver_sql("PRAGMA integrity_check(20)").scalars()
        faults = [text for text in rows if text != "ok"]
        there = set(
            connection.exec_driver_sql(
                "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            ).scalars()
        )
        faults += [
            f"the guard {name} is gone" for name in TRIGGERS if name not in there
        ]
        return tuple(faults)

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()


def _entry(row: sa.Row[Any]) -> Entry:
    # A byte edited in the file can turn a text into anything: show that it did.
    sequence, *values = cast("tuple[Any, ...]", row)
    texts = {
        name: value if isinstance(value, str) else f"<{value!r}>"
        for name, value in zip(FIELDS[1:], values, strict=True)
    }
    return Entry(sequence=sequence, **texts)


def _engine(path: Path) -> sa.Engine:
    # No pool: a connection left open would be shared by a fork, and opening is cheap.
    engine = sa.create_engine(
        f"sqlite:///{path}", poolclass=NullPool, connect_args={"timeout": BUSY_SECONDS}
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        # An edit that breaks the encoding is reported by its hash, not by a crash.
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        now = connection.get_execution_options().get("immediate", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if now else "BEGIN")

    return engine


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Say what SQLite or the file system refused in the project's own words."""
    try:
        yield
    except (sa.exc.DBAPIError, OSError) as error:
        cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        raise SourceError(
            f"The registry {path} cannot be used: {cause}",
            code="registry-unusable",
            why="What is not in the ledger has not been published.",
            remedies=(
                "Check that the folder exists, is writable and has room.",
                "If the file is damaged, put back a copy; then 'rounds ledger verify'.",
            ),
        ) from None
