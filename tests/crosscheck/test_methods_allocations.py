"""Balance scores, pairs and minimisation beside another program, and put in full."""

import itertools

import numpy as np
import pytest

from rounds.methods.allocations.constrained_allocations import (
    admitted_up_to,
    all_allocations,
    imbalance,
    together,
)
from rounds.methods.allocations.minimisation import MarginalTotals
from rounds.methods.allocations.pairing import optimal_pairs, standardised

# Percentage in the registry, percentage up to date, percentage Hispanic, and income of
# the 16 counties of Dickinson et al. (2015), J Am Board Fam Med 28:663-672, table 1, as
# in cvcrand's data set Dickinson_design.
COUNTIES = np.column_stack([
    [94, 85, 85, 93, 82, 80, 94, 100, 93, 89, 83, 70, 93, 85, 82, 84],
    [37, 39, 42, 39, 31, 27, 49, 37, 51, 51, 54, 29, 50, 36, 38, 43],
    [44, 23, 12, 18, 6, 15, 38, 39, 35, 17, 7, 13, 13, 10, 39, 28],
    [35988, 67565, 35879, 63617, 59118, 57179, 29738, 37350,
     52923, 58302, 93819, 54839, 63857, 53502, 39570, 52457],
])  # fmt: skip


@pytest.fixture(scope="module")
def scored():
    every = all_allocations(np.zeros(16))
    return every, imbalance(every, COUNTIES)


def test_the_l2_score_is_that_of_cvcrand(scored):
    """The distribution of the score over all 12,870 allocations.

    R 4.2.2, the code of cvcrand 0.1.1 (R/cvrall.R), on 22 November 2026:
    cvrall(clustername = Dickinson_design$county, x = Dickinson_design[, c("inciis",
    "uptodateonimmunizations", "hispanic", "income")], ntotal_cluster = 16,
    ntrt_cluster = 8, cutoff = 0.1, seed = 12345, check_validity = TRUE)$bscores,
    which it rounds to 3 digits; the cutoff unrounded is 3.86948684028.
    """
    every, scores = scored
    assert len(every) == 12_870
    assert scores.mean() == pytest.approx(16.0)
    assert scores.std(ddof=1) == pytest.approx(12.0457607271, abs=1e-9)
    assert scores.min() == pytest.approx(0.143, abs=5e-4)
    assert scores.max() == pytest.approx(80.207, abs=5e-4)
    shares = [0.05, 0.25, 0.5, 0.75, 0.95]
    printed = [2.568, 7.084, 12.917, 21.782, 40.055]
    assert np.quantile(scores, shares) == pytest.approx(printed, abs=5e-4)
    assert admitted_up_to(scores, 0.1) == pytest.approx(3.86948684028, abs=1e-7)


def test_how_often_two_share_an_arm_is_that_of_cvcrand(scored):
    """The same call's cluster_coin_des: samefrac from 0.266 to 0.674, mean 0.467.

    cvcrand admits 1,287 and parts one allocation from its mirror image, which ties
    with it; here both are in, 1,288. One in 1,287 moves a share by less than 0.001.
    """
    every, scores = scored
    admitted = every[scores <= admitted_up_to(scores, 0.1)]
    assert len(admitted) == 1_288
    shares = together(admitted)[np.triu_indices(16, 1)]
    found = [shares.min(), shares.max(), shares.mean()]
    assert found == pytest.approx([0.266, 0.674, 0.467], abs=1.5e-3)


def test_the_arm_that_lags_is_the_one_of_the_smaller_imbalance():
    """Pocock and Simon's criterion, put in full: each arm is tried on every margin.

    The imbalance is the sum over a patient's levels of the squared difference between
    the arms' totals; 200 patients of three factors, against the sign that is used.
    """
    random = np.random.default_rng(3)
    totals, counts = MarginalTotals(), {}
    ties = 0
    for _ in range(200):
        levels = {
            f: str(random.integers(0, n)) for f, n in zip("abc", (2, 3, 5), strict=True)
        }
        tried = []
        for arm in (0, 1):
            margins = [list(counts.get(one, (0, 0))) for one in levels.items()]
            for margin in margins:
                margin[arm] += 1
            tried.append(sum((a - b) ** 2 for a, b in margins))
        lag = 0 if tried[0] == tried[1] else 1 if tried[0] < tried[1] else -1
        assert totals.lag(levels) == lag
        ties += lag == 0
        arm = int(random.integers(0, 2))
        totals.add(levels, 1 - 2 * arm)
        for one in levels.items():
            counts.setdefault(one, [0, 0])[arm] += 1
    assert 5 < ties < 100


@pytest.mark.parametrize("n", [4, 6, 7, 8])
def test_pairs_are_the_best_of_all_ways_to_pair(n):
    """Every way is tried; where one is odd, every one is left out in turn."""
    for seed in range(6):
        x = np.random.default_rng(seed).normal(size=(n, 2))
        z = standardised(x)

        def cost(pairs, z=z):
            return sum(np.linalg.norm(z[a] - z[b]) for a, b in pairs)

        pairs, odd = optimal_pairs(x)
        assert sorted([*itertools.chain(*pairs), *([odd] if n % 2 else [])]) == list(
            range(n)
        )
        every = [
            ways
            for out in (range(n) if n % 2 else [None])
            for ways in pairings([i for i in range(n) if i != out])
        ]
        assert cost(pairs) == pytest.approx(min(cost(ways) for ways in every))


def pairings(places):
    """Give every way to pair an even number of places."""
    if not places:
        return [[]]
    first, *others = places
    return [
        [(first, other), *rest]
        for other in others
        for rest in pairings([i for i in others if i != other])
    ]
