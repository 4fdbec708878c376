"""What to begin with: uncertain factors, multiplied by draws."""

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

__all__ = ["net_health_benefit", "positive_draws", "real_draws", "share_draws"]

Limits = tuple[float, float, float]
"""A middle value, and the lower and upper limit of its 95% interval."""


def positive_draws(
    limits: Limits, *, rng: np.random.Generator, n: int
) -> NDArray[np.float64]:
    """Draw a positive quantity from a log-normal distribution.

    Parameters
    ----------
    limits : tuple of float
        Median, and its 95% interval, all above 0.
    n : int
        Number of draws.

    Raises
    ------
    ValueError
        If the limits are out of order, not finite, or not above 0.

    References
    ----------
    .. [1] Distributions for probabilistic sensitivity analysis, log-normal for what is
       positive and multiplied: https://devinincerti.com/2018/02/10/psa.html

    Examples
    --------
    >>> found = positive_draws((0.1, 0.05, 0.2), rng=np.random.default_rng(1), n=10**5)
    >>> np.quantile(found, [0.025, 0.5, 0.975]).round(3)
    array([0.05, 0.1 , 0.2 ])
    """
    _insist(limits)
    if limits[1] <= 0:
        raise ValueError("a positive quantity has limits above 0")
    middle, low, high = np.log(limits)
    return np.exp(_normal((middle, low, high), rng, n))


def share_draws(
    limits: Limits, *, rng: np.random.Generator, n: int
) -> NDArray[np.float64]:
    """Draw a share from a logit-normal distribution.

    Parameters
    ----------
    limits : tuple of float
        Median, and its 95% interval, all between 0 and 1 and neither.
    n : int
        Number of draws.

    Raises
    ------
    ValueError
        If the limits are out of order, not finite, or not between 0 and 1.
    """
    _insist(limits)
    if not (limits[1] > 0 and limits[2] < 1):
        raise ValueError("a share has limits above 0 and below 1")
    middle, low, high = (float(each) for each in logit(limits))
    found: NDArray[np.float64] = expit(_normal((middle, low, high), rng, n))
    return found


def real_draws(
    limits: Limits, *, rng: np.random.Generator, n: int
) -> NDArray[np.float64]:
    """Draw a quantity of either sign, such as a cost or a saving, from a normal one.

    Raises
    ------
    ValueError
        If the limits are out of order or not finite.
    """
    _insist(limits)
    return _normal(limits, rng, n)


def net_health_benefit(
    patients: ArrayLike,
    changeable: ArrayLike,
    health: ArrayLike,
    cost: ArrayLike,
    *,
    worth: float,
) -> NDArray[np.float64]:
    """Give the health that a change would gain, less what its money could gain.

    Parameters
    ----------
    patients : array_like
        Who fall short.
    changeable : array_like
        Share of them whom a change reaches, in (0, 1).
    health : array_like
        What one of them gains, in quality-adjusted life years.
    cost : array_like
        What one of them costs; below 0 where money is saved.
    worth : float
        Money that gains one quality-adjusted life year elsewhere, above 0.

    Returns
    -------
    ndarray
        Quality-adjusted life years, of the arguments' common shape.

    References
    ----------
    .. [1] York Health Economics Consortium, Net health benefit: incremental gain in
       QALYs less incremental cost over the opportunity cost threshold.
       https://yhec.co.uk/glossary/net-health-benefit/

    Examples
    --------
    >>> net_health_benefit(100, 0.5, 0.2, 1000, worth=20_000)
    array(7.5)
    """
    if not worth > 0:
        raise ValueError("a quality-adjusted life year is worth more than 0")
    of_one = np.asarray(health) - np.asarray(cost) / worth
    return np.asarray(np.asarray(patients) * np.asarray(changeable) * of_one)


def _insist(limits: Limits) -> None:
    middle, low, high = limits
    if not (np.isfinite(limits).all() and low <= middle <= high):
        raise ValueError("the middle lies between its limits, and all are finite")


def _normal(limits: Limits, rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    middle, low, high = limits
    sd = (high - low) / (2 * float(scipy.stats.norm.ppf(0.975)))
    return rng.normal(middle, sd, n)
