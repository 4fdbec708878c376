"""Identifiers are planted in every field, and none is found once they are taken away."""

import json

import duckdb
import pytest

from rounds.datamart.cdm import create_tables
from rounds.datamart.deidentify import MODES, Deidentifier
from rounds.datamart.fhir.paths import fields, resources
from rounds.datamart.fhir.views import flattening
from rounds.datamart.mapping import cdm_tables
from stories import canaries
from stories.canary_sources import plan

SYSTEMS = ("http://loinc.org",)


def flat(connection, kind, made):
    """Flatten resources into the table `given`, as they are before they are staged."""
    connection.execute("CREATE OR REPLACE TEMP TABLE raw (json JSON)")
    connection.executemany(
        "INSERT INTO raw VALUES (?)", [[json.dumps(one)] for one in made]
    )
    views = flattening()
    read = (
        f"(SELECT unnest(json_transform(json, '{views.json_spec(kind)}')), "
        "0 AS file_number, row_number() OVER () AS record FROM raw)"
    )
    made = views.flatten_select(kind, read, SYSTEMS, ("file_number", "record"))
    connection.execute(f"CREATE OR REPLACE TEMP TABLE given AS {made}")


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
                connection.execute(
                    f"CREATE TABLE stage_{kind} AS SELECT * FROM {source}"
                )
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
            if row["kind"] in {"number", "boolean", "present"}:
                continue
            assert f"stage_{kind}.{name}" in columns, (kind, name)


@pytest.mark.parametrize("mode", MODES)
def test_no_canary_is_found_among_staged_resources(staged, mode):
    flock, found, path = staged(mode)
    # In `shifted` another day may come out that happens to be one of the canaries'.
    sought = flock.texts + (flock.dates if mode == "safe_harbor" else [])
    assert len(sought) > 400
    assert {word: where for word, where in found.items() if word in sought} == {}
    assert canaries.Search(sought).within(path.read_bytes()) == set()


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
                columns = (
                    f"SELECT * EXCLUDE (file_number, record, reason) FROM rows_{table}"
                )
                connection.execute(f'INSERT INTO "{table}" {columns}')
        away.finish()
        sought = [*flock.texts, "700000", "1912"]
        sought += flock.dates if mode == "safe_harbor" else []
        assert canaries.found_in_cells(connection, sought) == {}
