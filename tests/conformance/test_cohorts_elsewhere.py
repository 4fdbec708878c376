"""Cohorts of a CDM that is elsewhere: counted as our own store counts them, by reading."""

import os
from contextlib import contextmanager

import duckdb
import pyarrow.parquet as pq
import pytest

from rounds.datamart import CdmDatabase, Datamart, load, run_cohorts_with_members
from rounds.nouns import Cohort
from stories.cohort_cdm import made
from stories.cohort_engines import definitions
from stories.postgres_server import PASSWORD, programs, server

ENGINES = ("duckdb", "postgresql")
READS_NO_54 = "18-region-of-residence"
COHORTS = [
    Cohort(name=name, title=name, expression=expression)
    for name, expression in definitions().items()
    if name != READS_NO_54
]


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """What our own store says of each."""
    folder = tmp_path_factory.mktemp("omop")
    for name, table in made().items():
        pq.write_table(table, folder / f"{name}.parquet")
    load(folder, folder / "datamart")
    with Datamart.open(folder / "datamart") as datamart:
        return run_cohorts_with_members(
            datamart, COHORTS, without=frozenset({"p1", "p2"})
        )


@contextmanager
def duckdb_file(folder, tables):
    from rounds.datamart.engines.duckdb import DuckDbEngine

    path = folder / "cdm.duckdb"
    with duckdb.connect(str(path)) as connection:
        for name, table in tables.items():
            connection.register("given", table)
            connection.execute(f"CREATE TABLE {name} AS FROM given")
            connection.unregister("given")
    with CdmDatabase(DuckDbEngine(path), "a file") as datamart:
        yield datamart


@contextmanager
def postgres_schema(tables):
    """A schema whose reader may make no table, not even a temporary one."""
    found = programs()
    if found is None and os.environ.get("CI"):
        pytest.fail("PostgreSQL is not installed, and CI is where this is tested")
    if found is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    dbapi = pytest.importorskip("adbc_driver_postgresql.dbapi")
    from rounds.datamart.engines.postgres import PostgresEngine

    with server(found) as port, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGPASSWORD", PASSWORD)
        place = f"127.0.0.1:{port}/postgres"
        address = f"postgresql://ana@{place}"
        with (
            dbapi.connect(address, autocommit=True) as connection,
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
        engine = PostgresEngine(f"postgresql://reader@{place}?schema=cdm")
        with CdmDatabase(engine, engine.place) as datamart:
            yield datamart


@contextmanager
def engine_with(name, folder, tables):
    opened = duckdb_file(folder, tables)
    with opened if name == "duckdb" else postgres_schema(tables) as datamart:
        yield datamart


@pytest.fixture(scope="module", params=ENGINES)
def elsewhere(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("elsewhere")
    with engine_with(request.param, folder, made()) as datamart:
        yield datamart


def test_every_definition_counts_the_same_elsewhere(elsewhere, own):
    """Attrition, whole, sex, age and codes that are never used; and who is in each."""
    found = run_cohorts_with_members(
        elsewhere, COHORTS, without=frozenset({"p1", "p2"})
    )
    assert sum(result.persons for result, _ in found) > 500
    for (there, those), (here, these) in zip(found, own, strict=True):
        left = {"snapshot", "limitations"}
        assert there.model_dump(exclude=left) == here.model_dump(exclude=left)
        assert set(here.limitations) <= set(there.limitations)
        assert those.keys() == these.keys()
        for line, sums in these.items():
            assert [one.total for one in those[line]] == [one.total for one in sums]
            assert [one.keys.tolist() for one in those[line]] == [
                one.keys.tolist() for one in sums
            ]


def test_that_it_may_change_is_said_beside_the_counts(elsewhere):
    [(found, _)] = run_cohorts_with_members(elsewhere, COHORTS[:1])
    assert any("may change" in sentence for sentence in found.limitations)
