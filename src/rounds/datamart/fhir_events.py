"""What happened to whom, when: one common shape for the events of every type.

The events of each type are judged into a table of their own, with no more columns than
the type fills; the view `event` shows all of them in the common shape.
"""

import duckdb

from rounds.datamart.fhir_columns import (
    EVENT_SHAPE,
    component_columns,
    constant_columns,
    event_columns,
)
from rounds.datamart.fhir_judging import reason, set_aside
from rounds.datamart.fhir_paths import expressions, fields
from rounds.datamart.fhir_people import joined, remark_lost, subject_rules
from rounds.datamart.fhir_targets import resources_of

__all__ = ["load_events"]

_LEADS_TO = {"encounter": "visit_id", "performer": "provider_id"}
_NO_VALUE = (
    "component IS NOT NULL AND len(component) > 0 "
    "AND value IS NULL AND value_integer IS NULL AND value_code IS NULL "
    "AND value_code_text IS NULL AND value_text IS NULL AND value_boolean IS NULL"
)


def load_events(
    connection: duckdb.DuckDBPyConnection, systems: tuple[str, ...]
) -> None:
    """Judge the slice of every type of event, and show all events as `event`."""
    shown = [_shown("(SELECT 1 WHERE false)", {})]
    for resource in resources_of("event"):
        table = f"slice_{resource}"
        if not connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchall():
            continue
        columns = event_columns(resource)
        _judge(connection, resource, columns)
        set_aside(connection, resource, f"judged_{resource}")
        lost = {field: f"lost_{field}" for field in _LEADS_TO}
        remark_lost(connection, resource, f"judged_{resource}", lost)
        given = {name: name for name in columns}
        constant = constant_columns(resource)
        kept = f"judged_{resource} WHERE reason IS NULL AND NOT is_panel"
        shown.append(_shown(kept, given | constant))
        if "component" in fields(resource):
            found = _judge_components(connection, resource, systems)
            shown.append(_shown(f"component_{resource}", found | constant))
    connection.execute(f"CREATE TEMP VIEW event AS {' UNION ALL '.join(shown)}")


def _shown(source: str, columns: dict[str, str]) -> str:
    """Write the events of one table in the common shape."""
    otherwise = {"part": "0", "end_date_or_start": "start_date"}
    if not columns:
        otherwise = {}
    selected = [
        f"CAST({columns.get(name, otherwise.get(name, 'NULL'))} AS {kind}) AS {name}"
        for name, kind in EVENT_SHAPE.items()
    ]
    return f"SELECT {', '.join(selected)} FROM {source}"


def _judge(
    connection: duckdb.DuckDBPyConnection, resource: str, columns: dict[str, str]
) -> None:
    # A panel is its components, and no row of its own.
    panel = _NO_VALUE if "component" in fields(resource) else "false"
    written = {
        **columns,
        "mine": "mine",
        "is_panel": panel,
        **_lost(resource),
        "reason": reason(resource, *subject_rules()),
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


def _judge_components(
    connection: duckdb.DuckDBPyConnection, resource: str, systems: tuple[str, ...]
) -> dict[str, str]:
    """Make a row of each component: its parent's person, day, visit and domain."""
    parent = (
        "file_number",
        "record",
        "key",
        "person_id",
        "visit_occurrence_id",
        "provider_id",
        "start_date",
        "start_datetime",
    )
    own = component_columns(resource)
    unnested = (
        "SELECT key AS parent, category, unnest(component) AS c, "
        f"unnest(range(1, len(component) + 1)) AS part FROM slice_{resource} "
        "WHERE component IS NOT NULL AND len(component) > 0"
    )
    fields_of_part = expressions(f"{resource}.component", systems, "c.")
    flat = (
        f"SELECT parent, category, part, {', '.join(fields_of_part)} FROM ({unnested})"
    )
    valued = ", ".join(f"{value} AS {name}" for name, value in own.items())
    coded = (
        f"SELECT parent, part, {valued} FROM ({flat}) "
        "WHERE code.code IS NOT NULL OR code_text IS NOT NULL"
    )
    selected = [f"part.{name}" for name in ("part", *own)]
    selected += [f"up.{name}" for name in parent]
    connection.execute(
        f"CREATE TEMP TABLE component_{resource} AS SELECT {', '.join(selected)} "
        f"FROM ({coded}) AS part JOIN judged_{resource} AS up "
        "ON up.key = part.parent WHERE up.reason IS NULL"
    )
    return {name: name for name in ("part", *parent, *own)}
