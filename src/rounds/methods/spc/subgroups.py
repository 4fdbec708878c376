"""Charts of several values at a time: X̄ for their means, S for their spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln

from rounds.methods.spc.chart import Chart, Phase
from rounds.methods.spc.checks import numbers_of
from rounds.methods.spc.frame import Frame, Lines, assemble

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Subgroups", "c4", "s_chart", "subgroups", "xbar_chart"]


@dataclass(frozen=True, kw_only=True)
class Subgroups:
    """Values gathered by subgroup, in the order in which subgroups first appear."""

    label: NDArray[np.object_]
    """Shape (n,)."""
    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    """Shape (n,): standard deviation with n − 1."""
    size: NDArray[np.float64]
    """Shape (n,): values in each subgroup, at least two."""


def subgroups(values: ArrayLike, labels: ArrayLike) -> Subgroups:
    """Gather values by subgroup.

    Parameters
    ----------
    values : array_like of float, shape (n_values,)
        One for each row, in any unit.
    labels : array_like, shape (n_values,)
        The subgroup of each row; rows of one subgroup stand together.

    Returns
    -------
    Subgroups
        Means and standard deviations in the unit of the values.

    Raises
    ------
    ValueError
        If the shapes differ, a value is not a finite number, a subgroup has one value
        only, or rows of one subgroup do not stand together.

    Examples
    --------
    >>> found = subgroups([1.0, 3.0, 2.0, 4.0], ["a", "a", "b", "b"])
    >>> found.mean.tolist(), found.size.tolist()
    ([2.0, 3.0], [2.0, 2.0])
    """
    x = numbers_of(values, fewest=2)
    names = np.asarray(labels)
    if names.shape != x.shape:
        raise ValueError(f"{names.size} labels for {x.size} values")
    starts = np.flatnonzero(np.r_[True, names[1:] != names[:-1]])
    first = names[starts]
    if np.unique(first).size < first.size:
        raise ValueError("rows of one subgroup stand together, in order of time")
    size = np.diff(np.r_[starts, x.size]).astype(float)
    if (size < 2).any():
        raise ValueError(
            f"{(size < 2).sum()} of {size.size} subgroups have one value only; its "
            "spread is not known. XmR charts one value at a time"
        )
    mean = np.add.reduceat(x, starts) / size
    apart = (x - np.repeat(mean, size.astype(int))) ** 2
    sd = np.sqrt(np.add.reduceat(apart, starts) / (size - 1))
    return Subgroups(label=first.astype(object), mean=mean, sd=sd, size=size)


def xbar_chart(
    groups: Subgroups,
    baseline: ArrayLike | None = None,
    *,
    phases: Sequence[Phase] = (),
    season: ArrayLike | None = None,
) -> Chart:
    """Chart means of subgroups with limits from the spread within them.

    Parameters
    ----------
    groups : Subgroups
        n of them, in order of time.
    baseline, phases, season
        As `xmr_chart`, one for each subgroup; one subgroup is enough for a baseline.

    Returns
    -------
    Chart
        In the unit of the values; limits are wider where subgroups are smaller.

    Raises
    ------
    ValueError
        If values never differ within a subgroup of a baseline, or baseline, phases or
        seasons are not sound.

    References
    ----------
    .. [1] `qic.xbar` of qicharts2 0.8.1, which names Montgomery's equations 6.29 to
       6.31: the mean of standard deviations where subgroups are of one size, else the
       pooled one; limits A3 = 3 / (c4 √n) of them.
    """
    frame = Frame.of(groups.mean.size, baseline, phases, season)

    def draw(part: slice) -> Lines:
        centre, level = frame.level(groups.mean * groups.size, groups.size, part)
        size = groups.size[part]
        sigma = _spread(groups, frame, part) / (c4(size) * np.sqrt(size))
        return Lines.symmetric(centre, sigma, level=level)

    return assemble("xbar", groups.mean, frame, draw)


def s_chart(
    groups: Subgroups,
    baseline: ArrayLike | None = None,
    *,
    phases: Sequence[Phase] = (),
) -> Chart:
    """Chart standard deviations of subgroups.

    Parameters
    ----------
    groups, baseline, phases
        As `xbar_chart`.

    Returns
    -------
    Chart
        In the unit of the values; the lower limit is cut at 0.

    Raises
    ------
    ValueError
        As `xbar_chart`.

    References
    ----------
    .. [1] `qic.s` of qicharts2 0.8.1: centre as in `qic.xbar`, limits B3 and B4 =
       1 ∓ 3 √(1 − c4²) / c4 times it.
    """
    frame = Frame.of(groups.sd.size, baseline, phases, None)

    def draw(part: slice) -> Lines:
        spread = _spread(groups, frame, part)
        unbiased = c4(groups.size[part])
        centre = np.full(unbiased.size, spread)
        sigma = spread * np.sqrt(1 - unbiased**2) / unbiased
        return Lines.symmetric(centre, sigma, level=spread, within=(0.0, np.inf))

    return assemble("s", groups.sd, frame, draw)


def c4(size: ArrayLike) -> NDArray[np.float64]:
    """Give the expected standard deviation of normal values, in true ones.

    Parameters
    ----------
    size : array_like of float, shape (n,)
        Values in a subgroup, at least two.

    Returns
    -------
    ndarray of float, shape (n,)
        √(2 / (n − 1)) Γ(n / 2) / Γ((n − 1) / 2), below 1.

    References
    ----------
    .. [1] `c4` in qicharts2 0.8.1.

    Examples
    --------
    >>> c4([2, 5]).round(4).tolist()
    [0.7979, 0.94]
    """
    n = np.asarray(size, dtype=float)
    return np.asarray(
        np.sqrt(2 / (n - 1)) * np.exp(gammaln(n / 2) - gammaln((n - 1) / 2))
    )


def _spread(groups: Subgroups, frame: Frame, part: slice) -> float:
    used = frame.baseline[part]
    sd, size = groups.sd[part][used], groups.size[part][used]
    if np.unique(groups.size[part]).size == 1:
        found = float(sd.mean())
    else:
        found = float(np.sqrt(((size - 1) * sd**2).sum() / (size - 1).sum()))
    if found == 0:
        raise ValueError("values never differ within a subgroup; limits have no width")
    return found
