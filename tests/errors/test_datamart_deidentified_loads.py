"""What a load with de-identification leaves behind, and says, when it fails."""

import random
import zipfile

import pytest

from rounds.datamart import load
from rounds.datamart.deidentify import DeidentifyPlan
from rounds.datamart.loading import taking_in
from rounds.datamart.store.writing import Writer
from rounds.nouns import RoundsError
from stories import small_fhir as story
from stories.canaries import found_in_files, found_in_text

NAME = "Zqann Zqexample"
PEOPLE = "person_id,year_of_birth,person_source_value\n1,1960,Zqmrn\n"


@pytest.fixture
def plan(tmp_path):
    return DeidentifyPlan(
        mode="safe_harbor",
        key=bytes(range(32)),
        reference_year=2026,
        codes=tmp_path / "private" / "deidentify-codes",
        random_bytes=random.Random(7).randbytes,
    )


@pytest.fixture
def mart(tmp_path):
    return tmp_path / "private" / "datamart"


def packed(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def folder_of(tmp_path, files):
    folder = tmp_path / NAME
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def test_copies_that_a_killed_load_left_are_gone_when_the_next_one_begins(
    tmp_path, mart, plan
):
    """Whatever they are, and before anything is read: even a load that then fails."""
    source = folder_of(tmp_path, {"person.csv": PEOPLE})
    load(source, mart, deidentify=plan)
    left = mart / "building" / "given" / "0123456789abcdef"
    left.mkdir(parents=True)
    (left / "person.csv").write_text(PEOPLE)
    (left / "locked").mkdir(mode=0o700)
    (mart / "building" / "spill").mkdir()
    (mart / "building" / "spill" / "salvaged-0.ndjson").write_text("Zqmrn")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "theirs").write_text("kept")
    (mart / "building" / "link").symlink_to(elsewhere, target_is_directory=True)
    assert found_in_files(mart, ["Zqmrn"])
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "person.csv").write_text("person_id\n")
    with pytest.raises(RoundsError):
        load(broken, mart, deidentify=plan)
    assert list((mart / "building").iterdir()) == []
    assert found_in_files(mart, ["Zqmrn"]) == {}
    assert (elsewhere / "theirs").read_text() == "kept"


def test_copies_are_gone_before_the_snapshot_is_in_force(
    tmp_path, mart, plan, monkeypatch
):
    """They are there while they are read, and no longer."""
    seen = {}
    build, commit = taking_in.Loading._build, Writer.commit

    def building(self, *given):
        seen["read"] = found_in_files(mart / "building", ["Zqmrn"])
        return build(self, *given)

    def committing(self, snapshot):
        seen["put in force"] = found_in_files(mart, ["Zqmrn"])
        return commit(self, snapshot)

    monkeypatch.setattr(taking_in.Loading, "_build", building)
    monkeypatch.setattr(Writer, "commit", committing)
    load(packed(tmp_path / "in.zip", {"person.csv": PEOPLE}), mart, deidentify=plan)
    assert seen["read"]
    assert seen["put in force"] == {}


def changing(path):
    """Append to a file while the load tells what it reads."""

    def tell(*_):
        with path.open("a") as stream:
            stream.write("\n")

    return tell


CSV = f"{NAME}.csv"
MAPPED = f"files:\n  {CSV}:\n    row: person\n    person: mrn\n    birth: born\n"


def faults(tmp_path):
    """Give each load that fails for one of its files: source, and who is told."""
    tiny = folder_of(tmp_path, {f"{NAME}.ndjson": ""})
    story.write_ndjson(tiny, {"Patient": [story.patient()]})
    yield "changed", tiny, changing(tiny / f"{NAME}.ndjson")
    damaged = tmp_path / f"{NAME}.zip"
    damaged.write_bytes(b"PK\x03\x04 and nothing more")
    yield "damaged", damaged, None
    yield "unsafe", packed(tmp_path / f"{NAME} 2.zip", {"../x.csv": "x"}), None
    unmapped = tmp_path / "unmapped"
    unmapped.mkdir()
    (unmapped / "rounds-mapping.yaml").write_text(MAPPED)
    (unmapped / CSV).write_text("a,b\n1,2\n")
    yield "column", unmapped, None
    empty = tmp_path / f"{NAME} empty"
    empty.mkdir()
    yield "empty", empty, None
    yield "missing", tmp_path / f"{NAME} missing", None
    nobody = tmp_path / f"{NAME} nobody"
    nobody.mkdir()
    (nobody / "person.csv").write_text("person_id,year_of_birth\n1,\n")
    yield "nobody", nobody, None


def test_no_error_names_a_file_by_its_own_name(tmp_path, mart, plan):
    said = {}
    for what, source, progress in faults(tmp_path):
        with pytest.raises(RoundsError) as error:
            load(source, mart, deidentify=plan, progress=progress)
        said[what] = str(error.value)
    words = ["Zqann", "Zqexample"]
    assert {
        what: text for what, text in said.items() if found_in_text(text, words)
    } == {}
    assert "file-1.ndjson changed" in said["changed"]
    assert "file-0.zip is not a whole" in said["damaged"]
    assert "the source" in said["empty"]


def test_without_de_identification_they_are_named(tmp_path, mart):
    for what, source, progress in faults(tmp_path):
        with pytest.raises(RoundsError) as error:
            load(source, mart, progress=progress)
        assert "Zqann" in str(error.value), what
