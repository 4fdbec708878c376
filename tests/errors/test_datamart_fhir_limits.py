"""What the engine would not read, and what chance all but excludes."""

import json

import pytest

from rounds.datamart import Datamart, load
from rounds.datamart.fhir import keys as fhir_keys
from rounds.datamart.fhir import lines as fhir_lines
from rounds.datamart.fhir import reading as fhir_reading
from rounds.datamart.given.source_files import list_files
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


@pytest.mark.parametrize("one_file", [True, False])
def test_a_resource_of_fifty_megabytes_loads(tmp_path, one_file):
    """Through a whole load, with the memory that a load is given."""
    big = story.observation("big", note=[{"text": "x" * (50 << 20)}])
    others = [story.patient(), story.observation("a")]
    folder = tmp_path / "in"
    folder.mkdir()
    if one_file:
        files = {"all": [others[0], big, others[1]]}
    else:
        files = {"Patient": others[:1], "Observation": [big, others[1]]}
    for name, some in files.items():
        lines = "\n".join(json.dumps(one) for one in some)
        (folder / f"{name}.ndjson").write_text(lines + "\n")
    report = load(folder, tmp_path / "mart")
    assert (report.read, report.mapped) == (3, 3)
    with Datamart.open(tmp_path / "mart") as mart:
        assert mart._one("SELECT count(*) FROM measurement") == (2,)


def test_a_long_line_is_pruned_or_skipped_to_its_end(tmp_path):
    path = tmp_path / "a.ndjson"
    long = {"resourceType": "Patient", "id": "p", "photo": "y" * 40, "birthDate": "1"}
    lines = ['{"a":1}', "", "x" * 3_000_000, json.dumps(long), "{" + "z" * 60]
    path.write_text("\n".join([*lines, "y" * 200]))
    (file,) = list_files(path)
    short = fhir_lines.shortened(
        file, tmp_path, usual=50, longest=150, wanted=lambda _: ["birthDate"]
    )
    del long["photo"]
    assert short.too_long == (2, 5)
    assert short.file.path.read_text().splitlines() == [
        '{"a":1}',
        "",
        "(too long)",
        json.dumps(long),
        "(not JSON)",
        "(too long)",
    ]


def test_the_resources_of_a_long_bundle_are_pruned():
    entry = {"fullUrl": "urn:1", "resource": {"id": "p", "resourceType": "X", "b": 2}}
    bundle = {"resourceType": "Bundle", "entry": [entry, {"request": {}}]}
    (found,) = [fhir_lines._pruned(json.dumps(bundle), lambda _: ["a"])]
    del entry["resource"]["b"]
    assert json.loads(found) == bundle
