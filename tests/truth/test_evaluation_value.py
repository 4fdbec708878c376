"""Cost and net benefit by the step: unbiased, covering, also with few clinics."""

import os
from dataclasses import replace

import numpy as np
import pytest

from rounds.loop.evaluation.analysis import joined_endpoints
from rounds.loop.evaluation.value.value import value_of
from rounds.nouns import NotEstimable
from stories import priced_trial, trial

N = int(os.environ.get("ROUNDS_TRIALS", "24"))


def valued(world, seed, plan):
    """Price one made trial as the step does."""
    rows = priced_trial.made(world, seed)
    joined = joined_endpoints(rows, plan)
    people = joined[plan.primary.estimand.name]
    return value_of(people, plan, rows.calls, rows.resources, sealed=None)


@pytest.mark.parametrize("clinics", [8, 20])
def test_net_benefit_is_unbiased_and_covers_with_few_clinics(clinics):
    """Cost, effect and net benefit over seeded trials of 8 and of 20 clinics.

    Tolerances are four Monte Carlo standard errors.
    """
    world = trial.World(clinics=clinics, per_clinic=40, effect=0.08)
    plan = priced_trial.protocol(covariates=())
    found = [valued(world, seed, plan) for seed in range(N)]
    true = priced_trial.truth(world)
    for name, truth in zip(("effect", "cost", "net_benefit"), true, strict=True):
        numbers = np.array([getattr(one, name).numbers for one in found])
        error = numbers[:, 0] - truth
        covers = np.mean((numbers[:, 1] < truth) & (truth < numbers[:, 2]))
        print(
            f"{clinics} clinics, {name}: bias {error.mean():+.4f} "
            f"(MC se {error.std() / np.sqrt(N):.4f}), coverage {covers:.4f} of {N}"
        )
        assert abs(error.mean()) < 4 * error.std() / np.sqrt(N)
        assert covers > 0.95 - 4 * np.sqrt(0.95 * 0.05 / N)
        assert covers < 0.95 + max(4 * np.sqrt(0.95 * 0.05 / N), 0.05)


def test_the_covariance_of_cost_and_effect_is_that_of_repeated_trials():
    """Left out, the net benefit's interval would be too wide by as much."""
    world = trial.World(clinics=20, per_clinic=40, effect=0.08)
    plan = priced_trial.protocol(covariates=())
    found = [valued(world, seed, plan) for seed in range(N)]
    both = np.array([[one.cost.value, one.effect.value] for one in found])
    seen = np.corrcoef(both.T)[0, 1]
    told = np.mean([one.correlation for one in found])
    # Fisher: atanh r has standard error 1/√(N − 3).
    assert abs(np.arctanh(seen) - np.arctanh(told)) < 4 / np.sqrt(N - 3)
    assert told > 0


def test_doubt_about_prices_covers_the_price_that_turns_out():
    """The true price is drawn from its interval; the interval has that in it."""
    world = trial.World(clinics=20, per_clinic=40, effect=0.08)
    spread = 20.0
    sure = priced_trial.protocol(covariates=())
    unsure = sure.model_copy(update={"costs": priced_trial.costs(spread=spread)})
    rng = np.random.default_rng(11)
    covered = {True: 0, False: 0}
    for seed in range(N):
        real = priced_trial.VISIT + spread / 1.96 * rng.normal()
        effect, cost, _ = priced_trial.truth(world)
        cost += (real - priced_trial.VISIT) * (priced_trial.MORE + world.effect)
        true = 400 * effect - cost
        for doubts, plan in ((True, unsure), (False, sure)):
            _, low, high = valued(world, seed, plan).net_benefit.numbers
            covered[doubts] += low < true < high
    error = 4 * np.sqrt(0.95 * 0.05 / N)
    assert covered[True] / N > 0.95 - error
    assert covered[True] >= covered[False]


def test_a_ratio_is_refused_where_there_is_no_effect():
    """In a world without effect a ratio is told in at most a few trials."""
    world = trial.World(clinics=20, per_clinic=40, effect=0.0)
    plan = priced_trial.protocol(covariates=())
    told = [
        not isinstance(valued(world, seed, plan).cost_per_outcome, NotEstimable)
        for seed in range(N)
    ]
    # Only an effect shown to be better gives one: 2.5% by chance.
    assert np.mean(told) < 0.025 + 4 * np.sqrt(0.025 * 0.975 / N)


def test_ignoring_clinics_is_seen_to_be_wrong():
    """The broken world: prices by clinic, read as if persons were independent."""
    world = trial.World(clinics=8, per_clinic=40, effect=0.08)
    plan = priced_trial.protocol(covariates=())
    true = priced_trial.truth(world)[2]
    covers = []
    for seed in range(N):
        rows = priced_trial.made(world, seed)
        visits = rows.resources["Visits"]
        # Clinics differ in price itself; nothing of it is the card's.
        rng = np.random.default_rng([seed, 9])
        names, code = np.unique(visits.care_site, return_inverse=True)
        dear = 3 * rng.normal(size=len(names))[code]
        rows = replace(
            rows, resources={"Visits": replace(visits, value=visits.value + dear)}
        )
        people = joined_endpoints(rows, plan)[plan.primary.estimand.name]
        alone = replace(people, clinic=np.arange(len(people)).astype(str))
        alone = replace(alone, unit=alone.clinic)
        found = value_of(alone, plan, rows.calls, rows.resources, sealed=None)
        _, low, high = found.net_benefit.numbers
        covers.append(low < true < high)
    assert np.mean(covers) < 0.8
