"""In made health systems, the problem step names the clinic that was planted.

Three worlds here; `make test-outliers` lives through a hundred, and prints the counts.
"""

import json
import os
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.stats import binom, norm
from scipy.stats import t as student

from rounds.conduct.demo import DemoOptions, begin
from rounds.methods.funnels.deletion import paule_mandel
from rounds.nouns import Variation

WORLDS = int(os.environ.get("ROUNDS_WORLDS", "3"))
CLINICS = 40
LEVEL = 0.998
"""Of the funnel's outer limits."""
FEW = 10
"""Up to so many worlds, every planted clinic that an oracle sees has to be named."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """Names of one world's clinics."""

    planted: set[str]
    seen: set[str]
    """The planted ones that lie beyond the limits of an oracle: it knows which clinics
    are ordinary, and holds the planted ones against the mean and spread of these, by
    the t distribution that estimates of them ask for."""
    near: set[str]
    """Those beyond 3.09 standard errors, as if mean and spread were known for sure."""
    low: set[str]
    high: set[str]


def planted_in(world, path):
    """Open the world's sealed truth."""
    world.seal(path)
    return set(json.loads(path.read_text())["outliers"])


def seen_by_an_oracle(units, planted):
    """Say which planted clinics lie below 99.8% limits of the ordinary ones: allowing
    for what 39 clinics can tell of mean and spread, and taking both for the truth."""
    shown = [unit for unit in units if unit.denominator and unit.numerator is not None]
    x = np.array([unit.numerator for unit in shown], dtype=float)
    n = np.array([unit.denominator for unit in shown], dtype=float)
    far = np.array([unit.unit in planted for unit in shown])
    place, se = np.arcsin(np.sqrt(x / n)), 0.5 / np.sqrt(n)
    (tau2,) = paule_mandel(place[~far], se[~far])
    w = 1 / (se[~far] ** 2 + tau2)
    distance = place - (w * place[~far]).sum() / w.sum()
    honest = distance / np.sqrt(se**2 + tau2 + 1 / w.sum())
    sure = distance / np.sqrt(se**2 + tau2)
    names = np.array([unit.unit for unit in shown])
    limit = student.ppf((1 - LEVEL) / 2, w.size - 1)
    return (
        set(names[far & (honest < limit)].tolist()),
        set(names[far & (sure < norm.ppf((1 - LEVEL) / 2))].tolist()),
    )


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
        planted = planted_in(begun.world, root / "truth.json")
        seen, near = seen_by_an_oracle(begun.problem.units, planted)
        found.append(
            Told(
                planted=planted,
                seen=seen,
                near=near,
                low=set(variation.outliers_low),
                high=set(variation.outliers_high),
            )
        )
    return found


def test_the_planted_clinic_is_named_low(told):
    """Whatever an oracle sees, as good as: every clinic of a few worlds, and at least
    nine in ten of many. Some planted clinics have too few patients for either."""
    planted = sum(len(one.planted) for one in told)
    seen = sum(len(one.seen) for one in told)
    named = sum(len(one.seen & one.low) for one in told)
    near = sum(len(one.near) for one in told)
    also = sum(len(one.near & one.low) for one in told)
    every = sum(len(one.planted & one.low) for one in told)
    print(
        f"{WORLDS} worlds: {every} of {planted} planted clinics named; {named} of the "
        f"{seen} beyond an oracle's limit; {also} of the {near} beyond 3.09"
    )
    assert seen >= planted / 2
    assert named >= (seen if WORLDS <= FEW else 0.9 * seen)


def test_ordinary_clinics_are_named_no_more_often_than_chance_would(told):
    """Two in a thousand lie beyond the limits of 99.8%."""
    false = sum(len((one.low | one.high) - one.planted) for one in told)
    ordinary = sum(CLINICS - len(one.planted) for one in told)
    print(f"{false} of {ordinary} ordinary clinics named")
    assert false <= binom.ppf(0.999, ordinary, 1 - LEVEL)
