"""What happened to whom, when: one common shape for the events of every type.

The events of each type are judged into a table of their own, with no more columns than
the type fills; the view `event` shows all of them in the common shape.
"""

import duckdb

from rounds.datamart.fhir_columns import (
    EVENT_SHAPE,
    constant_columns,
    event_columns,
)
from rounds.datamart.fhir_flattening import Flattening
from rounds.datamart.fhir_judging import reason, set_aside
from rounds.datamart.fhir_parts import has_no_row, judge_parts, parts_of
from rounds.datamart.fhir_paths import fields
from rounds.datamart.fhir_people import joined, remark_lost, subject_rules
from rounds.datamart.fhir_targets import resources_of

__all__ = ["load_events"]

_LEADS_TO = {"encounter": "visit_id", "performer": "provider_id"}


def load_events(
    connection: duckdb.DuckDBPyConnection,
    views: Flattening,
    systems: tuple[str, ...],
) -> None:
    """Judge the slice of every type of event, and show all events as `event`."""
    shown = [_shown("(SELECT 1 WHERE false)", {})]
    for resource in resources_of("event"):
        table = f"slice_{resource}"
        if not connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchall():
            continue
        columns = event_columns(resource)
        _judge(connection, views, resource, columns)
        set_aside(connection, resource, f"judged_{resource}")
        lost = {field: f"lost_{field}" for field in _LEADS_TO}
        remark_lost(connection, resource, f"judged_{resource}", lost)
        given = {name: name for name in columns}
        constant = constant_columns(resource)
        kept = f"judged_{resource} WHERE reason IS NULL AND NOT is_whole_in_parts"
        shown.append(_shown(kept, given | constant))
        for part in parts_of(resource):
            found = judge_parts(connection, resource, part, views, systems)
            shown.append(_shown(f"part_{resource}", found | constant))
    connection.execute(f"CREATE TEMP VIEW event AS {' UNION ALL '.join(shown)}")


def _shown(source: str, columns: dict[str, str]) -> str:
    """Write the events of one table in the common shape."""
    otherwise = {"part": "0"} if columns else {}
    selected = [
        f"CAST({columns.get(name, otherwise.get(name, 'NULL'))} AS {kind}) AS {name}"
        for name, kind in EVENT_SHAPE.items()
    ]
    return f"SELECT {', '.join(selected)} FROM {source}"


def _judge(
    connection: duckdb.DuckDBPyConnection,
    views: Flattening,
    resource: str,
    columns: dict[str, str],
) -> None:
    written = {
        **columns,
        "mine": "mine",
        "is_whole_in_parts": has_no_row(resource),
        **_lost(resource),
        "reason": reason(resource, views, *subject_rules()),
    }
    selected = ", ".join(f"{value} AS {name}" for name, value in written.items())
    connection.execute(
        f"CREATE TEMP TABLE judged_{resource} AS SELECT {selected} "
        f"FROM ({joined(resource)})"
    )


def _lost(resource: str) -> dict[str, str]:
    """Write of each reference, other than the subject, whether it leads to nothing."""
    given = fields(resource)
    return {
        f"lost_{field}": f"{field} IS NOT NULL AND {found} IS NULL"
        if field in given
        else "false"
        for field, found in _LEADS_TO.items()
    }
