"""False discoveries among many units and measures: how many of those called are wrong.

A limit of 99.8% is crossed by chance once in 500 comparisons; with 1,000 units and 20
measures that is 40 units called for nothing. The false discovery rate is the expected
share of such calls among all calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["EmpiricalNull", "adjusted_p_values", "discoveries", "empirical_null"]


@dataclass(frozen=True, kw_only=True)
class EmpiricalNull:
    """How the z-scores of ordinary units are spread, read off their middle."""

    mean: float
    sd: float
    """1 where chance alone acts; more where ordinary units differ too."""
    p_value: NDArray[np.float64]
    """Shape (n,): two-sided, against this distribution."""


def adjusted_p_values(
    p_values: ArrayLike, *, any_dependence: bool = False
) -> NDArray[np.float64]:
    """Give p-values adjusted so that a cut at q keeps the false discovery rate at q.

    Parameters
    ----------
    p_values : array_like of float, any shape
        In [0, 1]; of all units and measures that are looked at together.
    any_dependence : bool
        Whether to hold under any dependence (Benjamini and Yekutieli), at a price of
        the sum of 1/i; otherwise under independence or positive dependence.

    Returns
    -------
    ndarray of float, the same shape
        In [0, 1].

    Raises
    ------
    ValueError
        If there is no p-value, or one is not in [0, 1].

    References
    ----------
    .. [1] Benjamini Y, Hochberg Y. Controlling the false discovery rate. Journal of the
       Royal Statistical Society B 1995;57:289-300, as R's `p.adjust(method = "BH")`.
    .. [2] Benjamini Y, Yekutieli D. The control of the false discovery rate in multiple
       testing under dependency. Annals of Statistics 2001;29:1165-1188, as "BY" there.

    Examples
    --------
    >>> adjusted_p_values([0.01, 0.02, 0.03, 0.5]).round(3).tolist()
    [0.04, 0.04, 0.04, 0.5]
    """
    given = np.asarray(p_values, dtype=float)
    p = given.ravel()
    if not p.size:
        raise ValueError("there is no p-value to adjust")
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("each p-value lies between 0 and 1")
    order = np.argsort(p, kind="stable")
    times = p.size / np.arange(1, p.size + 1)
    if any_dependence:
        times = times * (1 / np.arange(1, p.size + 1)).sum()
    rising = np.minimum.accumulate((p[order] * times)[::-1])[::-1]
    q = np.empty_like(p)
    q[order] = np.minimum(rising, 1.0)
    return q.reshape(given.shape)


def discoveries(
    p_values: ArrayLike, rate: float = 0.05, *, any_dependence: bool = False
) -> NDArray[np.bool_]:
    """Say which comparisons are called at a false discovery rate.

    Parameters
    ----------
    p_values : array_like of float, any shape
        As `adjusted_p_values`.
    rate : float
        Expected share of wrong calls among the calls, in (0, 1).
    any_dependence : bool
        As `adjusted_p_values`.

    Returns
    -------
    ndarray of bool, the same shape
        Whether the comparison is called.

    Raises
    ------
    ValueError
        As `adjusted_p_values`, or if the rate is not between 0 and 1.

    Examples
    --------
    >>> discoveries([0.001, 0.2, 0.03]).tolist()
    [True, False, True]
    """
    if not 0 < rate < 1:
        raise ValueError(f"the rate lies between 0 and 1, not {rate}")
    return adjusted_p_values(p_values, any_dependence=any_dependence) <= rate


def empirical_null(z: ArrayLike, middle: float = 0.5) -> EmpiricalNull:
    """Read the distribution of ordinary units' z-scores off the middle of them all.

    Where all units differ a little, a standard normal null calls them all. The null
    is the normal distribution that has the median and the two central quantiles of the
    z-scores, so that outliers hardly take part: each percent of them widens it by about
    a percent, which errs towards calling fewer.

    Parameters
    ----------
    z : array_like of float, shape (n,)
        Distances from the target in standard errors of chance; at least 20.
    middle : float
        Central share of z-scores that are taken for ordinary, in (0, 1).

    Returns
    -------
    EmpiricalNull
        With two-sided p-values, ready for `adjusted_p_values`.

    Raises
    ------
    ValueError
        If there are fewer than 20 units, the share is impossible, or the middle
        z-scores are all equal.

    References
    ----------
    .. [1] Jones HE, Ohlssen DI, Spiegelhalter DJ. Use of the false discovery rate when
       comparing multiple health care providers. Journal of Clinical Epidemiology
       2008;61:232-240 (abstract): a null that allows for over-dispersion.
    .. [2] Efron B. Large-scale simultaneous hypothesis testing: the choice of a null
       hypothesis. JASA 2004;99:96-104 (abstract): the null read off the data's centre.

    Examples
    --------
    >>> rng = np.random.default_rng(5)
    >>> found = empirical_null(2.0 * rng.standard_normal(4000))
    >>> bool(1.8 < found.sd < 2.2)
    True
    """
    scores = np.asarray(z, dtype=float)
    if scores.size < 20:
        raise ValueError(
            f"the spread of ordinary units is read from 20 on, not {scores.size}"
        )
    if not 0 < middle < 1:
        raise ValueError(f"the middle share lies between 0 and 1, not {middle}")
    low, high = np.quantile(scores, [(1 - middle) / 2, (1 + middle) / 2])
    if not high > low:
        raise ValueError("the middle z-scores are all equal")
    mean = float(np.median(scores))
    sd = float((high - low) / (2 * ndtri((1 + middle) / 2)))
    p = 2 * ndtr(-np.abs((scores - mean) / sd))
    return EmpiricalNull(mean=mean, sd=sd, p_value=np.asarray(p, dtype=float))
