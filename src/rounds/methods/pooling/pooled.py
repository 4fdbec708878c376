"""One effect out of several: fixed or random, with its intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import chdtrc, ndtr, stdtr

from rounds.methods.pooling.studies import Interval, Studies, quantile, studies
from rounds.methods.pooling.variance import (
    Method,
    between_variance,
    q_profile,
    typical_variance,
    weighed,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Heterogeneity", "Pooled", "Prediction", "heterogeneity_of", "pool"]

Prediction = Literal["k-1", "k-2"]
"""Degrees of freedom of a t prediction interval."""
_NONE = 1e-20
"""A dispersion, whose mean under one effect is 1, that is rounding alone."""


@dataclass(frozen=True, kw_only=True)
class Heterogeneity:
    """How far studies differ by more than chance."""

    tau2: float
    """Variance between studies, in the effects' unit squared."""
    tau2_interval: tuple[float, float] | None
    """By Q's profile; None where studies differ less than chance makes them differ, so
    that no variance fits."""
    i2: float
    """Share of the variation that is between studies, in [0, 1]."""
    i2_interval: tuple[float, float] | None
    h2: float
    """All variation over that of chance; at least 1 in a random-effects model."""
    q: float
    """Cochran's Q."""
    df: int
    q_p_value: float
    """Chance of a Q as large where all studies have one effect."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pooled:
    """What studies say together, on their own scale."""

    method: Method
    interval: Interval
    level: float
    k: int
    estimate: float
    se: float
    """Scaled, where the interval is Hartung, Knapp, Sidik and Jonkman's."""
    lower: float
    upper: float
    p_value: float
    """Two-sided, against an effect of 0, by the interval's distribution."""
    heterogeneity: Heterogeneity
    weights: NDArray[np.float64]
    """Shape (k,): shares, summing to 1."""
    prediction: tuple[float, float] | None
    """Where the true effect of a new study lies; None for one effect for all, and
    where studies are fewer than three."""


def pool(
    effects: ArrayLike,
    ses: ArrayLike,
    *,
    method: Method = "reml",
    interval: Interval = "modified_hksj",
    prediction: Prediction | None = None,
    level: float = 0.95,
) -> Pooled:
    """Pool studies' effects.

    Parameters
    ----------
    effects : array_like of float, shape (k,)
        One effect for each study, all on one additive scale; k at least 2.
    ses : array_like of float, shape (k,)
        Standard errors, above 0, taken as known.
    method : {"fixed", "dl", "reml", "pm"}
        One effect for all studies; or effects that differ, with a between-study
        variance by DerSimonian and Laird, restricted maximum likelihood, or Paule and
        Mandel.
    interval : {"normal", "hksj", "modified_hksj"}
        The normal one; t on k − 1 degrees of freedom around a standard error scaled by
        the weighted spread of the effects (Hartung, Knapp, Sidik, Jonkman); or that
        with a scale of at least 1, so that the standard error is never narrowed
        (metafor's "adhoc").
    prediction : {"k-1", "k-2"}, optional
        Degrees of freedom of the prediction interval's t. By default it has the
        quantile of the confidence interval, as in metafor: t on k − 1, or normal; the
        two intervals are then the same where tau² is 0, as they should be. k − 2 is
        that of Higgins, Thompson and Spiegelhalter (2009), and of Riley, Higgins and
        Deeks (2011), as [2]_ says; it is a little wider.
    level : float
        Of all intervals, in (0, 1).

    Returns
    -------
    Pooled

    Raises
    ------
    ValueError
        If there are fewer than two studies, shapes differ, a standard error is not a
        finite number above 0, no such method, interval or level exists, or effects
        that do not differ at all are to give "hksj" its standard error.

    References
    ----------
    .. [1] Röver C, Knapp G, Friede T. Hartung-Knapp-Sidik-Jonkman approach and its
       modification for random-effects meta-analysis with few studies. BMC Medical
       Research Methodology 2015;15:99. doi:10.1186/s12874-015-0091-1.
    .. [2] Viechtbauer W. predict.rma, in: metafor 5.1-12, man/predict.rma.Rd
       (github.com/wviechtb/metafor): both prediction intervals, and why k − 1.

    Examples
    --------
    >>> found = pool([0.1, 0.2, 0.3], [0.2, 0.2, 0.2], method="dl")
    >>> round(found.estimate, 3), found.heterogeneity.tau2
    (0.2, 0.0)
    """
    given = studies(effects, ses)
    z = quantile(interval, level, given.df)
    tau2 = between_variance(given, method)
    fit = weighed(given, tau2)
    estimate = float(fit.coefficients[0])
    further = _reach(given, z, prediction, level)
    se = float(fit.covariance[0, 0] ** 0.5 * scale_of(fit.q / given.df, interval))
    beyond = further * float((se**2 + tau2) ** 0.5)
    predicted = method != "fixed" and given.y.size >= 3
    return Pooled(
        method=method,
        interval=interval,
        level=level,
        k=given.y.size,
        estimate=estimate,
        se=se,
        lower=estimate - z * se,
        upper=estimate + z * se,
        p_value=p_value(estimate, se, interval, given.df),
        heterogeneity=heterogeneity_of(given, method, tau2, level),
        weights=fit.weights / fit.weights.sum(),
        prediction=(estimate - beyond, estimate + beyond) if predicted else None,
    )


def heterogeneity_of(
    given: Studies, method: Method, tau2: float, level: float
) -> Heterogeneity:
    """Say how far studies differ, or still differ after their covariates.

    Parameters
    ----------
    given : Studies
        Effects, variances, covariates.
    method : str
        As `pool`.
    tau2 : float
        Variance between studies by that method.
    level : float
        Of the intervals.

    Returns
    -------
    Heterogeneity
        I² and H² follow from tau² and the typical variance within studies (for one
        effect, from Q); their intervals from that of tau².

    References
    ----------
    .. [1] Viechtbauer W. metafor 5.1-12, man/print.rma.Rd and R/rma.uni.r
       (github.com/wviechtb/metafor).
    """
    q, typical = weighed(given, 0.0).q, typical_variance(given)
    reach = q_profile(given, level)
    i2, h2 = tau2 / (tau2 + typical), 1 + tau2 / typical
    if method == "fixed":
        h2 = q / given.df
        i2 = max(0.0, 1 - 1 / h2) if h2 else 0.0
    return Heterogeneity(
        tau2=tau2,
        tau2_interval=reach,
        i2=i2,
        i2_interval=reach
        and (
            reach[0] / (reach[0] + typical),
            reach[1] / (reach[1] + typical),
        ),
        h2=h2,
        q=q,
        df=given.df,
        q_p_value=float(chdtrc(given.df, q)),
    )


def scale_of(dispersion: float, interval: Interval) -> float:
    """Give what an interval multiplies standard errors with.

    Parameters
    ----------
    dispersion : float
        Weighted sum of squared residuals over its degrees of freedom.
    interval : {"normal", "hksj", "modified_hksj"}
        Which interval.

    Returns
    -------
    float
        1 for the normal interval; at least 1 for the modified one.

    Raises
    ------
    ValueError
        If the spread is to give the scale, and there is none.
    """
    if interval == "normal":
        return 1.0
    if interval == "hksj" and dispersion < _NONE:
        raise ValueError(
            "the effects have no spread left that could give a standard error"
        )
    return float(max(dispersion, 1.0 if interval == "modified_hksj" else 0.0) ** 0.5)


def p_value(estimate: float, se: float, interval: Interval, df: int) -> float:
    """Give the two-sided p-value of no effect, by an interval's distribution.

    Parameters
    ----------
    estimate, se : float
        An estimate and its standard error, at least 0.
    interval : {"normal", "hksj", "modified_hksj"}
        Normal, or t.
    df : int
        Degrees of freedom of the t distribution.

    Returns
    -------
    float
        In [0, 1]; 1 where both the estimate and its standard error are 0.
    """
    if se == 0:
        return 1.0 if estimate == 0 else 0.0
    z = abs(estimate) / se
    return float(2 * (ndtr(-z) if interval == "normal" else stdtr(df, -z)))


def _reach(
    given: Studies, z: float, prediction: Prediction | None, level: float
) -> float:
    """Give the quantile of the prediction interval."""
    if prediction is None:
        return z
    if prediction not in ("k-1", "k-2"):
        raise ValueError(f"there is no prediction interval {prediction!r}")
    less = 1 if prediction == "k-2" else 0
    return quantile("hksj", level, max(1, given.df - less))
