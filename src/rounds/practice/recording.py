"""Write exposures and feedback: one durable transaction per call or batch of calls."""

import datetime as dt
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from rounds.nouns import DataError
from rounds.practice import schema
from rounds.practice.allocations import (
    Assignment,
    arrivals_of,
    assignments_of,
    next_sequences,
    write_assignments,
)
from rounds.practice.edge import writing
from rounds.practice.epochs import Epoch, current_epoch
from rounds.practice.in_force import InForce, current_of
from rounds.practice.store import Practice

__all__ = ["FeedbackRow", "Recorded", "Recording", "record_feedback", "recording"]

_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001  (local time as written)
_EPOCH_UTC = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, repr=False)
class Recorded:
    """What an earlier call with the same `hookInstance` was answered."""

    person_source_value: str
    knowledge: str
    shown: bool
    card: str
    suggestion: str


@dataclass(frozen=True, repr=False)
class FeedbackRow:
    """One piece of feedback on one card; `at` in seconds of UTC since 1970."""

    card: str
    outcome: str
    suggestion: str
    override_reason: str
    at: int


def seconds_of(moment: dt.datetime) -> int:
    """Give seconds since 1970 of a time as it was written, its offset dropped."""
    return int((moment.replace(tzinfo=None) - _EPOCH).total_seconds())


def microseconds_of(moment: dt.datetime) -> int:
    """Give microseconds since 1970 in UTC; a time without offset is taken as UTC."""
    moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return (moment - _EPOCH_UTC) // dt.timedelta(microseconds=1)


class Recording:
    """An open transaction in which calls are decided and written down together."""

    def __init__(self, connection: sa.Connection, service: str) -> None:
        self._connection = connection
        self.service = service
        self.current: InForce | None = current_of(connection, service)

    def __repr__(self) -> str:
        return f"<Recording for {self.service}>"

    def known(self, hook_instances: Collection[str]) -> dict[str, Recorded]:
        """Give the calls among these that were answered before."""
        sql, asked = _one_or_many(_KNOWN, hook_instances)
        rows = self._connection.exec_driver_sql(sql, (self.service, asked))
        return {
            hook: Recorded(person, knowledge, bool(shown), card or "", suggestion or "")
            for hook, person, knowledge, shown, card, suggestion in rows
        }

    def opted_out(self, persons: Collection[str]) -> frozenset[str]:
        """Give the persons among these who opted out."""
        sql, asked = _one_or_many(_OPTED_OUT, persons)
        rows = self._connection.exec_driver_sql(sql, (asked,))
        return frozenset(person for (person,) in rows)

    def assignments(
        self, rollout: str, units: Collection[str] | None = None
    ) -> dict[str, Assignment]:
        """Give the places of the units that are allocated already."""
        return assignments_of(self._connection, rollout, units)

    def next_sequences(self, rollout: str, strata: Collection[str]) -> dict[str, int]:
        """Give the place of the next unit in each of some strata; never its arm."""
        return next_sequences(self._connection, rollout, strata)

    def arrivals(
        self, rollout: str, stratum: str, first: int
    ) -> list[tuple[str, dict[str, str]]]:
        """Give (arm, what was known) of the units from a place on, in their order."""
        return arrivals_of(self._connection, rollout, stratum, first)

    def epoch(self, rollout: str) -> Epoch:
        """Give the chances of the arms that are in force for the next allocation."""
        return current_epoch(self._connection, rollout)

    def is_revealed(self, rollout: str) -> bool:
        """Say whether the seed has been revealed: no unit is allocated after."""
        table = schema.rollout
        query = sa.select(table.c.revealed).where(table.c.ref == rollout)
        return self._connection.execute(query).scalar() is not None

    def assign(self, rollout: str, assignments: Mapping[str, Assignment]) -> None:
        """Write the places of units that are met for the first time."""
        write_assignments(self._connection, rollout, assignments)

    def add(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Write exposures, as columns; durable once the transaction has closed."""
        values = list(zip(*(columns[name] for name in _COLUMNS), strict=True))
        if values:
            one = len(values) == 1
            self._connection.exec_driver_sql(_ADD, values[0] if one else values)
        self._add_callers(columns)

    def _add_callers(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Write whose calls these were, of those that named anybody."""
        named = columns.get("clinician", ())
        callers = [
            (self.service, hook, who)
            for hook, who in zip(columns["hook_instance"], named, strict=False)
            if who
        ]
        if callers:
            self._connection.exec_driver_sql(_ADD_CALLERS, callers)


_TABLE = schema.exposure
# Plain SQL where each call waits for it: no statement is built or expanded anew.
_KNOWN = """
select hook_instance, person_source_value, knowledge, shown, card, suggestion
from exposure where service = ? and hook_instance in (select value from json_each(?))
"""
_OPTED_OUT = """
select person_source_value from opt_out
where person_source_value in (select value from json_each(?))
"""
_MANY = "in (select value from json_each(?))"


def _one_or_many(sql: str, values: Collection[str]) -> tuple[str, str]:
    """Give SQL and its value; a single one needs no list to be read."""
    if len(values) == 1:
        return sql.replace(_MANY, "= ?"), next(iter(values))
    return sql, json.dumps(list(values))


_COLUMNS = tuple(column.name for column in _TABLE.columns if column.name != "id")
_ADD = (
    f"insert into exposure ({', '.join(_COLUMNS)}) "
    f"values ({', '.join('?' * len(_COLUMNS))})"
)


_ADD_CALLERS = """
insert into caller (service, hook_instance, clinician) values (?, ?, ?)
on conflict do nothing
"""

# By the card alone, which has its own index: asked for the service too, SQLite would
# look through every exposure of the service.
_GIVEN = """
select card, suggestion, service, shown
from exposure where card in (select value from json_each(?))
"""
_TELL = """
insert into feedback (card, outcome, suggestion, override_reason, at, received)
values (?, ?, ?, ?, ?, ?) on conflict do nothing
"""


@contextmanager
def recording(practice: Practice, service: str) -> Iterator[Recording]:
    """Open a transaction; it is durable when the block has ended without an error."""
    with writing(practice.engine) as connection:
        yield Recording(connection, service)


def record_feedback(
    practice: Practice,
    service: str,
    rows: Sequence[FeedbackRow],
    received: dt.datetime,
) -> None:
    """Write feedback durably, all of it or none; the same again changes nothing.

    Raises
    ------
    DataError
        If a card or a suggestion was never given by this service.
    """
    if not rows:
        return
    stamp = microseconds_of(received)
    cards = {row.card for row in rows}
    with writing(practice.engine) as connection:
        given = {
            card: suggestion
            for card, suggestion, by, shown in connection.exec_driver_sql(
                _GIVEN, (json.dumps(list(cards)),)
            )
            if by == service and shown
        }
        if cards - given.keys():
            raise DataError(
                "The feedback is about a card that this service never gave.",
                code="unknown-card",
                remedies=("Send the uuid of the card as it was given.",),
            )
        if any(r.suggestion not in ("", given[r.card]) for r in rows):
            raise DataError(
                "The feedback is about a suggestion that is not on that card.",
                code="unknown-suggestion",
                remedies=("Send the uuid of the suggestion as it was given.",),
            )
        connection.exec_driver_sql(
            _TELL,
            [
                (r.card, r.outcome, r.suggestion, r.override_reason, r.at, stamp)
                for r in rows
            ],
        )
