"""Fetching by FHIR Bulk Data Access: the whole way, breaks, kills, and increments."""

import contextlib
import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest
from starlette.responses import Response

from rounds.nouns import RoundsError
from stories.bulk_server import BulkServer, ndjson, serving
from stories.fetching import PATIENT, Trial, seen_by_a_load

TWO = [*PATIENT, ("Observation", ndjson("Observation", 3000, width=40))]


@pytest.fixture
def server():
    return BulkServer(output=list(TWO))


def test_an_export_is_kicked_off_awaited_and_fetched_whole(server, tmp_path):
    with serving(server) as base:
        trial = Trial(base)
        report = trial.fetch(
            tmp_path / "f",
            types=("Patient", "Observation"),
            since="2024-01-31T00:00:00Z",
            type_filters=("Observation?category=laboratory,vital-signs",),
        )
    [(method, url, headers)] = server.asked("kick-off")
    assert (method, url.path) == ("GET", "/fhir/Patient/$export")
    assert headers["accept"] == "application/fhir+json"
    assert headers["prefer"] == "respond-async"
    query = dict(part.split("=", 1) for part in url.query.split("&"))
    assert query == {
        "_outputFormat": "application%2Ffhir%2Bndjson",
        "_type": "Observation%2CPatient",
        "_since": "2024-01-31T00%3A00%3A00Z",
        "_typeFilter": "Observation%3Fcategory%3Dlaboratory%2Cvital-signs",
    }
    assert seen_by_a_load(tmp_path / "f") == {
        "0001/Patient.0001.ndjson": TWO[0][1],
        "0001/Observation.0002.ndjson": TWO[1][1],
    }
    assert {kind: found[:2] for kind, found in report.by_kind.items()} == {
        "Patient": (1, 40),
        "Observation": (1, 3000),
    }
    assert report.how == "new"
    assert report.let_go
    assert server.jobs == set()
    assert trial.clock.slept == [5.0]
    assert any("50% done" in said and "5 s" in said for said in trial.said)


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"system": True}, "/fhir/$export"),
        ({"group": "g.1-a"}, "/fhir/Group/g.1-a/$export"),
        ({}, "/fhir/Patient/$export"),
    ],
)
def test_an_export_is_of_the_system_a_group_or_every_patient(
    server, asked, path, tmp_path
):
    with serving(server) as base:
        Trial(base).fetch(tmp_path, **asked)
    assert server.asked("kick-off")[0][1].path == path


def test_what_is_fetched_is_for_its_owner_alone(server, tmp_path):
    with serving(server) as base:
        Trial(base).fetch(tmp_path / "f")
    for path in [tmp_path / "f", *(tmp_path / "f").rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_deletions_are_loaded_and_errors_are_not(server, tmp_path):
    deletion = b'{"resourceType":"Bundle","type":"transaction","entry":[]}\n'
    outcome = {
        "resourceType": "OperationOutcome",
        "issue": [
            {"severity": "error", "code": "exception", "diagnostics": "Jane Roe"},
            {"severity": "warning", "code": "Jane Roe"},
        ],
    }
    server.deleted = [("Bundle", deletion)]
    server.errors = [
        ("OperationOutcome", json.dumps(outcome).encode() + b"\nbroken}\n")
    ]
    with serving(server) as base:
        report = Trial(base).fetch(tmp_path)
    assert "0001/Bundle.deleted.0003.ndjson" in seen_by_a_load(tmp_path)
    assert not any("Outcome" in name for name in seen_by_a_load(tmp_path))
    assert (tmp_path / "0001/_errors/OperationOutcome.0004.ndjson").is_file()
    assert report.issues == {"error exception": 1, "other": 1, "unreadable": 1}
    assert "Roe" not in json.dumps(report.as_dict())


def test_a_packed_file_is_kept_packed(server, tmp_path):
    server.gzipped = True
    with serving(server) as base:
        report = Trial(base).fetch(tmp_path)
    kept = (tmp_path / "0001/Observation.0002.ndjson.gz").read_bytes()
    assert gzip.decompress(kept) == TWO[1][1]
    assert report.by_kind["Observation"][1] == 3000


def test_without_retry_after_each_wait_is_longer_up_to_a_limit(server, tmp_path):
    server.polls, server.retry_after = 10, None
    with serving(server) as base:
        trial = Trial(base)
        trial.fetch(tmp_path)
    assert trial.clock.slept == [1, 2, 4, 8, 16, 32, 64, 120, 120, 120]


def test_retry_after_may_be_a_date(server, tmp_path):
    server.retry_after = "Sun, 01 Mar 2026 08:00:42 GMT"
    with serving(server) as base:
        trial = Trial(base)
        trial.fetch(tmp_path)
    assert trial.clock.slept == [42.0]


@pytest.mark.parametrize(("ranges", "sent"), [(True, 1.0), (False, 1.4)])
def test_a_broken_download_goes_on_or_begins_again(server, ranges, sent, tmp_path):
    """With ranges only what is missing is sent; without, all of the file again."""
    server.ranges = ranges
    half = len(TWO[1][1]) // 2
    server.cuts[2] = [half] if not ranges else [half, 10_000]
    with serving(server) as base:
        trial = Trial(base)
        trial.fetch(tmp_path)
    assert seen_by_a_load(tmp_path)["0001/Observation.0002.ndjson"] == TWO[1][1]
    total = sum(len(content) for _, content in TWO)
    assert server.sent <= total if ranges else server.sent > total * 1.2
    assert sum("going on" in said for said in trial.said) == (2 if ranges else 1)
    asked = [
        headers.get("range")
        for _, url, headers in server.asked("file")
        if url.path.endswith("/2")
    ]
    assert asked[0] is None
    assert all(each.startswith("bytes=") for each in asked[1:])


@pytest.mark.parametrize("gzipped", [True, False])
@pytest.mark.parametrize("ranges", [True, False])
def test_wherever_it_breaks_the_bytes_are_the_same(server, gzipped, ranges, tmp_path):
    server.gzipped, server.ranges = gzipped, ranges
    size = len(TWO[1][1])
    drawn = random.Random(7)
    server.cuts[2] = [drawn.randrange(size) for _ in range(3)]
    server.cuts[1] = [0, 1]
    with serving(server) as base:
        Trial(base).fetch(tmp_path)
    found = {
        name: gzip.decompress(kept) if gzipped else kept
        for name, kept in seen_by_a_load(tmp_path).items()
    }
    assert list(found.values()) == [TWO[1][1], TWO[0][1]]


def test_without_a_version_two_halves_are_never_joined(server, tmp_path):
    server.tags = False
    server.cuts[2] = [20_000]
    with serving(server) as base:
        Trial(base).fetch(tmp_path)
    assert all("range" not in headers for _, _, headers in server.asked("file"))
    assert seen_by_a_load(tmp_path)["0001/Observation.0002.ndjson"] == TWO[1][1]


@pytest.mark.parametrize("honest", [True, False])
@pytest.mark.parametrize("n", [3000, 30])
def test_a_file_that_changed_meanwhile_is_fetched_anew(server, honest, n, tmp_path):
    """Also where the server sends the rest of another version, or has no such part."""
    other = ndjson("Observation", n, first=50, width=40)

    def changed(_):
        server.output[1] = ("Observation", other)

    server.cuts[2], server.if_range, server.polls = [20_000], honest, 0
    server.counts = False
    server.script["file"] = [None, None, changed]
    with serving(server) as base:
        Trial(base).fetch(tmp_path)
    assert seen_by_a_load(tmp_path)["0001/Observation.0002.ndjson"] == other
    last = server.asked("file")[2][2]
    assert last["range"].startswith("bytes=")
    assert last["if-range"].startswith('"2-')


@pytest.mark.parametrize("told", ["bytes 7-19/20", "bytes */20", "lines 1-2/3"])
def test_another_part_than_was_asked_for_is_not_joined(server, told, tmp_path):
    part = Response(b"}" * 13, 206, {"Content-Range": told})
    server.cuts[2] = [20_000]
    server.script["file"] = [None, None, part]
    with serving(server) as base:
        Trial(base).fetch(tmp_path)
    assert seen_by_a_load(tmp_path)["0001/Observation.0002.ndjson"] == TWO[1][1]


def test_a_part_where_all_was_asked_for_is_refused(server, tmp_path):
    server.script["file"] = [Response(b"{}", 206, {"Content-Range": "bytes 0-1/9"})]
    with serving(server) as base, pytest.raises(RoundsError) as caught:
        Trial(base).fetch(tmp_path)
    assert caught.value.code == "fetch-answer-unusable"


def test_since_last_begins_at_the_moment_of_the_last_fetch(server, tmp_path):
    with serving(server) as base:
        trial = Trial(base)
        trial.fetch(tmp_path, types=("Patient",))
        server.transaction_time = "2026-03-02T07:00:00Z"
        server.output = [("Patient", ndjson("Patient", 2, first=100))]
        second = trial.fetch(tmp_path, types=("Patient",), since_last=True)
        server.output = []
        third = trial.fetch(tmp_path, types=("Patient",), since_last=True)
        with pytest.raises(RoundsError) as caught:
            trial.fetch(tmp_path, types=("Observation",), since_last=True)
    assert caught.value.code == "fetch-no-last"
    assert second.since == "2026-03-01T07:59:59.123Z"
    assert third.since == "2026-03-02T07:00:00Z"
    assert third.files == ()
    assert "_since=2026-03-01T07%3A59%3A59.123Z" in server.asked("kick-off")[1][1].query
    assert set(seen_by_a_load(tmp_path)) == {
        "0001/Patient.0001.ndjson",
        "0001/Observation.0002.ndjson",
        "0002/Patient.0001.ndjson",
    }


CLIENT = """
import sys
from pathlib import Path
from rounds.cli.main import main
sys.exit(main(["data", "fetch", "--server", sys.argv[1], "--out", sys.argv[2]]))
"""


def run_client(base, folder):
    return subprocess.Popen(
        [sys.executable, "-c", CLIENT, f"{base}/fhir", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("tags", [True, False])
def test_a_process_killed_in_mid_download_goes_on_to_the_same_bytes(
    server, tags, tmp_path
):
    server.polls, server.slow, server.tags = 0, 0.01, tags
    folder = tmp_path / "f"
    with serving(server) as base:
        child = run_client(base, folder)
        part = folder / ".fetch/0001/_working/Observation.0002.part"
        give_up = time.monotonic() + 30
        while time.monotonic() < give_up:
            if part.exists() and part.stat().st_size > 40_000:
                break
            time.sleep(0.005)
        os.kill(child.pid, signal.SIGKILL)
        child.communicate()
        assert 0 < part.stat().st_size < len(TWO[1][1])
        assert seen_by_a_load(folder) == {}
        server.slow = 0.0
        again = run_client(base, folder)
        said, told = again.communicate(timeout=60)
    assert again.returncode == 0, told
    assert "resumed" in said
    assert len(server.asked("kick-off")) == 1
    assert seen_by_a_load(folder) == {
        "0001/Patient.0001.ndjson": TWO[0][1],
        "0001/Observation.0002.ndjson": TWO[1][1],
    }
    assert f"rounds data load {folder}" in said
    ranges = [
        h.get("range") for _, u, h in server.asked("file") if u.path.endswith("/2")
    ]
    assert (ranges[-1] is not None) == tags
    assert sum(u.path.endswith("/1") for _, u, _ in server.asked("file")) == 1


def test_a_process_killed_at_any_moment_goes_on_to_the_same_bytes(server, tmp_path):
    """Seven kills at moments drawn once, from the start-up to the last rename."""
    server.slow, server.polls, folder = 0.01, 0, tmp_path / "f"
    moments = random.Random(20260301)
    with serving(server) as base:
        for _ in range(7):
            child = run_client(base, folder)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.communicate(timeout=moments.uniform(0.4, 1.3))
            child.kill()
            child.communicate()
            assert set(seen_by_a_load(folder)) in (
                set(),
                {"0001/Patient.0001.ndjson", "0001/Observation.0002.ndjson"},
            )
            if seen_by_a_load(folder):
                break
        server.slow = 0.0
        if not (folder / "0001").exists():
            last = run_client(base, folder)
            _, told = last.communicate(timeout=60)
            assert last.returncode == 0, told
    found = seen_by_a_load(folder)
    assert found["0001/Patient.0001.ndjson"] == TWO[0][1]
    assert found["0001/Observation.0002.ndjson"] == TWO[1][1]


def test_a_job_that_the_server_lost_is_begun_again_and_said_so(server, tmp_path):
    server.cuts[2] = [20_000] * 9
    server.ranges = False
    with serving(server) as base:
        trial = Trial(base)
        with pytest.raises(RoundsError) as caught:
            trial.fetch(tmp_path)
        assert caught.value.code == "fetch-file-incomplete"
        assert seen_by_a_load(tmp_path) == {}
        server.jobs.clear()
        server.cuts.clear()
        trial.said.clear()
        report = trial.fetch(tmp_path)
    assert report.how == "begun again"
    assert any("does not have the job" in said for said in trial.said)
    assert seen_by_a_load(tmp_path)["0001/Observation.0002.ndjson"] == TWO[1][1]


def test_after_a_break_nothing_of_another_manifest_is_kept(server, tmp_path):
    server.cuts[2], server.ranges = [20_000] * 9, False
    with serving(server) as base:
        trial = Trial(base)
        with pytest.raises(RoundsError):
            trial.fetch(tmp_path)
        assert (tmp_path / ".fetch/0001/Patient.0001.ndjson").is_file()
        server.cuts.clear()
        server.transaction_time = "2026-03-01T09:00:00Z"
        server.output[0] = ("Patient", ndjson("Patient", 40, first=7))
        trial.fetch(tmp_path)
    assert seen_by_a_load(tmp_path)["0001/Patient.0001.ndjson"] == server.output[0][1]


def test_an_unfinished_fetch_is_not_replaced_unless_it_is_given_up(server, tmp_path):
    server.cuts[2] = [20_000] * 9
    server.ranges = False
    with serving(server) as base:
        trial = Trial(base)
        with pytest.raises(RoundsError):
            trial.fetch(tmp_path)
        with pytest.raises(RoundsError) as caught:
            trial.fetch(tmp_path, types=("Patient",))
        assert caught.value.code == "fetch-unfinished"
        server.cuts.clear()
        server.output = PATIENT
        report = trial.fetch(tmp_path, types=("Patient",), anew=True)
    assert report.how == "new"
    assert server.jobs == set()
    assert set(seen_by_a_load(tmp_path)) == {"0001/Patient.0001.ndjson"}


def test_a_kill_between_the_last_file_and_the_end_asks_for_no_file_twice(
    server, tmp_path, monkeypatch
):
    from rounds.datamart.fetch.folder import Folder

    for name in ("place", "finish"):
        folder, before = tmp_path / name, len(server.asked("file"))
        with serving(server) as base:
            with monkeypatch.context() as patched:

                def killed(*_):
                    raise KeyboardInterrupt

                patched.setattr(Folder, name, killed)
                with pytest.raises(KeyboardInterrupt):
                    Trial(base).fetch(folder)
            report = Trial(base).fetch(folder)
        assert report.how == "resumed"
        assert len(server.asked("file")) == before + 2
        assert len(seen_by_a_load(folder)) == 2
