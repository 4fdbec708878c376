"""The likelihood of a logistic regression with random intercepts at nested levels.

Each person belongs to one unit of each level (clinician in site in region), so the
units are a forest. Given the fixed effects, the random effects' Hessian is eliminated
from the leaves to the roots, one pass over the units of each level, and nothing fills
in: a unit with information S below it hands S / (1 + sd²·S) to the unit above it.

```
 region            up:   gradient and information are summed, child by child
  ├─ site          down: Newton's steps, and how unsure each effect is
  │   ├─ clinician
```

The slope of Laplace's approximation comes from one more pass: the log determinant
changes with each row's weight, by how unsure that row's log odds are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, gammaln

from rounds.methods.multilevel.climbing import climb
from rounds.methods.multilevel.random_intercept import LARGEST_SD
from rounds.methods.proportion import counts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Vectors = list[NDArray[np.float64]]

__all__ = ["Best", "Forest"]


@dataclass(frozen=True, kw_only=True)
class Best:
    """The maximum of the likelihood; fixed effects are of standardised columns."""

    beta: NDArray[np.float64]
    sds: NDArray[np.float64]
    log_likelihood: float


@dataclass(frozen=True)
class _Below:
    """What the units of one level know of themselves and of what lies below."""

    gradient: NDArray[np.float64]
    information: NDArray[np.float64]
    pivot: NDArray[np.float64]
    """1 + sd² · information."""


class Forest:
    """The likelihood on given counts; columns are standardised inside."""

    def __init__(
        self,
        successes: ArrayLike,
        totals: ArrayLike,
        levels: Sequence[tuple[str, ArrayLike]],
        covariates: ArrayLike | None = None,
    ) -> None:
        self.x, self.n = counts(successes, totals)
        if not 0 < self.x.sum() < self.n.sum():
            raise ValueError("all successes are 0, or all equal their totals")
        self.names = [name for name, _ in levels]
        self.labels, self.rows_of = [], []
        for name, given in levels:
            label = np.asarray(given)
            if label.shape != (self.x.size,):
                raise ValueError(
                    f"{label.size} labels of {name} for {self.x.size} rows"
                )
            units, index = np.unique(label, return_inverse=True)
            if units.size < 2:
                raise ValueError(f"{name} has fewer than two units")
            self.labels.append(units)
            self.rows_of.append(index)
        if not self.names:
            raise ValueError("at least one level is needed")
        self.sizes = [units.size for units in self.labels]
        self.parent = [self._parents(i) for i in range(1, len(self.names))]
        self._standardise(covariates)
        self._v = [np.zeros(size) for size in self.sizes]
        self._take(self.x)

    def _take(self, successes: NDArray[np.float64]) -> None:
        self.x = successes
        parts = gammaln(self.n + 1) - gammaln(self.x + 1)
        self._constant = float((parts - gammaln(self.n - self.x + 1)).sum())

    def with_successes(self, successes: NDArray[np.float64]) -> Forest:
        """Give the likelihood of other successes of the same persons."""
        other = object.__new__(Forest)
        other.__dict__.update(self.__dict__)
        other._v = [v.copy() for v in self._v]
        other._take(successes)
        return other

    def gathered(self) -> Forest:
        """Give the same likelihood, persons alike being one row of counts.

        Alike are those of one unit of the finest level with the same columns. Where
        that would hardly spare a row, the model itself is given.
        """
        keys = [self.rows_of[-1], *self.X.T[1:]]
        order = np.lexsort(keys)
        first = np.ones(order.size, dtype=bool)
        first[1:] = False
        for key in keys:
            turned = key[order]
            first[1:] |= turned[1:] != turned[:-1]
        starts = np.flatnonzero(first)
        if 2 * starts.size > order.size:
            return self
        other = self.with_successes(self.x)
        other.x = np.add.reduceat(self.x[order], starts)
        other.n = np.add.reduceat(self.n[order], starts)
        other.rows_of = [rows[order][starts] for rows in self.rows_of]
        # The constant stays that of the rows as they came.
        other.X = self.X[order][starts]
        return other

    def _parents(self, level: int) -> NDArray[np.intp]:
        """Give the coarser unit of each unit, which must be one."""
        above, here = self.rows_of[level - 1], self.rows_of[level]
        parent = np.zeros(self.sizes[level], dtype=np.intp)
        parent[here] = above
        if (parent[here] != above).any():
            raise ValueError(
                f"not nested: a unit of {self.names[level]} lies in two of "
                f"{self.names[level - 1]}"
            )
        return parent

    def _standardise(self, covariates: ArrayLike | None) -> None:
        rows = self.x.size
        given = np.empty((rows, 0))
        if covariates is not None:
            given = np.asarray(covariates, dtype=float).reshape(rows, -1)
        if not np.isfinite(given).all():
            raise ValueError("covariates are finite numbers")
        self.centre, self.scale = given.mean(axis=0), given.std(axis=0)
        if (self.scale == 0).any():
            raise ValueError("a covariate is the same in every row")
        scaled = (given - self.centre) / self.scale
        if given.shape[1] and np.linalg.matrix_rank(scaled) < given.shape[1]:
            raise ValueError("collinear: a covariate is what the others say already")
        self.X = np.column_stack([np.ones(rows), scaled])

    def given_back(self, beta: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the coefficients of the columns as they came."""
        slopes = beta[1:] / self.scale
        return np.append(beta[0] - float(slopes @ self.centre), slopes)

    def _settle(
        self, fixed: NDArray[np.float64], sds: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], list[_Below]]:
        """Find the standardised effects' modes; give log odds, and what is below."""
        for _ in range(100):
            eta = fixed + self._shift(self._v, sds)
            mu = expit(eta)
            up = self._upward(self.x - self.n * mu, self._weight(mu), sds, self._v)
            steps, largest = self._downward(up, sds, self._v)
            # A step moves the log odds by at most 2, or saturated units oscillate.
            damp = min(1.0, 2.0 / largest) if largest else 1.0
            self._v = [v + damp * s for v, s in zip(self._v, steps, strict=True)]
            if largest < 1e-7:
                break
        eta = fixed + self._shift(self._v, sds)
        mu = expit(eta)
        up = self._upward(self.x - self.n * mu, self._weight(mu), sds, self._v)
        return eta, up

    def _weight(self, mu: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(self.n * mu * (1 - mu), dtype=float)

    def _shift(self, v: Vectors, sds: NDArray[np.float64]) -> NDArray[np.float64]:
        # Summed down the levels first, so that rows are touched once.
        added = sds[0] * v[0]
        for i in range(1, len(v)):
            added = added[self.parent[i - 1]] + sds[i] * v[i]
        return np.asarray(added[self.rows_of[-1]], dtype=float)

    def _upward(
        self,
        gradient: NDArray[np.float64],
        weight: NDArray[np.float64],
        sds: NDArray[np.float64],
        v: Vectors,
    ) -> list[_Below]:
        """Sum gradient and information up the levels; give them coarsest first."""
        found = []
        where = self.rows_of[-1]
        for i in range(len(sds) - 1, -1, -1):
            g, s = (
                np.asarray(
                    np.bincount(where, weights=each, minlength=self.sizes[i]), float
                )
                for each in (gradient, weight)
            )
            pivot = 1 + sds[i] ** 2 * s
            found.append(_Below(g, s, pivot))
            if i:
                gradient, weight = (g + s * sds[i] * v[i]) / pivot, s / pivot
                where = self.parent[i - 1]
        return found[::-1]

    def _downward(
        self, up: list[_Below], sds: NDArray[np.float64], v: Vectors
    ) -> tuple[Vectors, float]:
        """Give Newton's steps, and the largest change of a log odds they make."""
        steps: Vectors = []
        moved = np.zeros(self.sizes[0])
        for i, below in enumerate(up):
            if i:
                moved = moved[self.parent[i - 1]]
            free = sds[i] * (below.gradient - below.information * moved) - v[i]
            step = free / below.pivot
            steps.append(step)
            moved = moved + sds[i] * step
        largest = max(float(np.abs(moved).max()), float(np.abs(steps[-1]).max()) * 0.1)
        return steps, largest

    def _unsure(self, up: list[_Below], sds: NDArray[np.float64]) -> Vectors:
        """Give the variance of the log odds that the units of each level add up to."""
        found: Vectors = []
        for i, below in enumerate(up):
            above = found[-1][self.parent[i - 1]] if i else 0.0
            found.append(above / below.pivot**2 + sds[i] ** 2 / below.pivot)
        return found

    def log_likelihood(
        self, beta: NDArray[np.float64], sds: NDArray[np.float64]
    ) -> float:
        """Give Laplace's approximation of the marginal log-likelihood."""
        return self._value(*self._settle(self.X @ beta, sds))

    def _value(self, eta: NDArray[np.float64], up: list[_Below]) -> float:
        inside = float((self.x * eta - self.n * np.logaddexp(0.0, eta)).sum())
        prior = 0.5 * sum(float(v @ v) for v in self._v)
        log_determinant = sum(float(np.log(below.pivot).sum()) for below in up)
        return inside - prior - 0.5 * log_determinant + self._constant

    def slope(
        self, beta: NDArray[np.float64], sds: NDArray[np.float64]
    ) -> tuple[float, NDArray[np.float64]]:
        """Give the log-likelihood and its gradient, fixed effects first.

        Parameters
        ----------
        beta : ndarray, shape (p,)
            Fixed effects of the standardised columns, log odds.
        sds : ndarray, shape (n_levels,)
            Standard deviations, at least 0.

        Returns
        -------
        log_likelihood : float
        gradient : ndarray, shape (p + n_levels,)
        """
        eta, up = self._settle(self.X @ beta, sds)
        mu = expit(eta)
        rest, weight = self.x - self.n * mu, self._weight(mu)
        unsure = self._unsure(up, sds)
        # How the log determinant moves with each row's log odds, the modes held …
        bent = unsure[-1][self.rows_of[-1]] * weight * (1 - 2 * mu)
        still = [np.zeros(size) for size in self.sizes]
        solved, _ = self._downward(self._upward(bent, weight, sds, still), sds, still)
        # … and with the modes that move along.
        pull = rest - 0.5 * (bent - weight * self._shift(solved, sds))
        along = []
        for i, below in enumerate(up):
            rows, size = self.rows_of[i], self.sizes[i]
            pulled = np.bincount(rows, weights=pull, minlength=size)
            left = np.bincount(rows, weights=rest, minlength=size)
            above = unsure[i - 1][self.parent[i - 1]] if i else 0.0
            share = below.information / below.pivot
            turned = sds[i] * float((share - share**2 * above).sum())
            along.append(
                float(pulled @ self._v[i]) - 0.5 * float(solved[i] @ left) - turned
            )
        return self._value(eta, up), np.concatenate([self.X.T @ pull, along])

    def maximise(self) -> Best:
        """Find fixed effects (of the standardised columns), sds and log-likelihood."""
        k, p = len(self.names), self.X.shape[1]
        pooled = self.x.sum() / self.n.sum()
        start = np.append(np.log(pooled / (1 - pooled)), np.zeros(p - 1))
        best = self._maximised(np.append(start, np.full(k, 0.4)))
        # Who steps onto a standard deviation of 0 stays there, though there may be a
        # higher place beside it.
        for level in np.flatnonzero(best.sds < 1e-3):
            at = np.append(best.beta, best.sds)
            at[p + level] = 0.1
            guess = np.eye(k + p) * 0.01
            at, value = climb(
                lambda z: self.slope(z[:p], z[p:]),
                at,
                guess,
                n_sds=k,
                largest=LARGEST_SD,
            )
            if value > best.log_likelihood + 1e-6:
                other = self._maximised(at)
                if other.log_likelihood > best.log_likelihood:
                    best = other
        return best

    def _maximised(self, start: NDArray[np.float64]) -> Best:
        p = self.X.shape[1]

        def lost(at: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            value, gradient = self.slope(at[:p], at[p:])
            return -value, -gradient

        bounds: list[tuple[float | None, float | None]] = [(None, None)] * p
        found = minimize(
            lost,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=[*bounds, *[(0.0, LARGEST_SD)] * len(self.names)],
            options={"ftol": 1e-14, "gtol": 1e-6},
        )
        return Best(beta=found.x[:p], sds=found.x[p:], log_likelihood=-float(found.fun))

    def curvature(self, best: Best, free: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Give minus the second derivatives, by central differences of the gradient.

        Parameters
        ----------
        best : Best
            Where.
        free : ndarray of bool, shape (n_levels,)
            Which standard deviations take part.

        Returns
        -------
        ndarray, shape (p + n_free, p + n_free)
            Symmetric.
        """
        at = np.append(best.beta, best.sds)
        p = best.beta.size
        chosen = np.flatnonzero(np.append(np.ones(p, dtype=bool), free))
        h = 1e-4
        rows = []
        for place in chosen:
            step = np.zeros(at.size)
            step[place] = h
            ahead, behind = at + step, at - step
            change = self.slope(ahead[:p], ahead[p:])[1]
            change = change - self.slope(behind[:p], behind[p:])[1]
            rows.append(-change[chosen] / (2 * h))
        curved = np.array(rows)
        return np.asarray((curved + curved.T) / 2, dtype=float)

    def effects(self, best: Best) -> Vectors:
        """Give the modes of the effects, log odds, by level."""
        self._settle(self.X @ best.beta, best.sds)
        return [sd * v for sd, v in zip(best.sds, self._v, strict=True)]

    def posterior(
        self, best: Best
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Give the effects of the only level, normal given the fixed effects.

        Returns
        -------
        centre, variance : ndarray, shape (n_units,)
            Log odds; at the fixed effects of `best`.
        along : ndarray, shape (n_units, p)
            How each centre moves with the fixed effects.
        """
        eta, (below,) = self._settle(self.X @ best.beta, best.sds)
        mu = expit(eta)
        weight = self._weight(mu)[:, None] * self.X
        size = self.sizes[0]
        drawn = np.column_stack(
            [
                np.bincount(self.rows_of[0], weights=column, minlength=size)
                for column in weight.T
            ]
        )
        variance = best.sds[0] ** 2 / below.pivot
        return best.sds[0] * self._v[0], variance, -variance[:, None] * drawn
