"""Chances of the arms that are in force: each change of them written down, and why.

An epoch is a stretch of allocations under one chance. The first, number 0, is 1:1 and
needs no row; each later one is written in the transaction of the look that it follows.
Whoever knows the chances knows which arm does better: nothing here is shown to anybody
but the monitoring board, until the trial has been evaluated.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from rounds.practice import schema
from rounds.practice.edge import reading

if TYPE_CHECKING:
    from rounds.nouns import Ref
    from rounds.practice.store import Practice

__all__ = [
    "EVEN",
    "Epoch",
    "current_epoch",
    "epochs_of",
    "read_epochs",
    "stratum_of",
    "write_epoch",
]

EVEN = 0.5


@dataclass(frozen=True, repr=False)
class Epoch:
    """A stretch of allocations under one chance.

    Parameters
    ----------
    number : int
        From 0, which is 1:1.
    chance : float
        Of the arm `active`, for patients who are not of the even share; in (0, 1).
    look : int
        After which it began; 0 of the first.
    inputs : str
        SHA-256 of the look's record, from which the chance follows; empty of the first.
    since : datetime or None
        When it came into force; None of the first, which began with the trial.
    """

    number: int
    chance: float
    look: int = 0
    inputs: str = ""
    since: dt.datetime | None = None

    def __repr__(self) -> str:
        """Show no chance: it says which arm does better."""
        return f"<epoch {self.number}>"


FIRST = Epoch(0, EVEN)


def stratum_of(number: int) -> str:
    """Give the stratum that patients of an epoch are allocated in.

    Examples
    --------
    >>> stratum_of(2)
    'epoch-2'
    """
    return f"epoch-{number}"


def epochs_of(connection: sa.Connection, rollout: str) -> tuple[Epoch, ...]:
    """Give all epochs so far, in order; the first is always there."""
    table = schema.epoch
    query = sa.select(table).where(table.c.rollout == rollout).order_by(table.c.number)
    return (
        FIRST,
        *(
            Epoch(
                row.number,
                row.chance,
                row.look,
                row.inputs,
                dt.datetime.fromisoformat(row.since),
            )
            for row in connection.execute(query)
        ),
    )


def read_epochs(practice: Practice, rollout: Ref) -> tuple[Epoch, ...]:
    """Give a trial's chances so far, in order, the first 1:1.

    Not a verb of `Practice`, whom all rooms above may ask: see the contract "Masking".
    """
    with reading(practice.engine) as connection:
        return epochs_of(connection, str(rollout))


def current_epoch(connection: sa.Connection, rollout: str) -> Epoch:
    """Give the epoch in force."""
    return epochs_of(connection, rollout)[-1]


def write_epoch(
    connection: sa.Connection,
    rollout: str,
    *,
    chance: float,
    look: int,
    record: str,
    at: dt.datetime,
) -> None:
    """Begin an epoch, in the transaction that is open; the same chance goes on.

    Parameters
    ----------
    record : str
        The look's, whose hash is kept beside the chance.
    """
    current = current_epoch(connection, rollout)
    if chance == current.chance:
        return
    connection.execute(
        sa.insert(schema.epoch).values(
            rollout=rollout,
            number=current.number + 1,
            chance=chance,
            look=look,
            inputs=hashlib.sha256(record.encode()).hexdigest(),
            since=at.isoformat(),
        )
    )
