"""Cost and effect together: incremental net benefit, and the ratio of the two.

Net benefit at a worth w is w × effect − cost. Its variance needs the covariance of the
two estimates, which three variances give: var(c + k e) = var c + k² var e + 2 k cov.
Estimators that are linear in the outcome (least squares, and CR2 variances of it) have
it exactly so.

References
----------
Heitjan DF (2000). Fieller's method and net health benefits. Health Economics 9:327-335:
the values of an outcome at which net benefit does not differ from nought are Fieller's
set for the ratio. (Abstract read.)
Tambour M, Zethraeus N, Johannesson M (1998). A note on confidence intervals in
cost-effectiveness analysis. Int J Technol Assess Health Care 14:467-471. (Abstract.)
Bachmann MO and others (2007). Methods for analyzing cost effectiveness data from
cluster randomized trials. Cost Eff Resour Alloc 5:12. doi:10.1186/1478-7547-5-12:
net-benefit regression with variances that know the clusters.
Gomes M and others (2012). Developing appropriate methods for cost-effectiveness
analysis of cluster randomized trials. Med Decis Making 32:350-361.
doi:10.1177/0272989X11418372: with few clusters a plain robust variance covers below
0.90, hence CR2 and Satterthwaite's degrees of freedom here.
Flynn TN, Peters TJ (2004). Use of the bootstrap in analysing cost data from cluster
randomised trials. BMC Health Serv Res 4:33. doi:10.1186/1472-6963-4-33: bootstraps
want some 24 clusters an arm, hence none here.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

__all__ = [
    "Fitted",
    "Interval",
    "Joint",
    "covariance_of",
    "fieller",
    "joint_by",
    "net_benefit",
    "ratio",
    "told_by_arm",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Fitted:
    """What a model gives of one outcome: difference, variance, degrees of freedom."""

    value: float
    variance: float
    df: float


@dataclass(frozen=True, kw_only=True)
class Joint:
    """Two estimates of one trial, cost and effect, with what they share."""

    cost: float
    effect: float
    cost_variance: float
    effect_variance: float
    covariance: float
    df: float
    """Degrees of freedom of the sampling variances."""
    price_variance: float = 0.0
    """Added to that of the cost: what is not known of the prices themselves."""

    @property
    def correlation(self) -> float | None:
        """Of the two estimates; None where one does not vary."""
        size = np.sqrt(self.cost_variance * self.effect_variance)
        return float(np.clip(self.covariance / size, -1, 1)) if size > 0 else None


@dataclass(frozen=True)
class Interval:
    """A value with its limits, and the chance that it is above nought."""

    value: float
    lower: float
    upper: float
    probability: float = float("nan")


def covariance_of(first: float, second: float, together: float, weight: float) -> float:
    """Give the covariance of two estimates from three variances.

    Parameters
    ----------
    first, second : float
        Variances of the two.
    together : float
        Variance of the first plus `weight` times the second.
    weight : float
        Not nought.

    Returns
    -------
    float
        Within ± the root of the variances' product.
    """
    found = (together - first - weight**2 * second) / (2 * weight)
    most = float(np.sqrt(max(first * second, 0.0)))
    return float(np.clip(found, -most, most))


def told_by_arm(outcome: Floats, active: NDArray[np.bool_]) -> Fitted | None:
    """Give the difference where each arm's outcome is one number; None elsewhere.

    A card at each visit of one arm, and none in the other, leaves no residual: the
    difference is known, and no model is needed.

    Parameters
    ----------
    outcome : array of float, shape (n,)
    active : array of bool, shape (n,)
        With somebody in each arm.
    """
    one, other = outcome[active], outcome[~active]
    if np.ptp(one) or np.ptp(other):
        return None
    return Fitted(float(one[0] - other[0]), 0.0, np.inf)


def joint_by(fitted: Callable[[Floats], Fitted], cost: Floats, effect: Floats) -> Joint:
    """Read cost and effect by one model, and what the two estimates share.

    Parameters
    ----------
    fitted : callable
        Fits the model to an outcome, shape (n,), and gives the arm's coefficient.
    cost, effect : array of float, shape (n,)
        Of the same participants; more effect is better.

    Returns
    -------
    Joint
        With the fewest degrees of freedom of the three fits.

    Raises
    ------
    ValueError
        As the model raises.
    """
    one, other = fitted(cost), fitted(effect)
    covariance, df = 0.0, min(one.df, other.df)
    if one.variance > 0 and other.variance > 0:
        weight = float(np.nanstd(cost) / np.nanstd(effect))
        both = fitted(cost + weight * effect)
        covariance = covariance_of(one.variance, other.variance, both.variance, weight)
        df = min(df, both.df)
    return Joint(
        cost=one.value,
        effect=other.value,
        cost_variance=one.variance,
        effect_variance=other.variance,
        covariance=covariance,
        df=df,
    )


def net_benefit(joint: Joint, worth: float, *, level: float = 0.95) -> Interval:
    """Give worth × effect − cost, with an interval.

    Parameters
    ----------
    worth : float
        Of one unit of effect, in money; 0 or more.
    level : float
        Of the interval, in (0, 1).

    Returns
    -------
    Interval
        In money. The degrees of freedom grow with the share of the variance that
        prices have, which are taken as normal (Satterthwaite). Without width where
        the effect varies and counts for nothing: its worth is nought, and the cost is
        the same throughout an arm.

    Raises
    ------
    ValueError
        If neither cost nor effect varies.

    Examples
    --------
    >>> j = Joint(cost=10, effect=0.1, cost_variance=4, effect_variance=0.0004,
    ...     covariance=0.0, df=10)
    >>> nb = net_benefit(j, 500)
    >>> round(nb.value, 2), round(nb.lower, 2), round(nb.upper, 2)
    (40.0, 17.28, 62.72)
    """
    sampled = (
        worth**2 * joint.effect_variance
        + joint.cost_variance
        - 2 * worth * joint.covariance
    )
    variance = sampled + joint.price_variance
    if not variance > 0:
        if not joint.effect_variance > 0:
            raise ValueError("neither cost nor effect varies over participants")
        known = worth * joint.effect - joint.cost
        return Interval(known, known, known, float(np.heaviside(known, 0.5)))
    df = np.inf if sampled <= 0 else joint.df * (variance / sampled) ** 2
    value, se = worth * joint.effect - joint.cost, float(np.sqrt(variance))
    half = float(scipy.stats.t.ppf((1 + level) / 2, df)) * se
    chance = float(scipy.stats.t.cdf(value / se, df))
    return Interval(value, value - half, value + half, chance)


def ratio(joint: Joint, *, level: float = 0.95) -> Interval:
    """Give cost over effect, with Fieller's interval.

    Parameters
    ----------
    level : float
        Of the interval, in (0, 1).

    Returns
    -------
    Interval
        Money for one unit of effect. The degrees of freedom are those of sampling,
        the fewest, where prices are uncertain too.

    Raises
    ------
    ValueError
        If there is no ratio to be read: the effect's interval holds nought, the effect
        is a loss, or the change costs less.
    """
    found = fieller(
        joint.cost,
        joint.effect,
        joint.cost_variance + joint.price_variance,
        joint.effect_variance,
        covariance=joint.covariance,
        quantile=float(scipy.stats.t.ppf((1 + level) / 2, joint.df)),
    )
    if joint.effect < 0:
        raise ValueError(
            "the effect is a loss: money for an outcome lost is another question; read "
            "the net benefit"
        )
    if joint.cost < 0:
        raise ValueError(
            "it does more and costs less: a ratio below nought has no order; read the "
            "net benefit"
        )
    return found


def fieller(
    over: float,
    under: float,
    over_variance: float,
    under_variance: float,
    *,
    covariance: float,
    quantile: float,
) -> Interval:
    """Give a ratio of two normal estimates with Fieller's interval.

    Parameters
    ----------
    over, under : float
        The two estimates.
    covariance : float
        Of the two.
    quantile : float
        Of t or the normal, for both sides: 1.96 for 95%.

    Returns
    -------
    Interval

    Raises
    ------
    ValueError
        If the interval of what stands under the line holds nought: the set has no end.

    Examples
    --------
    >>> found = fieller(8.0, 4.0, 1.0, 0.25, covariance=0.0, quantile=2.0)
    >>> round(found.value, 3), round(found.lower, 3), round(found.upper, 3)
    (2.0, 1.391, 2.876)
    """
    square = under**2 - quantile**2 * under_variance
    if square <= 0:
        raise ValueError(
            "the interval of the effect holds nought, so that a ratio over it has no "
            "end; read the net benefit"
        )
    middle = over * under - quantile**2 * covariance
    rest = middle**2 - square * (over**2 - quantile**2 * over_variance)
    root = float(np.sqrt(max(rest, 0.0)))
    return Interval(over / under, (middle - root) / square, (middle + root) / square)
