"""An archive is unpacked where it is told to, or not at all."""

import stat
import zipfile

import pytest

from rounds.datamart.given import zip_members
from rounds.datamart.given.zip_members import is_zip, unpack
from rounds.nouns.errors import DataError, SourceError


@pytest.fixture
def packed(tmp_path):
    def write(members, **options):
        path = tmp_path / "export.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in members.items():
                archive.writestr(name, text, **options)
        return path

    return write


def test_members_that_may_hold_data_are_unpacked(packed, tmp_path):
    path = packed(
        {
            "cdm/person.csv": "person_id\n1\n",
            "cdm/": "",
            "a.ndjson.gz": "x",
            "__MACOSX/person.csv": "rubbish",
            ".hidden.csv": "rubbish",
            "readme.pdf": "rubbish",
        }
    )
    found = unpack(path, tmp_path / "out")
    assert [name for name, _ in found] == [
        "export.zip/a.ndjson.gz",
        "export.zip/cdm/person.csv",
    ]
    assert found[1][1].read_text() == "person_id\n1\n"
    assert stat.S_IMODE(found[1][1].stat().st_mode) == 0o600
    assert sorted(p for p in (tmp_path / "out").rglob("*") if p.is_file()) == sorted(
        p for _, p in found
    )


@pytest.mark.parametrize(
    "name",
    [
        "../person.csv",
        "/etc/person.csv",
        "a/../../person.csv",
        "..\\person.csv",
        "C:person.csv",
    ],
)
def test_a_place_outside_the_folder_is_refused(packed, tmp_path, name):
    with pytest.raises(DataError) as caught:
        unpack(packed({"ok.csv": "x", name: "person_id\n"}), tmp_path / "out")
    assert caught.value.code == "zip-unsafe"
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "person.csv").exists()


def test_a_link_is_refused(tmp_path):
    info = zipfile.ZipInfo("person.csv")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(DataError, match="a link"):
        unpack(tmp_path / "export.zip", tmp_path / "out")


def test_two_members_of_one_name_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr("person.csv", "1")
        archive.writestr("PERSON.csv", "2")
    with pytest.raises(DataError, match="the name of another"):
        unpack(tmp_path / "export.zip", tmp_path / "out")


def test_what_swells_is_stopped(packed, tmp_path, monkeypatch):
    monkeypatch.setattr(zip_members, "_FREE_BYTES", 1 << 16)
    with pytest.raises(DataError, match="swells"):
        unpack(packed({"bomb.csv": "0" * (1 << 24)}), tmp_path / "out")


def test_a_lie_about_its_size_is_found_while_unpacking(packed, tmp_path, monkeypatch):
    path = packed({"bomb.csv": "0" * (1 << 22)})
    monkeypatch.setattr(zip_members, "_FREE_BYTES", 1 << 16)
    monkeypatch.setattr(zip_members, "_insist_on_room", lambda *_: None)
    with pytest.raises(DataError, match="swells"):
        unpack(path, tmp_path / "out")


@pytest.mark.parametrize("cut", [10, 60, -30])
def test_a_cut_archive_is_refused(packed, tmp_path, cut):
    path = packed({"person.csv": "person_id\n" + "1\n" * 999})
    path.write_bytes(path.read_bytes()[:cut])
    assert is_zip(path)
    with pytest.raises(SourceError) as caught:
        unpack(path, tmp_path / "out")
    assert caught.value.code == "zip-damaged"


def test_a_damaged_member_is_refused(packed, tmp_path):
    path = packed({"person.csv": "person_id\n" + "1\n" * 999})
    content = bytearray(path.read_bytes())
    content[45] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(SourceError):
        unpack(path, tmp_path / "out")
