"""Groups without an order: their variance, gaps to the best, what closing one gives."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import scipy
from scipy.special import ndtri

from rounds.methods.proportion import counts, newcombe

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Attributable",
    "BetweenGroups",
    "Gaps",
    "attributable",
    "between_group_variance",
    "gaps_to_best",
]


@dataclass(frozen=True, kw_only=True)
class BetweenGroups:
    """How far groups' proportions lie from the mean, squared, by population share."""

    value: float
    """As observed: chance alone makes it larger than 0."""
    corrected: float
    """Less what chance alone adds, and at least 0."""
    se: float
    lower: float
    upper: float
    """Of the 95% interval of the corrected value, or of another level."""
    p_value: float
    """That all groups are alike (chi-squared of n_groups − 1 degrees of freedom)."""


@dataclass(frozen=True, kw_only=True)
class Gaps:
    """How far each group is behind the best, or behind one named beforehand."""

    best: int
    """The place of the group that the others are held against."""
    gap: NDArray[np.float64]
    """Shape (n_groups,): in proportions, above 0 where the group does worse."""
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    ratio: tuple[float | None, ...]
    """The group's proportion over the best one's; None where that one is 0."""


@dataclass(frozen=True, kw_only=True)
class Attributable:
    """What all would gain were every group like one of them."""

    difference: float
    """Population attributable risk: that group's proportion minus the mean."""
    lower: float
    upper: float
    fraction: float | None
    """The difference over the mean; None where the mean is 0."""
    fraction_se: float | None
    persons: float
    """The difference times all persons: so many more (or fewer) would have the
    event."""


def between_group_variance(
    successes: ArrayLike, totals: ArrayLike, *, level: float = 0.95
) -> BetweenGroups:
    """Give the variance between groups' proportions, weighted by their share.

    Parameters
    ----------
    successes, totals : array_like of int, shape (n_groups,)
        Events and persons of each group; persons are independent.
    level : float
        Of the interval, in (0, 1).

    Returns
    -------
    BetweenGroups
        In squared proportions. The interval is normal and cut at 0; it is approximate,
        and where `p_value` is not small it says little.

    Raises
    ------
    ValueError
        If there are fewer than two groups, or counts are impossible.

    References
    ----------
    World Health Organization, R package healthequal 1.0.1: `bgv`, whose standard error
    is that of Ahn et al. 2018 (github.com/WHOequity/healthequal, R/bgv.R). The
    correction takes away the sampling variance of each group's distance from the mean.

    Examples
    --------
    >>> found = between_group_variance([40, 30, 20], [50, 50, 50])
    >>> round(found.value, 4), found.corrected < found.value, found.p_value < 0.001
    (0.0267, True, True)
    """
    x, n = _groups(successes, totals)
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; expected a number between 0 and 1")
    p, share = x / n, n / n.sum()
    mean = float((share * p).sum())
    value = float((share * (p - mean) ** 2).sum())
    # A group of one, or all alike, has no variance of its own to estimate.
    own = np.where(n > 1, p * (1 - p) / np.maximum(n - 1, 1), mean * (1 - mean))
    corrected = max(0.0, value - float((share * (1 - share) * own).sum()))
    first = (share**2 * own * (p - mean) ** 2).sum()
    second = (share**2 * own).sum() ** 2 - (share**4 * own**2).sum()
    third = (share**2 * (1 - share) ** 2 * own**2).sum()
    se = float(np.sqrt(4 * first + 2 * (second + third)))
    z = float(ndtri((1 + level) / 2))
    p_value = 1.0
    if 0 < mean < 1:
        squares = float((n * (p - mean) ** 2).sum() / (mean * (1 - mean)))
        p_value = float(scipy.stats.chi2.sf(squares, len(n) - 1))
    return BetweenGroups(
        value=value,
        corrected=corrected,
        se=se,
        lower=max(0.0, corrected - z * se),
        upper=corrected + z * se,
        p_value=p_value,
    )


def gaps_to_best(
    successes: ArrayLike,
    totals: ArrayLike,
    *,
    more_is_better: bool,
    reference: int | None = None,
    level: float = 0.95,
) -> Gaps:
    """Give how far each group is behind the best-off.

    Parameters
    ----------
    successes, totals : array_like of int, shape (n_groups,)
        Events and persons of each group; persons are independent.
    more_is_better : bool
        Whether the event is what is wanted.
    reference : int, optional
        The place of the group to compare with, if it was named before the numbers were
        seen. Without it, the best of the data.
    level : float
        Of the intervals, in (0, 1).

    Returns
    -------
    Gaps
        With a reference, each interval is Newcombe's. Without one they hold together:
        which group is best is not known, so each is compared with all others by
        Newcombe's intervals at Bonferroni's level, and the gap to the best is the
        largest of these differences, at least 0. Points are as observed, and the best
        of several is best partly by luck: they are somewhat too large.

    Raises
    ------
    ValueError
        If there are fewer than two groups, the reference is none of them, or counts
        are impossible.

    Examples
    --------
    >>> found = gaps_to_best([45, 30, 20], [50, 50, 50], more_is_better=True)
    >>> found.best, found.gap.round(2).tolist(), round(float(found.lower[2]), 2)
    (0, [0.0, 0.3, 0.5], 0.28)
    """
    x, n = _groups(successes, totals)
    wanted = x if more_is_better else n - x
    good = wanted / n
    if reference is not None and not 0 <= reference < len(n):
        raise ValueError(f"reference is {reference}; there are {len(n)} groups")
    best = int(good.argmax()) if reference is None else reference
    pairs = len(n) * (len(n) - 1) / 2
    at = level if reference is not None else 1 - (1 - level) / pairs
    gap = good[best] - good
    lower, upper = _behind(wanted, n, best if reference is not None else None, at)
    raw = x / n
    ratio = tuple(
        float(one / raw[best]) if raw[best] > 0 else None for one in raw.tolist()
    )
    return Gaps(best=best, gap=gap, lower=lower, upper=upper, ratio=ratio)


def attributable(
    successes: ArrayLike,
    totals: ArrayLike,
    reference: int,
    *,
    level: float = 0.95,
) -> Attributable:
    """Give what all would gain, or be spared, were every group like one of them.

    Parameters
    ----------
    successes, totals : array_like of int, shape (n_groups,)
        Events and persons of each group; persons are independent.
    reference : int
        The place of the group to be like, best named before the numbers are seen.
    level : float
        Of the interval, in (0, 1).

    Returns
    -------
    Attributable
        Below 0 where the group has fewer events than all together. No one says that
        the gain can be had: groups differ in more than their care.

    Raises
    ------
    ValueError
        If there are fewer than two groups, the reference is none of them, or counts
        are impossible.

    References
    ----------
    World Health Organization, R package healthequal 1.0.1: `parisk` and `paf`
    (github.com/WHOequity/healthequal). The standard error of the fraction is Walter's
    (1978) as `paf` prints it; that of the difference is the mean times it.

    Examples
    --------
    >>> found = attributable([20, 30, 40], [50, 50, 50], 2)
    >>> round(found.difference, 3), round(found.fraction, 3), round(found.persons)
    (0.2, 0.333, 30)
    """
    x, n = _groups(successes, totals)
    if not 0 <= reference < len(n):
        raise ValueError(f"reference is {reference}; there are {len(n)} groups")
    p = float(x[reference] / n[reference])
    mean = float(x.sum() / n.sum())
    difference = p - mean
    z = float(ndtri((1 + level) / 2))
    se, fraction, fraction_se = 0.0, None, None
    if mean > 0:
        c = float(x[reference])
        d, a = float(n[reference]) - c, float(x.sum()) - c
        everyone = float(n.sum())
        b = everyone - a - c - d
        squared = c * everyone * (a * d * (everyone - c) + b * c**2)
        fraction_se = float(np.sqrt(squared / ((a + c) ** 3 * (c + d) ** 3)))
        fraction, se = difference / mean, mean * fraction_se
    return Attributable(
        difference=difference,
        lower=difference - z * se,
        upper=difference + z * se,
        fraction=fraction,
        fraction_se=fraction_se,
        persons=difference * float(n.sum()),
    )


def _groups(
    successes: ArrayLike, totals: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, n = counts(successes, totals)
    if x.size < 2:
        raise ValueError(f"{x.size} group(s); at least two are needed")
    return x, n


def _behind(
    wanted: NDArray[np.float64], n: NDArray[np.float64], best: int | None, level: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the limits of how far each group is behind one, or behind whichever is best.

    Behind the best means: the largest of the differences to the others, or 0.
    """
    k = len(n)
    low, high = np.zeros((k, k)), np.zeros((k, k))
    for i, j in combinations(range(k), 2):
        _, lower, upper = newcombe((wanted[i], wanted[j]), (n[i], n[j]), level)
        low[i, j], high[i, j] = lower, upper
        low[j, i], high[j, i] = -upper, -lower
    if best is not None:
        return low[:, best], high[:, best]
    return np.maximum(low.max(axis=1), 0.0), np.maximum(high.max(axis=1), 0.0)
