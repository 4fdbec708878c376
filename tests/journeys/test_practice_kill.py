"""Killed at random instants under load, the service loses nothing it acknowledged.

Ten kills by default; `ROUNDS_KILLS` sets another number (`make test-kill`: 200).
"""

import contextlib
import functools
import http.client
import json
import multiprocessing
import os
import random
import socket
import threading
import time

import pytest
import uvicorn

from rounds.loop.change.rollouts import PermutedBlocks
from rounds.practice.exposures import exposure_of, exposure_rows
from rounds.web.cds_hooks import create_cds_app
from stories import practice as story

URL = f"/cds-services/{story.SERVICE}"
KILLS = int(os.environ.get("ROUNDS_KILLS", "10"))
THREADS = 4


class Load:
    """Callers in threads; each remembers what was acknowledged to it."""

    def __init__(self, port, kill):
        self.port, self.kill = port, kill
        self.stop = threading.Event()
        self.answered = {}
        self.unanswered = []
        self.acknowledged = {}
        self.wrong = []
        self.threads = [
            threading.Thread(target=self.call_on, args=(i,)) for i in range(THREADS)
        ]

    def call_on(self, caller):
        with self.connect() as connection:
            self.call_until_stopped(connection, caller)

    def wait_for(self, n):
        """Wait until so many calls were answered, ten seconds at the most."""
        deadline = time.monotonic() + 10
        while len(self.answered) < n and time.monotonic() < deadline:
            time.sleep(0.002)

    def connect(self):
        connection = http.client.HTTPConnection("localhost", self.port, timeout=10)
        return contextlib.closing(connection)

    def call_until_stopped(self, connection, caller):
        n = 0
        while not self.stop.is_set():
            n += 1
            patient = f"patient-{self.kill}-{caller}-{n % 40}"
            clinic, encounter = f"clinic-{(caller + n) % 8}", f"visit-of-{patient}"
            request = story.due_request(clinic, patient, encounter=encounter)
            hook = request["hookInstance"]
            try:
                cards = self.post(connection, URL, request)["cards"]
                self.answered[hook] = (patient, cards[0]["uuid"] if cards else None)
                if cards and n % 3 == 0:
                    item = {
                        "card": cards[0]["uuid"],
                        "outcome": "overridden",
                        "outcomeTimestamp": "2025-02-03T09:00:00Z",
                    }
                    self.post(connection, f"{URL}/feedback", {"feedback": [item]})
                    self.acknowledged[hook] = cards[0]["uuid"]
            except (OSError, http.client.HTTPException):
                if hook not in self.answered:
                    self.unanswered.append((hook, request))
                return
            except AssertionError as error:
                self.wrong.append(str(error))
                return

    def post(self, connection, path, plain):
        headers = {"Content-Type": "application/json"}
        connection.request("POST", path, json.dumps(plain), headers)
        response = connection.getresponse()
        body = response.read()
        assert response.status == 200, body
        return json.loads(body)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def serve(folder, port):
    """Start the real server as a process of its own, and wait until it listens.

    It is forked from a process that has the imports done, so that a restart is quick.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["uvicorn", "rounds.web.cds_hooks"])
    server = context.Process(
        target=uvicorn.run,
        args=(functools.partial(create_cds_app, folder),),
        kwargs={"factory": True, "port": port, "log_level": "critical"},
    )
    server.start()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert server.is_alive(), "the server did not start"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.01)
        else:
            return server
    raise AssertionError("the server did not listen within a minute")


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit", ["clinic", "patient", *(["encounter"] if KILLS > 10 else [])]
)
def test_no_acknowledged_exposure_is_lost_and_no_allocation_changes(tmp_path, unit):
    """SIGKILL under load, again and again; patients and visits are drawn as they come."""
    chance = random.Random(f"20250106 {unit}")
    kills = max(1, KILLS // 2)
    answered, acknowledged, retried = {}, {}, []
    arms = {}
    with story.open_practice(tmp_path) as practice:
        rollout = story.start(practice, unit=unit)
    for kill in range(kills):
        port = free_port()
        server = serve(tmp_path, port)
        load = Load(port, kill)
        for thread in load.threads:
            thread.start()
        load.wait_for(chance.randint(1, 40))
        time.sleep(chance.uniform(0, 0.02))
        server.kill()
        server.join()
        load.stop.set()
        for thread in load.threads:
            thread.join()
        assert load.wrong == []
        answered |= load.answered
        acknowledged |= load.acknowledged
        retried += load.unanswered
        with story.open_practice(tmp_path) as practice:
            now_allocated = practice.assignments(rollout.ref())
        assert all(now_allocated[unit] == one for unit, one in arms.items())
        arms = dict(now_allocated)
    assert len(answered) > 5 * kills, "too little load to tell"
    check(tmp_path, rollout, answered, acknowledged, arms)
    retry(tmp_path, retried)


def check(folder, rollout, answered, acknowledged, arms):
    """Each answer has one exposure that says the same; each arm is the seed's."""
    with story.open_practice(folder) as practice:
        hooks = [
            hook for (hook,) in _query(practice, "select hook_instance from exposure")
        ]
        assert len(hooks) == len(set(hooks))
        assert set(answered) <= set(hooks)
        for hook, (patient, card) in answered.items():
            written = exposure_of(practice, story.SERVICE, hook)
            assert (written.person_source_value, written.card) == (patient, card)
            assert written.arm == arms[written.unit].arm
            assert written.due
        given = {card for (card,) in _query(practice, "select card from feedback")}
        assert set(acknowledged.values()) <= given
        rows = exposure_rows(
            practice,
            rollout.ref(),
            ignored_after=story.ENROLMENT_END - story.GO_LIVE,
            now=story.NOW,
        )
        assert set(rows.unit) == set(arms)
    blocks = PermutedBlocks(story.SEED, rollout.design.block_sizes)
    if rollout.design.unit == "clinic":
        assert arms == blocks.assign(story.CLINICS)
        return
    places = sorted(one.sequence for one in arms.values())
    assert places == list(range(len(arms)))
    assert all(one.arm == blocks.arm("all", one.sequence) for one in arms.values())


def retry(folder, unanswered):
    """A caller that got no answer asks again: it is written once."""
    server = serve(folder, port := free_port())
    try:
        load = Load(port, "retry")
        with load.connect() as connection:
            for _, request in unanswered:
                for _ in range(2):
                    load.post(connection, URL, request)
    finally:
        server.kill()
        server.join()
    with story.open_practice(folder) as practice:
        for hook, _ in unanswered:
            query = "select count(*) from exposure where hook_instance = ?"
            assert _query(practice, query, hook) == [(1,)]


def _query(practice, query, *values):
    import sqlite3

    connection = sqlite3.connect(practice.path)
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()
