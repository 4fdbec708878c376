"""Slices of tables: the rows that any of several cohorts' concept sets reaches."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rounds.datamart.cohorts.domains import Reads, reads_of
from rounds.datamart.mapping import cdm_columns

__all__ = ["Slices", "slices_of"]

_OFTEN: Final = 8
"""From so many criteria on that read it, a slice is worth making: to write it takes as
long as several scans do."""
_TABLE: Final = "FROM @cdm_database_schema.{table} "
"""Where a criterion reads its rows; what it joins to them is never a slice."""


@dataclass(frozen=True)
class Slices:
    """The tables of which a slice is made, and what it must hold."""

    reads: Mapping[str, tuple[Reads, ...]]

    def read_by(self, sql: str, *, all_of_it: bool = False) -> str:
        """Read slices in the parts of a criterion that are limited by codes.

        Parameters
        ----------
        sql : str
            What Circe writes for a criterion.
        all_of_it : bool
            Whether every part is limited by codes.
        """
        for table in self.reads:
            name = _TABLE.format(table=table.upper())
            pieces = sql.split(name)
            for n, piece in enumerate(pieces[1:], 1):
                near = piece.split(") C\n", 1)[0]
                limited = all_of_it or "#Codesets" in near
                read = _name(table) if limited else name
                pieces[n] = read + piece
            sql = "".join(pieces)
        return sql

    def worth_it(self, readers: Iterable[str]) -> "Slices":
        """Give the slices that enough criteria read."""
        times = Counter(
            table for sql in readers for table in self.reads if _name(table) in sql
        )
        return Slices({t: r for t, r in self.reads.items() if times[t] >= _OFTEN})

    def without(self, others: "Slices", sql: str) -> str:
        """Read whole tables where others have no slice of them."""
        for table in self.reads.keys() - others.reads.keys():
            sql = sql.replace(_name(table), _TABLE.format(table=table.upper()))
        return sql

    def making(self, readers: Iterable[str]) -> list[str]:
        """Write the statements that make the slices, with the columns that are read."""
        words: set[str] = set()
        for script in readers:
            words.update(re.findall(r"\w+", script.lower()))
        return [_made(table, reads, words) for table, reads in self.reads.items()]

    def dropping(self) -> list[str]:
        """Write the statements that drop the slices."""
        return [f"DROP TABLE #slice_{table};" for table in self.reads]


def slices_of(expressions: Sequence[Mapping[str, Any]]) -> Slices:
    """Give what a slice of each table would have to hold.

    Parameters
    ----------
    expressions : sequence of mapping
        Circe expressions whose concept sets have ids that hold for all of them.
    """
    reads: dict[str, set[Reads]] = {}
    for expression in expressions:
        for one in reads_of(expression):
            reads.setdefault(one.table, set()).add(one)
    return Slices(
        {table: tuple(sorted(found)) for table, found in sorted(reads.items())}
    )


def _name(table: str) -> str:
    return f"FROM #slice_{table} "


def _made(table: str, reads: Sequence[Reads], words: set[str]) -> str:
    columns = [row["column"] for row in cdm_columns(table)]
    kept = ", ".join(column for column in columns if column in words)
    by_column: dict[str, list[str]] = {}
    for one in reads:
        by_column.setdefault(one.column, []).append(str(one.concept_set))
    reached = " OR ".join(
        f"{column} IN (SELECT concept_id FROM #Codesets WHERE codeset_id IN "
        f"({', '.join(numbers)}))"
        for column, numbers in by_column.items()
    )
    first = next(iter(by_column))
    return (
        f"SELECT {kept} INTO #slice_{table} FROM @cdm_database_schema.{table} "
        f"WHERE {reached} ORDER BY {first}, person_id;"
    )
