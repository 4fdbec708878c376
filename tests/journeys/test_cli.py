"""The front door: exit codes, errors, help."""

import json
import shutil
import socket
import stat
import subprocess
import sys

import pytest

from rounds.cli.main import main
from rounds.conduct import Project
from rounds.practice import Practice
from stories import small_fhir as story


def run_json(capsys, *arguments):
    code = main([*map(str, arguments), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_help_answers_at_once():
    """Half a second is the promise; heavy libraries are not even imported."""
    probe = (
        "import sys; from rounds.cli.main import main; main(['--help']); "
        "heavy = {'numpy', 'duckdb', 'sqlalchemy', 'pydantic', 'pyarrow', 'scipy'}; "
        "sys.exit(len(heavy & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for command in ("demo", "init", "measure", "problem", "ledger", "why", "impact"):
        assert command in ran.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["measure", "explain", "no-such-measure"], 10, "unknown-measure"),
        (["problem", "run", "--project", "nowhere"], 10, "no-project"),
        (["demo", "--people", "3"], 10, "demo-options"),
        (["ledger", "verify", "--project", "nowhere"], 10, "no-project"),
    ],
)
def test_each_slip_has_its_code_and_its_exit_code(capsys, arguments, code, said):
    got, printed = run_json(capsys, *arguments)
    assert got == code
    assert printed["error"]["code"] == said
    assert printed["error"]["remedies"]


def test_a_period_that_ends_before_it_begins(tmp_path, capsys):
    assert main(["init", str(tmp_path / "h"), "--from", str(tmp_path / "no")]) in {
        11,
        15,
    }
    assert not (tmp_path / "h").exists()
    capsys.readouterr()
    arguments = ["measure", "run", "blood-pressure-control"]
    arguments += ["--from", "2024-12-31", "--to", "2024-01-01"]
    code, printed = run_json(capsys, *arguments)
    assert code == 10
    assert printed["error"]["code"] == "period-backwards"


def test_an_unknown_option_exits_with_two(capsys):
    assert main(["demo", "--no-such-option"]) == 2
    capsys.readouterr()


def test_a_fault_of_ours_shows_no_message(monkeypatch, capsys):
    """An exception's text could hold a person's value: it is withheld."""
    import rounds.definitions

    def broken():
        raise ValueError("Jane Doe, born 1950-01-01")

    monkeypatch.setattr(rounds.definitions, "builtin_measures", broken)
    assert main(["measure", "list"]) == 1
    printed = capsys.readouterr()
    assert "Jane" not in printed.out + printed.err
    assert "ValueError" in printed.err
    code, said = run_json(capsys, "measure", "list")
    assert (code, said["error"]["code"]) == (1, "unexpected")
    assert "Jane" not in str(said)


def test_measures_are_listed_and_explained(capsys):
    code, found = run_json(capsys, "measure", "list")
    assert code == 0
    assert {"blood-pressure-control", "treatment-intensified"} <= set(found)
    for name in found:
        code, said = run_json(capsys, "measure", "explain", name)
        assert code == 0
        assert len(said["text"]) > 200


@pytest.fixture
def project(tmp_path):
    return Project.init(tmp_path / "h", source=None)


@pytest.mark.parametrize(
    "text", ["id,date\n42,2025-01-06\n", "# declined\n42\n", '"42"\n'], ids=str
)
def test_a_line_that_is_not_one_id_records_nobody(project, tmp_path, capsys, text):
    """What is recorded under no one's id would not be honoured, and nobody told."""
    listed = tmp_path / "declined.txt"
    listed.write_text("Jane-1\n" + text)
    arguments = ["change", "opt-out", "--from", listed, "--project", project.root]
    code, printed = run_json(capsys, *arguments)
    assert code == 10
    assert printed["error"]["code"] == "opt-outs-unreadable"
    assert f"{listed}:2 " in printed["error"]["what"]
    assert "42" not in str(printed)
    assert "Jane" not in str(printed)
    with Practice.open(project.practice) as practice:
        assert practice.opt_outs() == frozenset()


@pytest.mark.parametrize("content", [None, b"\xff\xfeJane"], ids=["none", "binary"])
def test_a_list_that_is_no_text_is_an_error_of_ours(project, tmp_path, capsys, content):
    listed = tmp_path / "declined.txt"
    if content is not None:
        listed.write_bytes(content)
    arguments = ["change", "opt-out", "--from", listed, "--project", project.root]
    code, printed = run_json(capsys, *arguments)
    assert (code, printed["error"]["code"]) == (10, "opt-outs-unreadable")


def test_who_declines_is_known_however_the_list_was_written(project, tmp_path, capsys):
    """A byte order mark, references and Windows line ends change nobody's id."""
    listed = tmp_path / "declined.txt"
    rows = "p-1\r\nPatient/p-2\r\n\r\nhttp://ehr.example.org/Patient/p-3\r\np-1"
    listed.write_bytes(rows.encode("utf-8-sig"))
    arguments = ["change", "opt-out", "--from", listed, "--project", project.root]
    code, printed = run_json(capsys, *arguments)
    assert (code, printed) == (0, {"recorded": 3, "total": 3})
    with Practice.open(project.practice) as practice:
        assert practice.opt_outs() == {"p-1", "p-2", "p-3"}


@pytest.mark.parametrize("verb", ["kill", "resume", "adopt", "rollback"])
def test_nothing_is_switched_in_nobodys_name(project, capsys, verb):
    arguments = ["change", verb, "one", "--by", " ", "--project", project.root]
    code, printed = run_json(capsys, *arguments)
    assert (code, printed["error"]["code"]) == (10, "nobody-named")


def test_a_head_that_was_named_must_be_there(project, tmp_path, capsys):
    """To verify against nothing, and say that all is well, would hide a removal."""
    head = tmp_path / "HEAD.json"
    arguments = ["ledger", "verify", "--head", head, "--project", project.root]
    code, printed = run_json(capsys, *arguments)
    assert (code, printed["error"]["code"]) == (11, "bad-head")


@pytest.mark.parametrize("port", [70000, -1, None])
def test_a_port_that_cannot_be_had_is_said_before_serving(project, capsys, port):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = port or taken.getsockname()[1]
        arguments = ["serve", "--port", port, "--project", project.root]
        code, printed = run_json(capsys, *arguments)
    assert (code, printed["error"]["code"]) == (15, "port-not-free")


def test_what_a_clone_lacks_is_made_for_its_owner_alone(project, tmp_path, capsys):
    """Git does not carry private/, so it is a load that makes it there."""
    project.private.rmdir()
    (tmp_path / "fhir").mkdir()
    story.write_ndjson(tmp_path / "fhir", {"Patient": [story.patient("p1")]})
    arguments = ["data", "load", tmp_path / "fhir", "--project", project.root]
    assert run_json(capsys, *arguments)[0] == 0
    assert stat.S_IMODE(project.private.stat().st_mode) == 0o700
    assert stat.S_IMODE(project.datamart.stat().st_mode) == 0o700
    shutil.rmtree(project.private)
    arguments = ["ledger", "verify", "--project", project.root]
    assert run_json(capsys, *arguments)[0] == 0
    assert stat.S_IMODE(project.private.stat().st_mode) == 0o700


def test_a_fault_that_nobody_listens_to_shows_no_message_either():
    """A closed pipe must not make Python print the whole chain of exceptions."""
    script = (
        "import os, sys, rounds.definitions as d\n"
        "def broken(): raise ValueError('Jane Doe, born 1950-01-01')\n"
        "d.builtin_measures = broken\n"
        "read, write = os.pipe(); os.close(read); os.dup2(write, 1)\n"
        "from rounds.cli.main import main\n"
        "sys.exit(main(['measure', 'list', '--json']))\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ran.returncode == 1
    assert "Jane" not in ran.stderr
    assert "Traceback" not in ran.stderr
