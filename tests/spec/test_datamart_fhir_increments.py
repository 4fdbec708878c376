"""FHIR that comes late, changed, deleted, doubled or out of order."""

import datetime as dt
import json

import pytest

from stories import small_fhir as story
from stories.changes import SYSTEM, deletion
from stories.fhir_parts import Parts
from stories.small_fhir import key, ref

PERSON = key("Patient", "p1")
VISIT = key("Encounter", "e1")


@pytest.fixture
def parts(tmp_path):
    return Parts(tmp_path / "parts")


def at(time, version=None):
    """Give the meta of a resource updated then."""
    given = {"lastUpdated": time, "versionId": version}
    return {"meta": {name: value for name, value in given.items() if value}}


EARLY, LATE = "2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z"


def test_a_patient_who_comes_late_brings_what_came_before(parts):
    told = parts.load(story.encounter(), story.condition())
    assert told.reasons == {
        ("Encounter", "reference to nothing"): 1,
        ("Condition", "reference to nothing"): 1,
    }
    assert parts.staged("Condition") == [("c1",)]
    told = parts.load(story.patient())
    assert (told.by_type["Patient"].mapped, told.touched) == (1, 1)
    assert parts.rows("visit_occurrence", "person_id") == [(PERSON,)]
    columns = "person_id, visit_occurrence_id"
    assert parts.rows("condition_occurrence", columns) == [(PERSON, VISIT)]


def test_a_patient_mended_late_brings_what_was_set_aside_with_him(parts):
    told = parts.load(story.patient(birthDate="2024-02-30"), story.condition())
    assert told.reasons[("Condition", "subject set aside")] == 1
    parts.load(story.patient(**at(LATE)))
    assert parts.rows("condition_occurrence", "person_id") == [(PERSON,)]


@pytest.mark.parametrize(
    "by", ["Organization/o1", f"Organization?identifier={SYSTEM}|7"]
)
def test_a_clinic_that_comes_late_is_found_by_visits_and_persons(parts, by):
    clinic = story.resource(
        "Organization", "o1", identifier=[{"system": SYSTEM, "value": "7"}]
    )
    told = parts.load(
        story.patient(managingOrganization={"reference": by}),
        story.encounter(serviceProvider={"reference": by}),
        story.patient("p2"),
    )
    assert told.remarks[("Encounter", "reference to nothing: care_site")] == 1
    told = parts.load(clinic)
    assert told.touched == 1
    expected = [(key("Organization", "o1"),)]
    assert parts.rows("visit_occurrence", "care_site_id") == expected
    assert parts.rows("person", "care_site_id", f"person_id = {PERSON}") == expected
    told = parts.load(clinic | {"name": "North", **at(LATE)})
    assert told.touched == 0, "a new name concerns no person"
    assert parts.rows("care_site", "care_site_name") == [("North",)]
    assert told.loaded.places
    parts.load(deletion("Organization", "o1", "2024-03-01T00:00:00Z"))
    assert parts.rows("visit_occurrence", "care_site_id") == [(None,)]
    assert parts.rows("care_site") == []


def test_a_visit_that_comes_late_is_found_by_its_events(parts):
    told = parts.load(story.patient(), story.condition())
    assert told.remarks == {("Condition", "reference to nothing: encounter"): 1}
    told = parts.load(story.encounter(serviceProvider=None, participant=None))
    assert told.remarks == {}
    assert not told.loaded.places
    assert parts.rows("condition_occurrence", "visit_occurrence_id") == [(VISIT,)]


def test_a_visit_of_somebody_else_is_none_of_this_event(parts):
    visit = story.encounter(subject=ref("Patient", "p2"))
    told = parts.load(story.patient(), story.patient("p2"), visit, story.condition())
    assert told.remarks[("Condition", "reference to nothing: encounter")] == 1
    assert parts.rows("condition_occurrence", "visit_occurrence_id") == [(None,)]


def test_a_resource_that_changes_its_subject_leaves_the_former_one(parts):
    people = (story.patient(), story.patient("p2"))
    parts.load(*people, story.condition(**at(EARLY)))
    told = parts.load(story.condition(subject=ref("Patient", "p2"), **at(LATE)))
    assert told.touched == 2
    found = parts.rows("condition_occurrence", "condition_occurrence_id, person_id")
    assert found == [(key("Condition", "c1"), key("Patient", "p2"))]


@pytest.mark.parametrize("turned", [False, True])
def test_what_is_deleted_stays_so_when_an_older_version_comes(parts, turned):
    loads = [
        [story.patient(), story.condition(**at(EARLY))],
        [deletion("Condition", "c1", LATE)],
        [story.condition(**at("2024-01-15T00:00:00Z"))],
    ]
    told = [parts.load(*lines) for lines in (reversed(loads) if turned else loads)]
    assert parts.rows("condition_occurrence") == []
    assert told[1].by_type["(delete)"].mapped == 1
    assert told[2].reasons == {("Condition", "older version"): 1}
    parts.load(story.condition(**at("2024-03-01T00:00:00Z")))
    assert len(parts.rows("condition_occurrence")) == 1, "it may be made again"


@pytest.mark.parametrize("together", [False, True])
def test_a_deletion_without_a_time_is_said_to_be_one(parts, together):
    """It is not older than what stays: nobody knows when it was."""
    dated, dateless = story.condition(**at(EARLY)), deletion("Condition", "c1")
    if together:
        told = parts.load(story.patient(), dated, dateless)
    else:
        parts.load(story.patient(), dated)
        told = parts.load(dateless)
    assert told.reasons == {("(delete)", "deletion without a time"): 1}
    assert len(parts.rows("condition_occurrence")) == 1


def test_a_deletion_without_a_time_deletes_what_has_none_itself(parts):
    parts.load(story.patient(), story.condition())
    told = parts.load(deletion("Condition", "c1"))
    assert told.reasons == {}
    assert parts.rows("condition_occurrence") == []


def test_a_deletion_of_an_older_version_without_a_time_is_older(parts):
    parts.load(story.patient(), story.condition(meta={"versionId": "3"}))
    older = deletion("Condition", "c1")
    older["entry"][0]["response"] = {"status": "204", "etag": 'W/"2"'}
    told = parts.load(older)
    assert told.reasons == {("(delete)", "older version"): 1}


def test_a_deleted_patient_takes_all_rows_along(parts):
    parts.load(
        story.patient(address=[{"city": "Ely"}], deceasedDateTime="2024-05-06"),
        story.encounter(),
        story.condition(),
        story.panel(),
        story.patient("p2", birthDate="1950"),
    )
    parts.load(deletion("Patient", "p1", LATE))
    left = {table: sum(rows.values()) for table, rows in parts.content().items()}
    assert {name for name, n in left.items() if n} == {"person"}
    parts.load(story.patient(**at("2024-03-01T00:00:00Z")))
    assert len(parts.rows("measurement")) == 2


VERSIONS = {
    "a later instant": (at(EARLY), at(LATE)),
    "whatever the version says": (at(EARLY, "9"), at(LATE, "1")),
    "with another offset": (
        at("2024-01-01T01:00:00+02:00"),
        at("2023-12-31T23:30:00Z"),
    ),
    "a time over none": ({}, at(EARLY)),
    "a number that is higher": (at(EARLY, "9"), at(EARLY, "10")),
    "a version over none": (at(EARLY), at(EARLY, "1")),
    "versions without a time": (
        {"meta": {"versionId": "2"}},
        {"meta": {"versionId": "3"}},
    ),
}


@pytest.mark.parametrize("case", VERSIONS, ids=str)
@pytest.mark.parametrize("how", ["in turn", "backwards", "together"])
def test_the_later_version_wins(parts, case, how):
    older, newer = (
        story.condition(code=story.code(story.SNOMED, code), **meta)
        for code, meta in zip(("1", "2"), VERSIONS[case], strict=True)
    )
    loads = {
        "in turn": [[older], [newer]],
        "backwards": [[newer], [older]],
        "together": [[newer, older]],
    }[how]
    told = [parts.load(story.patient(), *lines) for lines in loads]
    assert parts.rows("condition_occurrence", "condition_source_value") == [("2",)]
    reasons = told[-1].reasons
    assert ("Condition", "conflicting versions") not in reasons
    assert (("Condition", "older version") in reasons) == (how != "in turn")
    assert parts.rows("person", "count(*)") == [(1,)]


def test_what_only_the_content_decides_is_a_conflict_and_always_ends_the_same(tmp_path):
    one, other = (
        story.condition(code=story.code(story.SNOMED, code), **at(EARLY, "1"))
        for code in "12"
    )
    found, conflicts = set(), []
    for n, loads in enumerate(([[one], [other]], [[other], [one]], [[one, other]])):
        parts = Parts(tmp_path / str(n))
        told = [parts.load(story.patient(), *lines) for lines in loads][-1]
        found.add(tuple(parts.rows("condition_occurrence", "condition_source_value")))
        conflict = ("Condition", "conflicting versions")
        conflicts.append(told.reasons.get(conflict, 0) + told.remarks.get(conflict, 0))
    assert len(found) == 1
    assert conflicts == [1, 1, 1]


def test_the_same_again_changes_nothing(parts):
    everything = [one for each in story.RESOURCES.values() for one in each]
    first = parts.load(*everything)
    before = parts.content()
    told = parts.load(*everything)
    assert parts.content() == before
    assert told.touched == 0
    kinds = set(first.by_type) - {"CarePlan"}
    assert {(kind, "duplicate id") for kind in kinds} < set(told.reasons)
    assert first.touched is None


DELETIONS = {
    "a transaction": ("transaction", {"timestamp": LATE}, {}),
    "a batch with its answer": ("batch", {}, {"response": {"lastModified": LATE}}),
    "a history": ("history", {}, {"response": {"lastModified": LATE, "etag": 'W/"3"'}}),
    "the bundle's own time": ("collection", {"meta": {"lastUpdated": LATE}}, {}),
}


@pytest.mark.parametrize("case", DELETIONS, ids=str)
@pytest.mark.parametrize("url", ["Condition/c1", "https://ehr.example/r4/Condition/c1"])
def test_a_bundle_may_ask_to_delete(parts, case, url):
    kind, bundle_time, entry_time = DELETIONS[case]
    parts.load(story.patient(), story.condition(**at(EARLY, "2")))
    entry = {"request": {"method": "DELETE", "url": url}, **entry_time}
    gone = {"resourceType": "Bundle", "type": kind, "entry": [entry], **bundle_time}
    told = parts.load(gone, name="Condition.deleted.ndjson")
    assert told.by_type["(delete)"].mapped == 1
    assert parts.rows("condition_occurrence") == []
    assert parts.staged("Condition", "id, updated", "deleted") == [("c1", LATE)]


def test_a_pretty_bundle_may_hold_changes_and_deletions(parts, tmp_path):
    parts.load(story.patient(), story.condition("c1"), story.condition("c2"))
    entries = [
        {"request": {"method": "DELETE", "url": "Condition/c1"}},
        {"request": {"method": "DELETE", "url": "Condition?code=I10"}},
        {"request": {"method": "DELETE", "url": "CarePlan/x"}},
        {
            "resource": story.condition("c3"),
            "request": {"method": "PUT", "url": "Condition/c3"},
        },
        {
            "resource": story.resource("OperationOutcome", "x"),
            "search": {"mode": "outcome"},
        },
        {"fullUrl": "https://ehr.example/Condition/c4"},
    ]
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "timestamp": LATE,
        "entry": entries,
    }
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "b.json").write_text(json.dumps(bundle, indent=2))
    told = parts.load_folder(tmp_path / "in")
    assert told.reasons == {
        ("(delete)", "delete without an id"): 1,
        ("(delete)", "unsupported type"): 1,
        ("OperationOutcome", "outcome of a search"): 1,
        ("(unreadable)", "not a resource"): 1,
    }
    assert told.by_type["(delete)"].read == 3
    assert parts.staged("Condition") == [("c2",), ("c3",)]


def test_a_reference_by_urn_stays_within_its_file(parts):
    urn = "urn:uuid:0b1c0000-0000-4000-8000-000000000001"
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {"fullUrl": urn, "resource": story.patient("p7")},
            {"resource": story.condition("a", subject={"reference": urn})},
        ],
    }
    parts.load(bundle)
    told = parts.load(story.condition("b", subject={"reference": urn}))
    assert told.reasons == {("Condition", "reference to nothing"): 1}
    assert parts.rows("condition_occurrence", "person_id") == [(key("Patient", "p7"),)]


def test_a_newer_version_that_cannot_be_mapped_leaves_no_older_one(parts):
    parts.load(story.patient(), story.condition(**at(EARLY)))
    told = parts.load(
        story.condition(subject="Patient/p1", **at(LATE)),
        story.condition("c9", onsetDateTime="2024-02-30"),
    )
    assert told.reasons == {
        ("Condition", "value of the wrong type: subject"): 1,
        ("Condition", "impossible date"): 1,
    }
    assert parts.rows("condition_occurrence") == []


def test_rows_of_a_named_source_have_ids_of_their_own(tmp_path):
    parts = Parts(tmp_path / "parts", namespace="north")
    parts.load(*(one for each in story.RESOURCES.values() for one in each))
    named = key("north|Patient", "p1")
    columns = "person_id, person_source_value"
    assert (named, "north:p1") in parts.rows("person", columns)
    assert parts.rows("care_site", "care_site_source_value") == [("north:o1",)]
    assert parts.rows("provider", "provider_source_value") == [("north:d1",)]


def test_the_person_has_one_observation_period_over_everything(parts):
    parts.load(story.patient(), story.condition())
    parts.load(story.condition("c5", onsetDateTime="2020-01-01"))
    parts.load(story.condition("c6", onsetDateTime="2025-01-01"))
    assert parts.rows("observation_period") == [
        (PERSON, PERSON, dt.date(2020, 1, 1), dt.date(2025, 1, 1), 32817)
    ]
