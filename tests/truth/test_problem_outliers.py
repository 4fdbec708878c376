"""In made health systems, the problem step names the clinic that was planted.

Three worlds here; `make test-outliers` lives through a hundred.
"""

import json
import os

import pytest
from scipy.stats import binom

from rounds.conduct.demo import DemoOptions, begin
from rounds.nouns import Variation

WORLDS = int(os.environ.get("ROUNDS_WORLDS", "3"))
CLINICS = 40
LEVEL = 0.998
"""Of the funnel's outer limits."""


def planted(world, path):
    """Open the world's sealed truth."""
    world.seal(path)
    return set(json.loads(path.read_text())["outliers"])


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Each world's planted clinics, and those that were named low and high."""
    found = []
    for seed in range(1, WORLDS + 1):
        root = tmp_path_factory.mktemp("world") / "project"
        options = DemoOptions(
            people=10_000, n_clinics=CLINICS, weeks=8, seed=seed, watch=False,
            publish_files=False, threads=1,
        )  # fmt: skip
        begun = begin(root, options, lambda _: None)
        variation = begun.problem.variation
        assert isinstance(variation, Variation)
        found.append(
            (
                planted(begun.world, root / "truth.json"),
                set(variation.outliers_low),
                set(variation.outliers_high),
            )
        )
    return found


def test_the_planted_clinic_is_named_low(told):
    """Nine in ten at the least: some clinics have too few patients to be told."""
    named = sum(planted <= low for planted, low, _ in told)
    assert named >= binom.ppf(0.001, WORLDS, 0.9)


def test_ordinary_clinics_are_named_no_more_often_than_chance_would(told):
    """Two in a thousand lie beyond the limits of 99.8%."""
    false = sum(len((low | high) - planted) for planted, low, high in told)
    ordinary = sum(CLINICS - len(planted) for planted, *_ in told)
    assert false <= binom.ppf(0.999, ordinary, 1 - LEVEL)
