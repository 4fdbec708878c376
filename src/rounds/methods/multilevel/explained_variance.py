"""What share of the variance goes with columns, and how sure that is: a bootstrap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from rounds.methods.multilevel.climbing import climb
from rounds.methods.multilevel.nested_intervals import model_of
from rounds.methods.multilevel.random_intercept import LARGEST_SD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from rounds.methods.multilevel.nested_likelihood import Best, Forest

__all__ = ["Explained", "explained_shares"]

_SMALLEST = 1e-3
"""A standard deviation that is none."""
_NEAR_NONE = 0.2
"""A standard deviation below which 0 is tried too."""
_NOTHING = 1e-6
"""A variance that is none."""


@dataclass(frozen=True, kw_only=True)
class Explained:
    """Proportional change of one level's variance once columns are added."""

    name: str
    value: float
    """At most 1; below 0 where columns bring out differences that had cancelled."""
    lower: float
    upper: float


def explained_shares(
    successes: ArrayLike,
    totals: ArrayLike,
    levels: Sequence[tuple[str, ArrayLike]],
    models: Sequence[ArrayLike | None],
    *,
    rng: np.random.Generator,
    n_draws: int = 100,
    level: float = 0.95,
) -> tuple[tuple[Explained | None, ...], ...]:
    """Say what share of each level's variance goes when columns are added.

    Parameters
    ----------
    successes, totals, levels
        As of `rounds.methods.multilevel.nested_intercepts.nested_intercepts`.
    models : sequence of array_like or None
        The columns of each model, none in the first, with which the others are
        compared; rows are the same.
    rng : numpy.random.Generator
        Where the bootstrap's draws come from.
    n_draws : int
        Data sets drawn from the last model and fitted again by all of them.
    level : float
        Of the percentile intervals, in (0, 1).

    Returns
    -------
    tuple of tuple of Explained or None
        For each model but the first, for each level; None where the first model has no
        variance there, or had none in more than one draw in twenty: there is nothing of
        which a share could be told.

    Raises
    ------
    ValueError
        As `nested_intercepts`, or if fewer than two models or ten draws are asked for.

    Notes
    -----
    Adding a column that matters between persons stretches the latent scale, so that a
    little less than its true share seems explained between units. Whoever reads the
    share as what the columns do takes a description for a cause.

    References
    ----------
    .. [1] Merlo J, Yang M, Chaix B, Lynch J, Råstam L. A brief conceptual tutorial on
       multilevel analysis in social epidemiology: investigating contextual phenomena in
       different groups of people. Journal of Epidemiology and Community Health
       2005;59:729-736 (abstract): how far composition explains differences between
       areas.
    .. [2] `bootMer` of lme4 (documentation): the parametric bootstrap, effects drawn
       anew.

    Examples
    --------
    >>> rng = np.random.default_rng(5)
    >>> site = np.repeat(np.arange(30), 2)
    >>> volume = rng.normal(0, 1, 30)[site]
    >>> p = 1 / (1 + np.exp(-0.8 * volume - rng.normal(0, 0.3, 30)[site]))
    >>> x, n = rng.binomial(80, p), np.full(60, 80)
    >>> models = [None, volume]
    >>> ((found,),) = explained_shares(
    ...     x, n, [("site", site)], models, rng=rng, n_draws=20
    ... )
    >>> bool(0.6 < found.lower < found.value <= 1)
    True
    """
    if len(models) < 2 or models[-1] is None or n_draws < 10:
        raise ValueError("two models, the last with columns, and ten draws are needed")
    fitted = [_Fitted(successes, totals, levels, columns) for columns in models]
    last = fitted[-1]
    drawn = np.empty((n_draws, len(models), len(levels)))
    for draw in range(n_draws):
        x = last.drawn(rng)
        for place, one in enumerate(fitted):
            drawn[draw, place] = one.variances_of(x)
    first = fitted[0].best.sds ** 2
    edges = [(1 - level) / 2, (1 + level) / 2]
    found = []
    for place, one in enumerate(fitted[1:], start=1):
        row: list[Explained | None] = []
        for i, (name, _) in enumerate(levels):
            there = drawn[:, 0, i] > _NOTHING
            if first[i] <= _NOTHING or there.mean() < 0.95:
                row.append(None)
                continue
            value = float(1 - one.best.sds[i] ** 2 / first[i])
            change = 1 - drawn[there, place, i] / drawn[there, 0, i]
            low, high = (float(end) for end in np.quantile(change, edges))
            row.append(
                Explained(
                    name=name,
                    value=value,
                    lower=min(low, value),
                    upper=max(high, value),
                )
            )
        found.append(tuple(row))
    return tuple(found)


class _Fitted:
    """A model of the rows, and how it is fitted again to other successes."""

    def __init__(
        self,
        successes: ArrayLike,
        totals: ArrayLike,
        levels: Sequence[tuple[str, ArrayLike]],
        covariates: ArrayLike | None,
    ) -> None:
        self._model = model_of(successes, totals, levels, covariates)
        self.best = self._model.maximise()
        self._inverse = self._first_guess()
        self._units = None
        if covariates is None:
            self._units = np.unique(levels[-1][1], return_inverse=True)[1]

    def drawn(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw effects and successes anew, in the order of the rows."""
        model, best = self._model, self.best
        eta = model.X @ best.beta
        for sd, rows, size in zip(best.sds, model.rows_of, model.sizes, strict=True):
            eta = eta + sd * rng.standard_normal(size)[rows]
        return np.asarray(rng.binomial(model.n.astype(int), expit(eta)), dtype=float)

    def variances_of(self, successes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Fit the same model to other successes; give the levels' variances."""
        if self._units is not None:
            summed = np.bincount(self._units, weights=successes)
            successes = np.asarray(summed, dtype=float)
        if not 0 < successes.sum() < self._model.n.sum():
            return np.zeros(len(self._model.names))
        other = self._model.with_successes(successes)
        return _climbed(other, self.best, self._inverse) ** 2

    def _first_guess(self) -> NDArray[np.float64]:
        """Give the inverse curvature; of a level that lies at 0 a step of 0.2."""
        free = self.best.sds > _SMALLEST
        curved = self._model.curvature(self.best, free)
        size = self.best.beta.size
        inverse = np.diag(np.full(size + free.size, 0.04))
        known = np.flatnonzero(np.append(np.ones(size, dtype=bool), free))
        values, vectors = np.linalg.eigh(curved)
        inverse[np.ix_(known, known)] = (vectors / np.maximum(values, 0.1)) @ vectors.T
        return inverse


def _climbed(
    model: Forest, start: Best, inverse: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Climb from one data set's maximum to another's; give the standard deviations.

    With the first one's curvature five steps or so suffice.
    """
    size = start.beta.size
    first = np.append(start.beta, np.maximum(start.sds, 0.05))

    def higher(at: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
        return climb(
            lambda z: model.slope(z[:size], z[size:]),
            at,
            inverse,
            n_sds=start.sds.size,
            largest=LARGEST_SD,
        )

    at, value = higher(first)
    for level in np.flatnonzero(at[size:] < _NEAR_NONE):
        # So near to 0 the likelihood is flat: whether 0 is as likely decides.
        tried = at.copy()
        tried[size + level] = 0.0
        tried, there = higher(tried)
        if there > value - 1e-4:
            at, value = tried, there
    return np.asarray(at[size:], dtype=float)
