"""CDS Hooks over HTTP: what is refused, feedback, many at once, who may call."""

import uuid

import anyio
import pytest
from starlette.applications import Starlette

from rounds.practice.exposures import exposure_of
from rounds.web.cds_auth import Gate
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
def test_a_request_that_is_not_one_is_400(served, ask, active, path, value):
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
def test_a_body_that_is_not_json_is_refused(served, content, kind, status, code):
    """Truncated, deep, binary, of another type, or over a megabyte."""
    app = Starlette(routes=cds_routes(served, now=lambda: story.NOW))

    async def run(path):
        async with story.client(app) as client:
            headers = {"content-type": kind}
            return await client.post(path, content=content, headers=headers)

    for path in (URL, f"{URL}/feedback"):
        assert_error(anyio.run(run, path), status, code)


def test_what_is_missing_at_the_top_is_said_in_words(ask, active):
    """The decoder gives no path there."""
    assert "what stands at its top is missing" in ask({}).text


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


def test_feedback_is_kept_without_the_free_comment(served, ask, active, tmp_path):
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
    content = b"".join(p.read_bytes() for p in served.path.parent.glob("*sqlite*"))
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


def test_feedback_times_with_an_offset_are_the_same_moment(served, ask, active):
    """10:40+01:00 is 09:40Z: the second is the first again."""
    import sqlite3

    (card,) = ask(story.due_request(active)).json()["cards"]
    same = {"outcomeTimestamp": "2025-02-03T10:40:00.123+01:00"}
    ask(feedback_of(card), feedback_of(card, **same), path=f"{URL}/feedback")
    connection = sqlite3.connect(served.path)
    (n,) = connection.execute("select count(*) from feedback").fetchone()
    connection.close()
    assert n == 1


def test_calls_at_once_are_each_answered_and_written_once(served, active, silent):
    """A hundred at a time, some of them twice."""
    app = Starlette(routes=cds_routes(served, now=lambda: story.NOW))
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
        assert exposure(served, request).person_source_value == f"p-{i}"
    assert [answers[80 + i] for i in range(20)] == [answers[i] for i in range(20)]


def test_a_neighbour_in_a_batch_changes_no_answer(served, active):
    """One caller's missing facts are that caller's alone."""
    app = Starlette(routes=cds_routes(served, now=lambda: story.NOW))
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


def test_pages_of_listed_origins_may_call_and_no_others(served, active):
    """A preflight is answered for them; a call from elsewhere is refused."""
    gate = Gate(origins=("https://ehr.example",))
    app = Starlette(routes=cds_routes(served, now=lambda: story.NOW, gate=gate))

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
        assert (exposure(served, request) is None) == (status == 403)


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
    served, address, host, headers, status
):
    """Not another machine, not through a proxy, not by a name that was rebound."""
    import httpx

    app = Starlette(routes=cds_routes(served, now=lambda: story.NOW))
    transport = httpx.ASGITransport(app=app, client=(address, 5000))

    async def run():
        async with httpx.AsyncClient(
            transport=transport, base_url=f"http://{host}"
        ) as client:
            body = story.due_request()
            return await client.post(URL, json=body, headers=headers)

    assert anyio.run(run).status_code == status
