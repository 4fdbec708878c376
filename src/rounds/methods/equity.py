"""Effects in groups, drawn together as far as they may be one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["PooledGroups", "pool_groups"]


@dataclass(frozen=True, eq=False)
class PooledGroups:
    """Group effects after partial pooling."""

    values: NDArray[np.float64]
    ses: NDArray[np.float64]
    tau2: float
    """Between-group variance of the true effects."""


def pool_groups(effects: ArrayLike, ses: ArrayLike) -> PooledGroups:
    """Shrink group effects towards their common mean (normal-normal).

    Parameters
    ----------
    effects, ses : array of float, shape (n_groups,)
        Each group's effect and its standard error; groups count as independent.

    Returns
    -------
    PooledGroups
        Posterior means and standard deviations given the moment estimate of the
        between-group variance; the common mean's own uncertainty is carried along.
        Where groups differ no more than chance, all are nearly the common mean.

    Raises
    ------
    ValueError
        If shapes differ, there are fewer than two groups, or an error is not positive.

    References
    ----------
    Best linear unbiased predictions of study-specific true effects, as R's metafor
    documents them for `blup` of an `rma` model, whose method "DL" is the moment
    estimator of DerSimonian and Laird (rdocumentation.org/packages/metafor, 4.8-0).

    Examples
    --------
    >>> pool_groups([0.05, 0.05], [0.01, 0.03]).values.round(3).tolist()
    [0.05, 0.05]
    """
    y = np.asarray(effects, dtype=float)
    s = np.asarray(ses, dtype=float)
    if y.ndim != 1 or y.shape != s.shape or len(y) < 2:
        raise ValueError(
            f"effects has shape {y.shape} and ses {s.shape}; expected one (k,), k >= 2"
        )
    if not (s > 0).all():
        raise ValueError("standard errors must be positive")
    w = 1 / s**2
    mean = (w * y).sum() / w.sum()
    q = (w * (y - mean) ** 2).sum()
    c = w.sum() - (w**2).sum() / w.sum()
    tau2 = max(0.0, float((q - (len(y) - 1)) / c))
    v = 1 / (s**2 + tau2)
    mean = (v * y).sum() / v.sum()
    own = tau2 / (tau2 + s**2)
    values = own * y + (1 - own) * mean
    ses_pooled = np.sqrt(own * s**2 + (1 - own) ** 2 / v.sum())
    return PooledGroups(values, ses_pooled, tau2)
