"""Changes loaded in any order, in any portions, any number of times, end the same."""

import json
import os
import random
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rounds.datamart import Datamart, load
from stories.changes import batches
from stories.fhir_parts import TABLES, Parts

N_BATCHES = int(os.environ.get("ROUNDS_BATCHES", "30"))
IN_A_ROW = 6


def end_of(loads, rng):
    """Load batches one after another; give what is there in the end, and each load."""
    with tempfile.TemporaryDirectory() as name:
        parts = Parts(name)
        told = [rng.choice((parts.load, parts.load_by_type))(*lines) for lines in loads]
        return parts.content(), told


def end_in_a_datamart(loads):
    """Load batches into a datamart; give its rows, and its snapshot's id."""
    with tempfile.TemporaryDirectory() as name:
        for place, lines in enumerate(loads):
            folder = Path(name) / f"in-{place}"
            folder.mkdir()
            texts = "\n".join(json.dumps(one) for one in lines)
            (folder / "all.ndjson").write_text(texts + "\n")
            report = load(folder, Path(name) / "mart")
        with Datamart.open(Path(name) / "mart") as mart:
            rows = {
                table: Counter(mart._connection.execute(f"FROM {table}").fetchall())
                for table in TABLES
            }
        return rows, report.snapshot


def check(seed):
    """Compare shuffled and repeated loads with one load of everything."""
    rng = random.Random(seed)
    made = batches(rng, IN_A_ROW - 2)
    repeated = made + rng.choices(made, k=2)
    rng.shuffle(repeated)
    expected, _ = end_of([[line for lines in made for line in lines]], rng)
    found, told = end_of(repeated, rng)
    assert found == expected
    assert all(one.touched is not None for one in told[1:])


@pytest.mark.parametrize("seed", range(max(1, N_BATCHES // IN_A_ROW - 1)))
def test_loads_commute_and_repeat(seed):
    check(seed)


def test_a_datamart_ends_the_same_with_the_same_snapshot_id():
    rng = random.Random(7)
    made = batches(rng, IN_A_ROW)
    shuffled = [*made, made[0]]
    rng.shuffle(shuffled)
    (expected, snapshot), (found, other) = map(end_in_a_datamart, (made, shuffled))
    assert found == expected
    assert other == snapshot
    whole, _ = end_in_a_datamart([[line for lines in made for line in lines]])
    assert whole == expected


@settings(
    max_examples=1,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.integers(1_000_000, 2_000_000))
def test_loads_commute_for_any_seed(seed):
    check(seed)
