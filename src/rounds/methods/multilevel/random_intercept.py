"""The likelihood of a random-intercept logistic regression.

Each group has one random effect, so its integral is one-dimensional: Newton's method
finds all modes at once, and Gauss–Hermite quadrature about each mode gives the
likelihood (with one point it is Laplace's approximation).

```
              | fixed   | group 1 | group 2 | …        the Hessian is a block arrow:
     fixed    |    C    |   B1    |   B2    |          its inverse costs one pass over
     group 1  |   B1'   |   A1    |         |          the groups
     group 2  |   B2'   |         |   A2    |
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, gammaln, logsumexp

from rounds.methods.proportion import counts

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

__all__ = ["LARGEST_SD", "Model", "hessian"]

LARGEST_SD = 6.0
"""Log odds: a median odds ratio of 300. Units that are all 0 or all 1 ask for ever
more, and nothing beyond it can be told apart."""


class Model:
    """The likelihood of a random-intercept logistic regression on given counts."""

    def __init__(
        self,
        successes: ArrayLike,
        totals: ArrayLike,
        groups: ArrayLike | None = None,
        covariates: ArrayLike | None = None,
        *,
        n_points: int = 1,
    ) -> None:
        self.x, self.n = counts(successes, totals)
        nodes, weights = np.polynomial.hermite.hermgauss(n_points)
        self._nodes, self._log_weights = np.sqrt(2) * nodes, np.log(weights)
        rows = self.x.size
        index = np.arange(rows) if groups is None else np.asarray(groups)
        if index.shape != (rows,):
            raise ValueError(f"{index.size} groups for {rows} rows")
        self.n_groups = int(index.max()) + 1
        self.group = index.astype(np.intp)
        if self.n_groups < 2:
            raise ValueError("a random intercept needs at least two groups")
        if not 0 < self.x.sum() < self.n.sum():
            raise ValueError("all successes are 0, or all equal their totals")
        columns = [np.ones(rows)]
        if covariates is not None:
            columns.extend(np.asarray(covariates, dtype=float).reshape(rows, -1).T)
        self.X = np.column_stack(columns)
        pooled = self.x.sum() / self.n.sum()
        self._near = float(np.log(pooled / (1 - pooled)))
        parts = gammaln(self.n + 1) - gammaln(self.x + 1)
        self._constant = float((parts - gammaln(self.n - self.x + 1)).sum())

    def _sum(self, row: NDArray[Any]) -> NDArray[np.float64]:
        summed = np.bincount(self.group, weights=row, minlength=self.n_groups)
        return np.asarray(summed, dtype=float)

    def modes(
        self, beta: NDArray[np.float64], sd: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give the standardised random effects' modes and curvatures there.

        Parameters
        ----------
        beta : ndarray, shape (p,)
            Fixed effects, log odds.
        sd : float
            Between-group standard deviation.

        Returns
        -------
        u, curvature : ndarray, shape (n_groups,)
            Mode in standard deviations; minus the second derivative there.
        """
        fixed = self.X @ beta
        u = np.zeros(self.n_groups)
        # A step moves the log odds by at most 2, or saturated proportions oscillate.
        limit = 2 / max(sd, 1.0)
        for _ in range(100):
            mu = expit(fixed + sd * u[self.group])
            gradient = sd * self._sum(self.x - self.n * mu) - u
            curvature = sd**2 * self._sum(self.n * mu * (1 - mu)) + 1
            step = np.clip(gradient / curvature, -limit, limit)
            u = u + step
            if np.abs(step).max() < 1e-9:
                break
        mu = expit(fixed + sd * u[self.group])
        return u, sd**2 * self._sum(self.n * mu * (1 - mu)) + 1

    def log_likelihood(self, beta: NDArray[np.float64], sd: float) -> float:
        """Give the marginal log-likelihood by adaptive quadrature."""
        u, curvature = self.modes(beta, sd)
        fixed = self.X @ beta
        width = 1 / np.sqrt(curvature)
        parts = np.empty((self._nodes.size, self.n_groups))
        for k, node in enumerate(self._nodes):
            at = u + node * width
            eta = fixed + sd * at[self.group]
            inside = self.x * eta - self.n * np.logaddexp(0.0, eta)
            # exp(node²/2) undoes the weight function that the nodes carry.
            parts[k] = self._sum(inside) - 0.5 * at**2 + 0.5 * node**2
        parts += self._log_weights[:, None]
        whole = parts[0] if len(parts) == 1 else logsumexp(parts, axis=0)
        integral = whole - 0.5 * np.log(np.pi * curvature)
        return float(integral.sum() + self._constant)

    def maximise(self) -> tuple[NDArray[np.float64], float, float]:
        """Give the fixed effects, sd and log-likelihood at the maximum."""
        size = self.X.shape[1]
        pooled = self.x.sum() / self.n.sum()
        start = np.zeros(size + 1)
        start[0], start[-1] = np.log(pooled / (1 - pooled)), 0.4

        def lost(parameters: NDArray[np.float64]) -> float:
            return -self.log_likelihood(parameters[:-1], float(parameters[-1]))

        bounds: list[tuple[float | None, float | None]] = [(None, None)] * size
        options = {"ftol": 1e-13, "gtol": 1e-7}
        found = minimize(
            lost,
            start,
            method="L-BFGS-B",
            bounds=[*bounds, (0.0, LARGEST_SD)],
            options=options,
        )
        beta, sd, best = found.x[:-1], float(found.x[-1]), float(-found.fun)
        self._near = float(beta[0])
        return beta, sd, best

    def profile(self, sd: float) -> tuple[float, float, float]:
        """Maximise over the intercept alone at a given sd; no covariates.

        Parameters
        ----------
        sd : float
            Between-group standard deviation.

        Returns
        -------
        intercept, log_likelihood, curvature : float
            Log odds; the profile's value; minus its second derivative there.
        """
        at, h = self._near, 1e-2
        for _ in range(30):
            behind, here, ahead = (
                self.log_likelihood(np.array([at + step]), sd) for step in (-h, 0.0, h)
            )
            slope = (ahead - behind) / (2 * h)
            curvature = (2 * here - ahead - behind) / h**2
            # The log-likelihood is concave in the intercept; rounding may hide it.
            step = float(np.clip(slope / max(curvature, 1e-3), -1.0, 1.0))
            if abs(step) < 1e-4:
                break
            at += step
        self._near = at
        return at, here + 0.5 * slope * step, curvature

    def fixed_se(self, beta: NDArray[np.float64], sd: float) -> NDArray[np.float64]:
        """Give the fixed effects' standard errors from the curvature in all.

        Where sd is at its edge, or the likelihood is too flat in it, they are given sd.
        """

        def lost(parameters: NDArray[np.float64]) -> float:
            if parameters.size > beta.size:
                free = float(parameters[-1])
                return -self.log_likelihood(parameters[:-1], free)
            return -self.log_likelihood(parameters, sd)

        if sd > 1e-3:
            curved = hessian(lost, np.append(beta, sd))
            if np.linalg.eigvalsh(curved).min() > 1e-6:
                variance = np.diag(np.linalg.inv(curved))[: beta.size]
                return np.asarray(np.sqrt(variance), dtype=float)
        variance = np.diag(np.linalg.inv(hessian(lost, beta)))
        return np.asarray(np.sqrt(variance), dtype=float)

    def unit_se(
        self, beta: NDArray[np.float64], sd: float, u: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Give the standard error of intercept plus effect for each group."""
        mu = expit(self.X @ beta + sd * u[self.group])
        w = self.n * mu * (1 - mu)
        if sd < 1e-8:
            inverse = np.linalg.inv((self.X.T * w) @ self.X)
            return np.full(self.n_groups, float(np.sqrt(inverse[0, 0])))
        a = self._sum(w) + 1 / sd**2
        b = np.column_stack([self._sum(w * column) for column in self.X.T])
        fixed = np.linalg.inv((self.X.T * w) @ self.X - (b / a[:, None]).T @ b)
        ratio = b / a[:, None]
        own = 1 / a + np.einsum("gi,ij,gj->g", ratio, fixed, ratio)
        both = -(ratio @ fixed)[:, 0]
        return np.asarray(np.sqrt(fixed[0, 0] + own + 2 * both), dtype=float)


def hessian(
    function: Callable[[NDArray[np.float64]], float], at: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give second derivatives by central differences with a step of 1e-4.

    Parameters
    ----------
    function : callable
        Of an array of shape (p,), to a number.
    at : ndarray of float, shape (p,)
        Where.

    Returns
    -------
    ndarray of float, shape (p, p)
        Symmetric.
    """
    h = 1e-4
    steps = np.eye(at.size) * h
    centre = function(at)
    single = [(function(at + step), function(at - step)) for step in steps]
    curved = np.empty((at.size, at.size))
    for i, (ahead, behind) in enumerate(single):
        curved[i, i] = (ahead - 2 * centre + behind) / h**2
        for j in range(i):
            both = function(at + steps[i] + steps[j]) + function(
                at - steps[i] - steps[j]
            )
            rest = single[i][0] + single[i][1] + single[j][0] + single[j][1]
            curved[i, j] = curved[j, i] = (both - rest + 2 * centre) / (2 * h**2)
    return curved
