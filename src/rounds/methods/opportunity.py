"""What is left to gain: the gap to the best quarter of units, in persons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from rounds.methods.multilevel.random_intercept import LARGEST_SD, Model

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Gaps",
    "Opportunity",
    "Others",
    "Spread",
    "gap_draws",
    "gap_to_best",
    "spread_draws",
]


@dataclass(frozen=True, kw_only=True)
class Opportunity:
    """Persons who would succeed were every unit like the best quarter."""

    value: float
    """Posterior median, in persons, at least 0."""
    lower: float
    upper: float
    benchmark: float
    """Posterior median of the best quarter's pooled proportion."""


@dataclass(frozen=True, kw_only=True)
class Gaps:
    """Draws of each unit's distance to the best quarter."""

    gaps: NDArray[np.float64]
    """Shape (n_draws, n_units): persons, at least 0."""
    benchmark: NDArray[np.float64]
    """Shape (n_draws,): the best quarter's pooled proportion."""


@dataclass(frozen=True, kw_only=True)
class Others:
    """Units of which only the sums are known, because each alone may not be told."""

    successes: int
    total: int
    units: int
    """How many they are, 1 or more."""

    def __post_init__(self) -> None:
        if not (0 <= self.successes <= self.total and self.total > 0 and self.units):
            raise ValueError(
                "others are one unit or more with one person or more, and no more "
                "successes than persons"
            )


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Draws from the posterior of units' true proportions and of how they spread."""

    sd: NDArray[np.float64]
    """Shape (n_draws,): between-unit standard deviation, log odds."""
    intercept: NDArray[np.float64]
    """Shape (n_draws,): log odds of a unit in the middle."""
    proportions: NDArray[np.float64]
    """Shape (n_draws, n_units): true proportions, in [0, 1]."""


def gap_to_best(
    successes: ArrayLike,
    totals: ArrayLike,
    *,
    rng: np.random.Generator,
    share: float = 0.25,
    level: float = 0.95,
    n_draws: int = 2000,
    others: Others | None = None,
) -> Opportunity:
    """Estimate how many more persons would succeed were all units like the best.

    In each draw of the units' true proportions the best `share` of units (rounded up)
    sets the benchmark, their pooled proportion; units below it would rise to it.

    Parameters
    ----------
    successes, totals : array_like of int, shape (n_units,)
        Events, of which more is better, and trials.
    rng : numpy.random.Generator
        Where the draws come from.
    share : float
        Share of units that is called the best, in (0, 1).
    level : float
        Of the interval, in (0, 1).
    n_draws : int
        Number of draws.
    others : Others, optional
        Further units, of which only the sums are known.

    Returns
    -------
    Opportunity
        In persons; the interval holds the central `level` of the draws.

    Raises
    ------
    ValueError
        If counts are impossible, there are fewer than two units, or all successes are
        0 or all equal their totals.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> found = gap_to_best([300, 500, 510, 800], [1000] * 4, rng=rng)
    >>> 900 < found.lower < found.value < found.upper < 1300
    True
    """
    found = gap_draws(
        successes, totals, rng=rng, share=share, n_draws=n_draws, others=others
    )
    total = found.gaps.sum(axis=1)
    low, middle, high = np.quantile(total, [(1 - level) / 2, 0.5, (1 + level) / 2])
    return Opportunity(
        value=float(middle),
        lower=float(low),
        upper=float(high),
        benchmark=float(np.median(found.benchmark)),
    )


def gap_draws(
    successes: ArrayLike,
    totals: ArrayLike,
    *,
    rng: np.random.Generator,
    share: float = 0.25,
    n_draws: int = 2000,
    others: Others | None = None,
) -> Gaps:
    """Draw, for each unit, how many more would succeed were it like the best.

    Parameters and errors are those of `gap_to_best`, and

    Parameters
    ----------
    others : Others, optional
        Further units, of which only the sums are known.

    Returns
    -------
    Gaps
        Draws; those of the others come last, and each is of none of them in particular.
    """
    n = np.asarray(totals, dtype=float)
    found = spread_draws(successes, totals, rng=rng, n_draws=n_draws)
    p = found.proportions
    if others is not None:
        n = np.append(n, np.full(others.units, others.total / others.units))
        p = np.hstack([p, _drawn_for(others, found, rng)])
    best = int(np.ceil(share * n.size))
    order = np.argsort(-p, axis=1)[:, :best]
    rows = np.take_along_axis(p, order, axis=1)
    benchmark = (rows * n[order]).sum(axis=1) / n[order].sum(axis=1)
    return Gaps(gaps=np.maximum(benchmark[:, None] - p, 0.0) * n, benchmark=benchmark)


def spread_draws(
    successes: ArrayLike,
    totals: ArrayLike,
    *,
    rng: np.random.Generator,
    n_draws: int = 2000,
    n_grid: int = 30,
) -> Spread:
    """Draw units' true proportions from the posterior of a random-intercept model.

    The between-unit standard deviation is summed over a grid, with a flat prior on it
    and on the intercept; effects are drawn from their normal approximation given both.
    So the uncertainty of how far units differ is part of the answer.

    Parameters
    ----------
    successes, totals : array_like of int, shape (n_units,)
        Events and trials.
    rng : numpy.random.Generator
        Where the draws come from.
    n_draws, n_grid : int
        Number of draws; of standard deviations in the grid.

    Returns
    -------
    Spread
        Draws.

    Raises
    ------
    ValueError
        As `gap_to_best`.

    References
    ----------
    .. [1] The hyperparameter is summed out over a grid as in integrated nested Laplace
       approximations; read at
       https://en.wikipedia.org/wiki/Integrated_nested_Laplace_approximations
    """
    model = Model(successes, totals)
    grid = _grid(model, n_grid)
    profiles = np.array([model.profile(float(sd)) for sd in grid])
    # Laplace over the intercept: its curvature belongs to the weight.
    log_weight = profiles[:, 1] - 0.5 * np.log(profiles[:, 2])
    weight = np.exp(log_weight - log_weight.max())
    # The grid starts at 0, so each point stands for an equally wide interval but the
    # first, which stands for half of one.
    weight[0] *= 0.5
    chosen = rng.choice(grid.size, size=n_draws, p=weight / weight.sum())
    width = grid[1] - grid[0]
    sd = np.abs(grid[chosen] + rng.uniform(-0.5, 0.5, n_draws) * width)
    intercept = rng.normal(profiles[chosen, 0], profiles[chosen, 2] ** -0.5)
    u, curvature = _modes(model, intercept, sd)
    u = u + rng.standard_normal(u.shape) / np.sqrt(curvature)
    return Spread(
        sd=sd,
        intercept=intercept,
        proportions=expit(intercept[:, None] + sd[:, None] * u),
    )


def _drawn_for(
    others: Others, found: Spread, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw units that spread as the known ones do, and together have their sum.

    All of a draw are moved alike on the log odds until their mean is what it is drawn
    to be, from the posterior Beta(x + 1/2, n − x + 1/2) of a binomial proportion under
    Jeffreys' prior [1]_. Each counts as much as the others: how large each is, is not
    known.

    References
    ----------
    .. [1] statsmodels, `proportion_confint(method="jeffreys")`: that posterior's
       quantiles, against which the tests hold these draws.
    """
    shape = (found.sd.size, others.units)
    odds = found.intercept[:, None] + found.sd[:, None] * rng.standard_normal(shape)
    failures = others.total - others.successes
    mean = rng.beta(others.successes + 0.5, failures + 0.5, found.sd.size)
    # The start is near, and steps are held back: the mean rises with each odds.
    for _ in range(30):
        p = expit(odds)
        step = (mean - p.mean(axis=1)) / (p * (1 - p)).mean(axis=1)
        odds = odds + np.clip(step, -1.0, 1.0)[:, None]
        if np.abs(step).max() < 1e-9:
            break
    return np.asarray(expit(odds), dtype=float)


def _grid(model: Model, n_grid: int) -> NDArray[np.float64]:
    """Standard deviations from 0 to where the profile has fallen by 8."""
    _, best, top = model.maximise()
    end = max(best, 0.1)
    while model.profile(end)[1] > top - 8 and end < LARGEST_SD:
        end = min(1.3 * end, LARGEST_SD)
    return np.linspace(0.0, end, n_grid)


def _modes(
    model: Model, intercept: NDArray[np.float64], sd: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the modes of the standardised effects in each draw, and curvatures."""
    # The start is the empirical log odds drawn in by its precision: near the mode, so
    # that a few of Newton's steps suffice whatever the draw.
    p = (model.x + 0.5) / (model.n + 1)
    distance = np.log(p / (1 - p)) - intercept[:, None]
    information = sd[:, None] ** 2 * model.n * p * (1 - p)
    u = distance * sd[:, None] * model.n * p * (1 - p) / (information + 1)
    limit = 2 / np.maximum(sd[:, None], 1.0)
    for _ in range(12):
        p = expit(intercept[:, None] + sd[:, None] * u)
        gradient = sd[:, None] * (model.x - model.n * p) - u
        curvature = sd[:, None] ** 2 * model.n * p * (1 - p) + 1
        u = u + np.clip(gradient / curvature, -limit, limit)
    return u, curvature
