"""EWMA: a moving average in which what is older weighs less."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Ewma", "ewma", "ewma_of_counts"]


@dataclass(frozen=True, eq=False)
class Ewma:
    """The path of an EWMA with its limits."""

    value: NDArray[np.float64]
    """Shape (n,): after each observation; as it stood before a reset."""
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    signal: NDArray[np.bool_]
    """Shape (n,): whether it lies beyond a limit."""


def ewma(
    values: ArrayLike,
    *,
    mean: float,
    sd: float | ArrayLike,
    smoothing: float = 0.2,
    width: float = 3.0,
    reset: bool = False,
) -> Ewma:
    """Average observations with weights that fall off, within limits.

    Parameters
    ----------
    values : array_like of float, shape (n,)
        In the order of time.
    mean : float
        In control; the path begins there.
    sd : float or array_like of float, shape (n,)
        Standard deviation in control of each observation, above 0.
    smoothing : float
        Weight of the newest observation, in (0, 1]; smaller finds smaller shifts.
    width : float
        Distance of the limits in the path's own standard deviations, above 0;
        `run_length.ewma_width` gives it for a wanted run length.
    reset : bool
        Whether the path begins again at the mean after a signal.

    Returns
    -------
    Ewma
        Limits are exact from the first observation on, narrow at first. Chances to
        signal are then greater at first than `run_length.ewma_arl`'s, whose limits are
        constant.

    Raises
    ------
    ValueError
        If shapes differ, a number is not finite, or a parameter is out of range.

    References
    ----------
    NIST/SEMATECH e-Handbook of Statistical Methods, "EWMA control charts", and Lucas
    and Saccucci (1990) as R's spc 0.7.2 documents them; the variance is summed
    observation by observation, s²ₜ = λ²σ²ₜ + (1 − λ)² s²ₜ₋₁, which with one σ is
    Montgomery's σ² λ/(2 − λ) (1 − (1 − λ)²ᵗ).

    Examples
    --------
    >>> path = ewma([52.0, 47.0, 53.0], mean=50, sd=2, smoothing=0.3)
    >>> path.value.round(2).tolist(), path.signal.any().item()
    ([50.6, 49.52, 50.56], False)
    """
    x = np.asarray(values, dtype=float)
    try:
        sds = np.broadcast_to(np.asarray(sd, dtype=float), x.shape)
    except ValueError:
        raise ValueError("sd has another shape than the values") from None
    if x.ndim != 1 or not (np.isfinite(x).all() and np.isfinite(mean)):
        raise ValueError("values and mean are finite numbers")
    if not (np.isfinite(sds) & (sds > 0)).all():
        raise ValueError("each sd is above 0")
    if not 0 < smoothing <= 1:
        raise ValueError(f"smoothing is {smoothing}; expected above 0 and at most 1")
    if not width > 0:
        raise ValueError(f"width is {width}; expected above 0")
    value, half = np.empty(x.size), np.empty(x.size)
    signal = np.zeros(x.size, dtype=bool)
    at, variance = float(mean), 0.0
    for place in range(x.size):
        at = smoothing * x[place] + (1 - smoothing) * at
        variance = (smoothing * sds[place]) ** 2 + (1 - smoothing) ** 2 * variance
        value[place], half[place] = at, width * np.sqrt(variance)
        signal[place] = abs(at - mean) > half[place]
        if signal[place] and reset:
            at, variance = float(mean), 0.0
    return Ewma(value, mean - half, mean + half, signal)


def ewma_of_counts(
    events: ArrayLike,
    totals: ArrayLike,
    *,
    proportion: float,
    spread: float = 1.0,
    smoothing: float = 0.2,
    width: float = 3.0,
    reset: bool = False,
) -> Ewma:
    """Average proportions of subgroups with weights that fall off, within limits.

    Parameters
    ----------
    events, totals : array_like of int, shape (n,)
        Events and persons of each subgroup; totals at least 1.
    proportion : float
        In control, in (0, 1).
    spread : float
        How many times subgroups' standard deviations are those of chance alone (sigma
        z of a p′ chart), above 0.
    smoothing, width, reset
        As for `ewma`.

    Returns
    -------
    Ewma
        Proportions; limits are cut at 0 and 1.

    Raises
    ------
    ValueError
        As `ewma`, or if counts are impossible.

    Examples
    --------
    >>> path = ewma_of_counts([30, 28, 15, 14], [50] * 4, proportion=0.6)
    >>> path.signal.tolist()
    [False, False, True, True]
    """
    x, n = np.asarray(events, dtype=float), np.asarray(totals, dtype=float)
    if x.shape != n.shape or not (n >= 1).all() or not ((x >= 0) & (x <= n)).all():
        raise ValueError("events lie between 0 and their total, of at least 1")
    if not 0 < proportion < 1:
        raise ValueError(f"proportion is {proportion}; expected between 0 and 1")
    sd = spread * np.sqrt(proportion * (1 - proportion) / n)
    path = ewma(
        x / n, mean=proportion, sd=sd, smoothing=smoothing, width=width, reset=reset
    )
    return Ewma(
        path.value, np.maximum(path.lower, 0), np.minimum(path.upper, 1), path.signal
    )
