"""The restricted likelihood of clusters' and cells' variances, from sums in each cell.

Persons' covariance is I + r₁ (alike in a cluster) + r₂ (alike in a cluster's period),
times the persons' own variance, which is profiled out. Such a matrix has an inverse
that is written down at once, so no system of a cluster's periods is ever solved.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rounds.methods.clusters.cell_matrices import Cells

__all__ = ["variance_ratios"]

Floats = NDArray[np.float64]

_MOST = 1e6
"""How many times the persons' own variance another may be."""
_NEAR = 1e-20
"""Newton's decrement below which the top is reached: 1e-10 of a standard error."""
_STEPS = 500


@dataclass(frozen=True)
class _Sums:
    """What does not change with the variances; outcome and design side by side."""

    counts: Floats
    """Persons, shape (n_clusters, n_periods)."""
    z: Floats
    """Sums of columns and outcome, shape (n_clusters, n_periods, n_columns + 1)."""
    zz: Floats
    yy: float
    left: int
    """Persons less columns."""

    @classmethod
    def of(cls, cells: Cells) -> "_Sums":
        across = np.column_stack([cells.xx, cells.xy])
        zz = np.vstack([across, np.append(cells.xy, cells.yy)])
        z = np.concatenate([cells.x, cells.y[..., None]], axis=-1)
        return cls(cells.counts, z, zz, cells.yy, cells.n - len(cells.xx))


@dataclass(frozen=True)
class _At:
    """−2 log likelihood at some ratios, how it slopes, and how it bends."""

    value: float
    slope: Floats
    bend: Floats
    """The average information: half observed, half expected, never negative."""


def variance_ratios(cells: Cells, *, within_periods: bool) -> Floats:
    """Find the variances that restricted maximum likelihood gives, over the persons'.

    Newton's steps with the average information, halved until they go down, from two
    places; the better top is taken.

    Parameters
    ----------
    cells : Cells
        Sums in each cluster and period.
    within_periods : bool
        Whether a cluster's level may differ between periods.

    Returns
    -------
    array of float, shape (1,) or (2,)
        Clusters', and clusters' in a period, each within [0, 10⁶].

    Raises
    ------
    ValueError
        If no person's outcome differs from what is fitted.

    Notes
    -----
    Half the observed and half the expected second derivatives add up to what needs no
    trace of a product: y'P Jᵢ P Jⱼ P y. Known as the average information of Gilmour AR,
    Thompson R, Cullis BR (1995), Biometrics 51:1440-1450, as the help of the R package
    gremlin names it: https://www.rdocumentation.org/packages/gremlin/versions/0.1.0.1
    """
    sums = _Sums.of(cells)
    k = 2 if within_periods else 1
    tops = [_climbed(sums, np.full(k, first)) for first in (0.01, 0.3)]
    return min(tops, key=lambda top: top[1])[0]


def _climbed(sums: _Sums, ratios: Floats) -> tuple[Floats, float]:
    at = _at(sums, ratios)
    for _ in range(_STEPS):
        step = _step(at, ratios)
        if -float(step @ at.slope) < _NEAR:
            break
        ahead, share = at, 1.0
        while share > 1e-6:
            there = np.clip(ratios + share * step, 0.0, _MOST)
            ahead = _at(sums, there)
            # Rounding alone may lift it a little, at the top.
            if ahead.value <= at.value + 1e-13 * abs(at.value):
                break
            share /= 4
        else:
            break
        ratios, at = there, ahead
    return ratios, at.value


def _step(at: _At, ratios: Floats) -> Floats:
    """Give Newton's step of the ratios that are free to go where it leads."""
    free = ((ratios > 0) | (at.slope < 0)) & ((ratios < _MOST) | (at.slope > 0))
    step = np.zeros_like(ratios)
    while free.any():
        step[:] = 0.0
        step[free] = -np.linalg.pinv(at.bend[np.ix_(free, free)]) @ at.slope[free]
        if not -float(step @ at.slope) > 0:
            step = np.where(free, -np.sign(at.slope) * (ratios + 0.01), 0.0)
        held = free & (((ratios <= 0) & (step < 0)) | ((ratios >= _MOST) & (step > 0)))
        if not held.any():
            break
        free &= ~held
        step[~free] = 0.0
    return step


@dataclass(frozen=True)
class _Inverse:
    """V⁻¹ of I + r₁ J₁ + r₂ J₂ beside the columns: only what is needed of it."""

    sums: _Sums
    first: float
    second: float

    @cached_property
    def shrink(self) -> Floats:
        return 1 / (1 + self.second * self.sums.counts)

    @cached_property
    def weight(self) -> Floats:
        """Of each cell, as if clusters were known."""
        return self.shrink * self.sums.counts

    @cached_property
    def of_cluster(self) -> Floats:
        one: Floats = 1 / (1 + self.first * self.weight.sum(axis=1))
        return one


def _at(sums: _Sums, ratios: Floats) -> _At:
    v = _Inverse(sums, float(ratios[0]), float(ratios[1]) if len(ratios) > 1 else 0.0)
    q, w, held = sums.z.shape[-1], v.weight, v.of_cluster
    flat = sums.z * v.shrink[..., None]
    total = flat.sum(axis=1)
    # 1'V⁻¹Z of each cluster, and of each cell.
    clusters = total * held[:, None]
    cells = flat - v.first * w[..., None] * clusters[:, None, :]
    across = sums.zz - v.first * total.T @ clusters
    if v.second:
        across = across - v.second * flat.reshape(-1, q).T @ sums.z.reshape(-1, q)
    phi = np.linalg.inv(across[:-1, :-1])
    aside = np.append(-phi @ across[:-1, -1], 1.0)
    squares = float(aside @ across @ aside)
    if not squares > 1e-12 * sums.yy:
        raise ValueError("the design tells every outcome; no variance is left")
    spread = np.broadcast_to((clusters @ aside)[:, None], w.shape)
    parts, kept = [clusters.T @ clusters], [spread]
    traces = [float((w.sum(axis=1) * held).sum())]
    if len(ratios) > 1:
        parts.append(cells.reshape(-1, q).T @ cells.reshape(-1, q))
        traces.append(float(w.sum() - v.first * held @ (w**2).sum(axis=1)))
        kept.append(cells @ aside)
    own = np.array([aside @ part @ aside for part in parts])
    seen = np.array([float(np.sum(phi * part[:-1, :-1])) for part in parts])
    logs = np.log(v.shrink).sum() + np.log(held).sum()
    return _At(
        value=float(
            sums.left * np.log(squares / sums.left)
            - logs
            + np.linalg.slogdet(across[:-1, :-1])[1]
        ),
        slope=np.array(traces) - seen - sums.left * own / squares,
        bend=sums.left * _bend(v, np.array(kept), cells, phi) / squares
        - sums.left * np.outer(own, own) / squares**2,
    )


def _bend(v: _Inverse, kept: Floats, cells: Floats, phi: Floats) -> Floats:
    """Give y'P Jᵢ P Jⱼ P y, of vectors Jᵢ P y that are alike in each cell."""
    k = len(kept)
    weighed = v.weight * kept
    sums = weighed.sum(axis=2)
    plain = weighed.reshape(k, -1) @ kept.reshape(k, -1).T
    plain = plain - v.first * (sums * v.of_cluster) @ sums.T
    c = kept.reshape(k, -1) @ cells.reshape(-1, cells.shape[-1])[:, :-1]
    return np.asarray(plain - c @ phi @ c.T, dtype=float)
