"""How long a chart runs before it signals, and the limit that gives a wanted length.

The average run length (ARL) in control is the mean time to a false signal; out of
control, the mean time to a true one. Time is counted in observations from the start,
with the chart at its start value (zero-state).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "cusum_arl",
    "cusum_threshold",
    "ewma_arl",
    "ewma_width",
    "score_arl",
    "score_threshold",
]

_NODES = 80
_STATES = 500


def cusum_arl(
    k: float, h: float, *, shift: float = 0.0, two_sided: bool = False
) -> float:
    """Give the average run length of a CUSUM of normal observations.

    Parameters
    ----------
    k : float
        Reference value: what is taken from each observation, in standard deviations.
    h : float
        Threshold, in standard deviations, above 0.
    shift : float
        True mean, in standard deviations from the one in control.
    two_sided : bool
        Whether a second CUSUM watches for the other side.

    Returns
    -------
    float
        Observations, at least 1.

    Raises
    ------
    ValueError
        If the threshold is not above 0.

    References
    ----------
    The integral equation of the ARL, by Gauss–Legendre quadrature, as R's spc 0.7.2
    documents it for `xcusum.arl`; the two-sided one by 1/ARL = 1/ARL⁺ + 1/ARL⁻. The
    tests hold it against the tables printed there.

    Examples
    --------
    >>> round(cusum_arl(0.5, 4, two_sided=True))
    168
    """
    if two_sided:
        up, down = (cusum_arl(k, h, shift=one) for one in (shift, -shift))
        return 1 / (1 / up + 1 / down)
    at, weight = _quadrature(0.0, _above_zero(h))
    # The chart rests at 0 with a chance of its own, so 0 is a state beside the nodes.
    states = np.append(0.0, at)
    moves = _density(at[None, :] - states[:, None] + k - shift) * weight
    rests = ndtr(k - shift - states)[:, None]
    return _from_start(np.hstack([rests, moves]))


def ewma_arl(smoothing: float, width: float, *, shift: float = 0.0) -> float:
    """Give the average run length of a two-sided EWMA of normal observations.

    Parameters
    ----------
    smoothing : float
        Weight of the newest observation, in (0, 1].
    width : float
        Distance of the (constant) limits, in the chart's own standard deviations.
    shift : float
        True mean, in standard deviations of one observation.

    Returns
    -------
    float
        Observations, at least 1.

    Raises
    ------
    ValueError
        If the smoothing is not in (0, 1], or the width not above 0.

    References
    ----------
    As R's spc 0.7.2 documents it for `xewma.arl(sided = "two", limits = "fix")`.

    Examples
    --------
    >>> round(ewma_arl(0.5, 3.071))
    500
    """
    if not 0 < smoothing <= 1:
        raise ValueError(f"smoothing is {smoothing}; expected above 0 and at most 1")
    limit = _above_zero(width) * np.sqrt(smoothing / (2 - smoothing))
    at, weight = _quadrature(-limit, limit)
    states = np.append(0.0, at)
    moves = (at[None, :] - (1 - smoothing) * states[:, None]) / smoothing - shift
    density = _density(moves) * weight / smoothing
    # Nothing ever rests at the start value exactly.
    return _from_start(np.hstack([np.zeros((len(states), 1)), density]))


def score_arl(scores: ArrayLike, probabilities: ArrayLike, threshold: float) -> float:
    """Give the average run length of a CUSUM of scores with a known law.

    Parameters
    ----------
    scores : array_like of float, shape (n,)
        What one observation may add: for the risk-adjusted CUSUM, two scores for each
        risk.
    probabilities : array_like of float, shape (n,)
        How likely each is; they add up to 1.
    threshold : float
        Above 0.

    Returns
    -------
    float
        Observations, at least 1; infinite where no sum of scores ever gets there.

    Raises
    ------
    ValueError
        If shapes differ, or the probabilities are no law.

    References
    ----------
    The Markov chain of Brook and Evans (1972), as R's vlad documents it for
    `racusum_arl_mc`; a score that lands between two states is shared by both in
    proportion (its "paired rounding").

    Examples
    --------
    Up or down a step with even chance, from 0 to beyond 1 of a walk that rests at 0:

    >>> round(score_arl([1, -1], [0.5, 0.5], 1.5), 1)
    6.0
    """
    w, q = _law(scores, probabilities)
    at = np.linspace(0.0, _above_zero(threshold), _STATES + 1)
    if w.max() <= 0:
        return float("inf")
    after = np.maximum(at[:, None] + w, 0.0)
    place = after / at[1]
    below = np.minimum(np.floor(place + 1e-9).astype(np.intp), _STATES)
    share = np.clip(place - below, 0.0, 1.0)
    inside = after < threshold - 1e-12
    chance = np.where(inside, q, 0.0)
    moves = np.zeros((_STATES + 1, _STATES + 1))
    row = np.broadcast_to(np.arange(_STATES + 1)[:, None], below.shape)
    np.add.at(moves, (row, below), chance * (1 - share))
    np.add.at(moves, (row, np.minimum(below + 1, _STATES)), chance * share)
    return _from_start(moves)


def cusum_threshold(k: float, arl: float, *, two_sided: bool = False) -> float:
    """Give the threshold at which a normal CUSUM has an in-control run length.

    Parameters
    ----------
    k : float
        Reference value, in standard deviations.
    arl : float
        Wanted average run length in control, above 1.
    two_sided : bool
        Whether both sides are watched.

    Returns
    -------
    float
        In standard deviations.

    Raises
    ------
    ValueError
        If no threshold up to 100 gives that run length.

    Examples
    --------
    >>> round(cusum_threshold(0.5, 168, two_sided=True), 1)
    4.0
    """
    return _solve(lambda h: cusum_arl(k, h, two_sided=two_sided), arl, 20.0)


def ewma_width(smoothing: float, arl: float) -> float:
    """Give the width of limits at which an EWMA has an in-control run length.

    Parameters
    ----------
    smoothing : float
        Weight of the newest observation, in (0, 1].
    arl : float
        Wanted average run length in control, above 1.

    Returns
    -------
    float
        In the chart's own standard deviations.

    Raises
    ------
    ValueError
        If the smoothing is not in (0, 1], or no width gives that run length.

    Examples
    --------
    >>> round(ewma_width(0.03, 500), 2)
    2.44
    """
    return _solve(lambda width: ewma_arl(smoothing, width), arl, 6.0)


def score_threshold(scores: ArrayLike, probabilities: ArrayLike, arl: float) -> float:
    """Give the threshold at which a CUSUM of scores has an in-control run length.

    Parameters
    ----------
    scores, probabilities : array_like of float, shape (n,)
        The law in control: see `score_arl`.
    arl : float
        Wanted average run length in control, above 1.

    Returns
    -------
    float
        The run length grows in steps where scores are few, so the wanted one may lie
        between two thresholds; the one given is between them.

    Raises
    ------
    ValueError
        If no threshold gives that run length.

    Examples
    --------
    >>> h = score_threshold([1.0, -0.4], [0.2, 0.8], 100)
    >>> bool(3 < h < 5)
    True
    """
    w, q = _law(scores, probabilities)
    return _solve(lambda h: score_arl(w, q, h), arl, 20 * float(np.abs(w).max()) + 10)


def _law(
    scores: ArrayLike, probabilities: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    w, q = np.asarray(scores, dtype=float), np.asarray(probabilities, dtype=float)
    if w.shape != q.shape or w.ndim != 1 or not w.size:
        raise ValueError(f"scores have shape {w.shape}, probabilities {q.shape}")
    if not np.isfinite(w).all() or (q < 0).any() or abs(q.sum() - 1) > 1e-6:
        raise ValueError("scores are finite, and probabilities add up to 1")
    return w, q


def _above_zero(limit: float) -> float:
    if not (np.isfinite(limit) and limit > 0):
        raise ValueError(f"a limit is {limit}; expected a number above 0")
    return float(limit)


def _quadrature(
    low: float, high: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    node, weight = np.polynomial.legendre.leggauss(_NODES)
    half = (high - low) / 2
    return low + half * (node + 1), half * weight


def _density(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.exp(-0.5 * x**2) / np.sqrt(2 * np.pi))


def _from_start(moves: NDArray[np.float64]) -> float:
    """Give the mean number of steps until the chain is left, from its first state."""
    size = len(moves)
    try:
        steps = np.linalg.solve(np.eye(size) - moves, np.ones(size))
    except np.linalg.LinAlgError:
        return float("inf")
    return float(steps[0]) if steps[0] >= 1 - 1e-6 else float("inf")


def _solve(length: Callable[[float], float], arl: float, high: float) -> float:
    if not (np.isfinite(arl) and arl > 1):
        raise ValueError(f"arl is {arl}; expected a finite number above 1")
    low = 1e-3
    if length(low) >= arl:
        raise ValueError(f"every limit runs longer than {arl} observations")

    def short(limit: float) -> float:
        steps = length(limit)
        return min(float(np.log(steps / arl)), 50.0) if np.isfinite(steps) else 50.0

    end = low * 2
    while short(end) < 0 and end < high:
        end *= 2
    if short(end) < 0:
        raise ValueError(f"no limit up to {end:.0f} runs as long as {arl} observations")
    return float(brentq(short, end / 2, end, xtol=1e-6))
