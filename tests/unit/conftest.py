"""A practice over HTTP, and a datamart of five loads, for the tests that share them."""

import anyio
import pytest
from starlette.applications import Starlette

from rounds.datamart import load
from rounds.web.cds_hooks import cds_routes
from stories import adding
from stories import practice as story


@pytest.fixture
def served(tmp_path):
    with story.open_practice(tmp_path) as opened:
        story.start(opened)
        yield opened


@pytest.fixture
def ask(served):
    """Make calls of one application; gives their responses."""
    app = Starlette(routes=cds_routes(served, now=lambda: story.NOW))

    def ask(*requests, path=story.URL, **options):
        async def run():
            async with story.client(app) as client:
                return [
                    await client.post(path, json=one, **options) for one in requests
                ]

        responses = anyio.run(run)
        return responses[0] if len(responses) == 1 else responses

    return ask


@pytest.fixture
def active(served):
    """A clinic whose clinicians see cards."""
    (rollout,) = {entry.rollout for entry in served.history(story.SERVICE)}
    assignments = served.assignments(rollout)
    return next(unit for unit, one in assignments.items() if one.arm == "active")


@pytest.fixture
def silent(served):
    """A clinic whose clinicians do not."""
    (rollout,) = {entry.rollout for entry in served.history(story.SERVICE)}
    assignments = served.assignments(rollout)
    return next(unit for unit, one in assignments.items() if one.arm == "silent")


@pytest.fixture
def source(monkeypatch):
    """Let loads read `*.readings`."""
    adding.take_over(monkeypatch)


@pytest.fixture
def five(source, tmp_path):
    """A datamart after five loads, each of one more reading."""
    mart = tmp_path / "mart"
    for key in range(1, 6):
        folder = adding.write(tmp_path / f"in-{key}", str(key), [adding.reading(key)])
        load(folder, mart, now=lambda: adding.NOON)
    return mart
