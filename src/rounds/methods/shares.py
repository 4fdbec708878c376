"""Is a share what it should be, in every cluster and over all of them?

Persons of one clinic are not independent trials. So a share is judged twice: over
all clusters with a cluster-robust t test, and cluster by cluster with exact binomial
tests, the smallest p-value multiplied by the number of clusters (Bonferroni). The
first sees a little wrong everywhere, the second everything wrong in one place. The
smaller of the two, doubled, is the p-value.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy
from numpy.typing import ArrayLike

from rounds.methods.clusters.design_matrix import without_repeats
from rounds.methods.clusters.least_squares import cluster_ols
from rounds.methods.proportion import wilson

__all__ = [
    "ShareTest",
    "adjusted_difference",
    "arm_difference",
    "share_interval",
    "share_test",
]


@dataclass(frozen=True)
class ShareTest:
    """A share over clusters, against what was tolerated."""

    share: float
    p_value: float
    """Against the tolerated share, both looks allowed for."""
    n_clusters_off: int
    """Clusters beyond it on their own, after Bonferroni at the same p < 0.001."""
    n_clusters: int


def share_test(
    hits: ArrayLike,
    clusters: ArrayLike,
    tolerated: float,
    side: Literal["below", "above"],
) -> ShareTest:
    """Test whether a share is worse than what is tolerated.

    Parameters
    ----------
    hits : array of bool, shape (n_persons,)
        Whether the thing happened.
    clusters : array, shape (n_persons,)
        The cluster of each person.
    tolerated : float
        The share at the edge of what is acceptable, in (0, 1).
    side : {"below", "above"}
        On which side of it the trouble lies.

    Returns
    -------
    ShareTest
        `p_value` in [0, 1], one-sided.

    Raises
    ------
    ValueError
        If shapes differ, nobody is there, or the share tolerated is not in (0, 1).

    Examples
    --------
    >>> share_test([True] * 40, [1] * 20 + [2] * 20, 0.9, "below").p_value
    1.0
    """
    y = np.asarray(hits, dtype=bool)
    names, codes = np.unique(np.asarray(clusters), return_inverse=True)
    if y.ndim != 1 or y.shape != codes.shape or not len(y):
        raise ValueError(
            f"hits has shape {y.shape}, clusters {codes.shape}; expected (n,), n > 0"
        )
    if not 0 < tolerated < 1:
        raise ValueError(f"tolerated is {tolerated}; expected a share between 0 and 1")
    size = np.bincount(codes)
    count = np.bincount(codes, weights=y).astype(int)
    if side == "below":
        each = scipy.stats.binom.cdf(count, size, tolerated)
    else:
        each = scipy.stats.binom.sf(count - 1, size, tolerated)
    each = np.minimum(each * len(names), 1.0)
    overall = _overall(y, codes, tolerated, side)
    p = min(1.0, 2 * min(float(each.min()), overall))
    return ShareTest(float(y.mean()), p, int((each < 0.001).sum()), len(names))


def _overall(
    y: np.ndarray, codes: np.ndarray, tolerated: float, side: Literal["below", "above"]
) -> float:
    sign = 1.0 if side == "above" else -1.0
    if sign * (y.mean() - tolerated) <= 0:
        return 1.0
    try:
        fit = cluster_ols(y, np.ones((len(y), 1)), codes)
    except ValueError:  # one cluster, or all alike: the exact tests speak alone
        return 1.0
    return float(scipy.stats.t.sf(sign * (fit.estimate - tolerated) / fit.se, fit.df))


def arm_difference(
    hits: ArrayLike,
    arms: ArrayLike,
    clusters: ArrayLike | None,
    margin: float,
) -> tuple[float, float]:
    """Test whether a share differs between two arms by more than a margin.

    Parameters
    ----------
    hits : array of bool, shape (n_persons,)
        Whether the thing happened.
    arms : array of bool, shape (n_persons,)
        Whether the person is in the active arm.
    clusters : array, shape (n_persons,), or None
        The cluster of each person; None where persons are independent.
    margin : float
        A difference that does not matter, at least 0.

    Returns
    -------
    difference, p_value : float
        Active minus silent, in [-1, 1]; and the one-sided p-value, from a CR2 standard
        error with Satterthwaite's degrees of freedom, that its size exceeds the
        margin. 1 where it does not. Where clusters are too few for such an error,
        persons count as independent, which errs towards alarm; 0 where each arm is
        all or nothing.

    Raises
    ------
    ValueError
        If shapes differ, an arm is empty, or the margin is negative.

    Examples
    --------
    >>> arm_difference([1, 1, 1, 1], [1, 1, 0, 0], [1, 2, 3, 4], 0.02)
    (0.0, 1.0)
    """
    y = np.asarray(hits, dtype=float)
    arm = np.asarray(arms, dtype=float)
    if y.ndim != 1 or y.shape != arm.shape or not 0 < arm.sum() < len(arm):
        raise ValueError(
            f"hits has shape {y.shape}, arms {arm.shape}; expected one (n,) with "
            "persons in both arms"
        )
    if margin < 0:
        raise ValueError(f"margin is {margin}; expected at least 0")
    difference = float(y[arm == 1].mean() - y[arm == 0].mean())
    if abs(difference) <= margin:
        return difference, 1.0
    if not (y[arm == 1].std() or y[arm == 0].std()):
        return difference, 0.0  # all in one arm and none in the other
    design = np.column_stack([arm, np.ones_like(arm)])
    try:
        fit = cluster_ols(y, design, clusters)
    except ValueError:
        fit = cluster_ols(y, design, None)
    return difference, float(
        scipy.stats.t.sf((abs(difference) - margin) / fit.se, fit.df)
    )


def adjusted_difference(
    hits: ArrayLike,
    arms: ArrayLike,
    others: Sequence[ArrayLike],
    clusters: ArrayLike,
    margin: float,
) -> float:
    """Test whether a share differs between arms by more than a margin, others equal.

    Parameters
    ----------
    hits, arms, clusters, margin
        As in `arm_difference`.
    others : sequence of array, shape (n_persons,)
        Columns that go with the arm and with the share, as periods do.

    Returns
    -------
    float
        The one-sided p-value that the difference's size exceeds the margin, in [0, 1]:
        1 where it does not, or nothing varies; 0 where the arm tells all that varies.

    Raises
    ------
    ValueError
        If shapes differ, the arm repeats the others, or the margin is negative.

    Examples
    --------
    >>> adjusted_difference([1, 1, 1, 1], [1, 0, 1, 0], [], [1, 1, 2, 2], 0.02)
    1.0
    """
    if margin < 0:
        raise ValueError(f"margin is {margin}; expected at least 0")
    y, arm = np.asarray(hits, dtype=float), np.asarray(arms, dtype=float)
    if not y.std():
        return 1.0
    design = np.column_stack([arm, np.ones_like(arm), *others])
    X, column = without_repeats(design, 0)
    found = np.linalg.lstsq(X, y)[0]
    beyond = abs(float(found[column])) - margin
    if beyond <= 0:
        return 1.0
    if np.allclose(X @ found, y):
        return 0.0
    fit = cluster_ols(y, X, clusters, column=column)
    return float(scipy.stats.t.sf(beyond / fit.se, fit.df))


def share_interval(
    hits: ArrayLike, clusters: ArrayLike, *, level: float = 0.95
) -> tuple[float, float, float]:
    """Give a share with a Wilson interval that allows for clusters.

    Parameters
    ----------
    hits : array of bool, shape (n_persons,)
        Whether the thing happened.
    clusters : array, shape (n_persons,)
        The cluster of each person.
    level : float
        Of the interval, in (0, 1).

    Returns
    -------
    value, lower, upper : float
        In [0, 1]. Wilson's interval at the effective sample size p(1 − p)/se², with
        se from CR2, further reduced by (z/t)² for the degrees of freedom, and never
        above the number of persons.

    Raises
    ------
    ValueError
        If shapes differ or nobody is there.

    References
    ----------
    Effective sample sizes in binomial intervals for survey data: Korn and Graubard's
    method, as documented for `svyciprop(method="beta")` in R's survey package.

    Examples
    --------
    >>> [round(x, 3) for x in share_interval([1, 0, 1, 0], [1, 1, 2, 2])]
    [0.5, 0.15, 0.85]
    """
    y = np.asarray(hits, dtype=bool)
    if y.ndim != 1 or not len(y) or np.shape(clusters) != y.shape:
        raise ValueError(
            f"hits has shape {y.shape}, clusters {np.shape(clusters)}; expected (n,)"
        )
    p, effective = float(y.mean()), float(len(y))
    try:
        fit = cluster_ols(y, np.ones((len(y), 1)), clusters)
    except ValueError:  # one cluster, or clusters that do not differ
        pass
    else:
        tail = (1 + level) / 2
        shrink = (scipy.stats.norm.ppf(tail) / scipy.stats.t.ppf(tail, fit.df)) ** 2
        effective = min(effective, max(1.0, p * (1 - p) / fit.se**2 * shrink))
    value, lower, upper = wilson([p * effective], [effective], level)
    return float(value[0]), float(lower[0]), float(upper[0])
