"""What is live for a service now, and what was."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from rounds.practice import schema

__all__ = ["InForce", "State"]

State = Literal["trial", "paused", "all", "off"]

KILLED = "switched off"
"""How the reason of an entry begins that the kill switch made."""


@dataclass(frozen=True)
class InForce:
    """One entry of a service's history; the last one is in force.

    Parameters
    ----------
    number : int
        Counts up over all services; two entries never share one.
    state : str
        `trial` (a random part sees the card), `paused` (a trial in which nobody does,
        until a named person resumes it), `all` (adopted), `off` (nobody).
    knowledge, rollout, decision : str
        Refs, as text.
    """

    number: int
    service: str
    state: State
    knowledge: str
    rollout: str | None
    by: str
    at: dt.datetime
    reason: str
    decision: str | None

    @property
    def is_killed(self) -> bool:
        """Whether the kill switch put it off: only `resume` undoes that."""
        return self.state == "off" and self.reason.startswith(KILLED)

    @property
    def in_trial(self) -> bool:
        """Whether calls belong to a trial, though nobody may see a card just now."""
        return self.state in {"trial", "paused"}

    @property
    def is_silent(self) -> bool:
        """Whether nobody is shown a card."""
        return self.state in {"paused", "off"}

    @property
    def version(self) -> str:
        """The knowledge's version and this entry's number, `1@3`.

        Exposures carry it, so that what follows an adoption is told apart from the
        trial even where the knowledge itself did not change.
        """
        return f"{self.knowledge.partition('|')[2].partition('#')[0]}@{self.number}"


def history_of(connection: sa.Connection, service: str) -> list[InForce]:
    """Give a service's entries, oldest first."""
    table = schema.in_force
    rows = connection.execute(
        sa.select(table).where(table.c.service == service).order_by(table.c.number)
    )
    return [_entry(row) for row in rows]


_CURRENT = "select * from in_force where service = ? order by number desc limit 1"


def current_of(connection: sa.Connection, service: str) -> InForce | None:
    """Give the entry in force, read anew at each call."""
    row = connection.exec_driver_sql(_CURRENT, (service,)).first()
    return None if row is None else _entry(row)


def enter(connection: sa.Connection, entry: InForce) -> None:
    """Put an entry in force; its number is given by the store."""
    connection.execute(
        sa.insert(schema.in_force).values(
            service=entry.service,
            state=entry.state,
            knowledge=entry.knowledge,
            rollout=entry.rollout,
            by=entry.by,
            at=entry.at.isoformat(),
            reason=entry.reason,
            decision=entry.decision,
        )
    )


def _entry(row: sa.Row[Any]) -> InForce:
    return InForce(
        number=row.number,
        service=row.service,
        state=row.state,
        knowledge=row.knowledge,
        rollout=row.rollout,
        by=row.by,
        at=dt.datetime.fromisoformat(row.at),
        reason=row.reason,
        decision=row.decision,
    )
