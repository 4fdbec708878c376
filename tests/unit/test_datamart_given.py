"""Archives load like the folders that they hold, and are found again."""

import shutil
import zipfile

import pytest

from rounds.datamart import Datamart, load
from rounds.nouns.errors import DataError, SourceError
from stories import small_csv, small_omop
from stories.small_fhir import write_ndjson

WRITERS = {
    "fhir": write_ndjson,
    "omop": small_omop.write_csv,
    "csv": small_csv.write_files,
}


@pytest.fixture
def given(tmp_path):
    """Write a shape as a folder, and as an archive of it."""

    def write(shape):
        folder = tmp_path / shape
        folder.mkdir()
        WRITERS[shape](folder)
        archive = tmp_path / f"{shape}.zip"
        with zipfile.ZipFile(archive, "w") as packed:
            for path in sorted(folder.iterdir()):
                packed.write(path, path.name)
        return folder, archive

    return write


def content(path):
    with Datamart.open(path) as mart:
        return mart.snapshot, mart.fingerprints()


@pytest.mark.parametrize("shape", WRITERS)
def test_an_archive_gives_what_its_folder_gives(given, tmp_path, shape):
    folder, archive = given(shape)
    load(folder, tmp_path / "plain")
    report = load(archive, tmp_path / "packed")
    assert report.shape == shape
    assert content(tmp_path / "plain") == content(tmp_path / "packed")
    assert load(archive, tmp_path / "packed").unchanged
    assert list((tmp_path / "packed" / "building").iterdir()) == []


def test_archives_among_the_files_of_a_folder_are_opened(given, tmp_path):
    folder, archive = given("fhir")
    moved = tmp_path / "export"
    moved.mkdir()
    shutil.copy(archive, moved / "part.zip")
    load(moved, tmp_path / "mart")
    load(folder, tmp_path / "plain")
    assert content(tmp_path / "mart") == content(tmp_path / "plain")


def test_a_place_in_an_archive_is_named(given, tmp_path):
    folder, _ = given("omop")
    with (folder / "PERSON.csv").open("a") as stream:
        stream.write(",,,,,\n")
    with zipfile.ZipFile(tmp_path / "new.zip", "w") as packed:
        for path in sorted(folder.iterdir()):
            packed.write(path, path.name)
    report = load(tmp_path / "new.zip", tmp_path / "mart")
    assert "PERSON.csv:4" in [each for r in report.reasons for each in r.examples]


def test_an_archive_is_read_again_when_the_mapping_has_changed(
    given, tmp_path, monkeypatch
):
    _, omop = given("omop")
    folder, _ = given("csv")
    load(omop, tmp_path / "mart")
    before = content(tmp_path / "mart")[1]["measurement"]
    assert before.startswith("2-")
    other_rules(monkeypatch, "another")
    load(folder, tmp_path / "mart", name="sheet")
    with Datamart.open(tmp_path / "mart") as mart:
        assert mart.status().persons == 4
    omop.unlink()
    other_rules(monkeypatch, "a third")
    with pytest.raises(SourceError) as caught:
        load(folder, tmp_path / "mart", name="sheet")
    assert caught.value.code == "files-gone"


def other_rules(monkeypatch, version):
    for module in ("loading.taking_in", "given.source_files"):
        monkeypatch.setattr(
            f"rounds.datamart.{module}.mapping_version", lambda: version
        )


def test_an_archive_that_is_up_to_something_leaves_no_datamart(tmp_path):
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as packed:
        packed.writestr("../PERSON.csv", "person_id\n1\n")
    with pytest.raises(DataError) as caught:
        load(tmp_path / "bad.zip", tmp_path / "mart")
    assert caught.value.code == "zip-unsafe"
    assert not (tmp_path / "mart").exists()


def test_an_archive_of_nothing_is_not_recognised(tmp_path):
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as packed:
        packed.writestr("readme.md", "hello")
    with pytest.raises(DataError) as caught:
        load(tmp_path / "empty.zip", tmp_path / "mart")
    assert caught.value.code == "source-empty"
    assert not (tmp_path / "mart").exists()
