"""How much more units vary than chance allows, from their winsorised z-scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Dispersion",
    "Overdispersion",
    "dispersion",
    "widened",
    "winsorised",
]

Overdispersion = Literal["additive", "multiplicative", "none"]
"""How limits allow for it: a variance between units added to that of chance, one factor
on the variance of every unit, or not at all."""


@dataclass(frozen=True, kw_only=True)
class Dispersion:
    """Both ways of saying how much units vary beyond chance."""

    phi: float
    """Mean squared winsorised z-score; near 1 under chance."""
    tau2: float
    """Variance between units on the scale of the z-scores' numerators, at least 0."""


def dispersion(z: ArrayLike, se: ArrayLike, winsorise: float = 0.1) -> Dispersion:
    """Estimate over-dispersion by moments, with outliers pulled in.

    Parameters
    ----------
    z : array_like of float, shape (n_units,)
        Distances from the target in standard errors of chance.
    se : array_like of float, shape (n_units,)
        Those standard errors, above 0.
    winsorise : float
        Share of z-scores pulled in at either end, so that true outliers do not hide
        themselves.

    Returns
    -------
    Dispersion
        tau² is the moment estimator (DerSimonian and Laird's form).

    Raises
    ------
    ValueError
        If there are fewer than two units, or the share is not in [0, 0.5).

    Notes
    -----
    Winsorising makes the spread look a little smaller than it is: where units differ by
    a normal spread, about 1% of them, not 0.2%, lie beyond 99.8% limits.
    `rounds.methods.funnels.funnel` has no such limits.

    References
    ----------
    .. [1] Spiegelhalter DJ. Handling over-dispersion of performance indicators.
       Quality and Safety in Health Care 2005;14:347-351; as the R package FunnelPlotR
       implements it, which the tests compare.

    Examples
    --------
    >>> found = dispersion([-3.0, -1.0, 1.0, 3.0], [0.1] * 4, winsorise=0)
    >>> found.phi, round(found.tau2, 4)
    (5.0, 0.0567)
    """
    scores = np.asarray(z, dtype=float)
    if scores.size < 2:
        raise ValueError(f"over-dispersion needs at least two units, not {scores.size}")
    phi = float(np.mean(winsorised(scores, winsorise) ** 2))
    w = 1 / np.asarray(se, dtype=float) ** 2
    spread = float(w.sum() - (w**2).sum() / w.sum())
    k = scores.size
    return Dispersion(phi=phi, tau2=max(0.0, (k * phi - (k - 1)) / spread))


def winsorised(z: ArrayLike, share: float = 0.1) -> NDArray[np.float64]:
    """Pull the most extreme z-scores in to the quantiles at `share` and 1 − `share`.

    Parameters
    ----------
    z : array_like of float, shape (n_units,)
        Scores.
    share : float
        In [0, 0.5).

    Returns
    -------
    ndarray of float, shape (n_units,)
        Scores between the two quantiles (R's type 7).

    Raises
    ------
    ValueError
        If the share is not in [0, 0.5).

    Examples
    --------
    >>> winsorised([-9.0, 0.0, 1.0, 2.0, 3.0], 0.25).tolist()
    [0.0, 0.0, 1.0, 2.0, 2.0]
    """
    if not 0 <= share < 0.5:
        raise ValueError(f"winsorise is between 0 and 0.5, not {share}")
    scores = np.asarray(z, dtype=float)
    low, high = np.quantile(scores, [share, 1 - share])
    return np.asarray(np.clip(scores, low, high), dtype=float)


def widened(
    se: ArrayLike, found: Dispersion, how: Overdispersion
) -> NDArray[np.float64]:
    """Give the standard errors that limits with over-dispersion stand on.

    Parameters
    ----------
    se : array_like of float, shape (n,)
        Standard errors of chance.
    found : Dispersion
        What `dispersion` found.
    how : {"additive", "multiplicative", "none"}
        A factor below 1 is not used: limits are never narrower than chance.

    Returns
    -------
    ndarray of float, shape (n,)
        √(se² + tau²), se·√phi, or se.

    Raises
    ------
    ValueError
        If `how` is none of the three.

    Examples
    --------
    >>> widened([0.3], Dispersion(phi=4.0, tau2=0.16), "additive").round(6).tolist()
    [0.5]
    >>> widened([0.3], Dispersion(phi=4.0, tau2=0.16), "multiplicative").tolist()
    [0.6]
    """
    s = np.asarray(se, dtype=float)
    if how == "additive":
        return np.asarray(np.sqrt(s**2 + found.tau2), dtype=float)
    if how == "multiplicative":
        return np.asarray(s * np.sqrt(max(found.phi, 1.0)), dtype=float)
    if how == "none":
        return s
    raise ValueError(f"over-dispersion is additive, multiplicative or none, not {how}")
