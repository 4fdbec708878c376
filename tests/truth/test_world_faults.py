"""Faults, outliers and harm do what the truth says they do, and are named in it."""

import numpy as np
import pytest

from rounds.world import EveryCard, World, WorldConfig
from rounds.world.trial_population import lowest_of_visit, outcomes

SIZE = {"people": 4_000, "n_clinics": 20, "weeks": 16, "seed": 31}
FIRST, LAST = 7 * 78, 7 * (78 + 16)
HALF = frozenset(f"clinic-{i:02d}" for i in range(1, 21, 2))


def lived(**settings):
    world = World(WorldConfig(**SIZE, **settings))
    world.live(world.trial_end, EveryCard(HALF))
    return world


def observed_by_arm(world):
    seen = outcomes(world._scene, world._records, FIRST, LAST)
    active = world._scene.persons.clinic[seen.person] % 2 == 0
    known = ~np.isnan(seen.systolic)
    spread = np.sqrt(0.25 / active.sum() + 0.25 / (~active).sum())
    return known[active].mean() - known[~active].mean(), spread


def test_outcomes_go_missing_in_the_active_arm_when_that_fault_is_injected():
    difference, spread = observed_by_arm(lived(faults=("missing_outcomes_active",)))
    assert difference < -4 * spread
    difference, spread = observed_by_arm(lived())
    assert abs(difference) < 4 * spread


def test_people_cross_over_when_that_fault_is_injected():
    for faults, share in ((("crossover",), 0.2), ((), 0.0)):
        world = lived(faults=faults)
        visits = world._records.table("visit")
        home = world._scene.persons.clinic[visits["person"]]
        after = (visits["day"] >= FIRST) & (visits["kind"] == 0)
        away = (visits["clinic"] != home)[after]
        error = np.sqrt(0.25 / len(away))
        assert abs(away.mean() - share) < 4 * error * (share > 0) + 1e-12
        assert not (visits["clinic"] != home)[~after].any()


def test_readings_end_in_zero_when_that_fault_is_injected():
    """A third and more of systolic readings, against a tenth."""
    for faults, low, high in (((), 0.08, 0.12), (("zero_ending",), 0.38, 0.48)):
        systolic = lived(faults=faults)._records.table("reading")["systolic"]
        assert low < (systolic % 10 == 0).mean() < high


def test_outlier_clinics_are_named_and_stand_out():
    world = lived(n_outliers=2)
    truth = world._truth()
    assert len(truth["outliers"]) == 2
    systolic, _ = lowest_of_visit(world._records)
    visits = world._records.table("visit")
    hypertensive = world._scene.persons.onset_day[visits["person"]] <= visits["day"]
    rows = hypertensive & (visits["kind"] == 0) & ~np.isnan(systolic)
    clinic = visits["clinic"][rows]
    mean = np.bincount(clinic, systolic[rows]) / np.bincount(clinic)
    named = [int(name[-2:]) - 1 for name in truth["outliers"]]
    rest = np.delete(mean, named)
    assert mean[named].min() > rest.mean() + 2 * rest.std(ddof=1)


def test_the_truth_names_every_fault_and_setting():
    world = World(WorldConfig(**SIZE, faults=("crossover", "zero_ending"), harm=0.02))
    truth = world._truth()
    assert set(truth["faults"]) == {"crossover", "zero_ending"}
    assert truth["config"]["harm"] == 0.02
    assert truth["config"]["go_live"] == "2025-01-06"
    assert len(truth["random_effects"]) == SIZE["n_clinics"]


def test_groups_of_the_truth_add_up_to_the_whole():
    truth = World(WorldConfig(**SIZE, harm=0.04))._truth()
    for outcome in truth["outcomes"].values():
        whole = outcome["overall"]
        for groups in outcome["by"].values():
            parts = list(groups.values())
            assert sum(part["n"] for part in parts) == whole["n"]
            if "difference" in whole:
                summed = sum(part["n"] * part.get("difference", 0) for part in parts)
                assert summed / whole["n"] == pytest.approx(whole["difference"])
    assert (
        truth["effect"]["overall"]
        == truth["outcomes"]["intensified"]["overall"]["difference"]
    )
    assert truth["population"]["n"] == truth["outcomes"]["systolic"]["overall"]["n"]


def test_harm_comes_of_cards_and_ends_in_a_drug_stopped():
    world = lived(harm=0.08, effect=0.1)
    seen = outcomes(world._scene, world._records, FIRST, LAST)
    active = world._scene.persons.clinic[seen.person] % 2 == 0
    low = seen.low_pressure
    spread = np.sqrt(0.08 / active.sum() + 0.08 / (~active).sum())
    assert low[active].mean() - low[~active].mean() > 0.02 + spread
    assert low[~active].mean() < 0.04
