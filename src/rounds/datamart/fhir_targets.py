"""What each resource type becomes: a person, a place, a visit or events."""

from rounds.datamart.fhir_paths import text
from rounds.datamart.mapping import mapping

__all__ = ["TYPE_EHR", "fixed_concept", "place_tables", "resources_of"]

TYPE_EHR = next(
    row["concept_id"] for row in mapping("fixed_concepts") if row["group"] == "type"
)


def resources_of(role: str) -> tuple[str, ...]:
    """Give the resource types with one role: `person`, `place`, `visit` or `event`."""
    rows = mapping("fhir_targets")
    return tuple(row["resource"] for row in rows if row["role"] == role)


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
