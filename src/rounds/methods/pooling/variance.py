"""The variance between studies: its estimators, and the interval by Cochran's Q."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtri

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from rounds.methods.pooling.studies import Studies

__all__ = [
    "Fit",
    "Method",
    "between_variance",
    "q_profile",
    "typical_variance",
    "weighed",
]

Method = Literal["fixed", "dl", "reml", "pm"]
"""One effect for all; or effects that differ, with a variance by the moments of
DerSimonian and Laird, by restricted maximum likelihood, or by Paule and Mandel."""

_GRID = 60


@dataclass(frozen=True, eq=False)
class Fit:
    """Weighted least squares at one variance between studies."""

    coefficients: NDArray[np.float64]
    """Shape (p,)."""
    covariance: NDArray[np.float64]
    """Shape (p, p): inverse of X'WX, with no scale."""
    weights: NDArray[np.float64]
    """Shape (k,): 1 / (v + tau²)."""
    residuals: NDArray[np.float64]
    """Shape (k,)."""

    @property
    def q(self) -> float:
        """Weighted sum of squared residuals: Cochran's Q where tau² is 0."""
        return float((self.weights * self.residuals**2).sum())


def weighed(given: Studies, tau2: float) -> Fit:
    """Regress effects on their covariates, weighed by 1 / (v + tau²).

    Parameters
    ----------
    given : Studies
        Effects, variances, covariates.
    tau2 : float
        Variance between studies, at least 0.

    Returns
    -------
    Fit
    """
    w = 1 / (given.v + tau2)
    if given.x.shape[1] == 1:
        mean = (w * given.y).sum() / w.sum()
        return Fit(np.array([mean]), np.array([[1 / w.sum()]]), w, given.y - mean)
    root = np.sqrt(w)[:, None]
    q, r = np.linalg.qr(root * given.x)
    coefficients = np.linalg.solve(r, q.T @ (root[:, 0] * given.y))
    half = np.linalg.inv(r)
    return Fit(coefficients, half @ half.T, w, given.y - given.x @ coefficients)


def between_variance(given: Studies, method: Method) -> float:
    """Estimate the variance between studies, or what covariates leave of it.

    Parameters
    ----------
    given : Studies
        Effects, variances, covariates.
    method : {"fixed", "dl", "reml", "pm"}
        Which estimator; "fixed" gives 0.

    Returns
    -------
    float
        At least 0, in the effects' unit squared. REML: the highest of the maxima of
        the restricted likelihood, which with few studies can have more than one.

    Raises
    ------
    ValueError
        If there is no such method.

    References
    ----------
    .. [1] Viechtbauer W. rma.uni, in: metafor 5.1-12, man/rma.uni.Rd and R/rma.uni.r
       (github.com/wviechtb/metafor, commit 71ae8f5a, 2026-07-01). It iterates Paule and
       Mandel's equation and the scores to 1e-5; here both are solved.
    .. [2] Veroniki AA, Jackson D, Bender R, et al. Methods to calculate uncertainty
       in the estimated overall effect size from a random-effects meta-analysis.
       Research Synthesis Methods 2019;10:23-43. doi:10.1002/jrsm.1319.
    """
    if method == "fixed":
        return 0.0
    if method == "dl":
        excess = weighed(given, 0.0).q - given.df
        return max(0.0, excess / _trace(given, 0.0))
    if method == "pm":
        return _q_root(given, float(given.df)) or 0.0
    if method == "reml":
        return _reml(given)
    raise ValueError(f"there is no method {method!r}")


def q_profile(given: Studies, level: float) -> tuple[float, float] | None:
    """Give the interval of the variance between studies by inverting Q's distribution.

    Parameters
    ----------
    given : Studies
        Effects, variances, covariates.
    level : float
        Coverage, in (0, 1); exact under normal effects with known variances.

    Returns
    -------
    pair of float, or None
        None where even no variance between studies leaves effects that differ less
        than chance makes them differ: no value fits, and the interval is empty.

    References
    ----------
    .. [1] Viechtbauer W. confint.rma.uni, type "QP", in: metafor 5.1-12,
       man/confint.rma.Rd and R/confint.rma.uni.r (github.com/wviechtb/metafor).
    """
    tail = (1 - level) / 2
    upper = _q_root(given, float(chdtri(given.df, 1 - tail)))
    if upper is None:
        return None
    return _q_root(given, float(chdtri(given.df, tail))) or 0.0, upper


def typical_variance(given: Studies) -> float:
    """Give Higgins and Thompson's typical variance within studies.

    Parameters
    ----------
    given : Studies
        Effects, variances, covariates.

    Returns
    -------
    float
        Above 0; (k − p) / tr(P), where P takes the fit out of weighted effects.

    References
    ----------
    .. [1] Viechtbauer W. metafor 5.1-12, R/rma.uni.r (github.com/wviechtb/metafor).
    """
    return given.df / _trace(given, 0.0)


def _trace(given: Studies, tau2: float) -> float:
    """Give tr(P) at a variance: the information that is left after the fit."""
    fit = weighed(given, tau2)
    w = fit.weights[:, None]
    return float(w.sum() - np.trace(fit.covariance @ (given.x.T @ (w**2 * given.x))))


def _ordinary(given: Studies) -> float:
    """Give the residual sum of squares with no weights, which bounds every root.

    With eigenvalues λ ≥ 0 of the error contrasts, Q(τ²) = Σ z² / (λ + τ²), and the
    score of the restricted likelihood is Σ (z² − λ − τ²) / (λ + τ²)², where Σ z² is
    this sum: Q is below c beyond τ² = Σ z² / c, and the score below 0 beyond Σ z².
    """
    residuals = given.y - given.x @ np.linalg.lstsq(given.x, given.y, rcond=None)[0]
    return float((residuals**2).sum())


def _q_root(given: Studies, target: float) -> float | None:
    """Give the variance at which Q falls to a target; None if it is below at 0."""

    def excess(tau2: float) -> float:
        return weighed(given, tau2).q - target

    if excess(0.0) < 0:
        return None
    return _root(excess, 0.0, 1.01 * _ordinary(given) / target, given)


def _root(
    function: Callable[[float], float], low: float, high: float, given: Studies
) -> float:
    if function(low) <= 0:
        return low
    while function(high) > 0:  # by rounding alone: see `_ordinary`
        high *= 2
    nearest = 1e-15 * float(given.v.min())
    return float(brentq(function, low, high, xtol=nearest, rtol=1e-13, maxiter=500))


def _reml(given: Studies) -> float:
    # The same likelihood on an orthonormal basis, whose sums of squares are tame.
    basis = np.linalg.qr(given.x)[0]

    def parts(tau2: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        w = 1 / (given.v + tau2[:, None])
        information = np.einsum("gk,ki,kj->gij", w, basis, basis)
        right = np.einsum("gk,ki,k->gi", w, basis, given.y)
        fitted = np.linalg.solve(information, right[:, :, None])[:, :, 0] @ basis.T
        return w, information, given.y - fitted

    def scores(tau2: NDArray[np.float64]) -> NDArray[np.float64]:
        w, information, residuals = parts(tau2)
        inner = np.einsum("gk,ki,kj->gij", w**2, basis, basis)
        fitted = np.trace(np.linalg.solve(information, inner), axis1=1, axis2=2)
        return np.asarray(((w * residuals) ** 2).sum(1) - w.sum(1) + fitted)

    def score(tau2: float) -> float:
        return float(scores(np.array([tau2]))[0])

    def likelihood(tau2: float) -> float:
        w, information, residuals = parts(np.array([tau2]))
        spread = np.log(w).sum() - np.linalg.slogdet(information)[1][0]
        return 0.5 * float(spread - (w * residuals**2).sum())

    low, high = 1e-4 * float(given.v.min()), 1.01 * _ordinary(given)
    grid = np.r_[0.0, np.geomspace(low, max(high, 2 * low), _GRID)]
    rises = scores(grid) > 0
    maxima = [] if rises[0] else [0.0]
    maxima += [
        _root(score, float(grid[i]), float(grid[i + 1]), given)
        for i in np.flatnonzero(rises[:-1] & ~rises[1:])
    ]
    return max(maxima, key=likelihood) if maxima else float(grid[-1])
