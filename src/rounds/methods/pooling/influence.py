"""How much a pooled effect rests on each of its studies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtr

from rounds.methods.pooling.pooled import Pooled, pool, scale_of
from rounds.methods.pooling.studies import Interval, Studies, studies
from rounds.methods.pooling.variance import Method, weighed

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Influence", "influence"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Influence:
    """What is found with each study left out in turn; each of shape (k,)."""

    estimate: NDArray[np.float64]
    """Pooled without the study."""
    se: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    tau2: NDArray[np.float64]
    i2: NDArray[np.float64]
    q: NDArray[np.float64]
    residual: NDArray[np.float64]
    """The study's effect less what the others pool to, over its standard error."""
    cooks_distance: NDArray[np.float64]
    """Squared move of the pooled effect, over its squared standard error."""
    dffits: NDArray[np.float64]
    """The same move over a standard error that does not know the study."""
    covariance_ratio: NDArray[np.float64]
    """Squared standard error without the study over that with it; below 1 where the
    pooled effect is better known without."""
    weight: NDArray[np.float64]
    """Share of the pooled effect with all studies."""
    influential: NDArray[np.bool_]
    """Beyond metafor's rules of thumb for the move or the weight."""


def influence(
    effects: ArrayLike,
    ses: ArrayLike,
    *,
    method: Method = "reml",
    interval: Interval = "modified_hksj",
    level: float = 0.95,
) -> Influence:
    """Leave out each study in turn.

    Parameters
    ----------
    effects, ses : array_like of float, shape (k,)
        As `rounds.methods.pooling.pooled.pool`; k at least 3.
    method, interval, level
        As `rounds.methods.pooling.pooled.pool`.

    Returns
    -------
    Influence
        A study is called influential where |DFFITS| > 3 / √(k − 1), where Cook's
        distance is beyond the median of chi-square on 1 degree of freedom, where it
        moves the effect by more than one standard error that leaves it out, or where
        its weight is above 3 / k.

    Raises
    ------
    ValueError
        As `rounds.methods.pooling.pooled.pool`; or if there are fewer than three
        studies.

    References
    ----------
    .. [1] Viechtbauer W. influence.rma.uni and leave1out, in: metafor 5.1-12,
       man/influence.rma.uni.Rd and R/influence.rma.uni.r (github.com/wviechtb/metafor).

    Examples
    --------
    >>> found = influence([0.1, 0.2, 0.9], [0.1, 0.1, 0.1], method="fixed")
    >>> found.estimate.round(3).tolist()
    [0.55, 0.5, 0.15]
    """
    given = studies(effects, ses, least=3)
    s = np.asarray(ses, dtype=float)
    whole = pool(given.y, s, method=method, interval=interval, level=level)
    without = [
        pool(
            np.delete(given.y, i),
            np.delete(s, i),
            method=method,
            interval=interval,
            level=level,
        )
        for i in range(given.y.size)
    ]
    estimate, se = _column(without, "estimate"), _column(without, "se")
    tau2 = np.array([one.heterogeneity.tau2 for one in without])
    scale2 = np.array([_scale2(given.without(i), one) for i, one in enumerate(without)])
    move = whole.estimate - estimate
    all_weights = 1 / (given.v + tau2[:, None])
    dfbetas = move / np.sqrt(scale2 / all_weights.sum(axis=1))
    dffits = move / np.sqrt(scale2 * whole.weights * (tau2 + given.v))
    cook = (move / whole.se) ** 2
    k = given.y.size
    return Influence(
        estimate=estimate,
        se=se,
        lower=_column(without, "lower"),
        upper=_column(without, "upper"),
        tau2=tau2,
        i2=np.array([one.heterogeneity.i2 for one in without]),
        q=np.array([one.heterogeneity.q for one in without]),
        residual=(given.y - estimate) / np.sqrt(scale2 * (given.v + tau2) + se**2),
        cooks_distance=cook,
        dffits=dffits,
        covariance_ratio=(se / whole.se) ** 2,
        weight=whole.weights,
        influential=(np.abs(dffits) > 3 / np.sqrt(k - 1))
        | (chdtr(1, cook) > 0.5)
        | (np.abs(dfbetas) > 1)
        | (whole.weights > 3 / k),
    )


def _column(found: list[Pooled], name: str) -> NDArray[np.float64]:
    return np.array([getattr(one, name) for one in found])


def _scale2(given: Studies, found: Pooled) -> float:
    """Give the squared scale that an interval put on its standard error."""
    fit = weighed(given, found.heterogeneity.tau2)
    return scale_of(fit.q / given.df, found.interval) ** 2
