"""Which unit is in which arm: what has been allocated, and nothing beyond it."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from rounds.practice import schema

__all__ = ["Assignment", "Basis"]

Basis = Mapping[str, str | float]
"""Name → what was known of a unit by which it was allocated."""


@dataclass(frozen=True)
class Assignment:
    """The place of one unit in the allocation.

    Parameters
    ----------
    arm : str
        `active` or `silent`.
    sequence : int
        Its place within the stratum, counted from 0.
    known : dict
        By what it was allocated, beside its stratum; kept, and given by `basis_of`.
    """

    arm: str
    stratum: str
    sequence: int
    known: Basis = field(default_factory=dict, compare=False)

    def __repr__(self) -> str:
        return f"<Assignment in {self.stratum}>"


def assignments_of(
    connection: sa.Connection, rollout: str, units: Collection[str] | None = None
) -> dict[str, Assignment]:
    """Give unit → Assignment of those allocated, in order; of some units or all."""
    if units is None:
        rows = connection.exec_driver_sql(_ALL, (rollout,))
    else:
        rows = connection.exec_driver_sql(_SOME, (rollout, json.dumps(list(units))))
    return {
        unit: Assignment(arm, stratum, sequence)
        for unit, arm, stratum, sequence in rows
    }


def next_sequences(
    connection: sa.Connection, rollout: str, strata: Collection[str]
) -> dict[str, int]:
    """Give the place of the next unit in each of some strata; never its arm."""
    following = dict.fromkeys(strata, 0)
    asked = (rollout, json.dumps(list(following)))
    last = connection.exec_driver_sql(_LAST, asked)
    return following | {stratum: sequence + 1 for stratum, sequence in last}


def write_assignments(
    connection: sa.Connection, rollout: str, assignments: Mapping[str, Assignment]
) -> None:
    """Write units' places, in the transaction that is open."""
    rows = [
        {
            "rollout": rollout,
            "unit": unit,
            "stratum": one.stratum,
            "sequence": one.sequence,
            "arm": one.arm,
        }
        for unit, one in assignments.items()
    ]
    if rows:
        connection.execute(sa.insert(schema.allocation), rows)
    told = [
        {"rollout": rollout, "unit": unit, "known": json.dumps(dict(one.known))}
        for unit, one in assignments.items()
        if one.known
    ]
    if told:
        connection.execute(sa.insert(schema.allocation_basis), told)


def basis_of(connection: sa.Connection, rollout: str) -> dict[str, Basis]:
    """Give unit → what was known of it when it was allocated, where that is kept."""
    table = schema.allocation_basis
    query = sa.select(table.c.unit, table.c.known).where(table.c.rollout == rollout)
    return {unit: json.loads(known) for unit, known in connection.execute(query)}


def arrivals_of(
    connection: sa.Connection, rollout: str, stratum: str, first: int
) -> list[tuple[str, dict[str, str]]]:
    """Give (arm, what was known) of the units from a place on, in order of arrival."""
    rows = connection.exec_driver_sql(_ARRIVALS, (rollout, stratum, first))
    return [(arm, json.loads(known)) for arm, known in rows]


# Plain SQL where each call waits for it: no statement is built or expanded anew.
_ALL = """
select unit, arm, stratum, sequence from allocation where rollout = ?
order by stratum, sequence
"""
_SOME = """
select unit, arm, stratum, sequence from allocation
where rollout = ? and unit in (select value from json_each(?))
order by stratum, sequence
"""
_LAST = """
select j.value, (
  select max(sequence) from allocation where rollout = ?1 and stratum = j.value
) as last from json_each(?2) as j where last is not null
"""
_ARRIVALS = """
select a.arm, b.known from allocation a
join allocation_basis b on b.rollout = a.rollout and b.unit = a.unit
where a.rollout = ? and a.stratum = ? and a.sequence >= ? order by a.sequence
"""
