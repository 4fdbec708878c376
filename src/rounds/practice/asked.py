"""What each person has been told in counts: sums over persons, only ever added to.

The file lies in `private/` beside the datamart, for its owner alone. It holds who is in
each count that somebody was told, so that the next question can be compared with all
before it. What was told was written first, so that a kill between the two forgets
nothing.
"""

import datetime as dt
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, Self

import numpy as np
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from rounds.methods.disclosure.differencing import PersonSum
from rounds.nouns import DataError
from rounds.practice.edge import writing
from rounds.practice.schema import connect

__all__ = ["PUBLISHED", "TOGETHER", "Asked", "Asking", "Known"]

TOGETHER: Final = "everybody"
"""Who asks where all are taken for one: they know what any of them was told."""
PUBLISHED: Final = "(published)"
"""No user can be named so: what the ledger holds, which each who asks knows too."""

_METADATA = sa.MetaData()

_TOLD = sa.Table(
    "told",
    _METADATA,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("asker", sa.Text, nullable=False, index=True),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("keys", sa.LargeBinary, nullable=False),
    sa.Column("weights", sa.LargeBinary),
)
_ANSWERS = sa.Table(
    "answers",
    _METADATA,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("asker", sa.Text, nullable=False),
    sa.Column("question", sa.Text, nullable=False, index=True),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("json", sa.Text, nullable=False),
)
_GUARDS = tuple(
    f"CREATE TRIGGER IF NOT EXISTS {table}_refuse_{verb.lower()} BEFORE {verb} ON "
    f"{table} BEGIN SELECT RAISE(ABORT, 'what was told stays told'); END"
    for table in ("told", "answers")
    for verb in ("UPDATE", "DELETE")
)


@dataclass(frozen=True)
class Known:
    """One thing that an asker knows.

    Attributes
    ----------
    kind : {'sum', 'mark'}
        A sum that was told; or persons of whose count it was said that it is small.
    told : PersonSum
        Over whom.
    """

    kind: Literal["sum", "mark"]
    told: PersonSum


@dataclass(frozen=True)
class Asking:
    """One question being decided; nobody else is told anything meanwhile."""

    asker: str
    question: str
    _connection: sa.Connection

    def known(self, *, after: int = 0) -> Iterator[tuple[int, Known]]:
        """Give all that this asker knows, numbered, in the order it was told.

        That is what they were told themselves, what was told while all who asked were
        taken for one, and what was published.

        Parameters
        ----------
        after : int
            The number after which to begin.
        """
        query = sa.select(_TOLD).where(_TOLD.c.number > after)
        if self.asker == PUBLISHED:
            query = query.where(_TOLD.c.asker == PUBLISHED)
        elif self.asker != TOGETHER:
            theirs = (self.asker, TOGETHER, PUBLISHED)
            query = query.where(_TOLD.c.asker.in_(theirs))
        query = query.order_by(_TOLD.c.number)
        for row in self._connection.execute(query):
            yield row.number, Known(row.kind, _unpacked(row.keys, row.weights))

    def askers(self) -> list[str]:
        """Name all who were told something under their own name."""
        query = sa.select(_TOLD.c.asker).distinct().order_by(_TOLD.c.asker)
        found = self._connection.execute(query).scalars()
        return [asker for asker in found if asker not in {TOGETHER, PUBLISHED}]

    def by(self, asker: str) -> "Asking":
        """Give the same question as another asks it."""
        return replace(self, asker=asker)

    def earlier(self) -> str | None:
        """Give the last answer to the same question; None if it was never answered."""
        query = (
            sa.select(_ANSWERS.c.json)
            .where(_ANSWERS.c.asker == self.asker)
            .where(_ANSWERS.c.question == self.question)
            .order_by(_ANSWERS.c.number.desc())
        )
        return self._connection.execute(query.limit(1)).scalar()

    def write(
        self, known: tuple[Known, ...], answer: str | None, *, at: dt.datetime
    ) -> None:
        """Write down what is about to be told; it is told once this is kept.

        Parameters
        ----------
        known : tuple of Known
            What the asker then knows.
        answer : str or None
            The answer, as JSON; None where there is none to give again.
        at : datetime
            When.
        """
        rows = [
            {
                "asker": self.asker,
                "question": self.question,
                "kind": one.kind,
                "keys": _packed(one.told.keys),
                "weights": _packed(one.told.weights),
            }
            for one in known
        ]
        if rows:
            self._connection.execute(_TOLD.insert(), rows)
        if answer is None:
            return
        values = {
            "asker": self.asker,
            "question": self.question,
            "at": at.isoformat(),
            "json": answer,
        }
        self._connection.execute(_ANSWERS.insert().values(values))


class Asked:
    """The store of one project, in `private/asked.sqlite`."""

    def __init__(self, path: Path, engine: sa.Engine) -> None:
        self.path = path
        self._engine = engine

    def __repr__(self) -> str:
        """Show the name alone."""
        return f"<Asked at {self.path.name}>"

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the store, making it where there is none (mode 0600).

        Raises
        ------
        DataError
            If the file cannot be opened as one.
        """
        try:
            if not path.exists():
                path.touch(mode=0o600)
            engine = connect(path)
            with engine.begin() as connection:
                _METADATA.create_all(connection)
                for statement in _GUARDS:
                    connection.exec_driver_sql(statement)
        except (OSError, SQLAlchemyError):
            raise DataError(
                f"{path.name} cannot be opened: what was told before is not known.",
                code="asked-unreadable",
                why="Without it, questions cannot be compared with those before.",
                remedies=(
                    "Check that private/ can be written to and the disk has room.",
                    "Restore the file from a backup.",
                ),
            ) from None
        return cls(path, engine)

    @contextmanager
    def asking(self, asker: str, question: str) -> Iterator[Asking]:
        """Decide on one question, alone; kept once the block has ended.

        Raises
        ------
        SourceError
            If it cannot be written; then nothing may be told.
        """
        with writing(self._engine) as connection:
            yield Asking(asker, question, connection)

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()


def _packed(numbers: "np.ndarray | None") -> bytes | None:
    if numbers is None:
        return None
    plain = numbers.astype("<i8" if numbers.dtype.kind == "i" else "<u8")
    return zlib.compress(plain.tobytes(), 1)


def _unpacked(keys: bytes, weights: bytes | None) -> PersonSum:
    told = np.frombuffer(zlib.decompress(keys), dtype="<u8")
    if weights is None:
        return PersonSum(told)
    return PersonSum(told, np.frombuffer(zlib.decompress(weights), dtype="<i8"))
