"""The slope and the relative index of inequality over ordered groups.

Both read a line through all groups, from the one end of the order (ridit 0) to the
other (ridit 1): the slope index is the difference of its ends, the relative index
their ratio.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import scipy
from scipy.special import expit

from rounds.methods.inequality.ordered_groups import OrderedGroups, ordered_groups

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["SlopeIndex", "slope_index"]

Link = Literal["logit", "identity", "log"]


@dataclass(frozen=True, kw_only=True)
class SlopeIndex:
    """The slope index (SII) and the relative index (RII) with their intervals."""

    sii: float
    """Last end of the order minus first, in [-1, 1] with the logistic model."""
    sii_se: float
    sii_lower: float
    sii_upper: float
    rii: float
    """Last end over first, above 0."""
    log_rii_se: float
    rii_lower: float
    rii_upper: float
    first: float
    """The proportion that the model of the SII gives at the order's first end."""
    last: float
    ridits: NDArray[np.float64]
    """Shape (n_groups,)."""
    shares: NDArray[np.float64]
    """Shape (n_groups,)."""
    not_straight_p: float
    """p-value that groups lie no further from the SII's line than chance puts them,
    persons taken as independent (chi-squared of n_groups − 2 degrees of freedom)."""
    df: float
    """Degrees of freedom of the intervals: clusters − 2, or persons − 2."""
    n: int
    n_clusters: int | None


def slope_index(
    successes: ArrayLike,
    totals: ArrayLike,
    order: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    population: ArrayLike | None = None,
    model: Literal["logistic", "structured"] = "logistic",
    level: float = 0.95,
) -> SlopeIndex:
    """Fit a line over the ridits of ordered groups, and compare its two ends.

    Parameters
    ----------
    successes, totals : array_like of int, shape (n_rows,)
        Events and persons of each row: groups, or groups within clusters, or persons
        (totals of 1).
    order : array_like of int, shape (n_rows,)
        Each row's group, by its place in the order. Both indices are the last end
        against the first: to have "most advantaged minus least", as WHO does, begin
        with the least advantaged.
    clusters : array_like, shape (n_rows,), optional
        What persons come in (sites); persons are independent where not given.
    population : array_like of float, shape (n_groups,), optional
        Persons of each group for shares and ridits; those counted, if not given.
    model : {"logistic", "structured"}
        "logistic": both indices from one logistic regression, whose ends stay within
        0 and 1 (WHO). "structured": the SII from a linear, the RII from a log-linear
        model (Moreno-Betancur et al.); ends may leave 0 and 1.
    level : float
        Of the intervals, in (0, 1).

    Returns
    -------
    SlopeIndex
        Intervals are value ± t × standard error, for the RII on the log scale; the
        errors are sandwich ones after Mancl and DeRouen, by cluster or by person.
        Ridits count as known.

    Raises
    ------
    ValueError
        If fewer than three groups have anybody, all or none have the event, the groups
        separate the outcome, there are fewer than three clusters, or counts are
        impossible.

    References
    ----------
    .. [1] World Health Organization, R package healthequal 1.0.1: `sii` and `rii`
       (github.com/WHOequity/healthequal). It weighs its logistic regression by the
       population a second time (weights beside counts); here a person counts once.
    .. [2] Moreno-Betancur M, Latouche A, Menvielle G, Kunst AE, Rey G (2015). Relative
       index of inequality and slope index of inequality: a structured regression
       framework for estimation. Epidemiology 26:518-527 (abstract).
    .. [3] Mancl and DeRouen's bias-corrected covariance as statsmodels computes it for
       GEE (`cov_type="bias_reduced"`), which the tests compare.

    Examples
    --------
    >>> found = slope_index([40, 30, 20], [50, 50, 50], [1, 2, 3])
    >>> round(found.sii, 2), round(found.rii, 2)
    (-0.56, 0.34)
    """
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; expected a number between 0 and 1")
    groups = ordered_groups(
        successes, totals, order, clusters=clusters, population=population
    )
    clustered = groups.n_clusters
    df = float((groups.n if clustered is None else clustered) - 2)
    t = float(scipy.stats.t.ppf((1 + level) / 2, df))
    sloped = _fit(groups, "logit" if model == "logistic" else "identity")
    relative = sloped if model == "logistic" else _fit(groups, "log")
    sii, sii_se = sloped.difference()
    log_rii, log_rii_se = relative.log_ratio()
    first, last = sloped.ends
    return SlopeIndex(
        sii=sii,
        sii_se=sii_se,
        sii_lower=sii - t * sii_se,
        sii_upper=sii + t * sii_se,
        rii=float(np.exp(log_rii)),
        log_rii_se=log_rii_se,
        rii_lower=float(np.exp(log_rii - t * log_rii_se)),
        rii_upper=float(np.exp(log_rii + t * log_rii_se)),
        first=first,
        last=last,
        ridits=groups.ridits,
        shares=groups.shares,
        not_straight_p=_not_straight(groups, sloped),
        df=df,
        n=groups.n,
        n_clusters=clustered,
    )


@dataclass(frozen=True)
class _Line:
    """A fitted line over the ridits, on its link's scale."""

    link: Link
    beta: NDArray[np.float64]
    variance: NDArray[np.float64]
    fitted: NDArray[np.float64]

    @property
    def ends(self) -> tuple[float, float]:
        """The proportion at ridit 0 and at ridit 1."""
        first, last = _mean(np.array([self.beta[0], self.beta.sum()]), self.link)
        return float(first), float(last)

    def difference(self) -> tuple[float, float]:
        """Last end minus first, and its standard error by the delta method."""
        first, last = self.ends
        slope = [float(_slope(np.array(p), self.link)) for p in (first, last)]
        gradient = np.array([slope[1] - slope[0], slope[1]])
        return last - first, self._se(gradient)

    def log_ratio(self) -> tuple[float, float]:
        """Log of last end over first, and its standard error by the delta method."""
        first, last = self.ends
        rate = [float(_slope(np.array(p), self.link)) / p for p in (first, last)]
        gradient = np.array([rate[1] - rate[0], rate[1]])
        return float(np.log(last / first)), self._se(gradient)

    def _se(self, gradient: NDArray[np.float64]) -> float:
        return float(np.sqrt(gradient @ self.variance @ gradient))


def _mean(eta: NDArray[np.float64], link: Link) -> NDArray[np.float64]:
    if link == "identity":
        return eta
    return np.asarray(expit(eta) if link == "logit" else np.exp(eta))


def _slope(mean: NDArray[np.float64], link: Link) -> NDArray[np.float64]:
    """Give how fast the mean moves with the line: also its working variance."""
    if link == "identity":
        return np.ones_like(mean)
    return mean * (1 - mean) if link == "logit" else mean


def _fit(groups: OrderedGroups, link: Link) -> _Line:
    X = np.column_stack([np.ones_like(groups.ridits), groups.ridits])
    x, n = groups.events, groups.totals
    overall = x.sum() / n.sum()
    start = {"logit": np.log(overall / (1 - overall)), "log": np.log(overall)}
    beta = np.array([start.get(link, overall), 0.0])
    for _ in range(50):
        mean = _mean(X @ beta, link)
        information = (X.T * (n * _slope(mean, link))) @ X
        if np.linalg.cond(information) > 1e12:
            break
        step = np.linalg.solve(information, X.T @ (x - n * mean))
        # A bounded step keeps the log-linear model from leaping out of sight.
        beta = beta + step * min(1.0, 4.0 / max(np.abs(step).max(), 1e-12))
        if np.abs(step).max() < 1e-10:
            mean = _mean(X @ beta, link)
            return _Line(link, beta, _variance(groups, X, mean, link), mean)
    raise ValueError(
        "no line can be fitted: the order separates those with the event from those "
        "without"
    )


def _variance(
    groups: OrderedGroups,
    X: NDArray[np.float64],
    mean: NDArray[np.float64],
    link: Link,
) -> NDArray[np.float64]:
    """Give the Mancl–DeRouen covariance.

    Each link is the canonical one of its working variance, so a cluster's score is
    X'(y − mean) and its corrected residuals need only 2 × 2 matrices:
    X'(I − H)⁻¹r = (I − X'VX M)⁻¹ X'r, where M is the inverse information.
    """
    v = _slope(mean, link)
    M = np.linalg.inv((X.T * (groups.totals * v)) @ X)
    if groups.cluster_totals is None or groups.cluster_events is None:
        leverage = v * np.einsum("ki,ij,kj->k", X, M, X)
        squares = groups.events * (1 - mean) ** 2
        squares = squares + (groups.totals - groups.events) * mean**2
        meat = (X.T * (squares / (1 - leverage) ** 2)) @ X
    else:
        scores = (groups.cluster_events - groups.cluster_totals * mean) @ X
        own = np.einsum("gk,ki,kj->gij", groups.cluster_totals * v, X, X)
        left = np.eye(2) - own @ M
        if np.linalg.cond(left).max() > 1e10:
            raise ValueError("one cluster alone determines the line")
        scores = np.linalg.solve(left, scores[:, :, None])[:, :, 0]
        meat = scores.T @ scores
    return np.asarray(M @ meat @ M)


def _not_straight(groups: OrderedGroups, line: _Line) -> float:
    n, mean = groups.totals, line.fitted
    expected = np.clip(mean, 1e-9, 1 - 1e-9)
    squares = (groups.events - n * mean) ** 2 / (n * expected * (1 - expected))
    return float(scipy.stats.chi2.sf(squares.sum(), len(n) - 2))
