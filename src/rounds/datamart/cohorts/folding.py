"""A cohort's statements as one SELECT, for an engine that is read and never written to.

Circe writes temporary tables, one after another. Whoever may only read can make none,
so each becomes a table that the SELECT reads, in the same order and of the same rows:
one of a WITH query, or what the engine keeps in its own way.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from rounds.datamart.cohorts.compiling import PLACES, compile_cohort
from rounds.datamart.cohorts.dialects import Dialect
from rounds.nouns import Cohort

__all__ = ["Folded", "attrition_and_rows", "rows_alone"]

_ANYWHERE: Final = "rounds_anywhere"
"""Stands for the schema of the CDM, whose tables are named without one."""
_AS: Final = re.compile(r"CREATE TEMP TABLE (\w+)\s+AS\s+(.*)", re.DOTALL)
_EMPTY: Final = re.compile(r"CREATE TEMP TABLE (\w+)\s*\((.*)\)", re.DOTALL)
_INSERT: Final = re.compile(r"INSERT INTO (\w+) \(([^)]*)\)\s*(.*)", re.DOTALL)
_PARQUET: Final = re.compile(
    r"CREATE TABLE (\w+)\s+USING PARQUET\s+AS\s+(.*)", re.DOTALL | re.IGNORECASE
)
_VIEW: Final = re.compile(
    r"CREATE TEMPORARY VIEW (\w+)\s+AS\s+(.*)", re.DOTALL | re.IGNORECASE
)
_OVER: Final = re.compile(
    r"INSERT OVERWRITE (\w+) PARTITION \([^)]*\)\s*\([^)]*\)\s*(.*)",
    re.DOTALL | re.IGNORECASE,
)
_UNDONE: Final = re.compile(r"(DROP TABLE|DROP VIEW|DELETE FROM)\b", re.IGNORECASE)
_ROWS: Final = ("cohort_definition_id", "subject_id", "start_date", "end_date")
_STEPS: Final = ("cohort_definition_id", "person_id", "mask", "events")


@dataclass(frozen=True)
class Folded:
    """A SELECT, and the tables that it reads beside the CDM's."""

    made: Mapping[str, str]
    """Name → SELECT, each after those that it reads."""
    sql: str
    """Tables of the CDM are named without a schema."""


@dataclass
class _Script:
    """The tables that a script makes, each with the SELECTs of its rows."""

    made: dict[str, str] = field(default_factory=dict)
    declared: dict[str, dict[str, str]] = field(default_factory=dict)
    """Of tables that begin empty: column → type."""
    inserted: dict[str, list[str]] = field(default_factory=dict)

    def take(self, statement: str) -> None:
        """Read the next statement."""
        if found := (
            _AS.fullmatch(statement)
            or _PARQUET.fullmatch(statement)
            or _VIEW.fullmatch(statement)
        ):
            assert found[1].lower() not in self.made, "each table is made once"
            self.made[found[1].lower()] = found[2]
        elif found := _EMPTY.fullmatch(statement):
            columns = [one.split() for one in found[2].split(",")]
            self.declared[found[1].lower()] = {one[0]: one[1] for one in columns}
            self.made[found[1].lower()] = ""
        elif found := _INSERT.fullmatch(statement):
            self.inserted.setdefault(found[1].lower(), []).append(found[3])
        elif found := _OVER.fullmatch(statement):
            # The partition is the cohort, whose number is not among the columns.
            rows = f"SELECT 1 AS number, given.* FROM (\n{found[2]}\n) AS given"
            self.inserted.setdefault(found[1].lower(), []).append(rows)
        else:
            assert _UNDONE.match(statement), "a cohort's script makes, fills and drops"

    def tables(self) -> dict[str, str]:
        """Give each temporary table with its SELECT."""
        return {
            # Spark declares a table by a SELECT of no row, to which others are added.
            name: "\nUNION ALL\n".join([sql, *self.inserted.get(name, [])])
            if sql
            else self._filled(name)
            for name, sql in self.made.items()
        }

    def _filled(self, name: str) -> str:
        columns = self.declared[name]
        typed, none = (
            ", ".join(
                f"CAST({value or one} AS {kind}) AS {one}"
                for one, kind in columns.items()
            )
            for value in ("", "NULL")
        )
        parts = [
            f"SELECT {typed} FROM (\n{each}\n) AS given ({', '.join(columns)})"
            for each in self.inserted.get(name, [])
        ]
        return "\nUNION ALL\n".join(parts or [f"SELECT {none} WHERE 1 = 0"])


def rows_alone(cohort: Cohort, dialect: Dialect, own: Mapping[str, str]) -> Folded:
    """Write the rows of a cohort as one SELECT.

    Parameters
    ----------
    cohort : Cohort
        What is computed.
    dialect : {"duckdb", "postgresql", "spark"}
        The engine's.
    own : mapping of str to str
        Tables that take the place of the CDM's: name → SELECT, in their order.

    Returns
    -------
    Folded
        Of subject_id, cohort_start_date, cohort_end_date.

    Raises
    ------
    DefinitionError
        If Circe has no SQL for the cohort.
    """
    script = _read(cohort, dialect)
    (rows,) = script.inserted[PLACES["cohort"]]
    return Folded(
        {**own, **script.tables()},
        "SELECT CAST(subject_id AS BIGINT) AS subject_id, "
        "CAST(start_date AS DATE) AS cohort_start_date, "
        "CAST(end_date AS DATE) AS cohort_end_date "
        f"FROM (\n{rows}\n) AS found ({', '.join(_ROWS)})",
    )


def attrition_and_rows(
    cohort: Cohort, dialect: Dialect, own: Mapping[str, str]
) -> Folded:
    """Write the rows of a cohort and its attrition as one SELECT.

    Parameters and errors are those of `rows_alone`.

    Returns
    -------
    Folded
        Of is_step (1 of the attrition, 0 of the cohort), person_id, start_date and
        end_date (of the cohort), mask and events (of the attrition).
    """
    script = _read(cohort, dialect)
    (rows,) = script.inserted[PLACES["cohort"]]
    (steps,) = script.inserted[PLACES["attrition"]]
    return Folded(
        {**own, **script.tables()},
        "SELECT 0 AS is_step, "
        "CAST(subject_id AS BIGINT) AS person_id, "
        "CAST(start_date AS DATE) AS start_date, CAST(end_date AS DATE) AS end_date, "
        "CAST(0 AS BIGINT) AS mask, CAST(0 AS BIGINT) AS events "
        f"FROM (\n{rows}\n) AS found ({', '.join(_ROWS)})\nUNION ALL\nSELECT 1, "
        "CAST(person_id AS BIGINT), CAST('1970-01-01' AS DATE), "
        "CAST('1970-01-01' AS DATE), CAST(mask AS BIGINT), CAST(events AS BIGINT) "
        f"FROM (\n{steps}\n) AS met ({', '.join(_STEPS)})",
    )


def _read(cohort: Cohort, dialect: Dialect) -> _Script:
    places = {"cdm": _ANYWHERE, "vocabulary": _ANYWHERE}
    script = _Script()
    for statement in compile_cohort(cohort, dialect, places=places, scratch=_ANYWHERE):
        script.take(statement.replace(f"{_ANYWHERE}.", ""))
    return script
