"""Each effect against all the others: deletion (externally studentised) residuals.

An effect that lies far from the rest pulls their mean towards itself and makes them
look more spread out than they are. So each is held against a mean and a variance that
were estimated without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import chdtri

from rounds.methods.priors.meta import heterogeneity

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "DeletionResiduals",
    "deletion_residuals",
    "median_paule_mandel",
    "paule_mandel",
]

_STEPS = 100
_BLOCK = 512
"""Subsets solved at once: memory is this times the number of effects."""


@dataclass(frozen=True, kw_only=True)
class DeletionResiduals:
    """How far each effect lies from what the others lead one to expect."""

    residual: NDArray[np.float64]
    """Shape (k,): effect minus the others' mean."""
    se: NDArray[np.float64]
    """Shape (k,): of that difference: its own variance, that between the others, and
    that of their mean."""
    z: NDArray[np.float64]
    """Shape (k,): residual over se; about standard normal where k is large."""
    tau2: NDArray[np.float64]
    """Shape (k,): variance between the others."""


def deletion_residuals(
    effects: ArrayLike,
    ses: ArrayLike,
    *,
    estimator: Literal["PM", "DL", "REML"] = "PM",
) -> DeletionResiduals:
    """Compare each effect with a random-effects model of all the others.

    Parameters
    ----------
    effects : array_like of float, shape (k,)
        On one additive scale; k at least 3.
    ses : array_like of float, shape (k,)
        Their standard errors, above 0.
    estimator : {"PM", "DL", "REML"}
        Of the variance between effects: Paule and Mandel's, DerSimonian and Laird's, or
        restricted maximum likelihood.

    Returns
    -------
    DeletionResiduals
        What metafor's `rstudent` gives of an `rma` model without moderators.

    Raises
    ------
    ValueError
        If there are fewer than three effects, shapes differ, or a number is impossible.

    References
    ----------
    .. [1] Viechtbauer W, Cheung MW-L. Outlier and influence diagnostics for
       meta-analysis. Research Synthesis Methods 2010;1:112-125, as the R package
       metafor implements it in `rstudent.rma.uni`.
    .. [2] Jones HE, Spiegelhalter DJ. The identification of "unusual" health-care
       providers from a hierarchical model. The American Statistician 2011;65:154-163
       (abstract): providers are compared with the spread of the others, not with their
       mean alone.

    Examples
    --------
    >>> found = deletion_residuals([0.0, 0.1, -0.1, 0.0, 2.0], [0.1] * 5)
    >>> found.z.round(1).tolist()
    [-0.4, -0.3, -0.6, -0.4, 17.9]
    """
    y, s = _checked(effects, ses, least=3)
    others = ~np.eye(y.size, dtype=bool)
    if estimator == "PM":
        tau2 = paule_mandel(y, s, among=others)
    else:
        tau2 = np.array(
            [heterogeneity(y[of], s[of], estimator=estimator) for of in others]
        )
    w = others / (s**2 + tau2[:, None])
    total = w.sum(axis=1)
    residual = y - (w @ y) / total
    se = np.sqrt(s**2 + tau2 + 1 / total)
    return DeletionResiduals(residual=residual, se=se, z=residual / se, tau2=tau2)


def paule_mandel(
    effects: ArrayLike, ses: ArrayLike, *, among: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Estimate the variance between effects, in one or many subsets of them.

    Parameters
    ----------
    effects, ses : array_like of float, shape (k,)
        Effects and their standard errors, above 0.
    among : array_like of bool, shape (m, k), optional
        Which effects belong to each subset, two at least; all, where not given.

    Returns
    -------
    ndarray of float, shape (m,)
        At least 0: where it is above, the weighted sum of squares about the mean equals
        its degrees of freedom.

    Raises
    ------
    ValueError
        If there are fewer than two effects in a subset, shapes differ, or a number is
        impossible.

    Notes
    -----
    The sum of squares falls and is convex as the variance rises, so that Newton's steps
    from 0 go up to the solution and never past it.

    References
    ----------
    .. [1] Paule RC, Mandel J. Consensus values and weighting factors. Journal of
       Research of the National Bureau of Standards 1982;87:377-385, as the R packages
       pimeta (`tau2h_pm`) and metRology (`mpaule`, the same steps) implement it.

    Examples
    --------
    >>> paule_mandel([0.0, 2.0], [0.5, 0.5]).round(9).tolist()
    [1.75]
    """
    y, s = _checked(effects, ses, least=2)
    of = np.ones((1, y.size)) if among is None else np.asarray(among, dtype=float)
    if of.ndim != 2 or of.shape[1] != y.size or (of.sum(axis=1) < 2).any():
        raise ValueError("each subset has two effects at least")
    parts = [of[i : i + _BLOCK] for i in range(0, len(of), _BLOCK)]
    return np.concatenate([_newton(y, s**2, part) for part in parts])


def median_paule_mandel(effects: ArrayLike, ses: ArrayLike) -> tuple[float, float]:
    """Estimate centre and variance of effects of which up to half may be anything.

    Parameters
    ----------
    effects, ses : array_like of float, shape (k,)
        Effects and their standard errors, above 0; k at least 2.

    Returns
    -------
    centre, tau2 : float
        The median, and the variance between effects at which half of the squared
        distances from it, over their variances, are below the median of a chi-squared
        value with one degree of freedom; at least 0.

    Raises
    ------
    ValueError
        If there are fewer than two effects, shapes differ, or a number is impossible.

    Notes
    -----
    It is far less exact than `paule_mandel` where all effects belong together: a place
    to begin from, so that several outliers do not hide each other.

    References
    ----------
    .. [1] The R package psychmeta, `.tau_squared_m_solver` by Lin and Chu, measures by
       distances from the median too; this is Paule and Mandel's equation with medians.

    Examples
    --------
    >>> centre, tau2 = median_paule_mandel([-1.0, 0.0, 1.0, 90.0], [0.1] * 4)
    >>> centre, round(tau2, 2)
    (0.5, 2.74)
    """
    y, s = _checked(effects, ses, least=2)
    centre = float(np.median(y))
    square, v = (y - centre) ** 2, s**2
    half = float(chdtri(1, 0.5))
    # Where half of these are below a number, half of the ratios are below theirs.
    return centre, max(0.0, float(np.median(square / half - v)))


def _newton(
    y: NDArray[np.float64], v: NDArray[np.float64], of: NDArray[np.float64]
) -> NDArray[np.float64]:
    freedom = of.sum(axis=1) - 1
    tau2 = np.zeros(len(of))
    for _ in range(_STEPS):
        w = of / (v + tau2[:, None])
        mean = (w @ y) / w.sum(axis=1)
        square = w * (y - mean[:, None]) ** 2
        excess = square.sum(axis=1) - freedom
        slope = (w * square).sum(axis=1)
        step = np.where(excess > 0, excess / np.maximum(slope, 1e-300), 0.0)
        tau2 = tau2 + step
        if (step <= 1e-12 * tau2).all():
            break
    return tau2


def _checked(
    effects: ArrayLike, ses: ArrayLike, least: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    y, s = np.asarray(effects, dtype=float), np.asarray(ses, dtype=float)
    if y.ndim != 1 or y.shape != s.shape:
        raise ValueError(f"{y.size} effects for {s.size} standard errors")
    if y.size < least:
        raise ValueError(f"{y.size} effects, where {least} are the least")
    if not (np.isfinite(y).all() and np.isfinite(s).all() and (s > 0).all()):
        raise ValueError("effects are finite, and standard errors finite and above 0")
    return y, s
