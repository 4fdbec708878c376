"""Looks at a running trial, and its early end: written down before they are told."""

import datetime as dt
import hashlib
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import sqlalchemy as sa

from rounds.nouns import DataError, DefinitionError, Ref
from rounds.practice import schema
from rounds.practice.edge import reading, writing
from rounds.practice.epochs import write_epoch
from rounds.practice.in_force import InForce, current_of, enter, history_of

__all__ = ["Looking", "PracticeLook", "Stopped", "commitment_of"]

PAUSED_BY = "the guardrails of the protocol"


@dataclass(frozen=True, repr=False)
class PracticeLook:
    """One look as it was written down.

    Parameters
    ----------
    record : str
        What was seen, as JSON: never shown but to the monitoring board.
    salt : str
        Secret, 64 hexadecimal digits: `commitment` is made with it.
    verdict : str
        What everybody may know.
    """

    number: int
    snapshot: str
    data_until: dt.date
    made: dt.datetime
    verdict: Literal["continue", "paused"]
    record: str
    salt: str

    def __repr__(self) -> str:
        """Show nothing that was seen."""
        return f"<look {self.number}>"

    @property
    def commitment(self) -> str:
        """What the ledger holds of it."""
        return commitment_of(self.record, self.salt)


@dataclass(frozen=True)
class Stopped:
    """That a person ended a trial early."""

    by: str
    at: dt.datetime
    reason: str


def commitment_of(record: str, salt: str) -> str:
    """Give SHA-256 of a salt and a record: it tells nothing of what was seen.

    Examples
    --------
    >>> commitment_of("{}", "00" * 32)[:8]
    'fb1634c4'
    """
    return hashlib.sha256(bytes.fromhex(salt) + record.encode()).hexdigest()


class Looking:
    """Looks at trials, and their early ends; part of `Practice`."""

    engine: sa.Engine

    def looks(self, rollout: Ref) -> tuple[PracticeLook, ...]:
        """Give the looks at a trial, in order."""
        with reading(self.engine) as connection:
            return _looks(connection, str(rollout))

    def service_of(self, rollout: Ref) -> str:
        """Give the id of the service that a rollout is of.

        Raises
        ------
        DataError
            If there is no such rollout.
        """
        with reading(self.engine) as connection:
            return _current(connection, str(rollout)).service

    def record_look(
        self,
        rollout: Ref,
        look: PracticeLook,
        *,
        pause: bool,
        chance: float | None = None,
    ) -> tuple[PracticeLook, InForce | None]:
        """Write a look down with what follows from it, a pause or chances: all or none.

        Cards stop with the next call; exposures go on being written, as not shown.
        The same snapshot again changes nothing.

        Parameters
        ----------
        pause : bool
            Whether a guardrail was crossed.
        chance : float, optional
            Of the arm `active` from the next allocation on; as before if not given.

        Returns
        -------
        look : PracticeLook
            As it was written, now or before.
        entry : InForce or None
            The entry that paused the trial; None where nothing was changed.

        Raises
        ------
        DataError
            If there is no such trial, or another look was written meanwhile.
        """
        ref = str(rollout)
        with writing(self.engine) as connection:
            kept = _looks(connection, ref)
            for one in kept:
                if one.snapshot == look.snapshot:
                    return one, None
            if look.number != len(kept) + 1:
                raise DataError(
                    f"Look {look.number} was written meanwhile.",
                    code="look-written-meanwhile",
                    why="Two looks would spend the same error.",
                    remedies=("Look again.",),
                )
            standing = _standing(connection, ref)
            is_paused = any(one.state == "paused" for one in standing)
            shown = "paused" if pause or is_paused else "continue"
            connection.execute(
                sa.insert(schema.look).values(
                    rollout=ref,
                    number=look.number,
                    snapshot=look.snapshot,
                    data_until=look.data_until.isoformat(),
                    made=look.made.isoformat(),
                    verdict=shown,
                    record=look.record,
                    salt=look.salt,
                )
            )
            if chance is not None:
                write_epoch(
                    connection,
                    ref,
                    chance=chance,
                    look=look.number,
                    record=look.record,
                    at=look.made,
                )
            entry = None
            for current in standing if pause else ():
                if current.state != "trial" or current.rollout != ref:
                    continue
                reason = f"a guardrail was crossed at look {look.number}"
                paused = replace(current, state="paused", by=PAUSED_BY, at=look.made)
                enter(connection, replace(paused, reason=reason))
                entry = entry or current_of(connection, current.service)
            return _looks(connection, ref)[-1], entry

    def pauses(self, rollout: Ref) -> tuple[InForce, ...]:
        """Give when guardrails paused a trial, and who resumed it and why, in order.

        Two cards that were paused together were paused once; each is resumed by itself.
        """
        ref = str(rollout)
        with reading(self.engine) as connection:
            found = {
                (now.state, now.at, now.by, now.reason): now
                for one in _standing(connection, ref)
                for now in _pauses(history_of(connection, one.service), ref)
            }
        return tuple(sorted(found.values(), key=lambda one: one.number))

    def stopped(self, rollout: Ref) -> Stopped | None:
        """Give how a trial was ended early; None if it was not."""
        table = schema.stopped
        query = sa.select(table).where(table.c.rollout == str(rollout))
        with reading(self.engine) as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        return Stopped(row.by, dt.datetime.fromisoformat(row.at), row.reason)

    def stop_trial(
        self, rollout: Ref, *, by: str, at: dt.datetime, reason: str
    ) -> Stopped:
        """End a trial early: no card, no enrolment; it can then be evaluated.

        Parameters
        ----------
        by, reason : str
            Who ends it, and why; both are kept.

        Raises
        ------
        DataError
            If there is no such trial.
        DefinitionError
            If nobody or no reason is named, or it is in force no more.
        """
        named(by, reason, "ends a trial")
        ref = str(rollout)
        with writing(self.engine) as connection:
            standing = _standing(connection, ref)
            running = [o for o in standing if o.rollout == ref and o.in_trial]
            table = schema.stopped
            query = sa.select(table).where(table.c.rollout == ref)
            row = connection.execute(query).first()
            if row is None:
                if not running:
                    raise DefinitionError(
                        "The trial is in force no more.",
                        code="trial-not-in-force",
                        remedies=("Look at what is in force: rounds change status",),
                    )
                values = {"rollout": ref, "by": by, "at": at.isoformat()}
                connection.execute(sa.insert(table).values(values | {"reason": reason}))
                for current in running:
                    ended = replace(current, state="off", by=by, at=at)
                    enter(connection, replace(ended, reason=f"ended early: {reason}"))
                # Nobody is enrolled from this moment on: the seed may be told today.
                ends = schema.rollout.c.enrolment_end
                day = (at.date() - dt.timedelta(days=1)).isoformat()
                connection.execute(
                    sa.update(schema.rollout)
                    .where(schema.rollout.c.ref == ref, ends > day)
                    .values(enrolment_end=day)
                )
        found = self.stopped(rollout)
        assert found is not None  # it was written above
        return found


def named(by: str, reason: str, what: str) -> None:
    """Insist on a person and a reason.

    Raises
    ------
    DefinitionError
        If either is empty.
    """
    if not (by.strip() and reason.strip()):
        raise DefinitionError(
            f"Nobody {what} without a name and a reason.",
            code="name-and-reason",
            why="Whoever comes after must be able to ask why.",
            remedies=('Say both: --by "Dr Rosa Lind" --reason "…"',),
        )


def _current(connection: sa.Connection, ref: str) -> InForce:
    table = schema.rollout
    query = sa.select(table.c.service).where(table.c.ref == ref)
    service = connection.execute(query).scalar()
    current = None if service is None else current_of(connection, service)
    if current is None:
        raise DataError(
            "There is no such rollout in this practice.",
            code="unknown-ref",
            remedies=("Check that this is the project where it was started.",),
        )
    return current


def _standing(connection: sa.Connection, ref: str) -> tuple[InForce, ...]:
    """Give what is in force for each service of a rollout, its first card's first."""
    first = _current(connection, ref)
    table = schema.in_force
    query = sa.select(table.c.service).where(table.c.rollout == ref).distinct()
    others = sorted(set(connection.execute(query).scalars()) - {first.service})
    found = [current_of(connection, service) for service in others]
    return (first, *(one for one in found if one is not None))


def _pauses(history: list[InForce], ref: str) -> list[InForce]:
    entries = [entry for entry in history if entry.rollout == ref]
    return [
        now
        for before, now in pairwise(entries)
        if now.by == PAUSED_BY or (before.state, now.state) == ("paused", "trial")
    ]


def _looks(connection: sa.Connection, ref: str) -> tuple[PracticeLook, ...]:
    table = schema.look
    query = sa.select(table).where(table.c.rollout == ref).order_by(table.c.number)
    return tuple(
        PracticeLook(
            number=row.number,
            snapshot=row.snapshot,
            data_until=dt.date.fromisoformat(row.data_until),
            made=dt.datetime.fromisoformat(row.made),
            verdict=row.verdict,
            record=row.record,
            salt=row.salt,
        )
        for row in connection.execute(query)
    )
