"""A bad line is set aside with its file, its number and what to do; the rest loads."""

import gzip
import json
import shutil

import pytest

from rounds.datamart import load
from stories import small_fhir as story


@pytest.fixture
def loaded(tmp_path):
    """Load resources of one type beside a good patient, place and visit."""

    def run(kind, *lines, name=None):
        folder = tmp_path / "fhir"
        folder.mkdir(exist_ok=True)
        base = {k: story.RESOURCES[k] for k in ("Organization", "Practitioner")}
        base["Patient"] = [story.patient("p1")]
        base["Encounter"] = [story.encounter("e1")]
        own = [*base.get(kind, []), *lines]
        story.write_ndjson(folder, base | {kind: own})
        if name:
            (folder / f"{kind}.ndjson").rename(folder / name)
        shutil.rmtree(tmp_path / "mart", ignore_errors=True)
        return load(folder, tmp_path / "mart")

    return run


def only(report, kind):
    """Give the one reason of a type, which must be explained."""
    (reason,) = [each for each in report.reasons if each.type == kind]
    assert reason.meaning
    assert reason.remedy
    return reason


GOOD = story.observation("good")
BAD_LINES = {
    "cut": ('{"resourceType":"Observation","id":"x', "(unreadable)", "not JSON"),
    "words": ("not json at all", "(unreadable)", "not JSON"),
    "list": ("[1, 2]", "(unreadable)", "not a resource"),
    "no type": ('{"id": "x"}', "(unreadable)", "not a resource"),
    "other type": (
        json.dumps(story.patient("p9")),
        "Patient",
        "wrong resourceType",
    ),
    "no such type": (
        '{"resourceType":"Banana","id":"x"}',
        "(unknown type)",
        "wrong resourceType",
    ),
}


@pytest.mark.parametrize("case", BAD_LINES, ids=str)
def test_an_unreadable_line_is_set_aside_and_the_good_lines_load(loaded, case):
    line, kind, why = BAD_LINES[case]
    report = loaded("Observation", GOOD, line, story.observation("good2"))
    reason = only(report, kind)
    assert reason.reason == why
    assert reason.examples == ("Observation.ndjson:2",)
    assert report.rows["measurement"] == 2
    assert report.set_aside == 1
    assert report.read == report.mapped + 1


BAD_VALUES = {
    "February 30th": ({"effectiveDateTime": "2024-02-30"}, "impossible date"),
    "a month": ({"effectiveDateTime": "2024-02"}, "date not precise to the day"),
    "a year": ({"effectiveDateTime": "2024"}, "date not precise to the day"),
    "words as date": ({"effectiveDateTime": "yesterday"}, "impossible date"),
    "no date": ({"effectiveDateTime": None}, "no date"),
    "no subject": ({"subject": None}, "no subject"),
    "nobody": ({"subject": story.ref("Patient", "nobody")}, "reference to nothing"),
    "no code": ({"code": {}}, "no code"),
    "entered in error": ({"status": "entered-in-error"}, "entered in error"),
    "cancelled": ({"status": "cancelled"}, "cancelled"),
    "text as number": (
        {"valueQuantity": {"value": "high"}},
        "value of the wrong type: valueQuantity.value",
    ),
    "number in quotes": (
        {"valueQuantity": {"value": "71.5"}},
        "value of the wrong type: valueQuantity.value",
    ),
    "infinity": (
        {"valueQuantity": {"value": float("inf")}},
        "value of the wrong type: valueQuantity.value",
    ),
    "not a number": (
        {"valueQuantity": {"value": float("nan")}},
        "value of the wrong type: valueQuantity.value",
    ),
    "infinity in a component": (
        {"component": [{"code": {}, "valueQuantity": {"value": float("-inf")}}]},
        "value of the wrong type: component.valueQuantity.value",
    ),
    "text as quantity": (
        {"valueQuantity": "71.5 kg"},
        "value of the wrong type: valueQuantity",
    ),
    "text as subject": ({"subject": "p1"}, "value of the wrong type: subject"),
    "object as list": (
        {"performer": story.ref("Practitioner", "d1")},
        "value of the wrong type: performer",
    ),
    "object as code": (
        {"code": {"coding": [{"code": {"value": "29463-7"}}]}},
        "value of the wrong type: code",
    ),
    "text in a component": (
        {"component": [{"code": {}, "valueQuantity": {"value": "low"}}]},
        "value of the wrong type: component.valueQuantity.value",
    ),
    "text as boolean": (
        {"valueBoolean": "yes"},
        "value of the wrong type: valueBoolean",
    ),
}


@pytest.mark.parametrize("case", BAD_VALUES, ids=str)
def test_a_bad_value_sets_its_resource_aside(loaded, case):
    fields, why = BAD_VALUES[case]
    report = loaded("Observation", GOOD, story.observation("bad", **fields))
    reason = only(report, "Observation")
    assert reason.reason == why
    assert reason.examples == ("Observation.ndjson:2",)
    assert report.rows["measurement"] == 1


SET_ASIDE = {
    "planned visit": ("Encounter", story.encounter("x", status="planned"), "planned"),
    "cancelled visit": (
        "Encounter",
        story.encounter("x", status="cancelled"),
        "cancelled",
    ),
    "visit that ends first": (
        "Encounter",
        story.encounter("x", period={"start": "2024-03-02", "end": "2024-03-01"}),
        "ends before it begins",
    ),
    "refuted": (
        "Condition",
        story.condition("x", verificationStatus=story.code("v", "refuted")),
        "refuted",
    ),
    "not done": ("Procedure", story.procedure("x", status="not-done"), "not done"),
    "preparation": ("Procedure", story.procedure("x", status="preparation"), "planned"),
    "no vaccine": (
        "Immunization",
        story.immunization("x", status="not-done", patient=story.ref("Patient", "p1")),
        "not done",
    ),
    "do not perform": (
        "MedicationRequest",
        story.request("x", doNotPerform=True, subject=story.ref("Patient", "p1")),
        "do not perform",
    ),
    "proposal": (
        "MedicationRequest",
        story.request("x", intent="proposal", subject=story.ref("Patient", "p1")),
        "proposal",
    ),
    "elsewhere": (
        "MedicationRequest",
        story.resource(
            "MedicationRequest",
            "x",
            status="active",
            intent="order",
            subject=story.ref("Patient", "p1"),
            authoredOn="2024-01-01",
            medicationReference=story.ref("Medication", "m1"),
        ),
        "medication not found",
    ),
    "dead before birth": (
        "Patient",
        story.patient("x", deceasedDateTime="1959-12-31"),
        "impossible date",
    ),
    "born on February 30th": (
        "Patient",
        story.patient("x", birthDate="1960-02-30"),
        "impossible date",
    ),
    "never born": ("Patient", story.patient("x", birthDate=None), "no birth date"),
    "unsupported": (
        "Appointment",
        story.resource("Appointment", "x", status="booked"),
        "unsupported type",
    ),
}


@pytest.mark.parametrize("case", SET_ASIDE, ids=str)
def test_what_did_not_happen_is_set_aside(loaded, case):
    kind, line, why = SET_ASIDE[case]
    report = loaded(kind, line)
    assert only(report, kind).reason == why
    assert report.by_type[kind].set_aside == 1
    assert report.read == report.mapped + report.set_aside


def test_a_unit_that_is_not_ucum_is_loaded_with_a_remark(loaded):
    odd = story.observation("odd", valueQuantity=story.quantity(3, "bananas"))
    report = loaded("Observation", GOOD, odd)
    assert report.set_aside == 0
    assert report.rows["measurement"] == 2
    (remark,) = report.remarks
    assert remark.reason == "unit that is not UCUM"
    assert remark.examples == ("Observation.ndjson:2",)


def test_a_lost_visit_is_loaded_with_a_remark(loaded):
    report = loaded(
        "Observation", story.observation("x", encounter=story.ref("Encounter", "no"))
    )
    (remark,) = report.remarks
    assert remark.reason == "reference to nothing: encounter"
    assert remark.remedy


def test_events_of_a_patient_who_was_set_aside_say_so(loaded):
    report = loaded(
        "Observation", GOOD, story.observation("x", subject=story.ref("Patient", "p9"))
    )
    assert only(report, "Observation").reason == "reference to nothing"
    lost = story.patient("p9", birthDate="2024-02-30")
    report = loaded("Patient", lost)
    assert only(report, "Patient").reason == "impossible date"
    assert only(report, "Observation").reason == "subject set aside"


def test_identical_repeats_count_as_duplicates(loaded):
    report = loaded("Observation", GOOD, GOOD, GOOD)
    assert only(report, "Observation").reason == "duplicate id"
    assert only(report, "Observation").n == 2
    assert report.rows["measurement"] == 1


def test_line_numbers_count_blank_lines(loaded, tmp_path):
    loaded("Observation", GOOD)
    path = tmp_path / "fhir" / "Observation.ndjson"
    bad = json.dumps(story.observation("x", status="cancelled"))
    text = f"\n{json.dumps(GOOD)}\n\n   \n{bad}\n"
    path.unlink()
    (path.parent / "Observation.ndjson.gz").write_bytes(gzip.compress(text.encode()))
    report = load(path.parent, tmp_path / "another")
    assert only(report, "Observation").examples == ("Observation.ndjson.gz:5",)


def test_file_names_do_not_matter(loaded):
    report = loaded("Observation", GOOD, name="part-0.ndjson")
    assert report.set_aside == 0
    assert report.rows["measurement"] == 1


def test_one_file_may_hold_every_type(tmp_path):
    lines = [json.dumps(one) for each in story.RESOURCES.values() for one in each]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "all.ndjson").write_text("\n".join(lines))
    (tmp_path / "by-type").mkdir()
    story.write_ndjson(tmp_path / "by-type")
    one = load(tmp_path / "in", tmp_path / "one")
    other = load(tmp_path / "by-type", tmp_path / "other")
    assert one.by_type == other.by_type
    assert one.rows == other.rows


def test_no_report_holds_a_value_from_a_persons_row(loaded):
    secret = "Zebulon-1959-11-23"
    report = loaded(
        "Observation",
        story.observation(secret, effectiveDateTime=secret),
        story.observation("b", subject={"reference": f"Patient/{secret}"}),
        f'{{"resourceType":"{secret}"}}',
        f'{{"resourceType":"Observation","id":"{secret}',
    )
    assert report.set_aside == 4
    assert secret not in json.dumps(report.as_dict())
    assert secret not in repr(report)
