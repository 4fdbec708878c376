"""Rows made of the entries of a list: components, conclusions, answers, conditions."""

from typing import Final

import duckdb

from rounds.datamart.fhir_columns import event_columns, part_columns
from rounds.datamart.fhir_flattening import Flattening
from rounds.datamart.fhir_kinds import LISTS
from rounds.datamart.fhir_paths import fields, text

__all__ = ["has_no_row", "judge_parts", "parts_of"]

_NO_VALUE = (
    "value IS NULL AND value_integer IS NULL AND value_code IS NULL "
    "AND value_code_text IS NULL AND value_text IS NULL AND value_boolean IS NULL"
)
_NO_ROW: Final[dict[str, str]] = {
    # A panel is its components, and no row of its own.
    "Observation": f"coalesce(len(component), 0) > 0 AND {_NO_VALUE}",
    # A report is its results, which are Observations, or else its conclusions.
    "DiagnosticReport": "coalesce(len(conclusion), 0) > 0 OR result IS NOT NULL",
    "QuestionnaireResponse": "true",
    "FamilyMemberHistory": "true",
}
"""When a resource with entries has no row beside theirs."""

_OF_ENTRY = ("value_", "unit_", "operator_", "range_")
_OF_OWNER = ("category", "questionnaire")


def parts_of(resource: str) -> tuple[str, ...]:
    """Give the fields of a type whose entries become rows of their own."""
    rows = fields(resource).items()
    return tuple(name for name, row in rows if row["kind"] in LISTS)


def has_no_row(resource: str) -> str:
    """Write the condition under which a resource has no row but its entries'."""
    return _NO_ROW.get(resource, "false")


def judge_parts(
    connection: duckdb.DuckDBPyConnection,
    resource: str,
    part: str,
    views: Flattening,
    systems: tuple[str, ...],
) -> dict[str, str]:
    """Make a row of each entry: its owner's person, day and visit, its own content.

    Makes the table `part_<Type>`, and remarks on entries without a code or a value.

    Returns
    -------
    dict of str to str
        Of each column of an event, its column in that table.
    """
    own = part_columns(resource, part)
    owners = [
        name
        for name in event_columns(resource)
        if name not in own and not name.startswith(_OF_ENTRY)
    ]
    given = [name for name in _OF_OWNER if name in fields(resource)]
    entries = views.staging_columns(f"{resource}.{part}", systems, "c.")
    flat = (
        f"SELECT {', '.join(['owner', 'part', *given])}, "
        f"{', '.join(entries)} FROM ("
        f'SELECT {", ".join(["key AS owner", *given])}, unnest("{part}") AS c, '
        f'unnest(range(1, len("{part}") + 1)) AS part '
        f'FROM slice_{resource} WHERE len("{part}") > 0)'
    )
    written = [f"{value} AS {name}" for name, value in own.items()]
    selected = [f"entry.{name}" for name in ("part", *own)]
    selected += [f"up.{name}" for name in ("mine", *owners)]
    connection.execute(
        f"CREATE TEMP TABLE part_{resource} AS SELECT {', '.join(selected)} "
        f"FROM (SELECT owner, part, {', '.join(written)} FROM ({flat})) AS entry "
        f"JOIN judged_{resource} AS up ON up.key = entry.owner "
        "WHERE up.reason IS NULL"
    )
    kept = _kept(resource, own)
    connection.execute(
        "INSERT INTO problem SELECT file_number, record, "
        f"{text(resource)}, 'part that is not loaded: {part}', false "
        f"FROM part_{resource} WHERE mine AND NOT coalesce({kept}, false)"
    )
    connection.execute(f"DELETE FROM part_{resource} WHERE NOT coalesce({kept}, false)")
    return {name: name for name in ("part", *owners, *own)}


def _kept(resource: str, own: dict[str, str]) -> str:
    """Write what an entry must have: a code, and a value where the code is not all."""
    needed = [f"{name} IS NOT NULL" for name in ("code",) if name in own]
    if resource != "Observation":
        needed.append("value_source_value IS NOT NULL")
    return " AND ".join(needed)
