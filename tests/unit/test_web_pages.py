"""Pages: what the ledger holds, a JSON twin each, strict headers, one shape of error."""

import asyncio
import base64
import datetime as dt
import hashlib
import json
import re
import runpy
from dataclasses import fields
from pathlib import Path

import httpx
import pytest

from rounds.ledger import Ledger
from rounds.ledger.published import kinds
from rounds.reports import render
from rounds.web import create_app
from rounds.web.pages.entry.page import EntryPage
from rounds.web.pages.home.page import Home
from rounds.web.pages.step.page import Step
from rounds.web.stories import KINDS

STORIES = runpy.run_path(str(Path(__file__).parents[1] / "stories" / "hypertension.py"))
NOW = dt.datetime(2025, 11, 3, tzinfo=dt.UTC)
PAGES = {
    "/": Home,
    "/problems": Step,
    "/evidence": Step,
    "/changes": Step,
    "/evaluations": Step,
    "/decisions": Step,
    "/problems/hypertension-control": EntryPage,
    "/problems/community/hypertension": EntryPage,
    "/evidence/reminders": EntryPage,
    "/evidence/source/made-a": EntryPage,
    "/changes/intensify": EntryPage,
    "/changes/protocol/intensify-trial": EntryPage,
    "/evaluations/intensify": EntryPage,
    "/decisions/intensify": EntryPage,
}


def project(folder, *, until="decision", story=None):
    """Make a project's folder whose ledger holds a turn, as far as it went."""
    (folder / "private").mkdir(parents=True)
    (folder / "rounds.toml").write_text("")
    with Ledger.open(folder / "private" / "registry.sqlite") as ledger:
        STORIES["publish"](ledger, story or STORIES["full"](), until=until)
    return folder


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = project(tmp_path_factory.mktemp("site") / "clinic")
    render(STORIES["full"](), folder / "report.html")
    return folder


def ask(folder, path, **headers):
    """Ask the application, as a browser on this machine would."""

    async def call():
        transport = httpx.ASGITransport(create_app(folder, clock=lambda: NOW))
        base = "http://127.0.0.1"
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            return await client.get(path, headers=headers)

    return asyncio.run(call())


def test_every_kind_that_is_published_has_its_step():
    """A page that meets a kind it does not know would fail."""
    known = [kind for kinds_of in KINDS.values() for kind in kinds_of]
    assert set(kinds()) <= set(known)
    assert len(set(known)) == len(known)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_and_its_json_twin_say_the_same(root, path):
    page = ask(root, path)
    suffix = ask(root, "/index.json" if path == "/" else f"{path}.json")
    accept = ask(root, path, Accept="application/json")
    assert page.status_code == suffix.status_code == accept.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert suffix.json() == accept.json()
    assert set(suffix.json()) == {field.name for field in fields(PAGES[path])}
    assert suffix.json()["title"] in page.text


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_nothing_inline_and_forbids_it(root, path):
    page = ask(root, path)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert " style=" not in page.text
    assert "<style" not in page.text
    assert "<script" not in page.text
    assert not re.findall(r'(?:src|href)="(?!/|#)', page.text)


@pytest.mark.parametrize("path", PAGES)
def test_every_link_of_a_page_leads_somewhere(root, path):
    for address in set(re.findall(r'href="(/[^"#]*)"', ask(root, path).text)):
        if address != "/cds-services":  # answers loopback alone, tested with its door
            assert ask(root, address.replace("&amp;", "&")).status_code == 200, address


def test_home_shows_what_stands_where(root):
    home = ask(root, "/index.json").json()
    assert home["status"] == "Decided: adopt"
    assert [step["n"] for step in home["steps"]] == [1, 1, 1, 1, 1]
    assert [step["address"] for step in home["steps"]] == [
        "/problems", "/evidence", "/changes", "/evaluations", "/decisions",
    ]  # fmt: skip


def test_an_entry_is_the_noun_that_was_published(root):
    entry = ask(root, "/decisions/intensify.json").json()
    with Ledger.open(root / "private" / "registry.sqlite") as ledger:
        noun = ledger.read(entry["ref"])
    assert entry["noun"] == json.loads(noun.to_json())


def test_the_report_is_served_with_the_hash_of_its_own_style(root):
    page = ask(root, "/report")
    style = re.search(r"<style>(.*?)</style>", page.text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in page.headers["content-security-policy"]


def test_style_and_typefaces_are_served_and_nothing_else(root):
    style = ask(root, "/static/style.css").text
    names = re.findall(r'url\("fonts/([^"]+)"\)', style)
    assert len(names) == 3
    for name in names:
        assert (
            ask(root, f"/static/fonts/{name}").headers["content-type"] == "font/woff2"
        )
    assert ask(root, "/static/fonts/inter-OFL.txt").status_code == 404
    assert ask(root, "/static/fonts/..%2Fstyle.css").status_code == 404


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/nowhere", 404, "no-such-page"),
        ("/problems/nothing", 404, "no-such-ref"),
        ("/problems/hypertension-control?version=9", 404, "no-such-ref"),
        ("/problems/decision/intensify", 404, "no-such-ref"),
    ],
)
def test_errors_have_one_shape_on_pages_and_in_json(root, path, status, code):
    page = ask(root, path)
    plain = ask(root, path, Accept="application/json")
    assert page.status_code == plain.status_code == status
    error = plain.json()["error"]
    assert set(error) == {"code", "family", "what", "why", "remedies"}
    assert error["code"] == code
    assert error["what"] in page.text.replace("&#39;", "'")
    assert error["remedies"]


def test_a_project_without_a_ledger_shows_an_empty_ring(tmp_path):
    (tmp_path / "private").mkdir()
    (tmp_path / "rounds.toml").write_text("")
    home = ask(tmp_path, "/index.json").json()
    assert home["n_entries"] == 0
    assert ask(tmp_path, "/").status_code == 200
    assert ask(tmp_path, "/problems").status_code == 200
    assert (
        ask(tmp_path, "/report", Accept="application/json").json()["error"]["code"]
        == "no-report"
    )
    assert not (tmp_path / "private" / "registry.sqlite").exists()


def test_sites_are_masked_while_a_clinic_randomised_trial_runs(tmp_path, root):
    running = project(tmp_path / "running", until="rollout")
    for path in (
        "/problems/hypertension-control",
        "/problems/hypertension-control.json",
    ):
        assert re.search(r"Clinic \d", ask(root, path).text)
        assert not re.search(r"Clinic \d", ask(running, path).text)


def test_sites_are_named_while_patients_are_randomised(tmp_path):
    story = STORIES["full"](unit="patient")
    running = project(tmp_path / "running", until="rollout", story=story)
    assert "Clinic 21" in ask(running, "/problems/hypertension-control").text


def test_the_cds_doors_are_mounted(root):
    found = ask(root, "/cds-services", host="127.0.0.1:8080")
    assert found.status_code in {200, 403}
    assert found.headers["content-type"] == "application/json"


def test_a_door_answers_in_json_and_names_the_method_it_takes(root):
    """A program at a CDS door reads no page; RFC 9110 asks for Allow with 405."""
    refused = ask(root, "/cds-services/one", host="127.0.0.1:8080")
    assert refused.status_code == 405
    assert refused.headers["allow"] == "POST"
    assert refused.json()["error"]["code"] == "not-allowed"
