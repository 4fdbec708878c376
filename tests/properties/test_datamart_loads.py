"""Loads of FHIR in any order, in any portions, twice: one load of everything."""

import json
import os
import random

import pytest

from rounds.datamart import Datamart, Store, load
from rounds.datamart.store import compaction
from stories.changes import batches

SEEDS = int(os.environ.get("ROUNDS_LOAD_SEEDS", "2"))


def state(mart):
    """Give the snapshot's id and its rows, and see that the manifest counts them."""
    with Datamart.open(mart, threads=1) as opened:
        rows = opened.load_report().rows
        for table, n in rows.items():
            query = f'SELECT count(*) FROM "{table}"'
            assert opened._connection.execute(query).fetchone() == (n,), table
        led = opened._connection.execute("FROM rounds_resource ORDER BY ALL")
        return opened.snapshot, opened.fingerprints(), led.fetchall()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_loads_commute_and_repeat_into_one_snapshot(tmp_path, monkeypatch, seed):
    """Whether parts are merged on the way or not."""
    chance = random.Random(f"loads {seed}")
    folders = []
    (tmp_path / "all").mkdir()
    for n, lines in enumerate(batches(chance, 5)):
        folders.append(tmp_path / f"in-{n}")
        folders[-1].mkdir()
        text = "".join(
            (line if isinstance(line, str) else json.dumps(line)) + "\n"
            for line in lines
        )
        for folder in (folders[-1], tmp_path / "all"):
            (folder / f"batch-{n}.ndjson").write_text(text)
    load(tmp_path / "all", tmp_path / "whole", threads=1)
    expected = state(tmp_path / "whole")
    for mart, share in (("apart", 1_000.0), ("merged", -1.0)):
        monkeypatch.setattr(compaction, "MOST_OF_BASE", share)
        order = [*folders, *chance.choices(folders, k=2)]
        chance.shuffle(order)
        for folder in order:
            load(folder, tmp_path / mart, threads=1)
        assert state(tmp_path / mart) == expected
        (source,) = Store(tmp_path / mart).current().sources
        assert len(source.parts) == (1 if mart == "merged" else len(folders))
