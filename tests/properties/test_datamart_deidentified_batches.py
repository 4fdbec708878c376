"""De-identified changes, too, end the same in any order and any portions."""

import os
import random

import pytest

from rounds.datamart.deidentify import MODES, DeidentifyPlan
from stories.changes import batches
from stories.fhir_parts import Parts

SEEDS = int(os.environ.get("ROUNDS_DEIDENTIFIED_SEEDS", "1"))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_loads_commute_and_repeat(tmp_path, mode, seed):
    """With one key and one store of codes: the same pseudonyms, versions and rows."""
    rng = random.Random(seed)
    made = batches(rng, 4)
    shuffled = made + rng.choices(made, k=2)
    rng.shuffle(shuffled)
    plan = DeidentifyPlan(
        mode=mode,
        key=bytes(range(32)),
        reference_year=2026,
        codes=tmp_path / "deidentify-codes",
        random_bytes=random.Random(7).randbytes,
    )
    whole, parts = (Parts(tmp_path / name, plan=plan) for name in ("whole", "parts"))
    whole.load(*(line for lines in made for line in lines))
    for lines in shuffled:
        parts.load(*lines)
    assert parts.content() == whole.content()
    assert whole.content()["person"]
