"""Changes of the further types, in any order and portions, end the same."""

import os
import random
import tempfile

import pytest

from stories.changes import batches
from stories.fhir_parts import Parts
from stories.more_changes import MAKERS

N_SEEDS = int(os.environ.get("ROUNDS_BATCHES", "30")) // 6


def end_of(loads):
    with tempfile.TemporaryDirectory() as name:
        parts = Parts(name)
        for lines in loads:
            parts.load(*lines)
        return parts.content()


@pytest.mark.parametrize("seed", range(max(2, N_SEEDS)))
def test_loads_commute_and_repeat(seed):
    rng = random.Random(seed)
    made = batches(rng, 4, most=8, makers=MAKERS)
    repeated = made + rng.choices(made, k=2)
    rng.shuffle(repeated)
    whole = end_of([[line for lines in made for line in lines]])
    assert end_of(repeated) == whole
