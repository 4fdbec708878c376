"""The world lives the same life in this process and through real HTTP calls."""

import contextlib
import datetime as dt
import sqlite3
import threading
import time

import pytest
import uvicorn
from starlette.applications import Starlette

from rounds.loop.change.in_process import InProcess
from rounds.practice import Practice
from rounds.web.cds_hooks import cds_routes
from rounds.world import World, WorldConfig
from rounds.world.http import HttpPointOfCare
from stories import practice as story

CONFIG = WorldConfig(people=300, n_clinics=4, weeks=4, seed=8, effect=0.2)
UNITS = {f"clinic-{i:02d}": "all" for i in range(1, 5)}
UNTIL = CONFIG.go_live + dt.timedelta(weeks=6)


def now():
    return story.NOW


def ready(folder):
    practice = Practice.open(folder / "private" / "practice.sqlite")
    story.start(practice, units=UNITS)
    return practice


def lived(point_of_care):
    world = World(CONFIG)
    world.live(world.go_live, None)
    world.live(UNTIL, point_of_care)
    return world


@contextlib.contextmanager
def served(practice):
    app = Starlette(routes=cds_routes(practice, now=now))
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    give_up = time.monotonic() + 20
    while not server.started and time.monotonic() < give_up:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    near, far = (ready(tmp_path_factory.mktemp(name)) for name in ("near", "far"))
    one = lived(InProcess(near, story.SERVICE, now=now))
    with (
        served(far) as base,
        HttpPointOfCare(base, story.SERVICE, timeout_seconds=30) as point_of_care,
    ):
        other = lived(point_of_care)
    return one, other, near, far


def test_the_event_log_is_the_same_byte_for_byte(both):
    one, other, _, _ = both
    assert one.event_log() == other.event_log()
    assert one.event_log_hash() == other.event_log_hash()


def test_cards_were_shown_in_some_clinics_and_answered(both):
    one, _, _, _ = both
    cards, feedback = (one._records.table(name) for name in ("card", "feedback"))
    assert 0 < cards["shown"].sum() < len(cards["shown"])
    assert set(feedback["outcome"]) == {"accepted", "overridden"}
    clinics = one._records.table("visit")["clinic"][cards["visit"]]
    shown = {int(c) for c in clinics[cards["shown"]]}
    assert 0 < len(shown) < len(UNITS)


def test_the_service_wrote_the_same_exposures_and_feedback(both):
    """What the service reads from a prefetch is what the batch says, to the second."""
    *_, near, far = both
    assert _rows(near) == _rows(far)
    assert len(_rows(near)["exposure"]) == both[0]._records.length("card")


def _rows(practice):
    with contextlib.closing(sqlite3.connect(practice.path)) as connection:
        return {
            table: connection.execute(
                f"SELECT * FROM {table} ORDER BY rowid"
            ).fetchall()
            for table in ("exposure", "feedback")
        }
