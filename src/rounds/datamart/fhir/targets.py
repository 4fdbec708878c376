"""What each resource type becomes: a person, a place, a visit or events."""

from rounds.datamart.fhir.paths import fields, text
from rounds.datamart.mapping import mapping

__all__ = [
    "REFERRED",
    "TYPE_EHR",
    "fixed_concept",
    "place_tables",
    "referring_field",
    "resources_of",
]

REFERRED = {"medication_reference": "Medication", "device_reference": "Device"}
"""Fields that refer to a resource which has the code, and its type."""

TYPE_EHR = next(
    row["concept_id"] for row in mapping("fixed_concepts") if row["group"] == "type"
)


def resources_of(role: str) -> tuple[str, ...]:
    """Give the resource types with one role.

    Roles are `person`, `place`, `role` (a way of referring to a place), `visit`,
    `event`, `code` (what events refer to) and `consent`.
    """
    rows = mapping("fhir_targets")
    return tuple(row["resource"] for row in rows if row["role"] == role)


def referring_field(resource: str) -> str | None:
    """Give the field by which a type refers to its code; None if it has its own."""
    return next((name for name in REFERRED if name in fields(resource)), None)


def place_tables() -> dict[str, str]:
    """Give the table of each type of place, in the order in which they are loaded."""
    rows = mapping("fhir_targets")
    return {row["resource"]: row["table"] for row in rows if row["role"] == "place"}


def fixed_concept(group: str, code: str, otherwise: str = "0") -> str:
    """Write the look-up of a standard concept whose id OMOP has fixed."""
    rows = [row for row in mapping("fixed_concepts") if row["group"] == group]
    cases = " ".join(
        f"WHEN {text(row['code'])} THEN {row['concept_id']}" for row in rows
    )
    return f"CASE {code} {cases} ELSE {otherwise} END"
