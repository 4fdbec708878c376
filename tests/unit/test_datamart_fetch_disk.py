"""Fetching to a disk that fills up, by a slow line, and without a word of a length."""

import datetime as dt
import re
import resource

import httpx
import pytest

from rounds.nouns import RoundsError
from stories.bulk_server import NOW, BulkServer, Clock, ndjson, serving
from stories.fetching import Trial, seen_by_a_load

CONTENT = ndjson("Observation", 3000, width=40)


@pytest.fixture
def server():
    return BulkServer(output=[("Observation", CONTENT)], polls=0)


def test_a_disk_that_fills_up_stops_the_fetch_and_room_lets_it_go_on(server, tmp_path):
    """A limit on the size of files stands for the disk: the system refuses to write."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with serving(server) as base:
        trial = Trial(base)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        try:
            with pytest.raises(RoundsError) as caught:
                trial.fetch(tmp_path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert caught.value.code == "fetch-disk-full"
        assert seen_by_a_load(tmp_path) == {}
        assert trial.fetch(tmp_path).how == "resumed"
    assert seen_by_a_load(tmp_path)["0001/Observation.0001.ndjson"] == CONTENT


def test_the_disk_is_looked_at_while_a_file_comes(server, tmp_path, monkeypatch):
    monkeypatch.setattr("rounds.datamart.fetch.download._LOOK_EVERY", 50_000)
    free = iter([1 << 40, 1 << 40, 0, 0])
    with serving(server) as base:
        trial = Trial(base)
        object.__setattr__(trial.around, "free_bytes", lambda _: next(free))
        with pytest.raises(RoundsError) as caught:
            trial.fetch(tmp_path)
    assert caught.value.code == "fetch-disk-full"
    part = tmp_path / ".fetch/0001/_working/Observation.0001.part"
    assert 100_000 < part.stat().st_size < 200_000


def test_a_slow_download_says_how_far_it_is_and_how_fast(server, tmp_path):
    class Slow(Clock):
        def now(self):
            self.time += dt.timedelta(seconds=0.5)
            return self.time

    with serving(server) as base:
        trial = Trial(base, clock=Slow())
        trial.fetch(tmp_path)
    told = re.compile(
        r"Observation\.0001 \(1 of 1\): 0\.\d of 0\.3 MB, 0\.\d MB/s, \d+ s left"
    )
    assert any(told.fullmatch(said) for said in trial.said), trial.said


class Untold(httpx.SyncByteStream):
    """A body that ends where the connection does."""

    def __iter__(self):
        yield CONTENT


def test_a_file_whose_length_nobody_told_is_named(tmp_path):
    def answer(request):
        if request.method == "DELETE":
            return httpx.Response(202)
        if request.url.path.endswith("$export"):
            return httpx.Response(202, headers={"Content-Location": "/jobs/1"})
        if request.url.path == "/jobs/1":
            url = str(request.url.join("/file"))
            output = [{"type": "Observation", "url": url}]
            manifest = {"transactionTime": NOW.isoformat(), "output": output}
            return httpx.Response(200, json=manifest | {"requiresAccessToken": False})
        return httpx.Response(200, stream=Untold())

    trial = Trial("https://ehr.example.org")
    object.__setattr__(trial.around, "transport", httpx.MockTransport(answer))
    report = trial.fetch(tmp_path)
    assert report.unconfirmed == ("Observation.0001.ndjson",)
    assert report.by_kind["Observation"][:2] == (1, 3000)
