"""A CDM that is already there answers as a datamart of one's own does."""

import json

import duckdb
import pyarrow.parquet as pq
import pytest

from rounds.cli.main import main
from rounds.conformance.engines import small_cdm
from rounds.datamart import open_cdm
from rounds.nouns import AccessError, DataError, DefinitionError, SourceError
from rounds.world import World, WorldConfig
from stories.clinics import EMPTY
from stories.engines import arrow, missing, opened
from stories.measures import TYPES
from stories.postgres_server import PASSWORD, programs, server

DAYS = ("--from", "2024-01-08", "--to", "2024-12-31")
QUARTERS = ("--every", "quarter", "--by", "care_site")


@pytest.fixture(scope="module")
def omop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world") / "omop"
    world = World(WorldConfig(people=300, weeks=26, seed=5, n_clinics=4))
    world.live(world.go_live, None)
    world.write_omop(folder)
    # The world has no procedures; a CDM has the table all the same.
    with duckdb.connect() as connection:
        connection.execute(
            f"CREATE TABLE procedure_occurrence ({EMPTY['procedure_occurrence']})"
        )
        connection.execute(
            f"COPY procedure_occurrence TO '{folder / 'procedure_occurrence.parquet'}'"
        )
    return folder


@pytest.fixture(scope="module")
def port():
    found = programs()
    if found is None:
        missing("PostgreSQL is not installed: apt-get install postgresql")
    pytest.importorskip("adbc_driver_postgresql", reason="rounds[postgres] is not")
    with server(found) as where:
        yield where


@pytest.fixture
def url(port, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    return f"postgresql://ana@127.0.0.1:{port}/postgres?schema=cdm"


def run(port, *statements):
    from adbc_driver_postgresql import dbapi

    address = f"postgresql://ana:{PASSWORD}@127.0.0.1:{port}/postgres"
    with (
        dbapi.connect(address, autocommit=True) as connection,
        connection.cursor() as cursor,
    ):
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture(scope="module")
def schema(port, omop):
    """The world's tables, as PostgreSQL keeps them: names in capitals, decimals."""
    from adbc_driver_postgresql import dbapi

    address = f"postgresql://ana:{PASSWORD}@127.0.0.1:{port}/postgres"
    with (
        dbapi.connect(address, autocommit=True) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("CREATE SCHEMA cdm")
        for path in sorted(omop.glob("*.parquet")):
            cursor.adbc_ingest(
                path.stem, pq.read_table(path), db_schema_name="cdm", mode="create"
            )
    run(
        port,
        *(
            f"CREATE TABLE cdm.{table} ({columns.replace('DOUBLE', 'DOUBLE PRECISION')})"
            for table, columns in lacking(omop)
        ),
        "ALTER TABLE cdm.measurement ALTER value_as_number TYPE numeric(12, 4)",
        "ALTER TABLE cdm.visit_occurrence ALTER visit_start_date TYPE timestamp",
        'ALTER TABLE cdm.person RENAME year_of_birth TO "YEAR_OF_BIRTH"',
        'ALTER TABLE cdm.condition_occurrence RENAME TO "CONDITION_OCCURRENCE"',
        "ANALYZE",  # as any database that has been there for a minute has been
    )


def lacking(omop):
    """Give the tables that the world has no row for, which a CDM has all the same."""
    return [
        (table, columns)
        for table, columns in TYPES.items()
        if not (omop / f"{table}.parquet").exists()
    ]


def into_duckdb(omop, path):
    with duckdb.connect(str(path)) as connection:
        for file in sorted(omop.glob("*.parquet")):
            connection.execute(f"CREATE TABLE {file.stem} AS FROM '{file}'")
        for table, columns in lacking(omop):
            connection.execute(f"CREATE TABLE {table} ({columns})")


def project(root, section, *, name="remote"):
    folder = root / name
    assert main(["init", str(folder)]) == 0
    with (folder / "rounds.toml").open("a") as settings:
        settings.write(f"\n[datamart]\n{section}\n")
    return folder


def counted(folder, capsys, *options):
    capsys.readouterr()
    command = ["measure", "run", "blood-pressure-control", *DAYS, *options]
    code = main([*command, "--project", str(folder), "--json"])
    assert code == 0
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def own(omop, tmp_path, capsys):
    """What the same rows say when they are loaded."""
    folder = tmp_path / "own"
    assert main(["init", str(folder), "--from", str(omop)]) == 0
    assert main(["data", "load", str(omop), "--project", str(folder)]) == 0
    return {by: counted(folder, capsys, "--by", by) for by in ("care_site", "month")}


def same(found, own):
    for part in ("populations", "overall", "by"):
        assert found[part] == own[part]
    assert found["populations"]["denominator"] > 50
    assert "a database that may change" in " ".join(found["limitations"])


def test_the_same_command_answers_from_postgresql(url, schema, own, tmp_path, capsys):
    folder = project(tmp_path, f'engine = "postgresql"\ncdm = "{url}"')
    for by, expected in own.items():
        same(counted(folder, capsys, "--by", by), expected)
    assert main(["data", "status", "--project", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "persons: 300" in said
    assert PASSWORD not in said
    assert "ana@" not in said


def test_the_same_command_answers_from_a_duckdb_file(omop, own, tmp_path, capsys):
    folder = project(tmp_path, 'engine = "duckdb"\ncdm = "omop.duckdb"')
    into_duckdb(omop, folder / "omop.duckdb")
    for by, expected in own.items():
        same(counted(folder, capsys, "--by", by), expected)


@pytest.fixture
def own_quarters(omop, tmp_path, capsys):
    """What the same rows say of each quarter when they are loaded."""
    folder = tmp_path / "own"
    assert main(["init", str(folder), "--from", str(omop)]) == 0
    assert main(["data", "load", str(omop), "--project", str(folder)]) == 0
    return counted(folder, capsys, *QUARTERS)["periods"]


def same_quarters(found, own):
    for one, expected in zip(found["periods"], own, strict=True):
        for part in ("name", "populations", "by"):
            assert one[part] == expected[part]
        assert one.get("overall") == expected.get("overall")
    assert any(one["populations"].get("denominator") for one in own)
    assert "a database that may change" in " ".join(found["limitations"])


def test_quarters_are_answered_from_postgresql(
    url, schema, own_quarters, tmp_path, capsys
):
    folder = project(tmp_path, f'engine = "postgresql"\ncdm = "{url}"')
    same_quarters(counted(folder, capsys, *QUARTERS), own_quarters)


def test_quarters_are_answered_from_a_duckdb_file(omop, own_quarters, tmp_path, capsys):
    folder = project(tmp_path, 'engine = "duckdb"\ncdm = "omop.duckdb"')
    into_duckdb(omop, folder / "omop.duckdb")
    same_quarters(counted(folder, capsys, *QUARTERS), own_quarters)


def test_nothing_can_be_written_through_an_engine(url, schema):
    with open_cdm({"engine": "postgresql", "cdm": url}, None) as cdm:
        with pytest.raises(SourceError) as caught:
            cdm._derived._executed("DELETE FROM cdm.person")
        assert caught.value.code == "engine-broke-off"
        assert "25006" in caught.value.what, "read_only_sql_transaction"


def test_a_measure_sees_one_state_of_the_database(port, url, schema):
    with open_cdm({"engine": "postgresql", "cdm": url}, None) as cdm:
        before = cdm.status().persons
        run(port, "INSERT INTO cdm.person (person_id) VALUES (999999)")
        try:
            assert cdm._derived.ask("SELECT count(*) AS n FROM person t") == [(before,)]
        finally:
            run(port, "DELETE FROM cdm.person WHERE person_id = 999999")


def refusal(settings, root=None):
    with pytest.raises(Exception) as caught, open_cdm(settings, root) as cdm:
        cdm.status()
    error = caught.value
    assert PASSWORD not in str(error)
    assert "ana" not in error.what
    assert error.__cause__ is None
    return type(error), error.code


def test_an_engine_that_is_down_is_said_to_be(url):
    down = "postgresql://ana@127.0.0.1:1/postgres"
    settings = {"engine": "postgresql", "cdm": down}
    assert refusal(settings) == (SourceError, "engine-down")


def test_a_refused_password_is_said_and_never_shown(url, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "another-word")
    settings = {"engine": "postgresql", "cdm": url}
    assert refusal(settings) == (AccessError, "engine-password")


def test_a_password_in_the_settings_is_refused(tmp_path, capsys):
    address = "postgresql://ana:" + "secret" + "@127.0.0.1/postgres"
    settings = {"engine": "postgresql", "cdm": address}
    assert refusal(settings) == (DefinitionError, "postgres-address")
    folder = project(tmp_path, f'engine = "postgresql"\ncdm = "{address}"')
    command = ["measure", "run", "blood-pressure-control", *DAYS]
    assert main([*command, "--project", str(folder)]) == 10
    assert "secret" not in "".join(capsys.readouterr())


def test_a_schema_without_a_cdm_is_said(url, schema):
    settings = {"engine": "postgresql", "cdm": url.replace("=cdm", "=other")}
    assert refusal(settings) == (DataError, "engine-lacks-table")


def test_a_table_that_is_missing_is_named(port, url, schema, tmp_path, capsys):
    folder = project(tmp_path, f'engine = "postgresql"\ncdm = "{url}"')
    run(port, "ALTER TABLE cdm.procedure_occurrence RENAME TO elsewhere")
    try:
        command = ["measure", "run", "blood-pressure-control", *DAYS]
        assert main([*command, "--project", str(folder)]) == 11
    finally:
        run(port, "ALTER TABLE cdm.elsewhere RENAME TO procedure_occurrence")
    said = capsys.readouterr().err
    assert "has no table procedure_occurrence" in said


def test_a_table_that_is_hidden_is_an_error_and_not_a_gap(port, url, schema):
    run(
        port,
        f"CREATE ROLE cleo LOGIN PASSWORD '{PASSWORD}'",
        "GRANT USAGE ON SCHEMA cdm TO cleo",
        "GRANT SELECT ON cdm.person TO cleo",
    )
    settings = {"engine": "postgresql", "cdm": url.replace("ana@", "cleo@")}
    assert refusal(settings) == (AccessError, "engine-refused")


def test_an_engine_that_breaks_off_is_said_without_its_words(port, url, schema):
    with open_cdm({"engine": "postgresql", "cdm": url}, None) as cdm:
        ((own,),) = cdm._derived.ask("SELECT pg_backend_pid() AS n")
        run(port, f"SELECT pg_terminate_backend({own})")
        with pytest.raises(SourceError) as caught:
            cdm.status()
    assert caught.value.code == "engine-broke-off"


def test_what_only_a_datamart_of_ones_own_knows_is_refused(tmp_path, capsys):
    folder = project(tmp_path, 'engine = "duckdb"\ncdm = "omop.duckdb"')
    assert main(["vocabulary", "status", "--project", str(folder)]) == 10
    assert "a datamart of its own" in capsys.readouterr().err


def test_the_gate_remembers_who_was_counted_elsewhere(omop, tmp_path, capsys):
    """The same question once more; then one that leaves few of these people out."""
    folder = project(tmp_path, 'engine = "duckdb"\ncdm = "omop.duckdb"')
    with duckdb.connect(str(folder / "omop.duckdb")) as connection:
        for path in sorted(omop.glob("*.parquet")):
            connection.execute(f"CREATE TABLE {path.stem} AS FROM '{path}'")
    first = counted(folder, capsys, "--by", "sex")
    assert counted(folder, capsys, "--by", "sex") == first
    with duckdb.connect(str(folder / "omop.duckdb")) as connection:
        gone = "SELECT person_id FROM person WHERE gender_concept_id = 8507 LIMIT 9"
        connection.execute(f"DELETE FROM visit_occurrence WHERE person_id IN ({gone})")
    again = counted(folder, capsys, "--by", "sex")
    assert again["snapshot"] != first["snapshot"]
    for part in ("populations", "overall", "by"):
        assert again[part] == first[part]
    assert "too few people have come or gone" in " ".join(again["limitations"])


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"engine": "postgres", "cdm": "x"}, "engine-unknown"),
        ({"engine": "bigquery", "cdm": "x"}, "engine-not-yet"),
        ({"engine": "postgresql"}, "engine-settings"),
        ({"engine": "postgresql", "cdm": "x", "password": "y"}, "engine-settings"),
        ({"engine": "postgresql", "cdm": "x", "schema": "y"}, "engine-settings"),
        ({"engine": "spark", "cdm": "local[1]"}, "engine-settings"),
        (
            {"engine": "spark", "cdm": "sc://h:1/;token=x", "schema": "y"},
            "engine-settings",
        ),
        ({"engine": "spark", "cdm": "local[1]", "schema": "a; b"}, "engine-settings"),
        ({"engine": 3, "cdm": "x"}, "engine-settings"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(settings, code, tmp_path):
    assert refusal(settings, tmp_path) == (DefinitionError, code)


@pytest.mark.parametrize("engine", ["duckdb", "postgresql", "spark", "snowflake"])
def test_the_sql_of_a_measure_is_shown_for_any_engine(engine, omop, tmp_path, capsys):
    folder = project(tmp_path, 'engine = "duckdb"\ncdm = "omop.duckdb"')
    into_duckdb(omop, folder / "omop.duckdb")
    capsys.readouterr()
    command = ["measure", "show", "blood-pressure-control", "--sql", *DAYS]
    assert main([*command, "--dialect", engine, "--project", str(folder)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("WITH subjects_")
    assert "condition_occurrence" in said


@pytest.fixture(scope="module")
def spark():
    with opened("spark") as engine:
        yield engine


@pytest.fixture
def on_spark(spark, omop, tmp_path):
    """Parquet files, a table each, in a session on this machine."""
    lake = tmp_path / "lake"
    lake.mkdir()
    for path in omop.glob("*.parquet"):
        (lake / path.name).write_bytes(path.read_bytes())
    for table, _ in lacking(omop):
        pq.write_table(arrow(table, []), lake / f"{table}.parquet")
    section = f'engine = "spark"\ncdm = "local[1]"\nfolder = "{lake}"'
    return project(tmp_path, section)


def test_the_same_command_answers_from_spark(on_spark, own, capsys):
    same(counted(on_spark, capsys, "--by", "care_site"), own["care_site"])


def test_quarters_are_answered_from_spark(on_spark, own_quarters, capsys):
    same_quarters(counted(on_spark, capsys, *QUARTERS), own_quarters)


def test_spark_says_nothing_of_a_row(spark, capfd):
    with spark.datamart(small_cdm()) as cdm, pytest.raises(SourceError) as caught:
        cdm._derived._fetched("SELECT CAST('a-value-of-a-row' AS BIGINT)")
    assert caught.value.code == "engine-broke-off"
    assert "a-value" not in str(caught.value)
    assert "a-value" not in "".join(capfd.readouterr())


def test_a_folder_without_a_cdm_is_said_by_spark(spark):
    settings = {"engine": "spark", "cdm": "local[1]", "folder": "/nowhere"}
    assert refusal(settings) == (DataError, "engine-lacks-table")
