"""Killed at random instants, a load leaves the last snapshot whole for every reader.

Twelve kills by default; `ROUNDS_LOAD_KILLS` sets another number (`make test-kill-load`:
300).
"""

import json
import multiprocessing
import os
import random
import time

import pytest

from rounds.datamart import Datamart, Store, load
from rounds.datamart.store import compaction
from stories import adding, killed_loads

KILLS = int(os.environ.get("ROUNDS_LOAD_KILLS", "12"))


@pytest.fixture
def context(monkeypatch):
    """Give a way to start processes that have their imports done."""
    adding.take_over(monkeypatch)
    monkeypatch.setattr(compaction, "MOST_INCREMENTS", 3)
    monkeypatch.setattr(compaction, "MOST_OF_BASE", 0.1)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["stories.killed_loads"])
    return context


def state(mart):
    with Datamart.open(mart, threads=1) as opened:
        return opened.snapshot, killed_loads.state_of(opened)


def leftovers(mart):
    """Give the files that no kept snapshot leads to."""
    kept = [each for each in Store(mart).history() if Store(mart).is_kept(each)]
    named = {part.file for each in kept for part in each.parts}
    found = {each.name for each in (mart / "parts").iterdir()} - named
    return found | {each.name for each in (mart / "building").iterdir()}


def loaded_again(context, folder, mart):
    """Load in a process that is not killed; give how many seconds it lived."""
    began = time.monotonic()
    process = context.Process(target=killed_loads.load_one, args=(folder, mart))
    process.start()
    process.join()
    assert process.exitcode == 0
    return time.monotonic() - began


@pytest.mark.slow
def test_no_row_is_lost_doubled_or_half_visible(tmp_path, context):
    """SIGKILL in the midst of loads; the same load again completes each of them."""
    chance = random.Random("20250106 loads")
    mart, whole = tmp_path / "mart", tmp_path / "whole"
    first = adding.lines_of(chance, 3_000, keys=2_000, people=300)
    first = adding.write(tmp_path / "in-0", "0", first)
    load(first, whole, threads=1)
    seconds = loaded_again(context, first, mart)
    known = dict([state(whole)])
    stop = context.Event()
    reader = context.Process(
        target=killed_loads.read_on, args=(mart, tmp_path / "told", stop)
    )
    reader.start()
    survived = 0
    for kill in range(1, KILLS + 1):
        lines = adding.lines_of(chance, 20, keys=2_000, people=300)
        folder = adding.write(tmp_path / f"in-{kill}", str(kill), lines)
        before = state(mart)
        load(folder, whole, threads=1)
        after = state(whole)
        known |= [after]
        killed = context.Process(target=killed_loads.load_one, args=(folder, mart))
        killed.start()
        killed.join(chance.uniform(0, 1.2 * seconds))
        killed.kill()
        killed.join()
        found = state(mart)
        assert found in (before, after)
        survived += found == after
        seconds = 0.5 * seconds + 0.5 * loaded_again(context, folder, mart)
        assert state(mart) == after
        assert leftovers(mart) == set()
    stop.set()
    reader.join()
    lines = (tmp_path / "told").read_text().splitlines()
    answers = [json.loads(line) for line in lines]
    assert [each["error"] for each in answers if "error" in each] == []
    for answer in answers:
        assert known[answer.pop("snapshot")] == answer
    assert len(answers) > KILLS, "the reader was too slow to tell"
    assert KILLS - survived > 0, "no kill came in time"
    print(f"{KILLS} kills, {survived} after the switch, {len(answers)} answers")
