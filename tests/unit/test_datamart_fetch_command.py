"""`rounds data fetch`: what is asked for, from where it is taken, what it prints."""

import json

import pytest

from rounds.cli.main import main
from rounds.conduct import Project
from rounds.datamart.fetch import FetchRequest
from rounds.datamart.fetch.job import shown
from rounds.datamart.fetch.lines import look_through
from rounds.nouns import RoundsError
from stories.bulk_server import BulkServer, ndjson, serving
from stories.fetching import PATIENT, credentials_for, write_key

SERVER = "https://ehr.example.org/fhir"


@pytest.fixture
def server():
    return BulkServer(output=list(PATIENT), polls=0)


def run(capsys, *tokens):
    code = main(["data", "fetch", *map(str, tokens)])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_it_says_files_lines_and_the_next_command(server, tmp_path, capsys):
    folder = tmp_path / "f"
    with serving(server) as base:
        code, said, _ = run(capsys, "--server", f"{base}/fhir", "--out", folder)
    assert code == 0
    assert "Patient      1     40" in said
    assert said.splitlines()[-1] == f"Next: rounds data load {folder}"


def test_it_prints_one_object_that_programs_can_read(server, tmp_path, capsys):
    with serving(server) as base:
        code, said, _ = run(
            capsys, "--server", f"{base}/fhir", "--out", tmp_path / "f", "--json"
        )
    found = json.loads(said)
    assert code == 0
    assert found["types"] == {
        "Patient": {"files": 1, "lines": 40, "bytes": found["files"][0]["n_bytes"]}
    }
    assert found["transaction_time"] == server.transaction_time
    assert found["next"] == f"rounds data load {tmp_path / 'f'}"


def test_what_it_fetched_can_be_loaded(tmp_path, capsys):
    from rounds.datamart import load

    people = [
        {"resourceType": "Patient", "id": f"p{i}", "birthDate": "1960"}
        for i in range(20)
    ]
    content = b"".join(json.dumps(each).encode() + b"\n" for each in people)
    server = BulkServer(output=[("Patient", content)], polls=0)
    with serving(server) as base:
        run(capsys, "--server", f"{base}/fhir", "--out", tmp_path / "f")
    assert load(tmp_path / "f", tmp_path / "mart").persons == 20


def test_settings_come_from_the_project(server, tmp_path, capsys, monkeypatch):
    project = Project.init(tmp_path / "h", source=None)
    write_key(project.private / "client.pem")
    with serving(server) as base:
        us = credentials_for(server, project.private / "client.pem", "k1")
        assert us.key.kid == "k1"
        import datetime as dt

        server.now = lambda: dt.datetime.now(dt.UTC)
        text = (
            f'\n[fetch]\nserver = "{base}/fhir"\nclient_id = "rounds-at-work"\n'
            'key = "private/client.pem"\nkey_id = "k1"\ngroup = "g1"\n'
            'types = ["Patient"]\n'
        )
        with project.settings_path.open("a") as stream:
            stream.write(text)
        monkeypatch.chdir(project.root)
        code, _, told = run(capsys)
        assert code == 0, told
        assert (project.private / "fetched/0001/Patient.0001.ndjson").is_file()
        code, _, told = run(
            capsys, "--patient", "--type", "Patient,Condition", "--type", "Encounter"
        )
        assert code == 0, told
    first, second = server.asked("kick-off")
    assert first[1].path == "/fhir/Group/g1/$export"
    assert "_type=Patient" in first[1].query
    assert second[1].path == "/fhir/Patient/$export"
    assert "_type=Condition%2CEncounter%2CPatient" in second[1].query


@pytest.mark.parametrize(
    "tokens",
    [
        [],
        ["--server", SERVER],
        ["--server", "ehr.example.org/fhir", "--out", "f"],
        ["--server", "https://me:secret@ehr.example.org/fhir", "--out", "f"],
        ["--server", f"{SERVER}?x=1", "--out", "f"],
        ["--server", "https://ehr.example.org:x/fhir", "--out", "f"],
        ["--server", SERVER, "--out", "f", "--patient", "--system"],
        ["--server", SERVER, "--out", "f", "--group", "g", "--system"],
        ["--server", SERVER, "--out", "f", "--group", "../x"],
        ["--server", SERVER, "--out", "f", "--type", "patients"],
        ["--server", SERVER, "--out", "f", "--since", "2024-01-31"],
        ["--server", SERVER, "--out", "f", "--since", "yesterday"],
        ["--server", SERVER, "--out", "f", "--client-id", "us"],
        ["--server", SERVER, "--out", "f", "--key", "k.pem"],
        ["--server", SERVER, "--out", "f", "--hours", "0"],
        [
            "--server",
            SERVER,
            "--out",
            "f",
            "--type",
            "Patient",
            "--type-filter",
            "Condition?code=1",
        ],
        ["--server", SERVER, "--out", "f", "--type-filter", "code=Jane"],
    ],
)
def test_what_cannot_be_asked_is_said_before_anything_is_done(
    tokens, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    code, _, told = run(capsys, *tokens)
    assert code == 10
    assert told.startswith("DefinitionError: This fetch is not well put")
    assert "secret" not in told
    assert "Jane" not in told
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        "fetch = 3",
        "[fetch]\nsever = 'x'",
        "[fetch]\ntypes = 'Patient'",
        "[fetch]\ntoken_origins = 'https://files.example.org'",
        "[fetch]\nkey = 3",
    ],
)
def test_settings_that_are_not_understood_are_refused(text, tmp_path, capsys):
    project = Project.init(tmp_path / "h", source=None)
    before = project.settings_path.read_text()
    project.settings_path.write_text(f"{text}\n{before}")
    code, _, told = run(capsys, "--project", project.root, "--server", SERVER)
    assert code == 10
    assert "[fetch] in rounds.toml" in told


@pytest.mark.parametrize(
    ("server", "sound"),
    [
        ("https://ehr.example.org/fhir/", True),
        ("http://localhost:8080/fhir", True),
        ("http://127.0.0.1/fhir", True),
        ("http://[::1]:8080/fhir", True),
        ("http://ehr.example.org/fhir", False),
        ("http://127.0.0.1.example.org/fhir", False),
        ("http://localhost.example.org/fhir", False),
    ],
)
def test_plain_http_is_for_this_machine_alone(server, sound):
    if sound:
        assert FetchRequest(server=server).kick_off_url.endswith(
            "/fhir/Patient/$export"
        )
        return
    with pytest.raises(RoundsError) as caught:
        FetchRequest(server=server)
    assert caught.value.code == "fetch-not-https"


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"", 0),
        (b"{}", 1),
        (b"{}\n{}\n", 2),
        (b"{}\r\n\r\n  \n{}", 2),
        (b"\n\n{}\n\n\n{}\n\n", 2),
        (ndjson("Patient", 30), 30),
    ],
)
def test_lines_are_counted_whatever_the_blocks(
    content, lines, size, tmp_path, monkeypatch
):
    monkeypatch.setattr("rounds.datamart.fetch.lines._BLOCK", size)
    (tmp_path / "f").write_bytes(content)
    found = look_through(tmp_path / "f")
    assert (found.lines, found.fault) == (lines, "")


def test_what_a_server_says_of_its_progress_cannot_steer_the_screen():
    assert shown("") == ""
    assert shown("\x1b[2J\r" + "a" * 500) == f" ([2J{'a' * 97})"
