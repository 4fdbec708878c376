"""The quick forms of the cluster analyses give what their definitions give."""

import numpy as np
import pytest
from scipy.linalg import block_diag
from scipy.optimize import minimize

from rounds.methods.clusters.least_squares import cluster_ols
from rounds.methods.clusters.linear_mixed import linear_mixed


def cr2_by_definition(y, X, clusters, column):
    """(I − H)_gg to the power of −1/2, of persons × persons, as the paper writes it."""
    M = np.linalg.inv(X.T @ X)
    beta = M @ X.T @ y
    H = X @ M @ X.T
    lines = []
    for g in np.unique(clusters):
        own = clusters == g
        value, vector = np.linalg.eigh((np.eye(len(y)) - H)[np.ix_(own, own)])
        some = value > 1e-9
        root = (vector[:, some] / np.sqrt(value[some])) @ vector[:, some].T
        line = np.zeros(len(y))
        line[own] = root @ X[own] @ M[:, column]
        lines.append(line)
    weights = np.array(lines)
    variance = float(((weights @ (y - X @ beta)) ** 2).sum())
    P = weights @ (np.eye(len(y)) - H) @ weights.T
    return beta[column], variance**0.5, np.trace(P) ** 2 / (P**2).sum()


def made(seed, *, n=240, n_clusters=12):
    rng = np.random.default_rng(seed)
    clusters = rng.integers(0, n_clusters, n)
    arm = rng.integers(0, 2, n).astype(float)
    y = 0.5 * arm + rng.standard_normal(n_clusters)[clusters] + rng.standard_normal(n)
    return rng, y, arm, clusters


def dummies(labels):
    return [(labels == one).astype(float) for one in np.unique(labels)[1:]]


def of_visits(seed):
    """Arms within clusters, a column for each cluster: most columns are noughts."""
    _, y, arm, clusters = made(seed)
    X = np.column_stack([arm, np.ones(len(y)), *dummies(clusters)])
    return y, X, clusters


def of_clusters(seed):
    """Arms of whole clusters, and a covariate: no column is empty anywhere."""
    rng, y, _, clusters = made(seed)
    X = np.column_stack([clusters % 2, np.ones(len(y)), rng.standard_normal(len(y))])
    return y, X, clusters


def of_one_person(seed):
    """A cluster of one person, and one with a column of its own, told without error."""
    rng, y, arm, clusters = made(seed)
    clusters[0] = 99
    alone = (clusters == 3) * rng.standard_normal(len(y))
    return y, np.column_stack([arm, np.ones(len(y)), alone]), clusters


def of_many_clusters(seed):
    """So many that sums are taken column by column."""
    _, y, arm, clusters = made(seed, n=600, n_clusters=250)
    return y, np.column_stack([arm, np.ones(len(y)), clusters % 7]), clusters


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    "kind", [of_visits, of_clusters, of_one_person, of_many_clusters]
)
def test_least_squares_in_clusters_is_its_definition(kind, seed):
    y, X, clusters = kind(seed)
    found = cluster_ols(y, X, clusters)
    expected = cr2_by_definition(y, X, clusters, 0)
    assert (found.estimate, found.se, found.df) == pytest.approx(expected, rel=1e-9)


def restricted_likelihood(ratios, y, X, clusters, periods):
    """−2 log likelihood of persons × persons, the error's variance profiled out."""
    alike = clusters[:, None] == clusters
    both = alike & (periods[:, None] == periods)
    V = np.eye(len(y)) + ratios[0] * alike + ratios[1] * both
    inverse = np.linalg.inv(V)
    across = X.T @ inverse @ X
    r = y - X @ np.linalg.solve(across, X.T @ inverse @ y)
    left = len(y) - X.shape[1]
    logs = np.linalg.slogdet(V)[1] + np.linalg.slogdet(across)[1]
    return left * np.log(r @ inverse @ r / left) + logs


@pytest.mark.parametrize("spread", [0.0, 0.7])
@pytest.mark.parametrize("seed", [4, 5, 6])
def test_no_other_variances_are_likelier(seed, spread):
    """Also where one is nought: the plain likelihood finds no better, from anywhere."""
    rng, y, _, clusters = made(seed, n=150, n_clusters=10)
    periods = rng.integers(0, 4, len(y))
    y = y + spread * rng.standard_normal((10, 4))[clusters, periods]
    arm = (periods > clusters % 4).astype(float)
    X = np.column_stack([arm, np.ones(len(y)), *dummies(periods)])
    fit = linear_mixed(y, X, clusters, periods)
    ratios = np.array([fit.between_clusters, fit.between_periods]) / fit.within
    ours = restricted_likelihood(ratios, y, X, clusters, periods)
    for first in (0.05, 1.0):
        other = minimize(
            restricted_likelihood,
            [first, first],
            (y, X, clusters, periods),
            bounds=[(0, 100)] * 2,
        )
        assert ours <= other.fun + 1e-8
    blocks = [fit.within * np.eye(sum(clusters == g)) for g in range(10)]
    order = np.argsort(clusters, kind="stable")
    V = block_diag(*blocks)
    same = clusters[order][:, None] == clusters[order]
    V += same * fit.between_clusters
    V += (same & (periods[order][:, None] == periods[order])) * fit.between_periods
    X, y = X[order], y[order]
    phi = np.linalg.inv(X.T @ np.linalg.solve(V, X))
    assert fit.estimate == pytest.approx((phi @ X.T @ np.linalg.solve(V, y))[0])
    assert fit.model_se == pytest.approx(phi[0, 0] ** 0.5)
