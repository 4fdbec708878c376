"""The outcome's own value before the trial: what adjusting saves (ANCOVA, CUPED).

CUPED takes theta times the baseline away from the outcome, theta being their slope;
ANCOVA estimates that slope with the effect. In a randomised trial both have, for many
persons, the same variance: that of the outcome times one less their squared
correlation. What is fitted here is ANCOVA, by the trial's own method.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Saving", "fill_missing", "saving"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Saving:
    """What a baseline saves."""

    correlation: float
    """Of outcome and baseline, within arms."""
    variance_saved: float
    """1 − the variance of the effect with it over that without; may be below 0."""


def fill_missing(baseline: ArrayLike) -> tuple[Floats, int]:
    """Give everybody a baseline: where it is missing, the mean of all who have one.

    Parameters
    ----------
    baseline : array of float, shape (n_persons,)
        NaN where it is missing.

    Returns
    -------
    filled : array of float, shape (n_persons,)
    n_missing : int

    Raises
    ------
    ValueError
        If one is infinite, none is known, or all are the same.

    References
    ----------
    White IR, Thompson SG (2005). Adjusting for partially missing baseline measurements
    in randomized trials. Statistics in Medicine 24:993-1007 (the mean, the same in all
    arms, leaves the effect unbiased: the arm was drawn regardless of it).

    Examples
    --------
    >>> filled, n = fill_missing([1.0, float("nan"), 3.0])
    >>> filled.tolist(), n
    ([1.0, 2.0, 3.0], 1)
    """
    values = np.asarray(baseline, dtype=float)
    missing = np.isnan(values)
    known = values[~missing]
    if not np.isfinite(known).all():
        raise ValueError("a baseline is finite or missing")
    if not len(known) or known.min() == known.max():
        raise ValueError("the baseline is known of nobody, or the same for all")
    return np.where(missing, known.mean(), values), int(missing.sum())


def saving(
    outcome: ArrayLike,
    baseline: ArrayLike,
    active: ArrayLike,
    *,
    se_with: float,
    se_without: float,
) -> Saving:
    """Say what adjusting for a baseline saves.

    Parameters
    ----------
    outcome, baseline : array of float, shape (n_persons,)
        Known of all.
    active : array of bool, shape (n_persons,)
        The arm.
    se_with, se_without : float
        Standard errors of the effect, adjusted for the baseline and not.

    Returns
    -------
    Saving

    Raises
    ------
    ValueError
        If shapes differ, a number is not finite, a standard error is not above 0, or
        outcome or baseline does not vary within the arms.

    References
    ----------
    Frison L, Pocock SJ (1992). Repeated measures in clinical trials: analysis using
    mean summary statistics and its implications for design. Statistics in Medicine
    11:1685-1704 (variance times 1 − correlation squared).
    Deng A, Xu Y, Kohavi R, Walker T (2013). Improving the sensitivity of online
    controlled experiments by utilizing pre-experiment data. WSDM, 123-132 (CUPED).

    Examples
    --------
    >>> arm = [0, 0, 1, 1]
    >>> found = saving([1, 2, 3, 5], [1, 2, 1, 2], arm, se_with=1, se_without=2)
    >>> round(found.correlation, 3), found.variance_saved
    (0.949, 0.75)
    """
    y, x = np.asarray(outcome, dtype=float), np.asarray(baseline, dtype=float)
    arm = np.asarray(active, dtype=bool)
    if y.ndim != 1 or y.shape != x.shape or y.shape != arm.shape:
        raise ValueError("outcome, baseline and arm are of the same persons")
    if not (np.isfinite(y).all() and np.isfinite(x).all()):
        raise ValueError("outcome and baseline must be finite")
    if not (se_with > 0 and se_without > 0):
        raise ValueError("standard errors are above 0")
    y, x = y.copy(), x.copy()
    for some in (arm, ~arm):
        if some.any():
            y[some] -= y[some].mean()
            x[some] -= x[some].mean()
    size = float(np.sqrt((y @ y) * (x @ x)))
    if not size > 0:
        raise ValueError("outcome or baseline does not vary within the arms")
    return Saving(float(y @ x) / size, 1 - (se_with / se_without) ** 2)
