"""Which FHIR resource types are mapped, and their fields: `fhir_fields.csv`."""

from pathlib import Path

from rounds.datamart.mapping import Row, mapping

__all__ = ["fields", "file_text", "resources", "text"]


def text(value: str) -> str:
    """Write a constant of ours as an SQL string."""
    return "'" + value.replace("'", "''") + "'"


def file_text(path: Path) -> str:
    """Write a file's path as SQL, in which no character stands for others.

    Examples
    --------
    >>> file_text(Path("a*.csv"))
    "'a[*].csv'"
    """
    return text("".join(f"[{one}]" if one in "*?[" else one for one in str(path)))


def resources() -> tuple[str, ...]:
    """Give the resource types that are mapped, in the order of the table."""
    named = dict.fromkeys(row["resource"] for row in mapping("fhir_fields"))
    return tuple(name for name in named if "." not in name)


def fields(resource: str) -> dict[str, Row]:
    """Give the fields of one resource type by name."""
    rows = mapping("fhir_fields")
    return {row["field"]: row for row in rows if row["resource"] == resource}
