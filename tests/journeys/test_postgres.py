"""An OMOP schema in PostgreSQL loads like the same tables in files."""

import hashlib
import os
import stat

import pyarrow.parquet as pq
import pytest

from rounds.cli.main import main
from rounds.datamart import Datamart, load
from rounds.datamart.omop import postgres
from rounds.datamart.omop.postgres import is_postgres, place_of, postgres_files
from rounds.nouns.errors import (
    AccessError,
    DataError,
    DefinitionError,
    RoundsError,
    SourceError,
)
from rounds.world import World, WorldConfig
from stories.postgres_server import PASSWORD, programs, server


def silent(what, n):
    """Tell nobody."""


@pytest.fixture(scope="module")
def port():
    found = programs()
    if found is None and os.environ.get("CI"):
        pytest.fail("PostgreSQL is not installed, and CI is where this is tested")
    if found is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    if not os.environ.get("CI"):
        pytest.importorskip("adbc_driver_postgresql", reason="rounds[postgres] is not")
    with server(found) as where:
        yield where


@pytest.fixture
def url(port, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    return f"postgresql://ana@127.0.0.1:{port}/postgres?schema=cdm"


@pytest.fixture(scope="module")
def omop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world") / "omop"
    world = World(WorldConfig(people=200, weeks=26, seed=5, n_clinics=4))
    world.live(world.go_live, None)
    world.write_omop(folder)
    return folder


def connected(port):
    from adbc_driver_postgresql import dbapi

    address = f"postgresql://ana:{PASSWORD}@127.0.0.1:{port}/postgres"
    return dbapi.connect(address, autocommit=True)


def run(port, *statements):
    with connected(port) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture(scope="module")
def schema(port, omop):
    """The world's tables, as PostgreSQL keeps them."""
    with connected(port) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA cdm")
        for path in sorted(omop.glob("*.parquet")):
            cursor.adbc_ingest(
                path.stem, pq.read_table(path), db_schema_name="cdm", mode="create"
            )


def hashes(folder):
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
    }


def test_the_same_tables_give_the_same_datamart(url, schema, omop, tmp_path):
    copied = postgres_files(url, tmp_path / "copied", silent)
    assert {stat.S_IMODE(path.stat().st_mode) for path in copied.iterdir()} == {0o600}
    load(copied, tmp_path / "from-database")
    load(omop, tmp_path / "from-files")
    with (
        Datamart.open(tmp_path / "from-database") as one,
        Datamart.open(tmp_path / "from-files") as other,
    ):
        assert one.fingerprints() == other.fingerprints()
        assert one.status().persons == 200


def test_the_same_rows_make_the_same_files_in_whatever_order_they_lie(
    port, url, schema, tmp_path
):
    first = hashes(postgres_files(url, tmp_path / "first", silent))
    run(
        port, "UPDATE cdm.person SET year_of_birth = year_of_birth WHERE person_id < 99"
    )
    assert hashes(postgres_files(url, tmp_path / "again", silent)) == first


def test_one_state_of_the_database_is_read(port, url, schema, tmp_path):
    def meanwhile(what, n):
        if what.startswith("reading care_site"):
            run(
                port,
                "CREATE TABLE kept AS SELECT * FROM cdm.person WHERE person_id = 7",
                "DELETE FROM cdm.person WHERE person_id = 7",
            )

    before = pq.read_table(
        postgres_files(url, tmp_path / "a", silent) / "person.parquet"
    )
    try:
        during = pq.read_table(
            postgres_files(url, tmp_path / "b", meanwhile) / "person.parquet"
        )
    finally:
        run(port, "INSERT INTO cdm.person SELECT * FROM kept", "DROP TABLE kept")
    assert before.equals(during)


def test_every_kind_of_value_is_taken_as_the_database_shows_it(port, url, tmp_path):
    run(
        port,
        'CREATE SCHEMA "Of\'s"',
        'CREATE TABLE "Of\'s"."PERSON" ("PERSON_ID" numeric, year_of_birth smallint, '
        "birth_datetime timestamptz, person_source_value char(5), note xml)",
        "INSERT INTO \"Of's\".\"PERSON\" VALUES (1.0, 1960, '1960-05-04 08:00Z', 'ä', NULL),"
        " (12345678901234567, 1950, 'infinity', NULL, '<a/>')",
        'CREATE TABLE "Of\'s".death (person_id bigint, death_date date)',
        "INSERT INTO \"Of's\".death VALUES (1, '2024-05-06')",
    )
    copied = postgres_files(url.replace("=cdm", "=Of%27s"), tmp_path / "copied", silent)
    assert sorted(path.name for path in copied.iterdir()) == [
        "death.parquet",
        "person.parquet",
    ]
    report = load(copied, tmp_path / "mart")
    assert report.set_aside == 0
    with Datamart.open(tmp_path / "mart") as mart:
        assert mart._connection.execute(
            "SELECT person_id, year_of_birth, birth_datetime IS NULL, "
            "person_source_value FROM person ORDER BY 1"
        ).fetchall() == [(1, 1960, False, "ä"), (12345678901234567, 1950, True, None)]


def test_nothing_can_be_written_through_it(url, schema):
    with (
        pytest.raises(SourceError) as caught,
        postgres._reading(url, place_of(url)) as cursor,
    ):
        cursor.execute("DELETE FROM cdm.person")
    assert caught.value.code == "postgres-broke-off"


def test_what_is_read_is_one_state(url, schema):
    with postgres._reading(url, place_of(url)) as cursor:
        cursor.execute("SELECT current_setting('transaction_isolation')")
        assert cursor.fetchall() == [("repeatable read",)]


BAD = {
    "user": (lambda url: url.replace("ana@", "ben@"), AccessError, "postgres-refused"),
    "database": (
        lambda url: url.replace("/postgres?", "/nothing?"),
        SourceError,
        "postgres-unreachable",
    ),
    "port": (
        lambda _: "postgresql://ana@127.0.0.1:1/postgres",
        SourceError,
        "postgres-unreachable",
    ),
    "schema": (
        lambda url: url.replace("=cdm", "=other"),
        DataError,
        "postgres-no-person",
    ),
}


@pytest.mark.parametrize("case", BAD, ids=str)
def test_what_the_database_refuses_is_said_without_its_words(
    url, schema, tmp_path, case
):
    change, family, code = BAD[case]
    with pytest.raises(family) as caught:
        postgres_files(change(url), tmp_path / "copied", silent)
    assert caught.value.code == code
    assert PASSWORD not in str(caught.value)
    assert "ana" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_wrong_password_is_refused_and_never_shown(
    url, schema, tmp_path, monkeypatch
):
    monkeypatch.setenv("PGPASSWORD", "another-word")
    with pytest.raises(AccessError) as caught:
        postgres_files(url, tmp_path / "copied", silent)
    assert "another-word" not in str(caught.value)


def test_a_table_that_is_hidden_is_an_error_and_not_a_gap(port, url, schema, tmp_path):
    run(port, f"CREATE ROLE cleo LOGIN PASSWORD '{PASSWORD}'",
        "GRANT USAGE ON SCHEMA cdm TO cleo", "GRANT SELECT ON cdm.person TO cleo")  # fmt: skip
    with pytest.raises(AccessError) as caught:
        postgres_files(url.replace("ana@", "cleo@"), tmp_path / "copied", silent)
    assert caught.value.code == "postgres-refused"


def test_a_password_file_is_used(url, schema, tmp_path, monkeypatch):
    monkeypatch.delenv("PGPASSWORD")
    words = tmp_path / "pgpass"
    words.write_text(f"127.0.0.1:*:*:ana:{PASSWORD}\n")
    words.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(words))
    copied = postgres_files(url, tmp_path / "copied", silent)
    assert pq.read_table(copied / "person.parquet").num_rows == 200


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ana:secret@host/db",
        "postgresql://ana@host/db?password=secret",
        "postgresql://host:port/db?secret",
        "postgresql://host/db?secret",
        "postgresql://secret",
    ],
)
def test_an_address_that_cannot_be_used_is_not_shown(address):
    assert is_postgres(address)
    with pytest.raises(DefinitionError) as caught:
        place_of(address)
    assert isinstance(caught.value, RoundsError)
    assert "secret" not in str(caught.value)


def test_what_is_kept_of_an_address_names_no_user():
    place = place_of(
        "postgresql://ana@db.example.org:5433/omop?schema=cdm&sslmode=require"
    )
    assert str(place) == "postgresql://db.example.org:5433/omop?schema=cdm"
    assert (
        str(place_of("postgres:///omop")) == "postgresql://localhost/omop?schema=public"
    )
    assert not is_postgres("some/folder")


def test_an_address_loads_like_a_folder_and_keeps_no_user(
    url, schema, tmp_path, capsys
):
    root = tmp_path / "project"
    assert main(["init", str(root), "--from", url]) == 0
    assert main(["data", "load", url, "--project", str(root), "--json"]) == 0
    assert '"unchanged": true' in capsys.readouterr().out
    mart = root / "private" / "datamart"
    with Datamart.open(mart) as opened:
        status = opened.status()
    assert status.persons == 200
    assert status.loaded_from == str(place_of(url))
    kept = [path for path in mart.rglob("*") if path.is_file()]
    assert kept
    assert not [p for p in kept if PASSWORD.encode() in p.read_bytes()]
    manifests = list((mart / "snapshots").iterdir())
    assert manifests
    assert not [p for p in manifests if "ana@" in p.read_text()]


def test_a_project_is_not_made_with_a_password_in_its_address(tmp_path):
    address = "postgresql://ana:" + "secret" + "@127.0.0.1/db"
    assert main(["init", str(tmp_path / "project"), "--from", address]) == 10
    assert not (tmp_path / "project").exists()
