"""Wedges of which the mixed model is wrong: the wider interval covers all the same.

`ROUNDS_TRIALS=2000 python -m pytest -s tests/truth/test_methods_robust_mixed.py` prints
the lines of docs/reference/accuracy.md.
"""

import os
from dataclasses import dataclass

import numpy as np
import pytest

from rounds.methods.clusters.linear_mixed import linear_mixed
from rounds.methods.clusters.robust_mixed import robust_mixed, wider_mixed

N = int(os.environ.get("ROUNDS_TRIALS", "200"))
PERIODS = 4


@dataclass(frozen=True)
class Wedge:
    """How shares come about; half as many persons from each period to the next."""

    clusters: int
    persons: int
    share: float
    effect: float
    spread: float = 0.005
    wobble: float = 0.005
    unlike: float = 0.0
    """Standard deviation of the effect between clusters."""
    fades: float = 0.0
    """Correlation of a cluster's wobble from one period to the next."""


WORLDS = {
    "a rare harm, 80 clusters": Wedge(80, 48, 0.03, 0.04),
    "of it few events": Wedge(80, 12, 0.03, 0.04),
    "effects differ, 18 clusters": Wedge(18, 40, 0.2, 0.06, 0.05, 0.0, unlike=0.06),
    "correlation fades, 18 clusters": Wedge(18, 40, 0.2, 0.06, 0.0, 0.06, fades=0.5),
    "as modelled, 6 clusters": Wedge(6, 40, 0.2, 0.0, 0.05, 0.03),
}


def made(world, rng):
    """Give the outcome, the design, the clusters and the periods of one trial."""
    first = 1 + rng.permutation(world.clusters) % (PERIODS - 1)
    sizes = np.array([int(world.persons * 0.5**t) + 1 for t in range(PERIODS)])
    periods = np.tile(np.repeat(np.arange(PERIODS), sizes), world.clusters)
    clusters = np.repeat(np.arange(world.clusters), sizes.sum())
    wobble = world.wobble * rng.normal(size=(world.clusters, PERIODS))
    for t in range(1, PERIODS):
        wobble[:, t] *= np.sqrt(1 - world.fades**2)
        wobble[:, t] += world.fades * wobble[:, t - 1]
    own = world.spread * rng.normal(size=world.clusters)
    effect = world.effect + world.unlike * rng.normal(size=world.clusters)
    exposed = periods >= first[clusters]
    chance = world.share + own[clusters] + wobble[clusters, periods] + 0.01 * periods
    chance = chance + effect[clusters] * exposed
    y = (rng.random(len(chance)) < np.clip(chance, 0.002, 0.998)).astype(float)
    at = [periods == t for t in range(PERIODS)]
    return y, np.column_stack([exposed, *at]).astype(float), clusters, periods


def judged(world):
    """Give the fits of N trials by the model, by its clusters, and the wider of them."""
    rng = np.random.default_rng(11)
    trials = [made(world, rng) for _ in range(N)]
    models = (linear_mixed, robust_mixed, wider_mixed)
    return [[model(*one) for one in trials] for model in models]


def coverage(fits, truth):
    return np.mean([fit.lower < truth < fit.upper for fit in fits])


def width(fits):
    return np.mean([fit.upper - fit.lower for fit in fits])


@pytest.mark.parametrize("name", WORLDS)
def test_the_wider_interval_covers_at_least_as_often_as_it_says(name):
    found = judged(WORLDS[name])
    shares = [coverage(fits, WORLDS[name].effect) for fits in found]
    print(
        f"{name:<31}{N:>6}"
        + "".join(
            f"   {100 * s:.1f} ± {100 * np.sqrt(s * (1 - s) / N):.1f}%" for s in shares
        )
    )
    assert shares[2] > 0.95 - 4 * np.sqrt(0.95 * 0.05 / N)


def test_where_a_harm_varies_more_in_its_arm_the_model_is_too_sure():
    """The interval has to be an eighth wider than it says, and is."""
    model, robust, wider = judged(WORLDS["a rare harm, 80 clusters"])
    spread = np.std([fit.estimate for fit in model])
    assert np.mean([fit.se for fit in model]) < 0.95 * spread
    assert np.mean([fit.se for fit in robust]) > 0.95 * spread
    assert width(robust) > 1.08 * width(model)
    assert width(wider) >= max(width(robust), width(model))


def test_one_event_is_no_proof_that_there_is_no_harm():
    """What no cluster shows, robust squares cannot know; the wider interval does."""
    _, X, clusters, periods = made(WORLDS["of it few events"], np.random.default_rng(1))
    y = np.zeros(len(X))
    y[5] = 1.0
    model, robust, wider = (
        fit(y, X, clusters, periods)
        for fit in (linear_mixed, robust_mixed, wider_mixed)
    )
    assert robust.se < 0.2 * model.se
    assert wider == model


def test_a_large_mean_costs_no_digits():
    y, X, clusters, periods = made(
        WORLDS["as modelled, 6 clusters"], np.random.default_rng(3)
    )
    near, far = (robust_mixed(y + far, X, clusters, periods) for far in (0.0, 1e6))
    assert far.se == pytest.approx(near.se, rel=1e-6)
    assert far.df == pytest.approx(near.df, rel=1e-6)
