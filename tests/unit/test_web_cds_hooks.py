"""CDS Hooks 2.0 over HTTP: discovery, prefetch, cards, feedback."""

import datetime as dt
import json
import uuid

import anyio
import pytest
from starlette.applications import Starlette

from rounds.loop.change.cds_hooks import KEYS
from rounds.practice.exposures import exposure_of
from rounds.web.cds_auth import Gate
from rounds.web.cds_hooks import cds_routes
from stories import practice as story

URL = f"/cds-services/{story.SERVICE}"


@pytest.fixture
def practice(tmp_path):
    with story.open_practice(tmp_path) as opened:
        story.start(opened)
        yield opened


@pytest.fixture
def ask(practice):
    """Make calls of one application; gives their responses."""
    app = Starlette(routes=cds_routes(practice, now=lambda: story.NOW))

    def ask(*requests, path=URL, **options):
        async def run():
            async with story.client(app) as client:
                return [
                    await client.post(path, json=one, **options) for one in requests
                ]

        responses = anyio.run(run)
        return responses[0] if len(responses) == 1 else responses

    return ask


@pytest.fixture
def active(practice):
    """A clinic whose clinicians see cards."""
    (rollout,) = {entry.rollout for entry in practice.history(story.SERVICE)}
    assignments = practice.assignments(rollout)
    return next(unit for unit, one in assignments.items() if one.arm == "active")


@pytest.fixture
def silent(practice):
    """A clinic whose clinicians do not."""
    (rollout,) = {entry.rollout for entry in practice.history(story.SERVICE)}
    assignments = practice.assignments(rollout)
    return next(unit for unit, one in assignments.items() if one.arm == "silent")


def exposure(practice, request):
    return exposure_of(practice, story.SERVICE, request["hookInstance"])


def assert_error(response, status, code):
    assert response.status_code == status, response.text
    error = response.json()["error"]
    assert list(error) == ["code", "family", "what", "why", "remedies"]
    assert error["code"] == code
    assert "patient-1" not in response.text


def test_discovery_lists_the_service_with_its_prefetch(practice):
    """id, hook, title, description and the five templates."""
    app = Starlette(routes=cds_routes(practice, now=lambda: story.NOW))

    async def run():
        async with story.client(app) as client:
            return await client.get("/cds-services")

    (service,) = anyio.run(run).json()["services"]
    assert service["id"] == story.SERVICE
    assert service["hook"] == "patient-view"
    assert service["title"]
    assert service["description"]
    assert set(service["prefetch"]) == set(KEYS)


def test_a_card_has_all_that_the_standard_asks(practice, ask, active):
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
    written = exposure(practice, request)
    assert (written.arm, written.due, written.shown) == ("active", True, True)
    assert written.card == card["uuid"]


def test_the_silent_arm_gets_no_cards_and_is_written_down(practice, ask, silent):
    """Due, not shown."""
    request = story.due_request(silent)
    response = ask(request)
    assert response.content == b'{"cards":[]}'
    written = exposure(practice, request)
    assert (written.arm, written.due, written.shown) == ("silent", True, False)
    assert written.card is None


def test_the_same_call_twice_is_one_exposure(practice, ask, active):
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
def test_a_prefetch_that_the_rule_needs_is_412(practice, ask, active, key, how):
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
    assert exposure(practice, request) is None


def test_no_prefetch_at_all_is_412(ask, active):
    """Every key that is needed is named at once."""
    request = story.due_request(active)
    del request["prefetch"]
    response = ask(request)
    assert_error(response, 412, "prefetch-missing")
    assert "blood_pressure, conditions, patient" in response.text


@pytest.mark.parametrize("key", ["patient", "conditions", "blood_pressure"])
def test_null_means_that_there_is_nothing_so_it_is_silent(practice, ask, active, key):
    """The client looked and found none: no card, and an exposure that is not due."""
    request = story.due_request(active)
    request["prefetch"][key] = None
    assert ask(request).json() == {"cards": []}
    written = exposure(practice, request)
    assert (written.arm, written.due) == ("active", False)


def _drop_encounter(request):
    del request["prefetch"]["encounter"]


def _no_provider(request):
    del request["prefetch"]["encounter"]["serviceProvider"]


def _other_provider(request):
    reference = {"reference": "Practitioner/clinic-1"}
    request["prefetch"]["encounter"]["serviceProvider"] = reference


@pytest.mark.parametrize("lose", [_drop_encounter, _no_provider, _other_provider])
def test_an_unresolved_clinic_stays_silent_and_is_logged(practice, ask, active, lose):
    """arm `none`, no unit; due all the same."""
    request = story.due_request(active)
    lose(request)
    assert ask(request).json() == {"cards": []}
    written = exposure(practice, request)
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
    practice, ask, active, spoil
):
    """Other days, other people, other units, errors: no card."""
    request = story.due_request(active)
    spoil(request)
    assert ask(request).json() == {"cards": []}
    assert exposure(practice, request).due is False


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


def test_without_a_start_it_happened_when_it_was_received(practice, ask, active):
    """The receipt clock stands in."""
    request = story.due_request(active)
    del request["prefetch"]["encounter"]["period"]
    assert len(ask(request).json()["cards"]) == 1
    assert exposure(practice, request).occurred == story.NOW.replace(tzinfo=None)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("hook",), "order-sign"),
        (("hookInstance",), "not-a-uuid-of-patient-1"),
        (("context",), None),
        (("context", "patientId"), "patient-1/../x"),
        (("context", "patientId"), "patient-1" * 20),
        (("context", "patientId"), 5),
        (("context", "userId"), None),
        (("context", "encounterId"), "another-patient-1"),
        (("prefetch",), []),
        (("prefetch", "patient"), "patient-1"),
        (("prefetch", "patient", "id"), "patient-12"),
        (("prefetch", "encounter", "period"), {"start": "2025-02-30T00:00:00"}),
        (("prefetch", "encounter", "period"), {"start": "soon"}),
        (("prefetch", "blood_pressure", "entry"), {"patient-1": 1}),
    ],
)
def test_a_request_that_is_not_one_is_400(practice, ask, active, path, value):
    """The field is named, what stood in it is not."""
    request = story.due_request(active, patient="patient-1")
    part = request
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value
    assert_error(ask(request), 400, "bad-request")


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b"{", "application/json", 400, "bad-request"),
        (b"", "application/json", 400, "bad-request"),
        (b"[" * 100_000, "application/json", 400, "bad-request"),
        (b"\xff\xfe", "application/json", 400, "bad-request"),
        (b"{}", "text/plain", 415, "not-json"),
        (b" " * 1_000_001, "application/json", 413, "too-large"),
    ],
)
def test_a_body_that_is_not_json_is_refused(practice, content, kind, status, code):
    """Truncated, deep, binary, of another type, or over a megabyte."""
    app = Starlette(routes=cds_routes(practice, now=lambda: story.NOW))

    async def run(path):
        async with story.client(app) as client:
            headers = {"content-type": kind}
            return await client.post(path, content=content, headers=headers)

    for path in (URL, f"{URL}/feedback"):
        assert_error(anyio.run(run, path), status, code)


def test_an_unknown_service_is_404(ask):
    """In the one shape of errors."""
    assert_error(
        ask(story.due_request(), path="/cds-services/no"), 404, "unknown-service"
    )
    body = {"feedback": []}
    path = "/cds-services/no/feedback"
    assert_error(ask(body, path=path), 404, "unknown-service")


def feedback_of(card, /, outcome="accepted", **more):
    item = {
        "card": card["uuid"],
        "outcome": outcome,
        "outcomeTimestamp": "2025-02-03T09:40:00Z",
    }
    if outcome == "accepted":
        item["acceptedSuggestions"] = [{"id": card["suggestions"][0]["uuid"]}]
    return {"feedback": [item | more]}


def test_feedback_is_kept_without_the_free_comment(practice, ask, active, tmp_path):
    """Accepted with its suggestion; overridden with its reason's code alone."""
    (card,) = ask(story.due_request(active)).json()["cards"]
    path = f"{URL}/feedback"
    reason = {
        "reason": {"code": "patient-declines", "system": "urn:x"},
        "userComment": "Mrs Jones says no",
    }
    given = ask(
        feedback_of(card),
        feedback_of(card, "overridden"),
        feedback_of(card, "overridden", overrideReason=reason),
        path=path,
    )
    assert [r.status_code for r in given] == [200] * 3
    content = b"".join(p.read_bytes() for p in practice.path.parent.glob("*sqlite*"))
    assert b"patient-declines" in content
    assert b"Jones" not in content


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"card": str(uuid.uuid4())}, 404, "unknown-card"),
        ({"card": "patient-1"}, 400, "bad-request"),
        ({"outcome": "ignored"}, 400, "bad-request"),
        ({"outcomeTimestamp": "2025-02-03"}, 400, "bad-request"),
        ({"outcomeTimestamp": "2025-02-30T00:00:00Z"}, 400, "bad-request"),
        ({"acceptedSuggestions": []}, 400, "bad-request"),
        ({"acceptedSuggestions": None}, 400, "bad-request"),
        (
            {"acceptedSuggestions": [{"id": str(uuid.uuid4())}]},
            400,
            "unknown-suggestion",
        ),
        (
            {"outcome": "overridden", "overrideReason": {"reason": {"code": "x" * 65}}},
            400,
            "bad-request",
        ),
    ],
)
def test_feedback_that_is_none_is_refused(ask, active, more, status, code):
    """Each with its status and the field, never the value."""
    (card,) = ask(story.due_request(active)).json()["cards"]
    body = feedback_of(card, **more)
    assert_error(ask(body, path=f"{URL}/feedback"), status, code)


def test_feedback_times_with_an_offset_are_the_same_moment(practice, ask, active):
    """10:40+01:00 is 09:40Z: the second is the first again."""
    import sqlite3

    (card,) = ask(story.due_request(active)).json()["cards"]
    same = {"outcomeTimestamp": "2025-02-03T10:40:00.123+01:00"}
    ask(feedback_of(card), feedback_of(card, **same), path=f"{URL}/feedback")
    connection = sqlite3.connect(practice.path)
    (n,) = connection.execute("select count(*) from feedback").fetchone()
    connection.close()
    assert n == 1


def test_calls_at_once_are_each_answered_and_written_once(practice, active, silent):
    """A hundred at a time, some of them twice."""
    app = Starlette(routes=cds_routes(practice, now=lambda: story.NOW))
    requests = [
        story.due_request(active if i % 2 else silent, patient=f"p-{i}")
        for i in range(80)
    ]
    answers = {}

    async def one(client, key, request):
        answers[key] = (await client.post(URL, json=request)).json()

    async def run():
        async with story.client(app) as client, anyio.create_task_group() as group:
            for i, request in enumerate([*requests, *requests[:20]]):
                group.start_soon(one, client, i, request)

    anyio.run(run)
    for i, request in enumerate(requests):
        assert len(answers[i]["cards"]) == i % 2
        assert exposure(practice, request).person_source_value == f"p-{i}"
    assert [answers[80 + i] for i in range(20)] == [answers[i] for i in range(20)]


def test_a_neighbour_in_a_batch_changes_no_answer(practice, active):
    """One caller's missing facts are that caller's alone."""
    app = Starlette(routes=cds_routes(practice, now=lambda: story.NOW))
    good = [story.due_request(active, patient=f"p-{i}") for i in range(10)]
    poor = [story.due_request(active, patient=f"q-{i}") for i in range(10)]
    for request in poor:
        request["prefetch"]["blood_pressure"] = None
        request["prefetch"]["patient"] = None
    answers = {}

    async def one(client, key, request):
        answers[key] = len((await client.post(URL, json=request)).json()["cards"])

    async def run():
        async with story.client(app) as client, anyio.create_task_group() as group:
            for i in range(10):
                group.start_soon(one, client, ("good", i), good[i])
                group.start_soon(one, client, ("poor", i), poor[i])

    anyio.run(run)
    assert {answers["good", i] for i in range(10)} == {1}
    assert {answers["poor", i] for i in range(10)} == {0}


def test_pages_of_listed_origins_may_call_and_no_others(practice, active):
    """A preflight is answered for them; a call from elsewhere is refused."""
    gate = Gate(origins=("https://ehr.example",))
    app = Starlette(routes=cds_routes(practice, now=lambda: story.NOW, gate=gate))

    async def run(method, origin, **options):
        async with story.client(app) as client:
            headers = {"origin": origin, "access-control-request-method": "POST"}
            return await client.request(method, URL, headers=headers, **options)

    good, bad = "https://ehr.example", "https://evil.example"
    allowed = anyio.run(run, "OPTIONS", good)
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == good
    assert anyio.run(run, "OPTIONS", bad).status_code == 400
    for origin, status in ((good, 200), (bad, 403)):
        request = story.due_request(active)

        async def post(origin=origin, request=request):
            return await run("POST", origin, json=request)

        response = anyio.run(post)
        assert response.status_code == status
        header = response.headers.get("access-control-allow-origin")
        assert header == (good if status == 200 else None)
        assert (exposure(practice, request) is None) == (status == 403)


def test_without_a_list_no_page_may_call(ask, active):
    """No origin is allowed unless it is listed."""
    headers = {"origin": "http://localhost:3000"}
    response = ask(story.due_request(active), headers=headers)
    assert_error(response, 403, "not-admitted")
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize(
    ("address", "host", "headers", "status"),
    [
        ("127.0.0.1", "localhost:8000", {}, 200),
        ("::1", "[::1]:8000", {}, 200),
        ("127.0.0.1", "127.0.0.1", {}, 200),
        ("10.0.0.7", "localhost", {}, 403),
        ("127.0.0.1", "rebound.example", {}, 403),
        ("127.0.0.1", "localhost", {"x-forwarded-for": "10.0.0.7"}, 403),
        ("127.0.0.1", "localhost", {"forwarded": "for=10.0.0.7"}, 403),
    ],
)
def test_without_clients_only_this_machine_is_answered(
    practice, address, host, headers, status
):
    """Not another machine, not through a proxy, not by a name that was rebound."""
    import httpx

    app = Starlette(routes=cds_routes(practice, now=lambda: story.NOW))
    transport = httpx.ASGITransport(app=app, client=(address, 5000))

    async def run():
        async with httpx.AsyncClient(
            transport=transport, base_url=f"http://{host}"
        ) as client:
            body = story.due_request()
            return await client.post(URL, json=body, headers=headers)

    assert anyio.run(run).status_code == status


def test_adoption_and_the_kill_switch_act_on_the_next_call(practice, ask, silent):
    """Between two calls of one running application."""
    assert ask(story.due_request(silent)).json() == {"cards": []}
    practice.adopt(story.SERVICE, by="x", at=story.NOW, knowledge=story.next_version())
    (card,) = ask(story.due_request(silent)).json()["cards"]
    assert card["summary"] == "A new version speaks."
    practice.kill(story.SERVICE, by="x", at=story.NOW)
    assert ask(story.due_request(silent)).json() == {"cards": []}
    assert dt.datetime(2026, 1, 1, tzinfo=dt.UTC) > story.NOW


def test_an_opted_out_patient_gets_no_card_and_leaves_no_name(practice, ask, active):
    """Only that there was a call is written."""
    practice.opt_out("patient-1", story.NOW)
    request = story.due_request(active, patient="patient-1")
    assert ask(request).json() == {"cards": []}
    written = exposure(practice, request)
    assert (written.person_source_value, written.unit, written.arm) == (
        "",
        None,
        "none",
    )
    assert written.encounter is None
    assert not written.due


def test_a_lost_store_is_503_and_shows_nothing(ask, practice, active, caplog):
    """No answer without its exposure; no value in the log."""
    import sqlite3

    connection = sqlite3.connect(practice.path)
    connection.execute("drop table exposure")
    connection.commit()
    connection.close()
    response = ask(story.due_request(active))
    assert_error(response, 503, "practice-unwritable")
    assert "patient-1" not in caplog.text
