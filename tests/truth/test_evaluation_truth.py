"""On made trials the evaluation is right, as often as it says.

At full size: `make test-parallel`.
"""

import os

import numpy as np
import pytest

from rounds.loop.decision import recommend
from rounds.loop.evaluation.estimates.effects import effect
from rounds.loop.evaluation.participants import clinic_rates, join
from rounds.methods.clusters.least_squares import cluster_ols
from stories import trial

N = int(os.environ.get("ROUNDS_TRIALS", "200"))


def fits(world, n=N):
    """Give the primary fit, and a naive one, of n made trials."""
    plan = trial.protocol(unit_of_randomisation=world.unit)
    found, naive = [], []
    for seed in range(n):
        rows = trial.made(world, seed)
        people = join(
            rows.endpoints[str(trial.PRIMARY)],
            rows.allocation,
            plan,
            plan.primary,
            clinic_rates(rows.before),
        )
        found.append(effect(people, plan, plan.primary).fit)
        X = np.column_stack([people.active.astype(float), np.ones(len(people))])
        naive.append(cluster_ols(people.outcome, X, None))
    return found, naive


def covered(found, truth):
    return np.mean([f.lower < truth < f.upper for f in found])


WORLDS = {
    "40 clinics": trial.World(),
    "8 clinics": trial.World(clinics=8, per_clinic=80),
    "patients in 20 clinics": trial.World(clinics=20, per_clinic=40, unit="patient"),
}


@pytest.mark.parametrize("name", WORLDS)
def test_the_estimate_is_unbiased_and_its_interval_covers(name):
    """Bias is within the Monte Carlo error of nought, coverage within that of 95%."""
    world = WORLDS[name]
    found, _ = fits(world)
    error = np.array([f.estimate for f in found]) - world.effect
    _print(name, error, 1 - covered(found, world.effect), "missed, 6 points")
    assert abs(error.mean()) < 4 * error.std() / np.sqrt(N)
    assert abs(covered(found, world.effect) - 0.95) < 4 * np.sqrt(0.95 * 0.05 / N)


def _print(name, error, missed, what):
    noise = 100 * error.std() / np.sqrt(N), np.sqrt(missed * (1 - missed) / N)
    print(
        f"parallel: {name}: bias {100 * error.mean():+.2f} ± {noise[0]:.2f} points, "
        f"{what} {missed:.1%} ± {noise[1]:.1%}; {N:,} trials"
    )


@pytest.mark.parametrize("name", ["40 clinics", "8 clinics"])
def test_no_effect_is_taken_for_one_no_more_often_than_said(name):
    """Type I error stays at 5%, with few clinics too; a naive analysis exceeds it."""
    world = WORLDS[name]
    null = trial.World(
        clinics=world.clinics, per_clinic=world.per_clinic, effect=0.0, spread=0.08
    )
    found, naive = fits(null)
    slack = 4 * np.sqrt(0.05 * 0.95 / N)
    errors = np.array([f.estimate for f in found])
    _print(name, errors, 1 - covered(found, 0.0), "missed, no effect")
    _print(name, errors, 1 - covered(naive, 0.0), "missed, clinics unread")
    assert 1 - covered(found, 0.0) < 0.05 + slack
    assert 1 - covered(naive, 0.0) > 0.05 + slack


def decisions(n=80, **world):
    plan = trial.protocol(equity_groups=())
    world = trial.World(per_clinic=90, spread=0.04, **world)
    choices = [
        recommend(trial.judged(world, seed, plan)[0], plan).choice for seed in range(n)
    ]
    return {choice: choices.count(choice) / n for choice in set(choices)}


@pytest.mark.slow
def test_the_rule_adopts_what_works_and_little_else():
    """Adopting: at most 5% without effect or with harm, at least 80% with the effect."""
    slack = 4 * np.sqrt(0.05 * 0.95 / 80)
    assert decisions(effect=0.0).get("adopt", 0) <= 0.05 + slack
    assert decisions(effect=0.06, harm=0.03).get("adopt", 0) <= 0.05 + slack
    assert decisions(effect=0.06).get("adopt", 0) >= 0.8
