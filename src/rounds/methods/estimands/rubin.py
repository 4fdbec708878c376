"""Rubin's rules: one answer from several completed data sets."""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike

__all__ = ["Pooled", "pool_imputations"]


@dataclass(frozen=True)
class Pooled:
    """An estimate whose standard error knows that outcomes are missing."""

    estimate: float
    se: float
    df: float
    """Barnard and Rubin's."""
    lower: float
    upper: float
    p_value: float
    within: float
    """Mean variance of the completed data sets."""
    between: float
    """Variance between their estimates."""
    fraction_missing: float
    """Of the information, as R's mice has it (`fmi`)."""
    m: int


def pool_imputations(
    estimates: ArrayLike,
    standard_errors: ArrayLike,
    df_complete: float = np.inf,
    *,
    level: float = 0.95,
) -> Pooled:
    """Pool the estimates of completed data sets.

    Parameters
    ----------
    estimates, standard_errors : array of float, shape (m,)
        Of each completed data set, on the scale on which the estimate is a sum.
    df_complete : float
        Degrees of freedom, were nothing missing; of clusters, theirs.
    level : float
        Of the interval, in (0, 1).

    Returns
    -------
    Pooled

    Raises
    ------
    ValueError
        If there are fewer than two, shapes differ, a number is not finite, or a
        standard error or the degrees of freedom are not above 0.

    References
    ----------
    Barnard J, Rubin DB (1999). Small-sample degrees of freedom with multiple
    imputation. Biometrika 86:948-955, as R's mice (`pool.scalar`, `barnard.rubin`) has
    it, with which the tests compare.

    Examples
    --------
    >>> found = pool_imputations([1.0, 1.2, 0.9], [0.3, 0.28, 0.31], 40)
    >>> round(found.estimate, 4), round(found.se, 4), round(found.df, 2)
    (1.0333, 0.3454, 14.39)
    """
    q = np.asarray(estimates, dtype=float)
    se = np.asarray(standard_errors, dtype=float)
    if q.ndim != 1 or q.shape != se.shape or len(q) < 2:
        raise ValueError("at least two estimates, each with its standard error")
    if not (np.isfinite(q).all() and np.isfinite(se).all() and (se > 0).all()):
        raise ValueError("estimates are finite, and standard errors above 0")
    if not df_complete > 0 or not 0 < level < 1:
        raise ValueError("degrees of freedom are above 0, and a level is within 0 to 1")
    m = len(q)
    within, between = float((se**2).mean()), float(q.var(ddof=1))
    added = (1 + 1 / m) * between
    total = within + added
    share = added / total
    old = (m - 1) / share**2 if share > 1e-12 else np.inf
    if np.isinf(df_complete):
        df = old
    else:
        seen = (df_complete + 1) / (df_complete + 3) * df_complete * (1 - share)
        df = seen if np.isinf(old) else old * seen / (old + seen)
    estimate, error = float(q.mean()), float(np.sqrt(total))
    law = scipy.stats.norm() if np.isinf(df) else scipy.stats.t(df)
    half = float(law.ppf((1 + level) / 2)) * error
    r = added / within
    return Pooled(
        estimate=estimate,
        se=error,
        df=float(df),
        lower=estimate - half,
        upper=estimate + half,
        p_value=float(2 * law.sf(abs(estimate / error))),
        within=within,
        between=between,
        fraction_missing=float((r + 2 / (df + 3)) / (r + 1)),
        m=m,
    )
