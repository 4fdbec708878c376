"""An OMOP schema in PostgreSQL, copied into files that are loaded like any others.

Every table is read in one transaction that sees one state of the database and cannot
write. The password comes from where libpq looks for it (PGPASSWORD, ~/.pgpass), never
from the address; what is kept of the address is host, database and schema.

References
----------
PostgreSQL 15, section 34.1.1.2, Connection URIs, and section 34.16, The Password File.
https://www.postgresql.org/docs/15/libpq-connect.html
https://www.postgresql.org/docs/15/libpq-pgpass.html
Transaction isolation: https://www.postgresql.org/docs/15/transaction-iso.html
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

import pyarrow.parquet as pq

from rounds.datamart.omop.postgres_failures import (
    driver_missing,
    no_person_table,
    not_an_address,
    translated,
)
from rounds.datamart.omop.tables import VOCABULARY_TABLES, row_tables

__all__ = [
    "PostgresPlace",
    "is_postgres",
    "libpq_address",
    "place_of",
    "postgres_files",
]

_SCHEMES: Final = ("postgresql://", "postgres://")
_PLAIN: Final = frozenset(
    {"int2", "int4", "int8", "float4", "float8", "text", "varchar", "bool"}
)
_DAYS: Final = frozenset({"date", "timestamp"})


@dataclass(frozen=True)
class PostgresPlace:
    """Where a schema is: all that is kept, and shown, of an address."""

    host: str
    database: str
    schema: str

    def __str__(self) -> str:
        """Write it as an address without a user."""
        return f"postgresql://{self.host}/{self.database}?schema={self.schema}"


def is_postgres(source: object) -> bool:
    """Tell whether a source is the address of a PostgreSQL database."""
    return str(source).startswith(_SCHEMES)


def place_of(url: str) -> PostgresPlace:
    """Read where a schema is.

    Raises
    ------
    DefinitionError
        If the address cannot be read, names no database, or holds a password.
    """
    parts, options = _read(url)
    host = parts.hostname or options.get("host") or "localhost"
    if parts.port:
        host = f"{host}:{parts.port}"
    database = parts.path.strip("/") or options.get("dbname", "")
    if not database:
        raise not_an_address("it names no database")
    return PostgresPlace(host, database, options.get("schema") or "public")


def libpq_address(url: str) -> str:
    """Write an address as libpq reads it: without the schema, and with a patience."""
    parts, options = _read(url)
    options.pop("schema", None)
    options.setdefault("connect_timeout", "15")
    return parts._replace(scheme="postgresql", query=urlencode(options)).geturl()


def _read(url: str) -> tuple[SplitResult, dict[str, str]]:
    try:
        parts = urlsplit(url)
        _ = parts.port
        options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    except ValueError:
        raise not_an_address("it is not written as an address") from None
    if parts.password is not None or "password" in options:
        raise not_an_address("it holds a password")
    if parts.fragment:
        raise not_an_address("it has a # in it")
    return parts, options


def postgres_files(url: str, folder: Path, tell: Callable[[str, int], None]) -> Path:
    """Copy the OMOP tables of a schema into a folder, a parquet file each.

    The rows of a table come in the order of their keys, so the same rows make the same
    file, and a second load of it changes nothing.

    Parameters
    ----------
    url : str
        `postgresql://user@host/database?schema=cdm`, with libpq's other options if need
        be; without `schema`, the schema `public`.
    folder : Path
        Where to write; made if it is not there.
    tell : callable
        Told what is being read, and how many rows so far.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    DefinitionError
        If the address cannot be read, or holds a password.
    AccessError
        If the database refuses the user, or hides a table from them.
    SourceError
        If the database cannot be reached, the reading breaks off, or the driver is not
        installed.
    DataError
        If there is no person table in the schema.
    """
    place = place_of(url)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    n_rows = 0
    with _reading(url, place) as cursor:
        tables = _tables(cursor, place)
        if not any(table.lower() == "person" for table in tables):
            raise no_person_table(str(place))
        for table in sorted(tables):
            tell(f"reading {table.lower()} from the database", n_rows)
            query = _select(place.schema, table, tables[table])
            n_rows += _copy(cursor, query, folder / f"{table.lower()}.parquet")
    tell("read from the database", n_rows)
    return folder


@contextmanager
def _reading(url: str, place: PostgresPlace) -> Iterator[Any]:
    """Open one transaction that sees one state of the database and cannot write."""
    try:
        from adbc_driver_manager import Error  # noqa: PLC0415 -- an optional extra
        from adbc_driver_postgresql import dbapi  # noqa: PLC0415 -- likewise
    except ImportError:
        raise driver_missing() from None
    try:
        connection = dbapi.connect(libpq_address(url))
    except Error as error:
        raise translated(error, str(place), connecting=True) from None
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield cursor
    except Error as error:
        raise translated(error, str(place), connecting=False) from None


def _tables(cursor: Any, place: PostgresPlace) -> dict[str, list[tuple[str, str]]]:
    """Give the columns, and their types, of every OMOP table of the schema."""
    known = {*row_tables(), *VOCABULARY_TABLES}
    cursor.execute(
        "SELECT c.relname::text, a.attname::text, t.typname::text "
        "FROM pg_catalog.pg_class c "
        "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
        "JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid "
        "JOIN pg_catalog.pg_type t ON t.oid = a.atttypid "
        "WHERE n.nspname = $1 AND c.relkind IN ('r', 'v', 'm', 'p', 'f') "
        "AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attnum",
        parameters=[place.schema],
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in cursor.fetchall():
        if table.lower() in known:
            found.setdefault(table, []).append((column, kind))
    return found


def _select(schema: str, table: str, columns: list[tuple[str, str]]) -> str:
    """Write what is read of a table: values as they are, in an order of their own.

    A time with a zone is read as the database shows it; a day without end is no day.
    """
    listed = []
    for name, kind in columns:
        quoted = _quoted(name)
        value = f"{quoted}::text"
        if kind in _PLAIN:
            value = quoted
        elif kind in _DAYS:
            value = f"CASE WHEN isfinite({quoted}) THEN {quoted} END"
        elif kind == "timestamptz":
            value = f"CASE WHEN isfinite({quoted}) THEN {quoted}::timestamp END"
        listed.append(f"{value} AS {quoted}")
    own = f"{table.lower()}_id"
    keys = [name for name, _ in columns if name.lower() == own]
    order = [*keys, *(name for name, _ in columns if name not in keys)]
    return (
        f"SELECT {', '.join(listed)} FROM {_quoted(schema)}.{_quoted(table)} "
        f"ORDER BY {', '.join(_quoted(name) for name in order)}"
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _copy(cursor: Any, query: str, path: Path) -> int:
    """Write what a query gives, a batch at a time."""
    n_rows = 0
    cursor.execute(query)
    reader = cursor.fetch_record_batch()
    with pq.ParquetWriter(path, reader.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)
            n_rows += batch.num_rows
    path.chmod(0o600)
    return n_rows
