"""Bayesian random-effects pooling: normal effects, a half-normal prior, no sampling."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from rounds.methods.pooling.studies import quantile, studies
from rounds.methods.pooling.variance import typical_variance
from rounds.methods.priors.prior import Heterogeneity, heterogeneity_grid, tau_span

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["BayesPooled", "Summary", "bayes"]

_POINTS = 2000


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A posterior distribution in numbers; the interval has equal tails."""

    mean: float
    median: float
    sd: float
    lower: float
    upper: float


@dataclass(frozen=True, kw_only=True, eq=False)
class BayesPooled:
    """What studies say together, given what was thought before."""

    level: float
    k: int
    tau_scale: float
    mean_sd: float
    """Infinite for a uniform prior."""
    effect: Summary
    """The mean effect over settings."""
    new: Summary
    """The true effect in a new setting."""
    tau: Summary
    """Standard deviation between studies."""
    tau2: float
    """Posterior mean of its square."""
    i2: float
    """Posterior mean of the share of variation between studies, in [0, 1]."""
    below_zero: float
    """Posterior probability that the mean effect is below 0."""
    new_below_zero: float
    weights: NDArray[np.float64]
    """Shape (k,): posterior mean shares of the studies in the mean effect; with a prior
    on it they sum to less than 1."""
    study_means: NDArray[np.float64]
    """Shape (k,): each study's true effect, drawn towards the others."""
    study_sds: NDArray[np.float64]


def bayes(
    effects: ArrayLike,
    ses: ArrayLike,
    *,
    tau_scale: float,
    mean_sd: float = math.inf,
    level: float = 0.95,
) -> BayesPooled:
    """Pool studies' effects by the normal-normal hierarchical model.

    The mean effect is integrated out exactly, the standard deviation between studies
    by the midpoint rule on a grid fitted to its posterior; whose density is even around
    0 and falls to nothing, so that the rule is all but exact.

    Parameters
    ----------
    effects, ses : array_like of float, shape (k,)
        As `rounds.methods.pooling.pooled.pool`.
    tau_scale : float
        Scale of the half-normal prior on the standard deviation between studies, in
        the effects' unit: for log odds ratios and the like 0.5 or 1 [1]_.
    mean_sd : float
        Standard deviation of the normal prior, centred on 0, on the mean effect (4 is
        the unit information prior of a log odds ratio [1]_); infinite for a uniform
        prior.
    level : float
        Of the intervals, in (0, 1).

    Returns
    -------
    BayesPooled

    Raises
    ------
    ValueError
        As `rounds.methods.pooling.pooled.pool`; or if a prior's scale is not above 0.

    References
    ----------
    .. [1] Röver C. Bayesian random-effects meta-analysis using the bayesmeta R package.
       Journal of Statistical Software 2020;93(6):1-51. doi:10.18637/jss.v093.i06,
       sections 2.2 and 3.3.

    Examples
    --------
    >>> found = bayes([0.1, 0.2, 0.3], [0.1, 0.1, 0.1], tau_scale=0.5)
    >>> round(found.effect.mean, 3), found.new.sd > found.effect.sd
    (0.2, True)
    """
    given = studies(effects, ses)
    quantile("normal", level, 1)  # refuses an impossible level
    s = np.sqrt(given.v)
    span = tau_span(given.y, s, tau_scale=tau_scale, mean_sd=mean_sd)
    grid = heterogeneity_grid(
        given.y, s, tau_scale=tau_scale, mean_sd=mean_sd, n_grid=_POINTS, span=span
    )
    new = Heterogeneity(
        tau=grid.tau,
        weight=grid.weight,
        mean=grid.mean,
        sd=np.hypot(grid.sd, grid.tau),
    )
    w = 1 / (given.v + grid.tau[:, None] ** 2)
    # Each study's own effect, given tau: between what it found and the mean effect.
    kept = grid.tau[:, None] ** 2 * w
    means = kept * given.y + (1 - kept) * grid.mean[:, None]
    variances = kept * given.v + ((1 - kept) * grid.sd[:, None]) ** 2
    study_means = grid.weight @ means
    second = grid.weight @ (variances + (means - study_means) ** 2)
    share = grid.tau**2 / (grid.tau**2 + typical_variance(given))
    return BayesPooled(
        level=level,
        k=given.y.size,
        tau_scale=tau_scale,
        mean_sd=mean_sd,
        effect=_mixture(grid, level),
        new=_mixture(new, level),
        tau=_of_tau(grid, span, level),
        tau2=float(grid.weight @ grid.tau**2),
        i2=float(grid.weight @ share),
        below_zero=_below(grid, 0.0),
        new_below_zero=_below(new, 0.0),
        weights=grid.weight @ (w * grid.sd[:, None] ** 2),
        study_means=study_means,
        study_sds=np.sqrt(second),
    )


def _below(grid: Heterogeneity, threshold: float) -> float:
    return float(grid.weight @ ndtr((threshold - grid.mean) / grid.sd))


def _mixture(grid: Heterogeneity, level: float) -> Summary:
    """Sum up a mixture of normals, one for each tau."""
    mean = float(grid.weight @ grid.mean)
    variance = float(grid.weight @ (grid.sd**2 + (grid.mean - mean) ** 2))
    held = grid.weight > 0
    low = float((grid.mean - 12 * grid.sd)[held].min())
    high = float((grid.mean + 12 * grid.sd)[held].max())
    lower, median, upper = (
        _quantile(grid, p, low, high) for p in ((1 - level) / 2, 0.5, (1 + level) / 2)
    )
    return Summary(
        mean=mean, median=median, sd=math.sqrt(variance), lower=lower, upper=upper
    )


def _quantile(grid: Heterogeneity, p: float, low: float, high: float) -> float:
    nearest = 1e-12 * (high - low)
    return float(brentq(lambda x: _below(grid, x) - p, low, high, xtol=nearest))


def _of_tau(grid: Heterogeneity, span: tuple[float, float], level: float) -> Summary:
    mean = float(grid.weight @ grid.tau)
    variance = float(grid.weight @ (grid.tau - mean) ** 2)
    edges = np.linspace(*span, grid.tau.size + 1)
    up_to = np.r_[0.0, np.cumsum(grid.weight)]
    lower, median, upper = (
        float(np.interp(p, up_to, edges))
        for p in ((1 - level) / 2, 0.5, (1 + level) / 2)
    )
    return Summary(
        mean=mean, median=median, sd=math.sqrt(variance), lower=lower, upper=upper
    )
