"""A CDM that is already there: a DuckDB file, a schema whose reader may only read, and
parquet files that Spark reads, where Spark is asked."""

from contextlib import contextmanager

import duckdb
import pyarrow.parquet as pq
import pytest

from stories.engines import ENGINES, missing, opened
from stories.postgres_server import PASSWORD, programs, server

PLACES = ("duckdb", "postgresql", *(one for one in ENGINES if one == "spark"))


@contextmanager
def cdm_elsewhere(engine, folder, tables):
    """Put tables into one; give what `[datamart]` of rounds.toml says of it."""
    put = {
        "duckdb": lambda: _file(folder, tables),
        "postgresql": lambda: _schema(tables),
        "spark": lambda: _lake(folder, tables),
    }
    with put[engine]() as settings:
        yield settings


@contextmanager
def _lake(folder, tables):
    lake = folder / "lake"
    lake.mkdir()
    for name, table in tables.items():
        pq.write_table(table, lake / f"{name}.parquet")
    with opened("spark"):
        yield {"engine": "spark", "cdm": "local[1]", "folder": str(lake)}


@contextmanager
def _file(folder, tables):
    path = folder / "cdm.duckdb"
    with duckdb.connect(str(path)) as connection:
        for name, table in tables.items():
            connection.register("given", table)
            connection.execute(f"CREATE TABLE {name} AS FROM given")
            connection.unregister("given")
    yield {"engine": "duckdb", "cdm": str(path)}


@contextmanager
def _schema(tables):
    """A schema whose reader may make no table, not even a temporary one."""
    found = programs()
    if found is None:
        missing("PostgreSQL is not installed: apt-get install postgresql")
    dbapi = pytest.importorskip("adbc_driver_postgresql.dbapi")
    with server(found) as port, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGPASSWORD", PASSWORD)
        place = f"127.0.0.1:{port}/postgres"
        with (
            dbapi.connect(f"postgresql://ana@{place}", autocommit=True) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("CREATE SCHEMA cdm")
            for name, table in tables.items():
                cursor.adbc_ingest(name, table, db_schema_name="cdm", mode="create")
            for statement in (
                f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'",
                "GRANT USAGE ON SCHEMA cdm TO reader",
                "GRANT SELECT ON ALL TABLES IN SCHEMA cdm TO reader",
                "REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC",
            ):
                cursor.execute(statement)
        url = f"postgresql://reader@{place}?schema=cdm"
        yield {"engine": "postgresql", "cdm": url}
