"""The effect among those who take what they are allocated to: two-stage least squares.

Allocation is the instrument. Everything is read off one family of least-squares fits,
of outcome less t times received: its coefficient of allocation is a line in t, its CR2
variance a parabola, its degrees of freedom always the same.
"""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from rounds.methods.clusters.design_matrix import checked_design
from rounds.methods.clusters.least_squares import cluster_ols

__all__ = ["ComplierAverage", "complier_average"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ComplierAverage:
    """A local average effect, with its first stage."""

    estimate: float
    se: float
    """CR2, as two-stage least squares has it (by the delta method)."""
    df: float
    lower: float
    upper: float
    p_value: float
    """Of no effect: that of being allocated, whatever the first stage's strength."""
    first_stage: float
    """How much more often received where allocated."""
    first_stage_f: float | None
    """Its robust F; None where everybody received what was allocated."""
    n: int
    n_clusters: int


def complier_average(
    outcome: ArrayLike,
    received: ArrayLike,
    design: ArrayLike,
    clusters: ArrayLike | None = None,
    *,
    column: int = 0,
    level: float = 0.95,
) -> ComplierAverage:
    """Estimate the effect of receiving among those who do so because of allocation.

    Parameters
    ----------
    outcome : array of float, shape (n_persons,)
        The outcome.
    received : array of float, shape (n_persons,)
        1 where it was received, else 0.
    design : array of float, shape (n_persons, p)
        Allocation, and covariates; a constant column is yours to include.
    clusters : array, shape (n_persons,), optional
        What was randomised, if not persons.
    column : int
        The column of allocation.
    level : float
        Of the interval, in (0, 1).

    Returns
    -------
    ComplierAverage
        The interval is Anderson and Rubin's: every effect that allocation does not
        reject, once it is taken away from who received. It covers as promised however
        weak the first stage is, and is not symmetrical.

    Raises
    ------
    ValueError
        As `cluster_ols`; if `received` is not 0 or 1 or never varies; or where
        allocation changes so little of it that the interval has no bound.

    References
    ----------
    Angrist JD, Imbens GW, Rubin DB (1996). Identification of causal effects using
    instrumental variables. JASA 91:444-455.
    Andrews I, Stock JH, Sun L (2019). Weak instruments in instrumental variables
    regression: theory and practice. Annual Review of Economics 11:727-753 (its advice
    to report Anderson and Rubin's set when one instrument just identifies).

    Examples
    --------
    >>> arm = [0, 0, 0, 0, 1, 1, 1, 1]
    >>> y = [1.0, 2.0, 1.5, 2.5, 3.0, 4.0, 3.5, 2.5]
    >>> X = [[a, 1] for a in arm]
    >>> found = complier_average(y, [0, 0, 0, 0, 1, 1, 1, 0], X)
    >>> round(found.estimate, 4), round(found.first_stage, 4)
    (2.0, 0.75)
    """
    y, X = checked_design(outcome, design, column, level)
    d = np.asarray(received, dtype=float)
    if d.shape != y.shape or not np.isin(d, (0, 1)).all():
        raise ValueError("received is 0 or 1, of each person")
    if d.min() == d.max():
        raise ValueError("everybody received it, or nobody did")
    scale = float(y.std() / d.std())
    if not scale > 0:
        raise ValueError("every outcome is the same; there is nothing to compare")
    fits = [
        cluster_ols(y - t * d, X, clusters, column=column, level=level)
        for t in (0.0, scale, -scale)
    ]
    effect, df = fits[0].estimate, fits[0].df
    first = (fits[2].estimate - fits[1].estimate) / (2 * scale)
    at_0, above, below = (fit.se**2 for fit in fits)
    linear = (above - below) / (2 * scale)
    square = max((above + below - 2 * at_0) / (2 * scale**2), 0.0)
    is_certain = square * scale**2 < 1e-12 * at_0
    t = float(scipy.stats.t.ppf((1 + level) / 2, df))
    bend = first**2 - (0.0 if is_certain else t**2 * square)
    if not bend > 0 or abs(first) < 1e-9:
        raise ValueError(
            "being allocated changes too little of who received it: the interval has "
            f"no bound (first stage {first:+.3f}, standard error {np.sqrt(square):.3f})"
        )
    estimate = effect / first
    middle = (2 * effect * first + t**2 * linear) / (2 * bend)
    half = float(np.sqrt(max(middle**2 - (effect**2 - t**2 * at_0) / bend, 0.0)))
    variance = at_0 + linear * estimate + square * estimate**2
    return ComplierAverage(
        estimate=float(estimate),
        se=float(np.sqrt(variance)) / abs(first),
        df=df,
        lower=float(middle - half),
        upper=float(middle + half),
        p_value=fits[0].p_value,
        first_stage=float(first),
        first_stage_f=None if is_certain else float(first**2 / square),
        n=len(y),
        n_clusters=fits[0].n_clusters,
    )
