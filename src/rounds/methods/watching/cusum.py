"""CUSUM: what speaks for a change, summed from when it may have begun."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Cusum", "cusum", "likelihood_scores", "shift_scores"]


@dataclass(frozen=True, eq=False)
class Cusum:
    """The path of a CUSUM, and where it signalled."""

    value: NDArray[np.float64]
    """Shape (n,): after each observation, at least 0; as it stood before a reset."""
    signal: NDArray[np.bool_]
    """Shape (n,): whether it is at the threshold or above."""
    began: tuple[int, ...]
    """For each signal, the first observation since the path last stood at 0: the
    likeliest beginning of what it signals."""


def likelihood_scores(
    events: ArrayLike,
    totals: ArrayLike,
    risks: ArrayLike,
    *,
    odds_ratio: float,
) -> NDArray[np.float64]:
    """Give the log-likelihood ratio of each observation: changed odds against none.

    Parameters
    ----------
    events, totals : array_like of int, shape (n,)
        Events and persons of each observation; totals of 1 are persons one by one.
    risks : array_like of float, shape (n,) or one number
        The probability of the event for each of these persons were nothing changed,
        in (0, 1): from a risk model, or the level to be held.
    odds_ratio : float
        The change that is watched for, above 0 and not 1: 2 for doubled odds, ½ for
        halved ones.

    Returns
    -------
    ndarray, shape (n,)
        Above 0 where it speaks for the change.

    Raises
    ------
    ValueError
        If shapes differ, counts are impossible, or a risk or the ratio is out of range.

    References
    ----------
    Steiner SH, Cook RJ, Farewell VT, Treasure T (2000). Monitoring surgical performance
    using risk-adjusted cumulative sum charts. Biostatistics 1:441-452, as R's vlad
    documents it for `llr_score`: y log R − log(1 − p + R p).

    Examples
    --------
    A person at low risk, who lived and who died, with doubled odds of death:

    >>> likelihood_scores([0, 1], [1, 1], 0.0246, odds_ratio=2).round(2).tolist()
    [-0.02, 0.67]
    """
    x, n = np.asarray(events, dtype=float), np.asarray(totals, dtype=float)
    p = np.asarray(risks, dtype=float)
    if x.shape != n.shape or x.ndim != 1 or p.shape not in {(), x.shape}:
        raise ValueError(
            f"events have shape {x.shape}, totals {n.shape}, risks {p.shape}"
        )
    if not (np.isfinite(x) & np.isfinite(n) & (x >= 0) & (x <= n)).all():
        raise ValueError("events lie between 0 and their total")
    if not ((p > 0) & (p < 1)).all():
        raise ValueError("risks lie between 0 and 1, both left out")
    if not (np.isfinite(odds_ratio) and odds_ratio > 0 and odds_ratio != 1):
        raise ValueError(f"odds_ratio is {odds_ratio}; expected above 0, and not 1")
    change = np.log1p(p * (odds_ratio - 1))
    return np.asarray(x * np.log(odds_ratio) - n * change, dtype=float)


def shift_scores(
    values: ArrayLike, *, mean: float, sd: float, shift: float
) -> NDArray[np.float64]:
    """Give what a tabular CUSUM adds for each continuous observation.

    Parameters
    ----------
    values : array_like of float, shape (n,)
        The observations.
    mean, sd : float
        In control; the standard deviation above 0.
    shift : float
        The change that is watched for, in standard deviations, not 0; below 0 watches
        for a fall.

    Returns
    -------
    ndarray, shape (n,)
        Standardised, towards the shift, less half of it (the reference value that is
        best for that shift).

    Raises
    ------
    ValueError
        If a number is not finite, the standard deviation not above 0, or the shift 0.

    Examples
    --------
    >>> shift_scores([10.0, 13.0], mean=10, sd=2, shift=1).tolist()
    [-0.5, 1.0]
    """
    x = np.asarray(values, dtype=float)
    if not (np.isfinite(x).all() and x.ndim == 1 and np.isfinite(mean)):
        raise ValueError("values and mean are finite numbers")
    if not sd > 0 or not np.isfinite(sd):
        raise ValueError(f"sd is {sd}; expected above 0")
    if shift == 0 or not np.isfinite(shift):
        raise ValueError("shift is a finite number, and not 0")
    towards = np.sign(shift) * (x - mean) / sd
    return np.asarray(towards - abs(shift) / 2, dtype=float)


def cusum(scores: ArrayLike, threshold: float, *, reset: bool = True) -> Cusum:
    """Sum scores from 0, never below it, and signal at the threshold.

    Parameters
    ----------
    scores : array_like of float, shape (n,)
        In the order of time; above 0 where an observation speaks for a change.
    threshold : float
        Above 0: `run_length` gives it for a wanted run length, `false_alarms` for a
        wanted chance of any false signal.
    reset : bool
        Whether the sum begins again at 0 after a signal.

    Returns
    -------
    Cusum
        With as many signals as there were.

    Raises
    ------
    ValueError
        If a score is not finite, or the threshold not above 0.

    Examples
    --------
    >>> path = cusum([-1.0, 0.5, 1.0, 1.0, -0.2], 2.0)
    >>> path.value.tolist(), path.signal.tolist(), path.began
    ([0.0, 0.5, 1.5, 2.5, 0.0], [False, False, False, True, False], (1,))
    """
    w = np.asarray(scores, dtype=float)
    if w.ndim != 1 or not np.isfinite(w).all():
        raise ValueError("scores are finite numbers in one row")
    if not threshold > 0:
        raise ValueError(f"threshold is {threshold}; expected above 0")
    value, signal = np.zeros(w.size), np.zeros(w.size, dtype=bool)
    began, start, height = [], 0, 0.0
    for place, score in enumerate(w.tolist()):
        height = max(0.0, height + score)
        value[place] = height
        if height == 0:
            start = place + 1
        elif height >= threshold:
            signal[place] = True
            began.append(start)
            if reset:
                height, start = 0.0, place + 1
    return Cusum(value, signal, tuple(began))
