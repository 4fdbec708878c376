"""Whatever is sent to a CDS door, it never breaks open: no 500, no value echoed."""

import json

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from rounds.web.cds_hooks import cds_routes
from stories import practice as story

URL = f"/cds-services/{story.SERVICE}"
JSON = {"content-type": "application/json"}
QUIET = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

anything = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=30),
        st.just("2025-02-03"),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(max_size=10), inner, max_size=3),
    ),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    with story.open_practice(tmp_path_factory.mktemp("cds")) as practice:
        story.start(practice, unit="patient")
        yield Starlette(routes=cds_routes(practice, now=lambda: story.NOW))


def post(app, path, content):
    async def run():
        async with story.client(app) as client:
            return await client.post(path, content=content, headers=JSON)

    return anyio.run(run)


def paths_of(plain, here=()):
    yield here
    items = plain.items() if isinstance(plain, dict) else ()
    items = enumerate(plain) if isinstance(plain, list) else items
    for key, value in items:
        yield from paths_of(value, (*here, key))


@given(st.binary(max_size=200))
@QUIET
def test_bytes_are_refused(app, content):
    """Bytes that are no request are 400."""
    for path in (URL, f"{URL}/feedback"):
        assert post(app, path, content).status_code == 400


@given(st.data())
@QUIET
def test_a_request_with_anything_in_any_place_is_answered(app, data):
    """Cards, or an error of ours: 200, 400, 409 or 412."""
    request = story.due_request()
    path = data.draw(st.sampled_from([p for p in paths_of(request) if p]))
    part = request
    for step in path[:-1]:
        part = part[step]
    if data.draw(st.booleans()):
        part[path[-1]] = data.draw(anything)
    elif isinstance(part, dict):
        del part[path[-1]]
    response = post(app, URL, json.dumps(request).encode())
    assert response.status_code in (200, 400, 409, 412), response.text
    body = response.json()
    assert set(body) in ({"cards"}, {"error"})


@given(anything, st.lists(st.tuples(st.text(), st.text(), anything), max_size=3))
@QUIET
def test_feedback_of_any_shape_is_answered(app, whole, items):
    """200, 400 or 404, and nothing else."""
    listed = [
        {"card": card, "outcome": outcome, "outcomeTimestamp": other, "x": other}
        for card, outcome, other in items
    ]
    for plain in (whole, {"feedback": whole}, {"feedback": listed}):
        response = post(app, f"{URL}/feedback", json.dumps(plain).encode())
        assert response.status_code in (200, 400, 404), response.text
