"""Processes of their own for loads that are killed, and for a reader beside them."""

import json

from rounds.datamart import Datamart, load, sources
from rounds.datamart.store import compaction
from stories import adding


def begin():
    """Let this process know the readings alone, and merge parts often."""
    sources.SOURCES = adding.SOURCES
    compaction.MOST_INCREMENTS = 3
    compaction.MOST_OF_BASE = 0.1


def load_one(folder, mart):
    """Load a folder in this process."""
    begin()
    load(folder, mart, wait=30, threads=1)


def state_of(opened):
    """Give what the snapshot's rows hash to, and the counts that its manifest has."""
    found = opened.fingerprints()
    counts = {name: n for name, n in opened.load_report().rows.items() if n}
    return {"rows": found, "counts": counts}


def read_on(mart, told, stop):
    """Open the datamart again and again; write down each answer, or what went wrong."""
    with told.open("w") as stream:
        while not stop.is_set():
            try:
                with Datamart.open(mart, threads=1) as opened:
                    line = {"snapshot": opened.snapshot, **state_of(opened)}
            except Exception as error:  # noqa: BLE001 - whatever it is, it is told
                line = {"error": repr(error)}
            stream.write(json.dumps(line) + "\n")
            stream.flush()
