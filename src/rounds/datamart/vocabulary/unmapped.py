"""Codes that no standard concept stands for, by how often they are used."""

from dataclasses import dataclass
from typing import Any, Final

import duckdb

from rounds.nouns.errors import DataError

__all__ = ["UnmappedCode", "unmapped"]

_STEMS: Final = {
    "condition_occurrence": "condition",
    "measurement": "measurement",
    "observation": "observation",
    "procedure_occurrence": "procedure",
    "drug_exposure": "drug",
    "device_exposure": "device",
}


@dataclass(frozen=True, repr=False)
class UnmappedCode:
    """One code; a rare one may say who has it, so that it is not shown everywhere."""

    vocabulary_id: str
    code: str
    display: str
    n: int
    """Rows that use it."""
    persons: int
    """Persons who have such a row."""
    is_unit: bool
    """Whether it is the unit of a value, and not what a row is about."""
    is_known: bool
    """Whether the vocabulary holds the code, though it maps it to nothing."""

    def __repr__(self) -> str:
        """Show neither the code nor its counts."""
        return "<unmapped code>"


def unmapped(datamart: Any) -> tuple[UnmappedCode, ...]:
    """List the codes without a standard concept, the most used first.

    Parameters
    ----------
    datamart : Datamart
        Open.

    Returns
    -------
    tuple of UnmappedCode
        By falling number of rows, then by vocabulary and code. Counts are exact; a door
        leaves out codes of few persons.

    Raises
    ------
    DataError
        If the datamart cannot be read.
    """
    try:
        return _read(datamart._connection)  # noqa: SLF001 -- of this room
    except duckdb.Error as error:
        raise DataError(
            f"The datamart could not be read ({type(error).__name__}).",
            code="datamart-unreadable",
            remedies=("Load the data again with `rounds data load`.",),
        ) from None


def _read(connection: duckdb.DuckDBPyConnection) -> tuple[UnmappedCode, ...]:
    there = {
        row[0]
        for row in connection.execute(
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_catalog = current_database()"
        ).fetchall()
    }
    parts = [
        f"SELECT person_id, {stem}_source_concept_id AS concept_id, false AS is_unit "
        f"FROM {table} WHERE coalesce({stem}_concept_id, 0) = 0"
        for table, stem in _STEMS.items()
        if table in there
    ]
    # An observation keeps no source concept of its unit, so its units are not listed.
    parts.append(
        "SELECT person_id, unit_source_concept_id, true FROM measurement "
        "WHERE coalesce(unit_concept_id, 0) = 0"
    )
    rows = connection.execute(
        "SELECT c.vocabulary_id, c.concept_code, c.concept_name, u.n, u.persons, "
        "u.is_unit, k.concept_id IS NOT NULL FROM (SELECT concept_id, is_unit, "
        "count(*) AS n, count(DISTINCT person_id) AS persons "
        f"FROM ({' UNION ALL '.join(parts)}) WHERE coalesce(concept_id, 0) > 0 "
        "GROUP BY concept_id, is_unit) AS u JOIN concept AS c USING (concept_id) "
        "LEFT JOIN vocabulary.concept AS k ON k.concept_id = u.concept_id "
        "ORDER BY u.n DESC, c.vocabulary_id, c.concept_code, u.is_unit"
    ).fetchall()
    return tuple(UnmappedCode(*row) for row in rows)
