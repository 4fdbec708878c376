"""Apache Spark 4: a local session, a cluster, or Spark Connect.

Spark writes the text of a WITH query in wherever it is read, so that a chain of tables,
each read twice, would grow without bounds. Therefore what is read twice is computed
once and kept with the executors (`localCheckpoint`) while the CDM is open, for the
counts of a measure and who is in them are made of the same tables; the rest is one WITH
query. Nothing is written to a catalogue or to files of the CDM.

References
----------
Spark 4, DataFrame.localCheckpoint.
https://spark.apache.org/docs/latest/api/python/reference/pyspark.sql/api/pyspark.sql.DataFrame.localCheckpoint.html
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from rounds.datamart.engines import failures
from rounds.datamart.engines.base import Lists
from rounds.datamart.engines.relations import Column, Relation
from rounds.datamart.engines.remote import RemoteEngine, by_name
from rounds.nouns.errors import RoundsError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SparkEngine"]

_KINDS: Final = {
    "byte": "BIGINT",
    "short": "BIGINT",
    "integer": "BIGINT",
    "long": "BIGINT",
    "double": "DOUBLE",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamp_ntz": "TIMESTAMP",
    "string": "VARCHAR",
}
"""Spark's name of a type → the type of OMOP 5.4 that it serves as."""
_LOCAL: Final = {
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "4",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.ui.showConsoleProgress": "false",
}
"""What a session of our own on this machine is set to; others keep their settings."""
_MOST_KEPT: Final = 48
"""So many computed tables are kept; the oldest are let go first."""
_SAFE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")


@dataclass(frozen=True)
class _Chain:
    """A SELECT in Spark's own dialect, and the tables that it reads."""

    made: Mapping[str, str]
    sql: str
    own: frozenset[str]


class SparkEngine(RemoteEngine):
    """A CDM in a schema of Spark's catalogue, or in a folder of parquet files.

    Parameters
    ----------
    address : str
        `sc://host:15002` for Spark Connect, else a master: `local[2]`, `yarn`, …
    schema : str, optional
        `schema` or `catalogue.schema` that holds the tables.
    folder : str, optional
        Instead of a schema: where `<table>` or `<table>.parquet` is, for Spark to read.
    settings : mapping of str to str, optional
        Spark's own settings, for a session that is made here.

    Raises
    ------
    DefinitionError
        If the address holds a token, or neither schema nor folder is named.
    SourceError
        If Spark or Java is not installed, or does not answer.
    AccessError
        If it refuses the token.
    """

    dialect = "spark"

    def __init__(
        self,
        address: str,
        *,
        schema: str | None = None,
        folder: str | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        _check(address, schema, folder)
        shown = address.partition("/;")[0]
        super().__init__(f"{shown} ({schema or folder})")
        self._schema, self._folder = schema, folder
        self._kept: dict[str, Any] = {}
        self._chains: dict[str, _Chain] = {}
        with _said(self.place, starting=True):
            self._session = _session(address, settings or {})
            self._session.sql("SELECT 1").collect()

    def close(self) -> None:
        """Let go of what was derived; the session may be others' too, and stays."""
        self._relations.clear()
        self._kept.clear()

    def _found(self, table: str) -> Relation | None:
        with _said(self.place):
            for source in self._places(table):
                columns = {
                    one.name.lower(): Column(
                        one.name, _KINDS.get(one.dataType.typeName(), "")
                    )
                    for one in self._fields(source)
                }
                if columns:
                    return Relation(table, source, columns)
        return None

    def _places(self, table: str) -> tuple[str, ...]:
        if self._schema is not None:
            return (f"{self._schema}.{table}",)
        assert self._folder is not None, "checked when it was made"
        folder = self._folder.rstrip("/")
        return tuple(
            f"parquet.`{folder}/{name}`" for name in (f"{table}.parquet", table)
        )

    def _fields(self, source: str) -> list[Any]:
        """Give the fields of a source; none if there is no such thing."""
        from pyspark.errors import AnalysisException  # noqa: PLC0415 -- an extra

        try:
            return list(self._session.sql(f"SELECT * FROM {source} LIMIT 0").schema)
        except AnalysisException as error:
            if error.getCondition() in _ABSENT:
                return []
            raise

    def native(
        self,
        name: str,
        sql: str,
        *,
        made: Mapping[str, str] | None = None,
        own: Collection[str] = (),
    ) -> None:
        """Make known a table in Spark's own dialect: a view, once it is read."""
        self._chains[name] = _Chain(dict(made or {}), sql, frozenset(own))

    def read(
        self, tables: Mapping[str, str], query: str, lists: Lists
    ) -> "dict[str, NDArray[Any]]":
        """Give the columns of a query; what it reads twice is computed once."""
        views: list[str] = []
        try:
            with _said(self.place):
                self._hand_over(lists, views)
                self._show_chains([*tables.values(), query], views)
                rest = self._computed(tables, query, views)
            return by_name(self._fetched(self.statement(rest, query)))
        except RoundsError:
            self._kept.clear()  # What was kept may be gone with an executor.
            raise
        finally:
            for name in list(self._kept)[:-_MOST_KEPT]:
                del self._kept[name]
            with _said(self.place):
                for view in views:
                    self._session.catalog.dropTempView(view)

    def _hand_over(self, lists: Lists, views: list[str]) -> None:
        for name, (column, values) in lists.items():
            kind = pa.int64() if column.endswith("_id") else pa.string()
            given = pa.table({column: pa.array(values, kind)})
            self._session.createDataFrame(given).createOrReplaceTempView(name)
            views.append(name)

    def _show_chains(self, statements: Iterable[str], views: list[str]) -> None:
        """Make views of the tables in Spark's own dialect that statements read."""
        text = " ".join(statements)
        for name, chain in self._chains.items():
            if not _reads_of(name, text):
                continue
            if name not in self._kept:
                self._kept[name] = self._computed_chain(chain)
            self._kept[name].createOrReplaceTempView(name)
            views.append(name)

    def _computed_chain(self, chain: "_Chain") -> Any:
        """Compute one, and before it those that it reads."""
        everything = " ".join([*chain.made.values(), chain.sql])
        relations = self._read_by((), [(everything, chain.own)])
        views: list[str] = []
        try:
            for table, select in chain.made.items():
                frame = self._session.sql(_over(relations, select))
                if len(_reads_of(table, everything)) > 1:
                    frame = frame.localCheckpoint()
                frame.createOrReplaceTempView(table)
                views.append(table)
            return self._session.sql(_over(relations, chain.sql)).localCheckpoint()
        finally:
            for view in views:
                self._session.catalog.dropTempView(view)

    def _computed(
        self, tables: Mapping[str, str], query: str, views: list[str]
    ) -> dict[str, str]:
        """Compute what is read more than once; give the tables that are left.

        A name is a hash of its query, so that it stands for the same rows each time.
        """
        everything = " ".join([*tables.values(), query])
        left: dict[str, str] = {}
        for name, statement in tables.items():
            left[name] = statement
            if len(re.findall(rf"\b{name}\b", everything)) > 1:
                if name not in self._kept:
                    sql = self.statement(_needed(left, name), f"SELECT * FROM {name}")
                    self._kept[name] = self._session.sql(sql).localCheckpoint()
                # Views are of the session, which other CDMs may share: for now alone.
                self._kept[name].createOrReplaceTempView(name)
                views.append(name)
                del left[name]
        return _needed(left, query)

    def _fetched(self, sql: str) -> pa.Table:
        with _said(self.place):
            return self._session.sql(sql).toArrow()


_ABSENT: Final = frozenset(
    {
        "TABLE_OR_VIEW_NOT_FOUND",
        "SCHEMA_NOT_FOUND",
        "PATH_NOT_FOUND",
        "UNABLE_TO_INFER_SCHEMA",
    }
)
"""Spark's conditions that say that there is no such table."""


def _needed(tables: Mapping[str, str], asked: str) -> dict[str, str]:
    """Give those of the tables that a name or a query reads, themselves or through."""
    found: set[str] = set()
    text = asked
    for name in reversed(list(tables)):
        if re.search(rf"\b{name}\b", text):
            found.add(name)
            text += " " + tables[name]
    return {name: each for name, each in tables.items() if name in found}


def _reads_of(table: str, text: str) -> list[str]:
    """Find where a text names a table; Circe writes names in capitals, too."""
    return re.findall(rf"\b{table}\b", text, re.IGNORECASE)


def _over(relations: Iterable[str], select: str) -> str:
    """Put those tables of the CDM before a SELECT that it names."""
    read = [one for one in relations if _reads_of(one.split(" ", 1)[0], select)]
    return f"WITH {', '.join(read)} SELECT * FROM (\n{select}\n)" if read else select


def _check(address: str, schema: str | None, folder: str | None) -> None:
    if "token=" in address or "@" in address:
        raise failures.bad_setting(
            "the address holds a token or a user",
            "Put the token into SPARK_CONNECT_AUTHENTICATE_TOKEN.",
        )
    if (schema is None) == (folder is None):
        raise failures.bad_setting(
            "it names no schema and no folder, or both",
            'Add schema = "catalogue.schema", or folder = "/path/of/parquet/files".',
        )
    if schema is not None and not _SAFE.fullmatch(schema):
        raise failures.bad_setting(
            "schema is not written as a schema",
            'Write schema = "cdm", or schema = "catalogue.cdm".',
        )
    if folder is not None and "`" in folder:
        raise failures.bad_setting(
            "folder has a ` in it", "Give the folder a name without one."
        )


def _session(address: str, settings: Mapping[str, str]) -> Any:
    try:
        from pyspark.sql import SparkSession  # noqa: PLC0415 -- an optional extra
    except ImportError:
        raise failures.driver_missing("Spark", "spark") from None
    _keep_quiet()
    builder = SparkSession.builder.appName("rounds")
    if address.startswith("sc://"):
        return builder.remote(address).getOrCreate()
    own = _LOCAL if address.startswith("local") else {}
    for name, value in {**own, **settings}.items():
        builder = builder.config(name, value)
    session = builder.master(address).getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    return session


def _keep_quiet() -> None:
    """Stop Spark's own telling of errors, which quotes the value that caused one."""
    from pyspark.logger import PySparkLogger  # noqa: PLC0415 -- an optional extra

    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
        PySparkLogger.getLogger(name).disabled = True


@contextmanager
def _said(place: str, *, starting: bool = False) -> Iterator[None]:
    """Say in our words what goes wrong in Spark."""
    try:
        yield
    except RoundsError:
        raise
    except Exception as error:  # Spark raises kinds of Py4J's and of its own
        made = _meaning(error, place, starting=starting)
        if made is None:
            raise
        raise made from None


def _meaning(error: Exception, place: str, *, starting: bool) -> Exception | None:
    from pyspark.errors import PySparkException  # noqa: PLC0415 -- an optional extra

    kind, words = type(error).__name__, str(error)
    if not isinstance(error, PySparkException) and "Py4J" not in kind:
        return None
    condition = ""
    if isinstance(error, PySparkException):
        condition = error.getCondition() or ""
    if condition == "JAVA_GATEWAY_EXITED":
        return failures.driver_missing("Spark", "spark", ", or Java is not")
    if "UNAUTHENTICATED" in words or "PERMISSION_DENIED" in words:
        return failures.password_refused(
            place, "Put the token into SPARK_CONNECT_AUTHENTICATE_TOKEN."
        )
    if condition.startswith("INSUFFICIENT_PERMISSIONS"):
        return failures.refused(place)
    if starting or "UNAVAILABLE" in words:
        return failures.down(place)
    return failures.broke_off(place, condition or kind)
