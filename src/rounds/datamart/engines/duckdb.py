"""A CDM in a DuckDB file of others; our own store is read by `datamart.derived`."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb

from rounds.datamart.engines import failures
from rounds.datamart.engines.base import Lists
from rounds.datamart.engines.relations import Column, Relation
from rounds.datamart.engines.remote import RemoteEngine, by_name

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["DuckDbEngine"]

_KINDS: Final = {
    "SMALLINT": "BIGINT",
    "INTEGER": "BIGINT",
    "BIGINT": "BIGINT",
    "DOUBLE": "DOUBLE",
    "DATE": "DATE",
    "TIMESTAMP": "TIMESTAMP",
    "VARCHAR": "VARCHAR",
}
"""DuckDB's name of a type → the type of OMOP 5.4 that it serves as."""


class DuckDbEngine(RemoteEngine):
    """A CDM in a schema of a DuckDB file, opened to read.

    Parameters
    ----------
    path : Path
        The file.
    schema : str
        The schema that holds the tables.

    Raises
    ------
    SourceError
        If there is no such file, or it cannot be opened.
    """

    dialect = "duckdb"
    _INTRODUCED = "AS NOT MATERIALIZED"
    stored = "AS MATERIALIZED"

    def __init__(self, path: Path, *, schema: str = "main") -> None:
        super().__init__(f"{path.name} ({schema})")
        self._schema = schema
        try:
            self._connection = duckdb.connect(str(path), read_only=True)
        except duckdb.Error:
            raise failures.down(
                self.place,
                "Check the path of the file in [datamart] of rounds.toml.",
                "Close the program that has the file open to write.",
            ) from None

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _found(self, table: str) -> Relation | None:
        found = self._run(
            "SELECT table_name, column_name, data_type FROM duckdb_columns() "
            "WHERE database_name = current_database() "
            "AND lower(schema_name) = lower($1) AND lower(table_name) = $2 "
            "ORDER BY column_index",
            [self._schema, table],
        ).to_pylist()
        if not found:
            return None
        columns = {
            one["column_name"].lower(): Column(
                one["column_name"], _KINDS.get(one["data_type"], "")
            )
            for one in found
        }
        source = f"{_quoted(self._schema)}.{_quoted(found[0]['table_name'])}"
        return Relation(table, source, columns)

    def read(
        self, tables: Mapping[str, str], query: str, lists: Lists
    ) -> "dict[str, NDArray[Any]]":
        """Give the columns of a query; the lists are handed over as parameters."""
        given = [
            f"{name} AS (SELECT unnest(${n}::{_array(column)}) AS {column})"
            for n, (name, (column, _)) in enumerate(lists.items(), start=1)
        ]
        sql = self.statement(tables, query, given)
        return by_name(self._run(sql, [values for _, values in lists.values()]))

    def _fetched(self, sql: str) -> "pa.Table":
        return self._run(sql, [])

    def _run(self, sql: str, parameters: list[Any]) -> "pa.Table":
        try:
            return self._connection.sql(sql, params=parameters).to_arrow_table()
        except duckdb.Error as error:
            raise failures.broke_off(self.place, type(error).__name__) from None


def _array(column: str) -> str:
    return "BIGINT[]" if column.endswith("_id") else "VARCHAR[]"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
