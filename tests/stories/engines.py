"""The engines that tests can reach, each with rows put where it reads them."""

import os
import shutil
import tempfile
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from rounds.datamart.engines.cdm import CdmDatabase
from stories.measures import TYPES
from stories.postgres_server import PASSWORD, programs, server

ARROW = {
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
    "VARCHAR": pa.string(),
    "DOUBLE": pa.float64(),
}
ENGINES = os.environ.get("ROUNDS_ENGINES", "duckdb postgresql").split()
"""Those that are asked; `make test-engines` asks Spark too, which takes minutes."""
SPARK = {
    # Made for many small questions: compiling each costs more than running it, in
    # Spark as in the machine below it, whose second compiler never earns its time.
    "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
    "spark.default.parallelism": "1",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.constraintPropagation.enabled": "false",
    # Small things in small pieces of memory: a page of the default size, zeroed for
    # each sort and each aggregate, takes longer than what is done in it.
    "spark.driver.memory": "2g",
    "spark.buffer.pageSize": "1m",
    # A broadcast is a job of its own; in one partition a join needs none.
    "spark.sql.autoBroadcastJoinThreshold": "-1",
    "spark.shuffle.compress": "false",
    # What a plan looks like is written down for each, and nobody reads it.
    "spark.sql.ui.explainMode": "simple",
    "spark.sql.maxPlanStringLength": "100",
}


def columns(table):
    return [one.split() for one in TYPES[table].split(", ")]


def arrow(table, rows):
    schema = pa.schema([(name, ARROW[kind]) for name, kind in columns(table)])
    plain = [{name: row.get(name) for name in schema.names} for row in rows]
    return pa.Table.from_pylist(plain, schema=schema)


class Postgres:
    """A schema that is emptied and filled."""

    def __init__(self, port):
        from adbc_driver_postgresql import dbapi

        first = f"postgresql://ana@127.0.0.1:{port}/postgres"
        with dbapi.connect(first, autocommit=True) as made, made.cursor() as cursor:
            # A language in which a comes before Z.
            cursor.execute(
                "CREATE DATABASE small TEMPLATE template0 "
                "LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"
            )
        self.address = f"postgresql://ana@127.0.0.1:{port}/small"
        self.connection = dbapi.connect(self.address, autocommit=True)
        self.cursor = self.connection.cursor()
        self.cursor.execute("CREATE SCHEMA IF NOT EXISTS small")
        for table, text in TYPES.items():
            listed = text.replace("DOUBLE", "DOUBLE PRECISION")
            self.cursor.execute(f"CREATE TABLE IF NOT EXISTS small.{table} ({listed})")

    def close(self):
        self.cursor.close()
        self.connection.close()

    @contextmanager
    def datamart(self, rows, only=None):
        from rounds.datamart.engines.postgres import PostgresEngine

        every = ", ".join(f"small.{table}" for table in TYPES)
        self.cursor.execute(f"TRUNCATE {every}")
        hidden = [table for table in TYPES if only is not None and table not in only]
        for table in hidden:
            self.cursor.execute(f"ALTER TABLE small.{table} RENAME TO hidden_{table}")
        for table in TYPES:
            if rows.get(table):
                self.cursor.adbc_ingest(
                    table,
                    arrow(table, rows[table]),
                    db_schema_name="small",
                    mode="append",
                )
        engine = PostgresEngine(f"{self.address}?schema=small")
        try:
            with CdmDatabase(engine, engine.place) as datamart:
                yield datamart
        finally:
            for table in hidden:
                self.cursor.execute(
                    f"ALTER TABLE small.hidden_{table} RENAME TO {table}"
                )


class Spark:
    """Views over rows in a session of this process."""

    def __init__(self):
        from pyspark.sql import SparkSession

        from rounds.datamart.engines.spark import SparkEngine

        SparkEngine("local[1]", schema="global_temp", settings=SPARK)
        self.session = SparkSession.getActiveSession()
        self.empty = {table: self._made(table, ()) for table in TYPES}

    def close(self):
        self.session.stop()

    def _made(self, table, rows):
        # Rows, not the text of a query: Spark would read that again at each use. In one
        # partition that is known to be one, nothing has to be shuffled.
        return self.session.createDataFrame(arrow(table, rows)).coalesce(1)

    @contextmanager
    def datamart(self, rows, only=None):
        from rounds.datamart.engines.spark import SparkEngine

        for table in TYPES:
            if only is not None and table not in only:
                self.session.catalog.dropGlobalTempView(table)
                continue
            given = rows.get(table)
            frame = self._made(table, given) if given else self.empty[table]
            frame.createOrReplaceGlobalTempView(table)
        engine = SparkEngine("local[1]", schema="global_temp")
        with CdmDatabase(engine, engine.place) as datamart:
            yield datamart


class DuckDb:
    """A file that is made anew."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.n = 0

    def close(self):
        shutil.rmtree(self.folder)

    @contextmanager
    def datamart(self, rows, only=None):
        from rounds.datamart.engines.duckdb import DuckDbEngine

        self.n += 1
        path = self.folder / f"{self.n}.duckdb"
        connection = duckdb.connect(str(path))
        connection.begin()
        for table, text in TYPES.items():
            if only is not None and table not in only:
                continue
            connection.execute(f"CREATE TABLE {table} ({text})")
            if rows.get(table):
                connection.register("given", arrow(table, rows[table]))
                connection.execute(f"INSERT INTO {table} SELECT * FROM given")
                connection.unregister("given")
        connection.commit()
        connection.close()
        engine = DuckDbEngine(path)
        with CdmDatabase(engine, engine.place) as datamart:
            yield datamart
        path.unlink()


def missing(what):
    """A tool that is missing fails where the tests are kept, and else skips."""
    if os.environ.get("CI"):
        pytest.fail(f"{what}, and CI is where this is tested")
    pytest.skip(what)


@contextmanager
def opened(name):
    """Open an engine for tests, or skip where it is not installed."""
    if name == "duckdb":
        engine = DuckDb(tempfile.mkdtemp(prefix="rounds-duckdb-"))
        try:
            yield engine
        finally:
            engine.close()
        return
    if name not in ENGINES:
        pytest.skip(f"{name} is asked by make test-engines")
    if name == "spark":
        if shutil.which("java") is None:
            missing("Java is not installed: apt-get install default-jre-headless")
        if not _has("pyspark"):
            missing("pyspark is not installed: pip install 'rounds[spark]'")
        engine = Spark()
        try:
            yield engine
        finally:
            engine.close()
        return
    found = programs()
    if found is None:
        missing("PostgreSQL is not installed: apt-get install postgresql")
    if not _has("adbc_driver_postgresql"):
        missing("the driver is not installed: pip install 'rounds[postgres]'")
    before = os.environ.get("PGPASSWORD")
    os.environ["PGPASSWORD"] = PASSWORD
    try:
        with server(found) as port:
            engine = Postgres(port)
            try:
                yield engine
            finally:
                engine.close()
    finally:
        del os.environ["PGPASSWORD"]
        if before is not None:
            os.environ["PGPASSWORD"] = before


@cache
def _has(module):
    try:
        __import__(module)
    except ImportError:
        return False
    return True
