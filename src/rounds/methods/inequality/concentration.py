"""Concentration indices: how far an outcome gathers at one end of an order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy

from rounds.methods.inequality.ordered_groups import OrderedGroups, ordered_groups

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Concentration", "Index", "concentration"]


@dataclass(frozen=True)
class Index:
    """One index with its interval."""

    value: float
    """Above 0 where the outcome gathers at the order's last end."""
    se: float
    lower: float
    upper: float


@dataclass(frozen=True, kw_only=True)
class Concentration:
    """The standard index and the ones made for outcomes that are yes or no."""

    relative: Index
    """Twice the covariance of outcome and ridit over the mean: in [mean − 1, 1 − mean],
    so it tends to shrink as the outcome becomes common."""
    absolute: Index
    """The mean times the relative index (generalised)."""
    wagstaff: Index
    """The relative index over 1 − mean: in [−1, 1]."""
    erreygers: Index
    """Four times the absolute index: in [−1, 1], and the same but for its sign whether
    the event or its absence is counted."""
    mean: float
    df: float
    """Degrees of freedom of the intervals: clusters − 1, or persons − 1."""
    n: int
    n_clusters: int | None


def concentration(
    successes: ArrayLike,
    totals: ArrayLike,
    order: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    level: float = 0.95,
) -> Concentration:
    """Give the concentration indices of a yes-or-no outcome over ordered groups.

    Parameters
    ----------
    successes, totals : array_like of int, shape (n_rows,)
        Events and persons of each row: groups, groups within clusters, or persons.
    order : array_like of int, shape (n_rows,)
        Each row's group, by its place in the order; persons with one place are tied.
    clusters : array_like, shape (n_rows,), optional
        What persons come in (sites); persons are independent where not given.
    level : float
        Of the intervals, in (0, 1).

    Returns
    -------
    Concentration
        Intervals are value ± t × standard error. The errors take in that the mean and
        the ridits are estimated from the same persons.

    Raises
    ------
    ValueError
        If fewer than three groups have anybody, all or none have the event, there are
        fewer than three clusters, or counts are impossible.

    Notes
    -----
    Person i adds to the sampling error of the relative index C what [2]_ sums: a_i −
    (1 + C), where a_i = (y_i / mean)(2 R_i − 1 − C) + 2 − q(before) − q(with), R_i is
    the ridit and q the ordinate of the concentration curve. The variance is their sum
    of squares over n²; by cluster, the sum of squared cluster sums, times G / (G − 1).
    The other indices follow by the chain rule.

    References
    ----------
    .. [1] World Health Organization, R package healthequal 1.0.1: `aci` and `rci`,
       with Wagstaff's and Erreygers' normalisation (github.com/WHOequity/healthequal).
    .. [2] Standard error of Kakwani, Wagstaff and van Doorslaer (1997), Journal of
       Econometrics 77:87-103, as Stata's `concindexg` prints it
       (fmwww.bc.edu/repec/bocode/c/concindexg.hlp) and R's rineq 0.2.3 computes it for
       `ci(method = "direct")`.

    Examples
    --------
    >>> found = concentration([40, 30, 20], [50, 50, 50], [1, 2, 3])
    >>> round(found.relative.value, 4), round(found.erreygers.value, 4)
    (-0.1481, -0.3556)
    """
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; expected a number between 0 and 1")
    groups = ordered_groups(successes, totals, order, clusters=clusters)
    x, n, place = groups.events, groups.totals, groups.ridits
    mean = float(x.sum() / n.sum())
    c = float(2 * (x * place).sum() / x.sum() - 1)
    curve = np.cumsum(x) / x.sum()
    below = 2 - curve - (curve - x / x.sum())
    # What a person adds is slope × outcome + base, with one of each for a group.
    slope, base = (2 * place - 1 - c) / mean, below - 1 - c
    clustered = groups.n_clusters
    df = float((groups.n if clustered is None else clustered) - 1)
    t = float(scipy.stats.t.ppf((1 + level) / 2, df))

    def index(
        value: float, slope: NDArray[np.float64], base: NDArray[np.float64]
    ) -> Index:
        se = float(np.sqrt(_variance(groups, slope, base)))
        return Index(value, se, value - t * se, value + t * se)

    absolute = index(mean * c, mean * slope + c, mean * base - c * mean)
    return Concentration(
        relative=index(c, slope, base),
        absolute=absolute,
        wagstaff=index(
            c / (1 - mean),
            slope / (1 - mean) + c / (1 - mean) ** 2,
            base / (1 - mean) - c * mean / (1 - mean) ** 2,
        ),
        erreygers=Index(
            4 * absolute.value, 4 * absolute.se, 4 * absolute.lower, 4 * absolute.upper
        ),
        mean=mean,
        df=df,
        n=groups.n,
        n_clusters=clustered,
    )


def _variance(
    groups: OrderedGroups, slope: NDArray[np.float64], base: NDArray[np.float64]
) -> float:
    if groups.cluster_events is None or groups.cluster_totals is None:
        x, rest = groups.events, groups.totals - groups.events
        squares = (x * (slope + base) ** 2 + rest * base**2).sum()
        return float(squares / groups.n / (groups.n - 1))
    sums = groups.cluster_events @ slope + groups.cluster_totals @ base
    g = len(sums)
    return float((sums**2).sum() / groups.n**2 * g / (g - 1))
