"""Priors from earlier studies: predictive, and made robust by a vague component."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from rounds.methods.pooling.studies import studies

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Component",
    "Heterogeneity",
    "given_tau",
    "heterogeneity_grid",
    "predictive",
    "robust",
    "tau_span",
]

_SCAN = 600
_NEGLIGIBLE = 40.0
"""Log density below the highest at which a grid may end."""


@dataclass(frozen=True, kw_only=True)
class Component:
    """One normal component of a mixture."""

    weight: float
    mean: float
    sd: float


@dataclass(frozen=True, kw_only=True)
class Heterogeneity:
    """The posterior of the between-study standard deviation on a grid."""

    tau: NDArray[np.float64]
    weight: NDArray[np.float64]
    """Posterior probabilities, summing to 1."""
    mean: NDArray[np.float64]
    """Of the mean effect, given tau."""
    sd: NDArray[np.float64]
    """Of the mean effect, given tau."""


def heterogeneity_grid(
    effects: ArrayLike,
    ses: ArrayLike,
    *,
    tau_scale: float,
    mean_sd: float = 2.0,
    n_grid: int = 400,
    span: tuple[float, float] | None = None,
) -> Heterogeneity:
    """Give the posterior of tau, and of the mean effect given tau.

    Parameters
    ----------
    effects, ses : array_like of float, shape (k,)
        Effects and standard errors; k at least 1.
    tau_scale : float
        Scale of the half-normal prior on tau, in the effects' unit.
    mean_sd : float
        Standard deviation of the normal prior, centred on 0, on the mean effect;
        infinite for a uniform one.
    n_grid : int
        Points of the grid.
    span : pair of float, optional
        Where the grid begins and ends; from 0 to six scales if not given.

    Returns
    -------
    Heterogeneity
        Midpoints of a regular grid.

    Raises
    ------
    ValueError
        If shapes differ, a standard error is not a finite number above 0, an effect is
        not finite, or a scale is not above 0.

    References
    ----------
    .. [1] Röver C, Friede T. Meta-analytic-predictive priors based on a single study.
       arXiv:2505.15502 (2025): the normal-normal hierarchical model.
    """
    start, stop = span or (0.0, 6 * tau_scale)
    tau = start + (np.arange(n_grid) + 0.5) * ((stop - start) / n_grid)
    found, log_density = given_tau(
        effects, ses, tau, tau_scale=tau_scale, mean_sd=mean_sd
    )
    weight = np.exp(log_density - log_density.max())
    return replace(found, weight=weight / weight.sum())


def given_tau(
    effects: ArrayLike,
    ses: ArrayLike,
    tau: ArrayLike,
    *,
    tau_scale: float,
    mean_sd: float,
) -> tuple[Heterogeneity, NDArray[np.float64]]:
    """Give the mean effect's posterior at each tau, and the log density of tau.

    Parameters
    ----------
    effects, ses, tau_scale, mean_sd
        As `heterogeneity_grid`.
    tau : array_like of float, shape (n,)
        Standard deviations between studies, at least 0.

    Returns
    -------
    heterogeneity : Heterogeneity
        Its weights are all the same.
    log_density : array of float, shape (n,)
        Of the posterior of tau, but for a constant.

    Raises
    ------
    ValueError
        As `heterogeneity_grid`.
    """
    given = studies(effects, ses, least=1)
    _check_scales(tau_scale, mean_sd)
    y, at = given.y, np.asarray(tau, dtype=float)
    w = 1 / (given.v + at[:, None] ** 2)
    precision = w.sum(axis=1) + mean_sd**-2
    mean = (w * y).sum(axis=1) / precision
    # The mean effect is integrated out: likelihood × prior ÷ posterior, at its mean.
    log_density = 0.5 * np.log(w).sum(axis=1) - 0.5 * np.log(precision)
    log_density -= 0.5 * ((w * (y - mean[:, None]) ** 2).sum(axis=1))
    log_density -= 0.5 * (mean / mean_sd) ** 2 + 0.5 * (at / tau_scale) ** 2
    even = np.full(at.size, 1 / at.size)
    return Heterogeneity(
        tau=at, weight=even, mean=mean, sd=precision**-0.5
    ), log_density


def tau_span(
    effects: ArrayLike, ses: ArrayLike, *, tau_scale: float, mean_sd: float
) -> tuple[float, float]:
    """Give the range of tau outside which its posterior holds nothing.

    Beyond several scales only the data can hold it: against Σy²/τ² stands τ²/scale²,
    and the two are even at τ⁴ = scale² Σy².

    Parameters
    ----------
    effects, ses, tau_scale, mean_sd
        As `heterogeneity_grid`.

    Returns
    -------
    pair of float
        For `heterogeneity_grid`: beyond it the density is below e^-40 of its highest.

    Raises
    ------
    ValueError
        As `heterogeneity_grid`.
    """
    given = studies(effects, ses, least=1)
    _check_scales(tau_scale, mean_sd)
    far = tau_scale**0.5 * float((given.y**2).sum()) ** 0.25
    least = min(float(given.v.min()) ** 0.5, tau_scale) * 1e-3
    edges = np.r_[0.0, np.geomspace(least, 12 * tau_scale + 4 * far, _SCAN)]
    _, log_density = given_tau(
        effects, ses, edges, tau_scale=tau_scale, mean_sd=mean_sd
    )
    held = np.flatnonzero(log_density > log_density.max() - _NEGLIGIBLE)
    first, last = max(held[0] - 1, 0), min(held[-1] + 1, edges.size - 1)
    return float(edges[first]), float(edges[last])


def predictive(
    effects: ArrayLike,
    ses: ArrayLike,
    *,
    tau_scale: float,
    mean_sd: float = 2.0,
    n_components: int = 3,
    span: tuple[float, float] | None = None,
) -> tuple[Component, ...]:
    """Predict the true effect in a new setting, as a small mixture of normals.

    The exact predictive distribution mixes one normal for each tau. Here the grid of
    tau is cut into parts of equal posterior probability, and each part's mixture is
    replaced by the normal with its mean and variance, so mean and variance are kept.

    Parameters
    ----------
    effects, ses, tau_scale, mean_sd
        As `heterogeneity_grid`.
    n_components : int
        Number of normals.
    span : pair of float, optional
        As `heterogeneity_grid`.

    Returns
    -------
    tuple of Component
        Weights sum to 1.

    Raises
    ------
    ValueError
        As `heterogeneity_grid`.

    References
    ----------
    .. [1] Schmidli H, Gsteiger S, Roychoudhury S, O'Hagan A, Spiegelhalter D,
       Neuenschwander B. Robust meta-analytic-predictive priors in clinical trials with
       historical control information. Biometrics 2014;70:1023-1032.

    Examples
    --------
    >>> parts = predictive([0.05, 0.15], [0.02, 0.02], tau_scale=0.1)
    >>> round(sum(part.weight * part.mean for part in parts), 3)
    0.1
    """
    grid = heterogeneity_grid(
        effects, ses, tau_scale=tau_scale, mean_sd=mean_sd, span=span
    )
    variance = grid.sd**2 + grid.tau**2
    middle = np.cumsum(grid.weight) - grid.weight / 2
    part = np.minimum((middle * n_components).astype(int), n_components - 1)
    components = []
    for index in range(n_components):
        w = np.where(part == index, grid.weight, 0.0)
        total = float(w.sum())
        if total == 0:
            continue
        mean = float((w * grid.mean).sum() / total)
        second = float((w * (variance + grid.mean**2)).sum() / total)
        sd = float(np.sqrt(second - mean**2))
        components.append(Component(weight=total, mean=mean, sd=sd))
    return tuple(components)


def robust(
    informative: tuple[Component, ...],
    *,
    vague_weight: float = 0.2,
    vague_mean: float = 0.0,
    vague_sd: float,
) -> tuple[Component, ...]:
    """Add a vague component, which takes over where new findings contradict the old.

    Parameters
    ----------
    informative : tuple of Component
        What earlier studies say.
    vague_weight : float
        Weight of the vague component, in (0, 1).
    vague_mean, vague_sd : float
        Its mean and standard deviation, in the effect's unit.

    Returns
    -------
    tuple of Component
        The informative components, scaled down, and the vague one last.

    Raises
    ------
    ValueError
        If the weight is not between 0 and 1 or the standard deviation not above 0.

    References
    ----------
    .. [1] Schmidli H, et al. Biometrics 2014;70:1023-1032.
    .. [2] Weru V, Kopp-Schneider A, Wiesenfarth M, Weber S, Calderazzo S. Information
       borrowing in Bayesian clinical trials: choice of tuning parameters for the
       robust mixture prior. arXiv:2412.03185 (2024).

    Examples
    --------
    >>> parts = robust((Component(weight=1.0, mean=0.06, sd=0.02),), vague_sd=0.5)
    >>> [round(part.weight, 2) for part in parts]
    [0.8, 0.2]
    """
    if not 0 < vague_weight < 1 or vague_sd <= 0:
        raise ValueError("the vague weight lies between 0 and 1, its sd above 0")
    scaled = tuple(
        Component(weight=(1 - vague_weight) * part.weight, mean=part.mean, sd=part.sd)
        for part in informative
    )
    vague = Component(weight=vague_weight, mean=vague_mean, sd=vague_sd)
    return (*scaled, vague)


def _check_scales(tau_scale: float, mean_sd: float) -> None:
    if not (1e-100 < tau_scale < 1e100 and mean_sd > 1e-100):
        raise ValueError("the scales of a prior are numbers above 0")
