"""The true gaps of a world with several problems: what is planted is what there is."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from rounds.world import DiabetesPlanting, ScreeningPlanting, World, WorldConfig
from rounds.world.measured import measured
from rounds.world.opportunities import SAME_PEOPLE, expected_proportions, gaps

CONFIG = WorldConfig(
    people=10_000,
    n_clinics=10,
    weeks=4,
    seed=4,
    problems=("hypertension", "diabetes", "screening"),
)
ALIKE = replace(
    CONFIG,
    diabetes=DiabetesPlanting(tested_spread=0.0, control_spread=0.0, statin_spread=0.0),
    screening=ScreeningPlanting(done_spread=0.0),
)


APART = replace(
    CONFIG,
    diabetes=DiabetesPlanting(tested_spread=1.0, control_spread=0.6, statin_spread=1.0),
    screening=ScreeningPlanting(done_spread=1.0),
)


def spread(shares):
    return {name: float(share.std()) for name, share in shares.items()}


@pytest.fixture(scope="module")
def expected():
    return expected_proportions(CONFIG)


def test_what_clinics_do_is_what_is_expected_of_them_but_for_chance(expected):
    """Squared distances, in standard errors of both sides, average one."""
    squares = []
    for seed in range(4, 8):
        config = replace(CONFIG, seed=seed)
        world = World(config)
        world.live(world.go_live, None)
        share = expected if seed == CONFIG.seed else expected_proportions(config)
        for name, found in measured(world._scene, world._records).items():
            clinic = world._scene.persons.clinic[found.person]
            n = np.bincount(clinic, minlength=10)
            x = np.bincount(clinic, found.does_well, minlength=10)
            p = share[name]
            other = (
                n.sum() / config.people * SAME_PEOPLE
            )  # counted for what is expected
            error = np.sqrt(p * (1 - p) * (1 / n + 1 / other))
            squares += (((x / n - p) / error) ** 2).tolist()
    # A chi-square of one degree has a standard deviation of the square root of 2. What
    # is expected errs alike at the ten clinics of a world, a correlation of one sixth.
    error = np.sqrt(2 / len(squares)) * np.sqrt(1 + 9 / 6**2)
    assert abs(np.mean(squares) - 1) < 4 * error


def test_clinics_that_are_planted_alike_are_alike():
    """What is left is the clinicians', and what areas add; pressure is not planted."""
    alike, apart = (spread(expected_proportions(c)) for c in (ALIKE, APART))
    pressure = "blood-pressure-control"
    assert alike.pop(pressure) == apart.pop(pressure)
    assert all(alike[name] < 0.4 * apart[name] for name in alike)


def test_a_measure_keeps_its_gap_whatever_is_planted_of_another(expected):
    config = replace(CONFIG, screening=ScreeningPlanting(done=0.3, done_spread=1.0))
    other = expected_proportions(config)
    for name, share in expected.items():
        same = bool((other[name] == share).all())
        assert same == (name != "colorectal-cancer-screening")


def test_the_gap_is_the_distance_to_the_best_quarter_in_patients():
    share, n = np.array([0.9, 0.8, 0.6, 0.5, 0.4]), np.array([10, 30, 10, 10, 0])
    benchmark, found = gaps(share, n)
    assert benchmark == pytest.approx((9 + 24) / 40)
    np.testing.assert_allclose(found, [0, 0.75, 2.25, 3.25, 0])


def test_the_truth_ranks_by_gap_and_adds_up():
    truth = World(CONFIG)._truth()["opportunities"]
    told = sorted(truth["measures"].values(), key=lambda one: one["rank"])
    assert [one["rank"] for one in told] == [1, 2, 3, 4]
    assert all(a["gap"] >= b["gap"] for a, b in pairwise(told))
    for one in told:
        assert sum(site["gap"] for site in one["by"]) == pytest.approx(one["gap"])
        assert sum(site["patients"] for site in one["by"]) == one["patients"]
    assert truth["period"] == ["2024-01-07", "2025-01-05"]
