"""A load that fails says why and what to try, and leaves the former state whole."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from rounds.datamart import Datamart, load
from rounds.datamart.loading.failures import translated
from rounds.nouns import DataError, SourceError
from stories.small_fhir import resource as fhir
from stories.small_fhir import write_ndjson


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "fhir").mkdir()
    return write_ndjson(tmp_path / "fhir")


@pytest.fixture
def mart(folder, tmp_path):
    """A datamart that must survive whatever fails beside it."""
    (tmp_path / "private").mkdir()
    path = tmp_path / "private" / "datamart"
    load(folder, path)
    before = content(path)
    yield path
    assert content(path) == before
    assert [each.name for each in path.parent.iterdir()] == ["datamart"]


def content(path):
    """Give every file of a datamart's folder with its bytes."""
    return {
        each.relative_to(path).as_posix(): each.read_bytes()
        for each in path.rglob("*")
        if each.is_file()
    }


def fails(family, code, source, mart):
    with pytest.raises(family) as caught:
        load(source, mart)
    assert caught.value.code == code
    assert caught.value.why
    assert 1 <= len(caught.value.remedies) <= 3
    return str(caught.value)


def test_an_empty_folder(tmp_path, mart):
    (tmp_path / "empty").mkdir()
    assert "is empty" in fails(DataError, "source-empty", tmp_path / "empty", mart)


def test_a_folder_that_is_not_there(tmp_path, mart):
    fails(SourceError, "source-missing", tmp_path / "nowhere", mart)


def test_a_folder_of_something_else(tmp_path, mart):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "cat.png").write_bytes(b"\x89PNG")
    fails(DataError, "source-not-recognised", tmp_path / "pictures", mart)


def test_a_file_that_is_no_folder(tmp_path, mart):
    (tmp_path / "notes.md").write_text("not data")
    fails(DataError, "source-not-recognised", tmp_path / "notes.md", mart)


def test_a_folder_without_patients_names_the_first_places(tmp_path):
    """And a first load that fails leaves no folder."""
    (tmp_path / "few").mkdir()
    write_ndjson(tmp_path / "few", {"CarePlan": [fhir("CarePlan", "x")]})
    words = fails(DataError, "no-persons", tmp_path / "few", tmp_path / "datamart")
    assert "CarePlan.ndjson:1: unsupported type" in words
    assert [each.name for each in tmp_path.iterdir()] == ["few"]


CHILD = """
import os, sys
from pathlib import Path
from rounds.datamart import load
from rounds.nouns import RoundsError
{before}
try:
    load(Path(sys.argv[1]), Path(sys.argv[2]))
except RoundsError as error:
    print(type(error).__name__, error.code)
"""


def in_child(before, *arguments, **options):
    found = subprocess.run(
        [sys.executable, "-c", CHILD.format(before=before), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        **options,
    )
    assert "Traceback" not in found.stderr, found.stderr
    return found.stdout.split()


def grown(folder):
    """Change the input, so that the same snapshot is not simply found again."""
    path = folder / "Patient.ndjson"
    path.write_text(path.read_text() + "\n")


def test_a_full_disk(folder, mart):
    """A limit on the size of files stands for a disk that is full."""
    grown(folder)

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    ignore = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)"
    said = in_child(ignore, folder, mart, preexec_fn=limit)
    assert said == ["SourceError", "disk-full"]


def test_a_really_full_disk(folder, tmp_path):
    """A file system of 200 kB, where one may be mounted."""
    small = tmp_path / "small"
    small.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", small],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        said = in_child("", folder, small / "datamart")
        assert said == ["SourceError", "disk-full"]
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", small], check=True)


NOBODY = 65534


def as_nobody():
    if os.geteuid() != 0:
        return ""
    return f"os.setgid({NOBODY}); os.setuid({NOBODY})"


def reachable(path):
    """Open the way to a test's folder for another account."""
    for each in [path, *path.parents]:
        if each == Path("/tmp"):
            return True
        if each.stat().st_uid == os.geteuid():
            each.chmod(0o755)
    return False


def test_a_folder_without_read_permission(folder, mart, tmp_path):
    if not reachable(tmp_path) and os.geteuid() == 0:
        pytest.skip("another account cannot reach the test's folder")
    folder.chmod(0o000)
    try:
        said = in_child(as_nobody(), folder, mart)
    finally:
        folder.chmod(0o755)
    assert said == ["SourceError", "source-not-readable"]


def test_a_project_without_write_permission(folder, mart, tmp_path):
    if not reachable(tmp_path) and os.geteuid() == 0:
        pytest.skip("another account cannot reach the test's folder")
    grown(folder)
    mart.parent.chmod(0o555)
    try:
        said = in_child(as_nobody(), folder, mart)
    finally:
        mart.parent.chmod(0o755)
    assert said == ["SourceError", "not-permitted"]


def test_a_folder_that_others_may_write_to_but_not_this_one(folder, mart, tmp_path):
    """The lock cannot be taken: the load says so, and reads nothing."""
    if not reachable(tmp_path) and os.geteuid() == 0:
        pytest.skip("another account cannot reach the test's folder")
    grown(folder)
    mart.chmod(0o755)
    try:
        said = in_child(as_nobody(), folder, mart)
    finally:
        mart.chmod(0o700)
    assert said == ["SourceError", "not-permitted"]


def test_there_is_no_datamart(tmp_path):
    (tmp_path / "empty").mkdir()
    for name in ("nothing", "empty"):
        with pytest.raises(DataError) as caught:
            Datamart.open(tmp_path / name)
        assert caught.value.code == "datamart-missing"
        assert caught.value.remedies


def test_something_else_stands_there(tmp_path):
    (tmp_path / "words").write_text("not a database")
    duckdb.connect(str(tmp_path / "others.duckdb")).close()
    for name in ("words", "others.duckdb", "."):
        with pytest.raises(DataError) as caught:
            Datamart.open(tmp_path / name)
        assert caught.value.code == "not-a-datamart"
        assert caught.value.remedies


def test_a_datamart_of_one_file_was_made_by_an_older_version(folder, tmp_path):
    path = tmp_path / "datamart.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE rounds_snapshot (snapshot VARCHAR)")
    before = path.read_bytes()
    for use in (Datamart.open, lambda path: load(folder, path)):
        with pytest.raises(DataError) as caught:
            use(path)
        assert caught.value.code == "datamart-older"
        assert any("Load again" in each for each in caught.value.remedies)
    assert path.read_bytes() == before


def test_too_little_memory_is_said_without_the_engines_words(tmp_path):
    error = translated(duckdb.OutOfMemoryException("a value of somebody"), tmp_path)
    assert error.code == "out-of-memory"
    assert "somebody" not in str(error)
