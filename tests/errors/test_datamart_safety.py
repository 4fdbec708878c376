"""What a load must never do: run what a file says, remove what is not its own."""

import datetime as dt
import json

import duckdb
import pytest

from rounds.datamart import Datamart, Store, load
from rounds.datamart.consent import opted_out
from rounds.datamart.store import compaction
from rounds.nouns import RoundsError
from stories import more_fhir as more
from stories import small_fhir as story


def test_a_schema_name_is_a_name_and_nothing_else(tmp_path):
    planted = tmp_path / "planted.txt"
    schema = f"main\"\".person; COPY (SELECT 'x') TO '{planted}'; --"
    with duckdb.connect(str(tmp_path / "given.duckdb")) as connection:
        connection.execute(f'CREATE SCHEMA "{schema}"')
        connection.execute(
            f'CREATE TABLE "{schema}".person AS '
            "SELECT 1 AS person_id, 1960 AS year_of_birth"
        )
    report = load(tmp_path / "given.duckdb", tmp_path / "mart")
    assert report.persons == 1
    assert not planted.exists()


def test_a_view_of_a_given_file_is_not_run(tmp_path):
    (tmp_path / "secret.txt").write_text("hush")
    with duckdb.connect(str(tmp_path / "given.duckdb")) as connection:
        connection.execute("CREATE TABLE person (person_id INT, year_of_birth INT)")
        connection.execute("INSERT INTO person VALUES (1, 1960)")
        connection.execute(
            "CREATE VIEW death AS SELECT 1 AS person_id, DATE '2020-01-01' AS "
            f"death_date, content FROM read_text('{tmp_path / 'secret.txt'}')"
        )
    assert load(tmp_path / "given.duckdb", tmp_path / "mart").rows["death"] == 0


@pytest.mark.parametrize("name", ["snapshots", "data"])
def test_a_folder_of_somebody_else_is_left_as_it_is(tmp_path, name):
    other = tmp_path / "backup"
    (other / name).mkdir(parents=True)
    (other / name / "blob").write_text("theirs")
    (other / "config").write_text("theirs")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "Patient.ndjson").write_text("{}\n")
    with pytest.raises(RoundsError):
        load(tmp_path / "in", other)
    assert (other / name / "blob").read_text() == "theirs"
    assert sorted(each.name for each in other.iterdir()) == sorted([name, "config"])


def test_an_opt_out_that_is_withdrawn_is_no_longer_in_force(tmp_path, monkeypatch):
    monkeypatch.setattr(compaction, "MOST_OF_BASE", 1e9)  # parts stay apart
    for number, kind in enumerate(["deny", "permit"], start=1):
        folder = tmp_path / f"in-{number}"
        folder.mkdir()
        meta = {"lastUpdated": f"2024-01-0{number}T00:00:00Z"}
        given = {"Consent": [more.consent(meta=meta, provision={"type": kind})]}
        if number == 1:
            given |= {"Patient": [story.patient("p1")]}
        story.write_ndjson(folder, given)
        load(folder, tmp_path / "mart")
        with Datamart.open(tmp_path / "mart") as mart:
            found = opted_out(mart, "research", dt.date(2025, 1, 1))
        assert found == ({"p1"} if kind == "deny" else set())
    assert len(Store(tmp_path / "mart").current().parts) == 2


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("observations.txt", "observations.ndjson"), ("Patient-2.ndjson", "more.ndjson")],
)
def test_a_file_under_a_better_name_is_read(tmp_path, wrong, right):
    """What was left alone, or refused, for its name is not taken for known."""
    folder = tmp_path / "in"
    folder.mkdir()
    story.write_ndjson(folder, {"Patient": [story.patient("p1")]})
    line = json.dumps(story.observation("m1")) + "\n"
    (folder / wrong).write_text(line)
    first = load(folder, tmp_path / "mart")
    assert first.rows["measurement"] == 0
    assert first.remarks or first.reasons
    (folder / wrong).rename(folder / right)
    assert load(folder, tmp_path / "mart").rows["measurement"] == 1
    assert load(folder, tmp_path / "mart").unchanged


@pytest.mark.parametrize("turned", [False, True])
def test_a_unit_means_the_same_whoever_is_loaded_beside_it(tmp_path, turned):
    """A word that is also a unit's code, in another load, changes no concept."""
    weight = story.observation("w1", valueQuantity={"value": 5, "unit": "g"})
    word = story.observation(
        "w2", subject=story.ref("Patient", "p2"), code={"text": "g"}
    )
    loads = [[story.patient("p1"), weight], [story.patient("p2"), word]]
    for n, some in enumerate(reversed(loads) if turned else loads):
        kinds = {}
        for one in some:
            kinds.setdefault(one["resourceType"], []).append(one)
        (tmp_path / f"in-{n}").mkdir()
        story.write_ndjson(tmp_path / f"in-{n}", kinds)
        load(tmp_path / f"in-{n}", tmp_path / "mart")
    (tmp_path / "all").mkdir()
    everything = {
        "Patient": [story.patient("p1"), story.patient("p2")],
        "Observation": [weight, word],
    }
    story.write_ndjson(tmp_path / "all", everything)
    load(tmp_path / "all", tmp_path / "at-once")
    found = []
    for place in ("mart", "at-once"):
        with Datamart.open(tmp_path / place) as mart:
            found.append(mart.fingerprints())
    assert found[0] == found[1]
