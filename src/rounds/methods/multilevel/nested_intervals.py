"""How sure it is who shares how much: intervals of variance shares.

The interval of a number that the standard deviations give (a share of the variance, a
median odds ratio) runs from its least to its greatest value over all parameters whose
likelihood is not too small: the profile-likelihood interval of that number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import ndtri

from rounds.methods.multilevel.nested_intercepts import PERSONS
from rounds.methods.multilevel.nested_likelihood import Best, Forest
from rounds.methods.multilevel.random_intercept import LARGEST_SD
from rounds.methods.multilevel.shrinkage import median_odds_ratio
from rounds.methods.proportion import counts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    Wanted = Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]]

__all__ = ["Share", "Shares", "model_of", "variance_shares"]

_SURE = 0.05
"""Distance from the likelihood's bound at which an end of an interval is accepted."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """One level's part of the variance, with likelihood intervals."""

    name: str
    n_units: int
    sd: float
    """Standard deviation, log odds."""
    sd_lower: float
    """0 where the data do not exclude that units of this level are all alike."""
    sd_upper: float
    value: float
    """Of all variance on the latent scale, persons' π²/3 included, in [0, 1]."""
    lower: float
    upper: float

    @property
    def median_odds_ratio(self) -> tuple[float, float, float]:
        """Value and limits, at least 1."""
        value, lower, upper = (
            median_odds_ratio(sd) for sd in (self.sd, self.sd_lower, self.sd_upper)
        )
        return value, lower, upper


@dataclass(frozen=True, kw_only=True)
class Shares:
    """Levels from the coarsest to the finest, and the persons within the finest."""

    levels: tuple[Share, ...]
    persons: float
    persons_lower: float
    persons_upper: float
    level: float


def variance_shares(
    successes: ArrayLike,
    totals: ArrayLike,
    levels: Sequence[tuple[str, ArrayLike]],
    covariates: ArrayLike | None = None,
    *,
    level: float = 0.95,
) -> Shares:
    """Say what share of the variance lies at each level, and how sure that is.

    Parameters
    ----------
    successes, totals, levels, covariates
        As of `rounds.methods.multilevel.nested_intercepts.nested_intercepts`.
    level : float
        Of the intervals, in (0, 1).

    Returns
    -------
    Shares
        Maximum likelihood by Laplace's approximation, with profile-likelihood
        intervals.

    Raises
    ------
    ValueError
        As `nested_intercepts`; or if the likelihood is so flat that an interval has no
        end below a standard deviation of 6 log odds.

    References
    ----------
    .. [1] Merlo J, Chaix B, Ohlsson H, et al. A brief conceptual tutorial of multilevel
       analysis in social epidemiology. Journal of Epidemiology and Community Health
       2006;60:290-297 (abstract): variance shares and median odds ratios.
    .. [2] Austin PC, Leckie G. Extending the median odds ratio (MOR), the interval odds
       ratio (IOR), and the proportion of opposed odds ratios (POOR) for use with
       3-level multilevel logistic regression models. Statistics in Medicine 2026;45:
       e70558 (abstract): median odds ratios for patients within physicians within
       hospitals.
    .. [3] `confint.merMod` of lme4 (documentation): intervals from the likelihood's
       profile, which the tests compare.

    Examples
    --------
    >>> rng = np.random.default_rng(4)
    >>> site = np.repeat(np.arange(40), 5)
    >>> p = 1 / (1 + np.exp(-rng.normal(0, 1, 40)[site]))
    >>> x = rng.binomial(50, p)
    >>> n, levels = np.full(200, 50), [("site", site), ("clinician", np.arange(200))]
    >>> found = variance_shares(x, n, levels)
    >>> bool(found.levels[0].lower > 0.1), found.levels[1].lower
    (True, 0.0)
    """
    if not 0 < level < 1:
        raise ValueError(f"the level lies between 0 and 1, not {level}")
    model = model_of(successes, totals, levels, covariates)
    best = model.maximise()
    region = _Region(model, best, 0.5 * float(ndtri((1 + level) / 2)) ** 2)
    total = float((best.sds**2).sum()) + PERSONS
    found = []
    for i, name in enumerate(model.names):
        value = float(best.sds[i] ** 2 / total)
        sd_lower, sd_upper = region.ends(_sd(i), float(best.sds[i]))
        low, high = region.ends(_root_share(i), float(np.sqrt(value)))
        found.append(
            Share(
                name=name,
                n_units=model.sizes[i],
                sd=float(best.sds[i]),
                sd_lower=sd_lower,
                sd_upper=sd_upper,
                value=value,
                lower=min(low**2, value),
                upper=max(high**2, value),
            )
        )
    persons = PERSONS / total
    between = float(np.sqrt((best.sds**2).sum()))
    low, high = region.ends(_between, between)
    return Shares(
        levels=tuple(found),
        persons=persons,
        persons_lower=min(PERSONS / (PERSONS + high**2), persons),
        persons_upper=max(PERSONS / (PERSONS + low**2), persons),
        level=level,
    )


def model_of(
    successes: ArrayLike,
    totals: ArrayLike,
    levels: Sequence[tuple[str, ArrayLike]],
    covariates: ArrayLike | None,
) -> Forest:
    """Give the likelihood; without columns, of units' sums, which say the same."""
    if covariates is None:
        return Forest(*_collapsed(successes, totals, levels))
    return Forest(successes, totals, levels, covariates)


def _collapsed(
    successes: ArrayLike, totals: ArrayLike, levels: Sequence[tuple[str, ArrayLike]]
) -> tuple[
    NDArray[np.float64], NDArray[np.float64], list[tuple[str, NDArray[np.int64]]]
]:
    """Add up the rows of each finest unit: without columns they say the same."""
    x, n = counts(successes, totals)
    _, first, place = np.unique(
        np.asarray(levels[-1][1]), return_index=True, return_inverse=True
    )
    added = [
        np.asarray(np.bincount(place, weights=each), dtype=float) for each in (x, n)
    ]
    kept = [(name, np.asarray(label)[first]) for name, label in levels]
    return added[0], added[1], kept


class _Region:
    """All parameters whose log-likelihood lies at most so far below the maximum."""

    def __init__(self, model: Forest, best: Best, drop: float) -> None:
        self._model, self._best, self._drop = model, best, drop
        self._size = best.beta.size
        # A standard error is the natural step of each parameter.
        free = best.sds > 1e-3
        curved = model.curvature(best, free)
        step = 1 / np.sqrt(np.maximum(np.diag(curved), 1e-2))
        self._steps = np.full(self._size + best.sds.size, 0.2)
        self._steps[
            np.flatnonzero(np.append(np.ones(self._size, dtype=bool), free))
        ] = step

    def ends(self, wanted: Wanted, value: float) -> tuple[float, float]:
        """Give the least and the greatest value of a number over the region.

        None is below 0: a bound that is scaled and scaled back may be, by rounding.
        """
        low, high = (self._end(wanted, sign) for sign in (1.0, -1.0))
        return max(min(low, value), 0.0), max(high, value)

    def _end(self, wanted: Wanted, sign: float) -> float:
        best, p, steps = self._best, self._size, self._steps
        centre = np.append(best.beta, best.sds)

        def objective(z: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            value, slope = wanted((centre + steps * z)[p:])
            gradient = np.concatenate([np.zeros(p), slope]) * steps
            return sign * value, sign * gradient

        def room(z: NDArray[np.float64]) -> float:
            return self._slope(centre + steps * z)[0] - best.log_likelihood + self._drop

        def room_slope(z: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.asarray(self._slope(centre + steps * z)[1] * steps, dtype=float)

        top = (LARGEST_SD - best.sds) / steps[p:]
        bounds = [(-30.0, 30.0)] * p
        bounds += list(zip(-best.sds / steps[p:], top, strict=True))
        # From the maximum itself a level that lies at 0 has no slope to leave by.
        start = np.concatenate([np.zeros(p), np.where(best.sds < 1e-3, 0.5, 0.0)])
        for begin in (start, start * 0.2, start - sign * 0.1):
            found = minimize(
                objective,
                np.clip(begin, *np.array(bounds, dtype=float).T),
                jac=True,
                method="SLSQP",
                bounds=bounds,
                constraints={"type": "ineq", "fun": room, "jac": room_slope},
                options={"maxiter": 200, "ftol": 1e-9},
            )
            left = room(found.x)
            reached = abs(left) < _SURE or (sign > 0 and found.fun < 1e-4)
            if reached and left > -_SURE:
                return float(sign * found.fun)
        raise ValueError("the likelihood is too flat to give an interval an end")

    def _slope(self, at: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        sds = np.clip(at[self._size :], 0.0, LARGEST_SD)
        return self._model.slope(at[: self._size], sds)


def _sd(level: int) -> Wanted:
    def wanted(sds: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        return float(sds[level]), np.eye(sds.size)[level]

    return wanted


def _root_share(level: int) -> Wanted:
    """Give the root of a level's share, which unlike the share has a slope at 0."""

    def wanted(sds: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        total = float((sds**2).sum()) + PERSONS
        root = float(sds[level] / np.sqrt(total))
        slope = -root * sds / total
        slope[level] += 1 / np.sqrt(total)
        return root, slope

    return wanted


def _between(sds: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    size = float(np.sqrt((sds**2).sum()))
    return size, sds / max(size, 1e-9)
