"""A person gets round the loop, through the command line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rounds.cli.main import main

SMALL = ["--people", "3000", "--weeks", "8"]


def run_json(capsys, *arguments):
    code = main([*map(str, arguments), "--json"])
    printed = capsys.readouterr().out
    return code, json.loads(printed)


@pytest.fixture(scope="module")
def turned(tmp_path_factory):
    """One whole turn, in this process."""
    out = tmp_path_factory.mktemp("turn") / "demo"
    command = [sys.executable, "-m", "rounds.cli.main", "demo", *SMALL]
    command += ["--out", str(out), "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(ran.stdout)


def test_the_demo_prints_the_promised_keys(turned):
    assert {"estimate", "truth", "decision", "diagnostics", "weeks", "report"} <= set(
        turned
    )
    assert {"value", "lower", "upper"} <= set(turned["estimate"])
    assert turned["decision"] in {"adopt", "adapt", "abandon", "extend"}
    assert turned["weeks"] == 8 + 13
    assert {check["name"] for check in turned["diagnostics"]} == {
        "sample_ratio",
        "deliveries",
        "contamination",
        "missing_outcomes",
        "enrolment",
    }


def test_the_report_is_one_file_without_a_network(turned):
    text = Path(turned["report"]).read_text()
    assert "<svg" in text
    for forbidden in ("<script src", 'href="http://', "@import", "url(http"):
        assert forbidden not in text


def test_a_checklist_is_filled_from_what_was_published(turned, tmp_path, capsys):
    page, table, said = (tmp_path / n for n in ("c.html", "c.csv", "more.yaml"))
    said.write_text('"23": Registered as ISRCTN1.')
    asked = ["--project", turned["project"], "--additions", said]
    written = ["--html", page, "--csv", table]
    code, told = run_json(
        capsys, "evaluation", "checklist", "consort", *asked, *written
    )
    answers = {(one["item"], one["layer"]): one["answer"] for one in told["lines"]}
    assert code == 0
    assert answers["1a", "cluster"]["status"] == "reported"
    assert answers["23", "consort"]["said"] == "Registered as ISRCTN1."
    assert "Registered as ISRCTN1." in page.read_text()
    assert len(table.read_text().splitlines()) == len(told["lines"]) + 1


def test_a_checklist_of_what_is_no_trial_is_refused(turned, capsys):
    asked = ["--ref", "problem/hypertension-control", "--project", turned["project"]]
    assert main(["evaluation", "checklist", *asked]) == 10
    assert "is no rollout, evaluation or decision" in capsys.readouterr().err


def test_what_was_decided_can_be_searched(turned, capsys):
    asked = ["--project", turned["project"]]
    _, told = run_json(capsys, "decision", "list", "card", *asked)
    (one,) = told["decisions"]
    assert one["decided"] == turned["decision"]
    assert one["effect"]["value"] == turned["estimate"]["value"]
    _, none = run_json(capsys, "decision", "list", "surgery", *asked)
    assert none["decisions"] == []


def test_the_project_is_laid_out_as_promised(turned):
    root = Path(turned["project"])
    for folder in (
        "1-problems",
        "2-evidence",
        "3-changes",
        "4-evaluations",
        "5-decisions",
    ):
        assert any((root / "ledger" / folder).iterdir()), folder
    (protocol,) = (root / "ledger" / "3-changes").glob("*-protocol-*")
    assert protocol.is_file()
    for secret in ("truth.json", "intensify-card-*.seed", "intensify-card-*.salt"):
        (kept,) = (root / "private").glob(secret)
        assert kept.stat().st_mode & 0o077 == 0


def test_no_person_reaches_what_may_be_published(turned):
    """No id of a person or encounter stands in the ledger, report or output."""
    from rounds.datamart import Datamart

    root = Path(turned["project"])
    with Datamart.open(root / "private" / "datamart") as mart:
        rows = mart._connection.execute(
            "SELECT person_source_value FROM person"
        ).fetchall()
    ids = {row[0] for row in rows}
    assert len(ids) == 3000
    published = [*(root / "ledger").rglob("*"), Path(turned["report"])]
    text = "\n".join(p.read_text() for p in published if p.is_file())
    text += json.dumps(turned)
    import re

    words = set(re.findall(r"[A-Za-z0-9_-]+", text))
    assert not words & ids


def test_the_same_seed_gives_the_same_turn(turned, tmp_path, capsys):
    code, again = run_json(capsys, "demo", *SMALL, "--out", tmp_path / "again")
    assert code == 0
    for key in ("estimate", "truth", "decision", "event_log", "diagnostics", "grade"):
        assert again[key] == turned[key], key


def test_the_ledger_verifies_and_a_changed_byte_is_found(turned, tmp_path, capsys):
    import shutil

    root = tmp_path / "copy"
    shutil.copytree(turned["project"], root)
    code, found = run_json(capsys, "ledger", "verify", "--project", root)
    assert (code, found["ok"]) == (0, True)
    registry = root / "private" / "registry.sqlite"
    content = bytearray(registry.read_bytes())
    at = content.index(b"Rosa Lind")
    content[at] ^= 1
    registry.write_bytes(content)
    code, found = run_json(capsys, "ledger", "verify", "--project", root)
    assert code == 11
    assert found["findings"]


def test_why_reaches_the_papers_the_snapshot_and_the_people(turned, capsys):
    code, tree = run_json(
        capsys, "why", "decision/intensify-card", "--project", turned["project"]
    )
    text = json.dumps(tree)
    assert code == 0
    for needle in ("PMID", "snapshot", "Amina Okafor", "Jonas Berg"):
        assert needle in text, needle


def test_impact_of_a_paper_reaches_the_decision(turned, capsys):
    root = turned["project"]
    _, why = run_json(capsys, "why", "decision/intensify-card", "--project", root)
    import re

    pmid = re.search(r"PMID:(\d+)", json.dumps(why)).group(0)
    code, tree = run_json(capsys, "impact", pmid, "--project", root)
    assert code == 0
    assert any("decision/intensify-card" in ref for ref in tree["decisions"])


def test_the_ring_shows_all_five_steps(turned, capsys):
    code, standing = run_json(capsys, "loop", "--project", turned["project"])
    assert code == 0
    assert list(standing) == ["problem", "evidence", "change", "evaluation", "decision"]
    assert all(standing.values())


def test_each_step_runs_again_with_nothing_new(turned, tmp_path, capsys):
    """A second `run` publishes nothing: the ledger gives the same references."""
    root = Path(turned["project"])
    before = (root / "ledger" / "HEAD.json").read_bytes()
    code, _ = run_json(capsys, "ledger", "export", "--project", root)
    assert code == 0
    assert (root / "ledger" / "HEAD.json").read_bytes() == before


@pytest.mark.slow
def test_http_gives_the_same_log_estimate_and_decision(turned, tmp_path, capsys):
    """Real CDS Hooks calls to a real server change nothing but the receipt time."""
    code, again = run_json(capsys, "demo", *SMALL, "--http", "--out", tmp_path / "http")
    assert code == 0
    for key in ("event_log", "estimate", "decision", "diagnostics", "grade"):
        assert again[key] == turned[key], key
