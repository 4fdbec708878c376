"""CR2 standard errors and Satterthwaite degrees of freedom, as others compute them."""

import json
from pathlib import Path

import numpy as np
import pytest

from rounds.methods.clusters.least_squares import cluster_ols

SHARED = Path(__file__).parents[3] / "shared" / "data" / "crosscheck"


def by_brute_force(y, X, clusters, column):
    """The definition itself, with the whole n × n hat matrix."""
    M = np.linalg.inv(X.T @ X)
    hat = np.eye(len(y)) - X @ M @ X.T
    residual = hat @ y
    variance, p = 0.0, []
    for name in np.unique(clusters):
        own = np.flatnonzero(clusters == name)
        value, vector = np.linalg.eigh(hat[np.ix_(own, own)])
        power = np.where(value > 1e-9, 1 / np.sqrt(np.maximum(value, 1e-9)), 0.0)
        a = (vector * power) @ vector.T @ X[own] @ M[:, column]
        variance += (a @ residual[own]) ** 2
        p.append(hat[own].T @ a)
    gram = np.array(p) @ np.array(p).T
    df = np.trace(gram) ** 2 / (gram**2).sum()
    return (M @ X.T @ y)[column], np.sqrt(variance), df


def test_a_stepped_wedge_agrees_with_club_sandwich():
    """clubSandwich (R) on `lm(y ~ factor(t) + x)`, clustered by c; see expected.json."""
    if not SHARED.exists():
        pytest.skip("shared data absent")
    expected = json.loads((SHARED / "expected.json").read_text())["sw_lmm"]["OLS_CR2"]
    rows = np.genfromtxt(SHARED / "sw_sim_cont.csv", delimiter=",", skip_header=1)
    c, t, x, y = rows[:, 0], rows[:, 1], rows[:, 3], rows[:, 4]
    X = np.column_stack([x] + [t == step for step in np.unique(t)]).astype(float)
    fit = cluster_ols(y, X, c)
    assert [fit.se, fit.df] == pytest.approx(expected, rel=1e-7)


SMALL = np.array(
    [
        # clinic, arm, covariate, outcome
        [1, 1, 0.2, 1], [1, 1, 0.4, 0], [1, 1, 0.9, 1], [2, 1, 0.1, 1],
        [2, 1, 0.5, 1], [3, 1, 0.3, 0], [3, 1, 0.7, 1], [3, 1, 0.6, 0],
        [3, 1, 0.8, 1], [4, 0, 0.2, 0], [4, 0, 0.5, 0], [4, 0, 0.4, 1],
        [5, 0, 0.9, 0], [5, 0, 0.1, 0], [6, 0, 0.3, 1], [6, 0, 0.6, 0],
        [6, 0, 0.7, 0],
    ]
)  # fmt: skip


def test_a_small_table_keeps_its_frozen_numbers():
    """Made by the brute-force definition above with numpy 2.4, November 2026."""
    clinic, arm, covariate, y = SMALL.T
    X = np.column_stack([arm, np.ones(len(y)), covariate])
    fit = cluster_ols(y, X, clinic)
    assert fit.estimate == pytest.approx(FROZEN[0], rel=1e-9)
    assert fit.se == pytest.approx(FROZEN[1], rel=1e-9)
    assert fit.df == pytest.approx(FROZEN[2], rel=1e-9)


FROZEN = (0.4175199089874857, 0.16123067038934172, 3.8148472170121983)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("fixed_effects", [False, True])
def test_the_short_way_is_the_definition(seed, fixed_effects):
    """Unequal clusters, some smaller than the model; with clinic dummies too."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 9, 9)
    clusters = np.repeat(np.arange(9), sizes)
    n = len(clusters)
    x = rng.normal(size=n)
    columns = [x, np.ones(n), rng.normal(size=n) + clusters]
    if fixed_effects:
        columns = [x, *(clusters == c for c in range(9))]
    X = np.column_stack(columns).astype(float)
    y = rng.normal(size=n) + rng.normal(size=9)[clusters]
    shuffled = rng.permutation(n)
    fit = cluster_ols(y[shuffled], X[shuffled], clusters[shuffled])
    expected = by_brute_force(y, X, clusters, 0)
    assert (fit.estimate, fit.se, fit.df) == pytest.approx(expected, rel=1e-6)


def test_columns_that_repeat_others_change_nothing():
    """A stratum that is the sum of two others is left out, and said nowhere twice."""
    clinic, arm, covariate, y = SMALL.T
    X = np.column_stack([arm, np.ones(len(y)), covariate])
    doubled = np.column_stack([X, 2 * covariate - 1, np.zeros(len(y))])
    one, two = cluster_ols(y, X, clinic), cluster_ols(y, doubled, clinic)
    assert (one.estimate, one.se, one.df) == pytest.approx(
        (two.estimate, two.se, two.df)
    )
