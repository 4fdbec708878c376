"""Loads that add: whatever their order, the same as one load of everything."""

import random

import pytest

from rounds.datamart import Datamart, Store, load
from rounds.datamart.store import compaction
from stories import adding


@pytest.fixture(autouse=True)
def source(monkeypatch):
    adding.take_over(monkeypatch)


@pytest.fixture
def separate(monkeypatch):
    """Let no load merge parts."""
    monkeypatch.setattr(compaction, "MOST_INCREMENTS", 1_000)
    monkeypatch.setattr(compaction, "MOST_OF_BASE", 1_000.0)


def state(path):
    """Give the snapshot's id, what its rows hash to, and what its manifest counts."""
    with Datamart.open(path) as mart:
        counted = {
            table: mart._connection.execute(
                f'SELECT count(*) FROM "{table}"'
            ).fetchone()[0]
            for table in mart.status().rows
        }
        assert mart.status().rows == counted
        assert mart.load_report().rows == counted
        return mart.snapshot, mart.fingerprints()


def parts(path):
    (source,) = Store(path).current().sources
    return len(source.parts)


def batches(tmp_path, seed, *, n=7, lines=30):
    chance = random.Random(f"increments {seed}")
    return [
        adding.write(tmp_path / f"batch-{i}", f"b{i}", adding.lines_of(chance, lines))
        for i in range(n)
    ]


def together(tmp_path, folders):
    whole = tmp_path / "whole"
    whole.mkdir()
    for folder in folders:
        for file in folder.iterdir():
            (whole / file.name).write_bytes(file.read_bytes())
    load(whole, tmp_path / "at-once")
    return state(tmp_path / "at-once")


def test_a_change_hides_the_person_s_former_rows(tmp_path, separate):
    mart = tmp_path / "mart"
    first = [adding.reading(1), adding.reading(2, person=2), adding.clinic(7)]
    load(adding.write(tmp_path / "a", "a", first), mart)
    report = load(
        adding.write(tmp_path / "b", "b", [adding.reading(1, 2, value=99)]), mart
    )
    assert report.read == 1
    assert report.persons == 2
    assert parts(mart) == 2
    with Datamart.open(mart) as opened:
        found = opened._connection.execute(
            "SELECT person_id, value_as_number FROM measurement ORDER BY 1"
        ).fetchall()
        places = opened._connection.execute(
            "SELECT location_id FROM location ORDER BY 1"
        ).fetchall()
    assert found == [(1, 99.0), (2, 120.0)]
    assert places == [(1,), (2,), (7,)]


def test_the_last_row_of_a_person_may_go(tmp_path, separate):
    mart = tmp_path / "mart"
    load(adding.write(tmp_path / "a", "a", [adding.reading(1)]), mart)
    gone = [adding.reading(1, 2, value="gone")]
    assert load(adding.write(tmp_path / "b", "b", gone), mart).persons == 0
    assert state(mart)[1]["measurement"] == "0-0"


@pytest.mark.parametrize("seed", range(2))
def test_any_order_and_repetition_ends_in_the_same_rows(tmp_path, separate, seed):
    folders = batches(tmp_path, seed)
    whole = together(tmp_path, folders)
    chance = random.Random(f"order {seed}")
    again = [*folders, *chance.choices(folders, k=2)]
    chance.shuffle(again)
    for folder in again:
        load(folder, tmp_path / "mart")
    assert parts(tmp_path / "mart") == len(folders)
    assert state(tmp_path / "mart") == whole


def test_a_file_that_was_loaded_is_skipped(tmp_path):
    folder = adding.write(tmp_path / "a", "a", [adding.reading(1)])
    first = load(folder, tmp_path / "mart")
    again = load(folder, tmp_path / "mart")
    assert again.unchanged
    assert again.snapshot == first.snapshot
    adding.write(folder, "copy", [adding.reading(1)])
    assert load(folder, tmp_path / "mart").unchanged
    adding.write(folder, "b", [adding.reading(2)])
    assert load(folder, tmp_path / "mart").read == 1
    assert [each.number for each in Store(tmp_path / "mart").history()] == [2, 1]
    (source,) = Store(tmp_path / "mart").current().sources
    assert [file.number for file in source.files] == [0, 1]


@pytest.mark.parametrize(
    ("most", "share", "expected"), [(2, 1_000.0, 3), (1_000, 0.0, 1), (2, 0.5, None)]
)
def test_merging_parts_changes_no_row(tmp_path, monkeypatch, most, share, expected):
    """The fingerprints stay, and so do the counts, at every step."""
    folders = batches(tmp_path, "merge", n=6)
    whole = together(tmp_path, folders)
    monkeypatch.setattr(compaction, "MOST_INCREMENTS", 1_000)
    monkeypatch.setattr(compaction, "MOST_OF_BASE", 1_000.0)
    apart = []
    for folder in folders:
        load(folder, tmp_path / "apart")
        apart.append(state(tmp_path / "apart"))
    monkeypatch.setattr(compaction, "MOST_INCREMENTS", most)
    monkeypatch.setattr(compaction, "MOST_OF_BASE", share)
    for folder, same in zip(folders, apart, strict=True):
        load(folder, tmp_path / "merged")
        assert state(tmp_path / "merged") == same
        assert parts(tmp_path / "merged") <= (expected or 4)
    assert apart[-1] == whole
    assert parts(tmp_path / "apart") == 6


def test_a_merged_part_keeps_what_the_next_load_needs(tmp_path, monkeypatch):
    """A stage that lost a winner in a merge would let an older version win."""
    monkeypatch.setattr(compaction, "MOST_OF_BASE", 0.0)
    mart = tmp_path / "mart"
    load(adding.write(tmp_path / "a", "a", [adding.reading(1, 3, value=99)]), mart)
    load(adding.write(tmp_path / "b", "b", [adding.reading(2, person=2)]), mart)
    load(adding.write(tmp_path / "c", "c", [adding.reading(1, 2, value=50)]), mart)
    with Datamart.open(mart) as opened:
        found = opened._connection.execute(
            "SELECT value_as_number FROM measurement WHERE measurement_id = 1"
        ).fetchall()
    assert found == [(99.0,)]
