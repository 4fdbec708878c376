"""What the engines have in common that read a CDM where it is."""

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from rounds.datamart.engines import failures
from rounds.datamart.engines.base import CodeKey, Lists
from rounds.datamart.engines.dialects import translated
from rounds.datamart.engines.relations import Relation, is_cdm_table

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["RemoteEngine", "by_name"]

_NAME: Final = re.compile(r"[a-z_][a-z0-9_]*")
_TABLE: Final = re.compile(r"\b(?:from|join)\s+([a-z_][a-z0-9_]*)")
_TEXT: Final = re.compile(r"'(?:[^']|'')*'|--[^\n]*")
"""Texts and comments, in which no table is named."""


class RemoteEngine(ABC):
    """An engine over a CDM that is already there: read, and never written to.

    Parameters
    ----------
    place : str
        What is said of the database, in errors and results: no user, no password.
    """

    dialect: str
    _INTRODUCED: str = "AS"
    """How a WITH query is introduced that is to be read through, not stored."""
    stored: str = "AS"
    """How one is introduced that is computed once, and read as often as need be."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.codes: dict[CodeKey, set[int]] = {}
        self._answers: dict[str, list[tuple[Any, ...]]] = {}
        self._relations: dict[str, Relation | None] = {}
        self._natives: dict[str, tuple[str, frozenset[str]]] = {}

    @abstractmethod
    def _found(self, table: str) -> Relation | None:
        """Look for a table of the CDM; None if there is none that may be read."""

    @abstractmethod
    def _fetched(self, sql: str) -> "pa.Table":
        """Run one statement in the engine's own dialect."""

    @abstractmethod
    def read(
        self, tables: Mapping[str, str], query: str, lists: Lists
    ) -> "dict[str, NDArray[Any]]":
        """Give the columns of a query over tables that other queries make."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the database."""

    def holds(self, table: str) -> bool:
        """Tell whether there is a table of this name that may be read."""
        return is_cdm_table(table) and self._relation(table) is not None

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Give the rows of a short query; one asked before is not run again."""
        if query not in self._answers:
            found = self._fetched(self.statement({}, query))
            columns = [column.to_pylist() for column in found.columns]
            self._answers[query] = list(zip(*columns, strict=True))
        return self._answers[query]

    def native(
        self,
        name: str,
        sql: str,
        *,
        made: Mapping[str, str] | None = None,
        own: Collection[str] = (),
    ) -> None:
        """Make known a table that later queries may read by its name.

        Parameters
        ----------
        name : str
            Lower-case; the same name always stands for the same text.
        sql : str
            A SELECT in the engine's own dialect, in which tables of the CDM are named
            without a schema. It is a part of each statement that reads it.
        made : mapping of str to str, optional
            Tables that it reads, each computed once: name → SELECT, in the same
            dialect, each after those that it reads.
        own : collection of str
            Those of the tables that are in the place of the CDM's.
        """
        first = ",\n".join(
            f"{each} {self.stored} (\n{select}\n)"
            for each, select in (made or {}).items()
        )
        whole = f"WITH {first}\n{sql}" if first else sql
        self._natives[name] = (whole, frozenset(own))

    def statement(
        self, tables: Mapping[str, str], query: str, given: Iterable[str] = ()
    ) -> str:
        """Write one statement of all: the CDM's tables, those that are made, a SELECT.

        Parameters
        ----------
        tables : mapping of str to str
            Name → query, in the subset; each reads only those before it.
        query : str
            A SELECT of the subset.
        given : iterable of str
            Tables in the engine's own dialect, as WITH has them: `name AS (…)`.

        Raises
        ------
        DataError
            If the database lacks a table or a column that is read.
        """
        written = [*tables.values(), query]
        natives = self._natives_in(" ".join(written))
        made = [*self._read_by(written, natives.values()), *given]
        made += [f"{name} {self.stored} ({sql})" for name, (sql, _) in natives.items()]
        made += [
            f"{name} AS ({translated(each, self.dialect)})"
            for name, each in tables.items()
        ]
        head = f"WITH {', '.join(made)} " if made else ""
        return head + translated(query, self.dialect)

    def _natives_in(self, text: str) -> dict[str, tuple[str, frozenset[str]]]:
        """Give the tables in the engine's own dialect that a text reads."""
        return {
            name: native
            for name, native in self._natives.items()
            if re.search(rf"\b{name}\b", text)
        }

    def _relation(self, table: str) -> Relation | None:
        if table not in self._relations:
            self._relations[table] = self._found(table)
        return self._relations[table]

    def _read_by(
        self,
        statements: Iterable[str],
        natives: Iterable[tuple[str, frozenset[str]]] = (),
    ) -> list[str]:
        """Write the tables of the CDM that statements read."""
        read: set[str] = set()
        named: set[str] = set()
        for sql, own in [*((each, frozenset[str]()) for each in statements), *natives]:
            plain = _TEXT.sub("''", sql).lower()
            read.update(_NAME.findall(plain))
            named.update(name for name in _TABLE.findall(plain) if name not in own)
        tables = sorted(name for name in named if is_cdm_table(name))
        found = {table: self._relation(table) for table in tables}
        missing = [table for table, relation in found.items() if relation is None]
        if missing:
            raise failures.lacks_table(self.place, missing)
        return [
            f"{table} {self._INTRODUCED} "
            f"({relation.sql(read, self.dialect, self.place)})"
            for table, relation in found.items()
            if relation is not None
        ]


def by_name(found: "pa.Table") -> "dict[str, NDArray[Any]]":
    """Give the columns of a table as arrays."""
    return {
        name: found.column(name).to_numpy(zero_copy_only=False)
        for name in found.column_names
    }
