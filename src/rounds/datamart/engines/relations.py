"""A table of a CDM that is already there, as measures read it.

CDMs differ: a date is a timestamp, a number a decimal or a text, a column of 5.4 is not
there yet. A relation gives each column the type that OMOP 5.4 says, and NULL for one
that came with a later version; text is ordered by its code points.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from rounds.datamart.engines import failures
from rounds.datamart.mapping import cdm_columns, cdm_tables
from rounds.datamart.omop.tables import VOCABULARY_TABLES

__all__ = ["Column", "Relation", "is_cdm_table"]

_NUMBERS: Final = frozenset({"BIGINT", "INTEGER"})
_VOCABULARY: Final[Mapping[str, Mapping[str, str]]] = {
    "concept_ancestor": {
        "ancestor_concept_id": "BIGINT",
        "descendant_concept_id": "BIGINT",
    },
    "concept_relationship": {
        "concept_id_1": "BIGINT",
        "concept_id_2": "BIGINT",
        "relationship_id": "VARCHAR",
        "invalid_reason": "VARCHAR",
    },
}
"""What is read of tables that the datamart's own list of columns leaves out."""
_WITHOUT: Final = frozenset(
    {"procedure_end_date", "provider_id", "care_site_id", "invalid_reason"}
)
"""Columns that some version of the CDM, or some table in it, has not."""


@dataclass(frozen=True)
class Column:
    """A column as the database has it."""

    name: str
    """As it is written there, capitals and all."""
    kind: str
    """The type of 5.4 that it is already: BIGINT, DOUBLE, DATE, TIMESTAMP or VARCHAR;
    empty if it is another."""


def is_cdm_table(name: str) -> bool:
    """Tell whether a name is that of a table of the CDM or its vocabulary."""
    return name in cdm_tables() or name in VOCABULARY_TABLES


@dataclass(frozen=True)
class Relation:
    """A table of a CDM that is already there."""

    table: str
    """Its name in OMOP."""
    source: str
    """Its name in the database, quoted."""
    columns: Mapping[str, Column]
    """OMOP's name → the column that there is."""

    def sql(self, read: Collection[str], dialect: str, place: str) -> str:
        """Write it with the columns that are read.

        Parameters
        ----------
        read : collection of str
            Names that the statements hold; what is no column of the table is left out.
        dialect : str
            sqlglot's.
        place : str
            What is said of the database in an error.

        Returns
        -------
        str
            One SELECT.

        Raises
        ------
        DataError
            If there is no column that every version of the CDM has.
        """
        wanted = {
            name: kind for name, kind in _columns(self.table).items() if name in read
        }
        missing = wanted.keys() - self.columns.keys()
        needed = {one for one in missing if _is_needed(self.table, one)}
        if needed:
            raise failures.lacks_column(place, self.table, needed)
        chosen = [
            exp.alias_(_value(self.columns.get(name), kind, dialect), name)
            for name, kind in wanted.items()
        ]
        listed = ", ".join(one.sql(dialect=dialect) for one in chosen)
        return f"SELECT {listed or '1 AS one'} FROM {self.source}"


def _columns(table: str) -> Mapping[str, str]:
    if table in _VOCABULARY:
        return _VOCABULARY[table]
    return {row["column"]: row["type"] for row in cdm_columns(table)}


def _is_needed(table: str, column: str) -> bool:
    """Whether every version has it: OMOP requires it, or it is a concept of the row."""
    if table in _VOCABULARY:
        return column not in _WITHOUT
    required = {row["column"] for row in cdm_columns(table) if row["required"] == "yes"}
    return column in required and column not in _WITHOUT


def _value(column: Column | None, kind: str, dialect: str) -> exp.Expr:
    if column is None:
        return exp.cast(exp.null(), kind)
    value: exp.Expr = exp.column(column.name, quoted=True)
    same = column.kind == kind or {column.kind, kind} <= _NUMBERS
    if not same:
        value = exp.cast(value, kind)
    if kind == "VARCHAR" and dialect == "postgres":
        collation = exp.to_identifier("C", quoted=True)
        value = exp.Collate(this=value, expression=collation)
    return value
