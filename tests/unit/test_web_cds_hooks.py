"""CDS Hooks 2.0 over HTTP: discovery, prefetch, cards, feedback."""

import datetime as dt
import json
import uuid

import anyio
import pytest
from starlette.applications import Starlette

from rounds.loop.change.cds_hooks import KEYS
from rounds.practice.exposures import exposure_of
from rounds.web.cds_hooks import cds_routes
from stories import practice as story

URL = f"/cds-services/{story.SERVICE}"


def exposure(served, request):
    return exposure_of(served, story.SERVICE, request["hookInstance"])


def assert_error(response, status, code):
    assert response.status_code == status, response.text
    error = response.json()["error"]
    assert list(error) == ["code", "family", "what", "why", "remedies"]
    assert error["code"] == code
    assert "patient-1" not in response.text


def test_discovery_lists_the_service_with_its_prefetch(served):
    """id, hook, title, description and the five templates."""
    app = Starlette(routes=cds_routes(served, now=lambda: story.NOW))

    async def run():
        async with story.client(app) as client:
            return await client.get("/cds-services")

    (service,) = anyio.run(run).json()["services"]
    assert service["id"] == story.SERVICE
    assert service["hook"] == "patient-view"
    assert service["title"]
    assert service["description"]
    assert set(service["prefetch"]) == set(KEYS)


def test_a_card_has_all_that_the_standard_asks(served, ask, active):
    """uuids, summary under 140 characters, source, selectionBehavior, reasons."""
    request = story.due_request(active)
    (card,) = ask(request).json()["cards"]
    uuid.UUID(card["uuid"])
    (suggestion,) = card["suggestions"]
    uuid.UUID(suggestion["uuid"])
    assert len(card["summary"]) < 140
    assert card["indicator"] in ("info", "warning", "critical")
    assert card["source"]["label"]
    assert card["selectionBehavior"] == "at-most-one"
    assert all(set(r) >= {"code", "system", "display"} for r in card["overrideReasons"])
    assert "155" not in json.dumps(card)
    written = exposure(served, request)
    assert (written.arm, written.due, written.shown) == ("active", True, True)
    assert written.card == card["uuid"]


def test_the_silent_arm_gets_no_cards_and_is_written_down(served, ask, silent):
    """Due, not shown."""
    request = story.due_request(silent)
    response = ask(request)
    assert response.content == b'{"cards":[]}'
    written = exposure(served, request)
    assert (written.arm, written.due, written.shown) == ("silent", True, False)
    assert written.card is None


def test_the_same_call_twice_is_one_exposure(served, ask, active):
    """A retry after a lost answer gets that answer."""
    request = story.due_request(active)
    first, second = ask(request, request)
    assert first.content == second.content
    again = json.loads(json.dumps(request))
    again["context"]["patientId"] = "patient-2"
    again["prefetch"] |= {"patient": None}
    assert_error(ask(again), 409, "hook-instance-reused")


@pytest.mark.parametrize("key", ["patient", "conditions", "blood_pressure"])
@pytest.mark.parametrize("how", ["absent", "outcome", "fhirServer"])
def test_a_prefetch_that_the_rule_needs_is_412(served, ask, active, key, how):
    """Absent, or an OperationOutcome; with fhirServer too, for we fetch nothing."""
    request = story.due_request(active)
    if how == "outcome":
        outcome = {"resourceType": "OperationOutcome", "issue": []}
        request["prefetch"][key] = outcome
    else:
        del request["prefetch"][key]
    if how == "fhirServer":
        request["fhirServer"] = "https://ehr.example.org/fhir"
        request["fhirAuthorization"] = {"access_token": "x", "token_type": "Bearer"}
    response = ask(request)
    assert_error(response, 412, "prefetch-missing")
    assert key in response.json()["error"]["what"]
    assert exposure(served, request) is None


def test_no_prefetch_at_all_is_412(ask, active):
    """Every key that is needed is named at once."""
    request = story.due_request(active)
    del request["prefetch"]
    response = ask(request)
    assert_error(response, 412, "prefetch-missing")
    assert "blood_pressure, conditions, patient" in response.text


@pytest.mark.parametrize("key", ["patient", "conditions", "blood_pressure"])
def test_null_means_that_there_is_nothing_so_it_is_silent(served, ask, active, key):
    """The client looked and found none: no card, and an exposure that is not due."""
    request = story.due_request(active)
    request["prefetch"][key] = None
    assert ask(request).json() == {"cards": []}
    written = exposure(served, request)
    assert (written.arm, written.due) == ("active", False)


def _drop_encounter(request):
    del request["prefetch"]["encounter"]


def _no_provider(request):
    del request["prefetch"]["encounter"]["serviceProvider"]


def _other_provider(request):
    reference = {"reference": "Practitioner/clinic-1"}
    request["prefetch"]["encounter"]["serviceProvider"] = reference


@pytest.mark.parametrize("lose", [_drop_encounter, _no_provider, _other_provider])
def test_an_unresolved_clinic_stays_silent_and_is_logged(served, ask, active, lose):
    """arm `none`, no unit; due all the same."""
    request = story.due_request(active)
    lose(request)
    assert ask(request).json() == {"cards": []}
    written = exposure(served, request)
    assert (written.arm, written.unit, written.due) == ("none", None, True)


def test_the_clinic_may_be_an_absolute_reference(ask, active):
    """With or without a version."""
    for form in (
        "https://ehr.example/fhir/Organization/{}",
        "Organization/{}/_history/2",
    ):
        request = story.due_request(active)
        where = {"reference": form.format(active)}
        request["prefetch"]["encounter"]["serviceProvider"] = where
        assert len(ask(request).json()["cards"]) == 1


def _reading(request):
    return request["prefetch"]["blood_pressure"]["entry"][0]["resource"]


def _yesterday(request):
    _reading(request)["effectiveDateTime"] = "2025-02-02T23:59:00+01:00"


def _entered_in_error(request):
    _reading(request)["status"] = "entered-in-error"


def _of_another(request):
    _reading(request)["subject"] = {"reference": "Patient/another"}


def _kilopascal(request):
    for part in _reading(request)["component"]:
        part["valueQuantity"]["code"] = "kPa"


def _no_diastolic(request):
    del _reading(request)["component"][1]


def _refuted(request):
    condition = request["prefetch"]["conditions"]["entry"][0]["resource"]
    condition["verificationStatus"] = {"coding": [{"code": "refuted"}]}


def _resolved(request):
    condition = request["prefetch"]["conditions"]["entry"][0]["resource"]
    condition["clinicalStatus"] = {"coding": [{"code": "resolved"}]}


def _year_of_birth_only(request):
    request["prefetch"]["patient"]["birthDate"] = "1960"


def _too_old(request):
    request["prefetch"]["patient"]["birthDate"] = "1939-02-03"


@pytest.mark.parametrize(
    "spoil",
    [
        _yesterday,
        _entered_in_error,
        _of_another,
        _kilopascal,
        _no_diastolic,
        _refuted,
        _resolved,
        _year_of_birth_only,
        _too_old,
    ],
)
def test_what_does_not_hold_today_for_this_patient_is_silent(
    served, ask, active, spoil
):
    """Other days, other people, other units, errors: no card."""
    request = story.due_request(active)
    spoil(request)
    assert ask(request).json() == {"cards": []}
    assert exposure(served, request).due is False


def test_the_lowest_reading_of_the_day_counts(ask, active):
    """As the quality measure reads it."""
    request = story.due_request(active)
    lower = json.loads(json.dumps(_reading(request)))
    lower["component"][0]["valueQuantity"]["value"] = 128
    request["prefetch"]["blood_pressure"]["entry"].append({"resource": lower})
    assert ask(request).json() == {"cards": []}


def test_standalone_readings_count_as_panels_do(ask, active):
    """8480-6 and 8462-4 as two Observations."""
    request = story.due_request(active)
    panel = _reading(request)
    apart = [
        {"resource": {**panel, **part, "component": None}}
        for part in panel["component"]
    ]
    request["prefetch"]["blood_pressure"]["entry"] = apart
    assert len(ask(request).json()["cards"]) == 1


def test_without_a_start_it_happened_when_it_was_received(served, ask, active):
    """The receipt clock stands in."""
    request = story.due_request(active)
    del request["prefetch"]["encounter"]["period"]
    assert len(ask(request).json()["cards"]) == 1
    assert exposure(served, request).occurred == story.NOW.replace(tzinfo=None)


def test_adoption_and_the_kill_switch_act_on_the_next_call(served, ask, silent):
    """Between two calls of one running application."""
    assert ask(story.due_request(silent)).json() == {"cards": []}
    served.adopt(story.SERVICE, by="x", at=story.NOW, knowledge=story.next_version())
    (card,) = ask(story.due_request(silent)).json()["cards"]
    assert card["summary"] == "A new version speaks."
    served.kill(story.SERVICE, by="x", at=story.NOW)
    assert ask(story.due_request(silent)).json() == {"cards": []}
    assert dt.datetime(2026, 1, 1, tzinfo=dt.UTC) > story.NOW


def test_an_opted_out_patient_gets_no_card_and_leaves_no_name(served, ask, active):
    """Only that there was a call is written."""
    served.opt_out("patient-1", story.NOW)
    request = story.due_request(active, patient="patient-1")
    assert ask(request).json() == {"cards": []}
    written = exposure(served, request)
    assert (written.person_source_value, written.unit, written.arm) == (
        "",
        None,
        "none",
    )
    assert written.encounter is None
    assert not written.due


def test_a_lost_store_is_503_and_shows_nothing(ask, served, active, caplog):
    """No answer without its exposure; no value in the log."""
    import sqlite3

    connection = sqlite3.connect(served.path)
    connection.execute("drop table exposure")
    connection.commit()
    connection.close()
    response = ask(story.due_request(active))
    assert_error(response, 503, "practice-unwritable")
    assert "patient-1" not in caplog.text


def with_fewer_than_one_drug():
    """A second version, which needs one fact more."""
    first = story.knowledge()
    codes = {**first.payload["codes"], "antihypertensives": ["urn:drugs|1"]}
    fewer = {"fact": "n_antihypertensives", "op": "<", "value": 1}
    when = {"all": [first.payload["when"], fewer]}
    examples = tuple(
        one.model_copy(update={"context": {**one.context, "n_antihypertensives": 0}})
        for one in first.examples
    )
    payload = {**first.payload, "when": when, "codes": codes}
    return story.knowledge(version="2", payload=payload, examples=examples)


def test_a_new_version_from_elsewhere_is_read_before_it_answers(served, ask, active):
    """It needs a fact more, and after it is rolled back a fact less, at once."""
    assert len(ask(story.due_request(active)).json()["cards"]) == 1
    second = with_fewer_than_one_drug()
    by = {"by": "x", "at": story.NOW}
    request = story.due_request(active)
    del request["prefetch"]["medications"]
    with story.open_practice(served.path.parent.parent) as elsewhere:
        elsewhere.adopt(story.SERVICE, **by)
        elsewhere.adopt(story.SERVICE, **by, knowledge=second)
        # What this process knew is stale: found out where the exposure is written.
        assert_error(ask(request), 412, "prefetch-missing")
        assert exposure(served, request) is None
        complete = story.due_request(active)
        assert len(ask(complete).json()["cards"]) == 1
        assert exposure(served, complete).knowledge_object == str(second.ref())
        elsewhere.rollback(story.SERVICE, **by)
        assert len(ask(request).json()["cards"]) == 1
    assert exposure(served, request).knowledge_object == str(story.knowledge().ref())
