"""What do the analyses of one trial in 80 clinics cost, beside their plain forms?

Least squares with a column for each clinic and CR2 standard errors, whose definition
takes the root of a matrix of each clinic's persons; and the linear mixed model of a
stepped wedge, whose plain likelihood takes the inverse of one. Both give the same.
"""

import sys

import numpy as np
from scipy.optimize import minimize
from timing import fastest

from rounds.methods.clusters.least_squares import cluster_ols
from rounds.methods.clusters.linear_mixed import linear_mixed

CLINICS, PERIODS, PERSONS, TURNS = 80, 9, 3_200, 3
MOST, APART = 0.2, 1e-6


def made():
    rng = np.random.default_rng(1)
    clinic, period = rng.integers(0, (CLINICS, PERIODS), (PERSONS, 2)).T
    arm = (period > clinic % (PERIODS - 1)).astype(float)
    level = 0.5 * rng.standard_normal(CLINICS)[clinic]
    level += 0.3 * rng.standard_normal((CLINICS, PERIODS))[clinic, period]
    return clinic, period, arm, 0.2 * arm + level + rng.standard_normal(PERSONS)


def dummies(labels):
    return [(labels == one).astype(float) for one in np.unique(labels)[1:]]


def plain_cr2(y, X, clinic):
    M = np.linalg.inv(X.T @ X)
    free = np.eye(len(y)) - X @ M @ X.T
    residual, lines = free @ y, []
    for one in np.unique(clinic):
        own = clinic == one
        value, vector = np.linalg.eigh(free[np.ix_(own, own)])
        some = value > 1e-9
        root = (vector[:, some] / np.sqrt(value[some])) @ vector[:, some].T
        line = np.zeros(len(y))
        line[own] = root @ X[own] @ M[:, 0]
        lines.append(line)
    weights = np.array(lines)
    P = weights @ free @ weights.T
    se = float(((weights @ residual) ** 2).sum()) ** 0.5
    return np.array([se, np.trace(P) ** 2 / (P**2).sum()])


def plain_mixed(y, X, clinic, period):
    """Give the likeliest clinics' and cells' variances, over the persons'."""
    own = [clinic == one for one in np.unique(clinic)]
    parts = [(X[k], y[k], period[k][:, None] == period[k]) for k in own]

    def loss(ratios):
        across, logs, zs = 0.0, 0.0, X.shape[1]
        for x, t, alike in parts:
            V = np.eye(len(t)) + ratios[0] + ratios[1] * alike
            z = np.column_stack([x, t])
            across = across + z.T @ np.linalg.solve(V, z)
            logs += np.linalg.slogdet(V)[1]
        aside = np.linalg.solve(across[:zs, :zs], across[:zs, zs])
        squares = across[zs, zs] - across[zs, :zs] @ aside
        left = len(y) - zs
        logs += np.linalg.slogdet(across[:zs, :zs])[1]
        return left * np.log(squares / left) + logs

    # Its slope is taken by differences, so it says that no step helps, at the top.
    simplex = {"method": "Nelder-Mead", "options": {"xatol": 1e-8, "fatol": 1e-10}}
    return minimize(loss, [0.1, 0.1], bounds=[(0, 10)] * 2, **simplex).x


def compared(name, ours, plain, apart):
    quick, slow = fastest(ours, TURNS), fastest(plain, 1)
    print(
        f"{name}: {1000 * quick:.1f} ms, {quick / slow:.3f} of its plain form's time "
        f"(at most {MOST}); {apart:.1e} apart (at most {APART})"
    )
    return quick <= MOST * slow and apart <= APART


def main():
    clinic, period, arm, y = made()
    X = np.column_stack([arm, np.ones(PERSONS), *dummies(period)])
    wide = np.column_stack([X, *dummies(clinic)])
    found = cluster_ols(y, wide, clinic)
    apart = np.array([found.se, found.df]) / plain_cr2(y, wide, clinic) - 1
    kept = [
        compared(
            "least squares with a column for each clinic",
            lambda: cluster_ols(y, wide, clinic),
            lambda: plain_cr2(y, wide, clinic),
            float(np.abs(apart).max()),
        )
    ]
    fit = linear_mixed(y, X, clinic, period)
    ratios = np.array([fit.between_clusters, fit.between_periods]) / fit.within
    kept.append(
        compared(
            "mixed model of a stepped wedge",
            lambda: linear_mixed(y, X, clinic, period),
            lambda: plain_mixed(y, X, clinic, period),
            float(np.abs(ratios - plain_mixed(y, X, clinic, period)).max()),
        )
    )
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
