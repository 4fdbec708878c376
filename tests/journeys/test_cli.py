"""The front door: exit codes, errors, help."""

import json
import subprocess
import sys

import pytest

from rounds.cli.main import main


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


def test_measures_are_listed_and_explained(capsys):
    code, found = run_json(capsys, "measure", "list")
    assert code == 0
    assert {"blood-pressure-control", "treatment-intensified"} <= set(found)
    for name in found:
        code, said = run_json(capsys, "measure", "explain", name)
        assert code == 0
        assert len(said["text"]) > 200
