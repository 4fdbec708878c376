"""Random-effects meta-analysis: pooled effect, heterogeneity, prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri
from scipy.stats import t as student

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["MetaAnalysis", "heterogeneity", "random_effects", "se_from_interval"]


@dataclass(frozen=True, kw_only=True)
class MetaAnalysis:
    """What the studies say together, on their own scale."""

    value: float
    se: float
    lower: float
    upper: float
    tau2: float
    """Between-study variance."""
    i2: float
    """Share of total variation due to heterogeneity, in [0, 1]."""
    q: float
    """Cochran's Q."""
    df: int
    """Degrees of freedom, studies minus one."""
    weights: NDArray[np.float64]
    """Shape (k,): shares, summing to 1."""
    prediction: tuple[float, float] | None
    """Where a new study's true effect lies; None with fewer than three studies."""


def random_effects(
    effects: ArrayLike,
    ses: ArrayLike,
    *,
    estimator: Literal["REML", "DL"] = "REML",
    interval: Literal["hksj", "modified_hksj", "normal"] = "modified_hksj",
    level: float = 0.95,
) -> MetaAnalysis:
    """Pool studies' effects with a random-effects model.

    Parameters
    ----------
    effects : array_like of float, shape (k,)
        One effect for each study, all on one additive scale; k at least 2.
    ses : array_like of float, shape (k,)
        Standard errors, above 0.
    estimator : {"REML", "DL"}
        Of the between-study variance: restricted maximum likelihood, or DerSimonian
        and Laird's moments.
    interval : {"hksj", "modified_hksj", "normal"}
        Hartung, Knapp, Sidik and Jonkman's t interval on k − 1 degrees of freedom; the
        same but never with a smaller standard error than the usual one; or the normal
        interval.
    level : float
        Of the intervals, in (0, 1).

    Returns
    -------
    MetaAnalysis
        The prediction interval has the standard error of the pooled effect and the
        quantile of the confidence interval: t on k − 1 degrees of freedom, or normal
        (as metafor 4).

    Raises
    ------
    ValueError
        If there are fewer than two studies, shapes differ, or a standard error is not
        a finite number above 0.

    References
    ----------
    .. [1] Röver C, Knapp G, Friede T. Hartung-Knapp-Sidik-Jonkman approach and its
       modification for random-effects meta-analysis with few studies. BMC Medical
       Research Methodology 2015;15:99. doi:10.1186/s12874-015-0091-1.
    .. [2] Veroniki AA, Jackson D, Bender R, et al. Methods to calculate uncertainty
       in the estimated overall effect size from a random-effects meta-analysis.
       Research Synthesis Methods 2019;10:23-43. doi:10.1002/jrsm.1319.

    Examples
    --------
    >>> pooled = random_effects([0.1, 0.2, 0.3], [0.1, 0.1, 0.1])
    >>> round(pooled.value, 3), pooled.df
    (0.2, 2)
    """
    y, s = _studies(effects, ses)
    tau2 = heterogeneity(y, s, estimator=estimator)
    w = 1 / (s**2 + tau2)
    pooled = float((w * y).sum() / w.sum())
    se = float(w.sum() ** -0.5)
    df = y.size - 1
    scale = float((w * (y - pooled) ** 2).sum() / df)
    if interval == "hksj":
        se *= float(np.sqrt(scale))
    elif interval == "modified_hksj":
        se *= float(np.sqrt(max(1.0, scale)))
    tail = (1 + level) / 2
    quantile = float(ndtri(tail) if interval == "normal" else student.ppf(tail, df))
    reach = quantile * float(np.sqrt(se**2 + tau2))
    fixed = 1 / s**2
    common = (fixed * y).sum() / fixed.sum()
    return MetaAnalysis(
        value=pooled,
        se=se,
        lower=pooled - quantile * se,
        upper=pooled + quantile * se,
        tau2=tau2,
        i2=tau2 / (tau2 + _typical_variance(fixed)),
        q=float((fixed * (y - common) ** 2).sum()),
        df=df,
        weights=w / w.sum(),
        prediction=(pooled - reach, pooled + reach) if y.size >= 3 else None,
    )


def heterogeneity(
    effects: ArrayLike,
    ses: ArrayLike,
    *,
    estimator: Literal["REML", "DL"] = "REML",
) -> float:
    """Estimate the between-study variance.

    Parameters
    ----------
    effects, ses : array_like of float, shape (k,)
        Effects and standard errors.
    estimator : {"REML", "DL"}
        As `random_effects`.

    Returns
    -------
    float
        At least 0, on the squared scale of the effects.

    Raises
    ------
    ValueError
        As `random_effects`.

    References
    ----------
    .. [1] As `random_effects`.

    Examples
    --------
    >>> heterogeneity([0.1, 0.1, 0.1], [0.1, 0.2, 0.3])
    0.0
    """
    y, s = _studies(effects, ses)
    w = 1 / s**2
    common = (w * y).sum() / w.sum()
    q = float((w * (y - common) ** 2).sum())
    spread = float(w.sum() - (w**2).sum() / w.sum())
    moments = max(0.0, (q - (y.size - 1)) / spread)
    return moments if estimator == "DL" else _reml(y, s)


def se_from_interval(lower: float, upper: float, level: float = 0.95) -> float:
    """Give back the standard error of a normal interval.

    Parameters
    ----------
    lower, upper : float
        Limits, the lower below the upper.
    level : float
        Of the interval, in (0, 1).

    Returns
    -------
    float
        Half the width over the normal quantile.

    Raises
    ------
    ValueError
        If the lower limit is not below the upper.

    Examples
    --------
    >>> round(se_from_interval(0.04, 0.076), 5)
    0.00918
    """
    if not lower < upper:
        raise ValueError(f"the lower limit {lower} is not below the upper {upper}")
    return float((upper - lower) / (2 * ndtri((1 + level) / 2)))


def _reml(y: NDArray[np.float64], s: NDArray[np.float64]) -> float:
    def score(tau2: float) -> float:
        w = 1 / (s**2 + tau2)
        pooled = (w * y).sum() / w.sum()
        fit = (w**2 * (y - pooled) ** 2).sum()
        return float(fit - w.sum() + (w**2).sum() / w.sum())

    if score(0.0) <= 0:
        return 0.0
    end = float(np.var(y, ddof=1) + (s**2).max())
    while score(end) > 0:
        end *= 2
    return float(brentq(score, 0.0, end, xtol=1e-14, rtol=1e-13))


def _typical_variance(w: NDArray[np.float64]) -> float:
    """Higgins and Thompson's typical within-study variance."""
    return float((w.size - 1) * w.sum() / (w.sum() ** 2 - (w**2).sum()))


def _studies(
    effects: ArrayLike, ses: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    y, s = np.asarray(effects, dtype=float), np.asarray(ses, dtype=float)
    if y.ndim != 1 or y.shape != s.shape:
        raise ValueError(f"effects have shape {y.shape}, standard errors {s.shape}")
    if y.size < 2:
        raise ValueError(f"pooling needs at least two studies, not {y.size}")
    if not (np.isfinite(y).all() and np.isfinite(s).all() and (s > 0).all()):
        raise ValueError("effects are finite, and standard errors finite and above 0")
    return y, s
