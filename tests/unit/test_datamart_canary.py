"""Identifiers are planted in every field, and none is found afterwards."""

import inspect
import json
import random

import duckdb
import pytest

from rounds.datamart import load
from rounds.datamart.cdm import create_tables
from rounds.datamart.deidentify import MODES, Deidentifier, DeidentifyPlan
from rounds.datamart.fhir_paths import expressions, fields, json_spec, resources, schema
from rounds.datamart.mapping import cdm_tables
from rounds.nouns import RoundsError
from stories import canaries

SYSTEMS = ("http://loinc.org",)
BROKEN = (
    '{"resourceType":"Observation","id":"Zqbrokenbrokenb","status":"final","note":"Zqcut',
    "Zqwordswordswor 2011-02-03 not JSON",
    '{"resourceType":"Zqbananabananab","id":"Zqfruitfruitfru"}',
    '[1, "Zqlistlistlistl"]',
)
IN_BROKEN = (
    "Zqbrokenbrokenb", "Zqcut", "Zqwordswordswor", "2011-02-03", "Zqbananabananab",
    "Zqfruitfruitfru", "Zqlistlistlistl",
)  # fmt: skip


def plan(tmp_path, mode, **settings):
    return DeidentifyPlan(
        mode=mode,
        key=bytes(range(32)),
        reference_year=2026,
        codes=tmp_path / "private" / "deidentify-codes",
        random_bytes=random.Random(7).randbytes,
        **settings,
    )


def flat(connection, kind, made):
    """Flatten resources into the table `given`, as they are before they are staged."""
    connection.execute("CREATE OR REPLACE TEMP TABLE raw (json JSON)")
    connection.executemany(
        "INSERT INTO raw VALUES (?)", [[json.dumps(one)] for one in made]
    )
    own = ", ".join(expressions(kind, SYSTEMS))
    with_version = schema(kind) | {
        "meta": {"lastUpdated": "VARCHAR", "versionId": "VARCHAR"}
    }
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE given AS SELECT id, "
        'meta."lastUpdated" AS updated, meta."versionId" AS version, '
        f"0 AS file_number, row_number() OVER () AS record, {own} FROM (SELECT "
        f"unnest(json_transform(json, '{json_spec(with_version)}')) FROM raw)"
    )


@pytest.fixture
def staged(tmp_path):
    """Stage resources with canaries, de-identified or not, each in a table of its own."""

    def stage(mode):
        flock = canaries.Flock()
        made = canaries.Coop(flock).resources()
        path = tmp_path / f"{mode}.duckdb"
        with duckdb.connect(str(path), config={"threads": 1}) as connection:
            away = Deidentifier(connection, plan(tmp_path, mode)) if mode else None
            for kind, its in made.items():
                flat(connection, kind, its)
                source = away.relation("given", "fhir", kind) if away else "given"
                connection.execute(f"CREATE TABLE stage_{kind} AS SELECT * FROM {source}")
            for table in ("given", "raw"):
                connection.execute(f"DROP TABLE {table}")
            if away:
                away.keep()
                away.forget()
            connection.execute("CHECKPOINT")
            words = canaries.found_in_cells(connection, flock.texts + flock.dates)
        return flock, words, path

    return stage


def test_a_canary_is_planted_in_every_mapped_field(staged):
    """The search finds them where nothing is taken away, in each column that has text."""
    _, found, _ = staged(None)
    columns = {column for where in found.values() for column in where}
    for kind in resources():
        for name, row in fields(kind).items():
            if row["kind"] in {"number", "boolean"}:
                continue
            assert f"stage_{kind}.{name}" in columns, (kind, name)


@pytest.mark.parametrize("mode", MODES)
def test_no_canary_is_found_among_staged_resources(staged, mode):
    flock, found, path = staged(mode)
    # In `shifted` another day may come out that happens to be one of the canaries'.
    sought = flock.texts + (flock.dates if mode == "safe_harbor" else [])
    assert len(sought) > 400
    assert {word: where for word, where in found.items() if word in sought} == {}
    held = path.read_bytes().lower()
    assert [word for word in sought if word.lower().encode() in held] == []


def test_no_canary_is_in_the_private_codes_either(staged, tmp_path):
    """They are kept by their HMAC, so that the codes alone name nobody."""
    flock, _, _ = staged("safe_harbor")
    assert canaries.found_in_files(tmp_path / "private", flock.texts) == {}


@pytest.mark.parametrize("mode", MODES)
def test_no_canary_is_found_among_omop_rows(tmp_path, mode):
    """Every column of every table of the CDM that holds text, a date or an id."""
    flock = canaries.Flock()
    with duckdb.connect(config={"threads": 1}) as connection:
        create_tables(connection)
        for table, rows in canaries.omop_rows(flock).items():
            names = ", ".join(f'"{name}"' for name in rows[0])
            marks = ", ".join("?" for _ in rows[0])
            connection.executemany(
                f'INSERT INTO "{table}" ({names}) VALUES ({marks})',
                [list(row.values()) for row in rows],
            )
            connection.execute(
                f"CREATE TEMP TABLE rows_{table} AS SELECT 0 AS file_number, "
                f'1::BIGINT AS record, NULL::VARCHAR AS reason, * FROM "{table}"'
            )
            connection.execute(f'DELETE FROM "{table}"')
        before = canaries.found_in_cells(connection, [*flock.texts, "700000"])
        assert set(flock.texts) <= set(before)
        away = Deidentifier(connection, plan(tmp_path, mode))
        away.replace_rows()
        for table in cdm_tables():
            if f"rows_{table}" in {
                name for (name,) in connection.execute("SHOW TABLES").fetchall()
            }:
                columns = f"SELECT * EXCLUDE (file_number, record, reason) FROM rows_{table}"
                connection.execute(f'INSERT INTO "{table}" {columns}')
        away.finish()
        sought = [*flock.texts, "700000", "1912"]
        sought += flock.dates if mode == "safe_harbor" else []
        assert canaries.found_in_cells(connection, sought) == {}


def _loads():
    return "deidentify" in inspect.signature(load).parameters


@pytest.mark.skipif(not _loads(), reason="load(deidentify=) is not there yet")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", ["fhir", "bundle", "omop"])
def test_no_canary_is_found_in_a_whole_datamart(
    tmp_path, monkeypatch, capfd, caplog, mode, shape
):
    """Not in a table, in the bytes of a file, in a report, in output or in an error."""
    flock = canaries.Flock()
    named = flock.word()
    source = tmp_path / "source"
    if shape == "omop":
        canaries.write_omop(source / named, canaries.omop_rows(flock))
    elif shape == "bundle":
        made = canaries.Coop(flock).resources()
        entries = [
            {"fullUrl": f"urn:uuid:{flock.word()}", "resource": one}
            for its in made.values()
            for one in its
        ]
        source.mkdir()
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
        (source / f"{named}.json").write_text(json.dumps(bundle))
    else:
        canaries.write_fhir(
            source / named, canaries.Coop(flock).resources(), broken=BROKEN
        )
    connect = duckdb.connect

    def plainly(*arguments, **options):
        # Compressed text could hide a canary from a search of the bytes.
        made = connect(*arguments, **options)
        made.execute("SET force_compression = 'uncompressed'")
        return made

    monkeypatch.setattr(duckdb, "connect", plainly)
    mart = tmp_path / "private" / "datamart"
    words = [*flock.texts, *IN_BROKEN]
    words += flock.dates if mode == "safe_harbor" else []
    said = []
    try:
        report = load(
            source,
            mart,
            deidentify=plan(tmp_path, mode),
            progress=lambda what, n, rate: said.append(what),
        )
        said.append(json.dumps(report.as_dict()))
        assert report.persons
    except RoundsError as error:
        pytest.fail(f"{type(error).__name__}, found {canaries.found_in_text(str(error), words)}")
    said += [*capfd.readouterr(), caplog.text]
    assert canaries.found_in_text("\n".join(said), words) == []
    assert canaries.found_in_files(tmp_path / "private", words) == {}
    for file in (tmp_path / "private").rglob("*.duckdb"):
        with connect(str(file), read_only=True) as connection:
            assert canaries.found_in_cells(connection, words) == {}
