"""Logistic regression with random intercepts at nested levels: who shares how much.

Each person belongs to one unit of each level (clinician in site in region), so the
units are a forest. Given the fixed effects, the random effects' Hessian is eliminated
from the leaves to the roots, one pass over the units of each level, and nothing fills
in: a unit with information S below it hands S / (1 + sd²·S) to the unit above it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, gammaln

from rounds.methods.proportion import counts
from rounds.methods.random_intercept import LARGEST_SD, hessian
from rounds.methods.shrinkage import median_odds_ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["LevelSpread", "NestedFit", "nested_intercepts", "variance_explained"]

_PERSONS = np.pi**2 / 3
"""Variance of persons on the latent log-odds scale."""


@dataclass(frozen=True, kw_only=True)
class LevelSpread:
    """How units of one level differ within the unit above them."""

    name: str
    n_units: int
    sd: float
    """Standard deviation, log odds, at least 0."""
    sd_se: float | None
    """From the likelihood's curvature; None where sd lies at 0 or the curvature does
    not bear it."""
    share: float
    """Of all variance on the latent scale, persons' π²/3 included."""
    icc: float
    """Correlation of two persons of one unit of this level: this share and those of
    the levels above it."""
    median_odds_ratio: float
    """Of two persons alike, from two units of this level within one unit above."""
    effects: NDArray[np.float64]
    """Shape (n_units,): shrunken effects (modes), log odds."""
    units: NDArray[np.int64]
    """Shape (n_units,): the labels of the units, rising."""


@dataclass(frozen=True, kw_only=True)
class NestedFit:
    """A fitted model; levels from the coarsest to the finest."""

    coefficients: NDArray[np.float64]
    """Shape (p,): log odds; the first is the intercept."""
    se: NDArray[np.float64]
    """Shape (p,): from the marginal likelihood's curvature."""
    levels: tuple[LevelSpread, ...]
    persons_share: float
    """Share of variance between persons of one unit of the finest level."""
    log_likelihood: float


def nested_intercepts(
    successes: ArrayLike,
    totals: ArrayLike,
    levels: Sequence[tuple[str, ArrayLike]],
    covariates: ArrayLike | None = None,
) -> NestedFit:
    """Fit a logistic regression with a random intercept for each unit of each level.

    Parameters
    ----------
    successes, totals : array_like of int, shape (n,)
        Events and trials of each row.
    levels : sequence of (name, labels)
        From the coarsest to the finest; labels are integers, shape (n,).
    covariates : array_like of float, shape (n, p − 1), optional
        Columns besides the intercept.

    Returns
    -------
    NestedFit
        Maximum likelihood by Laplace's approximation, the default of lme4.

    Raises
    ------
    ValueError
        If counts or shapes are impossible, a unit lies in two units of the level above
        it, a level has fewer than two units, columns are not finite or say the same, or
        all successes are 0 or all equal their totals.

    References
    ----------
    .. [1] Bates D, Mächler M, Bolker B, Walker S. Fitting linear mixed-effects models
       using lme4. Journal of Statistical Software 2015;67(1), and `?glmer`: Laplace's
       approximation at the conditional modes, which the tests compare.
    .. [2] Merlo J, Chaix B, Ohlsson H, et al. A brief conceptual tutorial of multilevel
       analysis in social epidemiology. Journal of Epidemiology and Community Health
       2006;60:290-297 (abstract): variance shares and median odds ratios.

    Examples
    --------
    >>> rng = np.random.default_rng(4)
    >>> site = np.repeat(np.arange(40), 5)
    >>> p = 1 / (1 + np.exp(-rng.normal(0, 1, 40)[site]))
    >>> x = rng.binomial(50, p)
    >>> fit = nested_intercepts(
    ...     x, np.full(200, 50), [("region", site // 8), ("site", site)]
    ... )
    >>> [level.name for level in fit.levels], bool(0.7 < fit.levels[1].sd < 1.3)
    (['region', 'site'], True)
    """
    model = _Forest(successes, totals, levels, covariates)
    beta, sds, best = model.maximise()
    se, sd_se = model.standard_errors(beta, sds)
    total = float((sds**2).sum()) + _PERSONS
    effects = model.effects(beta, sds)
    inside = np.cumsum(sds**2) / total
    return NestedFit(
        coefficients=model.given_back(beta),
        se=se,
        levels=tuple(
            LevelSpread(
                name=model.names[i],
                n_units=model.sizes[i],
                sd=float(sds[i]),
                sd_se=sd_se[i],
                share=float(sds[i] ** 2 / total),
                icc=float(inside[i]),
                median_odds_ratio=median_odds_ratio(float(sds[i])),
                effects=effects[i],
                units=model.labels[i],
            )
            for i in range(len(sds))
        ),
        persons_share=_PERSONS / total,
        log_likelihood=best,
    )


def variance_explained(before: NestedFit, after: NestedFit) -> dict[str, float | None]:
    """Give what share of each level's variance goes when columns are added.

    Parameters
    ----------
    before, after : NestedFit
        Without and with the columns (case-mix, resources, volume), on the same rows
        and levels.

    Returns
    -------
    dict of str to float
        1 − variance after / variance before (the proportional change in variance), by
        level; below 0 where columns bring out differences that had cancelled; None
        where there was nothing to explain.

    Raises
    ------
    ValueError
        If the levels are not the same.

    Notes
    -----
    Adding a column that matters between persons stretches the latent scale, so that a
    little less than its true share seems explained between units.

    References
    ----------
    .. [1] Merlo et al. as in `nested_intercepts`: proportional change in variance.
    """
    names = [level.name for level in before.levels]
    if names != [level.name for level in after.levels]:
        raise ValueError("the two models have different levels")
    return {
        one.name: None if one.sd < 1e-4 else float(1 - other.sd**2 / one.sd**2)
        for one, other in zip(before.levels, after.levels, strict=True)
    }


class _Forest:
    """The likelihood on given counts; columns are standardised inside."""

    def __init__(
        self,
        successes: ArrayLike,
        totals: ArrayLike,
        levels: Sequence[tuple[str, ArrayLike]],
        covariates: ArrayLike | None,
    ) -> None:
        self.x, self.n = counts(successes, totals)
        rows = self.x.size
        if not 0 < self.x.sum() < self.n.sum():
            raise ValueError("all successes are 0, or all equal their totals")
        self.names = [name for name, _ in levels]
        self.labels, self.rows_of = [], []
        for name, given in levels:
            label = np.asarray(given)
            if label.shape != (rows,):
                raise ValueError(f"{label.size} labels of {name} for {rows} rows")
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
        parts = gammaln(self.n + 1) - gammaln(self.x + 1)
        self._constant = float((parts - gammaln(self.n - self.x + 1)).sum())
        self._v = [np.zeros(size) for size in self.sizes]

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
        self._centre, self._scale = given.mean(axis=0), given.std(axis=0)
        if (self._scale == 0).any():
            raise ValueError("a covariate is the same in every row")
        scaled = (given - self._centre) / self._scale
        if given.shape[1] and np.linalg.matrix_rank(scaled) < given.shape[1]:
            raise ValueError("collinear: a covariate is what the others say already")
        self.X = np.column_stack([np.ones(rows), scaled])

    def given_back(self, beta: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the coefficients of the columns as they came."""
        slopes = beta[1:] / self._scale
        return np.append(beta[0] - float(slopes @ self._centre), slopes)

    def _settle(
        self, fixed: NDArray[np.float64], sds: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], float]:
        """Find the standardised effects' modes; give log odds and log determinant."""
        for _ in range(100):
            eta = fixed + self._shift(self._v, sds)
            mu = expit(eta)
            up = self._upward(self.x - self.n * mu, self.n * mu * (1 - mu), sds)
            steps, largest = self._downward(up, sds)
            # A step moves the log odds by at most 2, or saturated units oscillate.
            damp = min(1.0, 2.0 / largest) if largest else 1.0
            self._v = [v + damp * s for v, s in zip(self._v, steps, strict=True)]
            if largest < 1e-7:
                break
        eta = fixed + self._shift(self._v, sds)
        mu = expit(eta)
        up = self._upward(self.x - self.n * mu, self.n * mu * (1 - mu), sds)
        return eta, float(sum(np.log(below).sum() for _, _, below in up))

    def _shift(
        self, v: list[NDArray[np.float64]], sds: NDArray[np.float64]
    ) -> NDArray[np.float64]:
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
    ) -> list[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]]:
        """Give each level's gradient, information and pivots, coarsest first."""
        found = []
        where = self.rows_of[-1]
        for i in range(len(sds) - 1, -1, -1):
            g, s = (
                np.asarray(
                    np.bincount(where, weights=each, minlength=self.sizes[i]), float
                )
                for each in (gradient, weight)
            )
            below = 1 + sds[i] ** 2 * s
            found.append((g, s, below))
            if i:
                gradient, weight = (g + s * sds[i] * self._v[i]) / below, s / below
                where = self.parent[i - 1]
        return found[::-1]

    def _downward(
        self,
        up: list[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]],
        sds: NDArray[np.float64],
    ) -> tuple[list[NDArray[np.float64]], float]:
        """Give Newton's steps, and the largest change of a log odds they make."""
        steps: list[NDArray[np.float64]] = []
        moved = np.zeros(self.sizes[0])
        for i, (g, s, below) in enumerate(up):
            if i:
                moved = moved[self.parent[i - 1]]
            step = (sds[i] * (g - s * moved) - self._v[i]) / below
            steps.append(step)
            moved = moved + sds[i] * step
        largest = max(float(np.abs(moved).max()), float(np.abs(steps[-1]).max()) * 0.1)
        return steps, largest

    def log_likelihood(
        self, beta: NDArray[np.float64], sds: NDArray[np.float64]
    ) -> float:
        """Give Laplace's approximation of the marginal log-likelihood."""
        eta, log_determinant = self._settle(self.X @ beta, sds)
        inside = float((self.x * eta - self.n * np.logaddexp(0.0, eta)).sum())
        prior = 0.5 * sum(float(v @ v) for v in self._v)
        return inside - prior - 0.5 * log_determinant + self._constant

    def _lost(self, parameters: NDArray[np.float64]) -> float:
        k = len(self.names)
        return -self.log_likelihood(parameters[:-k], np.abs(parameters[-k:]))

    def maximise(self) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
        """Give fixed effects (of the standardised columns), sds and log-likelihood."""
        k, p = len(self.names), self.X.shape[1]
        pooled = self.x.sum() / self.n.sum()
        start = np.concatenate([[np.log(pooled / (1 - pooled))], np.zeros(p - 1)])
        bounds: list[tuple[float | None, float | None]] = [(None, None)] * p
        found = minimize(
            self._lost,
            np.append(start, np.full(k, 0.4)),
            method="L-BFGS-B",
            bounds=[*bounds, *[(0.0, LARGEST_SD)] * k],
            options={"ftol": 1e-13, "gtol": 1e-6},
        )
        return found.x[:p], found.x[p:], float(-found.fun)

    def standard_errors(
        self, beta: NDArray[np.float64], sds: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], list[float | None]]:
        """Give standard errors of the given columns' effects, and of the sds inside."""
        free = sds > 1e-3

        def lost(parameters: NDArray[np.float64]) -> float:
            whole = sds.copy()
            whole[free] = np.abs(parameters[beta.size :])
            return -self.log_likelihood(parameters[: beta.size], whole)

        curved = hessian(lost, np.append(beta, sds[free]))
        bears = float(np.linalg.eigvalsh(curved).min()) > 1e-6
        if not bears:
            curved = curved[: beta.size, : beta.size]
        covariance = np.linalg.inv(curved)
        back = np.eye(beta.size)
        back[1:, 1:] = np.diag(1 / self._scale)
        back[0, 1:] = -self._centre / self._scale
        fixed = back @ covariance[: beta.size, : beta.size] @ back.T
        of_sd: list[float | None] = [None] * sds.size
        if bears:
            inside = np.sqrt(np.diag(covariance)[beta.size :])
            for at, value in zip(np.flatnonzero(free), inside, strict=True):
                of_sd[int(at)] = float(value)
        return np.sqrt(np.diag(fixed)), of_sd

    def effects(
        self, beta: NDArray[np.float64], sds: NDArray[np.float64]
    ) -> list[NDArray[np.float64]]:
        """Give the modes of the effects, log odds, by level."""
        self._settle(self.X @ beta, sds)
        return [sd * v for sd, v in zip(sds, self._v, strict=True)]
