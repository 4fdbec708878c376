"""Rows made of the entries of a list: components, conclusions, answers, conditions."""

from typing import Final

from rounds.datamart.fhir.columns import event_columns, part_columns
from rounds.datamart.fhir.flattening import Flattening
from rounds.datamart.fhir.kinds import LISTS
from rounds.datamart.fhir.paths import fields

__all__ = ["entries", "has_no_row", "parts_of"]

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


def entries(
    resource: str,
    part: str,
    views: Flattening,
    systems: tuple[str, ...],
    owners: str,
) -> tuple[str, tuple[str, ...]]:
    """Write a row of each entry: its owner's person, day and visit, its own content.

    Parameters
    ----------
    resource, part : str
        A type of events, and its field whose entries become rows.
    views : Flattening
        Where the fields of an entry are.
    systems : tuple of str
        Code system URIs whose codes are preferred.
    owners : str
        A SELECT of the good resources of the type, with `joined`'s columns.

    Returns
    -------
    tuple of (str, tuple of str)
        The SELECT and its columns, those of an event. Entries without a code or a
        value are not `kept`.
    """
    own = part_columns(resource, part)
    up = {
        name: value
        for name, value in event_columns(resource).items()
        if name not in own and not name.startswith(_OF_ENTRY)
    }
    up |= {"mine": "mine"}
    given = [name for name in _OF_OWNER if name in fields(resource)]
    carried = [*(f"up_{name}" for name in up), "part", *given]
    content = views.staging_columns(f"{resource}.{part}", systems, "c.")
    unnested = ", ".join(
        [
            *(f"{value} AS up_{name}" for name, value in up.items()),
            *given,
            f'unnest("{part}") AS c',
            f'unnest(range(1, len("{part}") + 1)) AS part',
        ]
    )
    flat = (
        f"SELECT {', '.join([*carried, *content])} FROM "
        f'(SELECT {unnested} FROM ({owners}) WHERE len("{part}") > 0)'
    )
    shown = [f"up_{name} AS {name}" for name in up]
    shown += ["part", *(f"{value} AS {name}" for name, value in own.items())]
    query = (
        f"SELECT *, coalesce({_kept(resource, own)}, false) AS kept "
        f"FROM (SELECT {', '.join(shown)} FROM ({flat}))"
    )
    return query, (*up, "part", *own, "kept")


def _kept(resource: str, own: dict[str, str]) -> str:
    """Write what an entry must have: a code, and a value where the code is not all."""
    needed = [f"{name} IS NOT NULL" for name in ("code",) if name in own]
    if resource != "Observation":
        needed.append("value_source_value IS NOT NULL")
    return " AND ".join(needed)
