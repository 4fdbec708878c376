"""A fault of the program's own: the page and the server's log say where, and no value."""

import asyncio
import json
import logging

import httpx
import pytest

from rounds.conduct import Project
from rounds.ledger import Ledger
from rounds.web import create_app


@pytest.fixture
def app(tmp_path, monkeypatch):
    """A page that fails with a person's value in the error's words."""
    project = Project.init(tmp_path / "h", source=None)
    Ledger.open(project.registry).close()

    def failing(*_, **__):
        raise ValueError("Zqsecretname born 1950-02-03")

    monkeypatch.setattr("rounds.ledger.Ledger.open", failing)
    return create_app(project.root)


def asked(app, path):
    async def get():
        # A server logs what an application raises: so it must raise nothing.
        transport = httpx.ASGITransport(app, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as one:
            return await one.get(path)

    return asyncio.run(get())


@pytest.mark.parametrize("path", ["/", "/index.json", "/problems.json"])
def test_what_an_error_says_reaches_neither_the_page_nor_the_log(app, path, caplog):
    with caplog.at_level(logging.DEBUG):
        answer = asked(app, path)
    assert answer.status_code == 500
    assert "Zqsecretname" not in answer.text + caplog.text
    (line,) = [one for one in caplog.records if one.name == "rounds.web"]
    assert line.getMessage().startswith("ValueError at ")
    assert line.exc_info is None


def test_the_json_twin_says_that_the_mistake_is_ours(app):
    assert json.loads(asked(app, "/index.json").text)["error"]["code"] == "unexpected"
