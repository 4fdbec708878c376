"""What the engine would not read, and what chance all but excludes."""

import json

import pytest

from rounds.datamart import fhir_keys, fhir_lines, fhir_reading
from rounds.nouns import DataError
from stories import small_fhir as story
from stories.fhir_parts import Parts


@pytest.fixture
def parts(tmp_path):
    return Parts(tmp_path / "parts")


def test_ids_that_share_a_key_are_refused_without_naming_them(parts, monkeypatch):
    monkeypatch.setattr(fhir_keys, "_MASK", 1)
    with pytest.raises(DataError) as caught:
        parts.load(*(story.patient(f"secret-{n}") for n in range(3)))
    assert caught.value.code == "key-collision"
    assert "secret" not in str(caught.value)


def test_ids_that_share_a_key_with_one_held_are_refused(parts, monkeypatch):
    monkeypatch.setattr(fhir_keys, "_MASK", 0)
    parts.load(story.patient("a"))
    with pytest.raises(DataError) as caught:
        parts.load(story.patient("b"))
    assert caught.value.code == "key-collision"


@pytest.mark.parametrize("kind", ["Observation", "Patient"])
def test_a_line_that_is_too_long_is_set_aside_and_the_rest_loads(
    parts, tmp_path, monkeypatch, kind
):
    """The engine reads at least 32 MiB at a time, so the line must be longer."""
    monkeypatch.setattr(fhir_reading, "LONGEST_LINE", 16 << 20)
    long = story.observation("long", note=[{"text": "x" * (34 << 20)}])
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "Patient.ndjson").write_text(json.dumps(story.patient()) + "\n")
    lines = [json.dumps(story.observation("a")), "", json.dumps(long)]
    lines.append(json.dumps(story.observation("b")))
    name = "Observation.ndjson" if kind == "Observation" else "mixed.ndjson"
    if kind == "Patient":
        lines.insert(0, json.dumps(story.patient("p2")))
    (folder / name).write_text("\n".join(lines) + "\n")
    told = parts.load_folder(folder)
    assert told.reasons == {("(unreadable)", "line too long"): 1}
    assert [one[0] for one in parts.staged("Observation")] == ["a", "b"]


def test_a_resource_of_fifty_megabytes_loads(parts):
    big = story.observation("big", note=[{"text": "x" * (50 << 20)}])
    told = parts.load(story.patient(), big, story.observation("a"))
    assert told.reasons == {}
    assert len(parts.rows("measurement")) == 2


def test_a_long_line_is_skipped_to_its_end(tmp_path):
    from rounds.datamart.source_files import list_files

    path = tmp_path / "a.ndjson"
    path.write_text(f'{{"a":1}}\n\n{"x" * 3_000_000}\n{{"a":2}}\n{"y" * 20}')
    (file,) = list_files(path)
    copy, long = fhir_lines.without_long_lines(file, tmp_path / "spill", 12)
    assert long == (2, 4)
    expected = ['{"a":1}', "", "(too long)", '{"a":2}', "(too long)"]
    assert copy.path.read_text().splitlines() == expected
