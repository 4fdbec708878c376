"""What a trial could tell: the variance of an effect, and power from it.

Of any schedule of clusters and periods: parallel trials have one period, wedges and
cross-overs several. Generalised least squares on the means of cells.
"""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

__all__ = [
    "Spread",
    "detectable",
    "effect_variance",
    "gamma_sizes",
    "power",
    "weighted_variance",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Spread:
    """The variances of an outcome."""

    within: float
    """Of persons in one cluster and period."""
    between_clusters: float = 0.0
    between_periods: float = 0.0
    """Of a cluster's periods around its own level."""

    @classmethod
    def of(cls, total: float, icc: float, autocorrelation: float = 1.0) -> "Spread":
        """Share a variance out.

        Parameters
        ----------
        total : float
            Of persons; p (1 − p) of a binary outcome.
        icc : float
            Correlation of two persons of one cluster in one period, in [0, 1).
        autocorrelation : float
            That of a cluster's level in two periods, in [0, 1].

        Raises
        ------
        ValueError
            If one of them is outside its range.
        """
        if not (total > 0 and 0 <= icc < 1 and 0 <= autocorrelation <= 1):
            raise ValueError(
                f"variance {total}, correlation {icc} and autocorrelation "
                f"{autocorrelation}: the first is above 0, the second in [0, 1), the "
                "third in [0, 1]"
            )
        shared = icc * total
        return cls(
            total - shared, autocorrelation * shared, shared * (1 - autocorrelation)
        )


def effect_variance(schedule: ArrayLike, sizes: ArrayLike, spread: Spread) -> float:
    """Give the variance of an effect that begins with exposure and stays the same.

    Parameters
    ----------
    schedule : array of 0 and 1, shape (n_clusters, n_periods)
        Exposure; NaN where a cluster is not observed.
    sizes : array of float, shape (n_clusters, n_periods), or number
        Persons of each cell, others in each period (cross-sections).
    spread : Spread
        The variances, as if known.

    Returns
    -------
    float
        Of the least-squares difference, each period with a level of its own.

    Raises
    ------
    ValueError
        If the schedule cannot tell the effect from the periods.

    References
    ----------
    Hussey MA, Hughes JP (2007). Design and analysis of stepped wedge cluster
    randomized trials. Contemporary Clinical Trials 28:182-191, as `swPwr` of the R
    package swCRTdesign computes it (weighted least squares on cells).
    https://search.r-project.org/CRAN/refmans/swCRTdesign/html/swPwr.html

    Examples
    --------
    >>> half = [[0], [0], [1], [1]]
    >>> round(effect_variance(half, 25, Spread(1.0)), 3)
    0.04
    """
    exposed = np.atleast_2d(np.asarray(schedule, dtype=float))
    n = np.broadcast_to(np.asarray(sizes, dtype=float), exposed.shape)
    observed = ~np.isnan(exposed) & (n > 0)
    n_periods = exposed.shape[1]
    information = np.zeros((1 + n_periods, 1 + n_periods))
    for row, seen, persons in zip(exposed, observed, n, strict=True):
        X = np.column_stack([row, np.eye(n_periods)])[seen]
        own = spread.within / persons[seen] + spread.between_periods
        V = np.diag(own) + spread.between_clusters
        information += X.T @ np.linalg.solve(V, X)
    if np.linalg.matrix_rank(information) < len(information):
        raise ValueError("the schedule does not tell the effect from the periods")
    return float(np.linalg.inv(information)[0, 0])


def weighted_variance(
    exposed: ArrayLike, sizes: ArrayLike, spread: Spread
) -> tuple[float, float]:
    """Give the variance of a difference between persons' means, and its df.

    Parameters
    ----------
    exposed : array of 0 and 1, shape (n_clusters,)
        Of a parallel trial; at least two clusters in each arm.
    sizes : array of float, shape (n_clusters,)
        Persons of each.
    spread : Spread
        The variances; those between clusters and between their periods add up.

    Returns
    -------
    variance, df : float
        Clusters weigh by their size, as in least squares on persons: a large one adds
        more variance than it would if weighed best. The degrees of freedom are close
        to Satterthwaite's of CR2, whose working model has persons independent: an
        arm's clusters count as many as their shares of its persons make.

    References
    ----------
    Eldridge SM, Ashby D, Kerry S (2006). Sample size for cluster randomized trials:
    effect of coefficient of variation of cluster size and analysis method.
    International Journal of Epidemiology 35:1292-1300 (its abstract: a simple formula
    for analyses weighted by size). DOI 10.1093/ije/dyl129

    Examples
    --------
    >>> weighted_variance([0, 0, 1, 1], [25, 25, 25, 25], Spread(1.0))
    (0.04, 2.0)
    """
    arms, n = np.asarray(exposed, dtype=float), np.asarray(sizes, dtype=float)
    own = spread.between_clusters + spread.between_periods + spread.within / n
    total = alone = doubted = 0.0
    for arm in (0, 1):
        of_arm = n[arms == arm]
        if len(of_arm) < 2:
            raise ValueError("an arm has fewer than two clusters")
        shares = of_arm / of_arm.sum()
        total += float((shares**2 * own[arms == arm]).sum())
        working = 1 / of_arm.sum()
        alone += working
        doubted += working**2 / (1 / float((shares**2).sum()) - 1)
    return total, float(alone**2 / doubted)


def power(
    effect: float, variance: float, *, df: float | None = None, alpha: float = 0.05
) -> float:
    """Give the chance that a two-sided test finds an effect on its own side.

    Parameters
    ----------
    effect : float
        The true one.
    variance : float
        Of its estimate.
    df : float, optional
        Of the t distribution it is held against; a normal one without.
    alpha : float
        Two-sided level, in (0, 1).

    Examples
    --------
    >>> round(power(2.8016, 1.0), 3)
    0.8
    """
    if not variance > 0 or not 0 < alpha < 1 or (df is not None and not df > 0):
        raise ValueError("variance and degrees of freedom are above 0, alpha in (0, 1)")
    distance = abs(effect) / np.sqrt(variance)
    if df is None:
        return float(scipy.stats.norm.sf(scipy.stats.norm.isf(alpha / 2) - distance))
    return float(scipy.stats.nct.sf(scipy.stats.t.isf(alpha / 2, df), df, distance))


def detectable(
    variance: float,
    *,
    wanted: float = 0.8,
    df: float | None = None,
    alpha: float = 0.05,
) -> float:
    """Give the smallest effect that is found with a wanted power.

    Parameters
    ----------
    variance, df, alpha
        As `power`'s.
    wanted : float
        The power, above alpha and below 1.

    Examples
    --------
    >>> round(detectable(1.0), 3)
    2.802
    """
    if not alpha < wanted < 1:
        raise ValueError(f"a power of {wanted} is not between {alpha} and 1")
    se = np.sqrt(variance)

    def short(effect: float) -> float:
        return power(effect, variance, df=df, alpha=alpha) - wanted

    most = se
    while short(most) < 0:
        most *= 2
    return float(optimize.brentq(short, 0.0, most, xtol=1e-12 * most))


def gamma_sizes(mean: float, variation: float, n: int) -> Floats:
    """Give sizes of clusters with a mean and a coefficient of variation.

    Parameters
    ----------
    mean : float
        Persons, above 0.
    variation : float
        Standard deviation over mean, at least 0.
    n : int
        Clusters.

    Returns
    -------
    array of float, shape (n,)
        Evenly spaced quantiles of a gamma distribution, scaled to the mean; ascending.

    Examples
    --------
    >>> gamma_sizes(10, 0.0, 3).tolist()
    [10.0, 10.0, 10.0]
    """
    if not (mean > 0 and variation >= 0 and n > 0):
        raise ValueError("mean and clusters are above 0, variation is at least 0")
    if variation == 0:
        return np.full(n, float(mean))
    shape = 1 / variation**2
    quantiles = scipy.stats.gamma.ppf((np.arange(n) + 0.5) / n, shape)
    return np.asarray(quantiles * (mean / quantiles.mean()), dtype=float)
