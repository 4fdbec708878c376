"""PostgreSQL 15 or later: one transaction that sees one state and cannot write.

A measure is one WITH query. The CDM's tables are read through (NOT MATERIALIZED), so
that their indexes serve; what a measure makes is stored where it is read twice. Indexes
on person_id and on the concept ids make the difference on a large CDM.

The password comes from where libpq looks for it (PGPASSWORD, ~/.pgpass), never from the
address. Who opted out is handed over as a parameter and stands in no statement.

References
----------
PostgreSQL 15, section 7.8.3, Common Table Expression Materialization.
https://www.postgresql.org/docs/15/queries-with.html
Transaction isolation: https://www.postgresql.org/docs/15/transaction-iso.html
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from rounds.datamart.engines import failures
from rounds.datamart.engines.base import Lists
from rounds.datamart.engines.relations import Column, Relation
from rounds.datamart.engines.remote import RemoteEngine, by_name
from rounds.datamart.omop.postgres import libpq_address, place_of

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["PostgresEngine"]

_KINDS: Final = {
    "int2": "BIGINT",
    "int4": "BIGINT",
    "int8": "BIGINT",
    "float8": "DOUBLE",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "text": "VARCHAR",
    "varchar": "VARCHAR",
}
"""PostgreSQL's name of a type → the type of OMOP 5.4 that it serves as."""
_PASSWORD: Final = ("password", "authentication", "no pg_hba.conf entry", "role")
_COLUMNS: Final = (
    "SELECT c.relname::text, a.attname::text, t.typname::text "
    "FROM pg_catalog.pg_class c "
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid "
    "JOIN pg_catalog.pg_type t ON t.oid = a.atttypid "
    "WHERE n.nspname = $1 AND c.relkind IN ('r', 'v', 'm', 'p', 'f') "
    "AND a.attnum > 0 AND NOT a.attisdropped "
    "ORDER BY c.relname, a.attnum"
)


class PostgresEngine(RemoteEngine):
    """A CDM in a schema of a PostgreSQL database.

    Parameters
    ----------
    url : str
        `postgresql://user@host/database?schema=cdm`, with libpq's other options if need
        be; without `schema`, the schema `public`.

    Raises
    ------
    DefinitionError
        If the address cannot be read, or holds a password.
    AccessError
        If the database refuses the user or the password.
    SourceError
        If it cannot be reached, or the driver is not installed.
    """

    dialect = "postgres"
    _INTRODUCED = "AS NOT MATERIALIZED"
    stored = "AS MATERIALIZED"

    def __init__(self, url: str) -> None:
        place = place_of(url)
        super().__init__(str(place))
        self._schema = place.schema
        self._connection = _connected(url, self.place)
        self._tables: dict[str, Relation] | None = None
        self._cursor = self._connection.cursor()
        for setting in (
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
            "SET LOCAL TIME ZONE 'UTC'",
            # Compiling takes longer than most measures do.
            "SET LOCAL jit = off",
        ):
            self._executed(setting)

    def close(self) -> None:
        """End the transaction and the connection."""
        self._cursor.close()
        self._connection.close()

    def _found(self, table: str) -> Relation | None:
        if self._tables is None:
            self._tables = self._there()
        return self._tables.get(table)

    def _there(self) -> dict[str, Relation]:
        """Give every table of the schema by its name in OMOP."""
        self._executed(_COLUMNS, [self._schema])
        columns: dict[str, dict[str, Column]] = {}
        for table, column, kind in self._cursor.fetchall():
            one = Column(column, _KINDS.get(kind, ""))
            columns.setdefault(table, {})[column.lower()] = one
        schema = _quoted(self._schema)
        return {
            table.lower(): Relation(table.lower(), f"{schema}.{_quoted(table)}", those)
            for table, those in columns.items()
        }

    def read(
        self, tables: Mapping[str, str], query: str, lists: Lists
    ) -> "dict[str, NDArray[Any]]":
        """Give the columns of a query; the lists are handed over as parameters."""
        given = [
            f"{name} AS (SELECT unnest(${n}::{_array(column)}) AS {column})"
            for n, (name, (column, _)) in enumerate(lists.items(), start=1)
        ]
        sql = self.statement(tables, query, given)
        # What WITH stores has no statistics: over the tables of a cohort the planner
        # would choose nested loops, which take minutes where hash joins take none.
        loops = "off" if self._natives_in(sql) else "on"
        self._executed(f"SET LOCAL enable_nestloop = {loops}")
        return by_name(self._fetched(sql, [values for _, values in lists.values()]))

    def _fetched(self, sql: str, parameters: list[Any] | None = None) -> "pa.Table":
        self._executed(sql, parameters)
        try:
            return self._cursor.fetch_arrow_table()
        except self._connection.Error as error:
            raise self._broke_off(error) from None

    def _executed(self, sql: str, parameters: list[Any] | None = None) -> None:
        try:
            self._cursor.execute(sql, parameters or None)
        except self._connection.Error as error:
            raise self._broke_off(error) from None

    def _broke_off(self, error: Any) -> Exception:
        state = str(error.sqlstate or "")
        if state == "42501":
            return failures.refused(self.place)
        return failures.broke_off(self.place, f"SQLSTATE {state or 'unknown'}")


def _connected(url: str, place: str) -> Any:
    try:
        from adbc_driver_manager import Error  # noqa: PLC0415 -- an optional extra
        from adbc_driver_postgresql import dbapi  # noqa: PLC0415 -- likewise
    except ImportError:
        raise failures.driver_missing("PostgreSQL", "postgres") from None
    try:
        return dbapi.connect(libpq_address(url))
    except Error as error:
        words = str(error).lower()
        if any(sign in words for sign in _PASSWORD):
            raise failures.password_refused(place) from None
        raise failures.down(place) from None


def _array(column: str) -> str:
    return "bigint[]" if column.endswith("_id") else "text[]"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
