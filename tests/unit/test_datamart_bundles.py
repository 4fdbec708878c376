"""A folder of Bundles: collection, transaction and searchset alike."""

import json

import pytest

from rounds.datamart import Datamart, load
from stories import small_fhir as story

PATIENT = "urn:uuid:0b1c0000-0000-4000-8000-000000000001"
VISIT = "urn:uuid:0b1c0000-0000-4000-8000-000000000002"


def transaction():
    """Entries that refer to each other by their fullUrl, and by an identifier."""
    clinic = {
        "resourceType": "Organization",
        "id": "o1",
        "identifier": [{"system": "urn:clinics", "value": "7"}],
    }
    patient = story.patient()
    visit = story.encounter(
        "e1",
        subject={"reference": PATIENT},
        serviceProvider={"reference": "Organization?identifier=urn:clinics|7"},
        participant=None,
    )
    del patient["id"]
    problem = story.condition(
        subject={"reference": PATIENT}, encounter={"reference": VISIT}
    )
    entries = [
        {"fullUrl": PATIENT, "resource": patient},
        {"fullUrl": VISIT, "resource": visit},
        {"resource": problem},
        {"resource": clinic},
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def load_text(tmp_path, **texts):
    (tmp_path / "in").mkdir()
    for name, text in texts.items():
        (tmp_path / "in" / f"{name}.json").write_text(text)
    return load(tmp_path / "in", tmp_path / "mart")


@pytest.mark.parametrize("indent", [None, 2])
def test_entries_refer_to_each_other_by_full_url(tmp_path, indent):
    report = load_text(tmp_path, one=json.dumps(transaction(), indent=indent))
    assert report.set_aside == 0
    assert report.remarks == ()
    assert report.read == 4
    with Datamart.open(tmp_path / "mart") as mart:
        found = mart._connection.execute(
            "SELECT condition_occurrence.person_id, visit_occurrence_id, "
            "care_site_source_value FROM condition_occurrence "
            "JOIN visit_occurrence USING (visit_occurrence_id) "
            "JOIN care_site USING (care_site_id)"
        ).fetchall()
    ids = [name.removeprefix("urn:uuid:") for name in (PATIENT, VISIT)]
    assert found == [(story.key("Patient", ids[0]), story.key("Encounter", "e1"), "o1")]


def test_one_broken_bundle_does_not_stop_the_others(tmp_path):
    text = json.dumps(transaction(), indent=1)
    report = load_text(tmp_path, a=text[: len(text) // 2], b=text)
    assert report.persons == 1
    (reason,) = report.reasons
    assert reason.reason == "not JSON"
    assert reason.examples == ("a.json:entry 1",)


def test_a_single_resource_may_stand_in_a_file_of_its_own(tmp_path):
    report = load_text(
        tmp_path,
        p=json.dumps(story.patient(), indent=2),
        c=json.dumps(story.condition()),
    )
    assert report.by_type["Condition"].mapped == 1


def test_a_cut_off_gzip_file_loads_up_to_the_cut(tmp_path):
    import gzip
    import random

    folder = tmp_path / "in"
    folder.mkdir()
    story.write_ndjson(folder, {"Patient": [story.patient()]})
    noise = random.Random(1)
    lines = [
        json.dumps(story.condition(f"c{n}", note=noise.random())) for n in range(500)
    ]
    packed = gzip.compress("\n".join(lines).encode())
    (folder / "Condition.ndjson.gz").write_bytes(packed[: len(packed) // 2])
    report = load(folder, tmp_path / "mart")
    n = report.by_type["Condition"].mapped
    assert 50 < n < 450
    (reason,) = report.reasons
    assert reason.reason == "not JSON"
    assert reason.examples == (f"Condition.ndjson.gz:{n + 1}",)


def test_characters_of_a_file_name_stand_for_themselves(tmp_path):
    """A name such as `Patient[1].ndjson` would match `Patient1.ndjson` as a pattern."""
    (tmp_path / "in").mkdir()
    for name in ("Patient[1]", "Patient1", "Patient*"):
        line = {
            "resourceType": "Patient",
            "id": f"p{ord(name[7])}",
            "birthDate": "1950",
        }
        (tmp_path / "in" / f"{name}.ndjson").write_text(json.dumps(line) + "\n")
    report = load(tmp_path / "in", tmp_path / "mart")
    assert (report.read, report.mapped, report.persons) == (3, 3, 3)
