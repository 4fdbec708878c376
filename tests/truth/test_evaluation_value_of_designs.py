"""Cost and net benefit of visits, and of two cards: unbiased, and covering.

`make test-value` makes 2,000 trials of each (`ROUNDS_TRIALS`), and prints the lines of
docs/reference/accuracy.md.
"""

import os
from dataclasses import replace

import numpy as np
import pytest

from rounds.loop.evaluation.arms.crossed import crossed
from rounds.loop.evaluation.participants import join
from rounds.loop.evaluation.value.value import value_of
from stories import encounter_trial, factorial_trial, priced_trial, trial

N = int(os.environ.get("ROUNDS_TRIALS", "24"))
NAMES = ("effect", "cost", "net_benefit")
CONSERVATIVE = 0.05
"""By which the interval of few clinics may cover too often, as that of the effect."""


def agrees(said, found, true):
    """Hold each number to its truth, within four Monte Carlo standard errors."""
    for name, truth in zip(NAMES, true, strict=True):
        numbers = np.array([getattr(one, name).numbers for one in found])
        error = numbers[:, 0] - truth
        covers = np.mean((numbers[:, 1] < truth) & (truth < numbers[:, 2]))
        print(
            f"{said}, {name}: bias {error.mean():+.4f} "
            f"(MC se {error.std() / np.sqrt(N):.4f}), coverage {covers:.4f} of {N}"
        )
        assert abs(error.mean()) < 4 * error.std() / np.sqrt(N)
        slack = 4 * np.sqrt(0.95 * 0.05 / N)
        assert -slack < covers - 0.95 < max(slack, CONSERVATIVE)


def of_visits(world, seed, plan):
    """Price one made trial of visits as the step does."""
    rows = priced_trial.made_visits(world, seed)
    primary = rows.endpoints[str(trial.PRIMARY)]
    people = join(primary, rows.allocation, plan, plan.primary, {}, calls=rows.calls)
    return value_of(people, plan, rows.calls, rows.resources, sealed=None)


def test_what_a_card_at_a_visit_costs_is_unbiased_and_covers():
    """Also where a patient's visits are each followed by another number of visits."""
    world = encounter_trial.World(effect=0.08)
    plan = priced_trial.protocol_of_visits(covariates=())
    found = [of_visits(world, seed, plan) for seed in range(N)]
    assert all(one.per == "visit" for one in found)
    agrees("visits", found, priced_trial.truth(world))


def test_a_visit_has_its_own_card_and_its_own_followers():
    """Of one trial, by hand: each visit's card once, and the counts of its own day."""
    world = encounter_trial.World(clinics=8)
    plan = priced_trial.protocol_of_visits(covariates=())
    rows = priced_trial.made_visits(world, 3)
    found = of_visits(world, 3, plan)
    card = next(one for one in found.lines if one.name == "Card")
    assert (card.active, card.silent) == (1.0, 0.0)
    visits = next(one for one in found.lines if one.name == "Visits")
    n = found.cost.n
    active = sum(arm == "active" for arm, _ in rows.allocation.values())
    total = visits.active * active + visits.silent * (n - active)
    assert total == pytest.approx(rows.resources["Visits"].value.sum())


def of_two(world, seed, plan):
    """Price both cards of one made trial as the step does."""
    rows = priced_trial.made_two(world, seed)
    primary = rows.endpoints[str(trial.PRIMARY)]
    people = join(primary, rows.allocation, plan, plan.primary, {})
    first = value_of(people, plan, rows.calls, rows.resources, sealed=None)
    two = crossed(
        {endpoint.estimand.name: people for endpoint in plan.endpoints},
        factorial_trial.rollout(plan, trial.evidence()),
        plan,
        units={},
        second_calls=rows.second_calls,
        resources=rows.resources,
        sealed=None,
    )
    return first, two.told.second.value


def test_what_each_of_two_cards_costs_is_unbiased_and_covers():
    """Each with its own cards and its own programme, over both arms of the other."""
    world = factorial_trial.World(first=0.08, second=0.05)
    # A margin and a level that no interaction reaches: all are read.
    never = factorial_trial.FACTORS.model_copy(update={"interaction_alpha": 1e-9})
    plan = priced_trial.protocol_of_two(covariates=(), factors=never)
    found = [of_two(world, seed, plan) for seed in range(N)]
    for place, true in enumerate(priced_trial.truth_of_two(world)):
        agrees(f"card {place + 1} of two", [one[place] for one in found], true)
    lines = [{line.name for line in one.lines} for one in found[0]]
    assert lines == [
        {"Card", "Visits", "Upkeep"},
        {"Card", "Visits", "Upkeep", "Letters"},
    ]


def test_counts_of_another_visit_of_the_patient_are_not_taken_for_its_own():
    """The broken world: what followed each patient's first visit, put at all of them."""
    world = encounter_trial.World(clinics=8)
    plan = priced_trial.protocol_of_visits(covariates=())
    rows = priced_trial.made_visits(world, 3)
    visits = rows.resources["Visits"]
    elsewhere = replace(visits, index_date=visits.index_date + np.timedelta64(1, "D"))
    primary = rows.endpoints[str(trial.PRIMARY)]
    people = join(primary, rows.allocation, plan, plan.primary, {}, calls=rows.calls)
    found = value_of(people, plan, rows.calls, {"Visits": elsewhere}, sealed=None)
    assert "not counted for some participants" in found.reason
