"""Random-effects meta-analysis as Evidence has it; `pooling` has all the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from scipy.special import ndtri

from rounds.methods.pooling.pooled import pool
from rounds.methods.pooling.studies import studies
from rounds.methods.pooling.variance import Method, between_variance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["MetaAnalysis", "heterogeneity", "random_effects", "se_from_interval"]

_METHODS: dict[str, Method] = {"REML": "reml", "DL": "dl"}


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
    found = pool(
        effects, ses, method=_METHODS[estimator], interval=interval, level=level
    )
    between = found.heterogeneity
    return MetaAnalysis(
        value=found.estimate,
        se=found.se,
        lower=found.lower,
        upper=found.upper,
        tau2=between.tau2,
        i2=between.i2,
        q=between.q,
        df=between.df,
        weights=found.weights,
        prediction=found.prediction,
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
    return between_variance(studies(effects, ses), _METHODS[estimator])


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
