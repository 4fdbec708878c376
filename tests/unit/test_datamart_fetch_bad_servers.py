"""Servers that fail, refuse, or send nonsense: one clear error, nothing half-done."""

import asyncio
import json

import pytest
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from rounds.datamart.fetch import Patience
from rounds.nouns import RoundsError
from stories.bulk_server import BulkServer, ndjson, serving
from stories.fetching import PATIENT, Trial, seen_by_a_load

ROE = "Jane Roe, born 1960-05-04"


@pytest.fixture
def server():
    return BulkServer(output=list(PATIENT), polls=0)


def fails(server, folder, code, *, said="", patience=None, **asked):
    """Fetch in vain; nothing can be loaded, and no word of the server's is shown."""
    with serving(server) as base:
        trial = Trial(base)
        trial.patience = patience or trial.patience
        with pytest.raises(RoundsError) as caught:
            trial.fetch(folder, **asked)
    error = caught.value
    assert error.code == code, str(error)
    assert said in str(error)
    assert error.why
    assert 1 <= len(error.remedies) <= 3
    assert seen_by_a_load(folder) == {}
    for told in (str(error), *trial.said):
        assert "Roe" not in told
        assert "1960" not in told
        assert "token-" not in told
    return trial


def outcome(status, code):
    body = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": code, "diagnostics": ROE}],
    }
    return lambda _: JSONResponse(body, status, media_type="application/fhir+json")


def status(code, **headers):
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: PlainTextResponse(ROE, code, told)


@pytest.mark.parametrize("step", ["kick-off", "status", "file"])
def test_a_server_that_is_busy_for_the_moment_is_asked_again(server, step, tmp_path):
    server.script[step] = [status(429, retry_after="7"), status(429), status(503)]
    with serving(server) as base:
        trial = Trial(base)
        trial.fetch(tmp_path)
    assert trial.clock.slept == [7.0, 2.0, 4.0]
    assert len(seen_by_a_load(tmp_path)) == 1


@pytest.mark.parametrize("step", ["kick-off", "status", "file"])
@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
def test_a_server_that_is_always_busy_is_given_up(server, step, code, tmp_path):
    server.script[step] = [status(code)] * 4
    fails(server, tmp_path, "fetch-server-failing", said=str(code))


def test_a_retry_after_that_is_nonsense_is_ignored(server, tmp_path):
    server.script["status"] = [
        status(429, retry_after="soon"),
        status(429, retry_after="-5"),
        status(429, retry_after="9" * 30),
    ]
    with serving(server) as base:
        trial = Trial(base)
        trial.fetch(tmp_path)
    assert trial.clock.slept == [1.0, 2.0, 4.0]


def test_a_retry_after_of_days_ends_the_fetch_and_leaves_the_job(server, tmp_path):
    server.script["status"] = [status(429, retry_after="900000")]
    trial = fails(server, tmp_path, "fetch-too-slow")
    assert trial.clock.slept == []
    assert len(server.jobs) == 1


def test_an_export_that_is_never_ready_ends_the_fetch(server, tmp_path):
    server.polls, server.retry_after = 10**6, "3600"
    trial = fails(server, tmp_path, "fetch-too-slow", said="24 hours")
    assert 22 <= len(trial.clock.slept) <= 24


@pytest.mark.parametrize(
    ("step", "answer", "said"),
    [
        ("kick-off", lambda _: JSONResponse({"resourceType": "Bundle"}), "200 at once"),
        ("kick-off", lambda _: Response(status_code=202), "Content-Location"),
        ("kick-off", lambda _: HTMLResponse(f"<p>{ROE}"), "200 at once"),
        ("status", lambda _: HTMLResponse(f"<p>{ROE}"), "web page"),
        ("status", lambda _: PlainTextResponse(ROE), "not JSON"),
        ("status", lambda _: JSONResponse([ROE]), "not a JSON object"),
        ("status", lambda _: Response(b"[" * 100_000), "not JSON"),
        ("status", lambda _: Response(b" " * (10 << 20) + b"{}"), "10 MB"),
    ],
)
def test_an_answer_that_is_not_by_the_guide_is_refused(
    server, step, answer, said, tmp_path
):
    server.script[step] = [answer] * 9
    fails(server, tmp_path, "fetch-answer-unusable", said=said)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"transactionTime": None}, "transactionTime"),
        ({"transactionTime": "2026-03-01"}, "transactionTime"),
        ({"requiresAccessToken": "no"}, "token"),
        ({"output": "none"}, "under output"),
        ({"output": [{"type": "../../etc", "url": "https://x/y"}]}, "under output"),
        ({"output": [{"type": "Patient"}]}, "under output"),
        (
            {"output": [{"type": "Patient", "url": "https://x/y", "count": -1}]},
            "below 0",
        ),
        ({"deleted": [3]}, "under deleted"),
        ({"link": [{"relation": "next", "url": "https://x/y"}]}, "several"),
    ],
)
def test_a_manifest_that_is_not_whole_is_refused(server, change, said, tmp_path):
    server.edit_manifest = lambda manifest: manifest | change
    fails(server, tmp_path, "fetch-answer-unusable", said=said)


def test_a_manifest_without_output_is_refused(server, tmp_path):
    server.edit_manifest = lambda manifest: {
        k: v for k, v in manifest.items() if k != "output"
    }
    fails(server, tmp_path, "fetch-answer-unusable", said="no output")


def test_an_empty_export_of_everything_is_no_success(server, tmp_path):
    body = {"resourceType": "OperationOutcome"}
    body["issue"] = [{"severity": "error", "code": "forbidden", "diagnostics": ROE}]
    server.output = []
    server.errors = [("OperationOutcome", json.dumps(body).encode() + b"\n")]
    fails(server, tmp_path, "fetch-nothing", said="error forbidden")
    assert server.jobs == set()


@pytest.mark.parametrize(
    ("step", "code", "error"),
    [
        ("kick-off", 400, "fetch-refused"),
        ("kick-off", 403, "fetch-not-allowed"),
        ("kick-off", 401, "fetch-not-allowed"),
        ("kick-off", 500, "fetch-refused"),
        ("status", 403, "fetch-not-allowed"),
        ("status", 404, "fetch-refused"),
        ("status", 500, "fetch-refused"),
        ("file", 403, "fetch-file-incomplete"),
        ("file", 400, "fetch-refused"),
    ],
)
def test_a_refusal_is_final_and_shows_its_code_alone(
    server, step, code, error, tmp_path
):
    server.script[step] = [outcome(code, "processing")] * 9
    said = {"fetch-refused": "processing", "fetch-not-allowed": str(code)}.get(
        error, ""
    )
    trial = fails(server, tmp_path, error, said=said)
    assert trial.clock.slept == []


def test_a_code_of_no_list_is_not_shown(server, tmp_path):
    server.script["kick-off"] = [outcome(400, ROE)]
    fails(server, tmp_path, "fetch-refused", said="(400)")


def test_a_failure_that_is_said_to_pass_is_asked_again(server, tmp_path):
    server.script["status"] = [outcome(500, "transient")] * 3
    with serving(server) as base:
        Trial(base).fetch(tmp_path)
    assert len(seen_by_a_load(tmp_path)) == 1


def test_after_a_failed_job_the_next_run_begins_another(server, tmp_path):
    server.script["status"] = [outcome(500, "processing")]
    fails(server, tmp_path, "fetch-refused")
    with serving(server) as base:
        assert Trial(base).fetch(tmp_path).how == "new"
    assert len(server.asked("kick-off")) == 2


def test_a_server_that_stops_answering_is_given_up(server, tmp_path):
    async def never(_):
        await asyncio.sleep(30)

    server.script["status"] = [never] * 2
    patience = Patience(tries=2, connect=5.0, silence=0.2)
    fails(server, tmp_path, "fetch-server-silent", said="stopped", patience=patience)


def test_a_kick_off_without_an_answer_is_not_sent_twice(server, tmp_path):
    async def never(_):
        await asyncio.sleep(30)

    server.script["kick-off"] = [status(503), never, never]
    patience = Patience(tries=4, connect=5.0, silence=0.2)
    fails(server, tmp_path, "fetch-server-silent", patience=patience)
    assert len(server.asked("kick-off")) == 2


BIG = ndjson("Patient", 500, width=50)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (BIG[:-30], "last line"),
        (b"<html>" + ROE.encode(), "web page"),
        (b"[1]\n", "JSON object"),
        (b"\x1f\x8b\x08\x00" + bytes(20), "compression"),
    ],
)
def test_a_file_cut_short_is_asked_for_thrice_and_then_refused(
    server, content, said, tmp_path
):
    server.counts, server.output = False, [("Patient", content)]
    fails(server, tmp_path, "fetch-file-incomplete", said=said)
    assert len(server.asked("file")) == 3


def test_a_file_with_fewer_lines_than_announced_is_refused(server, tmp_path):
    server.edit_manifest = lambda manifest: (
        manifest | {"output": [each | {"count": 41} for each in manifest["output"]]}
    )
    fails(server, tmp_path, "fetch-file-incomplete", said="40 lines, 41")


def test_a_download_that_breaks_at_one_place_again_and_again_is_given_up(
    server, tmp_path
):
    server.output, server.ranges = [("Patient", BIG)], False
    server.cuts[1] = [20_000] * 9
    fails(server, tmp_path, "fetch-file-incomplete", said="same place")


def test_a_file_that_does_not_fit_is_refused_before_it_is_fetched(server, tmp_path):
    with serving(server) as base:
        trial = Trial(base, free=1000)
        with pytest.raises(RoundsError) as caught:
            trial.fetch(tmp_path)
        assert caught.value.code == "fetch-disk-full"
        assert seen_by_a_load(tmp_path) == {}
        trial.free = 1 << 40
        assert trial.fetch(tmp_path).how == "resumed"


def test_a_link_that_ran_out_is_asked_for_again(server, tmp_path):
    server.script["file"] = [status(410), status(404)]
    with serving(server) as base:
        trial = Trial(base)
        trial.fetch(tmp_path)
    assert len(server.asked("status")) == 3
    assert len(seen_by_a_load(tmp_path)) == 1


def test_a_manifest_that_changes_meanwhile_is_refused(server, tmp_path):
    def later(_):
        server.transaction_time = "2026-03-01T09:00:00Z"
        return Response(status_code=410)

    server.script["file"] = [later]
    fails(server, tmp_path, "fetch-answer-unusable", said="changed while")


def test_a_file_that_is_gone_for_good_is_refused(server, tmp_path):
    server.script["file"] = [status(410)] * 9
    fails(server, tmp_path, "fetch-file-incomplete", said="any more")


def test_a_redirect_is_followed_but_not_for_ever_nor_to_plain_http(server, tmp_path):
    def onward(request):
        return Response(status_code=307, headers={"Location": str(request.url)})

    def outside(_):
        return Response(
            status_code=302, headers={"Location": "http://files.example.org/x"}
        )

    server.script["file"] = [onward]
    with serving(server) as base:
        Trial(base).fetch(tmp_path / "one")
    server.script["file"] = [onward] * 9
    fails(server, tmp_path / "two", "fetch-answer-unusable", said="redirected")
    server.script["file"] = [outside]
    fails(server, tmp_path / "three", "fetch-not-https", said="files.example.org")


def test_no_name_of_a_file_comes_from_the_server(server, tmp_path):
    def elsewhere(manifest):
        url = manifest["output"][0]["url"] + "?name=../../../../escape"
        return manifest | {"output": [manifest["output"][0] | {"url": url}]}

    server.edit_manifest = elsewhere
    with serving(server) as base:
        Trial(base).fetch(tmp_path)
    assert list(seen_by_a_load(tmp_path)) == ["0001/Patient.0001.ndjson"]


def test_a_second_fetch_into_the_folder_is_refused(server, tmp_path):
    from rounds.datamart.fetch.folder import opened

    with (
        opened(tmp_path),
        serving(server) as base,
        pytest.raises(RoundsError) as caught,
    ):
        Trial(base).fetch(tmp_path)
    assert caught.value.code == "fetch-busy"
