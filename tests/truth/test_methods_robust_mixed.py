"""Wedges of which the mixed model is wrong: its robust interval covers all the same.

`ROUNDS_TRIALS=2000 python -m pytest -s tests/truth/test_methods_robust_mixed.py` prints
the lines of docs/reference/accuracy.md.
"""

import os
from dataclasses import dataclass

import numpy as np
import pytest

from rounds.methods.clusters.linear_mixed import linear_mixed
from rounds.methods.clusters.robust_mixed import robust_mixed
from rounds.methods.planning.schedule_freedom import schedule_freedom
from rounds.methods.planning.trial_power import Spread

N = int(os.environ.get("ROUNDS_TRIALS", "200"))
PERIODS = 4
FEW_EVENTS = 0.02
"""By which it may miss too often: some twenty events in an arm are no bell curve."""
CONSERVATIVE = 0.025
"""By which it may cover too often, with few clusters."""


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
    "a rare harm, 80 clusters": Wedge(80, 12, 0.03, 0.04),
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


def coverage(world, model):
    rng = np.random.default_rng(11)
    fits = [model(*made(world, rng)) for _ in range(N)]
    return np.mean([fit.lower < world.effect < fit.upper for fit in fits])


@pytest.mark.parametrize("name", WORLDS)
def test_its_interval_covers_as_often_as_it_says(name):
    share = coverage(WORLDS[name], robust_mixed)
    error = np.sqrt(share * (1 - share) / N)
    model = coverage(WORLDS[name], linear_mixed)
    print(
        f"{name:<32}{N:>6}  {100 * share:.1f} ± {100 * error:.1f}%"
        f"   {100 * model:.1f} ± {100 * np.sqrt(model * (1 - model) / N):.1f}%"
    )
    slack = 4 * np.sqrt(0.95 * 0.05 / N)
    assert -FEW_EVENTS - slack < share - 0.95 < CONSERVATIVE + slack
    assert share > model - slack


def test_degrees_of_freedom_are_known_before_anybody_is_enrolled():
    """Of the schedule, the sizes and the variances alone, whatever comes out."""
    y, X, clusters, periods = made(
        WORLDS["as modelled, 6 clusters"], np.random.default_rng(3)
    )
    fit = robust_mixed(y, X, clusters, periods)
    table = np.zeros((6, PERIODS))
    table[clusters, periods] = X[:, 0]
    sizes = np.zeros((6, PERIODS))
    np.add.at(sizes, (clusters, periods), 1)
    spread = Spread(fit.within, fit.between_clusters, fit.between_periods)
    assert schedule_freedom(table, sizes, spread) == pytest.approx(fit.df, rel=1e-9)
