"""Intervals that hold at every look at once, however many and whenever.

What holds exactly, and what only with many persons or clusters:

* exactly, where the score (estimate over variance) moves as a normal sum with known
  variance does, or no more widely (sub-Gaussian);
* asymptotically, where the standard error is estimated from the data, and the estimate
  is a mean or any other with independent increments: with more persons at the *first*
  look the error tends to alpha or less, at few it may be larger;
* in clusters, with the number of clusters, not of persons: the standard error must be
  one between clusters. `df` widens intervals as Student's law does where they are few,
  an approximation; the tests hold it to account from twelve clusters in each arm.

`bounded` has intervals that are exact for proportions and bounded means.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import log_ndtr, ndtr, ndtri, stdtr, stdtrit

from rounds.methods.sequential.boundaries import checked_alpha

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from rounds.methods.sequential.boundaries import Sides

__all__ = [
    "ConfidenceSequence",
    "confidence_sequence",
    "mixture_bound",
    "mixture_log_evidence",
    "mixture_rho",
]

_FAR = 8.0
"""In standard errors: with few degrees of freedom nothing is told beyond."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ConfidenceSequence:
    """An interval at each look, all of which hold the true value together."""

    lower: NDArray[np.float64]
    """Shape (…, k): minus infinity until anything is known."""
    upper: NDArray[np.float64]
    """Shape (…, k): infinite with one side."""
    p_value: NDArray[np.float64]
    """Shape (…, k): of no effect; valid at any look, and never rising."""
    level: float
    """Confidence level of all intervals together."""


def mixture_rho(information: float, alpha: float) -> float:
    """Give the tuning at which the two-sided bound is tightest at some information.

    Parameters
    ----------
    information : float
        Above 0; intrinsic time, in the words of the source.
    alpha : float
        In (0, 1).

    Returns
    -------
    float
        In the unit of the information.

    Raises
    ------
    ValueError
        If a number is out of its range.

    References
    ----------
    Howard SR, Ramdas A, McAuliffe J, Sekhon J (2021). Time-uniform, nonparametric,
    nonasymptotic confidence sequences. Annals of Statistics 49 (arXiv:1810.08240,
    abstract), as their confseq implements it (`TwoSidedNormalMixture::best_rho`).

    Examples
    --------
    >>> round(mixture_rho(100, 0.05), 5)
    12.60056
    """
    if not (np.isfinite(information) and information > 0):
        raise ValueError(f"information is {information}; expected a number above 0")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha}; expected between 0 and 1")
    log = np.log(1 / alpha)
    return float(information / (2 * log + np.log1p(2 * log)))


def mixture_bound(
    information: ArrayLike, *, rho: float, alpha: float, sides: Sides = 2
) -> NDArray[np.float64]:
    """Give the bound that a score ever crosses with probability alpha at most.

    Parameters
    ----------
    information : array_like of float
        At each look, at least 0.
    rho : float
        Above 0: see `mixture_rho`.
    alpha : float
        In (0, 0.5].
    sides : {1, 2}
        Whether the score is bounded above, or on both sides.

    Returns
    -------
    ndarray of float
        Of the score: estimate times information.

    Raises
    ------
    ValueError
        If a number is out of its range.

    References
    ----------
    Robbins's normal mixture, as Howard, Ramdas, McAuliffe and Sekhon implement it in
    confseq (`TwoSidedNormalMixture`, `OneSidedNormalMixture`): of two sides
    √((V + ρ) log((V + ρ) / (ρα²))); of one, the root of their mixture.

    Examples
    --------
    >>> round(float(mixture_bound(100, rho=12.60056, alpha=0.05)), 4)
    30.3521
    """
    v, rho = _informed(information), _above_zero(rho)
    alpha = checked_alpha(alpha, sides)
    if sides == 2:
        square = (v + rho) * np.log((v + rho) / (rho * alpha**2))
        return np.asarray(np.sqrt(square))
    # With x = s / √(V + ρ): x² / 2 + log Φ(x) = this. Convex and rising, so that
    # Newton's steps from the right never pass the root.
    wanted = np.log(1 / alpha) + 0.5 * np.log((v + rho) / (4 * rho))
    x = np.sqrt(2 * (wanted + np.log(2)))
    for _ in range(40):
        density = np.exp(-0.5 * x**2 - log_ndtr(x)) / np.sqrt(2 * np.pi)
        step = (0.5 * x**2 + log_ndtr(x) - wanted) / (x + density)
        x = x - step
        if np.all(np.abs(step) < 1e-13 * (1 + np.abs(x))):
            break
    return np.asarray(x * np.sqrt(v + rho))


def mixture_log_evidence(
    score: ArrayLike, information: ArrayLike, *, rho: float, sides: Sides = 2
) -> NDArray[np.float64]:
    """Give the logarithm of the evidence against no effect, at each look.

    Parameters
    ----------
    score : array_like of float
        Estimate times information.
    information : array_like of float
        At each look, at least 0.
    rho : float
        Above 0.
    sides : {1, 2}
        Whether an effect above is looked for, or one on either side.

    Returns
    -------
    ndarray of float
        Of a martingale that starts at 1: under no effect it ever reaches 1/α with
        probability α at most.

    Raises
    ------
    ValueError
        If a number is out of its range.

    References
    ----------
    As `mixture_bound`; `log_superMG` of confseq.

    Examples
    --------
    >>> round(float(mixture_log_evidence(10, 100, rho=12.60056)), 5)
    -0.65101
    """
    s, v, rho = np.asarray(score, dtype=float), _informed(information), _above_zero(rho)
    found = 0.5 * np.log(rho / (v + rho)) + s**2 / (2 * (v + rho))
    if sides == 2:
        return np.asarray(found)
    return np.asarray(found + np.log(2) + log_ndtr(s / np.sqrt(v + rho)))


def confidence_sequence(
    estimates: ArrayLike,
    ses: ArrayLike,
    *,
    alpha: float,
    tightest: float,
    sides: Sides = 2,
    df: ArrayLike | None = None,
) -> ConfidenceSequence:
    """Give intervals of an effect that hold at all looks together.

    Parameters
    ----------
    estimates : array_like of float, shape (…, k)
        Of the effect, each from all data up to its look; the looks are last.
    ses : array_like of float, shape (…, k)
        Their standard errors, above 0; infinite where nothing is known yet.
    alpha : float
        Error of all looks together, in (0, 0.5].
    tightest : float
        The standard error at which the interval is to be tightest, fixed before any
        data: about that of the planned last look. It changes the width, not the error.
    sides : {1, 2}
        Whether there is a lower limit alone, or both.
    df : array_like of float, optional
        Degrees of freedom of each standard error, where they are few.

    Returns
    -------
    ConfidenceSequence
        Each interval is cut to what all before it hold as well; where they contradict
        each other nothing is left, and lower lies above upper. Exact or asymptotic: see
        the head of this module.

    Raises
    ------
    ValueError
        If shapes differ, an estimate is not finite, a standard error not above 0, or
        another number out of its range.

    References
    ----------
    Waudby-Smith I, Arbour D, Sinha R, Kennedy EH, Ramdas A (2024). Time-uniform central
    limit theory and asymptotic confidence sequences. Annals of Statistics
    (arXiv:2103.06476, abstract), as their drconfseq implements it: `std_conjmix_margin`
    at time t with variance σ² is this one at information t/σ². With df the bound in
    standard errors is that quantile of Student's law which has the same tail.

    Examples
    --------
    >>> found = confidence_sequence([0.3, 0.2], [0.1, 0.05], alpha=0.05, tightest=0.05)
    >>> found.lower.round(2).tolist(), found.upper.round(2).tolist()
    ([-0.03, 0.05], [0.63, 0.35])
    """
    value, se = _checked(estimates, ses)
    rho = mixture_rho(1 / _above_zero(tightest) ** 2, _both(alpha, sides))
    v = 1 / se**2
    known = v > 0
    root = np.sqrt(np.where(known, v, 1.0))
    z_bound = mixture_bound(root**2, rho=rho, alpha=alpha, sides=sides) / root
    z = np.where(known, value * root, 0.0)
    if df is not None:
        z_bound, z = _widened(z_bound, z, np.asarray(df, dtype=float))
    half = np.where(known, z_bound * np.where(known, se, 1.0), np.inf)
    evidence = mixture_log_evidence(z * np.sqrt(v), v, rho=rho, sides=sides)
    lower, upper = value - half, value + half
    if sides == 1:
        upper = np.full(upper.shape, np.inf)
    p_value = np.exp(-np.maximum(evidence, 0.0))
    return ConfidenceSequence(
        lower=np.maximum.accumulate(lower, axis=-1),
        upper=np.minimum.accumulate(upper, axis=-1),
        p_value=np.minimum.accumulate(p_value, axis=-1),
        level=1 - alpha,
    )


def _widened(
    bound: NDArray[np.float64], z: NDArray[np.float64], df: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Move from the normal law to Student's: the bound out, the statistic in."""
    if not (df > 0).all():
        raise ValueError("degrees of freedom are numbers above 0")
    wider = np.where(bound < _FAR, -stdtrit(df, ndtr(-np.minimum(bound, _FAR))), np.inf)
    inner = -ndtri(np.maximum(stdtr(df, -np.abs(z)), 1e-300))
    return wider, np.sign(z) * np.where(inner > _FAR, _FAR, inner)


def _checked(
    estimates: ArrayLike, ses: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    value, se = np.asarray(estimates, dtype=float), np.asarray(ses, dtype=float)
    if value.shape != se.shape or value.ndim < 1:
        raise ValueError(
            f"estimates have shape {value.shape}, standard errors {se.shape}"
        )
    if not np.isfinite(value).all() or not (se > 0).all():
        raise ValueError("estimates are finite, and standard errors above 0")
    return value, se


def _both(alpha: float, sides: Sides) -> float:
    """Give the error whose two-sided tuning serves as many sides."""
    alpha = checked_alpha(alpha, sides)
    return alpha if sides == 2 else min(2 * alpha, 0.99)


def _informed(information: ArrayLike) -> NDArray[np.float64]:
    v = np.asarray(information, dtype=float)
    if not (np.isfinite(v) & (v >= 0)).all():
        raise ValueError("information is finite, and at least 0")
    return v


def _above_zero(number: float) -> float:
    if not (np.isfinite(number) and number > 0):
        raise ValueError(f"{number} is not a number above 0")
    return float(number)
