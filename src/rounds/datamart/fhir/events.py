"""What happened to whom, when: one common shape for the events of every type.

No table of events is made: of a million persons it would be larger than memory, and be
written and read once more. Events are queries over the stage, read once for the codes
that they use (`event_code`), and once for each OMOP table that these lead to.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import duckdb

from rounds.datamart.fhir.columns import (
    EVENT_SHAPE,
    constant_columns,
    event_columns,
)
from rounds.datamart.fhir.flattening import Flattening
from rounds.datamart.fhir.parts import entries, has_no_row, parts_of
from rounds.datamart.fhir.paths import fields, text
from rounds.datamart.fhir.people import joined
from rounds.datamart.fhir.targets import resources_of
from rounds.datamart.fhir.verdicts import judge

__all__ = ["Events", "load_events"]

_LEADS_TO = {"encounter": "visit_id", "performer": "provider_id"}
_CODES: Final = (
    "resource",
    "domain",
    "stays",
    "code_system",
    "code",
    "display",
    "value_system",
    "value_code",
    "value_display",
    "unit_system",
    "unit_source_value",
    "detail_domain",
    "detail_system",
    "detail_code",
    "detail_display",
)
"""What of an event decides which concepts and tables it has."""
_ACCOUNT: Final = {"mine": "BOOLEAN", "kept": "BOOLEAN"}
"""Whether it is of this load, and whether it makes rows."""


@dataclass(frozen=True)
class Events:
    """The events that resources of a type are, or that the entries of a list are."""

    resource: str
    part: str
    """The field whose entries they are; empty for the resources themselves."""
    rows: str
    """A query of them, in the common shape, with `mine` and `kept`."""
    codes: str
    """A query of their codes (`_CODES`), how often each combination is there (`n`),
    `mine` and `kept`."""

    @property
    def name(self) -> str:
        """Give what they are called in `event_code`: Observation.component."""
        return f"{self.resource}.{self.part}" if self.part else self.resource


def load_events(
    connection: duckdb.DuckDBPyConnection,
    views: Flattening,
    systems: tuple[str, ...],
) -> tuple[Events, ...]:
    """Judge the slice of every type of event, and say how its events are read.

    Makes the view `event` of all of them, and the table `event_code`: each combination
    of an event's codes, of which `Events` it is (`source`), and how often it is (`n`).
    """
    none, listed = _shown("(SELECT 1 WHERE false)", {}), ", ".join(_CODES)
    connection.execute(
        "CREATE TEMP TABLE event_code AS SELECT '' AS source, mine, kept, "
        f"{listed}, 0::BIGINT AS n FROM ({none})"
    )
    every: list[Events] = []
    for resource in resources_of("event"):
        if not connection.execute(f"SELECT 1 FROM slice_{resource} LIMIT 1").fetchall():
            continue
        judge(connection, views, resource, joined(resource), _lost(resource))
        found = _events_of(resource, views, systems)
        for each in found:
            connection.execute(
                f"INSERT INTO event_code SELECT {text(each.name)}, mine, kept, "
                f"{listed}, n FROM ({each.codes})"
            )
        _account(connection, found)
        every += found
    shown = " UNION ALL ".join([none, *(each.rows for each in every)])
    connection.execute(
        "CREATE TEMP VIEW event AS SELECT * EXCLUDE (mine, kept) "
        f"FROM ({shown}) WHERE kept"
    )
    return tuple(every)


def _events_of(
    resource: str, views: Flattening, systems: tuple[str, ...]
) -> list[Events]:
    """Write the events of a type: its resources, and the entries of its lists."""
    constant = constant_columns(resource)
    ways = [joined(resource, judged=True, leads=leads) for leads in (True, False)]
    own = {
        **event_columns(resource),
        "mine": "mine",
        "kept": f"NOT ({has_no_row(resource)})",
    }
    selected = ", ".join(f"{value} AS {name}" for name, value in own.items())
    queries = [f"SELECT {selected} FROM ({way})" for way in ways]
    found = [_made(resource, "", own, constant, queries)]
    for part in parts_of(resource):
        made = [entries(resource, part, views, systems, way) for way in ways]
        names = made[0][1]
        found.append(_made(resource, part, names, constant, [each[0] for each in made]))
    return found


def _made(
    resource: str,
    part: str,
    names: Iterable[str],
    constant: Mapping[str, str],
    queries: Sequence[str],
) -> Events:
    """Write events from their query, and from one without what references lead to."""
    full, brief = queries
    given = {**{name: name for name in names}, **constant}
    # What is the same in all would be compared for each, were it grouped by.
    varying = [name for name in (*_CODES, *_ACCOUNT) if given.get(name) == name]
    listed = ", ".join(varying)
    counted = f"SELECT {listed}, count(*) AS n FROM ({brief}) GROUP BY {listed}"
    every = ", ".join(f"{given.get(name, 'NULL')} AS {name}" for name in _CODES)
    return Events(
        resource,
        part,
        rows=_shown(f"({full})", given),
        codes=f"SELECT {every}, mine, kept, n FROM ({counted})",
    )


def _shown(source: str, columns: Mapping[str, str]) -> str:
    """Write the events of one relation in the common shape."""
    otherwise = {"part": "0"} if columns else {}
    selected = [
        f"CAST({columns.get(name, otherwise.get(name, 'NULL'))} AS {kind}) AS {name}"
        for name, kind in (EVENT_SHAPE | _ACCOUNT).items()
    ]
    return f"SELECT {', '.join(selected)} FROM {source}"


def _account(connection: duckdb.DuckDBPyConnection, found: Sequence[Events]) -> None:
    """Count the good resources of a type, and remark on entries that make no row."""
    for each in found:
        if not each.part:
            connection.execute(
                f"INSERT INTO mapped SELECT {text(each.resource)}, "
                "coalesce(sum(n) FILTER (mine), 0) FROM event_code "
                f"WHERE source = {text(each.name)}"
            )
            continue
        without_row = (
            f"FROM event_code WHERE source = {text(each.name)} AND mine AND NOT kept"
        )
        if connection.execute(f"SELECT 1 {without_row} LIMIT 1").fetchall():
            connection.execute(
                "INSERT INTO problem SELECT file_number, record, "
                f"{text(each.resource)}, 'part that is not loaded: {each.part}', false "
                f"FROM ({each.rows}) WHERE mine AND NOT kept"
            )
    connection.execute("DELETE FROM event_code WHERE NOT kept")


def _lost(resource: str) -> dict[str, str]:
    """Write of each reference, other than the subject, when it leads to nothing."""
    given = fields(resource)
    return {
        field: f"{field} IS NOT NULL AND {found} IS NULL"
        for field, found in _LEADS_TO.items()
        if field in given
    }
