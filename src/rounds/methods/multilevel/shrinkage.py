"""Random-intercept logistic regression, and units' estimates shrunken by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, ndtri

from rounds.methods.multilevel.random_intercept import LARGEST_SD, Model

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "RandomIntercept",
    "median_odds_ratio",
    "random_intercept",
    "sd_interval",
]


@dataclass(frozen=True, kw_only=True)
class RandomIntercept:
    """A fitted random-intercept logistic regression; units are the groups."""

    coefficients: NDArray[np.float64]
    """Shape (p,): fixed effects on the log-odds scale; the first is the intercept."""
    se: NDArray[np.float64]
    """Shape (p,): their standard errors, from the marginal likelihood's curvature."""
    sd: float
    """Between-group standard deviation on the log-odds scale, at least 0."""
    log_likelihood: float
    icc: float
    """Latent-scale intraclass correlation, sd² / (sd² + π²/3)."""
    median_odds_ratio: float
    """At least 1."""
    effect: NDArray[np.float64]
    """Shape (n_groups,): modes of the random effects, log odds."""
    value: NDArray[np.float64]
    """Shape (n_groups,): shrunken proportions at covariates 0, in [0, 1]."""
    log_odds_se: NDArray[np.float64]
    """Shape (n_groups,): standard error of intercept plus effect, the fixed effects'
    uncertainty included, that of sd not (empirical Bayes)."""
    lower: NDArray[np.float64]
    """Shape (n_groups,): lower limit of `value`, normal on the log-odds scale."""
    upper: NDArray[np.float64]
    """Shape (n_groups,): upper limit of `value`."""


def median_odds_ratio(sd: float) -> float:
    """Give the median odds ratio of two persons from two units taken at random.

    Parameters
    ----------
    sd : float
        Between-unit standard deviation on the log-odds scale, at least 0.

    Returns
    -------
    float
        exp(√2 · sd · Φ⁻¹(0.75)), at least 1.

    References
    ----------
    .. [1] Larsen K, Merlo J. Appropriate assessment of neighborhood effects on
       individual health. American Journal of Epidemiology 2005;161:81-88 (abstract);
       the formula as documented for `maihda_mor` of the R package MAIHDA.

    Examples
    --------
    >>> round(median_odds_ratio(0.5), 3)
    1.611
    """
    return float(np.exp(np.sqrt(2.0) * sd * ndtri(0.75)))


def random_intercept(
    successes: ArrayLike,
    totals: ArrayLike,
    groups: ArrayLike | None = None,
    covariates: ArrayLike | None = None,
    *,
    level: float = 0.95,
    n_points: int = 9,
) -> RandomIntercept:
    """Fit a logistic regression with one random intercept for each group.

    Parameters
    ----------
    successes, totals : array_like of int, shape (n,)
        Events and trials of each row.
    groups : array_like of int, shape (n,), optional
        Group of each row, 0 … n_groups − 1; each row its own group where not given.
    covariates : array_like of float, shape (n, p − 1), optional
        Columns besides the intercept.
    level : float
        Of the intervals of the shrunken proportions.
    n_points : int
        Points of adaptive Gauss–Hermite quadrature; 1 is Laplace's approximation, the
        default of lme4 and glmmTMB.

    Returns
    -------
    RandomIntercept
        Maximum likelihood.

    Raises
    ------
    ValueError
        If counts are impossible, shapes differ, there are fewer than two groups, or
        all successes are 0 or all equal their totals.

    References
    ----------
    .. [1] Maximum likelihood by adaptive Gauss–Hermite quadrature, as the R package
       GLMMadaptive documents `mixed_model`; the tests compare lme4 and glmmTMB.
    .. [2] The median odds ratio: see `median_odds_ratio`.

    Examples
    --------
    >>> fit = random_intercept([5, 15, 30], [50, 50, 50])
    >>> bool(0.1 < fit.value[0] < 0.2)
    True
    """
    model = Model(successes, totals, groups, covariates, n_points=n_points)
    beta, sd, log_likelihood = model.maximise()
    u, _ = model.modes(beta, sd)
    log_odds_se = model.unit_se(beta, sd, u)
    log_odds = beta[0] + sd * u
    z = ndtri((1 + level) / 2)
    variance = sd**2
    return RandomIntercept(
        coefficients=beta,
        se=model.fixed_se(beta, sd),
        sd=sd,
        log_likelihood=log_likelihood,
        icc=float(variance / (variance + np.pi**2 / 3)),
        median_odds_ratio=median_odds_ratio(sd),
        effect=sd * u,
        value=expit(log_odds),
        log_odds_se=log_odds_se,
        lower=expit(log_odds - z * log_odds_se),
        upper=expit(log_odds + z * log_odds_se),
    )


def sd_interval(
    successes: ArrayLike, totals: ArrayLike, *, level: float = 0.95
) -> tuple[float, float]:
    """Give the profile-likelihood interval of the between-unit standard deviation.

    Parameters
    ----------
    successes, totals : array_like of int, shape (n_units,)
        Events and trials of each unit.
    level : float
        Of the interval, in (0, 1).

    Returns
    -------
    lower, upper : float
        Log odds; the lower limit is 0 where chance alone is not excluded, the upper
        at most 6.

    Raises
    ------
    ValueError
        As `random_intercept`.

    Notes
    -----
    The values whose profile log-likelihood lies less than z²/2 below its maximum: the
    likelihood ratio against a chi-squared of one degree of freedom.

    Examples
    --------
    >>> lower, upper = sd_interval([5, 6, 5, 4], [10, 10, 10, 10])
    >>> lower, 0.5 < upper < 2
    (0.0, True)
    """
    model = Model(successes, totals, n_points=7)
    _, best, top = model.maximise()
    drop = 0.5 * float(ndtri((1 + level) / 2)) ** 2

    def above(sd: float) -> float:
        return model.profile(sd)[1] - (top - drop)

    if above(best) <= 0:
        # The profile is too flat or rough for bracketing: read it off a grid.
        grid = np.linspace(0.0, LARGEST_SD, 61)
        values = np.array([above(float(sd)) for sd in grid])
        inside = grid[values >= values.max() - drop]
        return float(inside[0]), float(inside[-1])
    lower = 0.0
    if best > 1e-4 and above(0.0) < 0:
        lower = float(brentq(above, 0.0, best, xtol=1e-4))
    end = min(max(2 * best, 0.25), LARGEST_SD)
    while above(end) > 0 and end < LARGEST_SD:
        end = min(end * 1.5, LARGEST_SD)
    if above(end) > 0:
        return lower, end
    return lower, float(brentq(above, best, end, xtol=1e-4))
