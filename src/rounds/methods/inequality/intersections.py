"""Cells where several characteristics meet, drawn together as far as they may be one.

A cell of few people says little by itself. A random-intercept model (MAIHDA) shares
between cells what they have in common, and tells how much of their difference the
characteristics explain one by one, and how much is left to their meeting.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, ndtri

from rounds.methods.multilevel.random_intercept import Model
from rounds.methods.multilevel.shrinkage import median_odds_ratio, sd_interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Intersections", "intersections"]

_LATENT = np.pi**2 / 3
"""The variance of a person's own part on the log-odds scale, of a logistic law."""
_POINTS = 3
"""Points of adaptive quadrature."""
_SPREADS = np.linspace(0.0, 2.0, 41)
"""Between-cell standard deviations that are weighed, log odds."""
_LOOSE = 1e-4
"""Penalty on fixed effects: a standard deviation of 100 log odds, so that a group whose
cells are all 0 has a mode."""


@dataclass(frozen=True, kw_only=True)
class Intersections:
    """What lies between cells, what of it is additive, and each cell's proportion."""

    vpc: float
    """Variance partition coefficient: the share of the latent variance that lies
    between cells, in [0, 1]; how much knowing the cell tells of a person."""
    vpc_lower: float
    vpc_upper: float
    vpc_adjusted: float
    """The same after each characteristic's own part: what is left to their meeting."""
    pcv: float | None
    """Proportional change in variance: the share of the between-cell variance that the
    characteristics explain one by one, at most 1 (below 0 where there is more of it
    beside them); None where there is none to explain."""
    median_odds_ratio: float
    value: NDArray[np.float64]
    """Shape (n_cells,): proportions drawn towards what the characteristics say one by
    one, in [0, 1]."""
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    additive: NDArray[np.float64]
    """Shape (n_cells,): what the characteristics say one by one."""
    meeting: NDArray[np.float64]
    """Shape (n_cells,): log odds of the cell beyond that."""


def intersections(
    successes: ArrayLike,
    totals: ArrayLike,
    characteristics: ArrayLike,
    *,
    level: float = 0.95,
) -> Intersections:
    """Fit the two models of MAIHDA, and give each cell's shrunken proportion.

    Parameters
    ----------
    successes, totals : array_like of int, shape (n_cells,)
        Events and persons of each cell that has anybody.
    characteristics : array_like, shape (n_cells, n_characteristics)
        The group of each cell by each characteristic, as labels or codes.
    level : float
        Of the cells' intervals and of the VPC's, in (0, 1).

    Returns
    -------
    Intersections
        VPC and PCV are of maximum likelihood, the VPC's interval is by profile
        likelihood. Cells are averaged over what the spread beside the additive part may
        be, so that their intervals (normal on the log-odds scale) know its uncertainty.

    Raises
    ------
    ValueError
        If there are fewer cells than the characteristics' groups need and two more,
        all or none have the event, or shapes differ.

    References
    ----------
    .. [1] R package MAIHDA 0.1.8: `fit_maihda`, `calculate_pvc`, `maihda_mor`
       (cran.r-project.org/package=MAIHDA), after Evans et al. (2018)
       DOI 10.1016/j.socscimed.2017.11.011 and Merlo (2018).

    Examples
    --------
    >>> cells = [(sex, age) for sex in "FM" for age in ("young", "mid", "old")]
    >>> found = intersections([20, 25, 30, 24, 28, 5], [50] * 6, cells)
    >>> bool(5 / 50 < found.value[5] < 0.4), bool(found.meeting[5] < 0)
    (True, True)
    """
    X = _dummies(characteristics)
    x, n = np.asarray(successes, dtype=float), np.asarray(totals, dtype=float)
    if X.shape[0] != x.size:
        raise ValueError(f"{X.shape[0]} rows of characteristics for {x.size} cells")
    if x.size < X.shape[1] + 3:
        raise ValueError(
            f"{x.size} cells are too few to tell the meeting of groups from the "
            f"{X.shape[1] + 1} parts that each adds by itself"
        )
    null = Model(x, n, n_points=_POINTS)
    _, sd_null, _ = null.maximise()
    lower, upper = sd_interval(x, n, level=level)
    _, sd, _ = Model(x, n, covariates=X, n_points=_POINTS).maximise()
    cells = _cells(x, n, np.column_stack([np.ones(x.size), X]))
    half = float(ndtri((1 + level) / 2)) * cells.se
    return Intersections(
        vpc=_share(sd_null),
        vpc_lower=min(_share(lower), _share(sd_null)),
        vpc_upper=max(_share(upper), _share(sd_null)),
        vpc_adjusted=_share(sd),
        pcv=float(1 - sd**2 / sd_null**2) if sd_null > 1e-3 else None,
        median_odds_ratio=median_odds_ratio(sd_null),
        value=expit(cells.log_odds),
        lower=expit(cells.log_odds - half),
        upper=expit(cells.log_odds + half),
        additive=expit(cells.log_odds - cells.meeting),
        meeting=cells.meeting,
    )


def _share(sd: float) -> float:
    return float(sd**2 / (sd**2 + _LATENT))


def _dummies(characteristics: ArrayLike) -> NDArray[np.float64]:
    """Give 0/1 columns for each characteristic's groups but its first."""
    labels = np.asarray(characteristics)
    if labels.ndim != 2:
        raise ValueError(
            f"characteristics have shape {labels.shape}, expected (n_cells, n)"
        )
    columns = [
        (column == group).astype(float)
        for column in labels.T
        for group in np.unique(column)[1:]
    ]
    return np.array(columns).reshape(len(columns), len(labels)).T


@dataclass(frozen=True)
class _Cells:
    """Posterior means and standard deviation of each cell, log odds."""

    log_odds: NDArray[np.float64]
    meeting: NDArray[np.float64]
    se: NDArray[np.float64]


def _cells(
    x: NDArray[np.float64], n: NDArray[np.float64], X: NDArray[np.float64]
) -> _Cells:
    """Average the cells over what the spread between them may be.

    With few cells the most likely spread is often 0, and intervals that take it as
    known are too narrow. So each spread of a grid is weighed by its marginal
    likelihood (Laplace; flat in the spread and in the fixed effects).
    """
    weights, log_odds, meeting, spread = [], [], [], []
    start = np.zeros(X.shape[1] + x.size)
    start[0] = np.log(x.sum() / (n.sum() - x.sum()))
    for sd in _SPREADS:
        start, weight, variance = _joint_mode(x, n, X, float(sd), start)
        effect = sd * start[X.shape[1] :]
        weights.append(weight)
        meeting.append(effect)
        log_odds.append(X @ start[: X.shape[1]] + effect)
        spread.append(variance)
    w = np.exp(np.array(weights) - max(weights))
    w = (w / w.sum())[:, None]
    at, inner = np.array(log_odds), np.array(spread)
    mean = (w * at).sum(axis=0)
    variance = (w * (inner + (at - mean) ** 2)).sum(axis=0)
    return _Cells(mean, (w * np.array(meeting)).sum(axis=0), np.sqrt(variance))


def _joint_mode(
    x: NDArray[np.float64],
    n: NDArray[np.float64],
    X: NDArray[np.float64],
    sd: float,
    start: NDArray[np.float64],
) -> tuple[NDArray[np.float64], float, NDArray[np.float64]]:
    """Give the mode of fixed and standardised random effects at a given spread.

    Returns
    -------
    mode, weight, variance
        Fixed effects, then one random effect a cell; log marginal likelihood; each
        cell's variance, log odds.
    """
    Z = np.hstack([X, sd * np.eye(x.size)])
    penalty = np.append(np.full(X.shape[1], _LOOSE), np.ones(x.size))
    at = start.copy()
    for _ in range(100):
        mean = expit(Z @ at)
        hessian = (Z.T * (n * mean * (1 - mean))) @ Z + np.diag(penalty)
        step = np.linalg.solve(hessian, Z.T @ (x - n * mean) - penalty * at)
        at = at + step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-8:
            break
    eta = Z @ at
    inside = (x * eta - n * np.logaddexp(0.0, eta)).sum()
    _, log_det = np.linalg.slogdet(hessian)
    weight = float(inside - 0.5 * (penalty * at**2).sum() - 0.5 * log_det)
    variance = np.einsum("ci,ij,cj->c", Z, np.linalg.inv(hessian), Z)
    return at, weight, variance
