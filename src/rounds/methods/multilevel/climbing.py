"""Up a likelihood in which some parameters are standard deviations, which end at 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["climb"]


def climb(
    slope: Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]],
    at: NDArray[np.float64],
    inverse: NDArray[np.float64],
    *,
    n_sds: int,
    largest: float,
) -> tuple[NDArray[np.float64], float]:
    """Climb by quasi-Newton steps (BFGS) that begin with a curvature from near by.

    A likelihood is even in a standard deviation, so that at 0 its slope is 0 whatever
    lies beside it: who steps onto 0 stays there. Here a standard deviation comes down
    to a fifth at most in one step.

    Parameters
    ----------
    slope : callable
        Of parameters, to the log-likelihood and its gradient, shape (n,).
    at : ndarray, shape (n,)
        Where to begin; a standard deviation that is 0 stays so.
    inverse : ndarray, shape (n, n)
        A guess of the inverse of minus the second derivatives.
    n_sds : int
        How many parameters at the end are standard deviations.
    largest : float
        Their greatest value.

    Returns
    -------
    at : ndarray, shape (n,)
    log_likelihood : float
        Within about 1e-5 of the maximum.

    Examples
    --------
    >>> def hill(z):
    ...     return -float((z[0] - 1) ** 2 + (z[1] ** 2 - 0.04) ** 2), np.array(
    ...         [-2 * (z[0] - 1), -4 * z[1] * (z[1] ** 2 - 0.04)]
    ...     )
    >>> found, _ = climb(
    ...     hill, np.array([0.0, 1.0]), np.eye(2) * 0.5, n_sds=1, largest=6.0
    ... )
    >>> found.round(1).tolist()
    [1.0, 0.2]
    """
    size = at.size - n_sds
    value, gradient = slope(at)
    for _ in range(60):
        step = np.asarray(inverse @ gradient, dtype=float)
        if float(step @ gradient) <= 0:
            inverse, step = np.eye(at.size) * 0.01, gradient * 0.01
        step[size:][at[size:] == 0] = 0.0
        for _ in range(12):
            tried = at + step
            tried[size:] = np.clip(tried[size:], 0.2 * at[size:], largest)
            there, turned = slope(tried)
            if there > value - 1e-10:
                break
            step = step / 3
        else:
            break
        moved, change, gain = tried - at, gradient - turned, there - value
        at, value, gradient = tried, there, turned
        if gain < 1e-5 and (np.abs(moved) < 0.02).all():
            break
        inner = float(moved @ change)
        if inner > 1e-10:
            left = np.eye(at.size) - np.outer(moved, change) / inner
            inverse = left @ inverse @ left.T + np.outer(moved, moved) / inner
    return at, value
