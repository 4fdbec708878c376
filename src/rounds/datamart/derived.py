"""Tables that measures derive from a datamart, and share while it is open.

A table is named by a hash of its query, and a query names the tables it reads, so the
same name always holds the same rows. Nothing is written to the datamart's file.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, Final

import duckdb

from rounds.datamart.engines.base import CodeKey, Engine

__all__ = ["Derived", "derived_from"]

_WORD: Final = re.compile(r"\b[a-z_]+_[0-9a-f]{24}\b")
"""The name of a table: what it is, and the hash of its query."""
_MOST_ROWS: Final = 5_000_000
"""Beyond this many rows, tables are dropped once a measure has been read."""
_MOST_KEPT: Final = 200_000
"""Rows of the last answers that are kept in memory, for whoever asks the same again."""


class Derived:
    """Temporary tables and answers over one connection.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Open on the datamart.
    keep : bool
        Whether the rows cannot change, so that what was derived stays right.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, *, keep: bool) -> None:
        self._connection = connection
        self._keep = keep
        self._cursor: duckdb.DuckDBPyConnection | None = None
        self._tables: dict[str, int] = {}
        self._answers: dict[str, list[tuple[Any, ...]]] = {}
        self._codes: dict[CodeKey, set[int]] = {}
        self._read: dict[str, dict[str, Any]] = {}
        self._lock = RLock()

    dialect = "duckdb"

    @property
    def codes(self) -> dict[CodeKey, set[int]]:
        """(vocabulary, code, whether it is a beginning) → concepts, as found so far."""
        return self._codes if self._keep else {}

    def holds(self, table: str) -> bool:
        """Tell whether there is a table or a view of this name."""
        listed = (
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_catalog = current_database() ORDER BY table_name"
        )
        return (table,) in self.ask(listed)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Give the rows of a short query; a question asked before is not run again."""
        with self._lock:
            if query in self._answers:
                return self._answers[query]
            rows = self._connection.execute(query).fetchall()
            if self._keep:
                self._answers[query] = rows
            return rows

    def read(
        self,
        tables: Mapping[str, str],
        query: str,
        lists: Mapping[str, tuple[str, list[Any]]],
    ) -> dict[str, Any]:
        """Make the tables that are not there yet, then run a query over them.

        One that a single other table reads is made nowhere: it is a part of that one,
        so that the engine carries no row or column that is not asked for.

        Parameters
        ----------
        tables : mapping of str to str
            Name → query; each reads only those before it.
        query : str
            What is asked of them.
        lists : mapping of str to (str, list)
            Name of a table → its one column, and the values to put into it.

        Returns
        -------
        dict of str to array
            The columns, which may be given again: they are not to be written to.
        """
        with self._lock:
            if query in self._read:
                return self._read[query]
            with self._ready(tables, query, lists) as cursor:
                columns: dict[str, Any] = cursor.execute(query).fetchnumpy()
            if self._keep and all(map(_WORD.fullmatch, [*tables, *lists])):
                self._keep_read(query, columns)
            return columns

    def _keep_read(self, query: str, columns: dict[str, Any]) -> None:
        """Keep the last answers: a query names the tables it reads by their content."""
        self._read[query] = columns
        while sum(map(_n_rows, self._read.values())) > _MOST_KEPT:
            del self._read[next(iter(self._read))]

    def save(
        self,
        tables: Mapping[str, str],
        query: str,
        lists: Mapping[str, tuple[str, list[Any]]],
        path: Path,
    ) -> None:
        """Write the rows of a query into a Parquet file; parameters are `read`'s."""
        place = str(path).replace("'", "''")
        with self._ready(tables, query, lists) as cursor:
            cursor.execute(f"COPY ({query}) TO '{place}' (FORMAT parquet)")

    @contextmanager
    def _ready(
        self,
        tables: Mapping[str, str],
        query: str,
        lists: Mapping[str, tuple[str, list[Any]]],
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """Make the tables of a query, and drop them where they may not be kept."""
        with self._lock:
            if self._cursor is None:
                self._cursor = self._connection.cursor()
            try:
                inline = _read_once(tables, query, made=self._tables)
                self._make_all(self._cursor, tables, lists, inline)
                yield self._cursor
            finally:
                if not self._keep or sum(self._tables.values()) > _MOST_ROWS:
                    self._drop()

    def columns(self, query: str) -> dict[str, Any]:
        """Give the columns of a query that needs no table made before."""
        with self._lock:
            found: dict[str, Any] = self._connection.execute(query).fetchnumpy()
            return found

    def close(self) -> None:
        """Let go of the tables."""
        with self._lock:
            if self._cursor is not None:
                self._cursor.close()
            self._cursor = None
            self._tables.clear()
            self._read.clear()

    def _make_all(
        self,
        cursor: duckdb.DuckDBPyConnection,
        tables: Mapping[str, str],
        lists: Mapping[str, tuple[str, list[Any]]],
        inline: Mapping[str, str],
    ) -> None:
        cursor.begin()
        try:
            for name, (column, values) in lists.items():
                kind = "BIGINT" if column.endswith("_id") else "VARCHAR"
                listed = f"SELECT unnest($1::{kind}[]) AS {column}"
                self._make(cursor, name, listed, [values])
            for name, query in tables.items():
                if name not in inline:
                    self._make(cursor, name, _with(inline, query), [])
            cursor.commit()
        except BaseException:
            self._drop()  # Nothing half made is kept.
            raise

    def _make(
        self,
        cursor: duckdb.DuckDBPyConnection,
        name: str,
        query: str,
        parameters: list[Any],
    ) -> None:
        if name not in self._tables:
            made = cursor.execute(f"CREATE TEMP TABLE {name} AS {query}", parameters)
            self._tables[name] = made.fetchall()[0][0]

    def _drop(self) -> None:
        # A cursor's tables end with it.
        self.close()


def _n_rows(columns: Mapping[str, Any]) -> int:
    return max(map(len, columns.values()), default=0)


def _read_once(
    tables: Mapping[str, str], query: str, *, made: Mapping[str, int]
) -> dict[str, str]:
    """Give the tables that one other reads, once, and that are not there yet.

    What the query reads is made: it is asked of again.
    """
    asked = {*made, *_WORD.findall(query)}
    times = Counter(
        name
        for statement in tables.values()
        for name in _WORD.findall(statement)
        if name in tables
    )
    return {
        name: each
        for name, each in tables.items()
        if times[name] == 1 and name not in asked
    }


def _with(inline: Mapping[str, str], query: str) -> str:
    """Put before a query what it reads of them, itself or through others."""
    needed: dict[str, str] = {}
    left = [query]
    while left:
        for name in _WORD.findall(left.pop()):
            if name in inline and name not in needed:
                needed[name] = inline[name]
                left.append(inline[name])
    listed = ", ".join(
        f"{name} AS ({each})" for name, each in inline.items() if name in needed
    )
    return f"WITH {listed} {query}" if listed else query


def derived_from(datamart: Any) -> Engine:
    """Give what a datamart shares; one that shares nothing derives anew each time."""
    shared: Engine | None = getattr(datamart, "_derived", None)
    if shared is None:
        return Derived(datamart._connection, keep=False)  # noqa: SLF001 -- of this room
    return shared
