"""Snapshots: numbered, whole, kept for a while, and one writer at a time."""

import errno
import os
import shutil
import subprocess
import sys
import threading

import pytest

from rounds.datamart import Datamart, Store, load
from rounds.datamart.store import KEPT_SNAPSHOTS, Writer, writing
from stories import adding
from stories.adding import NOON, readings, refused


def test_each_load_makes_a_numbered_snapshot_with_its_parent(five):
    history = Store(five).history()
    assert [(each.number, each.parent) for each in history] == [
        (5, 4),
        (4, 3),
        (3, 2),
        (2, 1),
        (1, None),
    ]
    assert {each.made_at for each in history} == {NOON.isoformat()}
    assert len({each.id for each in history}) == 5
    (given,) = history[0].sources
    assert [file.name for file in given.files] == [f"{n}.readings" for n in range(1, 6)]
    assert history[0].rows["measurement"] == 5


def test_a_former_snapshot_opens_by_its_number_or_its_id(five):
    third = Store(five).read(3)
    assert readings(five) == 5
    assert readings(five, snapshot=3) == readings(five, snapshot=third.id) == 3
    assert "5, 4, 3, 2, 1" in refused("no-such-snapshot", readings, five, snapshot=9)


def test_going_back_is_a_new_snapshot_and_loses_nothing(five, tmp_path):
    made = Store(five).rollback(2, now=lambda: NOON)
    assert (made.number, made.parent) == (6, 5)
    assert made.id == Store(five).read(2).id
    assert readings(five) == 2
    assert readings(five, snapshot=5) == 5
    for key in (3, 4, 5):
        load(tmp_path / f"in-{key}", five)
    assert Store(five).current().id == Store(five).read(5).id
    files = [file.number for file in Store(five).current().sources[0].files]
    assert files == [0, 1, 5, 6, 7], "a file's number is never used twice"
    refused("no-such-snapshot", Store(five).rollback, 99)


def test_files_of_the_last_snapshots_are_kept(source, tmp_path):
    mart, store = tmp_path / "mart", Store(tmp_path / "mart")
    for version in range(1, KEPT_SNAPSHOTS + 4):
        line = adding.reading(1, version, value=version)
        load(adding.write(tmp_path / f"{version}", f"{version}", [line]), mart)
    history = store.history()
    assert len(history) == KEPT_SNAPSHOTS + 3, "manifests stay"
    kept = [each.number for each in history if store.is_kept(each)]
    assert kept == list(range(KEPT_SNAPSHOTS + 3, 3, -1))
    named = {p.file for s in history[:KEPT_SNAPSHOTS] for p in s.parts}
    assert {each.name for each in (mart / "parts").iterdir()} == named
    assert readings(mart, snapshot=4) == 1
    refused("snapshot-not-kept", readings, mart, snapshot=3)
    refused("snapshot-not-kept", store.rollback, 3)
    assert store.current().number == KEPT_SNAPSHOTS + 3


def test_nothing_of_a_datamart_can_be_read_or_written_by_others(five):
    for each in [five, *five.rglob("*")]:
        assert each.stat().st_mode & 0o077 == 0
    for part in (five / "parts").iterdir():
        assert part.stat().st_mode & 0o777 == 0o400


def test_a_second_load_is_refused_with_a_sentence(five, tmp_path):
    with Store(five).writing():
        said = refused("load-running", load, tmp_path / "in-1", five)
    assert said.startswith("Another load is running")
    assert load(tmp_path / "in-1", five).unchanged


def child(code, *arguments):
    """Start another process; it says a word on each line, and hears one."""
    begun = "import pathlib, sys\npaths = [pathlib.Path(a) for a in sys.argv[1:]]\n"
    return subprocess.Popen(
        [sys.executable, "-c", begun + code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


HOLD = """
from rounds.datamart import Store
with Store(paths[0]).writing():
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_a_second_load_may_wait(five, tmp_path):
    with child(HOLD, five) as other:
        assert other.stdout.readline() == "held\n"
        refused("load-running", load, tmp_path / "in-1", five)
        threading.Timer(0.3, other.stdin.write, ("\n",)).start()
        threading.Timer(0.4, other.stdin.flush).start()
        assert load(tmp_path / "in-1", five, wait=30).unchanged


LOAD = """
import rounds.datamart.sources as sources
from rounds.datamart import load
from stories import adding
sources.SOURCES = adding.SOURCES
load(paths[0], paths[1], wait=60)
"""


def test_two_first_loads_at_once_both_end_in_the_datamart(source, tmp_path):
    """One of them waits; neither finds the folder taken from under it."""
    folders = [
        adding.write(tmp_path / f"{n}", f"{n}", [adding.reading(n)]) for n in range(4)
    ]
    running = [child(LOAD, folder, tmp_path / "mart") for folder in folders]
    for each in running:
        with each:
            assert each.wait(60) == 0
    assert readings(tmp_path / "mart") == 4
    assert Store(tmp_path / "mart").current().number == 4


READ = """
from rounds.datamart import Datamart
with Datamart.open(paths[0]) as opened:
    print(opened.number, flush=True)
    while sys.stdin.readline():
        counted = opened._connection.execute("SELECT count(*) FROM measurement")
        print(counted.fetchone()[0], flush=True)
"""


def test_a_reader_in_another_process_keeps_its_snapshot(five, tmp_path):
    """Whole, while loads go on, even when its files have been removed."""
    with child(READ, five) as reader:
        assert reader.stdout.readline() == "5\n"
        for key in range(6, 6 + KEPT_SNAPSHOTS + 1):
            line = adding.reading(key)
            load(adding.write(tmp_path / f"in-{key}", str(key), [line]), five)
            reader.stdin.write("\n")
            reader.stdin.flush()
            assert reader.stdout.readline() == "5\n"
        reader.stdin.close()
    assert not Store(five).is_kept(Store(five).read(5))
    assert readings(five) == 5 + KEPT_SNAPSHOTS + 1


def test_a_reader_looks_again_when_files_have_just_been_removed(five, monkeypatch):
    stale, current = Store(five).read(1), Store(five).current()
    for part in stale.parts:
        if part not in current.parts:
            Store(five).part_path(part.file).unlink()
    answers = iter([stale, current])
    monkeypatch.setattr(Store, "current", lambda _: next(answers))
    assert readings(five) == 5


def test_a_damaged_datamart_is_not_said_to_be_missing(five, tmp_path):
    store = Store(five)
    (part, *_) = store.current().parts
    path = store.part_path(part.file)
    content = path.read_bytes()
    manifest = store.manifest_path(5)
    written = manifest.read_text()
    path.unlink()
    assert "is missing" in refused("datamart-damaged", Datamart.open, five)
    path.write_bytes(content[:1000])
    assert "1000 bytes" in refused("datamart-damaged", Datamart.open, five)
    path.write_bytes(bytes(len(content)))
    assert "as a database" in refused("datamart-damaged", Datamart.open, five)
    path.write_bytes(content)
    for wrong in ("", "{}", written[:-9], written.replace('"measurement": 5', "0")):
        manifest.write_text(wrong)
        refused("datamart-damaged", Datamart.open, five)
        refused("datamart-damaged", load, tmp_path / "in-1", five)
    assert store.damaged() == (5,)
    assert [each.number for each in store.history()] == [4, 3, 2, 1]
    assert store.rollback(4).number == 6
    assert readings(five) == 4
    (five / "CURRENT").write_text("a word")
    refused("datamart-damaged", Datamart.open, five)
    (five / "CURRENT").unlink()
    refused("datamart-damaged", Datamart.open, five)
    refused("datamart-damaged", load, tmp_path / "in-1", five)
    assert store.rollback(4).number == 7
    assert readings(five) == 4


@pytest.fixture
def one(source, tmp_path):
    """Make a datamart of one snapshot, and then lose CURRENT."""
    folder = adding.write(tmp_path / "in-1", "1", [adding.reading(1)])
    load(folder, tmp_path / "mart")
    (tmp_path / "mart" / "CURRENT").unlink()
    return tmp_path / "mart"


def test_the_only_snapshot_is_gone_on_from_when_current_is_lost(one, tmp_path):
    assert readings(one) == 1
    assert load(tmp_path / "in-1", one).unchanged
    assert (one / "CURRENT").read_text() == "1\n"
    (one / "CURRENT").unlink()
    load(adding.write(tmp_path / "in-2", "2", [adding.reading(2)]), one)
    assert readings(one) == 2
    assert Store(one).current().number == 2
    assert Store(one).read(1).number == 1


@pytest.mark.parametrize("lost", ["manifest", "part"])
def test_an_only_snapshot_that_is_not_whole_is_refused_and_kept(one, lost, tmp_path):
    store = Store(one)
    (part,) = store.current().parts
    before = {path: path.read_bytes() for path in one.rglob("*") if path.is_file()}
    damaged = (
        store.manifest_path(1) if lost == "manifest" else store.part_path(part.file)
    )
    damaged.chmod(0o600)
    damaged.write_text("half")
    refused("datamart-damaged", Datamart.open, one)
    refused("datamart-damaged", load, tmp_path / "in-1", one)
    after = {path: path.read_bytes() for path in one.rglob("*") if path.is_file()}
    assert after == before | {damaged: b"half"}


def test_a_load_that_could_not_say_that_it_is_in_force_is_not(one, monkeypatch):
    shutil.rmtree(one)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Writer, "point_at", full)
    refused("disk-full", load, one.parent / "in-1", one)
    assert not one.exists()


def test_what_a_killed_load_left_is_swept_away(five, tmp_path):
    before = readings(five)
    for name in ("building/x.duckdb", "parts/0123456789abcdef.duckdb"):
        (five / name).write_text("half")
    (five / "building" / "spill").mkdir()
    Store(five).manifest_path(6).write_text("half")
    (five / "spill" / "999999999-0").mkdir()
    assert readings(five) == before
    assert load(tmp_path / "in-1", five).unchanged
    assert list((five / "building").iterdir()) == []
    assert list((five / "spill").iterdir()) == []
    assert not (five / "parts" / "0123456789abcdef.duckdb").exists()
    assert not Store(five).manifest_path(6).exists()


def test_a_file_that_changes_while_it_is_read_is_refused(five, tmp_path):
    folder = adding.write(tmp_path / "late", "late", [adding.reading(9)])

    def grow(*_):
        adding.write(folder, "late", [adding.reading(9), adding.reading(10)])

    said = refused("source-changed", load, folder, five, progress=grow)
    assert "late.readings changed" in said
    assert Store(five).current().number == 5
    load(folder, five)
    assert readings(five) == 7


def test_a_failing_switch_leaves_the_last_snapshot(five, tmp_path, monkeypatch):
    """Whatever file operation fails, all before it is undone by the next writer."""
    real = writing._sync
    line = adding.reading(9)
    folder = adding.write(tmp_path / "in-9", "9", [line])
    calls = []

    def fail_at(n):
        def sync(path):
            calls.append(path)
            if len(calls) == n:
                raise OSError(28, "No space left on device")
            real(path)

        return sync

    for n in range(1, 8):
        calls.clear()
        monkeypatch.setattr(writing, "_sync", fail_at(n))
        refused("disk-full", load, folder, five)
        monkeypatch.setattr(writing, "_sync", real)
        assert readings(five) == 5
        assert len(list((five / "snapshots").iterdir())) == 5
    load(folder, five)
    assert readings(five) == 6
