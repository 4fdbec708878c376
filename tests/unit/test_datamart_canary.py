"""Identifiers are planted in every field, and none is found afterwards."""

import json
import random

import duckdb
import pytest

from rounds.datamart import Datamart, load
from rounds.datamart.cdm import create_tables
from rounds.datamart.deidentify import MODES, Deidentifier, DeidentifyPlan
from rounds.datamart.fhir_paths import fields, resources
from rounds.datamart.fhir_views import flattening
from rounds.datamart.mapping import cdm_tables
from rounds.nouns import DataError, RoundsError
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
                columns = (
                    f"SELECT * EXCLUDE (file_number, record, reason) FROM rows_{table}"
                )
                connection.execute(f'INSERT INTO "{table}" {columns}')
        away.finish()
        sought = [*flock.texts, "700000", "1912"]
        sought += flock.dates if mode == "safe_harbor" else []
        assert canaries.found_in_cells(connection, sought) == {}


def sources(flock, folder, shape):
    """Write a source of one shape, in a folder or a file that is named after someone."""
    named = flock.word()
    if shape == "omop":
        canaries.write_omop(folder / named, canaries.omop_rows(flock))
    elif shape == "csv":
        canaries.write_csv(flock, folder)
    elif shape == "bundle":
        made = canaries.Coop(flock).resources()
        entries = [
            {"fullUrl": f"urn:uuid:{flock.word()}", "resource": one}
            for its in made.values()
            for one in its
        ]
        folder.mkdir()
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
        (folder / f"{named}.json").write_text(json.dumps(bundle))
    else:
        canaries.write_fhir(
            folder / named, canaries.Coop(flock).resources(), broken=BROKEN
        )


SHAPES = ("fhir", "bundle", "omop", "csv")


@pytest.fixture
def plainly(monkeypatch):
    """Write files uncompressed, so that a search of their bytes misses nothing."""
    connect = duckdb.connect

    def uncompressed(*arguments, **options):
        made = connect(*arguments, **options)
        made.execute("SET force_compression = 'uncompressed'")
        return made

    monkeypatch.setattr(duckdb, "connect", uncompressed)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", SHAPES)
def test_no_canary_is_found_in_a_whole_datamart(tmp_path, plainly, capfd, mode, shape):
    """Not in a table, in the bytes of a file, in a report, in output or in an error."""
    flock = canaries.Flock()
    sources(flock, tmp_path / "source", shape)
    mart = tmp_path / "private" / "datamart"
    words = [*flock.texts, *IN_BROKEN]
    words += flock.dates if mode == "safe_harbor" else []
    said = []
    try:
        report = load(
            tmp_path / "source",
            mart,
            deidentify=plan(tmp_path, mode),
            progress=lambda what, *_: said.append(what),
        )
    except RoundsError as error:
        found = canaries.found_in_text(str(error), words)
        pytest.fail(
            f"{type(error).__name__} ({error.code}), with {len(found)} canaries"
        )
    assert report.persons
    assert report.read == report.mapped + report.set_aside
    with Datamart.open(mart) as opened:
        assert opened.calendar == plan(tmp_path, mode).calendar
        said += [json.dumps(report.as_dict()), str(opened.status()), repr(opened)]
    said += [*capfd.readouterr()]
    assert canaries.found_in_text("\n".join(said), words) == []
    assert canaries.found_in_files(mart, words) == {}
    assert (
        canaries.found_in_files(tmp_path / "private" / "deidentify-codes", words) == {}
    )
    for file in mart.rglob("*.duckdb"):
        with duckdb.connect(str(file), read_only=True) as connection:
            assert canaries.found_in_cells(connection, words) == {}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_search_finds_what_is_not_taken_away(tmp_path, plainly, shape):
    """The same load without a plan: the cells and the bytes are full of canaries."""
    flock = canaries.Flock()
    sources(flock, tmp_path / "source", shape)
    mart = tmp_path / "datamart"
    load(tmp_path / "source", mart)
    in_files = canaries.found_in_files(mart, flock.texts)
    in_cells = {}
    for file in mart.rglob("*.duckdb"):
        with duckdb.connect(str(file), read_only=True) as connection:
            in_cells |= canaries.found_in_cells(connection, flock.texts)
    assert len(in_cells) > 20
    assert set(in_cells) <= set(in_files)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", SHAPES)
def test_as_much_is_loaded_and_set_aside_as_without(tmp_path, mode, shape):
    """Each fault is still a fault, for the same reason; each good row still good."""
    sources(canaries.Flock(), tmp_path / "source", shape)
    plainly = load(tmp_path / "source", tmp_path / "plain")
    away = load(tmp_path / "source", tmp_path / "away", deidentify=plan(tmp_path, mode))
    assert away.by_type == plainly.by_type
    assert away.rows["person"] == plainly.rows["person"]
    set_aside = [(one.type, one.reason, one.n) for one in away.reasons]
    assert set_aside == [(one.type, one.reason, one.n) for one in plainly.reasons]


@pytest.mark.parametrize("mode", MODES)
def test_a_datamart_stays_as_it_began(tmp_path, mode):
    """The same again is nothing new; another mode, or none, is refused."""
    flock = canaries.Flock()
    sources(flock, tmp_path / "source", "fhir")
    mart = tmp_path / "private" / "datamart"
    first = load(tmp_path / "source", mart, deidentify=plan(tmp_path, mode))
    again = load(tmp_path / "source", mart, deidentify=plan(tmp_path, mode))
    assert again.unchanged
    assert again.snapshot == first.snapshot
    (other,) = set(MODES) - {mode}
    for wrong in (None, plan(tmp_path, other)):
        with pytest.raises(DataError) as error:
            load(tmp_path / "source", mart, deidentify=wrong)
        assert error.value.code == "deidentify-changed"
    with Datamart.open(mart) as opened:
        assert opened.snapshot == first.snapshot


@pytest.mark.parametrize("mode", MODES)
def test_a_new_year_reads_every_file_again(tmp_path, mode):
    """More people are over 89; the files are found by where they stood in private."""
    flock = canaries.Flock()
    sources(flock, tmp_path / "source", "bundle")
    mart = tmp_path / "private" / "datamart"
    this_year = plan(tmp_path, mode)
    first = load(tmp_path / "source", mart, deidentify=this_year)
    later = DeidentifyPlan(**{**vars(this_year), "reference_year": 2027})
    second = load(tmp_path / "source", mart, deidentify=later)
    assert second.snapshot != first.snapshot
    assert second.by_type == first.by_type
    assert second.rows == first.rows
    assert canaries.found_in_files(mart, flock.texts) == {}
