"""Two measures of the same units: do units that stand high on one stand high on both?

Each unit has an effect on each measure; the two are normal with a correlation. Events
are binomial given them, so that rare events need no correction, and the integral over
both effects is taken by adaptive Gauss–Hermite quadrature about their mode.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.special import expit, gammaln, ndtri

from rounds.methods.proportion import counts

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["PairedIntercepts", "paired_intercepts"]

_LARGEST_SD = 6.0
_NEAR_ONE = 0.999
"""A correlation beyond this cannot be told from 1."""


@dataclass(frozen=True, kw_only=True)
class PairedIntercepts:
    """How the units' effects on two measures go together."""

    correlation: float
    lower: float
    upper: float
    """Profile-likelihood interval, within −1 and 1; an end that the data do not exclude
    is −1 or 1 itself."""
    sd: tuple[float, float]
    """Between units, log odds, of each measure."""
    intercept: tuple[float, float]
    """Log odds of a unit without effect."""
    log_likelihood: float
    n_units: int


def paired_intercepts(
    first: tuple[ArrayLike, ArrayLike],
    second: tuple[ArrayLike, ArrayLike],
    *,
    offsets: tuple[ArrayLike, ArrayLike] | None = None,
    level: float = 0.95,
    n_points: int = 7,
) -> PairedIntercepts:
    """Fit a bivariate random-intercept logistic model to two measures of units.

    Parameters
    ----------
    first, second : tuple of array_like of int, shape (n_units,)
        Events and trials of each unit, of one measure and of the other.
    offsets : tuple of array_like of float, shape (n_units,), optional
        Log odds by which each unit's persons differ from others, of each measure.
    level : float
        Of the correlation's interval, in (0, 1).
    n_points : int
        Points of the quadrature in each direction; 1 is Laplace's approximation.

    Returns
    -------
    PairedIntercepts
        Maximum likelihood. Correlating shrunken estimates would shrink the correlation
        too; here it is a parameter of the model.

    Raises
    ------
    ValueError
        If counts or shapes are impossible, there are fewer than five units, or of one
        measure all are events or none is.

    Notes
    -----
    Persons counted by both measures link them within a unit as well; the model knows
    nothing of that. It biases the correlation little where units are large, and the
    way in which the two go together within persons.

    References
    ----------
    .. [1] Chu H, Cole SR. Bivariate meta-analysis of sensitivity and specificity with
       sparse data: a generalized linear mixed model approach. Journal of Clinical
       Epidemiology 2006;59:1331-1332; read as documented for `fit.bivar` of the R
       package Metatron: binomial events, correlated normal effects.

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> u = rng.normal(0, 1, (60, 2)) @ [[0.6, 0.48], [0.0, 0.36]]
    >>> n = np.full(60, 200)
    >>> x, y = (rng.binomial(200, 1 / (1 + np.exp(-u[:, k]))) for k in (0, 1))
    >>> found = paired_intercepts((x, n), (y, n))
    >>> bool(0.5 < found.lower < 0.8 < found.upper)
    True
    """
    if not 0 < level < 1:
        raise ValueError(f"the level lies between 0 and 1, not {level}")
    model = _Paired(first, second, offsets, n_points)
    start = model.start()
    best = model.maximise(start)
    top = -float(best.fun)
    drop = 0.5 * float(ndtri((1 + level) / 2)) ** 2
    rho = float(best.x[4])
    lower, upper = (
        model.limit(best.x, top - drop, end) for end in (-_NEAR_ONE, _NEAR_ONE)
    )
    return PairedIntercepts(
        correlation=rho,
        lower=min(lower, rho),
        upper=max(upper, rho),
        sd=(float(best.x[2]), float(best.x[3])),
        intercept=(float(best.x[0]), float(best.x[1])),
        log_likelihood=top,
        n_units=model.n_units,
    )


class _Paired:
    """The likelihood; parameters are two intercepts, two sds and the correlation."""

    def __init__(
        self,
        first: tuple[ArrayLike, ArrayLike],
        second: tuple[ArrayLike, ArrayLike],
        offsets: tuple[ArrayLike, ArrayLike] | None,
        n_points: int,
    ) -> None:
        pairs = [counts(*first), counts(*second)]
        if pairs[0][0].size != pairs[1][0].size:
            raise ValueError(
                f"{pairs[0][0].size} units of one measure, {pairs[1][0].size} of the "
                "other"
            )
        self.x, self.n = (np.array([pair[k] for pair in pairs]) for k in (0, 1))
        self.n_units = self.x.shape[1]
        if self.n_units < 5:
            raise ValueError(f"at least five units are needed, not {self.n_units}")
        sums, whole = self.x.sum(axis=1), self.n.sum(axis=1)
        if not ((sums > 0) & (sums < whole)).all():
            raise ValueError("of one measure all are events, or none is")
        given = np.zeros_like(self.x) if offsets is None else offsets
        self.offset = np.asarray(given, dtype=float)
        if self.offset.shape != self.x.shape or not np.isfinite(self.offset).all():
            raise ValueError("offsets are one finite number for each unit and measure")
        nodes, weights = np.polynomial.hermite.hermgauss(n_points)
        grid = np.stack(np.meshgrid(nodes, nodes), axis=-1).reshape(-1, 2)
        self._nodes = np.sqrt(2) * grid.T
        self._log_weight = np.log(np.outer(weights, weights).ravel()) + (grid**2).sum(
            axis=1
        )
        parts = gammaln(self.n + 1) - gammaln(self.x + 1)
        self._constant = float((parts - gammaln(self.n - self.x + 1)).sum())
        self._z = np.zeros((2, self.n_units))

    def start(self) -> NDArray[np.float64]:
        """Give parameters to begin with."""
        p = self.x.sum(axis=1) / self.n.sum(axis=1)
        return np.concatenate([np.log(p / (1 - p)), [0.4, 0.4, 0.0]])

    def log_likelihood(self, at: NDArray[np.float64]) -> float:
        """Integrate over both effects of each unit."""
        root = _root(at[2], at[3], at[4])
        fixed = self.offset + at[:2, None]
        z = self._modes(fixed, root)
        mu = expit(fixed + root @ z)
        upper, side, lower = _curvature(root, self.n * mu * (1 - mu))
        determinant = upper * lower - side**2
        # A lower triangle C with C·C' the inverse of the curvature turns the nodes.
        turn = np.sqrt(lower / determinant)
        one = z[0, :, None] + turn[:, None] * self._nodes[0]
        other = z[1, :, None] - (side / (determinant * turn))[:, None] * self._nodes[0]
        other += self._nodes[1] / np.sqrt(lower)[:, None]
        parts = self._log_weight - 0.5 * (one**2 + other**2)
        for k, effect in enumerate((root[0, 0] * one, root[1, 0] * one)):
            eta = fixed[k][:, None] + effect
            if k:
                eta += root[1, 1] * other
            parts += self.x[k][:, None] * eta
            parts -= self.n[k][:, None] * np.logaddexp(0.0, eta)
        most = parts.max(axis=1)
        whole = most + np.log(np.exp(parts - most[:, None]).sum(axis=1))
        whole -= 0.5 * np.log(determinant) + np.log(np.pi)
        return float(whole.sum() + self._constant)

    def _modes(
        self, fixed: NDArray[np.float64], root: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        z = self._z
        for _ in range(60):
            mu = expit(fixed + root @ z)
            first, second = root.T @ (self.x - self.n * mu) - z
            upper, side, lower = _curvature(root, self.n * mu * (1 - mu))
            step = np.stack(
                [lower * first - side * second, upper * second - side * first]
            )
            step /= upper * lower - side**2
            # A step moves the log odds by at most 2, or saturated units oscillate.
            largest = np.abs(root @ step).max(axis=0)
            z = z + step * np.minimum(1.0, 2.0 / np.maximum(largest, 1e-12))
            if float(np.abs(step).max()) < 1e-8:
                break
        self._z = z
        return z

    def maximise(
        self, start: NDArray[np.float64], correlation: float | None = None
    ) -> Any:
        """Maximise over all parameters, or over all but the correlation."""
        bounds: list[tuple[float | None, float | None]] = [(None, None)] * 2
        bounds += [(1e-3, _LARGEST_SD)] * 2
        free = 5
        if correlation is None:
            bounds.append((-_NEAR_ONE, _NEAR_ONE))
        else:
            free = 4

        def lost(at: NDArray[np.float64]) -> float:
            whole = at if correlation is None else np.append(at, correlation)
            return -self.log_likelihood(whole)

        return minimize(
            lost,
            start[:free],
            method="L-BFGS-B",
            bounds=bounds,
            options={"ftol": 1e-12, "gtol": 1e-6},
        )

    def limit(self, best: NDArray[np.float64], bound: float, end: float) -> float:
        """Give where the profile falls to a bound between the maximum and an end."""
        found = best

        def above(correlation: float) -> float:
            nonlocal found
            at = self.maximise(found, correlation)
            found = np.append(at.x, correlation)
            return -float(at.fun) - bound

        if abs(end - best[4]) < 1e-6 or above(end) > 0:
            return float(np.sign(end))
        found = best
        return float(brentq(above, best[4], end, xtol=1e-3))


def _root(one: float, other: float, correlation: float) -> NDArray[np.float64]:
    """Give the lower triangle that turns independent effects into correlated ones."""
    rest = np.sqrt(1 - correlation**2)
    return np.array([[one, 0.0], [other * correlation, other * rest]])


def _curvature(
    root: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Give minus the second derivatives in each unit: 1 1, 1 2 and 2 2; (n_units,)."""
    (top, _), (left, right) = root
    upper = 1 + top**2 * weight[0] + left**2 * weight[1]
    return upper, left * right * weight[1], 1 + right**2 * weight[1]
