"""Units drawn together, with the mix of cases of them all: values, draws, who differs.

A unit's value is what all persons together would have were they its own: its random
intercept, over everybody's columns. How far units differ is not known either, so it is
summed over a grid, as `rounds.methods.opportunity` does without columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, ndtr

from rounds.methods.false_discovery import adjusted_p_values, empirical_null
from rounds.methods.multilevel.nested_likelihood import Best, Forest
from rounds.methods.multilevel.random_intercept import LARGEST_SD

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Differing", "Standings", "differing", "expected_events", "standings"]

_FEWEST_FOR_NULL = 20
"""Units from which the spread of ordinary ones can be read off the middle."""


@dataclass(frozen=True, kw_only=True)
class Standings:
    """What each unit would show with everybody's columns; units by rising label."""

    units: NDArray[np.int64]
    value: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    """Shape (n_units,): median and central interval of the draws, in [0, 1]."""
    draws: NDArray[np.float64]
    """Shape (n_draws, n_units): all units of one draw belong together."""
    level: float


@dataclass(frozen=True, kw_only=True)
class Differing:
    """Each unit against what is expected of its persons; units as their labels rise."""

    z: NDArray[np.float64]
    """Observed less expected, in standard errors of chance."""
    q_value: NDArray[np.float64]
    """Shape (n_units,): p-values adjusted for how many units are looked at."""
    spread: float
    """Standard deviation of ordinary units' z-scores against which z is held; 1 where
    chance alone is allowed for."""


def standings(
    successes: ArrayLike,
    totals: ArrayLike,
    groups: ArrayLike,
    covariates: ArrayLike | None = None,
    *,
    rng: np.random.Generator,
    n_draws: int = 2000,
    level: float = 0.95,
    n_grid: int = 12,
) -> Standings:
    """Draw each unit's standardised proportion from its posterior.

    Parameters
    ----------
    successes, totals : array_like of int, shape (n,)
        Events and trials of each row.
    groups : array_like of int, shape (n,)
        The unit of each row.
    covariates : array_like of float, shape (n, p − 1), optional
        Columns besides the intercept; every unit is given those of all trials.
    rng : numpy.random.Generator
        Where the draws come from.
    n_draws, n_grid : int
        Number of draws; of between-unit standard deviations in the grid.
    level : float
        Of the intervals, in (0, 1).

    Returns
    -------
    Standings
        Random-intercept logistic model, Laplace's approximation, a flat prior on the
        standard deviation.

    Raises
    ------
    ValueError
        As `multilevel.nested_intercepts.nested_intercepts` with one level.

    References
    ----------
    .. [1] Goldstein H, Spiegelhalter DJ. League tables and their limitations. Journal
       of the Royal Statistical Society A 1996;159:385-443 (abstract): adjusted and
       shrunken estimates of institutions, with intervals.
    .. [2] The hyperparameter is summed out over a grid as in integrated nested Laplace
       approximations; read at
       https://en.wikipedia.org/wiki/Integrated_nested_Laplace_approximations

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> found = standings([30, 50, 52], [100, 100, 100], [1, 2, 3], rng=rng)
    >>> bool(0.30 < found.value[0] < found.value[1] < 0.52)
    True
    """
    model = Forest(successes, totals, [("unit", groups)], covariates)
    fits = _grid(model, n_grid)
    curved = [model.curvature(fit, np.array([False])) for fit in fits]
    # Laplace over the fixed effects: their curvature belongs to the weight.
    log_weight = np.array(
        [
            fit.log_likelihood - 0.5 * float(np.linalg.slogdet(each)[1])
            for fit, each in zip(fits, curved, strict=True)
        ]
    )
    weight = np.exp(log_weight - log_weight.max())
    # The grid starts at 0; its first point stands for half an interval.
    weight[0] *= 0.5
    many = rng.multinomial(n_draws, weight / weight.sum())
    patterns = _patterns(model)
    parts = [
        _drawn(model, (fit, each), patterns, int(times), rng)
        for fit, each, times in zip(fits, curved, many, strict=True)
        if times
    ]
    draws = rng.permutation(np.concatenate(parts))
    edges = [(1 - level) / 2, 0.5, (1 + level) / 2]
    low, middle, high = np.quantile(draws, edges, axis=0)
    return Standings(
        units=model.labels[0],
        value=middle,
        lower=low,
        upper=high,
        draws=draws,
        level=level,
    )


def differing(
    observed: ArrayLike, expected: ArrayLike, variance: ArrayLike
) -> Differing:
    """Hold each unit against what is expected of its persons.

    Parameters
    ----------
    observed, expected : array_like of float, shape (n_units,)
        Events; what a model without units expects of the same persons.
    variance : array_like of float, shape (n_units,)
        Of the events, by that model: the sum of p(1 − p).

    Returns
    -------
    Differing
        With twenty units or more, against how ordinary units spread (an empirical
        null); with fewer, against chance alone.

    Raises
    ------
    ValueError
        If shapes differ, there is no unit, or a variance is not above 0.

    References
    ----------
    .. [1] Jones HE, Ohlssen DI, Spiegelhalter DJ. Use of the false discovery rate when
       comparing multiple health care providers. Journal of Clinical Epidemiology
       2008;61:232-240 (abstract).

    Examples
    --------
    >>> differing([12, 10, 30], [10, 10, 10], [9, 9, 9]).q_value.round(3).tolist()
    [0.757, 1.0, 0.0]
    """
    x, mean, spread = (
        np.asarray(each, dtype=float) for each in (observed, expected, variance)
    )
    if not x.size or x.shape != mean.shape or x.shape != spread.shape:
        raise ValueError(f"{x.size} events, {mean.size} expectations")
    if not (spread > 0).all():
        raise ValueError("each variance lies above 0")
    z = (x - mean) / np.sqrt(spread)
    p, sd = 2 * ndtr(-np.abs(z)), 1.0
    if z.size >= _FEWEST_FOR_NULL:
        null = empirical_null(z)
        # Units that spread less than chance allows are no reason to call more of them.
        if null.sd > 1:
            p, sd = null.p_value, null.sd
    return Differing(z=z, q_value=adjusted_p_values(p), spread=sd)


def expected_events(
    successes: ArrayLike,
    totals: ArrayLike,
    groups: ArrayLike,
    covariates: ArrayLike | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Give what a logistic regression that knows no units expects of each unit.

    Parameters
    ----------
    successes, totals, groups, covariates
        As of `standings`.

    Returns
    -------
    observed, expected, variance : ndarray, shape (n_units,)
        Events; expected events; the variance that chance gives them.

    Raises
    ------
    ValueError
        As `standings`.

    Examples
    --------
    >>> observed, expected, _ = expected_events([3, 6], [20, 10], [1, 2])
    >>> observed.tolist(), expected.round(6).tolist()
    ([3.0, 6.0], [6.0, 3.0])
    """
    model = Forest(successes, totals, [("unit", groups)], covariates)
    p = model.X.shape[1]
    pooled = model.x.sum() / model.n.sum()
    start = Best(
        beta=np.append(np.log(pooled / (1 - pooled)), np.zeros(p - 1)),
        sds=np.zeros(1),
        log_likelihood=0.0,
    )
    fit = _at(model, 0.0, start)
    mu = expit(model.X @ fit.beta)
    observed, expected, variance = (
        np.asarray(np.bincount(model.rows_of[0], weights=each), dtype=float)
        for each in (model.x, model.n * mu, model.n * mu * (1 - mu))
    )
    return observed, expected, variance


def _grid(model: Forest, n_grid: int) -> list[Best]:
    """Give fits at standard deviations from 0 to where the profile has fallen by 6."""
    top = model.maximise()
    end = max(float(top.sds[0]), 0.1)
    while end < LARGEST_SD:
        if _at(model, end, top).log_likelihood < top.log_likelihood - 6:
            break
        end = min(1.3 * end, LARGEST_SD)
    grid = np.linspace(0.0, end, n_grid)
    return [_at(model, float(sd), top) for sd in grid]


def _at(model: Forest, sd: float, start: Best) -> Best:
    """Fit the fixed effects at a given standard deviation."""
    sds = np.array([sd])

    def lost(beta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        value, gradient = model.slope(beta, sds)
        return -value, -gradient[:-1]

    found = minimize(lost, start.beta, jac=True, method="BFGS", options={"gtol": 1e-4})
    return Best(beta=found.x, sds=sds, log_likelihood=-float(found.fun))


def _patterns(model: Forest) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give each different row of columns, and its share of all trials."""
    rows, place = np.unique(model.X, axis=0, return_inverse=True)
    trials = np.bincount(place.ravel(), weights=model.n, minlength=len(rows))
    return rows, trials / trials.sum()


def _drawn(
    model: Forest,
    fitted: tuple[Best, NDArray[np.float64]],
    patterns: tuple[NDArray[np.float64], NDArray[np.float64]],
    n_draws: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Draw standardised proportions at one standard deviation."""
    fit, curved = fitted
    centre, spread, along = model.posterior(fit)
    root = np.linalg.cholesky(np.linalg.inv(curved))
    moved = rng.standard_normal((n_draws, fit.beta.size)) @ root.T
    effects = centre + moved @ along.T
    effects = effects + rng.standard_normal(effects.shape) * np.sqrt(spread)
    rows, share = patterns
    fixed = (fit.beta + moved) @ rows.T
    found = np.zeros(effects.shape)
    for place, part in enumerate(share):
        found += part * expit(fixed[:, place, None] + effects)
    return found
