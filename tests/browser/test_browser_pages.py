"""One walk over the pages of a real server, in a real browser."""

import datetime as dt
import re
import runpy
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from rounds.definitions import builtin_measures
from rounds.ledger import Ledger
from rounds.reports import render, style_sheet
from stories.told_opportunities import opportunities
from stories.told_partition import partition
from stories.told_watch import falling, maintenance

HERE = Path(__file__).parent
CHROMIUM = runpy.run_path(str(HERE / "chromium.py"))
STORIES = runpy.run_path(str(HERE.parent / "stories" / "hypertension.py"))
SERVE = """
import sys, uvicorn
from rounds.web import create_app
uvicorn.run(create_app(sys.argv[1]), port=int(sys.argv[2]), log_level="error")
"""
PAIR = ("blood-pressure-control", "abdominal-ct-use")
ALERT = falling(300)
WALK = [
    "/", "/problems", "/problems/hypertension-control", "/evidence/reminders",
    "/changes/intensify", "/changes/protocol/intensify-trial",
    "/evaluations/intensify", "/decisions", "/decisions/intensify", "/nowhere",
    "/problems/opportunity-list/opportunities",
    "/problems/variance-partition/blood-pressure-control-and-abdominal-ct-use",
    f"/problems/alert/{ALERT.name}", "/evaluations/maintenance/intensify",
]  # fmt: skip


def told_partition():
    """A partition whose measures the ledger knows, so that its pictures are drawn."""
    pair = [builtin_measures()[name] for name in PAIR]
    refs = {"measure": pair[0].ref(), "balancing": pair[1].ref()}
    return partition().model_copy(update=refs)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server of a project whose ledger holds one whole turn."""
    root = tmp_path_factory.mktemp("site")
    (root / "private").mkdir()
    (root / "rounds.toml").write_text("")
    with Ledger.open(root / "private" / "registry.sqlite") as ledger:
        STORIES["publish"](ledger, STORIES["full"]())
        late = dt.datetime(2025, 11, 1, tzinfo=dt.UTC)
        ledger.publish(opportunities(), at=late, by="The demo")
        made = (told_partition(), ALERT, maintenance())
        for one in (*(builtin_measures()[name] for name in PAIR), *made):
            ledger.publish(one, at=late, by="The demo")
    render(STORIES["full"](), root / "report.html")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    child = subprocess.Popen([sys.executable, "-c", SERVE, str(root), str(port)])
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                httpx.get(base)
                break
            except httpx.TransportError:
                assert child.poll() is None, "the server stopped"
                time.sleep(0.1)
        yield base
    finally:
        child.terminate()
        child.wait(timeout=20)


def test_a_walk_round_the_ring(server):
    """From the ring to each step and its noun by links alone, as a person goes."""
    address = "/"
    for wanted in ("/problems", "/problems/hypertension-control", "/", "/evidence",
                   "/evidence/reminders", "/changes", "/changes/intensify",
                   "/evaluations", "/evaluations/intensify", "/decisions",
                   "/decisions/intensify", "/report"):  # fmt: skip
        page = httpx.get(server + address)
        assert page.status_code == 200
        links = re.findall(r'href="(/[^"#]*)"', page.text)
        found = [link for link in links if link.split("?")[0] == wanted]
        assert found, (address, wanted)
        address = found[0]
    assert "In plain language" in httpx.get(server + address).text


@pytest.mark.parametrize("path", ["/", "/evaluations/intensify", "/report"])
def test_the_browser_finds_nothing_against_the_policy(server, tmp_path, path):
    """Each page is dressed under the Content-Security-Policy that it is served with."""
    picture = tmp_path / "page.png"
    _, log = CHROMIUM["run"](
        tmp_path, "--enable-logging=stderr", "--window-size=1280,800",
        f"--screenshot={picture}", server + path,
    )  # fmt: skip
    assert "Content Security Policy" not in log, log[-1000:]
    assert picture.stat().st_size > 20_000


def test_every_page_can_be_used_by_everyone(server, tmp_path):
    """On a telephone and at a desk: axe finds nothing, nothing scrolls sideways."""
    style = f"<style>{style_sheet(embedded=True)}</style>"
    link = '<link rel="stylesheet" href="/static/style.css">'
    pages = [httpx.get(server + path).text for path in WALK]
    assert all(link in page for page in pages)
    found = CHROMIUM["look"](tmp_path, [page.replace(link, style) for page in pages])
    for path, seen in zip([p for p in WALK for _ in (1, 2)], found, strict=True):
        assert seen["violations"] == [], path
        assert seen["overflow"] <= 0, path
        assert seen["h1"] == 1, path
        assert seen["smallest"] is None or seen["smallest"] >= 8, path
